"""Which values are read for the last time where, and whose memory outlives the call or the iteration that made it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xdsl.ir import Block, Operation, Region, SSAValue


def dying_values(block: Block, absorbed: Mapping[Operation, Operation]) -> dict[Operation, list[SSAValue]]:
    """For each operation of a block the block's values that nothing reads after it.

    What an absorbed operation reads is read, and what it makes is made, where the operation that it is written with stands.

    A use inside a region of an operation counts for that operation, for a loop may read the value again. A value without
    uses dies where it is made; block arguments without uses aren't listed.
    """
    position = {op: i for i, op in enumerate(block.ops)}
    dying: dict[Operation, list[SSAValue]] = {}
    for value in _values(block):
        last: Operation | None = None
        if isinstance(value.owner, Operation):
            last = absorbed.get(value.owner, value.owner)
        for use in value.uses:
            user: Operation | None = use.operation
            while user is not None and user.parent is not block:
                user = user.parent_op()
            user = absorbed.get(user, user) if user is not None else None
            if user is not None and (last is None or position[user] > position[last]):
                last = user
        if last is not None:
            dying.setdefault(last, []).append(value)
    return dying


def _values(block: Block) -> list[SSAValue]:
    found: list[SSAValue] = list(block.args)
    for op in block.ops:
        found.extend(op.results)
    return found


def escaping_values(
    region: Region,
    only_reads: Callable[[Operation], bool],
    aliases: Callable[[Operation], tuple[tuple[SSAValue, SSAValue], ...]],
) -> set[SSAValue]:
    """The values whose memory something may keep after the block that made them has ended.

    Operands of terminators and of operations that don't merely read (`only_reads`) escape, and what an escaping value may
    be a view of: `aliases(op)` lists pairs (result, operand) of one memory.
    """
    escaping: set[SSAValue] = set()
    pending: list[Block] = list(region.blocks)
    order: list[Operation] = []
    while pending:
        for op in pending.pop().ops:
            order.append(op)
            if not only_reads(op):
                escaping.update(op.operands)
                for inner in op.regions:
                    pending.extend(inner.blocks)
    changed = True
    while changed:
        changed = False
        for op in reversed(order):
            for result, operand in aliases(op):
                if result in escaping and operand not in escaping:
                    escaping.add(operand)
                    changed = True
    return escaping
