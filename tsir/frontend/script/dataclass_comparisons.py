"""Comparisons of objects of dataclasses by the `__eq__`, `__lt__` and so on that `dataclass` has made.

Texts and hashes are in `dataclass_functions.py`.
"""

from __future__ import annotations

import ast
import dataclasses
from typing import TYPE_CHECKING, Any

from tsir.dialects.ts.structure import IsInstanceOp
from tsir.frontend.script.class_of_object import class_of_object
from tsir.frontend.script.comparisons import compare
from tsir.frontend.script.control import choose
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.truth import truth
from tsir.frontend.script.values import (
    Condition,
    Const,
    Object,
    PyObject,
    StaticTuple,
    Value,
)

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session


def dataclass_equality(session: Session, e: Emitter, left: Object, right: Value) -> Value | None:
    """`==` of two objects of a dataclass whose `__eq__` is generated."""
    if not isinstance(right, Object) or right.info.kind != "class":
        return Const(False)
    cls, known = left.info.python_class, right.info.python_class
    if not issubclass(cls, known):
        return Const(False)
    if known is cls:
        return _equal_fields(session, e, left, right)
    derived = Object(e.cast(right.ssa, left.info.type), left.info)
    test = Condition(e.emit(IsInstanceOp(right.ssa, [left.info.type])))
    return choose(e, test, lambda: _equal_fields(session, e, left, derived), lambda: Const(False))


def _equal_fields(session: Session, e: Emitter, left: Object, right: Object) -> Value:
    """`==` of objects of which the left one is of its static class, and the right one of that or of a derived class."""

    def equal(name: str) -> Value:
        a, b = session.get_attribute(e, left, name), session.get_attribute(e, right, name)
        return compare(e, ast.Eq(), a, b)

    result = compare(e, ast.Eq(), class_of_object(e, right), PyObject(left.info.python_class, left.info.name))
    for f in _compared(left):
        result = choose(e, Condition(truth(e, result)), lambda f=f: equal(f.name), lambda: Const(False))
    return result


ORDER = {"__lt__": ast.Lt, "__le__": ast.LtE, "__gt__": ast.Gt, "__ge__": ast.GtE}


def dataclass_order(session: Session, e: Emitter, name: str, left: Object, right: Value) -> Value:
    """`<` and the like of two objects of a dataclass with `order=True`: as of the tuples of their fields."""
    if not isinstance(right, Object) or right.info is not left.info:
        e.error(f"{left.info.description} can only be compared with objects of the same class")
    a, b = (StaticTuple(tuple(session.get_attribute(e, o, f.name) for f in _compared(left))) for o in (left, right))
    return compare(e, ORDER[name](), a, b)


def _compared(holder: Object) -> list[Any]:
    """The fields of a dataclass that its comparisons look at."""
    return [f for f in dataclasses.fields(holder.info.python_class) if f.compare]
