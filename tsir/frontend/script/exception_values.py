"""Exceptions as values: making them, their attributes, and what a user's exception class adds.

An exception of a class with methods of its own (an `__init__` with fields, say) is made of an object of that class: `ts.exception`
keeps the object, and a handler reads fields and calls methods of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xdsl.ir import Operation, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import ExceptionOp, NewOp, SetAttrOp, mark_part
from tsir.frontend.script.classes import AttributeInfo, ClassInfo
from tsir.frontend.script.values import (
    Condition,
    Const,
    ExceptionClass,
    ExceptionValue,
    Object,
    PyFunction,
    PyObject,
    RaisedException,
    Run,
    StaticTuple,
    Value,
)

if TYPE_CHECKING:
    from tsir.frontend.script.emitter import Emitter


def is_exception_class(value: Any) -> bool:
    """Whether a Python object is an exception class."""
    return isinstance(value, type) and issubclass(value, BaseException)


def has_methods(cls: type | None) -> bool:
    """Whether a class or a base of it that a user wrote has methods, so that its exceptions have objects."""
    if cls is None:
        return False
    bases = [c for c in cls.__mro__ if c.__module__ != "builtins"]
    return any(inspect.isfunction(v) or isinstance(v, property) for c in bases for v in vars(c).values())


def make_exception(e: Emitter, cls: type[BaseException], args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`cls(...)` for an exception class."""
    from tsir.frontend.script.function_values import as_function

    if not has_methods(cls):
        if kwargs:
            e.error(f"{cls.__name__}() takes no keyword arguments")
        return ExceptionValue(cls, tuple(args))
    info = e.session.exception_info(cls)
    new = Object(e.emit(NewOp(info.type)), info)
    mark_part(set_arguments(e, new, args))
    found = info.lookup("__init__")
    if found is not None and inspect.isfunction(found[0]):
        info.open = True
        e.session.hinted.update(f for c in cls.__mro__ if inspect.isfunction(f := vars(c).get("__init__")))
        try:
            given, named = [as_function(e, a) for a in args], {name: as_function(e, a) for name, a in kwargs.items()}
            e.session.call_function(e, PyFunction(found[0], new, info), given, named)
        finally:
            info.open = False
    elif kwargs:
        e.error(f"{cls.__name__}() takes no keyword arguments")
    return RaisedException(e.emit(ExceptionOp(info.name, [new.ssa])), cls)


def set_arguments(e: Emitter, new: Object, args: Sequence[Value]) -> Operation:
    """What `BaseException.__init__` does: the arguments become `args`."""
    from tsir.frontend.script.convert import materialise

    new.info.attributes.setdefault("args", AttributeInfo(ts.AnyType()))
    made = SetAttrOp(new.ssa, "args", e.cast(materialise(e, StaticTuple(tuple(args))), ts.AnyType()))
    e.emit_void(made)
    return made


def as_raised(e: Emitter, value: ExceptionValue) -> SSAValue:
    """An exception that was only a name and arguments so far, at run time."""
    from tsir.frontend.script.convert import materialise
    from tsir.frontend.script.exceptions import exception_name

    return e.emit(ExceptionOp(exception_name(e, value.cls), [materialise(e, a) for a in value.arguments]))


def exception_object(e: Emitter, value: RaisedException) -> Object | None:
    """The object behind an exception whose class has methods."""
    if not has_methods(value.cls):
        return None
    assert value.cls is not None
    info: ClassInfo = e.session.exception_info(value.cls)
    return Object(e.cast(e.py("exception_object", [value.ssa]), info.type), info)


OF_EXCEPTIONS = ("__cause__", "__context__", "__traceback__")
"""What Python notes about an exception that is raised."""


def exception_attribute(e: Emitter, value: RaisedException | ExceptionValue, name: str) -> Value:
    """`error.name`."""
    if isinstance(value, ExceptionValue):
        if name == "args":
            return StaticTuple(value.arguments)
        value = RaisedException(as_raised(e, value), value.cls)
    if name == "args":
        return Run(e.py("exception_args", [value.ssa]))
    if name in OF_EXCEPTIONS:
        return Run(e.py("exception_attribute", [value.ssa, e.constant(name)]))
    if name == "__class__":
        return ExceptionClass(value.ssa, value.cls)
    if name == "with_traceback":
        return PyObject(_Same(value), name)
    holder = exception_object(e, value)
    if holder is not None:
        return e.session.get_attribute(e, holder, name)
    if value.cls is not None and hasattr(value.cls, name) and value.cls.__module__ != "builtins":
        return e.session.from_python(getattr(value.cls, name), name)
    if value.cls is not None and hasattr(value.cls, name):
        return Run(e.py("exception_attribute", [value.ssa, e.constant(name)]))
    shown = "this exception" if value.cls is None else f"an exception of {value.cls.__name__}"
    e.error(
        f"{shown} isn't known to have an attribute '{name}'", hint="catch the class that has it: `except Class as error`"
    )


class _Same:
    """A method that gives what it is called on."""

    def __init__(self, value: Value) -> None:
        self.value = value


def asks_for_class(left: Value, right: Value) -> bool:
    """Whether one is the class of an exception at run time (`type(error)`, an argument of `__exit__`), the other a class."""
    return _class_and_known(left, right) is not None


def _class_and_known(left: Value, right: Value) -> tuple[ExceptionClass | Run, PyObject] | None:
    for value, known in ((left, right), (right, left)):
        is_class = isinstance(value, ExceptionClass) or (isinstance(value, Run) and isinstance(value.type, ts.AnyType))
        if is_class and isinstance(known, PyObject) and is_exception_class(known.value):
            assert isinstance(value, ExceptionClass | Run)
            return value, known
    return None


def is_same_class(e: Emitter, left: Value, right: Value) -> Value:
    """`left is right` of two such values."""
    from tsir.frontend.script.control import choose
    from tsir.frontend.script.exceptions import catches

    found = _class_and_known(left, right)
    assert found is not None
    value, known = found
    is_class = isinstance(value, ExceptionClass)
    error = value.ssa if is_class else e.py("exception_or_none", [value.ssa])
    cls = e.py("exception_type", [value.ssa]) if is_class else value.ssa
    test = Condition(catches(e, error, known, e.node or e.source.node))
    name = e.constant(known.value.__name__)
    return choose(e, test, lambda: Run(e.py("eq", [e.py("class_name", [cls]), name])), lambda: Const(False))


def exception_text(e: Emitter, value: RaisedException, method: str) -> Value | None:
    """`str(error)` or `repr(error)` by a method of the user's; None when the class has none."""
    holder = exception_object(e, value)
    return None if holder is None else e.session.call_optional_method(e, holder, (method,))


def caught_as(value: RaisedException, classes: Sequence[type]) -> RaisedException:
    """The exception as one that is of one of these classes."""
    common = next((c for c in classes if all(issubclass(d, c) for d in classes)), None)
    if common is None or (value.cls is not None and issubclass(value.cls, common)):
        return value
    return RaisedException(value.ssa, common)
