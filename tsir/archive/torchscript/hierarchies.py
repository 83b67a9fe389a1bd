"""Classes that others are derived from, which TorchScript hasn't: values of such a class are of type Any, and their class is asked.

An attribute that is read or set, or a method that is called, is looked for in each class that the value may be of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from xdsl.ir import Attribute, Operation

from tsir.dialects.ts import structure as s
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import AttributeOp, ClassOp, MethodOp

if TYPE_CHECKING:
    from tsir.archive.torchscript.printing import FunctionPrinter


class Hierarchies:
    """Which of a program's classes are derived from which."""

    def __init__(self, classes: Sequence[ClassOp]) -> None:
        self._classes = {c.sym_name.data: c for c in classes}
        self._derived: dict[str, list[str]] = {}
        for cls in classes:
            todo = [b.root_reference.data for b in cls.bases or ()]
            while todo:
                base = todo.pop()
                if cls.kind.data == "class" and base in self._classes:
                    derived = self._derived.setdefault(base, [])
                    derived += [] if cls.sym_name.data in derived else [cls.sym_name.data]
                    todo += [b.root_reference.data for b in self._classes[base].bases or ()]

    def is_open(self, kind: Attribute | str) -> bool:
        """Whether values of a class may be of another, too."""
        symbol = kind if isinstance(kind, str) else kind.symbol.root_reference.data if isinstance(kind, ts.ClassType) else ""
        return symbol in self._derived

    @property
    def open(self) -> frozenset[str]:
        """The classes that others are derived from."""
        return frozenset(self._derived)

    def classes(self, kind: Attribute) -> list[str]:
        """The classes that a value of a class's type may be of, the derived ones first."""
        symbol = kind.symbol.root_reference.data if isinstance(kind, ts.ClassType) else ""
        return [*reversed(self._derived.get(symbol, [])), symbol]

    def attribute(self, symbol: str, name: str) -> Attribute | None:
        """The type of an attribute that a class has, itself or from a base."""
        for member in self._members(symbol):
            if isinstance(member, AttributeOp) and member.attr_name.data == name:
                return member.type
        return None

    def method(self, symbol: str, name: str) -> str | None:
        """The function that a class has for a method, itself or from a base."""
        for member in self._members(symbol):
            if isinstance(member, MethodOp) and member.method_name.data == name:
                return member.callee.string_value()
        return None

    def _members(self, symbol: str) -> list[Operation]:
        cls = self._classes.get(symbol)
        if cls is None:
            return []
        bases = [m for b in cls.bases or () for m in self._members(b.root_reference.data)]
        return [*cls.body.block.ops, *bases]


def by_class(
    p: FunctionPrinter,
    text: str,
    symbols: Sequence[str],
    write: Callable[[str, str], None],
) -> None:
    """Statements for each class that a value may be of: `write(class, the value as one of it)`; the last is not asked for."""
    first, *rest = symbols
    name = p.program.qualified(first)
    if not rest:
        return write(first, f"unchecked_cast({name}, {text})")
    p.line(f"if isinstance({text}, {name}):")
    p.indent += 1
    write(first, f"unchecked_cast({name}, {text})")
    p.indent -= 1
    p.line("else:")
    p.indent += 1
    by_class(p, text, rest, write)
    p.indent -= 1


def _with_attribute(p: FunctionPrinter, operation: s.GetAttrOp | s.SetAttrOp) -> list[str]:
    """The classes of such objects that have the attribute; refuses one that none has."""
    name, known = operation.attr_name.data, p.program.hierarchies
    symbols = [c for c in known.classes(operation.object.type) if known.attribute(c, name) is not None]
    if not symbols:
        p.refuse(f"attribute {name!r} of such objects", operation)
    return symbols


def get_attribute(p: FunctionPrinter, operation: s.GetAttrOp) -> None:
    """An attribute of a value that may be of several classes."""
    name, holder = operation.attr_name.data, p.use(operation.object)
    known, symbols = p.program.hierarchies, _with_attribute(p, operation)
    result = p.name(operation.result)
    p.line(f"{result} = uninitialized({p.annotation(operation.result.type, operation)})")

    def write(symbol: str, text: str) -> None:
        kind = known.attribute(symbol, name)
        value = f"({text}).{name}"
        same = kind is None or p.annotation(kind, operation) == p.annotation(operation.result.type, operation)
        p.line(f"{result} = {value if same or kind is None else p.of_type(value, kind, operation.result.type, operation)}")

    by_class(p, holder, symbols, write)


def set_attribute(p: FunctionPrinter, operation: s.SetAttrOp) -> None:
    """Sets an attribute of a value that may be of several classes."""
    name, holder = operation.attr_name.data, p.use(operation.object)
    known, symbols = p.program.hierarchies, _with_attribute(p, operation)

    def write(symbol: str, text: str) -> None:
        kind = known.attribute(symbol, name)
        target = p.fresh(None)
        p.line(f"{target} = {text}")
        p.line(f"{target}.{name} = {p.use(operation.value) if kind is None else p.typed(operation.value, kind, operation)}")

    by_class(p, holder, symbols, write)


def call_method(p: FunctionPrinter, operation: s.CallMethodOp) -> None:
    """A call of the method that an object's own class has."""
    name, holder = operation.method_name.data, p.use(operation.object)
    known = p.program.hierarchies
    symbols = [c for c in known.classes(operation.object.type) if known.method(c, name) is not None]
    if not symbols:
        p.refuse(f"method {name}() of such objects", operation)
    results = [p.name(r) for r in operation.results_]
    for result, value in zip(results, operation.results_, strict=True):
        p.line(f"{result} = uninitialized({p.annotation(value.type, operation)})")
    arguments = "".join(f"{p.use(o)}, " for o in operation.arguments)

    def write(symbol: str, text: str) -> None:
        callee = known.method(symbol, name)
        assert callee is not None
        method = p.program.method_of(callee)
        call = f"({text}).{method}({arguments})" if method else f"{p.program.function(callee)}({text}, {arguments})"
        p.line(f"{', '.join(results)} = {call}" if results else call)

    by_class(p, holder, symbols, write)
