"""Keys of dicts and elements of sets: what a value is as one, also of objects that define what they are equal to."""

from __future__ import annotations

import enum

from xdsl.ir import Attribute, SSAValue

from tsir.dialects.builtin_bases import MUTABLE, builtin_base
from tsir.dialects.ts import types as ts
from tsir.frontend.script.builtin_bases import changes_in_place, plain
from tsir.frontend.script.convert import held, retype
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.function_identity import compares_functions
from tsir.frontend.script.prelude import equal_key
from tsir.frontend.script.python_errors import raise_in_program
from tsir.frontend.script.values import (
    Object,
    PyFunction,
    StaticTuple,
    Value,
)


def as_key(e: Emitter, value: Value, container: SSAValue | None = None) -> Value:
    """A value as a key of a dict or an element of a set: of objects with an `__eq__` of their own the one in the container that is
    equal, if there is one.

    Raises UnsupportedError for such objects where there is no container yet.
    """
    compares_functions(e, value)
    if isinstance(value, Object) and value.info.own_function("__eq__") is None:
        value = value if changes_in_place(value) else plain(e, value)
    if isinstance(value, Object) and is_compared(value):
        if container is None:
            e.unsupported(
                f"an object of {value.info.python_class.__name__}, whose class defines __eq__, in a set or dict that is written out",
                hint="make an empty one, and put the objects in one by one",
            )
        return _equal_key(e, value, container)
    if isinstance(value, StaticTuple) and any(is_compared(v) for v in value.elements):
        e.unsupported(
            "a tuple with objects whose class defines __eq__ as a key of a dict or an element of a set",
            hint="use a tuple of their attributes",
        )
    return held(e, value)


def is_compared(value: Value) -> bool:
    """Whether a value is an object whose class defines what it is equal to."""
    if not isinstance(value, Object) or value.info.python_class.__eq__ is object.__eq__:
        return False
    base = builtin_base(value.info.python_class)
    return base is None or base in MUTABLE or value.info.own_function("__eq__") is not None


def refuse_objects_of_set(e: Emitter, kind: Attribute | None, what: str) -> None:
    """Raises UnsupportedError for operations on whole sets of objects that have an `__eq__` of their own."""
    if isinstance(kind, ts.SetType | ts.FrozenSetType) and isinstance(kind.element, ts.ClassType):
        cls = e.session.class_of(kind.element)
        if cls is not None and not issubclass(cls, enum.Enum) and cls.__eq__ is not object.__eq__:
            e.unsupported(
                f"{what} of a set of objects of {cls.__name__}, whose class defines __eq__,", hint="go over its elements"
            )


def _equal_key(e: Emitter, value: Object, container: SSAValue) -> Value:
    """The key of a dict or element of a set that is equal to an object, else the object itself."""
    if value.info.python_class.__hash__ is None:
        raise_in_program(e, "TypeError", f"unhashable type: '{value.info.python_class.__name__}'")
    if isinstance(container.type, ts.SetType):
        retype(e, container, ts.SetType(value.type))
    elif isinstance(container.type, ts.DictType):
        retype(e, container, container.type.of(value.type, container.type.value))
    return e.session.call_function(e, PyFunction(equal_key), [e.session.object_or_run(container), value], {})
