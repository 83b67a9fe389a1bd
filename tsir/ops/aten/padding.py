"""Padding, and rearrangements of images: pixel shuffles, channel shuffles, block matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tsir.dialects import dtypes
from tsir.errors import OperatorError, OperatorNotImplementedError, OperatorValueError
from tsir.ops.aten.precision import number_as
from tsir.ops.aten.shape import at_least, cat
from tsir.ops.core.creation import iota
from tsir.ops.core.elementwise import binary, clamp, convert, copy
from tsir.ops.core.indexing import index_select
from tsir.ops.core.slices import concat, flip, pad, slice
from tsir.ops.core.views import broadcast_to, permute, reshape, transpose
from tsir.ops.promotion import result_type
from tsir.ops.registry import aten
from tsir.ops.sizes import Size
from tsir.ops.tensor import SymTensor, as_size, require_int

# Padding --------------------------------------------------------------------------------------------------------------


def _pairs(x: SymTensor, padding: Sequence[Any]) -> list[tuple[Size, Size]]:
    """torch's padding (last dimension first, before and after) as one pair for each dimension."""
    if len(padding) % 2:
        raise OperatorError("Padding length must be divisible by 2")
    if len(padding) // 2 > x.rank:
        raise OperatorError(
            "Length of pad should be no more than twice the number of dimensions of the input. "
            f"Pad length is {len(padding)} while the input has {x.rank} dimensions."
        )
    pairs: list[tuple[Size, Size]] = [(0, 0)] * x.rank
    for i in range(len(padding) // 2):
        pairs[x.rank - 1 - i] = (as_size(padding[2 * i]), as_size(padding[2 * i + 1]))
    return pairs


@aten("constant_pad_nd(Tensor self, SymInt[] pad, Scalar value=0) -> Tensor")
def constant_pad_nd(x: SymTensor, padding: Sequence[Any], value: Any) -> SymTensor:
    """Elements of one value around the tensor; negative padding cuts off."""
    pairs = _pairs(x, padding)
    for d, (before, after) in enumerate(pairs):
        size = x.shape[d]
        if size + before + after < 0:
            raise OperatorError(
                f"The input size {size}, plus negative padding {before} and {after} resulted in a negative output size, "
                f"which is invalid. Check dimension {d} of your input."
            )
        start, end = (0 - before if before < 0 else 0), (size + after if after < 0 else None)
        if before < 0 or after < 0:
            x = slice(x, d, start, end, 1)
    low = [0 if b < 0 else b for b, _ in pairs]
    high = [0 if a < 0 else a for _, a in pairs]
    if all(isinstance(p, int) and p == 0 for p in (*low, *high)):
        return copy(x)
    return pad(x, low, high, number_as(value, x.dtype))


def _mirrored(x: SymTensor, dim: int, before: Size, after: Size) -> SymTensor:
    size = x.shape[dim]
    if before >= size or after >= size:
        raise OperatorError(
            "Argument #4: Padding size should be less than the corresponding input dimension, but got: padding "
            f"({before}, {after}) at dimension {dim} of input {list(x.shape)}"
        )
    parts = [x]
    if before != 0:
        parts.insert(0, flip(slice(x, dim, 1, before + 1, 1), (dim,)))
    if after != 0:
        parts.append(flip(slice(x, dim, size - 1 - after, size - 1, 1), (dim,)))
    return concat(parts, dim) if len(parts) > 1 else x


def _replicated(x: SymTensor, dim: int, before: Size, after: Size) -> SymTensor:
    size = x.shape[dim]
    shape = list(x.shape)
    parts = [x]
    if before != 0:
        shape[dim] = before
        parts.insert(0, broadcast_to(slice(x, dim, 0, 1, 1), shape))
    if after != 0:
        shape[dim] = after
        parts.append(broadcast_to(slice(x, dim, size - 1, size, 1), shape))
    return concat(parts, dim) if len(parts) > 1 else x


def _replicated_by_position(x: SymTensor, dim: int, before: int, after: int) -> SymTensor:
    """Replication where a side is cropped: the padding repeats the first and last elements of the whole dimension."""
    size = x.shape[dim]
    positions = binary("sub", iota(size + before + after, dtypes.int64), before)
    return index_select(x, dim, clamp(positions, 0, size - 1))


def _wrapped(x: SymTensor, dim: int, before: Size, after: Size) -> SymTensor:
    size = x.shape[dim]
    if before > size or after > size:
        raise OperatorError("Padding value causes wrapping around more than once.")
    parts = [x]
    if before != 0:
        parts.insert(0, slice(x, dim, size - before, size, 1))
    if after != 0:
        parts.append(slice(x, dim, 0, after, 1))
    return concat(parts, dim) if len(parts) > 1 else x


_PADDING = {"reflect": _mirrored, "replicate": _replicated, "circular": _wrapped}


def pad_with(x: SymTensor, padding: Sequence[Any], mode: str) -> SymTensor:
    """Pads the last dimensions by elements of the tensor itself: `reflect`, `replicate` or `circular`."""
    result = x
    for dim, (before, after) in enumerate(_pairs(x, padding)):
        if isinstance(before, int) and isinstance(after, int) and before == 0 and after == 0:
            continue
        if mode == "replicate" and isinstance(before, int) and isinstance(after, int) and min(before, after) < 0:
            result = _replicated_by_position(result, dim, before, after)
            continue
        if before < 0 or after < 0:
            start, end = (0 - before if before < 0 else 0), (x.shape[dim] + after if after < 0 else None)
            result = slice(result, dim, start, end, 1)
            before, after = (0 if before < 0 else before), (0 if after < 0 else after)
        result = _PADDING[mode](result, dim, before, after)
    return copy(x) if result is x else result


@aten('pad(Tensor self, SymInt[] pad, str mode="constant", float? value=None) -> Tensor', out=False)
def pad_(x: SymTensor, padding: Sequence[Any], mode: str, value: Any) -> SymTensor:
    """Padding in one of four modes; all but `constant` pad the last one to three dimensions of a batch."""
    if mode == "constant":
        return constant_pad_nd(x, padding, 0 if value is None else value)
    if mode not in _PADDING:
        raise OperatorError(f"Unrecognised padding mode {mode}")
    if value is not None and value != 0:
        raise OperatorError(f'Padding mode "{mode}" doesn\'t take in value argument')
    spatial = len(padding) // 2
    if len(padding) % 2 or x.rank not in (spatial + 1, spatial + 2) or spatial > 3:
        raise OperatorNotImplementedError("Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now")
    return pad_with(x, padding, mode)


for _n in (1, 2, 3):
    for _mode, _prefix in (("reflect", "reflection"), ("replicate", "replication")):
        aten(f"{_prefix}_pad{_n}d(Tensor self, SymInt[{2 * _n}] padding) -> Tensor")(
            lambda x, padding, mode=_mode: pad_with(x, padding, mode)
        )


# Image-like arrangements ----------------------------------------------------------------------------------------------


@aten("pixel_shuffle(Tensor self, int upscale_factor) -> Tensor")
def pixel_shuffle(x: SymTensor, factor: int) -> SymTensor:
    """Channels to pixels: (..., C r^2, H, W) to (..., C, H r, W r)."""
    if x.rank < 3:
        raise OperatorError(
            f"pixel_shuffle expects input to have at least 3 dimensions, but got input with {x.rank} dimension(s)"
        )
    if factor <= 0:
        raise OperatorError(f"pixel_shuffle expects a positive upscale_factor, but got {factor}")
    *batch, channels, height, width = x.shape
    if channels % (factor * factor) != 0:
        raise OperatorError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={channels} is not divisible by {factor * factor}"
        )
    out = channels // (factor * factor)
    n = len(batch)
    y = reshape(x, (*batch, out, factor, factor, height, width))
    y = permute(y, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return reshape(copy(y), (*batch, out, height * factor, width * factor))


@aten("pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor")
def pixel_unshuffle(x: SymTensor, factor: int) -> SymTensor:
    """Pixels to channels: the inverse of `pixel_shuffle`."""
    if x.rank < 3:
        raise OperatorError(
            f"pixel_unshuffle expects input to have at least 3 dimensions, but got input with {x.rank} dimension(s)"
        )
    if factor <= 0:
        raise OperatorError(f"pixel_unshuffle expects a positive downscale_factor, but got {factor}")
    *batch, channels, height, width = x.shape
    for size, name in ((height, "height"), (width, "width")):
        if size % factor != 0:
            raise OperatorError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but {size} is not divisible by {factor}"
            )
    n = len(batch)
    y = reshape(x, (*batch, channels, height // factor, factor, width // factor, factor))
    y = permute(y, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return reshape(copy(y), (*batch, channels * factor * factor, height // factor, width // factor))


@aten("channel_shuffle(Tensor self, SymInt groups) -> Tensor")
@aten("native_channel_shuffle(Tensor self, SymInt groups) -> Tensor", out=False)
def channel_shuffle(x: SymTensor, groups: Any) -> SymTensor:
    """The channels of several groups in turn."""
    count = require_int(groups, "groups")
    batch, channels, *rest = x.shape
    if channels % count != 0:
        raise OperatorError(f"Number of channels must be divisible by groups. Got {channels} channels and {count} groups.")
    y = reshape(x, (batch, count, channels // count, *rest))
    return reshape(copy(transpose(y, 1, 2)), x.shape)


@aten("block_diag(Tensor[] tensors) -> Tensor")
def block_diag(tensors: Sequence[SymTensor]) -> SymTensor:
    """The matrices along the diagonal of one matrix, zeros elsewhere."""
    if not tensors:
        raise OperatorValueError("block_diag needs at least one tensor")
    dtype = result_type(tensors)
    blocks = [at_least(convert(x, dtype), 2) for x in tensors]
    width: Size = 0
    for block in blocks:
        width = width + block.shape[1]
    rows: list[SymTensor] = []
    left: Size = 0
    for block in blocks:
        right = width - left - block.shape[1]
        rows.append(pad(block, (0, left), (0, right), False if dtype is dtypes.bool_ else 0))
        left = left + block.shape[1]
    return cat(rows, 0)
