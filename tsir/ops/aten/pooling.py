"""Pooling: largest elements and means of windows, of fixed or adaptive size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.aten.convolution import spread
from tsir.ops.aten.indexing import gather
from tsir.ops.aten.precision import in_float32
from tsir.ops.core import reductions
from tsir.ops.core.checks import check_number
from tsir.ops.core.creation import full, iota
from tsir.ops.core.elementwise import binary, convert
from tsir.ops.core.slices import concat, pad, slice
from tsir.ops.core.views import broadcast_to, reshape, unsqueeze
from tsir.ops.core.windows import reduce_windows
from tsir.ops.registry import aten
from tsir.ops.sizes import Size
from tsir.ops.tensor import SymTensor, dtype_label, require_bool, require_int

Edges = list[tuple[Size, Size]]


def _check_rank(x: SymTensor, spatial: int, name: str) -> None:
    if x.rank not in (spatial + 1, spatial + 2):
        raise OperatorError(
            f"{name}: Expected {spatial + 1}D or {spatial + 2}D (batch mode) tensor for input, but got {list(x.shape)}"
        )
    if x.dtype is dtypes.bool_ or x.is_complex:
        raise OperatorNotImplementedError(f'"{name}" not implemented for {dtype_label(x.dtype)!r}')


def _windows(size: Size, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> tuple[Size, Size]:
    """How many windows there are, and how many elements beyond the padding the last one needs."""
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (span + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (count - 1) * stride >= size + padding:
        count = count - 1
    if count <= 0:
        raise OperatorError(f"Output size is too small: {size} elements, a kernel of {kernel}, padding {padding}")
    needed = (count - 1) * stride + dilation * (kernel - 1) + 1
    return count, needed - (size + 2 * padding)


def _geometry(
    x: SymTensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, spatial: int
) -> tuple[list[int], list[int], Edges, list[int]]:
    """Kernel, stride, padding before and after each dimension, dilation."""
    if any(size == 0 for size in x.shape[x.rank - spatial - 1 :]):
        raise OperatorError(f"Expected input's non-batch dimensions to have positive length, but got {list(x.shape)}")
    kernels = spread(kernel, spatial, "kernel_size")
    strides = kernels if not isinstance(stride, int) and not stride else spread(stride, spatial, "stride")
    paddings, dilations = spread(padding, spatial, "padding"), spread(dilation, spatial, "dilation")
    edges: Edges = []
    for i in range(spatial):
        k, s, p, d = kernels[i], strides[i], paddings[i], dilations[i]
        if s <= 0:
            raise OperatorError("stride should not be zero")
        if d <= 0:
            raise OperatorError(f"dilation must be greater than zero, but got {d}")
        if p < 0 or 2 * p > (d * (k - 1) + 1):
            raise OperatorError(
                f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and dilation={d}"
            )
        size = x.shape[x.rank - spatial + i]
        _, beyond = _windows(size, k, s, p, d, ceil_mode)
        edges.append((p, p + beyond if ceil_mode else p))
    return kernels, strides, edges, dilations


def _lowest(x: SymTensor) -> Any:
    if x.dtype.category is Category.FLOAT:
        return -math.inf
    return -(2 ** (8 * x.dtype.itemsize - 1)) if x.dtype.signed else 0


def _cropped(x: SymTensor, edges: Edges) -> tuple[SymTensor, Edges]:
    """Negative padding after the end (windows that stop before it) as a slice."""
    spatial = len(edges)
    kept: Edges = []
    for i, (before, after) in enumerate(edges):
        at = x.rank - spatial + i
        if isinstance(after, int) and after < 0:
            x, after = slice(x, at, 0, x.shape[at] + after, 1), 0
        kept.append((before, after))
    return x, kept


def max_pool(
    x: SymTensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, spatial: int
) -> SymTensor:
    """The largest element of each window."""
    _check_rank(x, spatial, f"max_pool{spatial}d")
    k, s, edges, d = _geometry(x, kernel, stride, padding, dilation, require_bool(ceil_mode, "ceil_mode"), spatial)
    x, edges = _cropped(x, edges)
    return reduce_windows("max", x, k, s, edges, d, _lowest(x))


def max_pool_with_indices(
    x: SymTensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, spatial: int
) -> tuple[SymTensor, SymTensor]:
    """The largest element of each window and its position in the flattened spatial dimensions."""
    _check_rank(x, spatial, f"max_pool{spatial}d")
    k, s, edges, d = _geometry(x, kernel, stride, padding, dilation, require_bool(ceil_mode, "ceil_mode"), spatial)
    lead = x.rank - spatial
    sizes = x.shape[lead:]
    positions = reshape(iota(_product(sizes), dtypes.int64), sizes)
    zeros = [0] * lead
    x, edges = _cropped(x, edges)
    values = reduce_windows("max", x, k, s, edges, d, _lowest(x))  # apart from the positions, which often nobody wants
    padded = pad(x, [*zeros, *(b for b, _ in edges)], [*zeros, *(a for _, a in edges)], _lowest(x))
    places, inner = _cropped(positions, edges)
    places = pad(places, [b for b, _ in inner], [a for _, a in inner], -1)
    taps = _taps(padded, k, s, d, spatial)
    tap_places = _taps(places, k, s, d, spatial)
    stacked = concat([unsqueeze(t, t.rank) for t in taps], taps[0].rank)
    best = reductions.argmax(stacked, stacked.rank - 1, False)
    where_from = concat([unsqueeze(t, t.rank) for t in tap_places], tap_places[0].rank)
    wide = broadcast_to(reshape(where_from, (*[1] * lead, *where_from.shape)), stacked.shape)
    index = gather(wide, wide.rank - 1, unsqueeze(best, best.rank))
    return values, reshape(index, values.shape)


def _product(sizes: Sequence[Size]) -> Size:
    result: Size = 1
    for size in sizes:
        result = result * size
    return result


def _taps(
    x: SymTensor, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], spatial: int
) -> list[SymTensor]:
    """For each element of the kernel, what it meets in all windows."""
    parts = [x]
    for i in range(spatial):
        at = x.rank - spatial + i
        span = dilation[i] * (kernel[i] - 1)
        count = (x.shape[at] - span - 1) // stride[i] + 1
        parts = [
            slice(p, at, tap * dilation[i], tap * dilation[i] + (count - 1) * stride[i] + 1, stride[i])
            for p in parts
            for tap in range(kernel[i])
        ]
    return parts


def _declare_max_pool(n: int) -> None:
    padding, dilation = ("0", "1") if n > 1 else ("[0]", "[1]")
    arguments = (
        f"Tensor self, int[{n}] kernel_size, int[{n}] stride=[], int[{n}] padding={padding}, int[{n}] dilation={dilation}, "
        "bool ceil_mode=False"
    )
    aten(f"max_pool{n}d({arguments}) -> Tensor", out=False)(partial(max_pool, spatial=n))
    aten(f"max_pool{n}d_with_indices({arguments}) -> (Tensor, Tensor)")(partial(max_pool_with_indices, spatial=n))


@in_float32
def avg_pool(
    x: SymTensor,
    kernel: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
    spatial: int,
) -> SymTensor:
    """The mean of each window; padding counts unless `count_include_pad` is False."""
    _check_rank(x, spatial, f"avg_pool{spatial}d")
    if x.dtype.category is not Category.FLOAT and x.dtype is not dtypes.int64:
        raise OperatorNotImplementedError(f'"avg_pool{spatial}d_out_frame" not implemented for {dtype_label(x.dtype)!r}')
    if divisor is not None and divisor == 0:
        raise OperatorError("divisor must be not zero")
    is_ceil = require_bool(ceil_mode, "ceil_mode")
    k, s, edges, d = _geometry(x, kernel, stride, padding, [1] * spatial, is_ceil, spatial)
    paddings = spread(padding, spatial, "padding")
    lead = x.rank - spatial
    sizes = x.shape[lead:]
    y, edges = _cropped(x, edges)
    zero = 0 if x.dtype is dtypes.int64 else 0.0
    total = reduce_windows("sum", y, k, s, edges, d, zero)
    if divisor is not None:
        return _divided(total, divisor)
    whole = all(p == 0 for p in paddings) and not is_ceil
    if whole or (count_include_pad and not is_ceil):
        return _divided(total, math.prod(k))
    # The number of elements differs at the edges: count ones, padded by ones where the padding counts.
    ones = full(tuple(sizes), 1, x.dtype)
    if count_include_pad:
        ones = pad(ones, paddings, paddings, 1 if x.dtype is dtypes.int64 else 1.0)
        rest = [a - p for (_, a), p in zip(edges, paddings, strict=True)]
        ones, inner = _cropped(ones, [(0, r) for r in rest])
    else:
        ones, inner = _cropped(ones, edges)
    counts = reduce_windows("sum", ones, k, s, inner, d, zero)
    return _divided(total, counts)


def _divided(total: SymTensor, by: Any) -> SymTensor:
    return binary("truncdiv", total, by) if total.dtype is dtypes.int64 else binary("div", total, by)


def _declare_avg_pool(n: int) -> None:
    padding = "0" if n > 1 else "[0]"
    tail = ", int? divisor_override=None" if n > 1 else ""
    aten(
        f"avg_pool{n}d(Tensor self, int[{n}] kernel_size, int[{n}] stride=[], int[{n}] padding={padding}, "
        f"bool ceil_mode=False, bool count_include_pad=True{tail}) -> Tensor"
    )(partial(avg_pool, divisor=None, spatial=1) if n == 1 else partial(avg_pool, spatial=n))


# Adaptive -------------------------------------------------------------------------------------------------------------


def _adaptive_sizes(x: SymTensor, output: Any, spatial: int) -> list[int]:
    values = [output] if not isinstance(output, list | tuple) else list(output)
    if len(values) == 1:
        values = values * spatial
    if len(values) != spatial:
        raise OperatorError(f"adaptive pooling: output_size must have {spatial} elements, but has {len(values)}")
    lead = x.rank - spatial
    for v in values:
        if v is not None:
            check_number(v, "ge", 0, "adaptive pooling: elements of output_size must be greater than or equal to 0, got {0}")
    return [require_int(x.shape[lead + i] if v is None else v, "output_size") for i, v in enumerate(values)]


@in_float32
def adaptive_avg_pool(x: SymTensor, output: Any, spatial: int) -> SymTensor:
    """Means of as many windows as are wanted; window i of o over n elements is `[i n // o, ceil((i + 1) n / o))`."""
    _check_rank(x, spatial, f"adaptive_avg_pool{spatial}d")
    if x.dtype.category is not Category.FLOAT:
        raise OperatorNotImplementedError(f'"adaptive_avg_pool{spatial}d_cpu" not implemented for {dtype_label(x.dtype)!r}')
    outputs = _adaptive_sizes(x, output, spatial)
    lead = x.rank - spatial
    if all(o == 1 for o in outputs):
        dims = tuple(range(lead, x.rank))
        return binary("div", reductions.sum(x, dims, True), _product(x.shape[lead:]))
    for i, out in enumerate(outputs):
        x = _adaptive(x, lead + i, out, "sum")
    return x


def _adaptive(x: SymTensor, dim: int, out: int, kind: str) -> SymTensor:
    """One dimension of adaptive pooling: equal windows as one reduction, others one by one."""
    size = x.shape[dim]
    if size % out == 0:
        each = size // out
        parts = reshape(x, (*x.shape[:dim], out, each, *x.shape[dim + 1 :]))
        if kind == "max":
            return reductions.amax(parts, (dim + 1,), False)
        return binary("div", reductions.sum(parts, (dim + 1,), False), each)
    known = require_int(size, "a size that isn't a multiple of output_size")
    pieces: list[SymTensor] = []
    for i in range(out):
        first, last = i * known // out, -((-(i + 1) * known) // out)
        piece = slice(x, dim, first, last, 1)
        if kind == "max":
            pieces.append(reductions.amax(piece, (dim,), True))
        else:
            pieces.append(binary("div", reductions.sum(piece, (dim,), True), last - first))
    return concat(pieces, dim)


def adaptive_max_pool(x: SymTensor, output: Any, spatial: int) -> tuple[SymTensor, SymTensor]:
    """The largest elements of as many windows as are wanted, and their positions in the flattened spatial dimensions."""
    _check_rank(x, spatial, f"adaptive_max_pool{spatial}d")
    outputs = _adaptive_sizes(x, output, spatial)
    lead = x.rank - spatial
    sizes = [require_int(s, "a spatial size") for s in x.shape[lead:]]
    positions = reshape(iota(math.prod(sizes), dtypes.int64), sizes)
    values: list[SymTensor] = []
    places: list[SymTensor] = []
    cells: list[list[tuple[int, int]]] = [[]]
    for size, out in zip(sizes, outputs, strict=True):
        windows = [(i * size // out, -((-(i + 1) * size) // out)) for i in range(out)]
        cells = [[*cell, window] for cell in cells for window in windows]
    for cell in cells:
        part, place = x, positions
        for i, (first, last) in enumerate(cell):
            part, place = slice(part, lead + i, first, last, 1), slice(place, i, first, last, 1)
        count = math.prod(last - first for first, last in cell)
        flat = reshape(part, (*x.shape[:lead], count))
        best = reductions.argmax(flat, lead, True)
        values.append(reductions.amax(flat, (lead,), True))
        wide = broadcast_to(reshape(place, (*[1] * lead, count)), (*x.shape[:lead], count))
        places.append(gather(wide, lead, best))
    shape = (*x.shape[:lead], *outputs)
    return reshape(concat(values, lead), shape), convert(reshape(concat(places, lead), shape), dtypes.int64)


for _spatial in (1, 2, 3):
    _declare_max_pool(_spatial)
    _declare_avg_pool(_spatial)
    _kind = "int" if _spatial == 1 else "SymInt"
    aten(f"adaptive_avg_pool{_spatial}d(Tensor self, {_kind}[{_spatial}] output_size) -> Tensor")(
        lambda x, output, n=_spatial: adaptive_avg_pool(x, output, n)
    )
    aten(f"adaptive_max_pool{_spatial}d(Tensor self, int[{_spatial}] output_size) -> (Tensor, Tensor)")(
        lambda x, output, n=_spatial: adaptive_max_pool(x, output, n)
    )
    if _spatial > 1:
        aten(f"_adaptive_avg_pool{_spatial}d(Tensor self, SymInt[{_spatial}] output_size) -> Tensor")(
            lambda x, output, n=_spatial: adaptive_avg_pool(x, output, n)
        )
