"""Sorting, order statistics, distinct elements, counting, searching."""

from __future__ import annotations

import math
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.aten.indexing import gather
from tsir.ops.core import reductions, searching
from tsir.ops.core import sorting as core
from tsir.ops.core.creation import full
from tsir.ops.core.elementwise import binary, clamp, convert, copy, unary, where
from tsir.ops.core.indexing import scatter_rows
from tsir.ops.core.slices import slice
from tsir.ops.core.views import broadcast_to, movedim, reshape, squeeze, unsqueeze
from tsir.ops.registry import aten
from tsir.ops.sizes import Size
from tsir.ops.tensor import SymTensor, as_size, dtype_label, require_int, require_number, wrap_dim

Pair = tuple[SymTensor, SymTensor]


def _sorted(x: SymTensor, dim: int, descending: bool, stable: bool) -> Pair:
    at = wrap_dim(dim, x.rank)
    if x.is_complex:
        raise OperatorError("Sort does not support complex dtypes on CPU")
    if not x.shape:
        return copy(x), full((), 0, dtypes.int64)
    return core.sort(x, at, bool(descending), stable)


@aten("sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)")
def sort(x: SymTensor, dim: int, descending: bool) -> Pair:
    """The elements in order along a dimension, and where they were."""
    return _sorted(x, dim, descending, True)


@aten("sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)")
def sort_stable(x: SymTensor, stable: bool | None, dim: int, descending: bool) -> Pair:
    """`sort` that keeps the order of equal elements."""
    return _sorted(x, dim, descending, True)


@aten("argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor", out=False)
def argsort(x: SymTensor, dim: int, descending: bool) -> SymTensor:
    """Where the elements in order were."""
    return _sorted(x, dim, descending, True)[1]


@aten("argsort.stable(Tensor self, *, bool stable, int dim=-1, bool descending=False) -> Tensor")
def argsort_stable(x: SymTensor, stable: bool, dim: int, descending: bool) -> SymTensor:
    """Where the elements in order were; equal ones keep theirs."""
    return _sorted(x, dim, descending, True)[1]


@aten("msort(Tensor self) -> Tensor")
def msort(x: SymTensor) -> SymTensor:
    """The elements in order along the first dimension."""
    return _sorted(x, 0, False, True)[0]


@aten("topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor indices)")
def topk(x: SymTensor, k: Any, dim: int, largest: bool, is_sorted: bool) -> Pair:
    """The k largest (or smallest) elements along a dimension, and where they were."""
    at, count = wrap_dim(dim, x.rank), as_size(k)
    size = x.shape[at] if x.rank else 1
    if count < 0 or count > size:
        raise OperatorError("selected index k out of range")
    if not x.shape:
        return copy(x), full((), 0, dtypes.int64)
    return core.topk(x, count, at, bool(largest), bool(is_sorted))


def _picked(values: SymTensor, indices: SymTensor, dim: int, at: Size, keepdim: bool) -> Pair:
    parts = (slice(values, dim, at, at + 1, 1), slice(indices, dim, at, at + 1, 1))
    if keepdim:
        return copy(parts[0]), copy(parts[1])
    shape = (*values.shape[:dim], *values.shape[dim + 1 :])
    return copy(reshape(parts[0], shape)), copy(reshape(parts[1], shape))


@aten("kthvalue(Tensor self, SymInt k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)")
def kthvalue(x: SymTensor, k: Any, dim: int, keepdim: bool) -> Pair:
    """The k-th smallest element along a dimension, and where it was."""
    at, number = wrap_dim(dim, x.rank), as_size(k)
    size = x.shape[at] if x.rank else 1
    if number < 1 or number > size:
        raise OperatorError("kthvalue(): selected number k out of range for dimension " + str(at))
    if not x.shape:
        return copy(x), full((), 0, dtypes.int64)
    return _picked(*_sorted(x, at, False, True), at, number - 1, keepdim)


def _median(x: SymTensor, dim: int, keepdim: bool) -> Pair:
    """The lower middle element; NaN where there is one."""
    values, indices = _sorted(x, dim, False, True)
    size = x.shape[dim]
    middle, middle_index = _picked(values, indices, dim, (size - 1) // 2, keepdim)
    if x.dtype.category is not Category.FLOAT:
        return middle, middle_index
    nan = unary("isnan", x)
    some = reductions.any(nan, (dim,), keepdim)
    first = reductions.argmax(convert(nan, dtypes.int64), dim, keepdim)
    return where(some, math.nan, middle), where(some, first, middle_index)


@aten("median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)")
def median_dim(x: SymTensor, dim: int, keepdim: bool) -> Pair:
    """The lower middle element along a dimension, and where it was."""
    at = wrap_dim(dim, x.rank)
    if not x.shape:
        return copy(x), full((), 0, dtypes.int64)
    return _median(x, at, keepdim)


@aten("median(Tensor self) -> Tensor")
def median(x: SymTensor) -> SymTensor:
    """The lower middle element of all."""
    if isinstance(x.numel(), int) and x.numel() == 0:
        least = -(2**31) if x.dtype is dtypes.int32 else -(2**63)
        return full((), math.nan if x.is_floating_point or x.is_complex else least, x.dtype)
    if x.is_complex or x.dtype is dtypes.bool_:
        raise OperatorNotImplementedError(f'"median_cpu" not implemented for {dtype_label(x.dtype)!r}')
    return _median(reshape(x, (x.numel(),)), 0, False)[0]


def _nanmedian(x: SymTensor, dim: int, keepdim: bool) -> Pair:
    """The lower middle of the elements that aren't NaN, which sorting puts before those that are."""
    values, indices = _sorted(x, dim, False, True)
    if x.dtype.category is not Category.FLOAT:
        return _picked(values, indices, dim, (x.shape[dim] - 1) // 2, keepdim)
    count = reductions.sum(convert(unary("logical_not", unary("isnan", x)), dtypes.int64), (dim,), True)
    middle = clamp(binary("floordiv", count - 1, 2), 0, None)
    found, place = gather(values, dim, middle), gather(indices, dim, middle)
    return (found, place) if keepdim else (squeeze(found, (dim,)), squeeze(place, (dim,)))


@aten("nanmedian.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)")
def nanmedian_dim(x: SymTensor, dim: int, keepdim: bool) -> Pair:
    """The lower middle of the elements along a dimension that aren't NaN, and where it was."""
    at = wrap_dim(dim, x.rank)
    if not x.shape:
        return copy(x), full((), 0, dtypes.int64)
    return _nanmedian(x, at, keepdim)


@aten("nanmedian(Tensor self) -> Tensor")
def nanmedian(x: SymTensor) -> SymTensor:
    """The lower middle of all elements that aren't NaN."""
    if isinstance(x.numel(), int) and x.numel() == 0:
        return full((), math.nan if x.is_floating_point else -(2**63), x.dtype)
    return _nanmedian(reshape(x, (x.numel(),)), 0, False)[0]


@aten("mode(Tensor self, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)")
def mode(x: SymTensor, dim: int, keepdim: bool) -> Pair:
    """The smallest of the most frequent elements along a dimension, and where its last one was."""
    at = wrap_dim(dim, x.rank)
    if not x.shape:
        return copy(x), full((), 0, dtypes.int64)
    y = movedim(x, at, -1)
    values, indices = _sorted(y, y.rank - 1, False, True)
    same = binary("eq", unsqueeze(values, y.rank), unsqueeze(values, y.rank - 1))
    counts = reductions.sum(convert(same, dtypes.int64), (y.rank,), False)
    best = unsqueeze(reductions.argmax(counts, y.rank - 1, False), y.rank - 1)
    frequency = gather(counts, y.rank - 1, best)
    found = gather(values, y.rank - 1, best)
    place = gather(indices, y.rank - 1, binary("sub", binary("add", best, frequency), 1))
    if keepdim:
        return movedim(found, -1, at), movedim(place, -1, at)
    return squeeze(found, (y.rank - 1,)), squeeze(place, (y.rank - 1,))


_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(
    x: SymTensor, q: SymTensor, dim: int | None, keepdim: bool, interpolation: str, *, ignore_nan: bool = False
) -> SymTensor:
    if x.dtype not in (dtypes.float32, dtypes.float64):
        raise OperatorError("quantile() input tensor must be either float or double dtype")
    if q.dtype is not x.dtype:
        raise OperatorError("quantile() q tensor must be same dtype as the input tensor")
    if q.rank > 1:
        raise OperatorError(f"quantile() q must be a scalar or 1D tensor, but got a {q.rank}-D tensor")
    if interpolation not in _INTERPOLATIONS:
        raise OperatorError(
            "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got " + interpolation
        )
    at = 0 if dim is None else wrap_dim(dim, x.rank)
    y = reshape(x, (x.numel(),)) if dim is None or not x.rank else movedim(x, at, -1)
    last = y.rank - 1
    values, _ = _sorted(y, last, False, True)
    nan = unary("isnan", y)
    flat_q = reshape(q, (q.numel(),))
    if ignore_nan:  # each row has its own number of elements; NaN are sorted behind them
        count = reductions.sum(convert(unary("logical_not", nan), x.dtype), (last,), True)
        rank = clamp(binary("mul", count - 1, flat_q), 0, None)
    else:
        rank = binary("mul", flat_q, y.shape[last] - 1)
    if interpolation == "lower":
        rank = unary("floor", rank)
    elif interpolation == "higher":
        rank = unary("ceil", rank)
    elif interpolation == "nearest":
        rank = unary("round", rank)
    flat = rank
    below = convert(unary("floor", flat), dtypes.int64)
    above = convert(unary("ceil", flat), dtypes.int64)
    wide = (*y.shape[:last], flat_q.shape[0])
    low = gather(values, last, broadcast_to(below, wide))
    if interpolation in ("linear", "midpoint"):
        high = gather(values, last, broadcast_to(above, wide))
        weight: Any = 0.5 if interpolation == "midpoint" else binary("sub", flat, convert(below, flat.dtype))
        low = binary("add", low, binary("mul", binary("sub", high, low), weight))
    missing = reductions.all(nan, (last,), True) if ignore_nan else reductions.any(nan, (last,), True)
    found = where(missing, math.nan, low)
    if keepdim:
        if dim is None or not x.rank:
            found = reshape(found, (*[1] * x.rank, flat_q.shape[0]))
        else:
            found = unsqueeze(movedim(found, last, 0), 1 + at)
            found = movedim(found, 0, found.rank - 1)
    found = movedim(found, found.rank - 1, 0)
    return found if q.rank else reshape(found, found.shape[1:])


@aten('quantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor')
def quantile(x: SymTensor, q: SymTensor, dim: int | None, keepdim: bool, interpolation: str) -> SymTensor:
    """The q-th quantiles along a dimension, or of all elements."""
    return _quantile(x, q, dim, keepdim, interpolation)


@aten('quantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor')
def quantile_scalar(x: SymTensor, q: float, dim: int | None, keepdim: bool, interpolation: str) -> SymTensor:
    """The q-th quantile along a dimension, or of all elements."""
    number = float(require_number(q, "q"))
    if not 0 <= number <= 1:
        raise OperatorError(f"quantile() q must be in the range [0, 1] but got {number}")
    return _quantile(x, full((), number, x.dtype), dim, keepdim, interpolation)


@aten('nanquantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor')
def nanquantile(x: SymTensor, q: SymTensor, dim: int | None, keepdim: bool, interpolation: str) -> SymTensor:
    """The q-th quantiles of the elements that aren't NaN."""
    return _quantile(x, q, dim, keepdim, interpolation, ignore_nan=True)


@aten('nanquantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor')
def nanquantile_scalar(x: SymTensor, q: float, dim: int | None, keepdim: bool, interpolation: str) -> SymTensor:
    """The q-th quantile of the elements that aren't NaN."""
    number = float(require_number(q, "q"))
    if not 0 <= number <= 1:
        raise OperatorError(f"quantile() q must be in the range [0, 1] but got {number}")
    return _quantile(x, full((), number, x.dtype), dim, keepdim, interpolation, ignore_nan=True)


def _extreme_scan(x: SymTensor, dim: int, kind: str) -> Pair:
    at = wrap_dim(dim, x.rank)
    if not x.shape:
        return copy(x), full((), 0, dtypes.int64)
    if x.is_complex and x.shape[at] != 0:
        raise OperatorNotImplementedError(f'"cum{kind}_cpu" not implemented for {dtype_label(x.dtype)!r}')
    return core.scan_with_positions(x, at, kind)


@aten("cummax(Tensor self, int dim) -> (Tensor values, Tensor indices)")
def cummax(x: SymTensor, dim: int) -> Pair:
    """The largest element up to each one, and where it was."""
    return _extreme_scan(x, dim, "max")


@aten("cummin(Tensor self, int dim) -> (Tensor values, Tensor indices)")
def cummin(x: SymTensor, dim: int) -> Pair:
    """The smallest element up to each one, and where it was."""
    return _extreme_scan(x, dim, "min")


# Distinct elements ----------------------------------------------------------------------------------------------------


def _empty() -> SymTensor:
    return full((0,), 0, dtypes.int64)


@aten(
    "_unique2(Tensor self, bool sorted=True, bool return_inverse=False, bool return_counts=False) -> (Tensor, Tensor, Tensor)"
)
def unique2(x: SymTensor, is_sorted: bool, inverse: bool, counts: bool) -> tuple[SymTensor, SymTensor, SymTensor]:
    """The distinct elements in order; for each element its place in them, and how often each occurs (empty unless asked for)."""
    if x.is_complex:
        raise OperatorNotImplementedError(f'"unique" not implemented for {dtype_label(x.dtype)!r}')
    values, places, numbers = searching.unique(x, None, consecutive=False)
    return values, places if inverse else _empty(), numbers if counts else _empty()


@aten(
    "unique_dim(Tensor self, int dim, bool sorted=True, bool return_inverse=False, bool return_counts=False) -> "
    "(Tensor, Tensor, Tensor)"
)
def unique_dim(
    x: SymTensor, dim: int, is_sorted: bool, inverse: bool, counts: bool
) -> tuple[SymTensor, SymTensor, SymTensor]:
    """The distinct parts of a dimension in order."""
    values, places, numbers = searching.unique(x, wrap_dim(dim, x.rank), consecutive=False)
    return values, places, numbers


@aten(
    "unique_consecutive(Tensor self, bool return_inverse=False, bool return_counts=False, int? dim=None) -> "
    "(Tensor, Tensor, Tensor)"
)
def unique_consecutive(x: SymTensor, inverse: bool, counts: bool, dim: int | None) -> tuple[SymTensor, SymTensor, SymTensor]:
    """The elements (or parts of a dimension) with equal neighbours merged."""
    values, places, numbers = searching.unique(x, None if dim is None else wrap_dim(dim, x.rank), consecutive=True)
    return values, places if inverse else _empty(), numbers if counts else _empty()


# Counting and searching -----------------------------------------------------------------------------------------------


@aten("bincount(Tensor self, Tensor? weights=None, SymInt minlength=0) -> Tensor")
def bincount(x: SymTensor, weights: SymTensor | None, minlength: Any) -> SymTensor:
    """How often each of 0, 1, ... occurs, or the sums of the weights."""
    if x.rank != 1 or x.dtype.category is not Category.INT:
        raise OperatorError("bincount only supports 1-d non-negative integral inputs.")
    least = require_int(minlength, "minlength")
    if least < 0:
        raise OperatorError("minlength should be >= 0")
    if x.dtype is dtypes.uint8:
        x = convert(x, dtypes.int64)
    if weights is not None:
        if weights.rank != 1 or weights.shape[0] != x.shape[0]:
            raise OperatorError("weights should be 1-d and have the same length as input")
        if weights.dtype is not dtypes.float32:
            weights = convert(weights, dtypes.float64)
    return searching.bincount(x, weights, least)


@aten("histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0) -> Tensor")
def histc(x: SymTensor, bins: int, low: Any, high: Any) -> SymTensor:
    """How many elements fall into each of equal intervals; elements outside of the range aren't counted."""
    if not x.is_floating_point:
        raise OperatorNotImplementedError(f'"histogram_cpu" not implemented for {dtype_label(x.dtype)!r}')
    count = require_int(bins, "bins")
    if count <= 0:
        raise OperatorError("bins must be > 0")
    low, high = float(require_number(low, "min")), float(require_number(high, "max"))
    flat = reshape(x, (x.numel(),))
    if low == high == 0.0 and isinstance(x.numel(), int) and x.numel() == 0:
        return full((count,), 0.0, x.dtype)
    if low == high == 0.0:
        least: Any = reductions.amin(flat, (0,), False)
        most: Any = reductions.amax(flat, (0,), False)
        equal = binary("eq", least, most)
        least, most = where(equal, least - 1, least), where(equal, most + 1, most)
    else:
        if low > high:
            raise OperatorError("max must be larger than min")
        least, most = (low - 1, high + 1) if low == high else (low, high)
    inside = binary("logical_and", binary("ge", flat, least), binary("le", flat, most))
    place = binary("mul", binary("div", binary("sub", flat, least), binary("sub", most, least)), count)
    index = convert(clamp(where(inside, place, 0.0), None, count - 1), dtypes.int64)
    return scatter_rows(full((count,), 0.0, x.dtype), index, convert(inside, x.dtype), "add")


def _side(right: bool, side: str | None) -> bool:
    if side is None:
        return bool(right)
    if side not in ("left", "right"):
        raise OperatorError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if right and side == "left":
        raise OperatorError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    return side == "right"


def _search(boundaries: SymTensor, values: SymTensor, out_int32: bool, right: bool, sorter: SymTensor | None) -> SymTensor:
    from tsir.dialects.dtypes import promote

    dtype = boundaries.dtype if boundaries.dtype is values.dtype else promote(boundaries.dtype, values.dtype)
    found = searching.searchsorted(convert(boundaries, dtype), convert(values, dtype), right=right, sorter=sorter)
    return convert(found, dtypes.int32) if out_int32 else found


@aten(
    "searchsorted.Tensor(Tensor sorted_sequence, Tensor self, *, bool out_int32=False, bool right=False, str? side=None, "
    "Tensor? sorter=None) -> Tensor"
)
def searchsorted(
    boundaries: SymTensor, values: SymTensor, out_int32: bool, right: bool, side: str | None, sorter: SymTensor | None
) -> SymTensor:
    """Where each value would be inserted into a sorted sequence (or one for each row)."""
    rows_agree = boundaries.rank == values.rank and all(
        a == b for a, b in zip(boundaries.shape[:-1], values.shape[:-1], strict=True)
    )
    if boundaries.rank != 1 and not rows_agree:
        raise OperatorError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries "
            f"tensor and input value tensor must match, but we got boundaries tensor {list(boundaries.shape)} and input "
            f"value tensor {list(values.shape)}"
        )
    return _search(boundaries, values, out_int32, _side(right, side), sorter)


@aten(
    "searchsorted.Scalar(Tensor sorted_sequence, Scalar self, *, bool out_int32=False, bool right=False, str? side=None, "
    "Tensor? sorter=None) -> Tensor"
)
def searchsorted_scalar(
    boundaries: SymTensor, value: Any, out_int32: bool, right: bool, side: str | None, sorter: SymTensor | None
) -> SymTensor:
    """Where a number would be inserted into a sorted sequence."""
    values = full((), value, boundaries.dtype)
    return _search(boundaries, values, out_int32, _side(right, side), sorter)


@aten("bucketize.Tensor(Tensor self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor")
def bucketize(values: SymTensor, boundaries: SymTensor, out_int32: bool, right: bool) -> SymTensor:
    """The number of the interval in which each value lies."""
    if boundaries.rank != 1:
        raise OperatorError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.rank})")
    return _search(boundaries, values, out_int32, bool(right), None)


@aten("bucketize.Scalar(Scalar self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor")
def bucketize_scalar(value: Any, boundaries: SymTensor, out_int32: bool, right: bool) -> SymTensor:
    """The number of the interval in which a number lies."""
    return bucketize(full((), value, boundaries.dtype), boundaries, out_int32, right)
