"""Scalar arithmetic: the `arith`, `math` and `complex` operation for each function and class of dtypes, and conversions.

A dtype belongs to one of five classes: `f` float, `i` signed, `u` unsigned integer, `b` bool, `c` complex. The tables say what
is emitted for an element; shapes, broadcasting and promotion are in `elementwise.py`.
"""

from __future__ import annotations

import math as pymath
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from xdsl.dialects import arith, math
from xdsl.dialects import complex as cx
from xdsl.dialects.builtin import Float64Type, IntegerAttr, StringAttr, i64
from xdsl.ir import Operation, SSAValue

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.dialects.linalg_ext import ScalarOp
from tsir.dialects.ts.types import linalg_element_type
from tsir.ops.builder import I1, Emitter

UnaryRule: TypeAlias = "type[Operation] | Callable[[Emitter, SSAValue, DType], SSAValue]"
BinaryRule: TypeAlias = "type[Operation] | Callable[[Emitter, SSAValue, SSAValue, DType], SSAValue]"


def dtype_class(dtype: DType) -> str:
    """`f`, `i`, `u`, `b` or `c`."""
    match dtype.category:
        case Category.FLOAT:
            return "f"
        case Category.COMPLEX:
            return "c"
        case Category.BOOL:
            return "b"
        case _:
            return "i" if dtype.signed else "u"


CMPI = {name: IntegerAttr(code, i64) for code, name in enumerate(
    ("eq", "ne", "slt", "sle", "sgt", "sge", "ult", "ule", "ugt", "uge"))}  # fmt: skip
CMPF = {name: IntegerAttr(code, i64) for code, name in enumerate(
    ("false", "oeq", "ogt", "oge", "olt", "ole", "one", "ord", "ueq", "ugt", "uge", "ult", "ule", "une", "uno", "true"))}  # fmt: skip


def cmpi(e: Emitter, predicate: str, a: SSAValue, b: SSAValue) -> SSAValue:
    """`arith.cmpi`."""
    return e.one(arith.CmpiOp, (a, b), I1, {"predicate": CMPI[predicate]})


def cmpf(e: Emitter, predicate: str, a: SSAValue, b: SSAValue) -> SSAValue:
    """`arith.cmpf`."""
    return e.one(arith.CmpfOp, (a, b), I1, {"predicate": CMPF[predicate]})


def select(e: Emitter, condition: SSAValue, a: SSAValue, b: SSAValue) -> SSAValue:
    """`arith.select`."""
    return e.one(arith.SelectOp, (condition, a, b), a.type)


def same(e: Emitter, cls: type[Operation], *operands: SSAValue) -> SSAValue:
    """An operation whose result has the type of its first operand."""
    return e.one(cls, operands, operands[0].type)


def negate(e: Emitter, condition: SSAValue) -> SSAValue:
    """The logical not of an `i1`."""
    return same(e, arith.XOrIOp, condition, e.constant(True, I1))


def scalar_function(name: str) -> Callable[..., SSAValue]:
    """A rule that emits `linalg_ext.scalar "name"`."""

    def rule(e: Emitter, *operands_and_dtype: Any) -> SSAValue:
        operands = operands_and_dtype[:-1]
        return e.one(ScalarOp, operands, operands[-1].type, {"function": StringAttr(name)})

    return rule


# Conversion -----------------------------------------------------------------------------------------------------------


def convert_scalar(e: Emitter, value: SSAValue, source: DType, target: DType) -> SSAValue:
    """An element of `source` as one of `target`, as torch's `to`: floats truncate, integers wrap, bool is `!= 0`."""
    if source is target:
        return value
    return _CONVERSIONS[dtype_class(source) + dtype_class(target)](e, value, source, target)


def _int_to_int(e: Emitter, value: SSAValue, source: DType, target: DType) -> SSAValue:
    element = linalg_element_type(target)
    if target.itemsize == source.itemsize and source.category is not Category.BOOL:
        return value
    if target.itemsize < source.itemsize:
        return e.one(arith.TruncIOp, (value,), element)
    return e.one(arith.ExtSIOp if source.signed else arith.ExtUIOp, (value,), element)


def _bool_to_int(e: Emitter, value: SSAValue, source: DType, target: DType) -> SSAValue:
    return e.one(arith.ExtUIOp, (value,), linalg_element_type(target))


def _int_to_float(e: Emitter, value: SSAValue, source: DType, target: DType) -> SSAValue:
    return e.one(arith.SIToFPOp if source.signed else arith.UIToFPOp, (value,), linalg_element_type(target))


def _float_to_int(e: Emitter, value: SSAValue, source: DType, target: DType) -> SSAValue:
    if target.signed and target.itemsize >= 4:
        return e.one(arith.FPToSIOp, (value,), linalg_element_type(target))
    wide = e.one(arith.FPToSIOp, (value,), linalg_element_type(dtypes.int64))
    return e.one(arith.TruncIOp, (wide,), linalg_element_type(target))


def _float_to_float(e: Emitter, value: SSAValue, source: DType, target: DType) -> SSAValue:
    element = linalg_element_type(target)
    if source.itemsize == target.itemsize:
        value = e.one(arith.ExtFOp, (value,), linalg_element_type(dtypes.float32))
        return e.one(arith.TruncFOp, (value,), element)
    return e.one(arith.ExtFOp if target.itemsize > source.itemsize else arith.TruncFOp, (value,), element)


def _int_to_bool(e: Emitter, value: SSAValue, source: DType, target: DType) -> SSAValue:
    return cmpi(e, "ne", value, e.constant(0, value.type))


def _float_to_bool(e: Emitter, value: SSAValue, source: DType, target: DType) -> SSAValue:
    return cmpf(e, "une", value, e.constant(0.0, value.type))


def _complex_to_bool(e: Emitter, value: SSAValue, source: DType, target: DType) -> SSAValue:
    return e.one(cx.NotEqualOp, (value, e.constant(0.0, value.type)), I1)


def real_part(e: Emitter, value: SSAValue, dtype: DType) -> SSAValue:
    """`complex.re` of an element of `dtype`."""
    return e.one(cx.ReOp, (value,), linalg_element_type(dtypes.to_real(dtype)))


def imaginary_part(e: Emitter, value: SSAValue, dtype: DType) -> SSAValue:
    """`complex.im` of an element of `dtype`."""
    return e.one(cx.ImOp, (value,), linalg_element_type(dtypes.to_real(dtype)))


def make_complex(e: Emitter, real: SSAValue, imaginary: SSAValue, dtype: DType) -> SSAValue:
    """`complex.create` of an element of the complex `dtype`."""
    return e.one(cx.CreateOp, (real, imaginary), linalg_element_type(dtype))


def _to_complex(e: Emitter, value: SSAValue, source: DType, target: DType) -> SSAValue:
    part = dtypes.to_real(target)
    real = convert_scalar(e, value, source, part)
    return make_complex(e, real, e.constant(0.0, real.type), target)


def _complex_to_complex(e: Emitter, value: SSAValue, source: DType, target: DType) -> SSAValue:
    parts = (real_part(e, value, source), imaginary_part(e, value, source))
    real, imaginary = (convert_scalar(e, p, dtypes.to_real(source), dtypes.to_real(target)) for p in parts)
    return make_complex(e, real, imaginary, target)


def _complex_to_real(e: Emitter, value: SSAValue, source: DType, target: DType) -> SSAValue:
    return convert_scalar(e, real_part(e, value, source), dtypes.to_real(source), target)


_CONVERSIONS: Mapping[str, Callable[[Emitter, SSAValue, DType, DType], SSAValue]] = {
    "ff": _float_to_float, "fi": _float_to_int, "fu": _float_to_int, "fb": _float_to_bool, "fc": _to_complex,
    "if": _int_to_float, "ii": _int_to_int, "iu": _int_to_int, "ib": _int_to_bool, "ic": _to_complex,
    "uf": _int_to_float, "ui": _int_to_int, "uu": _int_to_int, "ub": _int_to_bool, "uc": _to_complex,
    "bf": _int_to_float, "bi": _bool_to_int, "bu": _bool_to_int, "bc": _to_complex,
    "cf": _complex_to_real, "ci": _complex_to_real, "cu": _complex_to_real, "cb": _complex_to_bool,
    "cc": _complex_to_complex,
}  # fmt: skip


# Unary ----------------------------------------------------------------------------------------------------------------


def _int_neg(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return same(e, arith.SubiOp, e.constant(0, x.type), x)


def _complex_abs(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return e.one(cx.AbsOp, (x,), linalg_element_type(dtypes.to_real(dtype)))


def _complex_angle(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return e.one(cx.AngleOp, (x,), linalg_element_type(dtypes.to_real(dtype)))


def _float_sign(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    """0 for NaN and both zeros, as torch's."""
    zero, one, minus = (e.constant(v, x.type) for v in (0.0, 1.0, -1.0))
    return select(e, cmpf(e, "ogt", x, zero), one, select(e, cmpf(e, "olt", x, zero), minus, zero))


def _int_sign(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    zero, one, minus = (e.constant(v, x.type) for v in (0, 1, -1))
    return select(e, cmpi(e, "sgt", x, zero), one, select(e, cmpi(e, "slt", x, zero), minus, zero))


def _unsigned_sign(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    zero = e.constant(0, x.type)
    return select(e, cmpi(e, "ne", x, zero), e.constant(1, x.type), zero)


def _float_reciprocal(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return same(e, arith.DivfOp, e.constant(1.0, x.type), x)


def _complex_reciprocal(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return same(e, cx.DivOp, e.constant(1.0, x.type), x)


def _complex_rsqrt(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return _complex_reciprocal(e, same(e, cx.SqrtOp, x), dtype)


def _log10(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    """In float64: single precision's log10 isn't exact for powers of ten, so that `floor` of it counts digits wrongly."""
    if x.type == Float64Type():
        return same(e, math.Log10Op, x)
    return e.one(arith.TruncFOp, (same(e, math.Log10Op, e.one(arith.ExtFOp, (x,), Float64Type())),), x.type)


def _scaled_complex_log(base: float) -> Callable[[Emitter, SSAValue, DType], SSAValue]:
    def rule(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
        log = same(e, cx.LogOp, x)
        scale = e.constant(1.0 / pymath.log(base), linalg_element_type(dtypes.to_real(dtype)))
        real, imaginary = (same(e, arith.MulfOp, part(e, log, dtype), scale) for part in (real_part, imaginary_part))
        return make_complex(e, real, imaginary, dtype)

    return rule


def _complex_exp2(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return same(e, cx.ExpOp, same(e, cx.MulOp, x, e.constant(pymath.log(2.0), x.type)))


def _complex_cosh(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return same(e, cx.CosOp, _times_i(e, x, dtype))


def _complex_sinh(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    """sinh(x) = -i sin(ix)."""
    return same(e, cx.MulOp, e.constant(-1j, x.type), same(e, cx.SinOp, _times_i(e, x, dtype)))


def _times_i(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    imaginary = imaginary_part(e, x, dtype)
    return make_complex(e, same(e, arith.NegfOp, imaginary), real_part(e, x, dtype), dtype)


def _int_not(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return same(e, arith.XOrIOp, x, e.constant(-1, x.type))


def _bool_not(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return negate(e, x)


def _isnan(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return cmpf(e, "uno", x, x)


def _isinf(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return cmpf(e, "oeq", same(e, math.AbsFOp, x), e.constant(pymath.inf, x.type))


def _either_part(rule: Callable[[Emitter, SSAValue, DType], SSAValue]) -> Callable[[Emitter, SSAValue, DType], SSAValue]:
    def both(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
        part = dtypes.to_real(dtype)
        return same(e, arith.OrIOp, rule(e, real_part(e, x, dtype), part), rule(e, imaginary_part(e, x, dtype), part))

    return both


def _false(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return e.constant(False, I1)


def _float_is_zero(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return cmpf(e, "oeq", x, e.constant(0.0, x.type))


def _int_is_zero(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return cmpi(e, "eq", x, e.constant(0, x.type))


def _complex_is_zero(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return e.one(cx.EqualOp, (x, e.constant(0.0, x.type)), I1)


def _signbit(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    """The sign bit, that of -0.0 and NaN included."""
    one = e.constant(1.0, x.type)
    return cmpf(e, "olt", same(e, math.CopySignOp, one, x), e.constant(0.0, x.type))


def _negative(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    return cmpi(e, "slt", x, e.constant(0, x.type))


def _sgn(e: Emitter, x: SSAValue, dtype: DType) -> SSAValue:
    """z / abs(z), 0 for 0: what `complex.sign` is."""
    return same(e, cx.SignOp, x)


IDENTITY = "identity"
"""The rule of a function that gives its argument (`floor` of an integer)."""

Unary: TypeAlias = "tuple[str, bool, Mapping[str, UnaryRule | str]]"
"""The result's dtype: `same`, `float` (integers become the default float), `bool`, or `real` (complex become real); whether
half precisions are computed as they are (exact functions), not in float32; and the rule for each class."""


def _float(f: UnaryRule, c: UnaryRule | None = None) -> Unary:
    return ("float", False, {"f": f} if c is None else {"f": f, "c": c})


_INT_IDENTITY: dict[str, UnaryRule | str] = {"i": IDENTITY, "u": IDENTITY}

SPECIAL_UNARY = (
    "lgamma", "digamma", "erfinv", "ndtri", "log_ndtr", "erfcx", "i0", "i0e", "i1", "i1e", "bessel_j0", "bessel_j1",
    "bessel_y0", "bessel_y1", "modified_bessel_i0", "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1",
    "scaled_modified_bessel_k0", "scaled_modified_bessel_k1", "spherical_bessel_j0", "airy_ai",
)  # fmt: skip
"""The functions of one argument that `linalg_ext.scalar` has and math has not."""

UNARY: Mapping[str, Unary] = {
    "neg": ("same", True, {"f": arith.NegfOp, "i": _int_neg, "u": _int_neg, "c": cx.NegOp}),
    "abs": ("real", True, {"f": math.AbsFOp, "i": math.AbsIOp, "u": IDENTITY, "c": _complex_abs}),
    "angle": ("real", True, {"c": _complex_angle}),
    "sign": ("same", True, {"f": _float_sign, "i": _int_sign, "u": _unsigned_sign, "b": IDENTITY}),
    "sgn": ("same", True, {"f": _float_sign, "i": _int_sign, "u": _unsigned_sign, "b": IDENTITY, "c": _sgn}),
    "floor": ("same", True, {"f": math.FloorOp, **_INT_IDENTITY}),
    "ceil": ("same", True, {"f": math.CeilOp, **_INT_IDENTITY}),
    "trunc": ("same", True, {"f": math.TruncOp, **_INT_IDENTITY}),
    "round": ("same", True, {"f": math.RoundEvenOp, **_INT_IDENTITY}),
    "exp": _float(math.ExpOp, cx.ExpOp),
    "exp2": _float(math.Exp2Op, _complex_exp2),
    "expm1": _float(math.ExpM1Op, cx.Expm1Op),
    "log": _float(math.LogOp, cx.LogOp),
    "log2": _float(math.Log2Op, _scaled_complex_log(2.0)),
    "log10": _float(_log10, _scaled_complex_log(10.0)),
    "log1p": _float(math.Log1pOp, cx.Log1pOp),
    "sqrt": _float(math.SqrtOp, cx.SqrtOp),
    "rsqrt": _float(math.RsqrtOp, _complex_rsqrt),
    "reciprocal": _float(_float_reciprocal, _complex_reciprocal),
    "sin": _float(math.SinOp, cx.SinOp),
    "cos": _float(math.CosOp, cx.CosOp),
    "tan": _float(math.TanOp, cx.TanOp),
    "asin": _float(math.AsinOp, scalar_function("asin")),
    "acos": _float(math.AcosOp, scalar_function("acos")),
    "atan": _float(math.AtanOp, scalar_function("atan")),
    "sinh": _float(math.SinhOp, _complex_sinh),
    "cosh": _float(math.CoshOp, _complex_cosh),
    "tanh": _float(math.TanhOp, cx.TanhOp),
    "asinh": _float(math.AsinhOp, scalar_function("asinh")),
    "acosh": _float(math.AcoshOp, scalar_function("acosh")),
    "atanh": _float(math.AtanhOp, scalar_function("atanh")),
    "erf": _float(math.ErfOp),
    "isnan": ("bool", True, {"f": _isnan, "i": _false, "u": _false, "b": _false, "c": _either_part(_isnan)}),
    "isinf": ("bool", True, {"f": _isinf, "i": _false, "u": _false, "b": _false, "c": _either_part(_isinf)}),
    "signbit": ("bool", True, {"f": _signbit, "i": _negative, "u": _false, "b": _false}),
    "logical_not": ("bool", True, {
        "f": _float_is_zero, "i": _int_is_zero, "u": _int_is_zero, "b": _bool_not, "c": _complex_is_zero}),
    "bitwise_not": ("same", True, {"i": _int_not, "u": _int_not, "b": _bool_not}),
    "popcount": ("same", True, {"i": math.CtPopOp, "u": math.CtPopOp}),
    **{name: _float(scalar_function(name)) for name in SPECIAL_UNARY},
}  # fmt: skip
"""The elementwise functions of one argument, by name."""
