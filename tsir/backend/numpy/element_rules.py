"""What each scalar operation of a linalg body is in NumPy: a ufunc that can write into a buffer, or another expression."""

from __future__ import annotations

from collections.abc import Callable
from math import inf as math_inf
from typing import TYPE_CHECKING, Any

from xdsl.dialects import arith, complex, math
from xdsl.dialects.builtin import IntegerType
from xdsl.ir import Attribute, Operation

from tsir.backend.numpy.scalar_operations import constant_value
from tsir.backend.numpy.tensors import scalar_dtype
from tsir.dialects.linalg_ext import ScalarOp
from tsir.dialects.upstream import RemFOp

if TYPE_CHECKING:
    from tsir.backend.numpy.emitter import FunctionEmitter

BOOL = IntegerType(1)

UFUNCS: dict[type[Operation], str] = {
    arith.AddfOp: "add", arith.SubfOp: "subtract", arith.MulfOp: "multiply", arith.DivfOp: "divide", arith.NegfOp: "negative",
    arith.MaximumfOp: "maximum", arith.MinimumfOp: "minimum", arith.MaxnumfOp: "fmax", arith.MinnumfOp: "fmin",
    arith.AddiOp: "add", arith.SubiOp: "subtract", arith.MuliOp: "multiply", arith.AndIOp: "bitwise_and",
    arith.OrIOp: "bitwise_or", arith.XOrIOp: "bitwise_xor", arith.ShLIOp: "left_shift", arith.ShRSIOp: "right_shift",
    arith.MaxSIOp: "maximum", arith.MinSIOp: "minimum", arith.FloorDivSIOp: "floor_divide", arith.RemSIOp: "fmod", RemFOp: "fmod",
    math.AbsFOp: "absolute", math.AbsIOp: "absolute", math.AcosOp: "arccos", math.AcoshOp: "arccosh", math.AsinOp: "arcsin",
    math.AsinhOp: "arcsinh", math.AtanhOp: "arctanh", math.Atan2Op: "arctan2", math.AtanOp: "arctan", math.CbrtOp: "cbrt",
    math.CeilOp: "ceil", math.CopySignOp: "copysign", math.CosOp: "cos", math.CoshOp: "cosh", math.Exp2Op: "exp2",
    math.ExpM1Op: "expm1", math.ExpOp: "exp", math.FloorOp: "floor", math.Log10Op: "log10", math.Log1pOp: "log1p",
    math.Log2Op: "log2", math.LogOp: "log", math.PowFOp: "power", math.RoundEvenOp: "rint", math.SinOp: "sin",
    math.SinhOp: "sinh", math.SqrtOp: "sqrt", math.RsqrtOp: "sqrt", math.TanOp: "tan", math.TanhOp: "tanh", math.TruncOp: "trunc",
    complex.AbsOp: "absolute", complex.AddOp: "add", complex.SubOp: "subtract", complex.MulOp: "multiply",
    complex.DivOp: "divide", complex.NegOp: "negative", complex.ConjOp: "conjugate", complex.CosOp: "cos",
    complex.ExpOp: "exp", complex.Expm1Op: "expm1", complex.LogOp: "log", complex.Log1pOp: "log1p", complex.PowOp: "power",
    complex.SinOp: "sin", complex.SqrtOp: "sqrt", complex.TanOp: "tan", complex.TanhOp: "tanh", complex.SignOp: "sign",
    complex.EqualOp: "equal", complex.NotEqualOp: "not_equal",
}  # fmt: skip
"""Operations that are one ufunc on operands of the result's dtype (of the operands' for comparisons)."""

FOLLOWING: dict[type[Operation], str] = {math.RsqrtOp: "reciprocal"}
"""The ufunc that finishes what the one in `UFUNCS` began, in place."""

BOOL_UFUNCS: dict[type[Operation], str] = {
    arith.AddiOp: "not_equal", arith.SubiOp: "not_equal", arith.MuliOp: "logical_and", arith.MaxSIOp: "logical_and",
    arith.MinSIOp: "logical_or", arith.MaxUIOp: "logical_or", arith.MinUIOp: "logical_and",
}  # fmt: skip
"""The same on i1: sums are modulo 2, and as a signed number true is -1."""

UNSIGNED_UFUNCS: dict[type[Operation], str] = {
    arith.DivUIOp: "floor_divide", arith.RemUIOp: "remainder", arith.MaxUIOp: "maximum", arith.MinUIOp: "minimum",
    arith.ShRUIOp: "right_shift",
}  # fmt: skip

_ORDERS = ("less", "less_equal", "greater", "greater_equal")
_INT_PREDICATES = ("equal", "not_equal", *_ORDERS, *_ORDERS)
_SWAPPED = {"less": "greater", "less_equal": "greater_equal", "greater": "less", "greater_equal": "less_equal"}
_FLOAT_PREDICATES = {
    1: "equal", 2: "greater", 3: "greater_equal", 4: "less", 5: "less_equal", 13: "not_equal",
}  # fmt: skip
_NEGATED_PREDICATES = {9: "less_equal", 10: "less", 11: "greater_equal", 12: "greater"}


def ufunc_of(op: Operation) -> str | None:
    """The ufunc that computes an operation from its operands as they are, or None."""
    kind = op.operands[0].type if op.operands else None
    if kind == BOOL and type(op) in BOOL_UFUNCS:
        return BOOL_UFUNCS[type(op)]
    if isinstance(op, arith.CmpiOp):
        predicate = op.predicate.value.data
        name = _INT_PREDICATES[predicate]
        if kind == BOOL:
            return _SWAPPED.get(name, name) if predicate < 6 else name
        return name if predicate < 6 else None
    if isinstance(op, arith.CmpfOp):
        return _FLOAT_PREDICATES.get(op.predicate.value.data)
    if isinstance(op, math.PowFOp) and constant_value(op.rhs) == 2.0:
        return "square"
    return UFUNCS.get(type(op))


_BOUNDS = frozenset({"maximum", "minimum"})
_CLIPPED = frozenset({"float16", "float32", "float64"})


def call_of(e: FunctionEmitter, name: str, op: Operation, operands: list[str]) -> str:
    """The call of a ufunc up to its operands. A bound that is a constant is clipped to: that takes a third of `maximum`'s time."""
    dtype = scalar_dtype(op.results[0].type)
    if name in _BOUNDS and dtype.name in _CLIPPED:
        bound = next((i for i, v in enumerate(op.operands) if isinstance(n := constant_value(v), float) and n == n), None)
        if bound is not None:
            x, limit = operands[1 - bound], operands[bound]
            infinity = math_inf if name == "maximum" else -math_inf
            other = e.scalar_array(e.number(infinity, dtype), dtype, infinity)
            low, high = (limit, other) if name == "maximum" else (other, limit)
            return f"{e.expression(e.kernel('clip'), 'clip')}({x}, {low}, {high}"
    return f"{e.numpy(name)}({', '.join(operands)}"


Expression = Callable[["FunctionEmitter", Any, list[str]], str]


def _unsigned(e: FunctionEmitter, text: str, kind: Attribute) -> str:
    return text if kind == BOOL else f"{text}.view('u{scalar_dtype(kind).itemsize}')"


def _signed_view(e: FunctionEmitter, text: str, kind: Attribute) -> str:
    return text if kind == BOOL else f"({text}).view('i{scalar_dtype(kind).itemsize}')"


def _unsigned_ufunc(e: FunctionEmitter, op: Operation, a: list[str]) -> str:
    kind = op.results[0].type
    operands = ", ".join(_unsigned(e, t, kind) for t in a)
    return _signed_view(e, f"{e.numpy(UNSIGNED_UFUNCS[type(op)])}({operands})", kind)


def _cmpi_unsigned(e: FunctionEmitter, op: arith.CmpiOp, a: list[str]) -> str:
    name = _INT_PREDICATES[op.predicate.value.data]
    return f"{e.numpy(name)}({', '.join(_unsigned(e, t, op.lhs.type) for t in a)})"


def _cmpf(e: FunctionEmitter, op: arith.CmpfOp, a: list[str]) -> str:
    predicate = op.predicate.value.data
    x, y = a
    if predicate in _NEGATED_PREDICATES:
        return f"{e.numpy('logical_not')}({e.numpy(_NEGATED_PREDICATES[predicate])}({x}, {y}))"
    templates = {0: "({0} != {0}) & False", 6: "({0} < {1}) | ({0} > {1})", 7: "({0} == {0}) & ({1} == {1})",
                 8: "~(({0} < {1}) | ({0} > {1}))", 14: "({0} != {0}) | ({1} != {1})", 15: "({0} == {0}) | True"}  # fmt: skip
    return templates[predicate].format(x, y)


def _cast(signed: bool) -> Expression:
    def rule(e: FunctionEmitter, op: Operation, a: list[str]) -> str:
        source, target = op.operands[0].type, op.results[0].type
        if target == BOOL:
            return f"({a[0]} & 1).astype({e.dtype(scalar_dtype(target))})"
        text = a[0]
        if source == BOOL:
            made = f"{text}.astype({e.dtype(scalar_dtype(target))})"
            return f"{e.numpy('negative')}({made})" if signed else made
        if not signed and scalar_dtype(target) is not scalar_dtype(source):
            text = _unsigned(e, text, source)
        return f"{text}.astype({e.dtype(scalar_dtype(target))})"

    return rule


def _to_float(e: FunctionEmitter, op: Operation, a: list[str]) -> str:
    return f"{a[0]}.astype({e.dtype(scalar_dtype(op.results[0].type))})"


def _to_unsigned(e: FunctionEmitter, op: arith.FPToUIOp, a: list[str]) -> str:
    if op.result.type == BOOL:
        return f"{a[0]}.astype({e.numpy('bool_')})"
    size = scalar_dtype(op.result.type).itemsize
    wide = f"{a[0]}.astype({e.numpy('int64')})" if size < 8 else f"{e.kernel('to_uint64')}({a[0]})"
    return f"{wide}.astype({e.dtype(scalar_dtype(op.result.type))})"


def _bitcast(e: FunctionEmitter, op: arith.BitcastOp, a: list[str]) -> str:
    return f"{a[0]}.view({e.dtype(scalar_dtype(op.result.type))})"


def _select(e: FunctionEmitter, op: arith.SelectOp, a: list[str]) -> str:
    return f"{e.numpy('where')}({', '.join(a)})"


def _kernel(name: str) -> Expression:
    def rule(e: FunctionEmitter, op: Operation, a: list[str]) -> str:
        return f"{e.kernel(name)}({', '.join(a)})"

    return rule


def _template(text: str) -> Expression:
    def rule(e: FunctionEmitter, op: Operation, a: list[str]) -> str:
        return text.format(*a)

    return rule


def _pow(e: FunctionEmitter, op: math.FPowIOp, a: list[str]) -> str:
    return f"{e.numpy('power')}({a[0]}, {a[1]}.astype({e.dtype(scalar_dtype(op.results[0].type))}))"


def _special(e: FunctionEmitter, op: ScalarOp, a: list[str]) -> str:
    module = e.module.module("tsir.backend.numpy", "special")
    return f"{module}.{op.function.data}({', '.join(a)})"


def _bits(name: str) -> Expression:
    def rule(e: FunctionEmitter, op: Operation, a: list[str]) -> str:
        dtype = scalar_dtype(op.results[0].type)
        return f"{e.kernel(name)}({a[0]}.view('u{dtype.itemsize}')).astype({e.dtype(dtype)})"

    return rule


EXPRESSIONS: dict[type[Operation], Expression] = {
    arith.CmpiOp: _cmpi_unsigned, arith.CmpfOp: _cmpf, arith.SelectOp: _select,
    arith.ExtSIOp: _cast(True), arith.ExtUIOp: _cast(False), arith.TruncIOp: _cast(True), arith.IndexCastOp: _cast(True),
    arith.SIToFPOp: _cast(True), arith.UIToFPOp: _cast(False), arith.FPToSIOp: _to_float, arith.FPToUIOp: _to_unsigned,
    arith.ExtFOp: _to_float, arith.TruncFOp: _to_float, arith.BitcastOp: _bitcast,
    arith.DivSIOp: _kernel("divide_trunc"), arith.CeilDivSIOp: _template("-(-{0} // {1})"),
    math.ErfOp: _kernel("erf"), math.RoundOp: _kernel("round_away"),
    math.FmaOp: _template("({0} * {1} + {2})"), math.FPowIOp: _pow, math.IPowIOp: _kernel("ipow"),
    math.CtPopOp: _bits("bit_count"), math.CountLeadingZerosOp: _bits("leading_zeros"),
    math.CountTrailingZerosOp: _bits("trailing_zeros"),
    complex.CreateOp: _kernel("complex_of"), complex.ReOp: _template("{0}.real"), complex.ImOp: _template("{0}.imag"),
    complex.AngleOp: _kernel("angle"), complex.RsqrtOp: _kernel("rsqrt"),
    ScalarOp: _special,
} | dict.fromkeys(UNSIGNED_UFUNCS, _unsigned_ufunc)  # fmt: skip
