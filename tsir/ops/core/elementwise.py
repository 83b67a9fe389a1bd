"""Elementwise core operations: broadcasting, promotion, conversion, selection.

Each function computes the result's type and, when the current builder emits, one `linalg.generic`. What is emitted for an
element is in `scalars.py` and `binary_rules.py`. Every result is fresh, with one exception that is said where it holds.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

from xdsl.dialects import arith, tensor
from xdsl.dialects.builtin import AffineMapAttr
from xdsl.dialects.linalg.ops import CopyOp
from xdsl.ir import SSAValue

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.dialects.implicit_bodies import make_named
from tsir.dialects.ts.types import linalg_element_type
from tsir.errors import OperatorError, OperatorNotImplementedError, OperatorTypeError, OperatorZeroDivisionError
from tsir.ops.builder import I1, Body, Builder, Emitter, affine_map, current, identity_map, tensor_type
from tsir.ops.core.binary_rules import BINARY, INT_DIVISIONS, UNSUPPORTED_MESSAGES
from tsir.ops.core.scalars import (
    IDENTITY,
    UNARY,
    cmpi,
    convert_scalar,
    dtype_class,
    select,
)
from tsir.ops.promotion import int_to_float, is_half, result_type
from tsir.ops.sizes import Size, SymInt, is_one, same_size
from tsir.ops.tensor import SymScalar, SymTensor, dtype_label, is_constant, is_number

Operand = Any
"""A SymTensor or a number."""

ElementRule = Callable[[Emitter, Sequence[SSAValue]], SSAValue]
"""Computes an element of the result from the operands' elements, which have the operands' own dtypes."""


def broadcast_shapes(*shapes: Sequence[Size]) -> tuple[Size, ...]:
    """The shape that these broadcast to. Raises OperatorError, with torch's message, when they don't."""
    rank = max(map(len, shapes), default=0)
    result: list[Size] = [1] * rank
    for shape in shapes:
        offset = rank - len(shape)
        for i, size in enumerate(shape):
            result[offset + i] = broadcast_size(result[offset + i], size, offset + i)
    return tuple(result)


def broadcast_size(a: Size, b: Size, dim: int = 0) -> Size:
    """The size that two sizes broadcast to, of dimension `dim`. Raises OperatorError, with torch's message, when they don't."""
    if a is b or (type(b) is int and b == 1):
        return a
    if type(a) is int and a == 1:
        return b
    if type(b) is int and type(a) is int:
        if b != a:
            raise _mismatch(a, b, dim)
        return a
    if same_size(a, b):
        return a if isinstance(a, int) else b
    return _broadcast_undecided(a, b, dim)


def _broadcast_undecided(a: Size, b: Size, dim: int) -> Size:
    """Two sizes of which one at least is symbolic and that aren't known to be equal."""
    for one, other in ((a, b), (b, a)):
        if isinstance(one, SymInt) and not _may_be_one(one):
            continue
        if one == 1:
            return other
    if a == b:
        return a if isinstance(a, int) else b
    raise _mismatch(a, b, dim)


def _may_be_one(size: SymInt) -> bool:
    from tsir.ops.sizes import bounds

    low, _ = bounds(size)
    return low is None or low <= 1


def _mismatch(a: Size, b: Size, dim: int) -> OperatorError:
    return OperatorError(
        f"The size of tensor a ({a}) must match the size of tensor b ({b}) at non-singleton dimension {dim}"
    )


def broadcast_map(shape: Sequence[Size], result: Sequence[Size]) -> AffineMapAttr:
    """The indexing map of an operand of this shape: dimensions of size 1 that are stretched are the constant 0."""
    rank = len(result)
    offset = rank - len(shape)
    return affine_map(
        rank,
        [
            None if size is not result[offset + i] and is_one(size) and not is_one(result[offset + i]) else offset + i
            for i, size in enumerate(shape)
        ],
    )


def pointwise(
    operands: Sequence[SymTensor], dtype: DType, rule: ElementRule, shape: Sequence[Size] | None = None
) -> SymTensor:
    """Applies a rule to the broadcast operands' elements; the result has `dtype` (and `shape`, when given)."""
    if shape is None:
        shape = broadcast_shapes(*[x.shape for x in operands])
    b = current()
    if not b.emitting:
        return SymTensor(dtype, tuple(shape))
    result = SymTensor(dtype, tuple(shape), b.empty(dtype, shape))
    assert result.value is not None
    count = len(operands)

    def make_body(body: Body, elements: Sequence[SSAValue]) -> tuple[SSAValue]:
        return (rule(body, elements[:count]),)

    (result.value,) = b.generic(
        [x.ssa for x in operands],
        [broadcast_map(x.shape, shape) for x in operands],
        (result.value,),
        (identity_map(len(shape)),),
        "p" * len(shape),
        make_body,
    )
    return result


class NumberOperand:
    """A number as an operand of `pointwise`'s rule: a constant in the body, or a run-time value made before it."""

    def __init__(self, number: Any, b: Builder) -> None:
        self.number = number
        self.constant = is_constant(number)
        self._builder = b
        self._converted: dict[DType, SSAValue] = {}

    def element(self, body: Emitter, dtype: DType) -> SSAValue:
        """The number as an element of `dtype`."""
        if self.constant:
            return body.constant(_python_number(self.number, dtype), linalg_element_type(dtype))
        return self._converted[dtype]

    def prepare(self, dtype: DType) -> None:
        """Makes the run-time value outside of the body; before `element` is called with this dtype."""
        if not self.constant and self._builder.emitting and dtype not in self._converted:
            value, source = self._builder.number_value(self.number)
            self._converted[dtype] = convert_scalar(self._builder, value, source, dtype)


def _python_number(number: Any, dtype: DType) -> Any:
    """A constant as Python's number of the dtype's category."""
    match dtype.category:
        case Category.BOOL:
            return bool(number)
        case Category.INT:
            return int(number)
        case Category.FLOAT:
            return float(number)
        case _:
            return builtins.complex(number)


def _not_implemented(name: str, dtype: DType) -> OperatorError:
    message = UNSUPPORTED_MESSAGES.get((name, dtype_class(dtype)))
    if message is not None:
        return OperatorError(message)
    return OperatorNotImplementedError(f'"{name}" not implemented for {dtype_label(dtype)!r}')


def unary(name: str, x: SymTensor) -> SymTensor:
    """The function `name` of `scalars.UNARY`. Raises as torch does for a dtype that it isn't defined on."""
    result, exact, rules = UNARY[name]
    compute = int_to_float(x.dtype) if result == "float" else x.dtype
    rule = rules.get(dtype_class(compute))
    if rule is None:
        raise _not_implemented(name, x.dtype)
    if rule is IDENTITY:
        return copy(x)
    out = compute
    if result == "bool":
        out = dtypes.bool_
    elif result == "real":
        out = dtypes.to_real(compute)
    if not current().emitting:
        return SymTensor(out, x.shape)
    if is_half(compute) and not exact:
        compute = dtypes.float32

    def element(e: Emitter, elements: Sequence[SSAValue]) -> SSAValue:
        value = convert_scalar(e, elements[0], x.dtype, compute)
        value = e.one(rule, (value,), value.type) if isinstance(rule, type) else rule(e, value, compute)  # type: ignore[operator]
        return convert_scalar(e, value, compute, out) if is_half(out) and not exact else value

    return pointwise((x,), out, element, x.shape)


def binary(name: str, a: Operand, b: Operand) -> Any:
    """The function `name` of `binary_rules.BINARY` of tensors and numbers, with torch's promotion and broadcasting.

    Integer divisions raise (or check at run time) where the divisor is 0.
    """
    a_tensor, b_tensor = isinstance(a, SymTensor), isinstance(b, SymTensor)
    if not a_tensor and not b_tensor:
        from tsir.ops.core.numbers import number_binary

        return number_binary(name, a, b)
    for operand in (a, b):
        if not isinstance(operand, SymTensor) and not is_number(operand):
            raise OperatorTypeError(f"{name}: expected a tensor or a number, found {type(operand).__name__}")
    result, exact, rules = BINARY[name]
    promoted = result_type((a, b))
    if result == "logical":
        compute = out = dtypes.bool_
    else:
        compute = int_to_float(promoted) if result == "float" else promoted
        out = dtypes.bool_ if result == "bool" else compute
    rule = rules.get(dtype_class(compute))
    if rule is None:
        raise _not_implemented(name, compute)
    builder = current()
    if name in INT_DIVISIONS and compute.category is Category.INT:
        check_divisor(b)
    tensors = [x for x in (a, b) if isinstance(x, SymTensor)]
    shape = broadcast_shapes(*[x.shape for x in tensors])
    if not builder.emitting:
        return SymTensor(out, shape)
    widened = is_half(compute) and not exact
    if widened:
        compute = dtypes.float32
    number = None if a_tensor and b_tensor else NumberOperand(b if a_tensor else a, builder)
    if number is not None:
        number.prepare(compute)

    def converted(e: Emitter, value: SSAValue, x: SymTensor) -> SSAValue:
        if not widened or not x.shape:
            return convert_scalar(e, value, x.dtype, compute)
        # Tensors are rounded to the half precision first; 0-d ones count as numbers, which keep theirs.
        return convert_scalar(e, convert_scalar(e, value, x.dtype, out), out, compute)

    def element(e: Emitter, elements: Sequence[SSAValue]) -> SSAValue:
        if number is None:
            left, right = converted(e, elements[0], a), converted(e, elements[1], b)
        elif a_tensor:
            left, right = converted(e, elements[0], a), number.element(e, compute)
        else:
            left, right = number.element(e, compute), converted(e, elements[0], b)
        value = e.one(rule, (left, right), left.type) if isinstance(rule, type) else rule(e, left, right, compute)
        return convert_scalar(e, value, compute, out) if widened else value

    return pointwise(tensors, out, element, shape)


def check_divisor(divisor: Operand) -> None:
    """Raises OperatorZeroDivisionError for an integer divisor that is 0; emits a check when only run time can tell."""
    message = "ZeroDivisionError"
    b = current()
    if not isinstance(divisor, SymTensor):
        if is_constant(divisor):
            if divisor == 0:
                raise OperatorZeroDivisionError(message)
        elif b.emitting:
            value, _ = b.number_value(divisor)
            b.check(cmpi(b, "ne", value, b.constant(0, value.type)), "RuntimeError", message)
        return
    if not b.emitting:
        return
    if not divisor.shape:
        value = b.one(tensor.ExtractOp, (divisor.ssa,), linalg_element_type(divisor.dtype))
        b.check(cmpi(b, "ne", value, b.constant(0, value.type)), "RuntimeError", message)
        return
    b.check(all_elements(divisor, lambda e, x: cmpi(e, "ne", x, e.constant(0, x.type))), "RuntimeError", message)


def all_elements(x: SymTensor, condition: Callable[[Emitter, SSAValue], SSAValue]) -> SSAValue:
    """An `i1`: whether a condition holds for all elements. Only while emitting."""
    b = current()
    init = fill_value(b, b.empty(dtypes.bool_, ()), b.constant(True, I1))
    (result,) = b.generic(
        (x.ssa,),
        (identity_map(x.rank),),
        (init,),
        (affine_map(x.rank, ()),),
        "r" * x.rank,
        lambda e, v: (e.one(arith.AndIOp, (v[1], condition(e, v[0])), I1),),
    )
    return b.one(tensor.ExtractOp, (result,), I1)


def fill_value(b: Builder, destination: SSAValue, value: SSAValue) -> SSAValue:
    """The destination's shape filled with a scalar of its element type: `linalg.fill`, generic for complex numbers."""
    from xdsl.dialects.builtin import ComplexType, TensorType
    from xdsl.dialects.linalg.ops import FillOp

    if not isinstance(value.type, ComplexType):
        op = make_named(FillOp, (value,), (destination,), (destination.type,))
        return b.insert(op).results[0]
    kind = destination.type
    assert isinstance(kind, TensorType)
    rank = kind.get_num_dims()
    (result,) = b.generic((), (), (destination,), (identity_map(rank),), "p" * rank, lambda e, v: (value,))
    return result


def convert(x: SymTensor, dtype: DType) -> SymTensor:
    """`x` in another dtype, converted as torch's `to`; `x` itself when it has that dtype already."""
    if x.dtype is dtype:
        return x
    source = x.dtype
    if linalg_element_type(source) == linalg_element_type(dtype):  # int8 and uint8: nothing to compute, but another tensor
        return SymTensor(dtype, x.shape, copy(x).value)
    return pointwise((x,), dtype, lambda e, v: convert_scalar(e, v[0], source, dtype), x.shape)


def copy(x: SymTensor) -> SymTensor:
    """A fresh tensor of the same contents (`linalg.copy`): the one way in which values are copied."""
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, x.shape)
    if x.is_complex:  # xDSL's linalg.copy takes real elements only
        from tsir.ops.core.scalars import imaginary_part, make_complex, real_part

        dtype = x.dtype
        return pointwise(
            (x,),
            dtype,
            lambda e, v: make_complex(e, real_part(e, v[0], dtype), imaginary_part(e, v[0], dtype), dtype),
            x.shape,
        )
    destination = b.empty(x.dtype, x.shape)
    op = make_named(CopyOp, (x.ssa,), (destination,), (tensor_type(x.dtype, x.shape),))
    return SymTensor(x.dtype, x.shape, b.insert(op).results[0])


def where(condition: SymTensor, a: Operand, b: Operand) -> SymTensor:
    """`torch.where`: elements of `a` where the condition (bool, or an integer that isn't 0) holds, else of `b`."""
    dtype = result_type((a, b))
    builder = current()
    tensors = [condition, *(x for x in (a, b) if isinstance(x, SymTensor))]
    shape = broadcast_shapes(*[x.shape for x in tensors])
    if not builder.emitting:
        return SymTensor(dtype, shape)
    numbers = {i: NumberOperand(x, builder) for i, x in enumerate((a, b)) if not isinstance(x, SymTensor)}
    for number in numbers.values():
        number.prepare(dtype)

    def element(e: Emitter, elements: Sequence[SSAValue]) -> SSAValue:
        rest = iter(elements[1:])
        values = [
            numbers[i].element(e, dtype) if i in numbers else convert_scalar(e, next(rest), x.dtype, dtype)
            for i, x in enumerate((a, b))
        ]
        return select(e, convert_scalar(e, elements[0], condition.dtype, dtypes.bool_), values[0], values[1])

    return pointwise(tensors, dtype, element, shape)


def clamp(x: SymTensor, low: Operand | None = None, high: Operand | None = None) -> SymTensor:
    """`torch.clamp` by numbers or tensors: NaN stays, and `high` wins where `low` is greater. The dtype is promoted."""
    if low is None and high is None:
        raise OperatorError("torch.clamp: At least one of 'min' or 'max' must not be None")
    operands = [x, *(v for v in (low, high) if v is not None)]
    dtype = result_type(operands)
    cls = dtype_class(dtype)
    if cls in "bc":
        raise OperatorNotImplementedError(f'"clamp_scalar_cpu" not implemented for {dtype_label(dtype)!r}')
    builder = current()
    tensors = [v for v in operands if isinstance(v, SymTensor)]
    shape = broadcast_shapes(*[v.shape for v in tensors])
    if not builder.emitting:
        return SymTensor(dtype, shape)
    limits = [(v, name) for v, name in ((low, "maximum"), (high, "minimum")) if v is not None]
    numbers = [None if isinstance(v, SymTensor) else NumberOperand(v, builder) for v, _ in limits]
    for number in numbers:
        if number is not None:
            number.prepare(dtype)

    def element(e: Emitter, elements: Sequence[SSAValue]) -> SSAValue:
        rest = iter(elements)
        value = convert_scalar(e, next(rest), x.dtype, dtype)
        for (limit, name), number in zip(limits, numbers, strict=True):
            other = number.element(e, dtype) if number is not None else convert_scalar(e, next(rest), limit.dtype, dtype)
            rule = BINARY[name][2][cls]
            assert isinstance(rule, type)
            value = e.one(rule, (value, other), value.type)
        return value

    return pointwise(tensors, dtype, element, shape)


def power(base: Operand, exponent: Operand) -> Any:
    """`torch.pow` of tensors and numbers; small constant exponents are products, as torch computes them."""
    if isinstance(base, SymTensor) and not isinstance(exponent, SymTensor) and result_type((base, exponent)) is dtypes.bool_:
        from tsir.ops.core.numbers import number_binary

        return binary("logical_or", base, number_binary("eq", exponent, False))
    if isinstance(exponent, SymTensor | SymScalar | SymInt) or not isinstance(base, SymTensor):
        return binary("pow", base, exponent)
    dtype = result_type((base, exponent))
    if dtype.category is Category.INT and isinstance(exponent, int) and exponent < 0:
        raise OperatorError("Integers to negative integer powers are not allowed.")
    x = convert(base, dtype)
    if exponent == 1:
        return copy(x) if x is base else x
    if exponent == 2:
        return binary("mul", x, x)
    if dtype.category is Category.FLOAT:
        named = {0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}.get(exponent)
        if named is not None:
            return unary(named, x)
        if exponent == 3:
            return binary("mul", binary("mul", x, x), x)
        if exponent == -2:
            return unary("reciprocal", binary("mul", x, x))
    return binary("pow", base, exponent)


def isfinite(x: SymTensor) -> SymTensor:
    """Whether elements are neither infinite nor NaN."""
    return unary("logical_not", binary("logical_or", unary("isinf", x), unary("isnan", x)))


def real(x: SymTensor) -> SymTensor:
    """The real part, fresh; `x` itself when it isn't complex."""
    return _part(x, 0)


def imag(x: SymTensor) -> SymTensor:
    """The imaginary part, fresh. Raises OperatorError for a real tensor, as torch does."""
    if not x.is_complex:
        raise OperatorError("imag is not implemented for tensors with non-complex dtypes.")
    return _part(x, 1)


def _part(x: SymTensor, which: int) -> SymTensor:
    from tsir.ops.core.scalars import imaginary_part, real_part

    if not x.is_complex:
        return x
    part = (real_part, imaginary_part)[which]
    source = x.dtype
    return pointwise((x,), dtypes.to_real(source), lambda e, v: part(e, v[0], source), x.shape)


def complex(real_: SymTensor, imaginary: SymTensor) -> SymTensor:
    """`torch.complex`: both parts float32 or both float64, broadcast."""
    from tsir.ops.core.scalars import make_complex

    if real_.dtype is not imaginary.dtype or real_.dtype.category is not Category.FLOAT:
        raise OperatorError(
            f"Expected object of scalar type {dtype_label(real_.dtype)} but got scalar type "
            f"{dtype_label(imaginary.dtype)} for second argument"
        )
    source = real_.dtype
    target = dtypes.to_complex(source)
    part = dtypes.to_real(target)

    def element(e: Emitter, v: Sequence[SSAValue]) -> SSAValue:
        return make_complex(e, convert_scalar(e, v[0], source, part), convert_scalar(e, v[1], source, part), target)

    return pointwise((real_, imaginary), target, element)


def conj(x: SymTensor) -> SymTensor:
    """The complex conjugate, fresh; `x` itself when it isn't complex."""
    from tsir.ops.core.scalars import imaginary_part, make_complex, real_part, same

    if not x.is_complex:
        return x
    dtype = x.dtype

    def element(e: Emitter, v: Sequence[SSAValue]) -> SSAValue:
        return make_complex(e, real_part(e, v[0], dtype), same(e, arith.NegfOp, imaginary_part(e, v[0], dtype)), dtype)

    return pointwise((x,), dtype, element, x.shape)
