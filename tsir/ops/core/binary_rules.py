"""The elementwise functions of two arguments: what is emitted for an element, by function and class of dtype.

Beside `scalars.py`, which has the conversions and the functions of one argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from xdsl.dialects import arith, math
from xdsl.dialects import complex as cx
from xdsl.ir import Operation, SSAValue

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.ts.types import linalg_element_type
from tsir.dialects.upstream import RemFOp
from tsir.ops.builder import I1, Emitter
from tsir.ops.core.scalars import BinaryRule, cmpf, cmpi, negate, same, scalar_function, select

Rule: TypeAlias = Callable[[Emitter, SSAValue, SSAValue, DType], SSAValue]


def _float_floordiv(e: Emitter, a: SSAValue, b: SSAValue, dtype: DType) -> SSAValue:
    """Python's float `//` as torch computes it: from fmod, so that the quotient belongs to the remainder."""
    zero, one, half = (e.constant(v, a.type) for v in (0.0, 1.0, 0.5))
    remainder = same(e, RemFOp, a, b)
    quotient = same(e, arith.DivfOp, same(e, arith.SubfOp, a, remainder), b)
    quotient = select(e, _signs_differ(e, remainder, b), same(e, arith.SubfOp, quotient, one), quotient)
    floor = same(e, math.FloorOp, quotient)
    off = cmpf(e, "ogt", same(e, arith.SubfOp, quotient, floor), half)
    floor = select(e, off, same(e, arith.AddfOp, floor, one), floor)
    ratio = same(e, arith.DivfOp, a, b)
    signed_zero = same(e, math.CopySignOp, zero, ratio)
    result = select(e, cmpf(e, "oeq", quotient, zero), signed_zero, floor)
    return select(e, cmpf(e, "oeq", b, zero), ratio, result)


def _signs_differ(e: Emitter, remainder: SSAValue, b: SSAValue) -> SSAValue:
    """`(r != 0) & ((r < 0) != (b < 0))`."""
    zero = e.constant(0.0, b.type)
    differ = same(e, arith.XOrIOp, cmpf(e, "olt", remainder, zero), cmpf(e, "olt", b, zero))
    return same(e, arith.AndIOp, cmpf(e, "une", remainder, zero), differ)


def _float_remainder(e: Emitter, a: SSAValue, b: SSAValue, dtype: DType) -> SSAValue:
    """Python's float `%`; a remainder of 0 has the dividend's sign."""
    remainder = same(e, RemFOp, a, b)
    return select(e, _signs_differ(e, remainder, b), same(e, arith.AddfOp, remainder, b), remainder)


def _int_remainder(e: Emitter, a: SSAValue, b: SSAValue, dtype: DType) -> SSAValue:
    zero = e.constant(0, a.type)
    remainder = same(e, arith.RemSIOp, a, b)
    differ = same(e, arith.XOrIOp, cmpi(e, "slt", remainder, zero), cmpi(e, "slt", b, zero))
    adjust = same(e, arith.AndIOp, cmpi(e, "ne", remainder, zero), differ)
    return select(e, adjust, same(e, arith.AddiOp, remainder, b), remainder)


def _float_truncdiv(e: Emitter, a: SSAValue, b: SSAValue, dtype: DType) -> SSAValue:
    return same(e, math.TruncOp, same(e, arith.DivfOp, a, b))


def _unsigned_pow(e: Emitter, a: SSAValue, b: SSAValue, dtype: DType) -> SSAValue:
    """In twice the width, where the exponent isn't negative."""
    wide = linalg_element_type(dtypes.int16)
    power = same(e, math.IPowIOp, e.one(arith.ExtUIOp, (a,), wide), e.one(arith.ExtUIOp, (b,), wide))
    return e.one(arith.TruncIOp, (power,), a.type)


def _divisors(name: str) -> dict[str, BinaryRule]:
    """A scalar function of integers; unsigned ones are computed in 64 bits, since the function takes signed ones."""
    rule = scalar_function(name)

    def unsigned(e: Emitter, a: SSAValue, b: SSAValue, dtype: DType) -> SSAValue:
        wide = linalg_element_type(dtypes.int64)
        found = rule(e, e.one(arith.ExtUIOp, (a,), wide), e.one(arith.ExtUIOp, (b,), wide), dtypes.int64)
        return e.one(arith.TruncIOp, (found,), a.type)

    return {"i": rule, "u": unsigned}


def _shift_left(e: Emitter, a: SSAValue, b: SSAValue, dtype: DType) -> SSAValue:
    """0 where the shift is negative or not less than the width."""
    width = e.constant(dtype.itemsize * 8, a.type)
    return select(e, cmpi(e, "ult", b, width), same(e, arith.ShLIOp, a, b), e.constant(0, a.type))


def _shift_right(shift: type[Operation]) -> Rule:
    """The sign (0 for unsigned) everywhere where the shift is negative or not less than the width."""

    def rule(e: Emitter, a: SSAValue, b: SSAValue, dtype: DType) -> SSAValue:
        last = e.constant(dtype.itemsize * 8 - 1, a.type)
        if dtype.signed:
            return same(e, shift, a, same(e, arith.MinUIOp, b, last))
        inside = cmpi(e, "ule", b, last)
        return select(e, inside, same(e, shift, a, b), e.constant(0, a.type))

    return rule


def _compare(float_predicate: str, signed: str, unsigned: str) -> dict[str, BinaryRule]:
    def floats(e: Emitter, a: SSAValue, b: SSAValue, dtype: DType) -> SSAValue:
        return cmpf(e, float_predicate, a, b)

    def ints(e: Emitter, a: SSAValue, b: SSAValue, dtype: DType) -> SSAValue:
        return cmpi(e, signed, a, b)

    def unsigneds(e: Emitter, a: SSAValue, b: SSAValue, dtype: DType) -> SSAValue:
        return cmpi(e, unsigned, a, b)

    return {"f": floats, "i": ints, "u": unsigneds, "b": unsigneds}


def _complex_eq(e: Emitter, a: SSAValue, b: SSAValue, dtype: DType) -> SSAValue:
    return e.one(cx.EqualOp, (a, b), I1)


def _complex_ne(e: Emitter, a: SSAValue, b: SSAValue, dtype: DType) -> SSAValue:
    return negate(e, _complex_eq(e, a, b, dtype))


Binary: TypeAlias = "tuple[str, bool, Mapping[str, BinaryRule]]"
"""The result's dtype: `same` (the promoted one), `float` (integers become the default float), `bool` (computed in the
promoted one), `logical` (bool, each operand made bool first); whether half precisions are computed as they are; the rules."""


def _ints(rule: BinaryRule) -> dict[str, BinaryRule]:
    return {"i": rule, "u": rule}


BINARY: Mapping[str, Binary] = {
    "add": ("same", False, {"f": arith.AddfOp, **_ints(arith.AddiOp), "b": arith.OrIOp, "c": cx.AddOp}),
    "sub": ("same", False, {"f": arith.SubfOp, **_ints(arith.SubiOp), "c": cx.SubOp}),
    "mul": ("same", False, {"f": arith.MulfOp, **_ints(arith.MuliOp), "b": arith.AndIOp, "c": cx.MulOp}),
    "div": ("float", False, {"f": arith.DivfOp, "c": cx.DivOp}),
    "floordiv": ("same", False, {"f": _float_floordiv, "i": arith.FloorDivSIOp, "u": arith.DivUIOp}),
    "truncdiv": ("same", False, {"f": _float_truncdiv, "i": arith.DivSIOp, "u": arith.DivUIOp}),
    "remainder": ("same", False, {"f": _float_remainder, "i": _int_remainder, "u": arith.RemUIOp}),
    "fmod": ("same", False, {"f": RemFOp, "i": arith.RemSIOp, "u": arith.RemUIOp}),
    "pow": ("same", False, {"f": math.PowFOp, "i": math.IPowIOp, "u": _unsigned_pow, "c": cx.PowOp}),
    "atan2": ("float", False, {"f": math.Atan2Op}),
    "maximum": ("same", True, {"f": arith.MaximumfOp, "i": arith.MaxSIOp, "u": arith.MaxUIOp, "b": arith.OrIOp}),
    "minimum": ("same", True, {"f": arith.MinimumfOp, "i": arith.MinSIOp, "u": arith.MinUIOp, "b": arith.AndIOp}),
    "fmax": ("same", True, {"f": arith.MaxnumfOp, "i": arith.MaxSIOp, "u": arith.MaxUIOp, "b": arith.OrIOp}),
    "fmin": ("same", True, {"f": arith.MinnumfOp, "i": arith.MinSIOp, "u": arith.MinUIOp, "b": arith.AndIOp}),
    "copysign": ("float", True, {"f": math.CopySignOp}),
    "bitwise_and": ("same", True, {**_ints(arith.AndIOp), "b": arith.AndIOp}),
    "bitwise_or": ("same", True, {**_ints(arith.OrIOp), "b": arith.OrIOp}),
    "bitwise_xor": ("same", True, {**_ints(arith.XOrIOp), "b": arith.XOrIOp}),
    "shift_left": ("same", True, _ints(_shift_left)),
    "shift_right": ("same", True, {"i": _shift_right(arith.ShRSIOp), "u": _shift_right(arith.ShRUIOp)}),
    "eq": ("bool", True, {**_compare("oeq", "eq", "eq"), "c": _complex_eq}),
    "ne": ("bool", True, {**_compare("une", "ne", "ne"), "c": _complex_ne}),
    "lt": ("bool", True, _compare("olt", "slt", "ult")),
    "le": ("bool", True, _compare("ole", "sle", "ule")),
    "gt": ("bool", True, _compare("ogt", "sgt", "ugt")),
    "ge": ("bool", True, _compare("oge", "sge", "uge")),
    "logical_and": ("logical", True, {"b": arith.AndIOp}),
    "logical_or": ("logical", True, {"b": arith.OrIOp}),
    "logical_xor": ("logical", True, {"b": arith.XOrIOp}),
    "gcd": ("same", True, _divisors("gcd")),
    "lcm": ("same", True, _divisors("lcm")),
    "nextafter": ("same", True, {"f": scalar_function("nextafter")}),
    "hypot": ("same", False, {"f": scalar_function("hypot")}),
    "logaddexp": ("same", False, {"f": scalar_function("logaddexp")}),
    "igamma": ("same", False, {"f": scalar_function("igamma")}),
    "igammac": ("same", False, {"f": scalar_function("igammac")}),
    "zeta": ("float", False, {"f": scalar_function("zeta")}),
    **{
        name: ("float", False, {"f": scalar_function(name)})
        for name in ("polygamma", "chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v",
                     "chebyshev_polynomial_w", "hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l",
                     "legendre_polynomial_p", "ldexp")
    },
}  # fmt: skip
"""The elementwise functions of two arguments, by name."""

INT_DIVISIONS = frozenset(("floordiv", "truncdiv", "remainder", "fmod"))
"""The functions that raise where an integer divisor is 0."""

UNSUPPORTED_MESSAGES: Mapping[tuple[str, str], str] = {
    ("sub", "b"): "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
    "operator instead.",
    ("neg", "b"): "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use "
    "the `~` or `logical_not()` operator instead.",
}
"""torch's messages for functions that a class of dtypes hasn't got, by function and class."""
