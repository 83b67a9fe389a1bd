"""Values that operations only hand on: the result of an in-place operator, what a loop carries unchanged, equal branches.

An in-place operator gives the very tensor that it has written, so that its result is another name for its operand; what follows
sees one name for one tensor. A value that a loop yields as it came in, and one that both branches yield, is the value itself.
"""

from __future__ import annotations

from xdsl.dialects import scf
from xdsl.dialects.func import FuncOp
from xdsl.ir import BlockArgument, Operation, SSAValue

from tsir.dialects.ts import effects
from tsir.dialects.ts.families import AtenOp
from tsir.passes.structure import walk


def forward_names(function: FuncOp) -> None:
    """Replaces values that are only handed on by what they are, where the types agree."""
    for op in walk(function):
        if isinstance(op, AtenOp):
            _forward_written(op)
    ops = [op for op in walk(function) if isinstance(op, scf.IfOp | scf.ForOp | scf.WhileOp)]
    changed = True
    while changed:
        changed = False
        for op in reversed(ops):
            match op:
                case scf.IfOp():
                    changed |= _forward_if(op)
                case scf.ForOp():
                    changed |= _forward_for(op)
                case _:
                    changed |= _forward_while(op)


def _forward_written(op: AtenOp) -> None:
    for i, result in enumerate(op.results):
        if i < len(op.SCHEMA.returns) and op.SCHEMA.returns[i].is_write:
            sources = list(effects.aliased_operands(op, i))
            if len(sources) == 1 and sources[0].type == result.type:
                result.replace_all_uses_with(sources[0])


def _last(op: Operation, region: int) -> Operation | None:
    blocks = op.regions[region].blocks
    return op.regions[region].block.last_op if blocks else None


def _replace(values: tuple[SSAValue, ...], by: SSAValue) -> bool:
    """Replaces the values that have uses; whether there were any."""
    if any(v.type != by.type for v in values):
        return False
    used = [v for v in values if v.first_use is not None and v is not by]
    for value in used:
        value.replace_all_uses_with(by)
    return bool(used)


def _forward_if(op: scf.IfOp) -> bool:
    ends = (_last(op, 0), _last(op, 1))
    changed = False
    for i, result in enumerate(op.results):
        values = [end.operands[i] for end in ends if end is not None]
        if len(values) == 2 and values[0] is values[1] and not _is_inside(values[0], op):
            changed |= _replace((result,), values[0])
    return changed


def _is_inside(value: SSAValue, op: Operation) -> bool:
    block = value.owner.parent_block() if isinstance(value.owner, Operation) else value.owner
    while block is not None:
        parent = block.parent_op()
        if parent is op:
            return True
        block = parent.parent_block() if parent is not None else None
    return False


def _forward_for(op: scf.ForOp) -> bool:
    end = op.body.block.last_op
    assert end is not None
    changed = False
    for i, initial in enumerate(op.iter_args):
        argument = op.body.block.args[i + 1]
        if end.operands[i] is argument or end.operands[i] is initial:
            changed |= _replace((argument, op.results[i]), initial)
    return changed


def _forward_while(op: scf.WhileOp) -> bool:
    before, after = op.before_region.block, op.after_region.block
    condition, end = before.last_op, after.last_op
    assert condition is not None and end is not None
    changed = False
    passed = condition.operands[1:]
    for i, argument in enumerate(before.args):
        carried = end.operands[i]
        same = carried is argument or carried is op.operands[i]
        if not same and isinstance(carried, BlockArgument) and carried.block is after:
            same = passed[carried.index] in (argument, op.operands[i])
        if same:
            changed |= _replace((argument,), op.operands[i])
    for j, value in enumerate(condition.operands[1:]):
        if not _is_inside(value, op):
            changed |= _replace((after.args[j], op.results[j]), value)
    return changed
