"""What bodies do about dtypes: half precisions are computed in float32 and rounded once at the end; numbers fit the dtype."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.core.elementwise import convert
from tsir.ops.promotion import is_half
from tsir.ops.tensor import SymTensor, dtype_label, is_constant

F = TypeVar("F", bound=Callable[..., Any])


def in_float32(body: F) -> F:
    """Makes a body of half-precision tensors compute in float32; results that come out in float32 are rounded back."""

    @functools.wraps(body)
    def widened(*arguments: Any, **constants: Any) -> Any:
        halves = [a.dtype for a in arguments if isinstance(a, SymTensor) and is_half(a.dtype)]
        if not halves:
            return body(*arguments, **constants)
        half = halves[0]
        wide = [convert(a, dtypes.float32) if isinstance(a, SymTensor) and is_half(a.dtype) else a for a in arguments]
        result = body(*wide, **constants)
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


def number_as(value: Any, dtype: DType) -> Any:
    """A constant as Python's number of the dtype's category: what fills a tensor of this dtype. Run-time numbers stay."""
    if not is_constant(value):
        return value
    if isinstance(value, complex) and not dtype.is_complex:
        raise OperatorError(f"value cannot be converted to type {dtype.name} without overflow")
    convert_to: dict[Category, Callable[[Any], Any]] = {
        Category.BOOL: bool, Category.INT: int, Category.FLOAT: float, Category.COMPLEX: complex
    }  # fmt: skip
    try:
        return convert_to[dtype.category](value)
    except (OverflowError, ValueError):
        raise OperatorError(f"value cannot be converted to type {dtype.name} without overflow") from None
