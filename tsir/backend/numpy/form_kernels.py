"""The NumPy code of the forms in `forms.py`: activations and softmax in float32, in as few passes over memory as they need.

Where the CPU has AVX-512, NumPy's `exp2` is twice as fast as its `exp`, elsewhere slower; `exp_of_scaled` chooses. Without xDSL.
Errors against exact results stay below what float32 comparisons with torch allow (1.3e-6 relative, 1e-5 absolute): the normal
distribution function's fit has an absolute error of 1e-6 in gelu, the exponent's scaling a relative one of 1.2e-7 times |x|.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import add, array, divide, empty, exp, exp2, float32, maximum, minimum, multiply, reciprocal, subtract
from numpy.lib.introspect import opt_func_info

Array = np.ndarray[Any, Any]

LOG2E = 1.4426950408889634
ONE = array(1.0, float32)


def _has_fast_exp2() -> bool:
    found = opt_func_info(func_name="^exp2$", signature="float32")
    return any(
        "V4" in kind.get("current", "") or "AVX512" in kind.get("current", "") for f in found.values() for kind in f.values()
    )


FAST_EXP2 = _has_fast_exp2()


def exp_of_scaled(x: Array, factor: float, out: Array) -> None:
    """`out = exp(factor * x)`."""
    if FAST_EXP2:
        multiply(x, array(factor * LOG2E, float32), out)
        exp2(out, out)
    else:
        exp(x if factor == 1.0 else multiply(x, array(factor, float32), out), out)


# log2 of Phi(x) / Phi(-x), which is odd, as x times a polynomial in min(x * x, 30.25): a minimax fit of x * Phi(x).
_LIMIT = array(30.25, float32)
_LOGIT = [array(c, float32) for c in (1.634890e-07, -8.0799196e-06, 1.3643809e-04, 1.667119e-04, -0.10492875, -2.3021739)]


def gelu(x: Array, out: Array | None = None, work: Array | None = None) -> Array:
    """`x * Phi(x)`, Phi the normal distribution function: `x / (1 + 2 ** -logit)`."""
    square = multiply(x, x, work)
    minimum(square, _LIMIT, out=square)
    power = multiply(square, _LOGIT[0], out)
    for c in _LOGIT[1:-1]:
        add(power, c, power)
        multiply(power, square, power)
    add(power, _LOGIT[-1], power)
    multiply(power, x, power)
    if FAST_EXP2:
        exp2(power, power)
    else:
        exp_of_scaled(power, 1 / LOG2E, power)
    add(power, ONE, power)
    return divide(x, power, power)


def gelu_tanh(x: Array, a: float, b: float, out: Array | None = None) -> Array:
    """`x * 0.5 * (1 + tanh(a * x + b * x**3))`, as `x / (1 + exp(-2 * (a * x + b * x**3)))`."""
    scale = -2.0 * (LOG2E if FAST_EXP2 else 1.0)
    power = multiply(x, x, out)
    multiply(power, array(b * scale, float32), power)
    add(power, array(a * scale, float32), power)
    multiply(power, x, power)
    (exp2 if FAST_EXP2 else exp)(power, power)
    add(power, ONE, power)
    return divide(x, power, power)


def silu(x: Array, k: float, out: Array | None = None) -> Array:
    """`x / (1 + exp(-k * x))`."""
    power = empty(x.shape, float32) if out is None else out
    exp_of_scaled(x, -k, power)
    add(power, ONE, power)
    return divide(x, power, power)


def sigmoid(x: Array, k: float, out: Array | None = None) -> Array:
    """`1 / (1 + exp(-k * x))`."""
    power = empty(x.shape, float32) if out is None else out
    exp_of_scaled(x, -k, power)
    add(power, ONE, power)
    return reciprocal(power, power)


def softmax(
    x: Array, ones: Array, factor: float, empty_rows: bool, out: Array | None = None, sums: Array | None = None
) -> Array:
    """softmax of `factor * x` along the last axis; `empty_rows` makes rows that are minus infinity throughout 0, not NaN.

    Row maxima cost more than all the rest, so they are subtracted only when the sums without them show that something came near
    overflow or vanished, or is NaN.
    """
    if out is None:
        out = empty(x.shape, float32)
    if sums is None:
        sums = empty(x.shape[:-1], float32)
    flat, rows = out.reshape(-1, len(ones)), sums.reshape(-1)
    exp_of_scaled(x, factor, out)
    flat.dot(ones, rows)
    if not (rows.size and rows.min() > LEAST and rows.max() < MOST):
        _shifted_powers(x, factor, empty_rows, out, sums)
        flat.dot(ones, rows)
        if empty_rows:
            rows[rows == 0] = 1
    return divide(out, sums[..., None], out)


LEAST, MOST = 1e-6, 1e9
"""Sums between these have terms whose scaled exponents are small enough to keep float32's precision."""


def _shifted_powers(x: Array, factor: float, empty_rows: bool, out: Array, peaks: Array) -> None:
    """`out = exp(factor * x - max(factor * x))`."""
    if factor != 1.0:
        x = multiply(x, array(factor, float32), out)
    maximum.reduce(x, axis=-1, out=peaks)
    if empty_rows:
        peaks[peaks == -np.inf] = 0
    subtract(x, peaks[..., None], out)
    exp(out, out)
