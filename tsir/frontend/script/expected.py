"""`try` bodies that count on Python's exceptions for values of other types: `try: n = len(x)`, `except TypeError: n = 1`.

An error that the types of a program show is, inside such a body, what the program raises where Python would. That holds for types
that say of which class a value is; an Optional, a Union or an object of a class that others derive from may be another.
"""

from __future__ import annotations

import ast
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.open_types import parts_of
from tsir.frontend.script.python_errors import raise_in_program

_NAMES: dict[str, frozenset[str]] = {
    "TypeError": frozenset({"TypeError", "None"}),
    "AttributeError": frozenset({"AttributeError", "None"}),
    "Exception": frozenset({"None"}),
    "BaseException": frozenset({"None"}),
    "NameError": frozenset({"NameError"}),
    "ImportError": frozenset({"ImportError", "ModuleNotFoundError"}),
    "ModuleNotFoundError": frozenset({"ModuleNotFoundError"}),
}
"""The exceptions that a handler of each class counts on, of those that types and names decide; None stands for those of a value
that is None, which may also be there."""


@contextmanager
def expecting(e: Emitter, handlers: Sequence[ast.ExceptHandler]) -> Generator[None]:
    """While the body of a `try` with these handlers is compiled, what they name is expected to be raised."""
    named = [n.id for h in handlers if h.type is not None for n in ast.walk(h.type) if isinstance(n, ast.Name)]
    if any(h.type is None for h in handlers):
        named.append("Exception")
    e.session.expected.append(frozenset(n for name in named for n in _NAMES.get(name, ())))
    try:
        yield
    finally:
        e.session.expected.pop()


@contextmanager
def expecting_types(e: Emitter) -> Generator[None]:
    """While what each of several types leads to is compiled, what one of them doesn't take is raised where it comes."""
    e.session.expected.append(frozenset({"TypeError", "AttributeError"}))
    try:
        yield
    finally:
        e.session.expected.pop()


def looks_for_none(e: Emitter) -> bool:
    """Whether the program looks when it runs whether an Optional is there, since Python's exception for None is caught."""
    return e.dynamic or any("None" in names for names in e.session.expected)


def is_expected(e: Emitter, error: str) -> bool:
    """Whether a handler around names an exception."""
    return any(error in names for names in e.session.expected)


def raise_if_expected(e: Emitter, error: str, kinds: Sequence[Attribute | None], message: str) -> None:
    """Raises an exception in the program where a handler around names it, and values of these types always lead to it.

    `{0}`, `{1}`... in the message stand for Python's names of the types.
    """
    if is_expected(e, error):
        names = [class_name(e, kind) for kind in kinds]
        if None not in names:
            raise_in_program(e, error, message.format(*names))


def class_name(e: Emitter, kind: Attribute | None) -> str | None:
    """Python's name of the class of all values of a type; None for a type whose values may be of several."""
    if kind is None or any(isinstance(k, _INEXACT) for k in _within(kind)):
        return None
    if (name := _BY_TYPE.get(kind) or _BY_KIND.get(type(kind))) is not None:
        return name
    if isinstance(kind, ts.NamedTupleType):
        return kind.class_name.data
    if isinstance(kind, ts.DictType):
        return kind.container.data or "dict"
    if isinstance(kind, ts.ClassType):
        info = e.session.info_of_symbol(kind.symbol.string_value())
        exact = info.kind == "module" or (info.kind == "class" and not info.python_class.__subclasses__())
        return info.python_class.__name__ if exact else None
    return None


_INEXACT = (ts.OptionalType, ts.UnionType, ts.AnyType, ts.NumberType)


def _within(kind: Attribute) -> list[Attribute]:
    """A type and those that it is made of."""
    return [kind, *(k for part in parts_of(kind) for k in _within(part))]


def python_message(symbol: str, kinds: Sequence[Attribute | None]) -> str:
    """What Python says of operands that an operator doesn't take, as a message for `raise_if_expected`."""
    left = kinds[0]
    if symbol in ("+", "+=") and isinstance(left, ts.StrType):
        return 'can only concatenate str (not "{1}") to str'
    if symbol == "+" and isinstance(left, ts.ListType | ts.TupleType):
        return 'can only concatenate {0} (not "{1}") to {0}'
    return f"unsupported operand type(s) for {'** or pow()' if symbol == '**' else symbol}: '{{0}}' and '{{1}}'"


_ORDER = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
PYTHON_SAYS = {"len": "object of type '{0}' has no len()"} | {
    name: f"'{symbol}' not supported between instances of '{{0}}' and '{{1}}'" for name, symbol in _ORDER.items()
}
"""What Python says of operands that a built-in function doesn't take."""

_BY_TYPE: dict[Attribute, str] = {
    ts.INT: "int",
    ts.FLOAT: "float",
    ts.BOOL: "bool",
    ts.COMPLEX: "complex",
    ts.NONE: "NoneType",
}
_BY_KIND: dict[type[Attribute], str] = {
    ts.StrType: "str", ts.BytesType: "bytes", ts.ListType: "list", ts.SetType: "set", ts.FrozenSetType: "frozenset",
    ts.TupleType: "tuple", ts.TupleOfType: "tuple", ts.TensorType: "Tensor", ts.DequeType: "collections.deque",
}  # fmt: skip

__all__ = ["PYTHON_SAYS", "class_name", "expecting", "is_expected", "python_message", "raise_if_expected"]
