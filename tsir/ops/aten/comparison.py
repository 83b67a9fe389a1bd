"""Comparisons, logical and bitwise operators, and selection by a condition."""

from __future__ import annotations

from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category
from tsir.errors import OperatorError
from tsir.ops.aten.precision import number_as
from tsir.ops.core.checks import check_number
from tsir.ops.core.elementwise import binary, convert, isfinite, unary, where
from tsir.ops.promotion import int_to_float, result_type
from tsir.ops.registry import aten
from tsir.ops.tensor import SymTensor, dtype_label, is_constant

COMPARISONS = {
    "eq": "eq", "ne": "ne", "not_equal": "ne", "lt": "lt", "less": "lt", "le": "le", "less_equal": "le", "gt": "gt",
    "greater": "gt", "ge": "ge", "greater_equal": "ge",
}  # fmt: skip
"""Comparison operators, with a tensor and with a number, and their core functions."""

for _name, _function in COMPARISONS.items():
    aten(
        f"{_name}.Tensor(Tensor self, Tensor other) -> Tensor",
        f"{_name}.Scalar(Tensor self, Scalar other) -> Tensor",
    )(lambda x, other, name=_function: binary(name, x, other))

for _name in ("logical_and", "logical_or", "logical_xor"):
    aten(f"{_name}(Tensor self, Tensor other) -> Tensor")(lambda x, other, name=_name: binary(name, x, other))

BITWISE = {
    "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
}  # fmt: skip
"""Bitwise operators: `__and__` and `bitwise_and` mean the same."""

for _name, _function in BITWISE.items():
    aten(
        f"{_function}.Tensor(Tensor self, Tensor other) -> Tensor",
        f"{_function}.Scalar(Tensor self, Scalar other) -> Tensor",
        f"{_function}.Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
        f"__{_name}__.Tensor(Tensor self, Tensor other) -> Tensor",
        f"__{_name}__.Scalar(Tensor self, Scalar other) -> Tensor",
    )(lambda x, other, name=_function: binary(name, x, other))

for _name, _function, _dunder in (
    ("bitwise_left_shift", "shift_left", "__lshift__"),
    ("bitwise_right_shift", "shift_right", "__rshift__"),
):
    aten(
        f"{_name}.Tensor(Tensor self, Tensor other) -> Tensor",
        f"{_name}.Tensor_Scalar(Tensor self, Scalar other) -> Tensor",
        f"{_name}.Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
        f"{_dunder}.Tensor(Tensor self, Tensor other) -> Tensor",
        f"{_dunder}.Scalar(Tensor self, Scalar other) -> Tensor",
    )(lambda x, other, name=_function: binary(name, x, other))


@aten("isclose(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False) -> Tensor", out=False)
def isclose(x: SymTensor, other: SymTensor, rtol: Any, atol: Any, equal_nan: bool) -> SymTensor:
    """`|self - other| <= atol + rtol * |other|`, element by element."""
    if x.dtype is not other.dtype:
        raise OperatorError(f"{dtype_label(x.dtype)} did not match {dtype_label(other.dtype)}")
    for name, value in (("rtol", rtol), ("atol", atol)):
        check_number(value, "ge", 0, f"{name} must be greater than or equal to zero, but got {{0}}")
    close = binary("eq", x, other)
    if equal_nan and x.dtype.category >= Category.FLOAT:
        close = binary("logical_or", close, binary("logical_and", unary("isnan", x), unary("isnan", other)))
    if is_constant(rtol) and is_constant(atol) and rtol == 0 and atol == 0:
        return close
    wide = convert(other, int_to_float(other.dtype))
    allowed = binary("add", unary("abs", wide * rtol), atol)
    actual = unary("abs", binary("sub", convert(x, wide.dtype), wide))
    return binary("logical_or", close, binary("logical_and", isfinite(actual), binary("le", actual, allowed)))


@aten("where.self(Tensor condition, Tensor self, Tensor other) -> Tensor")
@aten(
    "where.ScalarSelf(Tensor condition, Scalar self, Tensor other) -> Tensor",
    "where.ScalarOther(Tensor condition, Tensor self, Scalar other) -> Tensor",
    "where.Scalar(Tensor condition, Scalar self, Scalar other) -> Tensor",
    out=False,
)
def where_(condition: SymTensor, x: Any, other: Any) -> SymTensor:
    """Elements of `self` where the condition holds, of `other` elsewhere."""
    if condition.dtype not in (dtypes.bool_, dtypes.uint8):
        raise OperatorError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {dtype_label(condition.dtype)}"
        )
    dtype = result_type((x, other))
    a, b = (v if isinstance(v, SymTensor) else number_as(v, dtype) for v in (x, other))
    return where(condition, a, b)


@aten(
    "masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor",
    "masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor",
)
def masked_fill(x: SymTensor, mask: SymTensor, value: Any) -> SymTensor:
    """`value` where the mask holds."""
    if mask.dtype is not dtypes.bool_:
        raise OperatorError(f"masked_fill_ only supports boolean masks, but got mask with dtype {dtype_label(mask.dtype)}")
    if isinstance(value, SymTensor):
        if value.shape:
            raise OperatorError(
                f"masked_fill only supports a 0-dimensional value tensor, but got tensor with {value.rank} dimension(s)."
            )
        if value.is_complex and not x.is_complex:
            raise OperatorError("value cannot be converted to a real dtype without overflow")
        value = convert(value, x.dtype)
    else:
        value = number_as(value, x.dtype)
    return convert(where(mask, value, x), x.dtype)
