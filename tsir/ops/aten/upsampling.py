"""Resampling on grids: interpolation to another size, sampling at points, sliding windows as columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from xdsl.ir.affine import AffineExpr

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.aten.convolution import spread
from tsir.ops.aten.precision import in_float32
from tsir.ops.aten.sampling import cubic_weights
from tsir.ops.builder import affine_map, current, identity_map
from tsir.ops.core import reductions
from tsir.ops.core.contraction import contract
from tsir.ops.core.creation import iota
from tsir.ops.core.elementwise import binary, clamp, convert, unary, where
from tsir.ops.core.indexing import index_select
from tsir.ops.core.numbers import number_binary
from tsir.ops.core.slices import concat, pad, slice
from tsir.ops.core.views import reshape, unsqueeze
from tsir.ops.registry import aten
from tsir.ops.sizes import Size, size_max
from tsir.ops.tensor import SymTensor, as_size, dtype_label, require_bool, require_int, require_number, wrap_dim

Resize = Callable[[SymTensor, int, Size, Any, bool], SymTensor]
"""Resamples one dimension to a size, with the scale that was asked for (None: that of the sizes) and `align_corners`."""

_LETTERS = "abcdefgh"


def _ratio(size: Size, out: Size, scale: Any) -> Any:
    """How far the source moves for each step of the result."""
    if scale is not None and require_number(scale, "scale_factor") > 0:
        return 1.0 / float(require_number(scale, "scale_factor"))
    if isinstance(size, int) and isinstance(out, int):
        return size / out
    return number_binary("div", size, out)


def _positions(x: SymTensor, dim: int, out: Size, scale: Any, align: bool, clip: bool, dtype: DType) -> SymTensor:
    """Where each element of the result lies in the source, as a float."""
    size = x.shape[dim]
    number = convert(iota(out, dtypes.int64), dtype)
    if align:
        # One element stays at 0, whatever it is multiplied by.
        step = _ratio(size - 1, size_max(out - 1, 1), None)
        return binary("mul", number, step)
    source = binary("mul", number + 0.5, _ratio(size, out, scale)) - 0.5
    return clamp(source, 0.0, None) if clip else source


def _linear(x: SymTensor, dim: int, out: Size, scale: Any, align: bool) -> SymTensor:
    """Each element is a mean of its two neighbours in the source: a product with a matrix of at most two weights a row."""
    size = x.shape[dim]
    if scale is None and isinstance(size, int) and isinstance(out, int) and size == out:
        return x
    source = binary("minimum", _positions(x, dim, out, scale, align, True, x.dtype), _last(size, x.dtype))
    distance = unary("abs", binary("sub", unsqueeze(source, 1), convert(iota(size, dtypes.int64), x.dtype)))
    weights = clamp(binary("sub", 1.0, distance), 0.0, None)
    letters = _LETTERS[: x.rank]
    result = letters.replace(letters[dim], "o")
    return contract(f"{letters},o{letters[dim]}->{result}", x, weights)


def _last(size: Size, dtype: DType) -> SymTensor:
    """The last position of a dimension as a 0-d tensor."""
    from tsir.ops.core.creation import full

    return full((), size - 1, dtype)


def _nearest(x: SymTensor, dim: int, out: Size, scale: Any, align: bool, offset: float) -> SymTensor:
    size = x.shape[dim]
    number = convert(iota(out, dtypes.int64), dtypes.float32)
    source = unary("floor", binary("mul", number + offset if offset else number, _ratio(size, out, scale)))
    index = binary("minimum", convert(source, dtypes.int64), _last(size, dtypes.int64))
    return index_select(x, dim, index)


def _cubic(x: SymTensor, dim: int, out: Size, scale: Any, align: bool) -> SymTensor:
    """Keys' cubic convolution with a = -0.75; the edge is repeated."""
    size = x.shape[dim]
    source = _positions(x, dim, out, scale, align, False, x.dtype)
    start = unary("floor", source)
    t = binary("sub", source, start)

    weights = cubic_weights(t)
    total: SymTensor | None = None
    for k, weight in enumerate(weights):
        place = binary("minimum", clamp(convert(start, dtypes.int64) + (k - 1), 0, None), _last(size, dtypes.int64))
        shape = [out if d == dim else 1 for d in range(x.rank)]
        part = binary("mul", index_select(x, dim, place), reshape(weight, shape))
        total = part if total is None else binary("add", total, part)
    assert total is not None
    return total


def _resized(
    x: SymTensor, output: Sequence[Any], scales: Sequence[Any], align: bool, spatial: int, resize: Resize, floats: bool
) -> SymTensor:
    if x.rank != spatial + 2:
        raise OperatorError(f"It is expected input_size equals to {spatial + 2}, but got size {x.rank}")
    if floats and x.dtype.category is not Category.FLOAT:
        raise OperatorNotImplementedError(f'"compute_indices_weights" not implemented for {dtype_label(x.dtype)!r}')
    sizes = [as_size(s) for s in output]
    if len(sizes) != spatial:
        raise OperatorError(f"It is expected output_size equals to {spatial}, but got size {len(sizes)}")
    for size in (*x.shape[2:], *sizes):
        if isinstance(size, int) and size <= 0:
            raise OperatorError(
                f"Input and output sizes should be greater than 0, but got input {list(x.shape[2:])} output {sizes}"
            )
    return _resample(x, sizes, scales, align, resize)


@in_float32
def _resample(x: SymTensor, sizes: Sequence[Size], scales: Sequence[Any], align: bool, resize: Resize) -> SymTensor:
    for i in reversed(range(len(sizes))):
        x = resize(x, 2 + i, sizes[i], scales[i], align)
    return x


_SCALES = {1: "float? scales=None", 2: "float? scales_h=None, float? scales_w=None"}
_SCALES[3] = "float? scales_d=None, " + _SCALES[2]


def _declare(name: str, spatial: int, resize: Resize, aligned: bool) -> None:
    flag = "bool align_corners, " if aligned else ""

    def direct(x: SymTensor, output: Sequence[Any], *rest: Any) -> SymTensor:
        align = require_bool(rest[0], "align_corners") if aligned else False
        scales = rest[1:] if aligned else rest
        return _resized(x, output, scales, align, spatial, resize, aligned)

    def by_vector(x: SymTensor, output: Sequence[Any] | None, *rest: Any) -> SymTensor:
        align = require_bool(rest[0], "align_corners") if aligned else False
        factors = rest[-1]
        if (output is None) == (factors is None):
            raise OperatorError("Must specify exactly one of output_size and scale_factors")
        if output is not None:
            return _resized(x, output, [None] * spatial, align, spatial, resize, aligned)
        scales = [float(require_number(f, "scale_factors")) for f in factors]
        if len(scales) != spatial:
            raise OperatorError(f"It is expected scale_factors has {spatial} elements, but got {len(scales)}")
        sizes = [_scaled_size(s, f) for s, f in zip(x.shape[2:], scales, strict=True)]
        return _resized(x, sizes, scales, align, spatial, resize, aligned)

    aten(f"{name}(Tensor self, SymInt[{spatial}] output_size, {flag}{_SCALES[spatial]}) -> Tensor")(direct)
    aten(f"{name}.vec(Tensor input, SymInt[]? output_size, {flag}float[]? scale_factors) -> Tensor", out=False)(by_vector)


def _scaled_size(size: Size, factor: float) -> Size:
    if isinstance(size, int):
        return int(size * factor)
    if factor.is_integer():
        return size * int(factor)
    if (1 / factor).is_integer():
        return size // int(1 / factor)
    return int(require_int(size, "a size to scale") * factor)


for _n, _name in ((1, "upsample_linear1d"), (2, "upsample_bilinear2d"), (3, "upsample_trilinear3d")):
    _declare(_name, _n, _linear, True)
    _declare(f"upsample_nearest{_n}d", _n, partial(_nearest, offset=0.0), False)
    _declare(f"_upsample_nearest_exact{_n}d", _n, partial(_nearest, offset=0.5), False)
_declare("upsample_bicubic2d", 2, _cubic, True)


# Antialiasing -----------------------------------------------------------------------------------------------------------


def _antialiased(width: int, kernel: Callable[[SymTensor], SymTensor]) -> Resize:
    """Means with a kernel of `width` that is stretched when the result is smaller than the source."""

    def resize(x: SymTensor, dim: int, out: Size, scale: Any, align: bool) -> SymTensor:
        size, count = require_int(x.shape[dim], "a spatial size"), require_int(out, "output_size")
        step = ((size - 1) / (count - 1) if count > 1 else 0.0) if align else float(_ratio(size, count, scale))
        stretch = max(step, 1.0)
        support = width / 2 * stretch
        centre = (convert(iota(count, dtypes.int64), x.dtype) + 0.5) * step
        first = clamp(unary("floor", clamp(centre - (support - 0.5), 0, None)), 0, None)
        last = clamp(unary("floor", centre + (support + 0.5)), None, size)
        number = convert(iota(size, dtypes.int64), x.dtype)
        weights = kernel(binary("sub", number + 0.5, unsqueeze(centre, 1)) * (1.0 / stretch))
        inside = binary("logical_and", binary("ge", number, unsqueeze(first, 1)), binary("lt", number, unsqueeze(last, 1)))
        weights = where(inside, weights, 0.0)
        weights = binary("div", weights, reductions.sum(weights, (1,), True))
        letters = _LETTERS[: x.rank]
        return contract(f"{letters},o{letters[dim]}->{letters.replace(letters[dim], 'o')}", x, weights)

    return resize


def _triangle(x: SymTensor) -> SymTensor:
    return clamp(binary("sub", 1.0, unary("abs", x)), 0.0, None)


def _keys(x: SymTensor) -> SymTensor:
    a = -0.5
    d = unary("abs", x)
    near = (d * (a + 2) - (a + 3)) * d * d + 1
    far = ((d * a - 5 * a) * d + 8 * a) * d - 4 * a
    return where(binary("lt", d, 1.0), near, where(binary("lt", d, 2.0), far, 0.0))


def _lanczos(x: SymTensor) -> SymTensor:
    """sinc(x) sinc(x / 3), which is 0 from 3 on."""
    product = binary("mul", unary("sin", x * math.pi), unary("sin", x * (math.pi / 3.0)))
    inside = binary("div", product, binary("mul", x, x) * (math.pi * math.pi / 3.0))
    found = where(binary("lt", unary("abs", x), 3.0), inside, 0.0)
    return where(binary("eq", x, 0.0), 1.0, found)


_declare("_upsample_bilinear2d_aa", 2, _antialiased(2, _triangle), True)
_declare("_upsample_bicubic2d_aa", 2, _antialiased(4, _keys), True)
_declare("_upsample_lanczos2d_aa", 2, _antialiased(6, _lanczos), True)


# Windows as columns ---------------------------------------------------------------------------------------------------


@aten("unfold(Tensor(a) self, int dimension, int size, int step) -> Tensor(a)")
def unfold(x: SymTensor, dimension: int, size: int, step: int) -> SymTensor:
    """Windows of a dimension: their number takes its place, their elements are a new last dimension."""
    at, length, stride = wrap_dim(dimension, x.rank), require_int(size, "size"), require_int(step, "step")
    if not x.shape:
        if length > 1:
            raise OperatorError(f"maximum size for tensor at dimension 0 is 1 but size is {length}")
        return slice(reshape(x, (1,)), 0, 0, length, 1)
    if stride <= 0:
        raise OperatorError(f"step is {stride} but must be > 0")
    total = x.shape[at]
    if length > total:
        raise OperatorError(f"maximum size for tensor at dimension {at} is {total} but size is {length}")
    count = (total - length) // stride + 1
    shape = (*x.shape[:at], count, *x.shape[at + 1 :], length)
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, shape)
    place: list[Any] = list(range(x.rank))
    place[at] = AffineExpr.dimension(at) * stride + AffineExpr.dimension(x.rank)
    (result,) = b.generic(
        (x.ssa,),
        (affine_map(len(shape), place),),
        (b.empty(x.dtype, shape),),
        (identity_map(len(shape)),),
        "p" * len(shape),
        lambda e, v: (v[0],),
    )
    return SymTensor(x.dtype, shape, result)


@aten("im2col(Tensor self, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor")
def im2col(x: SymTensor, kernel: Any, dilation: Any, padding: Any, stride: Any) -> SymTensor:
    """The windows of images as columns: (N, C, H, W) to (N, C * kernel, number of windows)."""
    if x.rank not in (3, 4):
        raise OperatorError(f"Expected 3D or 4D (batch mode) tensor, but got {list(x.shape)}")
    y = reshape(x, (1, *x.shape)) if x.rank == 3 else x
    k, d, p, s = (
        spread(v, 2, n)
        for v, n in ((kernel, "kernel_size"), (dilation, "dilation"), (padding, "padding"), (stride, "stride"))
    )
    y = pad(y, [0, 0, *p], [0, 0, *p], 0.0 if y.dtype.category >= Category.FLOAT else 0)
    batch, channels, *sizes = y.shape
    counts = [(size - d[i] * (k[i] - 1) - 1) // s[i] + 1 for i, size in enumerate(sizes)]
    taps: list[SymTensor] = []
    for i in range(k[0]):
        for j in range(k[1]):
            rows = slice(y, 2, i * d[0], i * d[0] + (counts[0] - 1) * s[0] + 1, s[0])
            taps.append(unsqueeze(slice(rows, 3, j * d[1], j * d[1] + (counts[1] - 1) * s[1] + 1, s[1]), 2))
    columns = concat(taps, 2) if len(taps) > 1 else taps[0]
    found = reshape(columns, (batch, channels * math.prod(k), counts[0] * counts[1]))
    return reshape(found, found.shape[1:]) if x.rank == 3 else found
