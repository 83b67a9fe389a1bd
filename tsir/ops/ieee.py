"""Functions of one or two floats as C's `<math.h>` has them: NaN and infinities where Python's `math` raises."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_NUMPY: dict[str, Any] = {
    "acos": np.arccos, "acosh": np.arccosh, "asin": np.arcsin, "atanh": np.arctanh, "cosh": np.cosh, "exp": np.exp,
    "expm1": np.expm1, "fmod": np.fmod, "log": np.log, "log10": np.log10, "log1p": np.log1p, "sinh": np.sinh, "sqrt": np.sqrt,
    "pow": np.power, "cos": np.cos, "sin": np.sin, "tan": np.tan, "remainder": np.remainder,
}  # fmt: skip
FUNCTIONS = frozenset(_NUMPY)
"""The functions that are different here."""


def ieee(name: str, *values: float) -> float:
    """`math.<name>(*values)`, and the result by IEEE 754 where that raises."""
    try:
        return getattr(math, name)(*values)
    except (ValueError, OverflowError, ZeroDivisionError):
        with np.errstate(all="ignore"):
            return float(_NUMPY[name](*map(np.float64, values)))
