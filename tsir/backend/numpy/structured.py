"""One view of `linalg.generic` and linalg's named operations alike: operands with maps, iterators, body, sizes of loops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xdsl.dialects.builtin import IntegerType
from xdsl.dialects.linalg.abstract_ops import LinalgStructuredOperation
from xdsl.dialects.linalg.attrs import IteratorType
from xdsl.ir import Block, Operation, SSAValue
from xdsl.ir.affine import AffineBinaryOpExpr, AffineBinaryOpKind, AffineConstantExpr, AffineDimExpr, AffineExpr, AffineMap

from tsir.backend.numpy.emitter import FunctionEmitter, is_tensor
from tsir.backend.numpy.tensors import Fill, Size, Tensor, static_shape


@dataclass(frozen=True)
class Affine:
    """A linear expression of loops: `sum(coefficient * loop) + constant`."""

    coefficients: dict[int, int]
    constant: int

    @property
    def loop(self) -> int | None:
        """The loop when the expression is just a loop."""
        if self.constant == 0 and len(self.coefficients) == 1:
            loop, coefficient = next(iter(self.coefficients.items()))
            return loop if coefficient == 1 else None
        return None


def affine(expr: AffineExpr) -> Affine | None:
    """The linear form of an expression, or None when it isn't linear (mod, floordiv)."""
    match expr:
        case AffineConstantExpr():
            return Affine({}, expr.value)
        case AffineDimExpr():
            return Affine({expr.position: 1}, 0)
        case AffineBinaryOpExpr(kind=AffineBinaryOpKind.Add):
            a, b = affine(expr.lhs), affine(expr.rhs)
            if a is None or b is None:
                return None
            keys = {*a.coefficients, *b.coefficients}
            sums = {k: a.coefficients.get(k, 0) + b.coefficients.get(k, 0) for k in sorted(keys)}
            return Affine({k: c for k, c in sums.items() if c}, a.constant + b.constant)
        case AffineBinaryOpExpr(kind=AffineBinaryOpKind.Mul):
            a, b = affine(expr.lhs), affine(expr.rhs)
            if a is None or b is None:
                return None
            if a.coefficients:
                a, b = b, a
            if a.coefficients:
                return None
            return Affine({k: c * a.constant for k, c in b.coefficients.items() if c * a.constant}, a.constant * b.constant)
        case _:
            return None


@dataclass(frozen=True)
class Operand:
    """An operand with its map; `element` is the body's argument for it."""

    value: SSAValue
    map: AffineMap
    exprs: tuple[Affine | None, ...]
    element: SSAValue


@dataclass(frozen=True)
class Structured:
    """A linalg operation: `reductions[d]` says of each loop whether it is a reduction."""

    op: Operation
    inputs: tuple[Operand, ...]
    outputs: tuple[Operand, ...]
    reductions: tuple[bool, ...]
    body: Block
    yields: tuple[SSAValue, ...]

    def sizes(self, e: FunctionEmitter) -> list[Size]:
        """The number of iterations of each loop."""
        found: dict[int, Size] = {}
        for operand in (*self.outputs, *self.inputs):
            if not is_tensor(operand.value):
                continue
            dims = static_shape(operand.value.type)
            for i, expr in enumerate(operand.exprs):
                loop = None if expr is None else expr.loop
                if loop is None or isinstance(found.get(loop), int):
                    continue
                if dims[i] is not None:
                    found[loop] = dims[i] or 0
                elif loop not in found:
                    found[loop] = size_of(e, operand.value, i)
        if len(found) != len(self.reductions):
            raise e.error(f"{self.op.name}: the size of a loop can't be told from the operands' shapes")
        return [found[d] for d in range(len(self.reductions))]

    def static_sizes(self) -> list[int | None]:
        """The number of iterations of each loop as far as the operands' types tell it."""
        found: list[int | None] = [None] * len(self.reductions)
        for operand in (*self.outputs, *self.inputs):
            if is_tensor(operand.value):
                for expr, size in zip(operand.exprs, static_shape(operand.value.type), strict=True):
                    if expr is not None and expr.loop is not None and size is not None:
                        found[expr.loop] = size
        return found


def size_of(e: FunctionEmitter, value: SSAValue, axis: int) -> Size:
    """The size of a tensor's axis, a number or an expression."""
    binding = e.binding(value)
    assert isinstance(binding, Tensor | Fill), binding
    return binding.shape[axis]


def structured(op: LinalgStructuredOperation) -> Structured:
    """The view of an operation."""
    maps: list[AffineMap] = [m.data for m in op.get_indexing_maps()]
    body = op.body.block
    operands = [*op.inputs, *op.outputs]
    made = [Operand(v, m, tuple(affine(x) for x in m.results), a) for v, m, a in zip(operands, maps, body.args, strict=True)]
    count = len(op.inputs)
    reductions = tuple(i.data is not IteratorType.PARALLEL for i in op.get_iterator_types())
    terminator: Any = body.last_op
    return Structured(op, tuple(made[:count]), tuple(made[count:]), reductions, body, tuple(terminator.operands))


BOOL = IntegerType(1)
