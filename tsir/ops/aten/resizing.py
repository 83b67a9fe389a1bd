"""Operators that change a tensor's sizes, strides or memory in place, and what they make of it as a value.

On values no tensor changes: `ts-resize-by-name` (`passes/resize.py`) gives the tensor's name the result of the functional operator
in `RESIZED`. Here are the schemas that the frontends resolve, and the functional operators that torch has not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tsir.ops.registry import aten, host
from tsir.ops.sizes import CannotLower
from tsir.ops.tensor import SymTensor, as_size

_HOST = "tsir.ops.host_strided"

RESIZED: dict[str, str] = {
    "squeeze_": "squeeze", "squeeze_.dim": "squeeze.dim", "squeeze_.dims": "squeeze.dims", "unsqueeze_": "unsqueeze", "t_": "t",
    "transpose_": "transpose.int", "swapaxes_": "swapaxes", "swapdims_": "swapdims", "as_strided_": "as_strided",
    "resize_": "_resized", "resize_as_": "_resized_as", "set_.source_Tensor": "_set_to",
}  # fmt: skip
"""For each operator that changes a tensor's sizes in place the one that gives the tensor afterwards."""


@aten(
    "squeeze_(Tensor(a!) self) -> Tensor(a!)",
    "squeeze_.dim(Tensor(a!) self, int dim) -> Tensor(a!)",
    "squeeze_.dims(Tensor(a!) self, int[] dim) -> Tensor(a!)",
    "unsqueeze_(Tensor(a!) self, int dim) -> Tensor(a!)",
    "t_(Tensor(a!) self) -> Tensor(a!)",
    "transpose_(Tensor(a!) self, int dim0, int dim1) -> Tensor(a!)",
    "swapaxes_(Tensor(a!) self, int axis0, int axis1) -> Tensor(a!)",
    "swapdims_(Tensor(a!) self, int dim0, int dim1) -> Tensor(a!)",
    "as_strided_(Tensor(a!) self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor(a!)",
    "resize_(Tensor(a!) self, SymInt[] size, *, MemoryFormat? memory_format=None) -> Tensor(a!)",
    "resize_as_(Tensor(a!) self, Tensor the_template, *, MemoryFormat? memory_format=None) -> Tensor(a!)",
    "set_.source_Tensor(Tensor(a!) self, Tensor source) -> Tensor(a!)",
)
def resized_by_name(x: SymTensor, *arguments: Any) -> SymTensor:
    """The tensor itself; `ts-resize-by-name` puts another operator in this one's place before anything is inferred."""
    return x


@host("_resized(Tensor(a) self, SymInt[] size) -> Tensor(a)", implementation=f"{_HOST}:resized")
def resized(x: SymTensor, size: Sequence[Any]) -> SymTensor:
    """The first elements of the tensor's memory in this shape; more memory if that isn't enough, of zeros."""
    return SymTensor(x.dtype, tuple(as_size(s) for s in size))


@host("_resized_as(Tensor(a) self, Tensor other) -> Tensor(a)", implementation=f"{_HOST}:resized_as")
def resized_as(x: SymTensor, other: SymTensor) -> SymTensor:
    """`_resized` to another tensor's shape."""
    return SymTensor(x.dtype, other.shape)


@aten("_set_to(Tensor self, Tensor(a) source) -> Tensor(a)", out=False)
def set_to(x: SymTensor, source: SymTensor) -> SymTensor:
    """Another tensor, for the same name."""
    return source


@host("_resize_object(Tensor(a!) self, Tensor now) -> Tensor(a!)", implementation=f"{_HOST}:resize_object")
def resize_object(x: SymTensor, now: SymTensor) -> SymTensor:
    """The tensor itself, which gets the sizes and strides of a view of it, for all names and containers that know it."""
    raise CannotLower("a tensor that changes its sizes has none that are known")


@host("_note_resized(Tensor self, Tensor now) -> ()", implementation=f"{_HOST}:note_resized", pure=False)
def note_resized(x: SymTensor, now: SymTensor) -> None:
    """Tells the runtime that the caller's tensor has the sizes, strides and memory of another one from now on."""
