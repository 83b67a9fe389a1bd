"""Which values are read for the last time where, and whose memory outlives the call or the iteration that made it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from xdsl.dialects import scf
from xdsl.ir import Block, Operation, Region, SSAValue

from tsir.dialects.ts import effects
from tsir.dialects.ts.families import AtenOp
from tsir.dialects.ts.structure import ToReferenceOp, ToValueOp


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
    return _viewed(escaping, order, aliases)


def shared_values(
    region: Region,
    kept: Callable[[Operation], bool],
    aliases: Callable[[Operation], tuple[tuple[SSAValue, SSAValue], ...]],
) -> set[SSAValue]:
    """What the operands of the operations that `kept` holds for are views of, or are chosen or carried from; and the operands of
    several of these."""
    order = list(region.walk())
    starts = Counter(op.operands[0] for op in order if kept(op))

    def chosen(op: Operation) -> tuple[tuple[SSAValue, SSAValue], ...]:
        return (*aliases(op), *_given_on(op))

    pairs = [pair for op in order for pair in chosen(op)] if starts else []
    several = {value for value, count in starts.items() if count > 1}
    return _viewed(several | {operand for result, operand in pairs if result in starts}, order, chosen)


def _given_on(op: Operation) -> tuple[tuple[SSAValue, SSAValue], ...]:
    """Pairs of a result and what it may be, or be a view of: of branches, loops with what they carry, and operations on references."""
    match op:
        case ToValueOp() | ToReferenceOp():
            return ((op.result, op.operands[0]),)
        case AtenOp():
            return tuple((r, o) for r in op.results for o in effects.aliased_operands(op, r.index))
        case scf.IfOp():
            ends = [block.last_op for region in op.regions for block in region.blocks]
            return tuple((r, end.operands[i]) for end in ends if end is not None for i, r in enumerate(op.results))
        case scf.ForOp():
            end = op.body.block.last_op
            assert end is not None
            carried = op.body.block.args[1:]
            return _pairs(
                (op.results, op.iter_args), (op.results, end.operands), (carried, op.iter_args), (carried, end.operands)
            )
        case scf.WhileOp():
            test, end = op.before_region.block.last_op, op.after_region.block.last_op
            assert test is not None and end is not None
            tested = test.operands[1:]
            before, after = op.before_region.block.args, op.after_region.block.args
            return _pairs((op.results, tested), (after, tested), (before, op.arguments), (before, end.operands))
        case _:
            return ()


def _pairs(*lists: tuple[Sequence[SSAValue], Sequence[SSAValue]]) -> tuple[tuple[SSAValue, SSAValue], ...]:
    return tuple(pair for values, given in lists for pair in zip(values, given, strict=True))


def _viewed(
    values: set[SSAValue],
    order: Sequence[Operation],
    aliases: Callable[[Operation], tuple[tuple[SSAValue, SSAValue], ...]],
) -> set[SSAValue]:
    """The values with those that they may be views of."""
    changed = bool(values)
    while changed:
        changed = False
        for op in reversed(order):
            for result, operand in aliases(op):
                if result in values and operand not in values:
                    values.add(operand)
                    changed = True
    return values
