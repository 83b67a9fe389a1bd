"""Arithmetic operators on tensors and numbers: add to pow, clamping, interpolation. Functions of one argument: functions.py."""

from __future__ import annotations

from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.aten.precision import in_float32, in_float32_to, number_as, promoted
from tsir.ops.core import elementwise
from tsir.ops.core.creation import full
from tsir.ops.core.elementwise import binary, clamp, convert, copy, power, unary, where
from tsir.ops.core.numbers import to_number
from tsir.ops.promotion import int_to_float, is_half, number_kind, result_type
from tsir.ops.registry import aten
from tsir.ops.tensor import SymTensor, dtype_label, is_constant


def _scaled(x: Any, alpha: Any, dtype: dtypes.DType) -> Any:
    """`alpha * x` for the second operand of add and sub, whose result has this dtype."""
    if is_constant(alpha) and alpha == 1:
        return x
    kind = number_kind(alpha)
    if dtype.category <= Category.INT and kind in ("float", "complex"):
        raise OperatorError("For integral input tensors, argument alpha must not be a floating point number.")
    if dtype.category is Category.FLOAT and kind == "complex":
        raise OperatorError("For non-complex input tensors, argument alpha must not be a complex number.")
    if kind == "bool" and dtype.category is not Category.BOOL:
        raise OperatorError("Boolean alpha only supported for Boolean results.")
    if dtype is dtypes.bool_:
        alpha = to_number(alpha, "bool")
        if not isinstance(x, SymTensor):
            return to_number(binary("mul", x, alpha), "bool")
    return binary("mul", convert(x, dtype) if isinstance(x, SymTensor) else x, alpha)


@aten(
    "add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
    "add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
)
@aten(
    "add.Scalar_Tensor(Scalar self, Tensor other, *, Scalar alpha=1) -> Tensor",
    out=False,
)
def add(x: Any, other: Any, alpha: Any) -> SymTensor:
    """`self + alpha * other`."""
    return binary("add", x, _scaled(other, alpha, result_type((x, other))))


@aten(
    "sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
    "sub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
    "subtract.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
)
@aten("subtract.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor", out=False)
def sub(x: SymTensor, other: Any, alpha: Any) -> SymTensor:
    """`self - alpha * other`; not for bool."""
    for operand in (x, other):
        if (operand.dtype is dtypes.bool_) if isinstance(operand, SymTensor) else number_kind(operand) == "bool":
            raise OperatorError(
                "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
                "use the `~` or `logical_not()` operator instead."
            )
    return binary("sub", x, _scaled(other, alpha, result_type((x, other))))


@aten(
    "rsub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
    "rsub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
)
def rsub(x: SymTensor, other: Any, alpha: Any) -> SymTensor:
    """`other - alpha * self`."""
    if isinstance(other, SymTensor):
        return sub(other, x, alpha)
    if x.dtype is dtypes.bool_ or number_kind(other) == "bool":
        return sub(x, other, alpha)
    return binary("sub", other, _scaled(x, alpha, result_type((x, other))))


@aten(
    "sub.Scalar_Tensor(Scalar self, Tensor other, *, Scalar alpha=1) -> Tensor",
    "subtract.Scalar_Tensor(Scalar self, Tensor other, *, Scalar alpha=1) -> Tensor",
    out=False,
)
def sub_from_number(number: Any, other: SymTensor, alpha: Any) -> SymTensor:
    """`self - alpha * other` for a number, which torch's functions take for their first tensor (as those below)."""
    return rsub(other, number, alpha)


@aten(
    "mul.Tensor(Tensor self, Tensor other) -> Tensor",
    "mul.Scalar(Tensor self, Scalar other) -> Tensor",
    "multiply.Tensor(Tensor self, Tensor other) -> Tensor",
)
@aten("multiply.Scalar(Tensor self, Scalar other) -> Tensor", out=False)
@aten(
    "mul.Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
    "multiply.Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
    out=False,
)
def mul(x: Any, other: Any) -> SymTensor:
    """`self * other`; the logical and for bool."""
    return binary("mul", x, other)


@aten(
    "div.Tensor(Tensor self, Tensor other) -> Tensor",
    "div.Scalar(Tensor self, Scalar other) -> Tensor",
    "divide.Tensor(Tensor self, Tensor other) -> Tensor",
    "true_divide.Tensor(Tensor self, Tensor other) -> Tensor",
)
@aten(
    "divide.Scalar(Tensor self, Scalar other) -> Tensor",
    "true_divide.Scalar(Tensor self, Scalar other) -> Tensor",
    out=False,
)
@aten(
    "div.Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
    "divide.Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
    "true_divide.Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
    out=False,
)
def div(x: Any, other: Any) -> SymTensor:
    """True division: integers give the default float dtype."""
    return binary("div", x, other)


@aten(
    "div.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor",
    "div.Scalar_mode(Tensor self, Scalar other, *, str? rounding_mode) -> Tensor",
    "divide.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor",
)
@aten("divide.Scalar_mode(Tensor self, Scalar other, *, str? rounding_mode) -> Tensor", out=False)
@aten(
    "div.Scalar_Tensor_mode(Scalar self, Tensor other, *, str? rounding_mode) -> Tensor",
    "divide.Scalar_Tensor_mode(Scalar self, Tensor other, *, str? rounding_mode) -> Tensor",
    out=False,
)
def div_mode(x: Any, other: Any, rounding_mode: str | None) -> SymTensor:
    """Division, rounded down ("floor"), towards zero ("trunc"), or not at all (None)."""
    functions = {None: "div", "floor": "floordiv", "trunc": "truncdiv"}
    if rounding_mode not in functions:
        raise OperatorError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")
    if rounding_mode == "trunc" and is_half(result_type((x, other))):
        return unary("trunc", binary("div", x, other))  # rounded to the half precision before it is cut
    return binary(functions[rounding_mode], x, other)


@aten(
    "floor_divide(Tensor self, Tensor other) -> Tensor",
    "floor_divide.Scalar(Tensor self, Scalar other) -> Tensor",
)
@aten(
    "floor_divide.Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
    out=False,
)
def floor_divide(x: Any, other: Any) -> SymTensor:
    """Division rounded down."""
    return binary("floordiv", x, other)


@aten(
    "remainder.Tensor(Tensor self, Tensor other) -> Tensor",
    "remainder.Scalar(Tensor self, Scalar other) -> Tensor",
    "remainder.Scalar_Tensor(Scalar self, Tensor other) -> Tensor",
)
def remainder(x: Any, other: Any) -> SymTensor:
    """Python's `%`: the sign of the divisor."""
    return binary("remainder", x, other)


@aten("fmod.Tensor(Tensor self, Tensor other) -> Tensor", "fmod.Scalar(Tensor self, Scalar other) -> Tensor")
def fmod(x: SymTensor, other: Any) -> SymTensor:
    """C's `fmod`: the sign of the dividend."""
    return binary("fmod", x, other)


@aten(
    "pow.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor",
    "pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor",
    "pow.Scalar(Scalar self, Tensor exponent) -> Tensor",
)
def pow(base: Any, exponent: Any) -> SymTensor:
    """`self ** exponent`."""
    if isinstance(base, SymTensor) and not isinstance(exponent, SymTensor):
        number_as(exponent, result_type((base, exponent)))  # raises
    return power(base, exponent)


@aten(
    "float_power.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor",
    "float_power.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor",
    "float_power.Scalar(Scalar self, Tensor exponent) -> Tensor",
)
def float_power(base: Any, exponent: Any) -> SymTensor:
    """`self ** exponent` computed in double precision."""
    is_complex = result_type((base, exponent)).is_complex
    wide = dtypes.complex128 if is_complex else dtypes.float64
    a, b = (convert(v, wide) if isinstance(v, SymTensor) else v for v in (base, exponent))
    return power(a, b)


@aten("clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor")
@aten("clip(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor")
@aten("clamp.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor")
@aten("clip.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor")
def clamp_(x: SymTensor, low: Any, high: Any) -> SymTensor:
    """Limits from below and above; `max` wins where it is less than `min`."""
    if x.dtype is dtypes.bool_ and (isinstance(low, SymTensor) or isinstance(high, SymTensor)):
        bounded = x if low is None else binary("maximum", x, low)
        return bounded if high is None else binary("minimum", bounded, high)
    dtype = result_type([v for v in (x, low, high) if v is not None])
    low, high = (
        v if v is None or isinstance(v, SymTensor) or dtype.is_complex else number_as(v, dtype) for v in (low, high)
    )
    return clamp(x, low, high)


@aten("clamp_min(Tensor self, Scalar min) -> Tensor", "clamp_min.Tensor(Tensor self, Tensor min) -> Tensor")
def clamp_min(x: SymTensor, low: Any) -> SymTensor:
    """Limits from below."""
    return clamp_(x, low, None)


@aten("clamp_max(Tensor self, Scalar max) -> Tensor", "clamp_max.Tensor(Tensor self, Tensor max) -> Tensor")
def clamp_max(x: SymTensor, high: Any) -> SymTensor:
    """Limits from above."""
    return clamp_(x, None, high)


BINARY_FUNCTIONS = {
    "maximum": "maximum",
    "max.other": "maximum",
    "minimum": "minimum",
    "min.other": "minimum",
    "fmax": "fmax",
    "fmin": "fmin",
    "atan2": "atan2",
    "arctan2": "atan2",
    "hypot": "hypot",
    "nextafter": "nextafter",
    "gcd": "gcd",
    "lcm": "lcm",
    "igamma": "igamma",
    "igammac": "igammac",
    "special_gammainc": "igamma",
    "special_gammaincc": "igammac",
}
"""Operators `name(Tensor self, Tensor other) -> Tensor` that are one core function."""

for _key, _function in BINARY_FUNCTIONS.items():
    aten(f"{_key}(Tensor self, Tensor other) -> Tensor")(lambda x, other, name=_function: binary(name, x, other))


@aten("copysign.Tensor(Tensor self, Tensor other) -> Tensor", "copysign.Scalar(Tensor self, Scalar other) -> Tensor")
def copysign(x: SymTensor, other: Any) -> SymTensor:
    """The magnitude of `self` with the sign of `other`."""
    return binary("copysign", x, other)


@aten("logaddexp(Tensor self, Tensor other) -> Tensor")
def logaddexp(x: SymTensor, other: SymTensor) -> SymTensor:
    """`log(exp(self) + exp(other))`, without overflow."""
    dtype = result_type((x, other))
    if not dtype.is_complex:
        return binary("logaddexp", x, other)
    a, b = convert(x, dtype), convert(other, dtype)
    less = binary("lt", elementwise.real(a), elementwise.real(b))
    high, low = where(less, b, a), where(less, a, b)
    return high + unary("log1p", unary("exp", low - high))


@aten("logaddexp2(Tensor self, Tensor other) -> Tensor")
@in_float32_to(promoted)
def logaddexp2(x: SymTensor, other: SymTensor) -> SymTensor:
    """`log2(2 ** self + 2 ** other)`."""
    high = binary("maximum", x, other)
    distance = unary("abs", binary("sub", x, other))
    total = high + unary("log2", unary("exp2", -distance) + 1)
    return where(binary("eq", x, other), high + 1, total)


@aten("ldexp.Tensor(Tensor self, Tensor other) -> Tensor")
def ldexp(x: SymTensor, other: SymTensor) -> SymTensor:
    """`self * 2 ** other`; of a float tensor and integers without overflow in between."""
    if x.is_floating_point and other.dtype.category <= Category.INT:
        if other.dtype is dtypes.bool_:
            raise OperatorNotImplementedError("\"ldexp_cpu_exp\" not implemented for 'Bool'")
        return convert(binary("ldexp", x, clamp(other, -(2**14), 2**14)), x.dtype)
    return binary("mul", x, binary("pow", 2.0, other))


@aten("heaviside(Tensor self, Tensor values) -> Tensor")
def heaviside(x: SymTensor, values: SymTensor) -> SymTensor:
    """0 for negative elements and NaN, 1 for positive ones, `values` for 0."""
    if x.dtype is not values.dtype:
        raise OperatorError("heaviside is not yet implemented for tensors with different dtypes.")
    return where(binary("eq", x, 0), values, convert(binary("gt", x, 0), x.dtype))


@aten(
    "lerp.Scalar(Tensor self, Tensor end, Scalar weight) -> Tensor",
    "lerp.Tensor(Tensor self, Tensor end, Tensor weight) -> Tensor",
)
def lerp(start: SymTensor, end: SymTensor, weight: Any) -> SymTensor:
    """`self + weight * (end - self)`, computed from the nearer end."""
    for other, name in ((end, "end"), (weight, "weight")):
        if isinstance(other, SymTensor) and other.dtype is not start.dtype:
            raise OperatorError(
                f"expected dtype {dtype_label(start.dtype)} for `{name}` but got dtype {dtype_label(other.dtype)}"
            )
    if start.dtype.category <= Category.INT:
        raise OperatorNotImplementedError(f'"lerp_kernel" not implemented for {dtype_label(start.dtype)!r}')
    return _between(start, end, weight)


@in_float32
def _between(start: SymTensor, end: SymTensor, weight: Any) -> SymTensor:
    difference = binary("sub", end, start)
    if not isinstance(weight, SymTensor) and is_constant(weight):
        near = abs(weight) < 0.5
        return binary("add", start, difference * weight) if near else binary("sub", end, difference * (1 - weight))
    from_start = binary("add", start, binary("mul", difference, weight))
    from_end = binary("sub", end, binary("mul", difference, binary("sub", 1.0, weight)))
    if not isinstance(weight, SymTensor):
        return from_start
    return where(binary("lt", unary("abs", weight), 0.5), from_start, from_end)


@aten("addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor")
def addcmul(x: SymTensor, a: SymTensor, b: SymTensor, value: Any) -> SymTensor:
    """`self + value * tensor1 * tensor2`, all of them in the promoted dtype; not for bool."""
    dtype = result_type((x, a, b))
    if dtype is dtypes.bool_:
        raise OperatorNotImplementedError("\"addcmul_cpu_out\" not implemented for 'Bool'")
    return _added_product(convert(x, dtype), convert(a, dtype), convert(b, dtype), value)


@in_float32
def _added_product(x: SymTensor, a: SymTensor, b: SymTensor, value: Any) -> SymTensor:
    if x.dtype.category is Category.INT and number_kind(value) in ("float", "bool"):
        value = to_number(value, "int")  # 2.7 counts as 2, unlike add's alpha
    return binary("add", x, binary("mul", _scaled(a, value, x.dtype), b))


@aten("addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor")
def addcdiv(x: SymTensor, a: SymTensor, b: SymTensor, value: Any) -> SymTensor:
    """`self + value * tensor1 / tensor2`; not for two integer tensors."""
    if a.dtype.category <= Category.INT and b.dtype.category <= Category.INT:
        raise OperatorError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true "
            "division of tensor1 and tensor2."
        )
    dtype = result_type((x, a, b))
    return _added_quotient(convert(x, dtype), convert(a, dtype), convert(b, dtype), value)


@in_float32
def _added_quotient(x: SymTensor, a: SymTensor, b: SymTensor, value: Any) -> SymTensor:
    return binary("add", x, binary("div", _scaled(a, value, x.dtype), b))


@aten("xlogy.Tensor(Tensor self, Tensor other) -> Tensor")
@aten("xlogy.Scalar_Self(Scalar self, Tensor other) -> Tensor", "xlogy.Scalar_Other(Tensor self, Scalar other) -> Tensor")
@aten("special_xlogy(Tensor self, Tensor other) -> Tensor")
def xlogy(x: Any, other: Any) -> SymTensor:
    """`self * log(other)`, 0 where `self` is 0, NaN where `other` is."""
    return _times_log("log", x, other)


@aten("special_xlog1py(Tensor self, Tensor other) -> Tensor")
@aten("special_xlog1py.self_scalar(Scalar self, Tensor other) -> Tensor")
@aten("special_xlog1py.other_scalar(Tensor self, Scalar other) -> Tensor")
def xlog1py(x: Any, other: Any) -> SymTensor:
    """`self * log1p(other)`, 0 where `self` is 0, NaN where `other` is."""
    return _times_log("log1p", x, other)


def _times_log(function: str, x: Any, other: Any) -> SymTensor:
    dtype = int_to_float(result_type((x, other)))
    if dtype.is_complex:
        name = {"log": "xlogy", "log1p": "xlog1py"}[function]
        raise OperatorNotImplementedError(f'"{name}_cpu" not implemented for {dtype_label(dtype)!r}')
    y = convert(other, dtype) if isinstance(other, SymTensor) else full((), other, dtype)
    first = convert(x, dtype) if isinstance(x, SymTensor) else x
    product = binary("mul", first, unary(function, y))
    if isinstance(first, SymTensor):
        product = where(binary("eq", first, 0), 0.0, product)
    elif first == 0:
        product = where(binary("eq", product, product), product, 0.0) * 0
    return where(unary("isnan", y), y, product)


@aten("round.decimals(Tensor self, *, int decimals) -> Tensor")
@aten("special_round(Tensor self, *, int decimals=0) -> Tensor")
@in_float32
def round_decimals(x: SymTensor, decimals: int) -> SymTensor:
    """Rounds half to even at a decimal place."""
    if x.dtype.category is not Category.FLOAT:
        if decimals == 0:
            return copy(x)
        raise OperatorNotImplementedError(f'"round_vml_cpu" not implemented for {dtype_label(x.dtype)!r}')
    if decimals == 0:
        return unary("round", x)
    scale = float(10 ** abs(decimals))
    if decimals < 0:
        return binary("mul", unary("round", binary("div", x, scale)), scale)
    return binary("div", unary("round", binary("mul", x, scale)), scale)


@aten("detach_(Tensor(a!) self) -> Tensor(a!)", "requires_grad_(Tensor(a!) self, bool requires_grad=True) -> Tensor(a!)")
def detached(x: SymTensor, requires_grad: Any = False) -> SymTensor:
    """The tensor itself: tsir's tensors have no gradients."""
    return x
