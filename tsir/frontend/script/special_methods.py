"""Special methods that the classes of NamedTuples and enums define: `a + b`, `a < b`, `-a`, `member(x)`.

Objects of other classes are objects of the program, whose methods `Session.call_optional_method` calls.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from tsir.dialects.ts import types as ts
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.values import EnumValue, PyFunction, Run, StaticTuple, Value


def class_with_methods(e: Emitter, value: Value) -> Any:
    """The NamedTuple's class or enum that a value is of; None for other values."""
    from tsir.frontend.script.enums import class_of

    kind = value.named if isinstance(value, StaticTuple) else value.type if isinstance(value, Run) else None
    if isinstance(kind, ts.NamedTupleType):
        return e.session.named_tuples.get(kind.class_name.data)
    return class_of(e, value) if isinstance(value, Run | EnumValue) else None


def own_method(e: Emitter, value: Value, name: str) -> PyFunction | None:
    """A special method that the class of a NamedTuple or enum defines in Python; None for others."""
    cls = class_with_methods(e, value)
    if cls is None:
        return None
    found = next((vars(c)[name] for c in cls.__mro__ if name in vars(c)), None)
    if not inspect.isfunction(found) or (found.__module__ or "").partition(".")[0] in ("enum", "collections", "typing"):
        return None
    if found.__code__.co_filename.startswith("<"):
        return None  # what namedtuple() generates
    info = e.session.info_of_class(cls) if issubclass(cls, enum.Enum) else None
    return PyFunction(found, value, info)


def call_own_method(
    e: Emitter, value: Value, name: str, args: Sequence[Value], kwargs: Mapping[str, Value] | None = None
) -> Value | None:
    """Calls such a method; None where the class has none."""
    found = own_method(e, value, name)
    return None if found is None else e.session.call_function(e, found, args, kwargs or {})


def text_of_named_tuple(e: Emitter, value: Value, names: Sequence[str] = ("__str__",)) -> Value | None:
    """The text that the class of a NamedTuple gives of it by one of these methods or `__repr__`; None for other values."""
    cls = class_with_methods(e, value)
    if cls is None or not issubclass(cls, tuple):
        return None
    return next((t for n in (*names, "__repr__") if (t := call_own_method(e, value, n, [])) is not None), None)


__all__ = ["call_own_method", "class_with_methods", "own_method", "text_of_named_tuple"]
