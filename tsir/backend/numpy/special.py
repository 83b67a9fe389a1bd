"""The functions of `linalg_ext.scalar` on arrays: SciPy's, in the dtype of the arguments. Without xDSL.

SciPy is imported when one of its functions is first called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def _scipy(name: str) -> Callable[..., Any]:
    """SciPy's function, whose result has the dtype of the last argument."""

    def function(*arguments: Any) -> Any:
        from scipy import special

        arrays = [np.asarray(a) for a in arguments]
        dtype = arrays[-1].dtype
        wide = np.float64 if dtype == np.float64 else np.float32
        return np.asarray(getattr(special, name)(*(a.astype(wide) for a in arrays))).astype(dtype)

    function.__name__ = name
    return function


def _scaled(name: str) -> Callable[[Any], Any]:
    """A modified Bessel function times exp(x)."""

    def function(x: Any) -> Any:
        from scipy import special

        wide = np.asarray(x)
        return np.asarray(getattr(special, name)(wide)).astype(wide.dtype)

    return function


def _polynomial(
    first: Callable[[Array], Array],
    second: Callable[[Array], Array],
    step: Callable[..., Array],
    closed: tuple[int, Callable[[Array, Array], Array]] | None = None,
) -> Any:
    """A family of polynomials by its recurrence; the degree is the second argument, negative degrees give 0.

    `closed` is a degree and the closed form that torch uses beyond it between -1 and 1, of arccos(x) and the degree.
    """

    def function(x: Any, n: Any) -> Any:
        x, n = np.broadcast_arrays(x, n)
        dtype = x.dtype
        degree = n.astype(np.int64)
        before, now = first(x), second(x)
        result = np.where(degree == 0, before, now)
        for k in range(1, int(degree.max(initial=0))):
            before, now = now, step(x, before, now, k)
            result = np.where(degree == k + 1, now, result)
        if closed is not None and (degree > closed[0]).any():
            inside = (degree > closed[0]) & (np.abs(x) < 1)
            result = np.where(inside, closed[1](np.arccos(np.where(inside, x, 0)), degree.astype(dtype)), result)
        return np.where(degree < 0, 0, result).astype(dtype)

    return function


def _fused(a: Array, b: Array, c: Any) -> Array:
    """`a * b + c` rounded once in single precision, as torch's compiled loops do it."""
    if a.dtype != np.float32:
        return a * b + c
    return (np.multiply(a, b, dtype=np.float64) + c).astype(np.float32)


def _one(x: Array) -> Array:
    return np.ones_like(x)


def _chebyshev(x: Array, before: Array, now: Array, k: int) -> Array:
    return _fused(2 * x, now, -before)


lgamma = _scipy("gammaln")
digamma = _scipy("psi")
erfinv = _scipy("erfinv")
ndtri = _scipy("ndtri")
log_ndtr = _scipy("log_ndtr")
erfcx = _scipy("erfcx")
i0, i0e, i1, i1e = _scipy("i0"), _scipy("i0e"), _scipy("i1"), _scipy("i1e")
bessel_j0, bessel_j1, bessel_y0, bessel_y1 = _scipy("j0"), _scipy("j1"), _scipy("y0"), _scipy("y1")
modified_bessel_i0, modified_bessel_i1 = i0, i1
modified_bessel_k0, modified_bessel_k1 = _scipy("k0"), _scipy("k1")
scaled_modified_bessel_k0, scaled_modified_bessel_k1 = _scaled("k0e"), _scaled("k1e")
zeta = _scipy("zeta")
igamma, igammac = _scipy("gammainc"), _scipy("gammaincc")
chebyshev_polynomial_t = _polynomial(_one, lambda x: x, _chebyshev, (6, lambda a, n: np.cos(n * a)))
chebyshev_polynomial_u = _polynomial(_one, lambda x: 2 * x, _chebyshev, (8, lambda a, n: np.sin((n + 1) * a) / np.sin(a)))
chebyshev_polynomial_v = _polynomial(
    _one, lambda x: 2 * x - 1, _chebyshev, (8, lambda a, n: np.cos((n + 0.5) * a) / np.cos(a / 2))
)
chebyshev_polynomial_w = _polynomial(
    _one, lambda x: 2 * x + 1, _chebyshev, (8, lambda a, n: np.sin((n + 0.5) * a) / np.sin(a / 2))
)
hermite_polynomial_h = _polynomial(_one, lambda x: 2 * x, lambda x, b, n, k: _fused(2 * x, n, -2 * k * b))
hermite_polynomial_he = _polynomial(_one, lambda x: x, lambda x, b, n, k: _fused(x, n, -k * b))
laguerre_polynomial_l = _polynomial(_one, lambda x: 1 - x, lambda x, b, n, k: _fused(2 * k + (1 - x), n, -k * b) / (k + 1))
legendre_polynomial_p = _polynomial(_one, lambda x: x, lambda x, b, n, k: _fused((2 * k + 1) * x, n, -k * b) / (k + 1))


def polygamma(n: Any, x: Any) -> Any:
    """The `n`-th derivative of digamma."""
    from scipy import special

    x = np.asarray(x)
    return np.asarray(special.polygamma(np.asarray(n), x)).astype(x.dtype)


def spherical_bessel_j0(x: Any) -> Any:
    """`sin(x) / x`, 1 at 0."""
    x = np.asarray(x)
    return np.where(x == 0, 1, np.sin(x) / np.where(x == 0, 1, x)).astype(x.dtype)


def airy_ai(x: Any) -> Any:
    """The Airy function Ai."""
    from scipy import special

    x = np.asarray(x)
    return np.asarray(special.airy(x)[0]).astype(x.dtype)


def nextafter(a: Any, b: Any) -> Any:
    """The next number after `a` toward `b`."""
    return np.nextafter(a, b)


def gcd(a: Any, b: Any) -> Any:
    """The greatest common divisor."""
    return np.gcd(a, b)


def lcm(a: Any, b: Any) -> Any:
    """The least common multiple."""
    return np.lcm(a, b)


def hypot(a: Any, b: Any) -> Any:
    """`sqrt(a*a + b*b)` without overflow."""
    return np.hypot(a, b)


def logaddexp(a: Any, b: Any) -> Any:
    """`log(exp(a) + exp(b))` without overflow."""
    return np.logaddexp(a, b)


def frexp_mantissa(x: Any) -> Any:
    """The mantissa of `x`, in [0.5, 1)."""
    return np.frexp(x)[0]


def frexp_exponent(x: Any) -> Any:
    """The exponent of `x` for its mantissa, an int32."""
    return np.frexp(x)[1].astype(np.int32)


def ldexp(x: Any, exponent: Any) -> Any:
    """`x * 2**exponent`."""
    return np.ldexp(x, np.asarray(exponent).astype(np.int32))


acos, asin, atan = np.arccos, np.arcsin, np.arctan
acosh, asinh, atanh = np.arccosh, np.arcsinh, np.arctanh
