"""Functions of one tensor, element by element: exp, sqrt, erf, rounding, signs, tests for NaN, special functions."""

from __future__ import annotations

import math
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.aten.precision import in_float32, require_float
from tsir.ops.core import elementwise
from tsir.ops.core.elementwise import binary, convert, copy, isfinite, unary, where
from tsir.ops.promotion import int_to_float
from tsir.ops.registry import aten
from tsir.ops.tensor import SymTensor, dtype_label

UNARY_FUNCTIONS = {
    "abs": "abs", "absolute": "abs", "neg": "neg", "negative": "neg", "sign": "sign", "sgn": "sgn", "floor": "floor",
    "ceil": "ceil", "trunc": "trunc", "fix": "trunc", "round": "round", "exp": "exp",
    "exp2": "exp2", "special_exp2": "exp2", "expm1": "expm1", "special_expm1": "expm1", "log": "log", "log2": "log2",
    "log10": "log10", "log1p": "log1p", "special_log1p": "log1p", "sqrt": "sqrt", "rsqrt": "rsqrt",
    "reciprocal": "reciprocal", "sin": "sin", "cos": "cos", "tan": "tan", "asin": "asin", "arcsin": "asin",
    "acos": "acos", "arccos": "acos", "atan": "atan", "arctan": "atan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh",
    "asinh": "asinh", "arcsinh": "asinh", "acosh": "acosh", "arccosh": "acosh", "atanh": "atanh", "arctanh": "atanh",
    "erf": "erf", "special_erf": "erf", "erfinv": "erfinv", "special_erfinv": "erfinv", "special_erfcx": "erfcx",
    "lgamma": "lgamma", "special_gammaln": "lgamma", "digamma": "digamma", "special_digamma": "digamma",
    "special_psi": "digamma", "special_ndtri": "ndtri", "special_log_ndtr": "log_ndtr", "i0": "i0", "special_i0": "i0",
    "special_i0e": "i0e", "special_i1": "i1", "special_i1e": "i1e", "special_bessel_j0": "bessel_j0",
    "special_bessel_j1": "bessel_j1", "special_bessel_y0": "bessel_y0", "special_bessel_y1": "bessel_y1",
    "special_modified_bessel_i0": "modified_bessel_i0", "special_modified_bessel_i1": "modified_bessel_i1",
    "special_modified_bessel_k0": "modified_bessel_k0", "special_modified_bessel_k1": "modified_bessel_k1",
    "isnan": "isnan", "isinf": "isinf", "signbit": "signbit", "logical_not": "logical_not", "bitwise_not": "bitwise_not",
}  # fmt: skip
"""Operators `name(Tensor self) -> Tensor` that are one core function."""

for _key, _function in UNARY_FUNCTIONS.items():
    aten(f"{_key}(Tensor self) -> Tensor")(lambda x, name=_function: unary(name, x))


@aten("positive(Tensor(a) self) -> Tensor(a)")
def positive(x: SymTensor) -> SymTensor:
    """The tensor itself; not for bool."""
    if x.dtype is dtypes.bool_:
        raise OperatorError("The `+` operator, on a bool tensor is not supported.")
    return x


@aten("square(Tensor self) -> Tensor")
def square(x: SymTensor) -> SymTensor:
    """`self ** 2`; bool becomes int64."""
    return elementwise.power(convert(x, dtypes.int64) if x.dtype is dtypes.bool_ else x, 2)


@aten("frac(Tensor self) -> Tensor")
def frac(x: SymTensor) -> SymTensor:
    """The part behind the point, with the sign of the number."""
    if not x.is_floating_point:
        raise OperatorNotImplementedError(f'"frac_cpu" not implemented for {dtype_label(x.dtype)!r}')
    return binary("sub", x, unary("trunc", x))


@aten("angle(Tensor self) -> Tensor")
def angle(x: SymTensor) -> SymTensor:
    """The argument of a complex number; pi for negative real numbers, NaN for NaN."""
    if x.is_complex:
        return unary("angle", x)
    y = convert(x, int_to_float(x.dtype))
    return where(unary("isnan", y), y, where(binary("lt", y, 0), math.pi, 0.0 * _zero_like(y)))


def _zero_like(x: SymTensor) -> SymTensor:
    """Zeros of the same shape and dtype that don't depend on NaN or infinity."""
    return convert(binary("ne", x, x), x.dtype) * 0


@aten("deg2rad(Tensor self) -> Tensor")
def deg2rad(x: SymTensor) -> SymTensor:
    """Degrees to radians."""
    if x.is_complex:
        raise OperatorError("deg2rad is not supported for complex tensors.")
    return binary("mul", x, math.pi / 180.0)


@aten("rad2deg(Tensor self) -> Tensor")
def rad2deg(x: SymTensor) -> SymTensor:
    """Radians to degrees."""
    if x.is_complex:
        raise OperatorError("rad2deg is not supported for complex tensors.")
    return binary("mul", x, 180.0 / math.pi)


@aten("sinc(Tensor self) -> Tensor", "special_sinc(Tensor self) -> Tensor")
@in_float32
def sinc(x: SymTensor) -> SymTensor:
    """`sin(pi x) / (pi x)`, 1 for 0."""
    product = binary("mul", x, math.pi)
    return where(binary("eq", x, 0), 1.0, binary("div", unary("sin", product), product))


@aten("erfc(Tensor self) -> Tensor", "special_erfc(Tensor self) -> Tensor")
@in_float32
def erfc(x: SymTensor) -> SymTensor:
    """`1 - erf(x)`, exact in the right tail."""
    y = convert(x, int_to_float(x.dtype))
    tail = binary("mul", unary("exp", -(y * y)), unary("erfcx", elementwise.clamp(y, 0.5, None)))
    return where(binary("gt", y, 0.5), tail, binary("sub", 1.0, unary("erf", y)))


@aten("sigmoid(Tensor self) -> Tensor", "special_expit(Tensor self) -> Tensor")
@in_float32
def sigmoid(x: SymTensor) -> SymTensor:
    """`1 / (1 + exp(-x))`."""
    return unary("reciprocal", unary("exp", -convert(x, int_to_float(x.dtype))) + 1.0)


@aten("logit(Tensor self, float? eps=None) -> Tensor", "special_logit(Tensor self, float? eps=None) -> Tensor")
@in_float32
def logit(x: SymTensor, eps: Any) -> SymTensor:
    """`log(x / (1 - x))`, x limited to [eps, 1 - eps] when eps is given."""
    y = convert(x, int_to_float(x.dtype))
    if eps is not None:
        y = elementwise.clamp(y, eps, 1.0 - eps)
    return unary("log", binary("div", y, binary("sub", 1.0, y)))


@aten("special_entr(Tensor self) -> Tensor")
@in_float32
def entr(x: SymTensor) -> SymTensor:
    """`-x log(x)`, 0 for 0 and minus infinity for negative x."""
    y = convert(x, int_to_float(x.dtype))
    value = -(y * unary("log", y))
    bounded = where(binary("eq", y, 0), 0.0, where(binary("lt", y, 0), -math.inf, value))
    return where(unary("isnan", y), y, bounded)


@aten("special_ndtr(Tensor self) -> Tensor")
@in_float32
def ndtr(x: SymTensor) -> SymTensor:
    """The distribution function of the standard normal distribution."""
    y = convert(x, int_to_float(x.dtype))
    return erfc(y * (-math.sqrt(0.5))) * 0.5


@aten("polygamma_(Tensor(a!) self, int n) -> Tensor(a!)")
def polygamma_in_place(x: SymTensor, n: int) -> SymTensor:
    """The n-th derivative of the digamma function."""
    return polygamma(n, x)


@aten("polygamma(int n, Tensor self) -> Tensor", "special_polygamma(int n, Tensor self) -> Tensor")
def polygamma(n: int, x: SymTensor) -> SymTensor:
    """The n-th derivative of digamma."""
    if n < 0:
        raise OperatorError("polygamma(n, x) does not support negative n.")
    if n == 0:
        return unary("digamma", x)
    return trigamma(x) if n == 1 else binary("polygamma", float(n), x)


@in_float32
def trigamma(x: SymTensor) -> SymTensor:
    """The first derivative of digamma as torch computes it: reflected to x > 1/2, six steps up, then the asymptotic series."""
    y = convert(x, int_to_float(x.dtype))
    reflected = binary("lt", y, 0.5)
    root = unary("sin", binary("mul", y, math.pi))
    z = where(reflected, binary("sub", 1.0, y), y)
    total = where(reflected, -binary("div", math.pi * math.pi, root * root), _zero_like(y))
    for _ in range(6):
        total = total + binary("div", 1.0, z * z)
        z = z + 1.0
    inverse = binary("div", 1.0, z * z)
    series = 1.0 + binary("div", 1.0, z * 2.0) + inverse * (1 / 6 - inverse * (1 / 30 - inverse * (1 / 42)))
    total = total + series / z
    return where(reflected, -total, total)


@aten("isfinite(Tensor self) -> Tensor", out=False)
def isfinite_(x: SymTensor) -> SymTensor:
    """Neither infinite nor NaN."""
    return isfinite(x)


@aten("isposinf(Tensor self) -> Tensor")
def isposinf(x: SymTensor) -> SymTensor:
    """Positive infinity."""
    return binary("eq", x, math.inf) if x.is_floating_point else _never(x)


@aten("isneginf(Tensor self) -> Tensor")
def isneginf(x: SymTensor) -> SymTensor:
    """Negative infinity."""
    return binary("eq", x, -math.inf) if x.is_floating_point else _never(x)


def _never(x: SymTensor) -> SymTensor:
    if x.is_complex:
        raise OperatorError("isposinf does not support complex inputs.")
    return binary("ne", x, x)


@aten("isreal(Tensor self) -> Tensor", out=False)
def isreal(x: SymTensor) -> SymTensor:
    """Whether the imaginary part is 0."""
    return binary("eq", elementwise.imag(x), 0) if x.is_complex else unary("logical_not", binary("logical_xor", x, x))


FINITE_LIMITS: dict[DType, float] = {
    dtypes.float16: 65504.0,
    dtypes.bfloat16: 3.3895313892515355e38,
    dtypes.float32: 3.4028234663852886e38,
    dtypes.float64: 1.7976931348623157e308,
}
"""The largest finite number of each float dtype; the smallest is its negative."""


@aten("nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor")
def nan_to_num(x: SymTensor, nan: Any, posinf: Any, neginf: Any) -> SymTensor:
    """Replaces NaN by 0 and infinities by the largest and smallest finite numbers, unless others are given."""
    if x.dtype.category <= Category.INT:
        return copy(x)
    if x.is_complex:
        parts = (nan_to_num(part, nan, posinf, neginf) for part in (elementwise.real(x), elementwise.imag(x)))
        return elementwise.complex(*parts)
    limit = FINITE_LIMITS[x.dtype]
    result = where(unary("isnan", x), 0.0 if nan is None else nan, x)
    result = where(binary("eq", x, math.inf), limit if posinf is None else posinf, result)
    return where(binary("eq", x, -math.inf), -limit if neginf is None else neginf, result)


@aten("real(Tensor(a) self) -> Tensor(a)")
def real(x: SymTensor) -> SymTensor:
    """The real part; the tensor itself when it isn't complex."""
    return elementwise.real(x)


@aten("imag(Tensor(a) self) -> Tensor(a)")
def imag(x: SymTensor) -> SymTensor:
    """The imaginary part of a complex tensor."""
    return elementwise.imag(x)


@aten("conj(Tensor(a) self) -> Tensor(a)", "resolve_conj(Tensor(a) self) -> Tensor(a)")
def conj(x: SymTensor) -> SymTensor:
    """The complex conjugate."""
    return elementwise.conj(x)


@aten("conj_physical(Tensor(a) self) -> Tensor(a)")
def conj_physical(x: SymTensor) -> SymTensor:
    """The complex conjugate, as a new tensor; the tensor itself when it isn't complex."""
    return elementwise.conj(x)


@aten("resolve_neg(Tensor(a) self) -> Tensor(a)")
def resolve_neg(x: SymTensor) -> SymTensor:
    """The tensor itself: tsir keeps no lazy negation."""
    return x


@aten("complex(Tensor real, Tensor imag) -> Tensor")
def complex_(real_part: SymTensor, imaginary: SymTensor) -> SymTensor:
    """A complex tensor from its parts."""
    return elementwise.complex(real_part, imaginary)


@aten("polar(Tensor abs, Tensor angle) -> Tensor")
def polar(magnitude: SymTensor, phase: SymTensor) -> SymTensor:
    """A complex tensor from magnitude and angle."""
    for part in (magnitude, phase):
        require_float(part, "polar")
    return elementwise.complex(magnitude * unary("cos", phase), magnitude * unary("sin", phase))
