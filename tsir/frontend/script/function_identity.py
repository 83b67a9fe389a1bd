"""Which functions are the same: `f is g`, `f == g`, functions as keys of dicts, elements of sets, and looked for in containers.

Functions that only exist while compiling are compared then. Those that are objects at run time (`function_values.py`) have one object
for each function that Python tells from others, in programs that compare them: plain functions by where they are made, bound methods
by their object, local functions by a list that each of them gets when it is made. That a program compares functions shows when it
does, upon which the compile starts again.
"""

from __future__ import annotations

import builtins

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.function_values import as_function, is_function, is_function_object
from tsir.frontend.script.inlining import emit_choice
from tsir.frontend.script.modules import holds_functions
from tsir.frontend.script.values import (
    Builtin,
    Choice,
    Closure,
    Const,
    Method,
    Object,
    Partial,
    PyFunction,
    PyObject,
    Run,
    StaticTuple,
    Value,
)


def same_function(e: Emitter, left: Value, right: Value, *, negate: bool) -> Value | None:
    """Whether two values are the same function; None where neither is one."""
    if not (_is_function(left) or _is_function(right)):
        return None
    found = _same(e, left, right)
    if isinstance(found, bool):
        return Const(found is not negate)
    return Run(e.emit(py_op("not")([materialise(e, found)], [ts.BOOL]))) if negate else found


def _is_function(value: Value) -> bool:
    return is_function_object(value) or (is_function(value) and not _is_class(value))


def _is_class(value: Value) -> bool:
    """Whether a value is a class, or a choice of classes, which are compared as such."""
    if isinstance(value, Choice):
        return any(_is_class(option) for option in value.options)
    return isinstance(_object_of(value), type)


def python_class_behind(value: Value) -> type | None:
    """The class of Python's that a value stands for; None for other values."""
    found = _object_of(value)
    return found if isinstance(found, type) else None


def _object_of(value: Value) -> object:
    """The Python object behind a value that stands for one."""
    return getattr(builtins, value.name, value) if isinstance(value, Builtin) else getattr(value, "value", value)


def _same(e: Emitter, left: Value, right: Value) -> bool | Value:
    left, right = e.latest(left), e.latest(right)
    for a, b in ((left, right), (right, left)):
        if isinstance(a, Choice):
            return emit_choice(e, a, lambda option, other=b: _as_value(_same(e, option, other)))
    if not (_is_function(left) and _is_function(right)):
        return False
    if is_function_object(left) or is_function_object(right):
        tell_apart(e)
        operands = [materialise(e, as_function(e, v)) for v in (left, right)]
        return Run(e.emit(py_op("is")(operands, [ts.BOOL])))
    match left, right:
        case PyFunction(), PyFunction():
            if left.function is not right.function or (left.receiver is None) != (right.receiver is None):
                return False
            return left.receiver is None or _same_receiver(e, left.receiver, right.receiver)
        case Method(), Method():
            return left.name == right.name and _same_receiver(e, left.receiver, right.receiver)
        case (Closure() | Partial(), _) | (_, Closure() | Partial()):
            return left is right
        case _:
            return _object_of(left) is _object_of(right)


def _same_receiver(e: Emitter, left: Value, right: Value | None) -> bool | Value:
    if left is right:
        return True
    if isinstance(left, Object | Run) and isinstance(right, Object | Run):
        return left.ssa is right.ssa or Run(e.emit(py_op("is")([left.ssa, right.ssa], [ts.BOOL])))
    if isinstance(left, PyObject) and isinstance(right, PyObject):
        return left.value is right.value
    return False


def _as_value(found: bool | Value) -> Value:
    return Const(found) if isinstance(found, bool) else found


def compares_functions(e: Emitter, value: Value) -> None:
    """Says that the program compares a value with others: functions in it have to be told apart then."""
    if is_function(value) or is_function_object(value) or (isinstance(value, StaticTuple) and _has_functions(value)):
        tell_apart(e)
    elif (kind := e.session.type_of(value)) is not None:
        compares_type(e, kind)


def _has_functions(value: StaticTuple) -> bool:
    return any(is_function(v) or (isinstance(v, StaticTuple) and _has_functions(v)) for v in value.elements)


def compares_type(e: Emitter, kind: Attribute) -> None:
    """As `compares_functions`, of a value of this type."""
    if e.session.function_class is not None and holds_functions(e.session, kind):
        tell_apart(e)


def tell_apart(e: Emitter) -> None:
    """Lets there be one object for each function. Raises Redecided, unless that is so already."""
    if not e.session.decisions.tell_functions_apart(e.session):
        e.unsupported(
            "comparing functions in a call of another form than the first", hint="compare names or numbers for them"
        )
