"""Reading and writing elements by position: index, gather, scatter, masks, and their kin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category
from tsir.errors import OperatorError, OperatorIndexError
from tsir.ops.aten.precision import number_as
from tsir.ops.core import reductions
from tsir.ops.core.checks import check_sizes
from tsir.ops.core.creation import full, iota
from tsir.ops.core.elementwise import binary, broadcast_shapes, clamp, convert, copy, where
from tsir.ops.core.indexing import gather_slices, nonzero, scatter_slices
from tsir.ops.core.slices import concat, select, slice, write_at, write_slice
from tsir.ops.core.sorting import scan
from tsir.ops.core.views import broadcast_to, diagonal, expand, reshape, unsqueeze
from tsir.ops.promotion import result_type
from tsir.ops.registry import aten
from tsir.ops.sizes import Size, same_size
from tsir.ops.tensor import SymTensor, as_size, dtype_label, is_constant, wrap_dim

_INDEX_DTYPES = (dtypes.int64, dtypes.int32, dtypes.bool_, dtypes.uint8, dtypes.int16, dtypes.int8)


def _columns(parts: Sequence[SymTensor], shape: Sequence[Size]) -> SymTensor:
    """Index tensors of one shape as the columns of one: shape (..., number of parts)."""
    columns = [unsqueeze(broadcast_to(convert(p, dtypes.int64), shape), len(shape)) for p in parts]
    return columns[0] if len(columns) == 1 else concat(columns, len(shape))


def _all_positions(x: SymTensor, dim: int, index: SymTensor) -> SymTensor:
    """The columns of positions in all dimensions of `x` for `gather` and `scatter`: `index` in one, its own place in others."""
    parts: list[SymTensor] = []
    for d, size in enumerate(index.shape):
        if d == dim:
            parts.append(index)
        else:
            parts.append(reshape(iota(size, dtypes.int64), [size if i == d else 1 for i in range(index.rank)]))
    return _columns(parts, index.shape)


def _check_index(index: SymTensor, name: str) -> None:
    if index.dtype not in (dtypes.int64, dtypes.int32) and index.numel() != 0:
        raise OperatorError(f"{name}(): Expected dtype int32/int64 for index")


def gather(x: SymTensor, dim: int, index: SymTensor) -> SymTensor:
    """`torch.gather`; indices must be in range and not negative."""
    at = wrap_dim(dim, x.rank)
    _check_index(index, "gather")
    if index.numel() == 0:
        return full(index.shape, number_as(0, x.dtype), x.dtype)
    if not x.shape or not index.shape:
        y = gather(reshape(x, (x.numel(),)), 0, reshape(index, (index.numel(),)))
        return reshape(y, index.shape)
    if index.rank != x.rank:
        raise OperatorError("Index tensor must have the same number of dimensions as input tensor")
    for d in range(x.rank):
        if d != at and index.shape[d] > x.shape[d]:
            raise OperatorError(
                f"Size does not match at dimension {d} expected index {list(index.shape)} to be no larger than self "
                f"{list(x.shape)} apart from dimension {at}"
            )
    return gather_slices(x, tuple(range(x.rank)), _all_positions(x, at, index), 0, False)


@aten("gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor")
def gather_(x: SymTensor, dim: int, index: SymTensor, sparse_grad: bool) -> SymTensor:
    """The elements at the index's positions along a dimension."""
    return gather(x, dim, index)


@aten("take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor")
def take_along_dim(x: SymTensor, indices: SymTensor, dim: int | None) -> SymTensor:
    """`gather` with the other dimensions broadcast; of the flattened tensor without a dimension."""
    if dim is None:
        return gather(reshape(x, (x.numel(),)), 0, _wrapped(reshape(indices, (indices.numel(),)), x.numel()))
    at = wrap_dim(dim, x.rank)
    if indices.rank != x.rank:
        raise OperatorError(
            f"torch.take_along_dim(): input and indices should have the same number of dimensions, but got {x.rank} "
            f"dimensions for input, and {indices.rank} dimensions for indices"
        )
    shape = list(
        broadcast_shapes([*x.shape[:at], 1, *x.shape[at + 1 :]], [*indices.shape[:at], 1, *indices.shape[at + 1 :]])
    )
    wide = list(shape)
    shape[at], wide[at] = indices.shape[at], x.shape[at]
    return gather(broadcast_to(x, wide), at, _wrapped(broadcast_to(indices, shape), x.shape[at]))


def _wrapped(index: SymTensor, size: Size) -> SymTensor:
    """Negative indices counted from the end."""
    index = convert(index, dtypes.int64)
    return where(binary("lt", index, 0), binary("add", index, size), index)


@aten("take(Tensor self, Tensor index) -> Tensor")
def take(x: SymTensor, index: SymTensor) -> SymTensor:
    """The elements of the flattened tensor at these positions."""
    if index.dtype is not dtypes.int64:
        raise OperatorError(f"take(): Expected a long tensor for index, but got {dtype_label(index.dtype)}")
    return gather_slices(reshape(x, (x.numel(),)), (0,), unsqueeze(index, index.rank), 0, True)


def index_select(x: SymTensor, dim: int, index: SymTensor) -> SymTensor:
    """`torch.index_select`; indices must be in range and not negative."""
    at = wrap_dim(dim, x.rank)
    _check_index(index, "index_select")
    if index.rank > 1:
        raise OperatorIndexError("index_select(): Index is supposed to be a vector")
    index = index if index.rank else reshape(index, (1,))
    if not x.shape:
        return reshape(index_select(reshape(x, (1,)), 0, index), ())
    return gather_slices(x, (at,), unsqueeze(convert(index, dtypes.int64), 1), at, False)


@aten("index_select(Tensor self, int dim, Tensor index) -> Tensor")
def index_select_(x: SymTensor, dim: int, index: SymTensor) -> SymTensor:
    """The parts of a dimension at these indices."""
    return index_select(x, dim, index)


# Advanced indexing ----------------------------------------------------------------------------------------------------


def _expanded(x: SymTensor, indices: Sequence[SymTensor | None]) -> list[SymTensor | None]:
    """Masks replaced by the positions where they hold, so that there is one index for each dimension (None: all of it)."""
    found: list[SymTensor | None] = []
    for index in indices:
        if index is None:
            found.append(None)
            continue
        if index.dtype not in _INDEX_DTYPES:
            raise OperatorIndexError("tensors used as indices must be long, int, byte or bool tensors")
        if index.dtype not in (dtypes.bool_, dtypes.uint8):
            found.append(index)
            continue
        for d, size in enumerate(index.shape):
            at = len(found) + d
            if at >= x.rank or size != x.shape[at]:
                raise OperatorIndexError(
                    f"The shape of the mask {list(index.shape)} at index {d} does not match the shape of the indexed tensor "
                    f"{list(x.shape)} at index {at}"
                )
        positions = nonzero(index)
        found.extend(select(positions, 1, d) for d in range(index.rank))
    if len(found) > x.rank:
        raise OperatorIndexError(f"too many indices for tensor of dimension {x.rank} (got {len(found)})")
    return [*found, *[None] * (x.rank - len(found))]


def _masks_in_place(x: SymTensor, indices: Sequence[SymTensor | None]) -> tuple[SymTensor, list[SymTensor | None]]:
    """A 0-d mask as an index stands for a new dimension of size 1, which it masks."""
    found: list[SymTensor | None] = []
    dim = 0
    for index in indices:
        if index is not None and index.dtype in (dtypes.bool_, dtypes.uint8) and not index.shape:
            x = unsqueeze(x, dim)
            index = reshape(index, (1,))
        found.append(index)
        is_mask = index is not None and index.dtype in (dtypes.bool_, dtypes.uint8)
        dim += index.rank if is_mask and index is not None else 1
    return x, found


def _placed(x: SymTensor, indices: Sequence[SymTensor | None]) -> tuple[SymTensor, tuple[int, ...], int, tuple[Size, ...]]:
    """The columns of positions, the indexed dimensions, where the batch goes, and the shape of the slices together."""
    expanded = _expanded(x, indices)
    dims = tuple(d for d, index in enumerate(expanded) if index is not None)
    given = [index for index in expanded if index is not None]
    if not given:
        raise OperatorError("index needs at least one tensor")
    try:
        shape = broadcast_shapes(*[index.shape for index in given])
    except OperatorError:
        shown = ", ".join(str(list(index.shape)) for index in given)
        raise OperatorIndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {shown}"
        ) from None
    together = dims == tuple(range(dims[0], dims[-1] + 1))
    batch_pos = dims[0] if together else 0
    kept = [s for d, s in enumerate(x.shape) if d not in dims]
    return _columns(given, shape), dims, batch_pos, (*kept[:batch_pos], *shape, *kept[batch_pos:])


@aten("index.Tensor(Tensor self, Tensor?[] indices) -> Tensor")
@aten("_unsafe_index.Tensor(Tensor self, Tensor?[] indices) -> Tensor", out=False)
@aten("index.Tensor_hacked_twin(Tensor self, Tensor[] indices) -> Tensor", out=False)
def index(x: SymTensor, indices: Sequence[SymTensor | None]) -> SymTensor:
    """`self[indices]`: a tensor of positions or a mask for each dimension, None for all of it."""
    if all(i is None for i in indices):
        return copy(x)
    x, indices = _masks_in_place(x, indices)
    columns, dims, batch_pos, _ = _placed(x, indices)
    return gather_slices(x, dims, columns, batch_pos, True)


@aten(
    "index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor",
    "_unsafe_index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor",
    "index_put.hacked_twin(Tensor self, Tensor[] indices, Tensor values, bool accumulate=False) -> Tensor",
    out=False,
)
def index_put(x: SymTensor, indices: Sequence[SymTensor | None], values: SymTensor, accumulate: bool) -> SymTensor:
    """`self` with `self[indices] = values` done (or added, with `accumulate`)."""
    given = [i for i in indices if i is not None]
    if values.dtype is not x.dtype and not accumulate and len(given) == 1 and _fills(given[0], values):
        if values.is_complex and not x.is_complex:
            raise OperatorError("value cannot be converted to a real dtype without overflow")
        values = convert(values, x.dtype)
    if values.dtype is not x.dtype:
        raise OperatorError(
            f"Index put requires the source and destination dtypes match, got {dtype_label(x.dtype)} for the destination and "
            f"{dtype_label(values.dtype)} for the source."
        )
    if all(i is None for i in indices):
        whole = copy(expand(values, x.shape))
        return binary("add", x, whole) if accumulate else whole
    single = len(indices) == 1 and indices[0] is not None
    if single and values.rank == 0 and indices[0].dtype is dtypes.bool_ and not accumulate:  # type: ignore[union-attr]
        mask = indices[0]
        assert mask is not None
        if mask.rank <= x.rank and all(a == b for a, b in zip(mask.shape, x.shape, strict=False)):
            # A mask with one value for all needs no positions: it is a selection.
            wide = reshape(mask, (*mask.shape, *[1] * (x.rank - mask.rank)))
            return where(wide, values, x)
    own = x.shape
    x, indices = _masks_in_place(x, indices)
    columns, dims, batch_pos, shape = _placed(x, indices)
    while values.rank > len(shape) and isinstance(values.shape[0], int) and values.shape[0] == 1:
        values = reshape(values, values.shape[1:])
    try:
        updates = expand(values, shape)
    except OperatorError:
        raise OperatorError(
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to indexing result of shape "
            f"{list(shape)}"
        ) from None
    return reshape(scatter_slices(x, dims, columns, updates, "add" if accumulate else "set", batch_pos, True), own)


def _fills(index: SymTensor, values: SymTensor) -> bool:
    """Whether an assignment of one number through a mask is what torch does by `masked_fill`, which converts."""
    count = values.numel()
    return index.dtype in (dtypes.bool_, dtypes.uint8) and isinstance(count, int) and count == 1


@aten(
    "_index_put_impl_(Tensor(a!) self, Tensor?[] indices, Tensor values, bool accumulate=False, bool unsafe=False) -> Tensor(a!)"
)
def index_put_impl(
    x: SymTensor, indices: Sequence[SymTensor | None], values: SymTensor, accumulate: bool, unsafe: bool
) -> SymTensor:
    """`index_put_`."""
    return index_put(x, indices, values, accumulate)


@aten("masked_select(Tensor self, Tensor mask) -> Tensor")
def masked_select(x: SymTensor, mask: SymTensor) -> SymTensor:
    """The elements where the mask holds, in one dimension."""
    if mask.dtype is not dtypes.bool_:
        raise OperatorError("masked_select: expected BoolTensor for mask")
    shape = broadcast_shapes(x.shape, mask.shape)
    if not shape:
        return masked_select(reshape(x, (1,)), reshape(mask, (1,)))
    return index(broadcast_to(x, shape), [broadcast_to(mask, shape)])


@aten("masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor")
def masked_scatter(x: SymTensor, mask: SymTensor, source: SymTensor) -> SymTensor:
    """`self` with the elements of `source`, in order, where the mask holds."""
    if mask.dtype is not dtypes.bool_:
        raise OperatorError(
            "masked_scatter_ only supports boolean masks, but got mask with dtype " + dtype_label(mask.dtype)
        )
    if source.dtype is not x.dtype:
        raise OperatorError(
            "masked_scatter: expected self and source to have same dtypes but got "
            f"{dtype_label(x.dtype)} and {dtype_label(source.dtype)}"
        )
    shape = broadcast_shapes(x.shape, mask.shape)
    x, mask = broadcast_to(x, shape), broadcast_to(mask, shape)
    flat = reshape(mask, (mask.numel(),))
    order = scan(convert(flat, dtypes.int64), 0, "add")
    at = where(flat, binary("sub", order, 1), 0)
    values = gather_slices(reshape(source, (source.numel(),)), (0,), unsqueeze(at, 1), 0, False)
    return where(mask, reshape(values, shape), x)


@aten("nonzero(Tensor self) -> Tensor")
@aten("argwhere(Tensor self) -> Tensor", out=False)
def nonzero_(x: SymTensor) -> SymTensor:
    """The positions of all elements that aren't 0, one row each."""
    return nonzero(x)


@aten("nonzero_static(Tensor self, *, SymInt size, int fill_value=-1) -> Tensor")
def nonzero_static(x: SymTensor, size: Any, fill: Any) -> SymTensor:
    """The positions of the first `size` elements that aren't 0; rows of `fill_value` where there are fewer."""
    wanted = as_size(size)
    if wanted < 0:
        raise OperatorError(f"nonzero_static: 'size' must be an non-negative integer, but got {wanted}")
    rows = concat([nonzero(x), full((wanted, x.rank), fill, dtypes.int64)], 0)
    return copy(slice(rows, 0, 0, wanted, 1))


@aten("nonzero_numpy(Tensor self) -> Tensor[]", "where(Tensor condition) -> Tensor[]")
def nonzero_numpy(x: SymTensor) -> list[SymTensor]:
    """The positions of all elements that aren't 0, a tensor for each dimension."""
    x = reshape(x, (1,)) if not x.shape else x
    positions = nonzero(x)
    return [select(positions, 1, d) for d in range(x.rank)]


# Writing --------------------------------------------------------------------------------------------------------------


def _check_scatter(x: SymTensor, at: int, index: SymTensor, source: SymTensor | None) -> None:
    if index.dtype not in (dtypes.int64, dtypes.int32) and index.numel() != 0:
        raise OperatorError("scatter(): Expected dtype int32/int64 for index")
    if index.rank != x.rank:
        raise OperatorError("Index tensor must have the same number of dimensions as self tensor")
    if source is not None and source.dtype is not x.dtype:
        raise OperatorError("scatter(): Expected self.dtype to be equal to src.dtype")
    too_large = any(d != at and index.shape[d] > x.shape[d] for d in range(x.rank))
    if source is not None and source.shape and not too_large:
        too_large = any(index.shape[d] > source.shape[wrap_dim(d, source.rank)] for d in range(x.rank))
    if source is not None and source.rank != index.rank:
        raise OperatorError("Index tensor must have the same number of dimensions as src tensor")
    if too_large:
        raise OperatorError(
            f"Expected index {list(index.shape)} to be no larger than self {list(x.shape)} apart from dimension {at}"
        )


def scattered(x: SymTensor, dim: int, index: SymTensor, source: Any, kind: str) -> SymTensor:
    """`torch.scatter`: `x` with elements of `source` (a tensor or a number) set or combined at the index's positions."""
    at = wrap_dim(dim, x.rank)
    if not x.shape:
        source = reshape(source, (1,)) if isinstance(source, SymTensor) and not source.shape else source
        y = scattered(reshape(x, (1,)), 0, reshape(index, (index.numel(),)), source, kind)
        return reshape(y, ())
    _check_scatter(x, at, index, source if isinstance(source, SymTensor) else None)
    if isinstance(source, SymTensor):
        for d in range(x.rank):
            source = slice(source, d, 0, index.shape[d], 1)
    else:
        source = full(index.shape, number_as(source, x.dtype), x.dtype)
    if isinstance(index.numel(), int) and index.numel() == 0:
        return copy(x)
    return scatter_slices(x, tuple(range(x.rank)), _all_positions(x, at, index), source, kind, 0, False)


@aten("scatter.src(Tensor self, int dim, Tensor index, Tensor src) -> Tensor")
@aten("scatter.value(Tensor self, int dim, Tensor index, Scalar value) -> Tensor")
def scatter(x: SymTensor, dim: int, index: SymTensor, source: Any) -> SymTensor:
    """`self` with elements written at the index's positions along a dimension."""
    return scattered(x, dim, index, source, "set")


@aten("scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor")
def scatter_add(x: SymTensor, dim: int, index: SymTensor, source: SymTensor) -> SymTensor:
    """`self` with elements added at the index's positions along a dimension."""
    return scattered(x, dim, index, source, "add")


@aten("scatter.reduce(Tensor self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor")
@aten("scatter.value_reduce(Tensor self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor")
def scatter_reduce_old(x: SymTensor, dim: int, index: SymTensor, source: Any, reduce: str) -> SymTensor:
    """`self` with elements added or multiplied at the index's positions along a dimension."""
    kinds = {"add": "add", "multiply": "mul"}
    if reduce not in kinds:
        raise OperatorError("reduce argument must be either add or multiply.")
    return scattered(x, dim, index, source, kinds[reduce])


_REDUCTIONS = {"sum": "add", "mean": "add", "prod": "mul", "amax": "max", "amin": "min"}


def _neutral(x: SymTensor, reduce: str) -> Any:
    """What a reduction starts from when `self` isn't included."""
    if reduce in ("sum", "mean"):
        return 0
    if reduce == "prod":
        return 1
    if x.dtype.category is Category.FLOAT:
        return float("-inf") if reduce == "amax" else float("inf")
    bits = 8 * x.dtype.itemsize
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if x.dtype.signed else (0, 2**bits - 1)
    return (low if reduce == "amax" else high) if x.dtype is not dtypes.bool_ else reduce == "amin"


@aten("scatter_reduce.two(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) -> Tensor")
def scatter_reduce(
    x: SymTensor, dim: int, index: SymTensor, source: SymTensor, reduce: str, include_self: bool
) -> SymTensor:
    """`self` with elements combined at the index's positions along a dimension."""
    if reduce not in _REDUCTIONS:
        raise OperatorError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}.")
    start = x if include_self else scattered(x, dim, index, _neutral(x, reduce), "set")
    found = scattered(start, dim, index, source, _REDUCTIONS[reduce])
    if reduce != "mean":
        return found
    ones = full(x.shape, 1 if include_self else 0, x.dtype)
    count = scattered(ones, dim, index, full(source.shape, 1, x.dtype), "add")
    count = clamp(count, 1, None)
    mean = binary("div", found, count) if x.dtype.category >= Category.FLOAT else binary("floordiv", found, count)
    return mean


def _rows(x: SymTensor, dim: int, index: SymTensor, source: SymTensor, kind: str) -> SymTensor:
    """`x` with parts of a dimension set or combined at these indices; `source` has the parts along that dimension."""
    at = wrap_dim(dim, x.rank)
    if index.rank > 1:
        raise OperatorIndexError("Index should have dimension 1 or 0")
    index = index if index.rank else reshape(index, (1,))
    if not x.shape:
        y = _rows(reshape(x, (1,)), 0, index, reshape(source, (index.numel(),)), kind)
        return reshape(y, ())
    shape = (*x.shape[:at], index.shape[0], *x.shape[at + 1 :])
    source = source if source.rank else reshape(source, shape)
    own, given = (
        f"[{', '.join(f'{{{first + i}}}' for i in range(n))}]" for first, n in ((0, x.rank), (x.rank, source.rank))
    )
    message = "source tensor shape must match self tensor shape, excluding the specified dimension. "
    message += f"Got self.shape = {own} source.shape = {given}"
    if source.rank != len(shape):
        raise OperatorError(message.format(*x.shape, *source.shape))
    of_indices = f"Number of indices ({{1}}) should be equal to source.size(dim): ({{0}}), for dim: {at}"
    check_sizes(source.shape[at], "eq", index.shape[0], of_indices)
    for d, (a, b) in enumerate(zip(source.shape, shape, strict=True)):
        if d != at:
            check_sizes(a, "eq", b, message, *x.shape, *source.shape)
    return scatter_slices(x, (at,), unsqueeze(convert(index, dtypes.int64), 1), source, kind, at, False)


def _check_source(x: SymTensor, source: SymTensor, name: str) -> None:
    if x.dtype is not source.dtype:
        raise OperatorError(
            f"{name}(): self and source expected to have the same dtype, but got (self) {dtype_label(x.dtype)} and (source) "
            f"{dtype_label(source.dtype)}"
        )


@aten("index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor")
def index_add(x: SymTensor, dim: int, index: SymTensor, source: SymTensor, alpha: Any) -> SymTensor:
    """`self` with `alpha * source` added at these indices of a dimension."""
    _check_source(x, source, "index_add_")
    if not (is_constant(alpha) and alpha == 1):
        source = convert(binary("mul", source, alpha), x.dtype)
    return _rows(x, dim, index, source, "add")


@aten("index_copy(Tensor self, int dim, Tensor index, Tensor source) -> Tensor")
def index_copy(x: SymTensor, dim: int, index: SymTensor, source: SymTensor) -> SymTensor:
    """`self` with `source` written at these indices of a dimension."""
    _check_source(x, source, "index_copy_")
    if index.dtype is not dtypes.int64:
        raise OperatorError("index_copy_(): Expected a long tensor for index, but got " + dtype_label(index.dtype))
    return _rows(x, dim, index, source, "set")


@aten("index_reduce(Tensor self, int dim, Tensor index, Tensor source, str reduce, *, bool include_self=True) -> Tensor")
def index_reduce(x: SymTensor, dim: int, index: SymTensor, source: SymTensor, reduce: str, include_self: bool) -> SymTensor:
    """`self` with `source` multiplied, averaged, or compared into these indices of a dimension."""
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise OperatorError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    _check_source(x, source, "index_reduce_")
    start = x
    if not include_self:
        neutral = full(source.shape, number_as(_neutral(x, reduce), x.dtype), x.dtype)
        start = _rows(x, dim, index, neutral, "set")
    found = _rows(start, dim, index, source, _REDUCTIONS[reduce])
    if reduce != "mean":
        return found
    ones = full(x.shape, number_as(1 if include_self else 0, x.dtype), x.dtype)
    count = clamp(_rows(ones, dim, index, full(source.shape, number_as(1, x.dtype), x.dtype), "add"), 1, None)
    return binary("div", found, count) if x.dtype.category >= Category.FLOAT else binary("floordiv", found, count)


@aten("index_fill.int_Scalar(Tensor self, int dim, Tensor index, Scalar value) -> Tensor")
def index_fill(x: SymTensor, dim: int, index: SymTensor, value: Any) -> SymTensor:
    """`self` with one value at these indices of a dimension; negative ones count from the end."""
    at = wrap_dim(dim, x.rank)
    index = _wrapped(index if index.rank else reshape(index, (1,)), x.shape[at] if x.rank else 1)
    shape = (*x.shape[:at], index.shape[0], *x.shape[at + 1 :]) if x.rank else (index.shape[0],)
    return _rows(x, at, index, full(shape, number_as(value, x.dtype), x.dtype), "set")


@aten("index_fill.int_Tensor(Tensor self, int dim, Tensor index, Tensor value) -> Tensor")
def index_fill_tensor(x: SymTensor, dim: int, index: SymTensor, value: SymTensor) -> SymTensor:
    """`self` with the value of a 0-d tensor at these indices of a dimension."""
    if value.shape:
        raise OperatorError(
            f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.rank} dimension(s)."
        )
    at = wrap_dim(dim, x.rank)
    index = _wrapped(index if index.rank else reshape(index, (1,)), x.shape[at] if x.rank else 1)
    shape = (*x.shape[:at], index.shape[0], *x.shape[at + 1 :]) if x.rank else (index.shape[0],)
    return _rows(x, at, index, broadcast_to(convert(value, x.dtype), shape), "set")


@aten("put(Tensor self, Tensor index, Tensor source, bool accumulate=False) -> Tensor")
def put(x: SymTensor, index: SymTensor, source: SymTensor, accumulate: bool) -> SymTensor:
    """`self` with elements written (or added) at positions of the flattened tensor."""
    _check_source(x, source, "put_")
    flat = reshape(x, (x.numel(),))
    values = reshape(source, (source.numel(),))
    columns = unsqueeze(reshape(index, (index.numel(),)), 1)
    return reshape(scatter_slices(flat, (0,), columns, values, "add" if accumulate else "set", 0, True), x.shape)


# Parts written --------------------------------------------------------------------------------------------------------


@aten("select_scatter(Tensor self, Tensor src, int dim, SymInt index) -> Tensor")
def select_scatter(x: SymTensor, source: SymTensor, dim: int, at_index: Any) -> SymTensor:
    """`self` with the part at one index of a dimension replaced."""
    at = wrap_dim(dim, x.rank)
    shape = (*x.shape[:at], *x.shape[at + 1 :])
    if source.rank != len(shape) or any(not same_size(a, b) and a != b for a, b in zip(source.shape, shape, strict=True)):
        raise OperatorError(
            f"expected src to have a size equal to the slice of self. src size = {list(source.shape)}, slice size = {list(shape)}"
        )
    return write_at(x, convert(source, x.dtype), at, at_index)


@aten("slice_scatter(Tensor self, Tensor src, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor")
def slice_scatter(x: SymTensor, source: SymTensor, dim: int, start: Any, end: Any, step: Any) -> SymTensor:
    """`self` with a slice of a dimension replaced."""
    return write_slice(x, convert(source, x.dtype), wrap_dim(dim, x.rank), start, end, step)


@aten("diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor")
def diagonal_scatter(x: SymTensor, source: SymTensor, offset: int, dim1: int, dim2: int) -> SymTensor:
    """`self` with a diagonal replaced."""
    positions = diagonal(reshape(iota(x.numel(), dtypes.int64), x.shape), offset, dim1, dim2)
    return put(x, positions, convert(source, x.dtype), False)


@aten("isin.Tensor_Tensor(Tensor elements, Tensor test_elements, *, bool assume_unique=False, bool invert=False) -> Tensor")
def isin(x: SymTensor, tests: SymTensor, assume_unique: bool, invert: bool) -> SymTensor:
    """Whether each element is among others."""
    dtype = result_type((x, tests))
    same = binary("eq", unsqueeze(convert(x, dtype), x.rank), reshape(convert(tests, dtype), (tests.numel(),)))
    found = reductions.any(same, (x.rank,), False)
    return ~found if invert else found


@aten("isin.Tensor_Scalar(Tensor elements, Scalar test_element, *, bool assume_unique=False, bool invert=False) -> Tensor")
def isin_scalar(x: SymTensor, test: Any, assume_unique: bool, invert: bool) -> SymTensor:
    """Whether each element equals a number."""
    return binary("ne" if invert else "eq", x, test)
