"""NumPy code that generated source calls: memory, and the kernels that are more than one ufunc. Without xDSL."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

ALIGNMENT = 64


def dtype(name: str) -> np.dtype[Any]:
    """NumPy's dtype of that name; `bfloat16` is `ml_dtypes`'."""
    if name != "bfloat16":
        return np.dtype(name)
    import ml_dtypes

    return np.dtype(ml_dtypes.bfloat16)


def memory(size: int) -> Array:
    """Bytes for a buffer, aligned for vector instructions."""
    raw = np.empty(size + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + size]


def view(buffer: Array, name: str, shape: tuple[int, ...]) -> Array:
    """The first bytes of a buffer as a C-contiguous array."""
    kind = dtype(name)
    size = kind.itemsize
    for dim in shape:
        size *= dim
    return buffer[:size].view(kind).reshape(shape)
