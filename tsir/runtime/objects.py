"""Objects of the user's own script classes at calls: a Python object as an `Instance` of the program, and back.

The Python classes are those of the process that compiled the program; for a loaded program, whose classes nobody knows, results
stay views of the compiled objects (`ScriptModule`). What a module's attributes look like outside is `compiled.py`'s subject.
"""

from __future__ import annotations

import enum
from collections import ChainMap
from typing import TYPE_CHECKING, Any

from tsir.runtime.type_text import TypeText, parse_type_text

if TYPE_CHECKING:
    from tsir.dialects.program import Program


class PythonClasses(ChainMap[str, Any]):
    """A program's enums, NamedTuples and script classes by their names there; classes that calls bring along are added."""

    def __init__(self, program: Program) -> None:
        super().__init__({}, program.classes)
        self.program = program
        self._attributes: dict[str, dict[str, TypeText]] | None = None
        self._late: dict[str, set[str]] | None = None
        self._interfaces: dict[str, list[str]] | None = None

    def attribute_types(self, symbol: str) -> dict[str, TypeText]:
        """The types of the attributes of a class's objects, in order."""
        if self._attributes is None:
            self._attributes = _attribute_types(self.program)
        return self._attributes.get(symbol, {})

    def late_attributes(self, symbol: str) -> set[str]:
        """Those of them that an object may be without."""
        if self._late is None:
            self._late = {}
            for cls, name, properties in self.program.class_attributes():
                if "late" in properties:
                    self._late.setdefault(cls, set()).add(name)
        return self._late.get(symbol, set())

    def python_attributes(self, symbol: str) -> dict[str, Any]:
        """What objects of a class have in Python beside what compiled code knows."""
        return self.program.python_attributes.get(symbol, {})

    def interface(self, symbol: str) -> list[str] | None:
        """The methods that an object needs to be passed for an interface; None for the name of a class."""
        if self._interfaces is None:
            self._interfaces = self.program.interfaces()
        return self._interfaces.get(symbol)

    def enum_of(self, member: enum.Enum) -> str | None:
        """What a member's class is called in the program: as in Python, or, in a loaded program, as the caller's of this name."""
        cls = type(member)
        known = next((symbol for symbol, python_class in self.items() if python_class is cls), None)
        if known is None and cls.__name__ not in self and cls.__name__ in self.program.enums():
            known = cls.__name__
            self[known] = cls
        return known

    def symbol_of(self, cls: type, base: str) -> str | None:
        """What a Python class is called in the program, or the nearest of its bases up to `base`; None for another class.

        A loaded program knows no classes: it takes that of the caller's with the name.
        """
        if base not in self and cls.__name__ == base:
            self[base] = cls
        names = {python_class: name for name, python_class in self.items()}
        wanted = self.get(base)
        if wanted is None or not isinstance(wanted, type) or not issubclass(cls, wanted):
            return None
        return next((names[c] for c in cls.__mro__ if c in names), None)


def _attribute_types(program: Program) -> dict[str, dict[str, TypeText]]:
    found: dict[str, dict[str, TypeText]] = {}
    for symbol, name, properties in program.class_attributes():
        found.setdefault(symbol, {})[name] = parse_type_text(str(properties["type"]))
    return found
