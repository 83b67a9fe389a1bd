"""`pin-corner-cases`: what MLIR's operations leave undefined, or its verifiers refuse, though the program means something there."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import math, tensor
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass

from tsir.lowering.upstream.loops import Loops
from tsir.passes.structure import walk


@dataclass(frozen=True)
class PinCornerCasesPass(ModulePass):
    """Says with other operations what has a meaning here and none upstream.

    `math.ipowi` of 0 and a negative exponent is 0; a slice without elements may start behind the end: it is a new tensor, and
    inserting one changes nothing.
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
