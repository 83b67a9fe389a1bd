"""Convolutions of any sizes and dtypes, for generated code that doesn't know the sizes beforehand. Without xDSL.

With known sizes the generator writes the steps out itself: `convolutions.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tsir.backend.numpy.kernels import Array, memory

BLOCK = 1 << 22
"""About as many bytes of columns are made at a time."""
FEW = 16
"""Rows of a window with fewer elements than this are copied tap by tap instead."""
INNER = 512
"""As many elements make an inner loop of NumPy's worth its start."""


class Scratch:
    """Memory that calls use one after another; those of several threads get each their own."""

    def __init__(self) -> None:
        self._free: list[Array] = []

    def take(self, size: int) -> Array:
        """At least `size` bytes, to be handed back with `give`."""
        try:
            found = self._free.pop()
        except IndexError:
            return memory(size)
        return found if found.size >= size else memory(size)

    def give(self, taken: Array) -> None:
        """The memory is free again."""
        self._free.append(taken)


def convolution(
    x: Array,
    weight: Array,
    kernel: tuple[int, ...],
    size: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    scratch: Scratch,
    out: Array | None = None,
) -> Array:
    """A convolution: x (N, spatial..., G, C), weight (G, kernel... * C, F), result (N, size..., G, F), C-contiguous."""
    batch, (groups, channels) = x.shape[0], x.shape[-2:]
    features = weight.shape[2]
    if out is None:
        out = np.empty((batch, *size, groups, features), weight.dtype)
    if 0 in out.shape:
        return out
    if channels == 1 and features == 1 and groups > 1:
        _depthwise(x[..., 0], weight[..., 0].T.reshape(*kernel, groups), size, strides, dilations, out[..., 0])
        return out
    steps = [s * t for s, t in zip(x.strides[1:-2], strides, strict=True)]
    taps = [s * d for s, d in zip(x.strides[1:-2], dilations, strict=True)]
    inner, positions = math.prod(kernel) * channels, math.prod(size)
    by_taps = groups == 1 and kernel[-1] * channels < FEW
    together = min(batch, max(1, BLOCK // max(1, positions * inner * groups * weight.itemsize)))
    taken = scratch.take(together * positions * inner * groups * weight.itemsize)
    for first in range(0, batch, together):
        count = min(together, batch - first)
        rows = count * positions
        columns = taken[: groups * rows * inner * weight.itemsize].view(weight.dtype)
        images, target = x[first : first + count], out[first : first + count]
        if by_taps:
            shape = (*kernel, channels, count, *size)
            order = (*taps, x.strides[-1], x.strides[0], *steps)
        else:
            shape = (groups, count, *size, *kernel, channels)
            order = (x.strides[-2], x.strides[0], *steps, *taps, x.strides[-1])
        np.copyto(columns.reshape(shape), _windows(images, shape, order))
        if by_taps:
            columns.reshape(inner, rows).T.dot(weight[0], target.reshape(rows, features))
        elif groups == 1:
            columns.reshape(rows, inner).dot(weight[0], target.reshape(rows, features))
        else:
            made = target.reshape(rows, groups, features).transpose(1, 0, 2)
            np.matmul(columns.reshape(groups, rows, inner), weight, made)
    scratch.give(taken)
    return out


def _windows(x: Array, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)


def together(count: int, channels: int) -> int:
    """How many of `count` neighbouring pixels make an inner loop that is long enough, and divide them."""
    wanted = max(1, min(count, INNER // max(1, channels)))
    return next(n for n in range(wanted, 0, -1) if count % n == 0)


def _depthwise(
    x: Array, weight: Array, size: tuple[int, ...], strides: tuple[int, ...], dilations: tuple[int, ...], out: Array
) -> None:
    """One filter for each channel: x (N, spatial..., G), weight (kernel..., G), out (N, size..., G)."""
    channels = x.shape[-1]
    adjacent = x.strides[-1] == x.itemsize and x.strides[-2] == channels * x.itemsize and strides[-1] == 1
    pixels = together(size[-1], channels) if adjacent else 1
    steps = [s * t for s, t in zip(x.strides[1:-1], strides, strict=True)]
    steps[-1] *= pixels
    taps = [s * d for s, d in zip(x.strides[1:-1], dilations, strict=True)]
    outer = (x.shape[0], *size[:-1], size[-1] // pixels)
    run = channels * pixels
    windows = _windows(x, (*outer, *weight.shape[:-1], run), (x.strides[0], *steps, *taps, x.strides[-1]))
    lead, inner = list(range(len(outer))), list(range(len(outer), len(outer) + len(taps)))
    last = len(outer) + len(taps)
    arguments: list[Any] = [windows, [*lead, *inner, last], np.tile(weight, pixels), [*inner, last], [*lead, last]]
    np.einsum(*arguments, out=out.reshape(*outer, run))
