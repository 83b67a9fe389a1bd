"""Comparisons by operators: `==`, `<`, `is`; on constants, Python's values, tensors and objects with methods for them.

`in` is in `membership.py`, comparisons of containers of objects that define their own in `container_comparisons.py`.
"""

from __future__ import annotations

import ast
import builtins
import operator
from collections.abc import Callable
from typing import Any

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.frontend.script.builtin_bases import has_builtin_base
from tsir.frontend.script.builtin_bases import plain as as_builtin
from tsir.frontend.script.choices import for_each_class
from tsir.frontend.script.conditions import identity, is_one_name, none_test
from tsir.frontend.script.container_comparisons import compare_containers
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.enums import number_behind
from tsir.frontend.script.exception_values import asks_for_class
from tsir.frontend.script.expected import looks_for_none
from tsir.frontend.script.function_identity import compares_type, same_function
from tsir.frontend.script.keys import refuse_objects_of_set
from tsir.frontend.script.listed import is_values
from tsir.frontend.script.membership import contains_item
from tsir.frontend.script.numbers import number_of
from tsir.frontend.script.numpy_scalars import operate
from tsir.frontend.script.operator_calls import is_tensor
from tsir.frontend.script.operators import fold, present, sizes, tensor_operator, tuples_alike, without_view
from tsir.frontend.script.python_errors import raise_in_program
from tsir.frontend.script.run_time_slices import equal_slices
from tsir.frontend.script.several_types import compare_by_type, operate_by_type
from tsir.frontend.script.special_methods import call_own_method
from tsir.frontend.script.truth import as_bool
from tsir.frontend.script.values import (
    Builtin,
    Const,
    EnumValue,
    Object,
    PyObject,
    Run,
    StaticTuple,
    Value,
    is_declined,
)
from tsir.ops import python

COMPARISONS: dict[type[ast.cmpop], tuple[str, str, str, Callable[[Any, Any], Any]]] = {
    ast.Eq: ("==", "__eq__", "__eq__", operator.eq), ast.NotEq: ("!=", "__ne__", "__ne__", operator.ne),
    ast.Lt: ("<", "__lt__", "__gt__", operator.lt), ast.LtE: ("<=", "__le__", "__ge__", operator.le),
    ast.Gt: (">", "__gt__", "__lt__", operator.gt), ast.GtE: (">=", "__ge__", "__le__", operator.ge),
}  # fmt: skip
"""For each comparison: symbol, special method, that of the other operand, and its meaning for constants."""


def compare(e: Emitter, op: ast.cmpop, left: Value, right: Value) -> Value:
    """One comparison."""
    if (among := for_each_class(e, left, right, lambda a, b: compare(e, op, a, b))) is not None:
        return among
    if isinstance(op, ast.Is | ast.IsNot):
        negate = isinstance(op, ast.IsNot)
        for a, b in ((left, right), (right, left)):
            if isinstance(b, Const) and b.value is None:
                return as_bool(e, none_test(e, a, None, negate=negate).value)
        return identity(e, left, right, negate=negate)
    if isinstance(op, ast.In | ast.NotIn):
        return contains_item(e, right, left, negate=isinstance(op, ast.NotIn))
    if isinstance(op, ast.Eq | ast.NotEq):
        of_functions = same_function(e, left, right, negate=isinstance(op, ast.NotEq))
        if of_functions is not None:
            return of_functions
        for a, b in ((left, right), (right, left)):
            if isinstance(a, Const) and isinstance(b, PyObject) and isinstance(b.value, type):
                return Const(isinstance(op, ast.NotEq))
        if asks_for_class(left, right):
            return identity(e, left, right, negate=isinstance(op, ast.NotEq))
        if (equal := equal_slices(e, left, right)) is not None:
            return equal if isinstance(op, ast.Eq) else Run(e.py("not", [materialise(e, equal)]))
        if is_values(left) and is_values(right):
            return Const(is_one_name(e.node) is isinstance(op, ast.Eq))
    symbol, method, swapped, meaning = COMPARISONS[type(op)]
    if (found := operate(e, meaning.__name__, [left, right], lambda known: compare(e, op, *known))) is not None:
        return found
    for holder, other, name in ((left, right, method), (right, left, swapped)):
        if (found := call_own_method(e, holder, name, [other])) is not None and not is_declined(found):
            return found
    left, right = (number_of(e, number_behind(e, without_view(e, v))) for v in (left, right))
    if looks_for_none(e) and not isinstance(op, ast.Eq | ast.NotEq):
        left, right = present(e, left, symbol), present(e, right, symbol)
    left, right = tuples_alike(e, left, right)
    if symbol in ("==", "!=") and _list_and_tuple(e, left, right):
        return Const(symbol == "!=")
    static = _static_compare(left, right, meaning)
    if static is not None:
        return static
    if (by_type := compare_by_type(e, left, right, lambda a, b: compare(e, op, a, b))) is not None:
        return by_type
    by_methods = compare_containers(e, op, left, right)
    if by_methods is not None:
        return by_methods
    for operand in (left, right):
        refuse_objects_of_set(e, e.session.type_of(operand), f"operator {symbol}")
    declined = False
    for holder, other, name in ((left, right, method), (right, left, swapped)):
        if isinstance(holder, Object):
            found = e.session.call_optional_method(e, holder, (name,), [other])
            if found is not None and not is_declined(found):
                return found
            declined = declined or found is not None
            if name == "__ne__":
                equal = e.session.call_optional_method(e, holder, ("__eq__",), [other])
                declined = declined or (equal is not None and is_declined(equal))
                if equal is not None and not is_declined(equal):
                    return Run(e.emit(py_op("not")([materialise(e, equal)], [ts.BOOL])))
    if declined and symbol in ("==", "!="):
        both = isinstance(left, Object) and isinstance(right, Object)
        return identity(e, left, right, negate=symbol == "!=") if both else Const(symbol == "!=")
    if declined:
        shown = f"'{e.show(left)}' and '{e.show(right)}'"
        raise_in_program(e, "TypeError", f"'{symbol}' not supported between instances of {shown}")
    if has_builtin_base(left) or has_builtin_base(right):
        return compare(e, op, as_builtin(e, left), as_builtin(e, right))
    a, b = e.session.type_of(left), e.session.type_of(right)
    if is_tensor(a):
        return tensor_operator(e, symbol, left, right, method, [left, right])
    if is_tensor(b):
        return tensor_operator(e, symbol, left, right, swapped, [right, left])
    if e.session.decisions.mixed and symbol not in ("==", "!="):
        by_type = operate_by_type(e, symbol, [left, right], lambda known: compare(e, op, *known))
        if by_type is not None:
            return by_type
    row = python.operator(symbol, [ts.INT, ts.INT])
    assert row is not None
    left, right = sizes(e, left, right)
    operands = [materialise(e, left), materialise(e, right)]
    compares_type(e, operands[0].type)
    return Run(e.py(row.name, operands))


def _list_and_tuple(e: Emitter, left: Value, right: Value) -> bool:
    """Whether one value is a list and the other a tuple that is a list here: these are never equal."""

    def is_list(value: Value) -> bool:
        return isinstance(value, Run) and not value.is_tuple and isinstance(value.type, ts.ListType)

    def is_tuple(value: Value) -> bool:
        return isinstance(value, Run) and value.is_tuple

    return (is_list(left) and is_tuple(right)) or (is_tuple(left) and is_list(right))


def _static_compare(left: Value, right: Value, meaning: Callable[[Any, Any], Any]) -> Const | None:
    if isinstance(left, Const) and isinstance(right, Const):
        if meaning in (operator.eq, operator.ne):
            return Const(bool(meaning(left.value, right.value)))
        return fold(meaning, left, right)
    for version, other in ((left, right), (right, left)):
        if isinstance(version, PyObject) and isinstance(version.value, str) and isinstance(other, Const):
            return Const(bool(meaning(_constant_of(left), _constant_of(right))))  # such as torch.__version__
    if meaning not in (operator.eq, operator.ne):
        return None
    if isinstance(left, EnumValue) and isinstance(right, EnumValue):
        return Const(bool(meaning(left.member, right.member)))
    if isinstance(left, StaticTuple) and isinstance(right, StaticTuple) and len(left.elements) != len(right.elements):
        return Const(meaning is operator.ne)
    a, b = _python_object(left), _python_object(right)
    return Const(bool(meaning(a, b))) if a is not None and b is not None else None


def _constant_of(value: Value) -> Any:
    return value.value if isinstance(value, Const | PyObject) else None


def _python_object(value: Value) -> Any:
    """The object behind a value that stands for one, such as the types in `type(x) == int`."""
    if isinstance(value, Builtin):
        return getattr(builtins, value.name, None)
    return value.value if isinstance(value, PyObject) else None
