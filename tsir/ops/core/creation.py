"""Tensors from nothing: filled with one number, or counting up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.dialects import arith
from xdsl.dialects.linalg.ops import IndexOp
from xdsl.ir import SSAValue

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.ts.types import linalg_element_type
from tsir.ops.builder import INDEX, Builder, Emitter, current, identity_map
from tsir.ops.core.elementwise import fill_value
from tsir.ops.core.scalars import convert_scalar
from tsir.ops.sizes import Size
from tsir.ops.tensor import SymTensor, is_constant


def full(shape: Sequence[Size], value: Any, dtype: DType) -> SymTensor:
    """A tensor of one number (a constant, or known at run time), converted to the dtype as `torch.full` does."""
    b = current()
    shape = tuple(shape)
    if not b.emitting:
        return SymTensor(dtype, shape)
    return SymTensor(dtype, shape, fill_value(b, b.empty(dtype, shape), number_as(b, value, dtype)))


def number_as(b: Builder, value: Any, dtype: DType) -> SSAValue:
    """A number (a constant, or known at run time) as an element of the dtype, converted as `torch.full` does."""
    if is_constant(value) and not isinstance(value, complex) and not dtype.is_complex:
        return b.constant(_constant_as(value, dtype), linalg_element_type(dtype))
    scalar, source = b.number_value(value)
    return convert_scalar(b, scalar, source, dtype)


def _constant_as(value: Any, dtype: DType) -> Any:
    if dtype is dtypes.bool_:
        return bool(value)
    if dtype.is_floating_point:
        return float(value)
    return int(value)


def iota(count: Size, dtype: DType) -> SymTensor:
    """0, 1, ... count - 1 in the dtype."""
    b = current()
    if not b.emitting:
        return SymTensor(dtype, (count,))

    def element(e: Emitter, _elements: Sequence[SSAValue]) -> Sequence[SSAValue]:
        return (position(e, 0, dtype),)

    (result,) = b.generic((), (), (b.empty(dtype, (count,)),), (identity_map(1),), "p", element)
    return SymTensor(dtype, (count,), result)


def position(e: Emitter, dim: int, dtype: DType = dtypes.int64) -> SSAValue:
    """In a body: the index along an iteration dimension, as a number of the dtype."""
    from xdsl.dialects.builtin import IntegerAttr, i64

    index = e.one(IndexOp, (), INDEX, {"dim": IntegerAttr(dim, i64)})
    number = e.one(arith.IndexCastOp, (index,), linalg_element_type(dtypes.int64))
    return convert_scalar(e, number, dtypes.int64, dtype)
