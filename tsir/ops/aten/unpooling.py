"""The inverse of pooling and of sliding windows, and pooling by windows at random places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.aten.convolution import spread
from tsir.ops.core import reductions
from tsir.ops.core.creation import full, iota
from tsir.ops.core.elementwise import binary, convert, where
from tsir.ops.core.indexing import check_range, gather, scatter
from tsir.ops.core.slices import slice
from tsir.ops.core.views import broadcast_to, reshape, unsqueeze
from tsir.ops.registry import aten
from tsir.ops.sizes import Size, numel
from tsir.ops.tensor import SymTensor, as_size, dtype_label, require_int


def _unpool(x: SymTensor, indices: SymTensor, output: Sequence[Any], spatial: int) -> SymTensor:
    if indices.dtype is not dtypes.int64:
        raise OperatorError("elements in indices should be type int64 but got: " + dtype_label(indices.dtype))
    if x.rank not in (spatial + 1, spatial + 2):
        raise OperatorError(f"Input to max_unpooling{spatial}d should be a {spatial + 1}d or {spatial + 2}d Tensor, but got "
                            f"{x.rank} dimensions")  # fmt: skip
    if x.rank != indices.rank or any(a != b for a, b in zip(x.shape, indices.shape, strict=True)):
        raise OperatorError(f"Expected shape of indices to be same as that of the input tensor ({list(x.shape)}) but got "
                            f"indices tensor with shape: {list(indices.shape)}")  # fmt: skip
    sizes = [as_size(s) for s in output]
    if len(sizes) != spatial:
        raise OperatorError(f"There should be exactly {spatial} elements in output_size, but got {len(sizes)} elements.")
    lead = x.shape[: x.rank - spatial]
    count, total = numel(x.shape[x.rank - spatial :]), numel(sizes)
    check_range(indices, 0, total, "RuntimeError", "Found an invalid max index: indices must lie within output_size")
    flat = (numel(lead), count)
    start = full((numel(lead), total), False if x.dtype is dtypes.bool_ else 0, x.dtype)
    return reshape(scatter(start, 1, reshape(indices, flat), reshape(x, flat), "set"), (*lead, *sizes))


@aten("max_unpool2d(Tensor self, Tensor indices, SymInt[2] output_size) -> Tensor")
def max_unpool2d(x: SymTensor, indices: SymTensor, output: Sequence[Any]) -> SymTensor:
    """Images of zeros with the elements at the positions that `max_pool2d` gave."""
    return _unpool(x, indices, output, 2)


@aten("max_unpool3d(Tensor self, Tensor indices, SymInt[3] output_size, int[3] stride, int[3] padding) -> Tensor")
def max_unpool3d(x: SymTensor, indices: SymTensor, output: Sequence[Any], stride: Any, padding: Any) -> SymTensor:
    """Volumes of zeros with the elements at the positions that `max_pool3d` gave."""
    return _unpool(x, indices, output, 3)


# Windows at random places ---------------------------------------------------------------------------------------------


def _starts(samples: SymTensor, size: int, kernel: int, out: int) -> SymTensor:
    """Where the windows of one dimension begin: [..., out], for random numbers [...]."""
    steps = iota(out, dtypes.int64)
    if out == 1:
        return broadcast_to(
            unsqueeze(convert(binary("mul", samples, 0.0), dtypes.int64) + (size - kernel), -1), (*samples.shape, 1)
        )
    alpha = (size - kernel) / (out - 1)
    sample = unsqueeze(samples, -1)

    def whole(x: SymTensor) -> SymTensor:
        return convert(binary("mul", x, alpha), dtypes.int64)

    places = binary("sub", whole(binary("add", convert(steps, samples.dtype), sample)), whole(sample))
    return where(binary("eq", steps, out - 1), size - kernel, places)


def _fractional(x: SymTensor, kernel: Any, output: Any, samples: SymTensor, spatial: int) -> tuple[SymTensor, SymTensor]:
    name = f"fractional_max_pool{spatial}d"
    if x.rank not in (spatial + 1, spatial + 2):
        raise OperatorError(f"{name}(): Expected {spatial + 1}D or {spatial + 2}D tensor, but got: {list(x.shape)}")
    if x.dtype.category is not Category.FLOAT:
        raise OperatorNotImplementedError(f'"{name}_out_frame" not implemented for {dtype_label(x.dtype)!r}')
    windows, outputs = spread(kernel, spatial, "kernel_size"), spread(output, spatial, "output_size")
    y = x if x.rank == spatial + 2 else reshape(x, (1, *x.shape))
    lead = y.shape[:2]
    sizes = [require_int(s, "a spatial size") for s in y.shape[2:]]
    for size, k, out in zip(sizes, windows, outputs, strict=True):
        if out + k - 1 > size:
            raise OperatorError(f"{name}(): pool size {k} too large relative to input size {size}")
    if samples.rank != 3 or samples.shape[2] != spatial or samples.dtype is not x.dtype:
        raise OperatorError(f"{name}(): Expect _random_samples to be of shape (N, C, {spatial}) and of the input's dtype")
    rank = 2 + 2 * spatial
    index: SymTensor | None = None
    for i, (size, k, out) in enumerate(zip(sizes, windows, outputs, strict=True)):
        which = i if spatial == 3 else spatial - 1 - i  # in two dimensions, the first number is that of the columns
        sample = reshape(slice(samples, 2, which, which + 1, 1), samples.shape[:2])
        starts = _starts(sample, size, k, out)
        shape: list[Size] = [*starts.shape[:2], *[1] * (rank - 2)]
        shape[2 + i] = out
        offsets: list[Size] = [1] * rank
        offsets[2 + spatial + i] = k
        place = binary("add", reshape(starts, shape), reshape(iota(k, dtypes.int64), offsets))
        index = place if index is None else binary("add", binary("mul", index, size), place)
    assert index is not None
    count = math.prod(windows)
    flat = reshape(broadcast_to(index, (*lead, *outputs, *windows)), (*lead, math.prod(outputs) * count))
    found = reshape(gather(reshape(y, (*lead, math.prod(sizes))), 2, flat), (*lead, math.prod(outputs), count))
    best = reductions.argmax(found, 3, True)
    values = reductions.amax(found, (3,), False)
    places = gather(reshape(flat, found.shape), 3, best)
    final = (*(lead if x.rank == spatial + 2 else lead[1:]), *outputs)
    return reshape(values, final), reshape(places, final)


for _n in (2, 3):
    aten(
        f"fractional_max_pool{_n}d(Tensor self, int[{_n}] kernel_size, int[{_n}] output_size, Tensor random_samples) -> "
        "(Tensor, Tensor)"
    )(lambda x, kernel, output, samples, n=_n: _fractional(x, kernel, output, samples, n))


# Columns to images ----------------------------------------------------------------------------------------------------


@aten(
    "col2im(Tensor self, SymInt[2] output_size, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor"
)
def col2im(x: SymTensor, output: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> SymTensor:
    """Images of which the columns are windows, added where these overlap: (N, C * kernel, windows) to (N, C, H, W)."""
    if x.rank not in (2, 3):
        raise OperatorError(
            f"Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size, but got {list(x.shape)}"
        )
    sizes = [require_int(s, "output_size") for s in output]
    sizes = sizes * 2 if len(sizes) == 1 else sizes
    k, d, p, s = (
        spread(v, 2, n)
        for v, n in ((kernel, "kernel_size"), (dilation, "dilation"), (padding, "padding"), (stride, "stride"))
    )
    if any(v <= 0 for v in (*k, *d, *s)) or any(v < 0 for v in p):
        raise OperatorError("col2im: kernel_size, dilation and stride should be greater than zero, padding not negative")
    y = reshape(x, (1, *x.shape)) if x.rank == 2 else x
    batch, rows, windows = y.shape
    counts = [(sizes[i] + 2 * p[i] - d[i] * (k[i] - 1) - 1) // s[i] + 1 for i in range(2)]
    taps = math.prod(k)
    channels = rows // taps
    if channels * taps != rows:
        raise OperatorError(f"Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
                            f"input.size(1)={rows} and kernel_size={tuple(k)}")  # fmt: skip
    if min(counts) < 1 or windows != counts[0] * counts[1]:
        raise OperatorError(f"Given output_size={tuple(sizes)}, kernel_size={tuple(k)}, dilation={tuple(d)}, padding={tuple(p)}, "
                            f"stride={tuple(s)}, expected size of input's dimension 2 to match the calculated number of sliding "
                            f"blocks {counts[0]} * {counts[1]} = {counts[0] * counts[1]}, but got {windows}.")  # fmt: skip
    wide = [size + 2 * pad for size, pad in zip(sizes, p, strict=True)]

    def positions(i: int) -> SymTensor:
        """The row (column) that each tap meets in each window, for broadcasting over [kh, kw, windows h, windows w]."""
        tap: list[Size] = [1, 1, 1, 1]
        window: list[Size] = [1, 1, 1, 1]
        tap[i], window[2 + i] = k[i], counts[i]
        taps_of = reshape(binary("mul", iota(k[i], dtypes.int64), d[i]), tap)
        return binary("add", taps_of, reshape(binary("mul", iota(counts[i], dtypes.int64), s[i]), window))

    place = reshape(binary("add", binary("mul", positions(0), wide[1]), positions(1)), (1, taps * counts[0] * counts[1]))
    flat = (batch * channels, taps * counts[0] * counts[1])
    start = full((batch * channels, math.prod(wide)), 0, y.dtype)
    found = scatter(start, 1, broadcast_to(place, flat), reshape(y, flat), "add")
    found = reshape(found, (batch, channels, *wide))
    for i in range(2):
        found = slice(found, 2 + i, p[i], p[i] + sizes[i], 1)
    return reshape(found, found.shape[1:]) if x.rank == 2 else found
