"""Variables of Python's that a program reads and writes, as Python source.

One of a module or class that Python finds by its name is an attribute of it: `import settings`, `settings.limit = 3`. What Python
can't find, such as a variable of a function around, is a variable of the text itself, with the value that it had when the program
was compiled.
"""

from __future__ import annotations

import re
import sys
import types
from typing import TYPE_CHECKING, Any

from xdsl.ir import Attribute

from tsir.dialects.program import OutsideVariable
from tsir.lowering.to_python.constants import value_text

if TYPE_CHECKING:
    from tsir.lowering.to_python.names import Names

_OWN = "__globals__"
"""Stands for the text's own module in the statements that are being simplified, to which an attribute is one of Python's."""
_OWN_NAME = re.compile(rf"\b{_OWN}\.(\w+)")
_STORED = re.compile(rf"^ *{_OWN}\.(\w+)(?:: [^=]*)? (?:\S{{0,2}})= ", re.MULTILINE)


class OutsideVariables:
    """The variables outside of one printed program; `hints` are the names that its own variables may have."""

    def __init__(self, names: Names, variables: list[OutsideVariable], hints: set[str]) -> None:
        self._names = names
        self._own: dict[Any, tuple[str, OutsideVariable]] = {}
        self._declared: dict[Any, str] = {}
        for variable in variables:
            if isinstance(variable.holder, types.ModuleType) and _is_importable(variable.holder):
                names.taken.add(variable.holder.__name__.partition(".")[0])
            elif isinstance(variable.holder, type) and (shown := names.imported(variable.holder)) is not None:
                names.taken.add(shown.partition(".")[0])
            elif variable.key not in self._own:
                name = names.unique(variable.name)
                while name in hints:
                    name = names.unique(variable.name)
                self._own[variable.key] = name, variable

    def text(self, variable: OutsideVariable, type_: Attribute) -> str:
        """What stands for a variable where it is read or assigned a value of this type."""
        if variable.key in self._own:
            name, known = self._own[variable.key]
            self._declare(name, known, type_)
            return f"{_OWN}.{name}"
        if isinstance(variable.holder, type):
            return f"{self._names.imported(variable.holder)}.{variable.name}"
        return f"{self._names.use(variable.holder.__name__)}.{variable.name}"

    def _declare(self, name: str, variable: OutsideVariable, type_: Attribute) -> None:
        if variable.key in self._declared:
            return
        shown = self._names.declared(name, type_)
        if variable.has_value:
            self._declared[variable.key] = f"{shown} = {value_text(self._names, variable.initial)}"
        elif shown != name:
            self._declared[variable.key] = shown

    def declarations(self) -> list[str]:
        """The statements that make the text's own variables."""
        return list(self._declared.values())


def with_globals(text: str) -> str:
    """The text of a function in which the variables of the text's own module are names."""
    stored = sorted(set(_STORED.findall(text)))
    text = _OWN_NAME.sub(r"\1", text)
    if not stored:
        return text
    head, _, body = text.partition("\n")
    return f"{head}\n  global {', '.join(stored)}\n{body}"


def _is_importable(module: types.ModuleType) -> bool:
    return sys.modules.get(module.__name__) is module and all(p.isidentifier() for p in module.__name__.split("."))
