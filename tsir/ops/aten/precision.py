"""What bodies do about dtypes: half precisions are computed in float32 and rounded once at the end; numbers fit the dtype."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.core.checks import check_number
from tsir.ops.core.elementwise import convert
from tsir.ops.promotion import is_half, number_kind, result_type
from tsir.ops.tensor import SymTensor, dtype_label, is_constant, require_number

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


def in_float32_to(dtype_of: Callable[..., DType]) -> Callable[[F], F]:
    """As `in_float32`, for operators of several floating-point tensors: the result is of the dtype that the arguments give."""

    def declare(body: F) -> F:
        @functools.wraps(body)
        def widened(*arguments: Any) -> Any:
            halves = any(isinstance(a, SymTensor) and is_half(a.dtype) for a in arguments)
            wide = [convert(a, dtypes.float32) if isinstance(a, SymTensor) and is_half(a.dtype) else a for a in arguments]
            result, wanted = body(*(wide if halves else arguments)), dtype_of(*arguments)
            is_float = result.dtype.category is Category.FLOAT and wanted.category is Category.FLOAT
            return convert(result, wanted) if is_float and result.dtype is not wanted else result

        return widened  # type: ignore[return-value]

    return declare


def promoted(*arguments: Any) -> DType:
    """The dtype that the tensors among an operator's arguments have together."""
    return result_type([a for a in arguments if isinstance(a, SymTensor)])


def first(x: SymTensor, *_arguments: Any) -> DType:
    """The dtype of an operator's first argument."""
    return x.dtype


def _narrowed(result: Any, half: DType) -> Any:
    return convert(result, half) if isinstance(result, SymTensor) and result.dtype is dtypes.float32 else result


def require_float(x: SymTensor, name: str) -> None:
    """Raises OperatorNotImplementedError, with torch's words, for a tensor that isn't of a real floating point type."""
    if x.dtype.category is not Category.FLOAT:
        raise OperatorNotImplementedError(f'"{name}" not implemented for {dtype_label(x.dtype)!r}')


def number_as(value: Any, dtype: DType) -> Any:
    """A number as Python's of the dtype's category: what fills a tensor of this dtype.

    Raises OperatorError, with torch's message, for one that the dtype can't hold, where the dtype is an integer's also at run
    time. To complex and bool all can be converted; negative ints wrap around in uint8.
    """
    name = _C_NAMES.get(dtype)
    if not is_constant(value):
        kind = number_kind(value)
        if kind == "complex" and dtype.category < Category.COMPLEX:
            value = require_number(value)  # raises: whether there is an imaginary part decides
        elif dtype.category is Category.INT and (kind == "float" or (kind == "int" and dtype.itemsize < 8)):
            low, high = _limits(dtype)
            lowest = -high if low == 0 and kind == "int" else low
            for comparison, bound in (("ge", lowest), ("le", high)):
                limit = float(bound) if kind == "float" else bound
                check_number(value, comparison, limit, f"value cannot be converted to type {name} without overflow")
        return value
    if name is not None and not _fits(value, dtype):
        raise OperatorError(f"value cannot be converted to type {name} without overflow")
    if isinstance(value, complex) and not dtype.is_complex:
        value = value if dtype is dtypes.bool_ else value.real
    convert_to: dict[Category, Callable[[Any], Any]] = {
        Category.BOOL: bool, Category.INT: int, Category.FLOAT: float, Category.COMPLEX: complex
    }  # fmt: skip
    return convert_to[dtype.category](value)


_C_NAMES: dict[DType, str] = {
    dtypes.uint8: "uint8_t", dtypes.int8: "int8_t", dtypes.int16: "int16_t", dtypes.int32: "int", dtypes.int64: "int64_t",
    dtypes.float16: "c10::Half", dtypes.bfloat16: "c10::BFloat16", dtypes.float32: "float", dtypes.float64: "double",
}  # fmt: skip

_LARGEST = {dtypes.float16: 65504.0, dtypes.bfloat16: 3.3895313892515355e38, dtypes.float32: 3.4028234663852886e38}


def _limits(dtype: DType) -> tuple[int, int]:
    """The smallest and the largest number of an integer dtype."""
    bits = dtype.itemsize * 8
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if dtype.signed else (0, 2**bits - 1)


def _fits(value: Any, dtype: DType) -> bool:
    """Whether a constant can be converted to a real dtype without overflow, as C++'s `c10::overflows` decides it."""
    if isinstance(value, complex):
        return value.imag == 0 and _fits(value.real, dtype)
    if dtype.category is Category.INT:
        low, high = _limits(dtype)
        if isinstance(value, int) and low == 0:
            low = -high
        return low <= value <= high
    largest = _LARGEST.get(dtype)
    return largest is None or value != value or abs(value) in (float("inf"),) or abs(value) <= largest
