"""How arith, math and complex operations on single numbers are written: as Python expressions.

Integers are Python ints, i1 is bool, f64 is float, complex<f64> is complex; narrower floats are NumPy's scalars. Results of
integer operations that may leave their type are wrapped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from xdsl.dialects import arith, complex, math
from xdsl.dialects.builtin import (
    ComplexType,
    DenseIntOrFPElementsAttr,
    Float64Type,
    FloatAttr,
    IndexType,
    IntegerAttr,
    IntegerType,
    TensorType,
)
from xdsl.ir import Attribute, BlockArgument, Operation, SSAValue

from tsir.backend.numpy.emitter import EmitFunction, FunctionEmitter
from tsir.backend.numpy.tensors import plain, scalar_dtype
from tsir.dialects import dtypes
from tsir.dialects.upstream import RemFOp

PREDICATES_I = ("==", "!=", "<", "<=", ">", ">=", "<", "<=", ">", ">=")
PREDICATES_F = (
    "False", "{0} == {1}", "{0} > {1}", "{0} >= {1}", "{0} < {1}", "{0} <= {1}", "({0} < {1} or {0} > {1})",
    "({0} == {0} and {1} == {1})", "not ({0} < {1} or {0} > {1})", "not {0} <= {1}", "not {0} < {1}", "not {0} >= {1}",
    "not {0} > {1}", "{0} != {1}", "({0} != {0} or {1} != {1})", "True",
)  # fmt: skip


def dense_array(attribute: DenseIntOrFPElementsAttr) -> np.ndarray[Any, Any]:
    """The array that a `dense` attribute stands for."""
    kind = attribute.type
    dtype = scalar_dtype(kind.get_element_type())
    if dtype is dtypes.bfloat16:
        import ml_dtypes

        flat = np.frombuffer(attribute.data.data, np.uint16).view(ml_dtypes.bfloat16)
    else:
        flat = np.frombuffer(attribute.data.data, dtype.numpy)
    shape = tuple(kind.get_shape())
    size = int(np.prod(shape, dtype=np.int64))
    if flat.size == 1 and size != 1:
        flat = np.broadcast_to(flat, (size,))
    return np.ascontiguousarray(flat.reshape(shape)).reshape(shape)


@cache
def _float_type_names() -> dict[str, str]:
    return {d.mlir: d.numpy for d in (dtypes.float16, dtypes.float32)}


def narrowed(e: FunctionEmitter, text: str, kind: Attribute) -> str:
    """The expression of a Python number as a scalar of a float or complex type."""
    if kind == Float64Type():
        return f"float({text})"
    if isinstance(kind, IntegerType | IndexType):
        return f"int({text})"
    if kind == ComplexType(Float64Type()):
        return f"complex({text})"
    return f"{e.dtype(scalar_dtype(kind))}({text})"


def constant_value(value: SSAValue) -> object:
    """The number that a scalar value always is, when an `arith.constant` made it; None otherwise."""
    op = value.owner
    if isinstance(op, arith.ConstantOp) and isinstance(op.value, IntegerAttr | FloatAttr):
        number = op.value.value.data
        return bool(number) if op.value.type == IntegerType(1) else number
    return None


def _constant(e: FunctionEmitter, op: arith.ConstantOp) -> None:
    attribute = op.value
    result = op.result
    if isinstance(attribute, DenseIntOrFPElementsAttr):
        array = dense_array(attribute)
        name = e.constant(array, result.name_hint or "constant")
        dtype = scalar_dtype(attribute.type.get_element_type())
        e.bind(result, plain(name, array.shape, dtype, e.constant_storage, contiguous=True))
        return
    number = constant_value(result)
    if not isinstance(number, int | float):
        raise e.error(f"arith.constant {attribute} isn't supported")
    text = e.number(number, scalar_dtype(result.type))
    if isinstance(number, float) and result.type != Float64Type():
        text = e.expression(narrowed(e, text, result.type), "number")
    e.bind(result, f"({text})" if text.startswith("-") else text)


def _complex_constant(e: FunctionEmitter, op: complex.ConstantOp) -> None:
    real, imaginary = (e.number(float(part.value.data), dtypes.float64) for part in op.value)  # type: ignore[attr-defined]
    e.bind(op.complex, narrowed(e, f"complex({real}, {imaginary})", op.complex.type))


def _width(kind: Attribute) -> int:
    return kind.width.data if isinstance(kind, IntegerType) else 64


def _small(value: SSAValue) -> bool:
    """Whether an integer is a size, position or small constant, so that sums of such can't overflow 64 bits."""
    if isinstance(value.type, IndexType):
        return True
    if isinstance(value, BlockArgument):
        owner = value.block.parent_op()
        return owner is not None and owner.name == "scf.for" and value.index == 0
    number = constant_value(value)
    if isinstance(number, int):
        return abs(number) < 1 << 31
    op = value.owner
    if isinstance(op, arith.IndexCastOp):
        return isinstance(op.input.type, IndexType)
    return isinstance(op, arith.ExtSIOp | arith.ExtUIOp) and _width(op.input.type) <= 32


def _wrapped(e: FunctionEmitter, text: str, op: Operation) -> str:
    kind = op.results[0].type
    if isinstance(kind, IndexType) or (
        _width(kind) == 64 and isinstance(op, arith.AddiOp | arith.SubiOp) and all(_small(v) for v in op.operands)
    ):
        return text
    width = _width(kind)
    return f"{e.scalar_function('wrap64')}({text})" if width == 64 else f"{e.scalar_function('wrap')}({text}, {width})"


def _unsigned(e: FunctionEmitter, text: str, kind: Attribute) -> str:
    if kind == IntegerType(1):
        return text
    return f"{e.scalar_function('unsigned')}({text}, {_width(kind)})"


Rule = Callable[[FunctionEmitter, Any, list[str]], str]


def _plain(template: str, *, bool_template: str | None = None, wraps: bool = False, unsigned: bool = False) -> Rule:
    """A rule that fills the operands into a template; `wraps` the result, reads operands as `unsigned`."""

    def rule(e: FunctionEmitter, op: Operation, a: list[str]) -> str:
        kind = op.operands[0].type
        if bool_template is not None and kind == IntegerType(1):
            return bool_template.format(*a)
        values = [_unsigned(e, t, kind) for t in a] if unsigned else a
        text = template.format(*values, scalars="scalars")
        if "scalars." in text:
            e.scalar_function("")
        return _wrapped(e, text, op) if wraps else text

    return rule


def _numpy(name: str) -> Rule:
    """A rule for a function of NumPy's on floats."""

    def rule(e: FunctionEmitter, op: Operation, a: list[str]) -> str:
        return narrowed(e, f"{e.numpy(name)}({', '.join(a)})", op.results[0].type)

    return rule


def _float_op(sign: str) -> Rule:
    def rule(e: FunctionEmitter, op: Operation, a: list[str]) -> str:
        return f"{a[0]} {sign} {a[1]}"

    return rule


def _divf(e: FunctionEmitter, op: Operation, a: list[str]) -> str:
    if op.results[0].type == Float64Type():
        return f"{e.scalar_function('divide')}({a[0]}, {a[1]})"
    return f"{a[0]} / {a[1]}"


def _cmpi(e: FunctionEmitter, op: arith.CmpiOp, a: list[str]) -> str:
    predicate = op.predicate.value.data
    kind = op.lhs.type
    if predicate >= 6:
        a = [_unsigned(e, t, kind) for t in a]
    elif predicate >= 2 and kind == IntegerType(1):
        a = [a[1], a[0]]  # as a signed number true is -1
    return f"{a[0]} {PREDICATES_I[predicate]} {a[1]}"


def _cmpf(e: FunctionEmitter, op: arith.CmpfOp, a: list[str]) -> str:
    text = PREDICATES_F[op.predicate.value.data].format(*a)
    return text if op.lhs.type == Float64Type() or text in ("True", "False") else f"bool({text})"


def _signed(text: str, kind: Attribute) -> str:
    return f"-{text}" if kind == IntegerType(1) else text


def _extsi(e: FunctionEmitter, op: arith.ExtSIOp, a: list[str]) -> str:
    return _signed(a[0], op.input.type)


def _extui(e: FunctionEmitter, op: arith.ExtUIOp, a: list[str]) -> str:
    return f"int({a[0]})" if op.input.type == IntegerType(1) else _unsigned(e, a[0], op.input.type)


def _trunci(e: FunctionEmitter, op: arith.TruncIOp, a: list[str]) -> str:
    width = _width(op.result.type)
    return f"bool({a[0]} & 1)" if width == 1 else f"{e.scalar_function('wrap')}({a[0]}, {width})"


def _index_cast(e: FunctionEmitter, op: arith.IndexCastOp, a: list[str]) -> str:
    if _width(op.result.type) < _width(op.input.type):
        return f"{e.scalar_function('wrap')}({a[0]}, {_width(op.result.type)})"
    return _signed(a[0], op.input.type)


def _sitofp(e: FunctionEmitter, op: arith.SIToFPOp, a: list[str]) -> str:
    return narrowed(e, _signed(a[0], op.input.type), op.result.type)


def _uitofp(e: FunctionEmitter, op: arith.UIToFPOp, a: list[str]) -> str:
    return narrowed(e, _unsigned(e, a[0], op.input.type), op.result.type)


def _fptosi(e: FunctionEmitter, op: arith.FPToSIOp, a: list[str]) -> str:
    return f"{e.scalar_function('to_int')}({a[0]}, {_width(op.result.type)})"


def _fptoui(e: FunctionEmitter, op: arith.FPToUIOp, a: list[str]) -> str:
    return f"{e.scalar_function('to_unsigned')}({a[0]}, {_width(op.result.type)})"


def _convert_float(e: FunctionEmitter, op: arith.ExtFOp | arith.TruncFOp, a: list[str]) -> str:
    return narrowed(e, a[0], op.result.type)


def _bitcast(e: FunctionEmitter, op: arith.BitcastOp, a: list[str]) -> str:
    source, target = (scalar_dtype(v.type).numpy for v in (op.input, op.result))
    return f"{e.scalar_function('bitcast')}({a[0]}, {source!r}, {target!r})"


def _with_width(name: str) -> Rule:
    def rule(e: FunctionEmitter, op: Operation, a: list[str]) -> str:
        return f"{e.scalar_function(name)}({', '.join(a)}, {_width(op.results[0].type)})"

    return rule


def _create(e: FunctionEmitter, op: complex.CreateOp, a: list[str]) -> str:
    return narrowed(e, f"complex({a[0]}, {a[1]})", op.complex.type)


_FLOAT_FUNCTIONS: dict[type[Operation], str] = {
    math.AbsFOp: "fabs", math.AcosOp: "arccos", math.AcoshOp: "arccosh", math.AsinOp: "arcsin", math.AsinhOp: "arcsinh",
    math.AtanhOp: "arctanh", math.Atan2Op: "arctan2", math.AtanOp: "arctan", math.CbrtOp: "cbrt", math.CeilOp: "ceil",
    math.CopySignOp: "copysign", math.CosOp: "cos", math.CoshOp: "cosh", math.Exp2Op: "exp2", math.ExpM1Op: "expm1",
    math.ExpOp: "exp", math.FloorOp: "floor", math.Log10Op: "log10", math.Log1pOp: "log1p", math.Log2Op: "log2",
    math.LogOp: "log", math.PowFOp: "power", math.FPowIOp: "power", math.RoundEvenOp: "rint", math.SinOp: "sin",
    math.SinhOp: "sinh", math.SqrtOp: "sqrt", math.TanOp: "tan", math.TanhOp: "tanh", math.TruncOp: "trunc",
    complex.AbsOp: "absolute", complex.AngleOp: "angle", complex.ConjOp: "conjugate", complex.CosOp: "cos",
    complex.ExpOp: "exp", complex.Expm1Op: "expm1", complex.LogOp: "log", complex.Log1pOp: "log1p", complex.PowOp: "power",
    complex.SinOp: "sin", complex.SqrtOp: "sqrt", complex.TanOp: "tan", complex.TanhOp: "tanh", complex.DivOp: "divide",
    complex.SignOp: "sign", RemFOp: "fmod",
}  # fmt: skip


def _kernel(name: str) -> Rule:
    def rule(e: FunctionEmitter, op: Operation, a: list[str]) -> str:
        return narrowed(e, f"{e.kernel(name)}({', '.join(a)})", op.results[0].type)

    return rule


RULES: dict[type[Operation], Rule] = {
    arith.AddiOp: _plain("{0} + {1}", bool_template="{0} != {1}", wraps=True),
    arith.SubiOp: _plain("{0} - {1}", bool_template="{0} != {1}", wraps=True),
    arith.MuliOp: _plain("{0} * {1}", bool_template="{0} and {1}", wraps=True),
    arith.DivSIOp: _plain("{scalars}.div_trunc({0}, {1})", wraps=True),
    arith.DivUIOp: _plain("{0} // {1}", wraps=True, unsigned=True),
    arith.FloorDivSIOp: _plain("{0} // {1}", wraps=True),
    arith.CeilDivSIOp: _plain("-(-{0} // {1})", wraps=True),
    arith.CeilDivUIOp: _plain("-(-{0} // {1})", wraps=True, unsigned=True),
    arith.RemSIOp: _plain("{scalars}.rem_trunc({0}, {1})"),
    arith.RemUIOp: _plain("{0} % {1}", wraps=True, unsigned=True),
    arith.MinSIOp: _plain("min({0}, {1})", bool_template="{0} or {1}"),
    arith.MaxSIOp: _plain("max({0}, {1})", bool_template="{0} and {1}"),
    arith.MinUIOp: _plain("min({0}, {1})", bool_template="{0} and {1}", wraps=True, unsigned=True),
    arith.MaxUIOp: _plain("max({0}, {1})", bool_template="{0} or {1}", wraps=True, unsigned=True),
    arith.AndIOp: _plain("{0} & {1}", bool_template="{0} and {1}"),
    arith.OrIOp: _plain("{0} | {1}", bool_template="{0} or {1}"),
    arith.XOrIOp: _plain("{0} ^ {1}", bool_template="{0} != {1}"),
    arith.ShLIOp: _plain("{0} << {1}", wraps=True),
    arith.ShRSIOp: _plain("{0} >> {1}"),
    arith.ShRUIOp: _plain("{0} >> {1}", wraps=True, unsigned=True),
    arith.CmpiOp: _cmpi,
    arith.CmpfOp: _cmpf,
    arith.SelectOp: _plain("{1} if {0} else {2}"),
    arith.AddfOp: _float_op("+"), arith.SubfOp: _float_op("-"), arith.MulfOp: _float_op("*"), arith.DivfOp: _divf,
    arith.NegfOp: _plain("-{0}"),
    arith.MaximumfOp: _plain("{scalars}.maximum({0}, {1})"), arith.MinimumfOp: _plain("{scalars}.minimum({0}, {1})"),
    arith.MaxnumfOp: _plain("{scalars}.maxnum({0}, {1})"), arith.MinnumfOp: _plain("{scalars}.minnum({0}, {1})"),
    arith.ExtSIOp: _extsi, arith.ExtUIOp: _extui, arith.TruncIOp: _trunci, arith.IndexCastOp: _index_cast,
    arith.SIToFPOp: _sitofp, arith.UIToFPOp: _uitofp, arith.FPToSIOp: _fptosi, arith.FPToUIOp: _fptoui,
    arith.ExtFOp: _convert_float, arith.TruncFOp: _convert_float, arith.BitcastOp: _bitcast,
    math.AbsIOp: _plain("abs({0})", wraps=True),
    math.FmaOp: _plain("{0} * {1} + {2}"),
    math.IPowIOp: _with_width("ipow"), math.CtPopOp: _with_width("bit_count"),
    math.CountLeadingZerosOp: _with_width("leading_zeros"), math.CountTrailingZerosOp: _with_width("trailing_zeros"),
    math.ErfOp: _kernel("erf"), math.RoundOp: _kernel("round_away"), math.RsqrtOp: _kernel("rsqrt"),
    complex.CreateOp: _create, complex.ReOp: _plain("{0}.real"), complex.ImOp: _plain("{0}.imag"),
    complex.AddOp: _float_op("+"), complex.SubOp: _float_op("-"), complex.MulOp: _float_op("*"),
    complex.NegOp: _plain("-{0}"), complex.EqualOp: _float_op("=="), complex.NotEqualOp: _float_op("!="),
    complex.RsqrtOp: _kernel("rsqrt"),
} | {op: _numpy(name) for op, name in _FLOAT_FUNCTIONS.items()}  # fmt: skip


def _emit(e: FunctionEmitter, op: Operation) -> None:
    result = op.results[0]
    if isinstance(result.type, TensorType):
        from tsir.backend.numpy.tensor_arithmetic import emit_tensor_arithmetic

        emit_tensor_arithmetic(e, op)
        return
    if not any(r.uses for r in op.results):
        return
    e.define(result, RULES[type(op)](e, op, [e.name_of(v) for v in op.operands]))


TABLE: dict[type[Operation], EmitFunction] = {
    arith.ConstantOp: _constant,
    complex.ConstantOp: _complex_constant,
    **dict.fromkeys(RULES, _emit),
}
