"""Operators that speak of strides: views of memory by sizes and strides (host), and new tensors of given strides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tsir.dialects.dtypes import DType
from tsir.errors import OperatorError
from tsir.ops.aten.creation import OPTIONS, filled
from tsir.ops.core.views import permute
from tsir.ops.promotion import default_dtype
from tsir.ops.registry import aten, host
from tsir.ops.tensor import SymTensor, as_size, dtype_label

_HOST = "tsir.ops.host_strided"


@host(
    "as_strided(Tensor(a) self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor(a)",
    implementation=f"{_HOST}:as_strided",
)
def as_strided(x: SymTensor, size: Sequence[Any], stride: Sequence[Any], offset: Any) -> SymTensor:
    """A view of the tensor's memory."""
    if len(size) != len(stride):
        raise OperatorError("mismatch in length of strides and shape")
    return SymTensor(x.dtype, tuple(as_size(s) for s in size))


@host("_in_order(Tensor self, int[] order) -> Tensor", implementation=f"{_HOST}:in_order")
def in_order(x: SymTensor, order: Sequence[int]) -> SymTensor:
    """A copy whose dimensions lie in memory in this order, beginning with the one whose elements lie side by side."""
    return SymTensor(x.dtype, x.shape)


@host("_in_order_of(Tensor self, str key, Tensor[] operands) -> Tensor", implementation=f"{_HOST}:in_order_of")
def in_order_of(x: SymTensor, key: str, operands: Sequence[SymTensor]) -> SymTensor:
    """The tensor, or a copy of it, that lies in memory as torch lays out what the operator `key` gives for these tensors."""
    return SymTensor(x.dtype, x.shape)


@host("view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a)", implementation=f"{_HOST}:view_as_dtype")
def view_dtype(x: SymTensor, dtype: DType) -> SymTensor:
    """The tensor's bytes as elements of another dtype: the last dimension grows or shrinks with the elements' size."""
    own, wanted = x.dtype.itemsize, dtype.itemsize
    if own == wanted:
        return SymTensor(dtype, x.shape)
    if not x.shape:
        raise OperatorError(
            f"self.dim() cannot be 0 to view {dtype_label(x.dtype)} as {dtype_label(dtype)} (different element sizes)"
        )
    last = x.shape[-1]
    if own > wanted:
        return SymTensor(dtype, (*x.shape[:-1], last * (own // wanted)))
    if isinstance(last, int) and last % (wanted // own):
        raise OperatorError(
            f"self.size(-1) must be divisible by {wanted // own} to view {dtype_label(x.dtype)} as {dtype_label(dtype)} (different "
            f"element sizes), but got {last}"
        )
    return SymTensor(dtype, (*x.shape[:-1], last // (wanted // own)))


@host(
    "as_strided_copy(Tensor self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor",
    implementation=f"{_HOST}:as_strided_copy",
)
def as_strided_copy(x: SymTensor, size: Sequence[Any], stride: Sequence[Any], offset: Any) -> SymTensor:
    """A copy of what `as_strided` shows."""
    return as_strided(x, size, stride, offset)


@host(
    "as_strided_scatter(Tensor self, Tensor src, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor",
    implementation=f"{_HOST}:as_strided_scatter",
)
def as_strided_scatter(x: SymTensor, source: SymTensor, size: Any, stride: Any, offset: Any) -> SymTensor:
    """A copy of the tensor in which that view of it is written."""
    return SymTensor(x.dtype, x.shape)


@aten(f"new_empty_strided(Tensor self, SymInt[] size, SymInt[] stride, *, {OPTIONS}) -> Tensor", out=False)
def new_empty_strided(
    x: SymTensor, size: Sequence[Any], stride: Any, dtype: DType | None, layout: Any, device: Any, pin_memory: Any
) -> SymTensor:
    """All 0, of the tensor's dtype; the strides are torch's business."""
    return filled(size, 0, dtype or x.dtype, device)


@aten(f"empty_permuted(SymInt[] size, int[] physical_layout, *, {OPTIONS}) -> Tensor", out=False)
def empty_permuted(
    size: Sequence[Any], order: Sequence[int], dtype: DType | None, layout: Any, device: Any, pin_memory: Any
) -> SymTensor:
    """All 0, with dimensions that lie in memory in this order."""
    if len(size) != len(order):
        raise OperatorError("Number of dimensions in size does not match the length of the physical_layout; i.e. len(size) = "
                            f"{len(size)} is not equal to len(physical_layout) = {len(order)}")  # fmt: skip
    if sorted(order) != list(range(len(order))):
        raise OperatorError("empty_permuted: the physical_layout must be an order of the dimensions")
    made = filled([size[d] for d in order], 0, dtype or default_dtype(), device)
    return permute(made, [list(order).index(d) for d in range(len(order))])
