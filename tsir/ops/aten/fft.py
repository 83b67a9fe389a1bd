"""torch.fft and the short-time Fourier transform, on three host kernels (`host_fft.py`) and core operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.errors import OperatorError, OperatorIndexError
from tsir.ops.aten.shape import roll
from tsir.ops.core.creation import full, iota
from tsir.ops.core.elementwise import binary, complex, conj, convert, imag, real
from tsir.ops.core.host_calls import call_host
from tsir.ops.core.indexing import index_select, scatter
from tsir.ops.core.slices import concat, pad, slice
from tsir.ops.core.views import broadcast_to, permute, reshape, unsqueeze
from tsir.ops.promotion import default_dtype, int_to_float
from tsir.ops.registry import aten, host
from tsir.ops.sizes import Size
from tsir.ops.tensor import SymTensor, as_size, dtype_label, require_int, wrap_dim, wrap_dims

_HOST = "tsir.ops.host_fft"


@host(
    "_fft_c2c(Tensor self, SymInt[] dim, int normalization, bool forward) -> Tensor",
    implementation=f"{_HOST}:complex_to_complex",
)
def fft_c2c(x: SymTensor, dim: Sequence[int], normalization: int, forward: bool) -> SymTensor:
    """A complex transform over dimensions."""
    if not x.is_complex:
        raise OperatorError(f"Only supports complex dtypes, but found: {dtype_label(x.dtype)}")
    return SymTensor(x.dtype, x.shape)


@host(
    "_fft_r2c(Tensor self, int[] dim, int normalization, bool onesided) -> Tensor", implementation=f"{_HOST}:real_to_complex"
)
def fft_r2c(x: SymTensor, dim: Sequence[int], normalization: int, onesided: bool) -> SymTensor:
    """A transform of real numbers over dimensions."""
    if not x.is_floating_point:
        raise OperatorError(f"Only supports floating point dtypes, but found: {dtype_label(x.dtype)}")
    shape = list(x.shape)
    if onesided:
        shape[dim[-1]] = shape[dim[-1]] // 2 + 1
    return SymTensor(dtypes.to_complex(x.dtype), tuple(shape))


@host(
    "_fft_c2r(Tensor self, int[] dim, int normalization, SymInt last_dim_size) -> Tensor",
    implementation=f"{_HOST}:complex_to_real",
)
def fft_c2r(x: SymTensor, dim: Sequence[int], normalization: int, last_dim_size: Any) -> SymTensor:
    """A transform to real numbers over dimensions."""
    if not x.is_complex:
        raise OperatorError(f"Only supports complex dtypes, but found: {dtype_label(x.dtype)}")
    shape = list(x.shape)
    shape[dim[-1]] = as_size(last_dim_size)
    return SymTensor(dtypes.to_real(x.dtype), tuple(shape))


# torch.fft ------------------------------------------------------------------------------------------------------------

_SCALES: dict[tuple[str | None, bool], int] = {
    (None, True): 0, (None, False): 2, ("backward", True): 0, ("backward", False): 2, ("ortho", True): 1, ("ortho", False): 1,
    ("forward", True): 2, ("forward", False): 0,
}  # fmt: skip


def _normalization(norm: str | None, forward: bool) -> int:
    """ATen's code of how a transform in this direction is scaled."""
    code = _SCALES.get((norm, forward))
    if code is None:
        raise OperatorError(f'Invalid normalization mode: "{norm}"')
    return code


def _promoted(x: SymTensor, name: str, *, real_only: bool = False, to_complex: bool = False) -> SymTensor:
    if real_only and x.is_complex:
        raise OperatorError(f"{name} expects a real input tensor, but got {dtype_label(x.dtype)}")
    if x.dtype in (dtypes.float16, dtypes.bfloat16):
        raise OperatorError(f"Unsupported dtype {dtype_label(x.dtype)}")
    x = convert(x, int_to_float(x.dtype))
    return convert(x, dtypes.to_complex(x.dtype)) if to_complex else x


def _resized(x: SymTensor, dim: int, size: Size) -> SymTensor:
    """Cut, or filled up with zeros, to a size in one dimension."""
    own = x.shape[dim]
    if own == size:
        return x
    if own > size:
        return slice(x, dim, 0, size, 1)
    zeros: list[Size] = [0] * x.rank
    after = list(zeros)
    after[dim] = size - own
    return pad(x, zeros, after, 0)


def _points(n: Any, default: Size) -> Size:
    size = default if n is None else as_size(n)
    if size < 1:
        raise OperatorError(f"Invalid number of data points ({size}) specified")
    return size


def _dimension(x: SymTensor, dim: int) -> int:
    if not x.shape:
        raise OperatorIndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return wrap_dim(dim, x.rank)


def _axes(x: SymTensor, sizes: Any, dims: Any) -> tuple[list[int], list[Size]]:
    """The dimensions of an n-dimensional transform and how many points each has."""
    if dims is not None:
        axes = list(wrap_dims(tuple(dims), x.rank))
    elif sizes is not None:
        if len(sizes) > x.rank:
            raise OperatorError(f"Got shape with {len(sizes)} values but input tensor only has {x.rank} dimensions.")
        axes = list(range(x.rank - len(sizes), x.rank))
    else:
        axes = list(range(x.rank))
    if sizes is None:
        points = [x.shape[d] for d in axes]
    else:
        if len(sizes) != len(axes):
            raise OperatorError("When given, dim and shape arguments must have the same length")
        points = [x.shape[d] if s == -1 else s for d, s in zip(axes, map(as_size, sizes), strict=True)]
    for size in points:
        if size < 1:
            raise OperatorError(f"Invalid number of data points ({size}) specified")
    return axes, points


def _resized_all(x: SymTensor, axes: Sequence[int], points: Sequence[Size]) -> SymTensor:
    for d, size in zip(axes, points, strict=True):
        x = _resized(x, d, size)
    return x


def _complex_transform(x: SymTensor, axes: Sequence[int], norm: str | None, forward: bool) -> SymTensor:
    return call_host("_fft_c2c", x, list(axes), _normalization(norm, forward), forward)


def _declare_complex(forward: bool) -> None:
    prefix = "fft_" if forward else "fft_i"

    @aten(f"{prefix}fft(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor")
    def _(x: SymTensor, n: Any, dim: int, norm: str | None) -> SymTensor:
        at = _dimension(x, dim)
        size = _points(n, x.shape[at])
        return _complex_transform(_resized(_promoted(x, "fft", to_complex=True), at, size), [at], norm, forward)

    @aten(
        f"{prefix}fftn(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> Tensor",
        f"{prefix}fft2(Tensor self, SymInt[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> Tensor",
    )
    def _(x: SymTensor, s: Any, dims: Any, norm: str | None) -> SymTensor:
        axes, points = _axes(x, s, dims)
        return _complex_transform(_resized_all(_promoted(x, "fftn", to_complex=True), axes, points), axes, norm, forward)


_declare_complex(True)
_declare_complex(False)


def _from_real(
    name: str, x: SymTensor, axes: Sequence[int], points: Sequence[Size], norm: str | None, forward: bool
) -> SymTensor:
    x = _resized_all(_promoted(x, name, real_only=True), axes, points)
    found = call_host("_fft_r2c", x, list(axes), _normalization(norm, forward), True)
    return found if forward else conj(found)


def _to_real(x: SymTensor, axes: Sequence[int], points: Sequence[Size], norm: str | None, forward: bool) -> SymTensor:
    """To real numbers; `points` are the result's. The one-sided input has half as many in the last dimension."""
    if not axes:
        raise OperatorError("c2r transform must transform at least one axis")
    stored = [*points[:-1], points[-1] // 2 + 1]
    x = _resized_all(_promoted(x, "irfft", to_complex=True), axes, stored)
    return call_host("_fft_c2r", conj(x) if forward else x, list(axes), _normalization(norm, forward), points[-1])


def _declare_real(forward: bool) -> None:
    """`rfft` and `hfft` go forward, `ihfft` and `irfft` back; h- transforms are the r- ones of the other direction."""
    to_complex, to_real = ("fft_rfft", "fft_hfft") if forward else ("fft_ihfft", "fft_irfft")

    @aten(f"{to_complex}(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor")
    def _(x: SymTensor, n: Any, dim: int, norm: str | None) -> SymTensor:
        at = _dimension(x, dim)
        return _from_real(to_complex.removeprefix("fft_"), x, [at], [_points(n, x.shape[at])], norm, forward)

    @aten(
        f"{to_complex}n(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> Tensor",
        f"{to_complex}2(Tensor self, SymInt[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> Tensor",
    )
    def _(x: SymTensor, s: Any, dims: Any, norm: str | None) -> SymTensor:
        axes, points = _axes(x, s, dims)
        if not axes:
            raise OperatorError(f"{to_complex.removeprefix('fft_')}n must transform at least one axis")
        return _from_real(to_complex.removeprefix("fft_") + "n", x, axes, points, norm, forward)

    @aten(f"{to_real}(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor")
    def _(x: SymTensor, n: Any, dim: int, norm: str | None) -> SymTensor:
        at = _dimension(x, dim)
        return _to_real(x, [at], [_points(n, 2 * (x.shape[at] - 1))], norm, forward)

    @aten(
        f"{to_real}n(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> Tensor",
        f"{to_real}2(Tensor self, SymInt[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> Tensor",
    )
    def _(x: SymTensor, s: Any, dims: Any, norm: str | None) -> SymTensor:
        axes, points = _axes(x, s, dims)
        if axes and (s is None or as_size(s[-1]) == -1):
            points[-1] = _points(None, 2 * (x.shape[axes[-1]] - 1))
        return _to_real(x, axes, points, norm, forward)


_declare_real(True)
_declare_real(False)


def _declare_shift(name: str, shift: Callable[[Size], Size]) -> None:
    @aten(f"{name}(Tensor self, int[1]? dim=None) -> Tensor", out=False)
    def _(x: SymTensor, dims: Any) -> SymTensor:
        axes = list(range(x.rank)) if dims is None else list(wrap_dims(tuple(dims), x.rank))
        return roll(x, [shift(x.shape[d]) for d in axes], axes)


_declare_shift("fft_fftshift", lambda size: size // 2)
_declare_shift("fft_ifftshift", lambda size: (size + 1) // 2)


_FACTORY = "*, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None"


def _frequencies(positions: SymTensor, n: Any, spacing: Any, dtype: DType | None) -> SymTensor:
    result = default_dtype() if dtype is None else dtype
    return binary("mul", convert(positions, result), 1.0 / (require_int(n, "n") * spacing))


@aten(f"fft_fftfreq(int n, float d=1., {_FACTORY}) -> Tensor", out=False)
def fftfreq(n: Any, spacing: Any, dtype: DType | None, *_: Any) -> SymTensor:
    """The frequencies of a transform's points, the negative ones after the others."""
    positive = (require_int(n, "n") + 1) // 2
    positions = iota(n, dtypes.int64)
    wrapped = binary("sub", slice(positions, 0, positive, None, 1), n)
    return _frequencies(concat([slice(positions, 0, 0, positive, 1), wrapped], 0), n, spacing, dtype)


@aten(f"fft_rfftfreq(int n, float d=1., {_FACTORY}) -> Tensor", out=False)
def rfftfreq(n: Any, spacing: Any, dtype: DType | None, *_: Any) -> SymTensor:
    """The frequencies of a one-sided transform's points."""
    return _frequencies(iota(require_int(n, "n") // 2 + 1, dtypes.int64), n, spacing, dtype)


# Short-time transforms ------------------------------------------------------------------------------------------------


def _window(window: SymTensor | None, width: int, points: int, dtype: DType, name: str) -> SymTensor:
    """The window with zeros on both sides up to the number of points; ones by default."""
    if window is None:
        window = full((width,), 1, dtype)
    elif window.rank != 1 or window.shape[0] != width:
        raise OperatorError(f"{name}: expected a 1D window tensor of size equal to win_length={width}, but got window with "
                            f"size {list(window.shape)}")  # fmt: skip
    left = (points - width) // 2
    return pad(window, (left,), (points - width - left,), 0) if width < points else window


@aten(
    "stft(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool normalized=False, "
    "bool? onesided=None, bool? return_complex=None, bool? align_to_window=None) -> Tensor",
    out=False,
)
def stft(
    x: SymTensor,
    n_fft: int,
    hop: int | None,
    width: int | None,
    window: SymTensor | None,
    normalized: bool,
    onesided: bool | None,
    return_complex: bool | None,
    align: bool | None,
) -> SymTensor:
    """Transforms of overlapping, windowed frames: [batch, frequencies, frames]."""
    if x.rank not in (1, 2) or x.dtype.category < Category.FLOAT:
        raise OperatorError(f"stft: expected a 1D or 2D tensor of floating types, got {dtype_label(x.dtype)}{list(x.shape)}")
    points = require_int(n_fft, "n_fft")
    step = points // 4 if hop is None else require_int(hop, "hop_length")
    size = points if width is None else require_int(width, "win_length")
    one = x if x.rank == 2 else unsqueeze(x, 0)
    if points < 1 or points > one.shape[1]:
        raise OperatorError(f"stft: expected 0 < n_fft <= {one.shape[1]}, but got n_fft={points}")
    if step < 1:
        raise OperatorError(f"stft: expected hop_length > 0, but got hop_length={step}")
    if not 0 < size <= points:
        raise OperatorError(f"stft: expected 0 < win_length <= n_fft, but got win_length={size}")
    is_complex = x.is_complex or (window is not None and window.is_complex)
    if return_complex is None and not is_complex:
        raise OperatorError("stft requires the return_complex parameter be given for real inputs, and will further require "
                            "that return_complex=True in a future PyTorch release.")  # fmt: skip
    if is_complex and onesided:
        raise OperatorError("Cannot have onesided output if window or input is complex")
    count = 1 + (one.shape[1] - points) // step
    starts = reshape(binary("mul", iota(count, dtypes.int64), step), (count, 1))
    frames = index_select(one, 1, binary("add", starts, iota(points, dtypes.int64)))
    frames = binary("mul", frames, _window(window, size, points, dtypes.to_real(x.dtype), "stft"))
    code = 1 if normalized else 0
    if is_complex:
        found = call_host("_fft_c2c", convert(frames, dtypes.to_complex(frames.dtype)), [2], code, True)
    else:
        found = call_host("_fft_r2c", frames, [2], code, onesided is not False)
    found = permute(found, (0, 2, 1))
    if x.rank == 1:
        found = reshape(found, found.shape[1:])
    return found if return_complex or return_complex is None else _parts(found)


def _parts(x: SymTensor) -> SymTensor:
    """Real and imaginary part in a last dimension."""
    return concat([unsqueeze(real(x), -1), unsqueeze(imag(x), -1)], x.rank)


@aten(
    "istft(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool center=True, "
    "bool normalized=False, bool? onesided=None, int? length=None, bool return_complex=False) -> Tensor",
    out=False,
)
def istft(
    x: SymTensor,
    n_fft: int,
    hop: int | None,
    width: int | None,
    window: SymTensor | None,
    center: bool,
    normalized: bool,
    onesided: bool | None,
    length: int | None,
    return_complex: bool,
) -> SymTensor:
    """The signal of which `stft` gave these transforms: frames added where they overlap, divided by the windows' squares."""
    if not x.is_complex:
        raise OperatorError("istft requires a complex-valued input tensor matching the output from stft with "
                            "return_complex=True.")  # fmt: skip
    if x.rank not in (2, 3):
        raise OperatorError(f"istft: expected a tensor with 2 or 3 dimensions, but got {x.rank}")
    points = require_int(n_fft, "n_fft")
    step = points // 4 if hop is None else require_int(hop, "hop_length")
    size = points if width is None else require_int(width, "win_length")
    one = x if x.rank == 3 else unsqueeze(x, 0)
    frequencies, count = one.shape[1], one.shape[2]
    half = onesided if onesided is not None else frequencies != points
    if frequencies != (points // 2 + 1 if half else points):
        raise OperatorError(f"istft: expected the frequency dimension (3rd to the last) of the input tensor to match "
                            f"n_fft={points}, but got {frequencies}")  # fmt: skip
    if not 0 < step <= size:
        raise OperatorError("istft: expected 0 < hop_length <= win_length")
    if not 0 < size <= points:
        raise OperatorError("istft: expected 0 < win_length <= n_fft")
    real_dtype = dtypes.to_real(x.dtype)
    shape = _window(window, size, points, real_dtype, "istft")
    frames = permute(one, (0, 2, 1))
    code = 1 if normalized else 2
    if return_complex:
        frames = call_host("_fft_c2c", frames, [2], code, False)
    else:
        if half:
            frames = call_host("_fft_c2r", frames, [2], code, points)
        else:
            frames = call_host("_fft_c2r", slice(frames, 2, 0, points // 2 + 1, 1), [2], code, points)
    total = points + step * (count - 1)
    signal = _overlapped(binary("mul", frames, shape), step, total)
    weights = _overlapped(broadcast_to(binary("mul", shape, shape), (1, count, points)), step, total)
    start = points // 2 if center else 0
    end = start + require_int(length, "length") if length is not None else total - (points // 2 if center else 0)
    signal, weights = slice(signal, 1, start, end, 1), slice(weights, 1, start, end, 1)
    found = binary("div", signal, weights)
    if length is not None:
        found = _resized(found, 1, require_int(length, "length"))
    return reshape(found, found.shape[1:]) if x.rank == 2 else found


def _overlapped(frames: SymTensor, step: int, total: Size) -> SymTensor:
    """Frames [batch, count, points] added up at multiples of `step`."""
    batch, count, points = frames.shape
    starts = reshape(binary("mul", iota(count, dtypes.int64), step), (count, 1))
    positions = reshape(binary("add", starts, iota(points, dtypes.int64)), (1, count * points))
    flat = reshape(frames, (batch, count * points))
    start = full((batch, total), 0, frames.dtype)
    return scatter(start, 1, broadcast_to(positions, (batch, count * points)), flat, "add")


# Complex numbers as pairs ---------------------------------------------------------------------------------------------


@aten("view_as_real(Tensor(a) self) -> Tensor(a)")
def view_as_real(x: SymTensor) -> SymTensor:
    """A complex tensor's parts in a last dimension of size 2."""
    if not x.is_complex:
        raise OperatorError("view_as_real is only supported for complex tensors")
    return _parts(x)


@aten("view_as_complex(Tensor(a) self) -> Tensor(a)")
def view_as_complex(x: SymTensor) -> SymTensor:
    """Pairs of numbers in the last dimension as complex numbers."""
    if x.dtype not in (dtypes.float32, dtypes.float64, dtypes.float16):
        raise OperatorError(f"view_as_complex is only supported for floating point tensors, got {dtype_label(x.dtype)}")
    if not x.shape or x.shape[-1] != 2:
        raise OperatorError("Tensor must have a last dimension of size 2")
    parts = (reshape(slice(x, x.rank - 1, i, i + 1, 1), x.shape[:-1]) for i in (0, 1))
    return complex(*parts)
