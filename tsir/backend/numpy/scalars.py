"""Arithmetic on single numbers as `arith` and `math` define it, called by generated code. Without xDSL.

Integers of every width are Python ints in the signed range, i1 is bool, f64 is float, other floats are NumPy's scalars.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_HALF = 1 << 63
_ALL = (1 << 64) - 1


def wrap64(x: int) -> int:
    """The 64-bit two's complement of an integer."""
    return x if -_HALF <= x < _HALF else ((x + _HALF) & _ALL) - _HALF


def wrap(x: int, width: int) -> int:
    """The two's complement of an integer in `width` bits."""
    half = 1 << (width - 1)
    return x if -half <= x < half else ((x + half) & ((1 << width) - 1)) - half


def unsigned(x: int, width: int) -> int:
    """The integer whose bits are those of `x`."""
    return x & ((1 << width) - 1)


def div_trunc(a: int, b: int) -> int:
    """Division that rounds toward zero. Raises ZeroDivisionError."""
    q = a // b
    return q + 1 if q < 0 and q * b != a else q


def rem_trunc(a: int, b: int) -> int:
    """The remainder of `div_trunc`: it has the sign of `a`. Raises ZeroDivisionError."""
    return a - b * div_trunc(a, b)


def divide(a: float, b: float) -> float:
    """IEEE division of two f64: by zero it gives an infinity or NaN."""
    if b:
        return a / b
    if a != a or not a:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def maximum(a: Any, b: Any) -> Any:
    """The larger one; NaN when one of them is."""
    return a if a != a or a > b else b


def minimum(a: Any, b: Any) -> Any:
    """The smaller one; NaN when one of them is."""
    return a if a != a or a < b else b


def maxnum(a: Any, b: Any) -> Any:
    """The larger one; the other one when one of them is NaN."""
    return b if a != a or a < b else a


def minnum(a: Any, b: Any) -> Any:
    """The smaller one; the other one when one of them is NaN."""
    return b if a != a or a > b else a


def to_int(x: Any, width: int) -> int:
    """Truncates toward zero; what doesn't fit gives the smallest integer, as x86 does."""
    low = -(1 << (width - 1))
    if x != x or x in (math.inf, -math.inf):
        return low
    n = int(x)
    return n if low <= n < -low else low


def to_unsigned(x: Any, width: int) -> int:
    """Truncates toward zero to an unsigned integer of that width, given as a signed one."""
    return 0 if x != x or x in (math.inf, -math.inf) else wrap(int(x), width)


def bitcast(x: Any, source: str, target: str) -> Any:
    """The number of NumPy dtype `target` with the bits of `x`, which is of dtype `source`."""
    return np.array(x, source).view(target)[()].item() if target != "float32" else np.array(x, source).view(target)[()]


def ipow(a: int, b: int, width: int) -> int:
    """An integer power that wraps; negative exponents give 0, or ±1 for a base of ±1."""
    if b < 0:
        return 0 if a not in (1, -1) else (a if b % 2 else 1)
    return wrap(pow(a, b, 1 << width), width)


def bit_count(x: int, width: int) -> int:
    """How many bits are set."""
    return bin(unsigned(x, width)).count("1")


def leading_zeros(x: int, width: int) -> int:
    """How many bits above the highest set bit there are."""
    return width - unsigned(x, width).bit_length()


def trailing_zeros(x: int, width: int) -> int:
    """How many bits below the lowest set bit there are."""
    return width if x == 0 else (x & -x).bit_length() - 1
