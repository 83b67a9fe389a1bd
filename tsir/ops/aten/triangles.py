"""The places of a matrix's triangles: `tril_indices`, `triu_indices`. Their elements (`tril`, `triu`) are in linear_algebra.py."""

from __future__ import annotations

from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.errors import OperatorError
from tsir.ops.aten.creation import INT64_OPTIONS, check_device
from tsir.ops.aten.indexing import index_select
from tsir.ops.aten.reductions import cumsum
from tsir.ops.aten.shape import stack
from tsir.ops.aten.sorting import searchsorted
from tsir.ops.core.creation import full, iota
from tsir.ops.core.elementwise import binary, clamp, convert
from tsir.ops.registry import aten
from tsir.ops.tensor import SymTensor, require_int


def _numbers(row: Any, col: Any, offset: Any, device: Any) -> tuple[int, int, int]:
    check_device(device)
    row, col = require_int(row), require_int(col)
    for name, value in (("row", row), ("col", col)):
        if value < 0:
            raise OperatorError(f"{name} must be non-negative, got{value}")
    return row, col, require_int(offset)


def _triangle(starts: SymTensor, ends: SymTensor, count: int, dtype: DType | None) -> SymTensor:
    """Row and column numbers of matrix elements in order, row by row; of each row those of the columns from its start to its end."""
    at = iota(count, dtypes.int64)
    lengths = binary("sub", ends, starts)
    before = cumsum(lengths, 0, None)  # of the rows up to each one
    row = searchsorted(before, at, False, True, None, None)
    skipped = index_select(binary("sub", binary("sub", before, lengths), starts), 0, row)
    return convert(stack([row, binary("sub", at, skipped)], 0), dtype or dtypes.int64)


@aten(f"tril_indices(int row, int col, int offset=0, *, {INT64_OPTIONS}) -> Tensor", out=False)
def tril_indices(row: Any, col: Any, offset: Any, dtype: DType | None, layout: Any, device: Any, pin: Any) -> SymTensor:
    """Row and column numbers of the lower triangle of a matrix."""
    row, col, offset = _numbers(row, col, offset, device)
    count = sum(max(0, min(col, i + offset + 1)) for i in range(row))
    if count == 0:
        return full((2, 0), 0, dtype or dtypes.int64)
    ends = clamp(binary("add", iota(row, dtypes.int64), offset + 1), 0, col)
    return _triangle(binary("mul", ends, 0), ends, count, dtype)


@aten(f"triu_indices(int row, int col, int offset=0, *, {INT64_OPTIONS}) -> Tensor", out=False)
def triu_indices(row: Any, col: Any, offset: Any, dtype: DType | None, layout: Any, device: Any, pin: Any) -> SymTensor:
    """Row and column numbers of the upper triangle of a matrix."""
    row, col, offset = _numbers(row, col, offset, device)
    count = sum(max(0, min(col, col - i - offset)) for i in range(row))
    if count == 0:
        return full((2, 0), 0, dtype or dtypes.int64)
    starts = clamp(binary("add", iota(row, dtypes.int64), offset), 0, col)
    return _triangle(starts, full((row,), col, dtypes.int64), count, dtype)
