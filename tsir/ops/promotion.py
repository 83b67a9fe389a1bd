"""torch's rules for the dtype of a result: categories, then dimensioned tensors over 0-d tensors over Python numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType, promote

if TYPE_CHECKING:
    from tsir.ops.tensor import SymScalar, SymTensor

CURRENT: list[DType] = [dtypes.float32]
"""torch's default dtype, as its only element: see `runtime/default_dtype.py`, which follows `torch.set_default_dtype`."""


def default_dtype() -> DType:
    """The dtype of tensors made of floats, and of what is computed of integers where that gives fractions."""
    return CURRENT[0]


_KIND_CATEGORIES = {"bool": Category.BOOL, "int": Category.INT, "float": Category.FLOAT, "complex": Category.COMPLEX}
_CATEGORY_DEFAULTS = {
    Category.BOOL: dtypes.bool_,
    Category.INT: dtypes.int64,
}


def number_kind(value: Any) -> str:
    """`bool`, `int`, `float` or `complex` for a Python number, a SymInt or a SymScalar."""
    kind = getattr(value, "kind", None)
    if kind is not None:
        return kind
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, float):
        return "float"
    if isinstance(value, complex):
        return "complex"
    return "int"


def number_dtype(value: Any) -> DType:
    """The dtype of the 0-d tensor that torch makes of a number: int64, bool, the default dtype, or its complex one."""
    category = _KIND_CATEGORIES[number_kind(value)]
    if category is Category.FLOAT:
        return default_dtype()
    return dtypes.to_complex(default_dtype()) if category is Category.COMPLEX else _CATEGORY_DEFAULTS[category]


def result_type(operands: Sequence[SymTensor | SymScalar | Any]) -> DType:
    """`torch.result_type` of tensors and numbers together."""
    dimensioned: DType | None = None
    zero_dim: DType | None = None
    number: DType | None = None
    for operand in operands:
        dtype: DType | None = getattr(operand, "dtype", None)
        if dtype is None:
            d = number_dtype(operand)
            number = d if number is None else promote(number, d)
        elif getattr(operand, "shape", ()):
            dimensioned = dtype if dimensioned is None else promote(dimensioned, dtype)
        else:
            zero_dim = dtype if zero_dim is None else promote(zero_dim, dtype)
    result = _combine(dimensioned, zero_dim)
    result = _combine(result, number)
    assert result is not None
    return result


def _combine(higher: DType | None, lower: DType | None) -> DType | None:
    """The higher priority's dtype, unless the lower's category is higher."""
    if higher is None:
        return lower
    if lower is None or higher.category >= lower.category:
        return higher
    if lower.category is Category.COMPLEX and higher.category is Category.FLOAT:
        return dtypes.to_complex(higher)
    return lower


def int_to_float(dtype: DType) -> DType:
    """The dtype that a function such as `exp` computes in: the default for integers and bool."""
    return default_dtype() if dtype.category <= Category.INT else dtype


def accumulation_type(dtype: DType) -> DType:
    """The dtype in which sums of `dtype` are kept: float32 for the half precisions."""
    return dtypes.float32 if dtype in (dtypes.float16, dtypes.bfloat16) else dtype


def is_half(dtype: DType) -> bool:
    """float16 or bfloat16: computed in float32 and rounded once."""
    return dtype is dtypes.float16 or dtype is dtypes.bfloat16


def can_cast(source: DType, target: DType) -> bool:
    """`torch.can_cast`: whether an in-place operator may write a result of `source` into `target`."""
    if source.category is Category.COMPLEX and target.category is not Category.COMPLEX:
        return False
    if source.category is Category.FLOAT and target.category < Category.FLOAT:
        return False
    return not (source.category is not Category.BOOL and target.category is Category.BOOL)
