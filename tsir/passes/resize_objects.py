"""Operators that change a tensor's sizes in place where a container or an object knows the tensor, too: they change the tensor itself.

Where names alone know it they are `resize.py`'s subject.
"""

from __future__ import annotations

from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, OpResult, SSAValue

from tsir.dialects.ts.families import AtenOp, aten_op
from tsir.dialects.ts.structure import GetAttrOp
from tsir.dialects.ts.types import TensorType
from tsir.ops.aten.resizing import RESIZED
from tsir.ops.registry import operator
from tsir.passes.rebuild import insert_before
from tsir.passes.resize import block_of, refused
from tsir.passes.structure import walk


def resize_objects(function: FuncOp) -> None:
    """Makes the operators of one function that change sizes in place change the tensors themselves, for all that know them.

        %1 = ts.aten.t_(%0) : ...      ->      %2 = ts.aten.t(%0) : ...
                                               %1 = ts.aten._resize_object(%0, %2) : ...

    From there on no type of a tensor may say which sizes it has. Raises SharedTensor for tensors that come from attributes, which
    other calls know with the sizes that they had.
    """
    found = [op for op in walk(function) if isinstance(op, AtenOp) and op.SCHEMA.key in RESIZED]
    change = operator("_resize_object")
    assert change is not None
    for op in found:
        if _is_of_attribute(op.operands[0]):
            raise refused(op)
        definition = operator(RESIZED[op.SCHEMA.key])
        assert definition is not None
        count = len(definition.schema.arguments)
        now = insert_before(aten_op(definition.schema)(list(op.operands[:count]), [TensorType()]), op).results[0]
        same = insert_before(aten_op(change.schema)([op.operands[0], now], [TensorType()]), op).results[0]
        op.results[0].replace_all_uses_with(same)
        block = op.parent_block()
        assert block is not None
        block.erase_op(op)


def _is_of_attribute(value: SSAValue) -> bool:
    """Whether a value may be a tensor of an attribute of an object that comes from outside the function."""
    reads = (v.op for v in _sources(value) if isinstance(v, OpResult) and isinstance(v.op, GetAttrOp))
    return any(
        isinstance(v, BlockArgument) and isinstance(v.block.parent_op(), FuncOp)
        for read in reads
        for v in _sources(read.object)
    )


def _sources(value: SSAValue) -> set[SSAValue]:
    """The value and all that it may be made of, through branches and loops."""
    seen: set[SSAValue] = set()
    todo = [value]
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        if isinstance(at, OpResult):
            todo += at.op.operands
            todo += [v for r in at.op.regions for b in r.blocks if b.last_op is not None for v in b.last_op.operands]
        elif (parent := block_of(at).parent_op()) is not None and not isinstance(parent, FuncOp):
            todo += parent.operands
            todo += [v for r in parent.regions for b in r.blocks if b.last_op is not None for v in b.last_op.operands]
    return seen
