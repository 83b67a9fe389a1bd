"""Distinct elements, positions in a sorted sequence, counts: the operations of `linalg_ext` whose sizes depend on data."""

from __future__ import annotations

from typing import Any

from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType, i64

from tsir.dialects import dtypes
from tsir.dialects.linalg_ext import BincountOp, SearchSortedOp, UniqueOp
from tsir.dialects.ts.types import linalg_element_type
from tsir.ops.builder import current
from tsir.ops.core.reductions import unsigned_flag
from tsir.ops.sizes import Size
from tsir.ops.tensor import SymTensor


def unique(x: SymTensor, dim: int | None, *, consecutive: bool) -> tuple[SymTensor, SymTensor, SymTensor]:
    """The distinct elements (or slices of a dimension) in order, the place of each element in them, and their counts.

    With `consecutive` only equal neighbours are merged, and the order stays.
    """
    b = current()
    places = x.shape if dim is None else (x.shape[dim],)

    def shape_of(number: Size) -> tuple[Size, ...]:
        return (number,) if dim is None else (*x.shape[:dim], number, *x.shape[dim + 1 :])

    if not b.emitting:
        number = b.env.atom("unique", lower=0)
        return (
            SymTensor(x.dtype, shape_of(number)),
            SymTensor(dtypes.int64, places),
            SymTensor(dtypes.int64, (number,)),
        )
    static = [s if isinstance(s, int) else DYNAMIC_INDEX for s in shape_of(0)]
    static[dim or 0] = DYNAMIC_INDEX
    types = (
        TensorType(linalg_element_type(x.dtype), static),
        TensorType(i64, [s if isinstance(s, int) else DYNAMIC_INDEX for s in places]),
        TensorType(i64, [DYNAMIC_INDEX]),
    )
    flags: dict[str, Any] = unsigned_flag(x.dtype)
    op = b.insert(UniqueOp((x.ssa,), (), types, dim=dim, sorted=not consecutive, consecutive=consecutive, **flags))
    counts = b.tensor(op.results[2], dtypes.int64, lower=0)
    return (
        SymTensor(x.dtype, shape_of(counts.shape[0]), op.results[0]),
        SymTensor(dtypes.int64, places, op.results[1]),
        counts,
    )


def searchsorted(boundaries: SymTensor, values: SymTensor, *, right: bool, sorter: SymTensor | None) -> SymTensor:
    """Where each value would be inserted into the sorted `boundaries`, along the last dimension; before equal ones unless `right`."""
    b = current()
    if not b.emitting:
        return SymTensor(dtypes.int64, values.shape)
    inputs = [boundaries.ssa, values.ssa, *([] if sorter is None else [sorter.ssa])]
    out = b.empty(dtypes.int64, values.shape)
    op = b.insert(SearchSortedOp(inputs, (out,), right=right, **unsigned_flag(values.dtype)))
    return SymTensor(dtypes.int64, values.shape, op.results[0])


def bincount(x: SymTensor, weights: SymTensor | None, minlength: int) -> SymTensor:
    """How often each of 0, 1, ... occurs in a one-dimensional tensor, or the sums of its weights."""
    b = current()
    dtype = dtypes.int64 if weights is None else weights.dtype
    if not b.emitting:
        return SymTensor(dtype, (b.env.atom("bincount", lower=minlength),))
    inputs = [x.ssa, *([] if weights is None else [weights.ssa])]
    kind = TensorType(linalg_element_type(dtype), [DYNAMIC_INDEX])
    op = b.insert(BincountOp(inputs, (), (kind,), minlength=minlength))
    return b.tensor(op.results[0], dtype, lower=minlength)
