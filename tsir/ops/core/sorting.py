"""Order along a dimension: sorting, the k greatest, running sums and extremes, by the operations of `linalg_ext`."""

from __future__ import annotations

from tsir.dialects import dtypes
from tsir.dialects.linalg_ext import ScanOp, SortOp, TopKOp
from tsir.ops.builder import current
from tsir.ops.core.reductions import unsigned_flag
from tsir.ops.sizes import Size
from tsir.ops.tensor import SymTensor


def sort(x: SymTensor, dim: int, descending: bool, stable: bool = True) -> tuple[SymTensor, SymTensor]:
    """The elements in order along a dimension, and their positions (int64). NaN is the greatest."""
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, x.shape), SymTensor(dtypes.int64, x.shape)
    outs = (b.empty(x.dtype, x.shape), b.empty(dtypes.int64, x.shape))
    op = b.insert(SortOp((x.ssa,), outs, dim=dim, descending=descending, stable=stable, **unsigned_flag(x.dtype)))
    return SymTensor(x.dtype, x.shape, op.results[0]), SymTensor(dtypes.int64, x.shape, op.results[1])


def topk(x: SymTensor, k: Size, dim: int, largest: bool, in_order: bool) -> tuple[SymTensor, SymTensor]:
    """The k greatest (or least) elements along a dimension, and their positions."""
    shape = (*x.shape[:dim], k, *x.shape[dim + 1 :])
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, shape), SymTensor(dtypes.int64, shape)
    outs = (b.empty(x.dtype, shape), b.empty(dtypes.int64, shape))
    op = b.insert(TopKOp((x.ssa,), outs, dim=dim, largest=largest, sorted=in_order, **unsigned_flag(x.dtype)))
    return SymTensor(x.dtype, shape, op.results[0]), SymTensor(dtypes.int64, shape, op.results[1])


def scan(x: SymTensor, dim: int, kind: str) -> SymTensor:
    """The running `add`, `mul`, `max`, `min` or `logaddexp` along a dimension, in `x`'s dtype."""
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, x.shape)
    flags = unsigned_flag(x.dtype) if kind in ("max", "min") else {}
    op = b.insert(ScanOp((x.ssa,), (b.empty(x.dtype, x.shape),), kind=kind, dim=dim, **flags))
    return SymTensor(x.dtype, x.shape, op.results[0])


def scan_with_positions(x: SymTensor, dim: int, kind: str) -> tuple[SymTensor, SymTensor]:
    """The running `max` or `min` along a dimension, and the position of its last occurrence so far."""
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, x.shape), SymTensor(dtypes.int64, x.shape)
    outs = (b.empty(x.dtype, x.shape), b.empty(dtypes.int64, x.shape))
    op = b.insert(ScanOp((x.ssa,), outs, kind=kind, dim=dim, **unsigned_flag(x.dtype)))
    return SymTensor(x.dtype, x.shape, op.results[0]), SymTensor(dtypes.int64, x.shape, op.results[1])
