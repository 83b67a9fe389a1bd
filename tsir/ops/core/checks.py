"""Conditions on numbers that an operator requires: decided when compiling where that is possible, else when the program runs.

Conditions on the elements of a tensor stand with what needs them: divisors in `elementwise.py`, indices in `indexing.py`.
"""

from __future__ import annotations

import operator
from typing import Any, Literal

from tsir.dialects import dtypes
from tsir.errors import OperatorError, OperatorIndexError
from tsir.ops.builder import I1, current
from tsir.ops.core.elementwise import all_elements
from tsir.ops.core.scalars import cmpf, cmpi, convert_scalar
from tsir.ops.sizes import CannotLower, Size
from tsir.ops.tensor import SymTensor, is_constant

_COMPARISONS = {
    "lt": (operator.lt, "olt", "slt"),
    "le": (operator.le, "ole", "sle"),
    "gt": (operator.gt, "ogt", "sgt"),
    "ge": (operator.ge, "oge", "sge"),
}
"""A comparison's Python function, and its predicates of `arith.cmpf` (false for NaN) and `arith.cmpi`."""


def check_number(value: Any, comparison: str, bound: int | float, message: str) -> None:
    """Raises OperatorError with this message unless `value comparison bound`; emits a check when only run time can tell.

    `{0}` in the message stands for the value.
    """
    compare, of_floats, of_ints = _COMPARISONS[comparison]
    if is_constant(value):
        if not compare(value, bound):
            raise OperatorError(message.format(value))
        return
    b = current()
    if not b.emitting:
        return
    number, dtype = b.number_value(value)
    wide = dtypes.float64 if isinstance(bound, float) or dtype is dtypes.float64 else dtypes.int64
    if wide is not dtype:
        number = convert_scalar(b, number, dtype, wide)
    limit = b.constant(float(bound) if wide is dtypes.float64 else int(bound), number.type)
    holds = (cmpf(b, of_floats, number, limit)) if wide is dtypes.float64 else cmpi(b, of_ints, number, limit)
    b.check(holds, "RuntimeError", message, (number,))


def check_sizes(
    a: Size,
    comparison: str,
    b: Size,
    message: str,
    *shown: Size,
    exception: Literal["RuntimeError", "IndexError"] = "RuntimeError",
) -> None:
    """Raises OperatorError with this message unless `a comparison b`; emits a check where sizes depend on the elements of tensors.

    `comparison` is `eq` or `ge`. `{0}`, `{1}`... in the message stand for the sizes `shown`, which default to the two.
    """
    shown = shown or (a, b)
    try:
        if not (a == b if comparison == "eq" else a >= b):
            raise (OperatorError if exception == "RuntimeError" else OperatorIndexError)(message.format(*shown))
        return
    except CannotLower:
        builder = current()
        if not builder.emitting:
            return
    holds = cmpi(builder, "eq" if comparison == "eq" else "sge", builder.size(a), builder.size(b))
    builder.check(holds, exception, message, [builder.size(s) for s in shown])


def with_size(x: SymTensor, dim: int, size: Size, message: str) -> SymTensor:
    """The tensor, of which one size is required to be this one (`check_sizes`), with that size in its shape."""
    check_sizes(x.shape[dim], "eq", size, message)
    return current().cast(x, (*x.shape[:dim], size, *x.shape[dim + 1 :]))


def check_elements_at_least_zero(x: SymTensor, message: str) -> None:
    """Raises RuntimeError at run time unless all elements of a real tensor are 0 or more."""
    b = current()
    if not b.emitting:
        return

    def holds(e: Any, v: Any) -> Any:
        if x.dtype.category is dtypes.Category.FLOAT:
            return cmpf(e, "oge", v, e.constant(0.0, v.type))
        if not x.dtype.signed:
            return e.constant(True, I1)
        return cmpi(e, "sge", v, e.constant(0, v.type))

    b.check(all_elements(x, holds), "RuntimeError", message)


def check_elements_are_zero(x: SymTensor, message: str) -> None:
    """Raises RuntimeError at run time unless all elements of a tensor of floats are 0."""
    b = current()
    if b.emitting:
        b.check(all_elements(x, lambda e, v: cmpf(e, "oeq", v, e.constant(0.0, v.type))), "RuntimeError", message)
