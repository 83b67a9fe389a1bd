"""Host operators without a result: warnings, and settings that mean nothing to tsir."""

from __future__ import annotations

import warnings


def warn(message: str, stacklevel: int) -> None:
    """`warnings.warn` of a compiled program."""
    warnings.warn(message, UserWarning, stacklevel=max(stacklevel, 1) + 1)


def set_grad_enabled(value: bool) -> None:
    """Nothing: tsir computes no gradients."""
