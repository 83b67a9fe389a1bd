"""How composite bodies treat half precisions: compute in float32 and round once at the end, as torch's kernels do."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.errors import OperatorNotImplementedError
from tsir.ops.core.elementwise import convert
from tsir.ops.promotion import is_half
from tsir.ops.tensor import SymTensor, dtype_label

F = TypeVar("F", bound=Callable[..., Any])


def in_float32(body: F) -> F:
    """Makes a body of half-precision tensors compute in float32; results that come out in float32 are rounded back."""

    @functools.wraps(body)
    def widened(*arguments: Any) -> Any:
        halves = [a.dtype for a in arguments if isinstance(a, SymTensor) and is_half(a.dtype)]
        if not halves:
            return body(*arguments)
        half = halves[0]
        wide = [convert(a, dtypes.float32) if isinstance(a, SymTensor) and is_half(a.dtype) else a for a in arguments]
        result = body(*wide)
        if isinstance(result, tuple):
            return tuple(_narrowed(r, half) for r in result)
        return _narrowed(result, half)

    return widened  # type: ignore[return-value]


def _narrowed(result: Any, half: DType) -> Any:
    return convert(result, half) if isinstance(result, SymTensor) and result.dtype is dtypes.float32 else result


def require_float(x: SymTensor, name: str) -> None:
    """Raises OperatorNotImplementedError, with torch's words, for a tensor that isn't of a real floating point type."""
    if x.dtype.category is not Category.FLOAT:
        raise OperatorNotImplementedError(f'"{name}" not implemented for {dtype_label(x.dtype)!r}')
