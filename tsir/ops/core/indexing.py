"""Reading and writing at positions that tensors hold, on `linalg_ext.gather` and `linalg_ext.scatter`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from xdsl.dialects.builtin import DYNAMIC_INDEX, TensorType, i64

from tsir.dialects import dtypes
from tsir.dialects.linalg_ext import GatherOp, NonzeroOp, ScatterOp
from tsir.ops.builder import current
from tsir.ops.core.creation import iota
from tsir.ops.core.elementwise import all_elements, broadcast_shapes, convert
from tsir.ops.core.reductions import unsigned_flag
from tsir.ops.core.scalars import cmpi
from tsir.ops.core.slices import concat, slice
from tsir.ops.core.views import broadcast_to, reshape
from tsir.ops.sizes import Size
from tsir.ops.tensor import SymTensor


def gather_slices(x: SymTensor, dims: Sequence[int], columns: SymTensor, batch_pos: int, wrap: bool) -> SymTensor:
    """`x[..., i, ..., j, ...]` for each row (i, j, ...) of `columns` [batch..., k]; the batch dimensions come at `batch_pos`."""
    kept = [s for d, s in enumerate(x.shape) if d not in dims]
    shape = (*kept[:batch_pos], *columns.shape[:-1], *kept[batch_pos:])
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, shape)
    op = b.insert(
        GatherOp((x.ssa, columns.ssa), (b.empty(x.dtype, shape),), dims=tuple(dims), batch_pos=batch_pos or None, wrap=wrap)
    )
    return SymTensor(x.dtype, shape, op.results[0])


def scatter_slices(
    init: SymTensor, dims: Sequence[int], columns: SymTensor, updates: SymTensor, kind: str, batch_pos: int, wrap: bool
) -> SymTensor:
    """`init` with slices `set`, or combined by `add`, `mul`, `max`, `min`: the inverse of `gather_slices`."""
    b = current()
    if not b.emitting:
        return SymTensor(init.dtype, init.shape)
    flags: dict[str, Any] = unsigned_flag(init.dtype) if kind in ("max", "min") else {}
    op = b.insert(
        ScatterOp(
            (updates.ssa, columns.ssa),
            (init.ssa,),
            kind=kind,
            dims=tuple(dims),
            batch_pos=batch_pos or None,
            wrap=wrap,
            **flags,
        )
    )
    return SymTensor(init.dtype, init.shape, op.results[0])


def _column(index: SymTensor) -> SymTensor:
    return reshape(convert(index, dtypes.int64), (*index.shape, 1))


def index_select(x: SymTensor, dim: int, index: SymTensor, *, wrap: bool = False) -> SymTensor:
    """Slices of one dimension in the order of `index`, whose dimensions take that dimension's place."""
    return gather_slices(x, (dim,), _column(index), dim, wrap)


def scatter_rows(init: SymTensor, index: SymTensor, rows: SymTensor, kind: str) -> SymTensor:
    """`init` with row `index[i]` set to, or combined with, `rows[i]`."""
    return scatter_slices(init, (0,), _column(index), rows, kind, 0, False)


def _all_columns(shape: Sequence[Size], dim: int, index: SymTensor) -> SymTensor:
    """For each element of `index`, its own position with the one in `dim` replaced by the index: [*index.shape, rank]."""
    columns: list[SymTensor] = []
    for d in range(len(shape)):
        if d == dim:
            column = convert(index, dtypes.int64)
        else:
            counting = reshape(
                iota(index.shape[d], dtypes.int64), [index.shape[d] if i == d else 1 for i in range(len(shape))]
            )
            column = broadcast_to(counting, index.shape)
        columns.append(reshape(column, (*index.shape, 1)))
    return concat(columns, len(shape)) if len(columns) > 1 else columns[0]


def gather(x: SymTensor, dim: int, index: SymTensor) -> SymTensor:
    """`torch.gather`: `x[i, index[i, j], ...]` with the index in place of `dim`'s position; the shape is the index's."""
    if x.rank == 0:
        return reshape(gather(reshape(x, (1,)), 0, reshape(index, (1,) if index.rank == 0 else index.shape)), index.shape)
    return gather_slices(x, tuple(range(x.rank)), _all_columns(x.shape, dim, index), 0, False)


def scatter(x: SymTensor, dim: int, index: SymTensor, source: SymTensor, kind: str) -> SymTensor:
    """`torch.scatter` and its accumulating forms: the inverse of `gather`. `source` is cut to the index's shape."""
    if x.rank == 0:
        one = (1,)
        return reshape(scatter(reshape(x, one), 0, reshape(index, one), reshape(source, one), kind), ())
    for d in range(x.rank):
        source = slice(source, d, 0, index.shape[d], 1)
    return scatter_slices(x, tuple(range(x.rank)), _all_columns(x.shape, dim, index), source, kind, 0, False)


def advanced_columns(indices: Sequence[SymTensor]) -> SymTensor:
    """Index tensors broadcast against each other, as the columns of one: [*broadcast shape, number of indices]."""
    shape = broadcast_shapes(*[i.shape for i in indices])
    columns = [reshape(broadcast_to(convert(i, dtypes.int64), shape), (*shape, 1)) for i in indices]
    return concat(columns, len(shape)) if len(columns) > 1 else columns[0]


def advanced_position(dims: Sequence[int]) -> int:
    """Where the broadcast index dimensions come in the result: at the first indexed dimension when they are adjacent."""
    adjacent = all(b - a == 1 for a, b in itertools.pairwise(dims))
    return dims[0] if adjacent else 0


def index(x: SymTensor, dims: Sequence[int], indices: Sequence[SymTensor]) -> SymTensor:
    """Advanced indexing by integer tensors in some dimensions; negative positions count from the end."""
    return gather_slices(x, tuple(dims), advanced_columns(indices), advanced_position(dims), True)


def index_put(x: SymTensor, dims: Sequence[int], indices: Sequence[SymTensor], values: SymTensor, kind: str) -> SymTensor:
    """`x` with the values written at the positions of `index`; they are broadcast to its shape."""
    columns = advanced_columns(indices)
    place = advanced_position(dims)
    kept = [s for d, s in enumerate(x.shape) if d not in dims]
    shape = (*kept[:place], *columns.shape[:-1], *kept[place:])
    return scatter_slices(x, tuple(dims), columns, broadcast_to(values, shape), kind, place, True)


def nonzero(x: SymTensor) -> SymTensor:
    """The positions of the elements that aren't zero: [number, rank] of int64, the number known at run time only."""
    b = current()
    if not b.emitting:
        return SymTensor(dtypes.int64, (b.env.atom("nonzero", lower=0), x.rank))
    op = b.insert(NonzeroOp((x.ssa,), (), (TensorType(i64, [DYNAMIC_INDEX, x.rank]),)))
    found = b.tensor(op.results[0], dtypes.int64, lower=0)
    return SymTensor(dtypes.int64, (found.shape[0], x.rank), op.results[0])


def check_range(x: SymTensor, low: int, high: Size, exception: str, message: str) -> None:
    """Raises at run time unless all elements of an integer tensor are at least `low` and below `high`."""
    b = current()
    if not b.emitting:
        return
    from xdsl.dialects import arith

    from tsir.ops.core.scalars import convert_scalar

    limit = b.int_value(high)

    def inside(e: Any, v: Any) -> Any:
        wide = convert_scalar(e, v, x.dtype, dtypes.int64)
        above = cmpi(e, "sge", wide, e.constant(low, i64))
        return e.one(arith.AndIOp, (above, cmpi(e, "slt", wide, limit)), above.type)

    b.check(all_elements(x, inside), exception, message)
