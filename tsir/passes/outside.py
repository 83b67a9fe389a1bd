"""What a function writes that isn't its own: tensors of its arguments and of attributes that aren't its weights.

Passes take such tensors for other memory than the weights, which need not hold: a caller may give a view of a weight, and an
attribute may have become one. Whoever runs the function looks, before and after, with what `mark_outside` leaves here.
"""

from __future__ import annotations

from xdsl.dialects.builtin import ArrayAttr, StringAttr, UnitAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

from tsir.dialects.ts import effects
from tsir.dialects.ts.families import AtenOp
from tsir.dialects.ts.structure import CallMethodOp, CallPythonOp, GetAttrOp
from tsir.dialects.ts.types import ClassType
from tsir.passes.freeze import argument_attributes
from tsir.passes.memory import Memory
from tsir.passes.structure import walk

READS, WRITES, WRITES_ARGUMENTS = "ts.reads", "ts.writes", "ts.writes_arguments"


def mark_outside(function: FuncOp) -> None:
    """Puts on a function that writes tensors from outside which attributes it reads and writes besides weights.

    func.func @f(%self : !ts.class<@M>, %x : !ts.tensor<3xf32>)
      attributes {ts.reads = ["row"], ts.writes = ["row"], ts.writes_arguments} {
    """
    if not any(_may_write(op) for op in walk(function)):
        return
    memory = Memory(function)

    def is_written(value: SSAValue) -> bool:
        group = memory.group(value)
        return group is not None and bool(group.tensor_writes)

    known = argument_attributes(function)
    arguments = list(zip(function.body.block.args, known, strict=True))
    given = [a for a, data in arguments if not isinstance(a.type, ClassType) and "ts.weight" not in data.data]
    reads, writes = set[str](), set[str]()
    for op in walk(function):
        if isinstance(op, GetAttrOp) and effects.is_reference(op.result.type):
            reads.add(op.attr_name.data)
            if is_written(op.result):
                writes.add(op.attr_name.data)
    if any(map(is_written, given)):
        function.attributes[WRITES_ARGUMENTS] = UnitAttr()
    elif not writes and not any(is_written(a) for a, data in arguments if "ts.weight" in data.data):
        return
    function.attributes[READS] = ArrayAttr([StringAttr(n) for n in sorted(reads)])
    function.attributes[WRITES] = ArrayAttr([StringAttr(n) for n in sorted(writes)])


def _may_write(op: object) -> bool:
    if isinstance(op, AtenOp):
        return any(True for _ in effects.written_operands(op))
    return isinstance(op, CallMethodOp | CallPythonOp) or getattr(op, "name", "") == "func.call"
