"""`pin-corner-cases`: what MLIR's operations leave undefined, or its verifiers refuse, though the program means something there."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, math, tensor
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.passes import ModulePass

from tsir.lowering.upstream.loops import Loops
from tsir.passes.structure import walk


@dataclass(frozen=True)
class PinCornerCasesPass(ModulePass):
    """Says with other operations what has a meaning here and none upstream.

    `math.ipowi` of 0 and a negative exponent is 0; a slice without elements may start behind the end: it is a new tensor, and
    inserting one changes nothing. One dimension that becomes several whose sizes aren't known is read element by element:
    MLIR's lowering of such a `tensor.expand_shape` to LLVM ends in an assertion where its result is a buffer of its own.
    """

    name = "pin-corner-cases"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for operation in list(walk(op)):
            match operation:
                case math.IPowIOp():
                    _pin_power(operation)
                case tensor.ExtractSliceOp() if _is_empty(operation.result):
                    loops = Loops(operation)
                    kind = operation.result.type
                    assert isinstance(kind, TensorType)
                    sizes = [loops.index(max(d, 0)) for d in kind.get_shape()]
                    if all(d >= 0 for d in kind.get_shape()):
                        _replace(operation, loops.empty(kind, sizes))
                case tensor.InsertSliceOp() if _is_empty(operation.source):
                    _replace(operation, operation.dest)
                case tensor.ExpandShapeOp() if _parts_unknown(operation):
                    _read_parts(operation)
                case _:
                    pass


def _is_empty(value: SSAValue) -> bool:
    return isinstance(value.type, TensorType) and 0 in value.type.get_shape()


def _replace(op: Operation, value: SSAValue) -> None:
    op.results[0].replace_all_uses_with(value)
    block = op.parent_block()
    assert block is not None
    block.erase_op(op)


def _pin_power(op: math.IPowIOp) -> None:
    base, exponent = op.lhs, op.rhs
    if isinstance(base.type, TensorType):
        return
    loops = Loops(op)
    zero = loops.constant(0, base.type)
    undefined = loops.both(loops.compare("eq", base, zero), loops.compare("slt", exponent, zero))
    power = loops.add(math.IPowIOp(loops.select(undefined, loops.constant(1, base.type), base), exponent))
    _replace(op, loops.select(undefined, zero, power))


def _parts_unknown(op: tensor.ExpandShapeOp) -> bool:
    kind = op.result.type
    assert isinstance(kind, TensorType)
    shape = kind.get_shape()
    return any(sum(shape[d.value.data] < 0 for d in group.data) > 1 for group in op.reassociation.data)


def _read_parts(op: tensor.ExpandShapeOp) -> None:
    """Writes the reshape as a `linalg.generic` that reads the source at the number that the indices of a group make."""
    loops = Loops(op)
    kind, given = op.result.type, iter(op.dynamic_output_shape)
    assert isinstance(kind, TensorType)
    sizes = [next(given) if d < 0 else loops.index(d) for d in kind.get_shape()]
    groups = [[d.value.data for d in group.data] for group in op.reassociation.data]

    def element() -> SSAValue:
        positions: list[SSAValue] = []
        for group in groups:
            at = loops.loop_index(group[0])
            for d in group[1:]:
                at = loops.plus(loops.binary(arith.MuliOp, at, sizes[d]), loops.loop_index(d))
            positions.append(at)
        return loops.at(op.src, positions)

    rank = len(sizes)
    out = loops.empty(kind, sizes)
    _replace(op, loops.generic([], [out], [AffineMap.identity(rank)], "p" * rank, lambda _: [element()])[0])
