"""NumPy code that generated source calls: memory, and the kernels that are more than one ufunc. Without xDSL."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

ALIGNMENT = 64

try:  # NumPy's own ufunc behind np.clip, which costs 2 us more
    from numpy._core.umath import clip  # type: ignore[import-not-found,attr-defined]
except ImportError:  # private: another NumPy may have it elsewhere

    def clip(x: Array, low: Array, high: Array, out: Array | None = None) -> Array:
        """Each element, or the bound that it is beyond; NaN stays NaN."""
        return np.minimum(np.maximum(x, low, out=out), high, out=out)


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


def strided(
    x: Array, start: tuple[int, ...], shape: tuple[int, ...], steps: tuple[tuple[tuple[int, int], ...], ...]
) -> Array:
    """A view whose axis `i` walks `x` by `steps[i]`, pairs of an axis of `x` and a coefficient. Never written."""
    if 0 in shape:
        return np.empty(shape, x.dtype)
    strides = tuple(sum(x.strides[a] * c for a, c in walk) for walk in steps)
    base = x[tuple(slice(s, None) if s else slice(None) for s in start)] if any(start) else x
    return np.lib.stride_tricks.as_strided(base, shape, strides)


def integer_matmul(a: Array, b: Array) -> Array:
    """`a @ b` of integers, wrapping: through float64 where every partial sum is exact there."""
    if a.size and b.size and a.shape[-1]:
        bound = float(np.abs(a.astype(np.float64)).max()) * float(np.abs(b.astype(np.float64)).max()) * a.shape[-1]
        if bound < 2.0**53:
            # By way of int64, which wraps: what doesn't fit an int32 becomes its minimum otherwise.
            return np.matmul(a.astype(np.float64), b.astype(np.float64)).astype(np.int64).astype(a.dtype)
    return np.matmul(a, b)


_ERF_P = (-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05, -7.34990630326855e-04,
          -2.95459980854025e-03, -1.60960333262415e-02)  # fmt: skip
_ERF_Q = (-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03, -1.42647390514189e-02)


def _erf32(x: Array) -> Array:
    """The error function by a rational minimax approximation, `x * P(x*x) / Q(x*x)`, for float32: a few ulp."""
    x = np.clip(x, np.float32(-4), np.float32(4))
    square = np.multiply(x, x)
    p = np.multiply(square, np.float32(_ERF_P[0]))
    for coefficient in _ERF_P[1:-1]:
        np.add(p, np.float32(coefficient), p)
        np.multiply(p, square, p)
    np.add(p, np.float32(_ERF_P[-1]), p)
    np.multiply(p, x, p)
    q = np.multiply(square, np.float32(_ERF_Q[0]), x)
    for coefficient in _ERF_Q[1:-1]:
        np.add(q, np.float32(coefficient), q)
        np.multiply(q, square, q)
    np.add(q, np.float32(_ERF_Q[-1]), q)
    return np.divide(p, q, p)


def erf(x: Any) -> Any:
    """The error function, in the dtype of the argument."""
    from scipy.special import erf as scipy_erf

    x = np.asarray(x)
    if x.dtype == np.float32 and x.ndim:
        return _erf32(x)
    if x.dtype == np.float64 or x.dtype == np.float32:
        return scipy_erf(x)
    return scipy_erf(x.astype(np.float32)).astype(x.dtype)


def rsqrt(x: Any) -> Any:
    """`1 / sqrt(x)`, rounded once more than it should."""
    root = np.sqrt(x)
    return np.divide(root.dtype.type(1), root)


def round_away(x: Any) -> Any:
    """Rounds to integers, halves away from zero."""
    whole = np.trunc(x)
    return np.where(np.abs(x - whole) >= 0.5, whole + np.sign(x), whole).astype(np.asarray(x).dtype)


def divide_trunc(a: Array, b: Array) -> Array:
    """Integer division that rounds toward zero; by zero it gives 0."""
    q = np.floor_divide(a, b)
    return q + ((np.multiply(q, b) != a) & ((a < 0) != (b < 0))).astype(q.dtype)


def ipow(a: Array, b: Array) -> Array:
    """Integer powers that wrap; a negative exponent gives 0, or ±1 for a base of ±1."""
    positive = np.power(a, np.maximum(b, 0))
    inverse = np.where(a == 1, 1, np.where(a == -1, np.where(b % 2 == 0, 1, -1), 0))
    return np.where(b < 0, inverse, positive).astype(a.dtype)


def to_uint64(x: Array) -> Array:
    """Truncates floats to unsigned 64-bit integers, given as signed ones."""
    return x.astype(np.uint64).view(np.int64)


def bit_count(x: Array) -> Array:
    """How many bits are set in unsigned integers."""
    return np.bitwise_count(x)


def leading_zeros(x: Array) -> Array:
    """How many bits are above the highest set one in unsigned integers."""
    width = x.dtype.itemsize * 8
    count = np.full(x.shape, width, np.int64)
    for bit in range(width):
        count = np.where((x >> x.dtype.type(bit)) & x.dtype.type(1), width - 1 - bit, count)
    return count


def trailing_zeros(x: Array) -> Array:
    """How many bits are below the lowest set one in unsigned integers."""
    width = x.dtype.itemsize * 8
    count = np.full(x.shape, width, np.int64)
    for bit in reversed(range(width)):
        count = np.where((x >> x.dtype.type(bit)) & x.dtype.type(1), bit, count)
    return count


def complex_of(real: Array, imaginary: Array) -> Array:
    """Complex numbers from their parts."""
    real, imaginary = np.broadcast_arrays(real, imaginary)
    out = np.empty(real.shape, np.complex64 if real.dtype == np.float32 else np.complex128)
    out.real = real
    out.imag = imaginary
    return out


def angle(x: Array) -> Array:
    """The angles of complex numbers."""
    return np.arctan2(x.imag, x.real)
