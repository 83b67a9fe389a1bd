"""Rebuilding operations in place: with other operands and results, with one more value carried through, beside one another.

Which operations are rebuilt is the passes' subject; walking programs without changing them is `structure.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects import scf
from xdsl.ir import Attribute, Block, Operation, SSAValue


def insert_before(new: Operation, before: Operation) -> Operation:
    """Puts a new operation before another, with that one's location; gives the new one."""
    new.location = before.location
    block = before.parent_block()
    assert block is not None
    block.insert_op_before(new, before)
    return new


def replace_region_op(
    op: Operation, operands: Sequence[SSAValue], result_types: Sequence[Attribute], kept: Sequence[bool]
) -> Operation:
    """Replaces an operation by one of its class with other operands and results; the regions move. `kept` maps the results."""
    regions = [op.detach_region(0) for _ in range(len(op.regions))]
    new = type(op).create(
        operands=operands,
        result_types=result_types,
        properties=op.properties,
        attributes=op.attributes,
        regions=regions,
        location=op.location,
    )
    block = op.parent_block()
    assert block is not None
    block.insert_op_before(new, op)
    remaining = iter(new.results)
    for old, k in zip(op.results, kept, strict=True):
        if k:
            target = next(remaining)
            target.name_hint = old.name_hint
            old.replace_all_uses_with(target)
    block.erase_op(op, safe_erase=False)
    return new


def inline_block(op: Operation, block: Block) -> tuple[SSAValue, ...]:
    """Moves a block's operations before `op`; gives what the block yields, with which the caller replaces `op`'s results."""
    target = op.parent_block()
    last = block.last_op
    assert target is not None and last is not None
    values = tuple(last.operands)
    for inner in tuple(block.ops):
        if inner is not last:
            inner.detach()
            target.insert_op_before(inner, op)
    last.detach()
    last.erase()
    return values


def thread_value(
    op: Operation, current: SSAValue, kind: Attribute, name_hint: str | None, through: Callable[[Block, SSAValue], None]
) -> SSAValue:
    """Gives a branch or loop one more value of type `kind` to carry; gives its last result, the value behind it.

    `current` is the value before it. `through(block, value)` rewrites a block in which the value is `value` at first, and adds what
    it is at the end to the operands of the block's last operation. A branch without else gets one.
    """
    operands = list(op.operands)

    def carried(block: Block) -> None:
        argument = block.insert_arg(kind, len(block.args))
        argument.name_hint = name_hint
        through(block, argument)

    match op:
        case scf.IfOp():
            for region in op.regions:
                if not region.blocks:
                    end = scf.YieldOp()
                    end.location = op.location
                    region.add_block(Block([end]))
                through(region.block, current)
        case scf.ForOp() | scf.WhileOp():
            for region in op.regions:
                carried(region.block)
            operands.append(current)
        case _:
            raise AssertionError(op.name)
    types: list[Attribute] = [*(r.type for r in op.results), kind]
    return replace_region_op(op, operands, types, [True] * len(op.results)).results[-1]
