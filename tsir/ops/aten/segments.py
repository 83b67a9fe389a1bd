"""Reductions over the segments of a dimension, and the compressed indices of rows: what graph libraries compute with.

Reductions into positions that an index gives are `indexing.py`'s; tensors of a sparse layout don't exist here.
"""

from __future__ import annotations

from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.aten.precision import number_as
from tsir.ops.core import searching
from tsir.ops.core.checks import check_elements_are_zero
from tsir.ops.core.creation import full, iota
from tsir.ops.core.elementwise import binary, convert, where
from tsir.ops.core.indexing import scatter_rows
from tsir.ops.core.slices import concat, slice
from tsir.ops.core.sorting import scan
from tsir.ops.core.views import reshape, unsqueeze
from tsir.ops.registry import aten
from tsir.ops.sizes import CannotLower
from tsir.ops.tensor import SymTensor, as_size, dtype_label

_SEGMENT_REDUCTIONS = {
    "sum": ("add", 0.0), "mean": ("add", 0.0), "prod": ("mul", 1.0), "max": ("max", float("-inf")),
    "min": ("min", float("inf")), "amax": ("max", float("-inf")), "amin": ("min", float("inf")),
}  # fmt: skip
"""How elements are combined, and what an empty segment gives."""


@aten(
    "segment_reduce(Tensor data, str reduce, *, Tensor? lengths=None, Tensor? indices=None, Tensor? offsets=None, int axis=0, "
    "bool unsafe=False, Scalar? initial=None) -> Tensor"
)
def segment_reduce(
    data: SymTensor,
    reduce: str,
    lengths: SymTensor | None,
    indices: SymTensor | None,
    offsets: SymTensor | None,
    axis: int,
    unsafe: bool,
    initial: Any,
) -> SymTensor:
    """The sums, means... of the segments of a dimension, which their lengths or their ends tell."""
    if reduce not in _SEGMENT_REDUCTIONS:
        raise OperatorError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}.")
    if lengths is None and offsets is None:
        raise OperatorError("segment_reduce(): Either lengths or offsets must be defined.")
    if data.dtype.category is not Category.FLOAT:
        raise OperatorNotImplementedError(f'"_segment_reduce_cpu" not implemented for {dtype_label(data.dtype)!r}')
    given = lengths if offsets is None else offsets
    assert given is not None
    if given.rank != 1 or axis != 0 or given.dtype not in (dtypes.int64, dtypes.int32):
        raise CannotLower("segment_reduce() along another dimension than the first")
    if offsets is None:
        ends = scan(given, 0, "add")
        if not unsafe:
            check_elements_are_zero(
                binary("sub", slice(ends, 0, -1, None, 1), data.shape[0]),
                "segment_reduce(): Expected all rows of lengths along axis to sum to data.size(lengths.dim()-1) when !unsafe.",
            )
        given = concat([full((1,), 0, ends.dtype), ends], 0)
    return _reduced(data, _SEGMENT_REDUCTIONS[reduce], reduce == "mean", convert(given, dtypes.int64), initial)


def _reduced(data: SymTensor, kind: tuple[str, float], mean: bool, offsets: SymTensor, initial: Any) -> SymTensor:
    """The reductions between one offset and the next. Elements before the first and behind the last are in rows of their own."""
    count, combine = offsets.shape[0] - 1, kind[0]
    rest = data.shape[1:]
    segment = searching.searchsorted(offsets, iota(data.shape[0], dtypes.int64), right=True, sorter=None)
    start = full((count + 2, *rest), number_as(kind[1] if initial is None else initial, data.dtype), data.dtype)
    found = slice(scatter_rows(start, segment, data, combine), 0, 1, count + 1, 1)
    if not mean:
        return found
    sizes = binary("sub", slice(offsets, 0, 1, None, 1), slice(offsets, 0, 0, count, 1))
    sizes = reshape(convert(sizes, data.dtype), (count, *[1] * len(rest)))
    average = binary("div", found, sizes)
    return average if initial is None else where(binary("eq", sizes, 0.0), found, average)


@aten("_convert_indices_from_coo_to_csr(Tensor self, int size, *, bool out_int32=False) -> Tensor")
def convert_indices_from_coo_to_csr(rows: SymTensor, size: Any, out_int32: bool) -> SymTensor:
    """Where each row begins among elements that are sorted by their rows, and where the last one ends."""
    if rows.rank != 1:
        raise OperatorError(f"Input is supposed to be a vector, but got {rows.rank} dimension(s).")
    begin = searching.searchsorted(
        rows, convert(iota(as_size(size) + 1, dtypes.int64), rows.dtype), right=False, sorter=None
    )
    return convert(begin, dtypes.int32 if out_int32 else dtypes.int64)


@aten(
    "_convert_indices_from_csr_to_coo(Tensor crow_indices, Tensor col_indices, *, bool out_int32=False, bool transpose=False) "
    "-> Tensor"
)
def convert_indices_from_csr_to_coo(begin: SymTensor, columns: SymTensor, out_int32: bool, transpose: bool) -> SymTensor:
    """The rows and columns of elements, of which it is known where each row begins."""
    if begin.rank != 1 or columns.rank != 1:
        raise CannotLower("compressed indices of several matrices")
    dtype = dtypes.int32 if out_int32 else dtypes.int64
    places = iota(columns.shape[0], dtypes.int64)
    rows = binary("sub", searching.searchsorted(convert(begin, dtypes.int64), places, right=True, sorter=None), 1)
    both = [convert(rows, dtype), convert(columns, dtype)]
    return concat([unsqueeze(x, 0) for x in (reversed(both) if transpose else both)], 0)
