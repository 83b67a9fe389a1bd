"""Host operators of linear algebra: NumPy's decompositions with torch's errors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsir.errors import OperatorError

Array = NDArray[Any]


class LinAlgError(OperatorError):
    """A matrix that is singular or not positive definite; torch raises `torch.linalg.LinAlgError` there."""


def inverse(x: Array) -> Array:
    """`torch.linalg.inv`."""
    try:
        return np.linalg.inv(x)
    except np.linalg.LinAlgError:
        raise LinAlgError("linalg.inv: The diagonal element is zero, the inversion could not be completed") from None


def determinant(x: Array) -> Array:
    """`torch.linalg.det`."""
    return np.asarray(np.linalg.det(x), x.dtype)


def cholesky(x: Array, upper: bool) -> Array:
    """`torch.linalg.cholesky`."""
    try:
        lower = np.linalg.cholesky(x)
    except np.linalg.LinAlgError:
        raise LinAlgError("linalg.cholesky: the input is not positive-definite") from None
    return np.ascontiguousarray(lower.swapaxes(-1, -2).conj()) if upper else lower


def solve(a: Array, b: Array, left: bool) -> Array:
    """`torch.linalg.solve`: X of `A X = B`, or of `X A = B` without `left`."""
    is_vector = b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape == a.shape[:-1])
    if not left:
        a, b = a.swapaxes(-1, -2), b if is_vector else b.swapaxes(-1, -2)
    try:
        found = np.linalg.solve(a, b[..., None])[..., 0] if is_vector else np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        raise LinAlgError("torch.linalg.solve: The solver failed because the input matrix is singular.") from None
    return found if left or is_vector else np.ascontiguousarray(found.swapaxes(-1, -2))
