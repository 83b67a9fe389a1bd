"""Host operators of discrete Fourier transforms: SciPy's transforms under ATen's three kernels.

Which kernel `torch.fft.rfft2` and its kin mean, and how they are scaled and cut, is in `aten/fft.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def _scaled(x: Array, normalization: int, count: int) -> Array:
    """By ATen's codes: 0 not at all, 1 by the root of the number of points, 2 by that number."""
    if normalization == 0 or count == 0:
        return x
    factor = 1 / np.sqrt(count) if normalization == 1 else 1 / count
    return x * np.real(x).dtype.type(factor)


def _count(shape: Sequence[int], dims: Sequence[int]) -> int:
    return int(np.prod([shape[d] for d in dims], dtype=np.int64))


def complex_to_complex(x: Array, dim: Sequence[int], normalization: int, forward: bool) -> Array:
    """`_fft_c2c`: a transform or, not `forward`, its inverse over the dimensions."""
    from scipy import fft

    if not dim or not x.size:
        return x.copy()
    found = fft.fftn(x, axes=dim) if forward else fft.ifftn(x, axes=dim, norm="forward")
    return _scaled(np.asarray(found), normalization, _count(x.shape, dim))


def real_to_complex(x: Array, dim: Sequence[int], normalization: int, onesided: bool) -> Array:
    """`_fft_r2c`: a transform of real numbers; `onesided` keeps the non-negative frequencies of the last dimension."""
    from scipy import fft

    found = fft.rfftn(x, axes=dim) if onesided else fft.fftn(x, axes=dim)
    return _scaled(np.asarray(found), normalization, _count(x.shape, dim))


def complex_to_real(x: Array, dim: Sequence[int], normalization: int, last_dim_size: int) -> Array:
    """`_fft_c2r`: the inverse of a one-sided transform, of which the last dimension had this size."""
    from scipy import fft

    sizes = [x.shape[d] for d in dim[:-1]] + [last_dim_size]
    found = np.asarray(fft.irfftn(x, sizes, axes=dim, norm="forward"))
    return _scaled(found, normalization, _count(found.shape, dim))
