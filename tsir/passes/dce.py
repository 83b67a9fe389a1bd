"""`ts-dce`: operations that nothing needs are removed."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, BlockArgument, Operation, OpResult, SSAValue
from xdsl.passes import ModulePass
from xdsl.traits import IsTerminator

from tsir.dialects.ts import effects
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.ops import python
from tsir.passes.memory import Memory
from tsir.passes.rebuild import replace_region_op
from tsir.passes.structure import functions, walk


@dataclass(frozen=True)
class DcePass(ModulePass):
    """Removes operations whose results aren't used and that have no effect.

        %0 = ts.aten.relu(%x) : (!ts.tensor) -> !ts.tensor
        %1 = ts.list %x : (!ts.tensor) -> !ts.list<!ts.tensor>           ->  func.return %x : !ts.tensor
        ts.py.list_append(%1, %0) : (!ts.list<!ts.tensor>, !ts.tensor) -> ()
        func.return %x : !ts.tensor

    Writes to memory that was made in the function and that nothing live reads are no effect; random numbers, exceptions,
    prints, calls and writes to what the caller knows are. Results and arguments of loops and branches that nothing needs go too.
    An unused tensor operation that would fail at run time may be removed with its error, unless inference found it to be
    wrong (`ts.error`).
    """

    name = "ts-dce"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions(op):
            eliminate_dead_code(function)


def eliminate_dead_code(function: FuncOp) -> bool:
    """Removes what nothing in the function needs; whether anything was removed."""
    memory = Memory(function)
    ops = list(walk(function))
    live: set[Operation] = set()
    live_values: set[SSAValue] = set()
    read_groups: set[int] = set()
    work: list[Operation] = []

    def mark(op: Operation) -> None:
        if op not in live:
            live.add(op)
            work.append(op)

    def need(value: SSAValue) -> None:
        if value in live_values:
            return
        live_values.add(value)
        if isinstance(value, OpResult):
            mark(value.op)
            if effects.computes_values(value.op):
                return
            if value.op.regions:
                for source in _sources(value):
                    need(source)
        elif isinstance(value, BlockArgument):
            parent = value.block.parent_op()
            if parent is not None:
                mark(parent)
            for source in _argument_sources(value):
                need(source)
        group = memory.group(value)
        if group is not None and id(group) not in read_groups:
            read_groups.add(id(group))
            for writer in group.writes:
                mark(writer)

    for op in ops:
        if _has_effect(op, memory):
            mark(op)
    while work:
        op = work.pop()
        parent = op.parent_op()
        if parent is not None and parent is not function:
            mark(parent)
        if isinstance(op, scf.YieldOp) and isinstance(parent, scf.IfOp | scf.ForOp | scf.WhileOp):
            continue  # only the operands whose counterpart is live are needed
        if isinstance(op, scf.ConditionOp):
            need(op.operands[0])
            continue
        operands = op.operands
        if isinstance(op, scf.WhileOp):
            operands = ()
            condition = op.before_region.block.last_op
            if condition is not None:
                mark(condition)
        elif isinstance(op, scf.ForOp):
            operands = op.operands[:3]
        for operand in operands:
            need(operand)
        for region in op.regions if not effects.computes_values(op) else ():
            for block in region.blocks:
                if block.last_op is not None and block.last_op.has_trait(IsTerminator):
                    mark(block.last_op)
    changed = False
    for op in reversed(ops):
        if op not in live and (effects.computes_values(op) or not op.has_trait(IsTerminator)):
            block = op.parent_block()
            assert block is not None
            block.erase_op(op, safe_erase=False)
            changed = True
    for op in reversed(ops):
        if op.regions and op in live and isinstance(op, scf.IfOp | scf.ForOp | scf.WhileOp):
            changed |= _shrink(op, live_values)
    return changed


def _has_effect(op: Operation, memory: Memory) -> bool:
    if effects.computes_values(op):
        return False
    if op.has_trait(IsTerminator):
        return op.name == "func.return"
    if op.regions:
        return not isinstance(op, scf.IfOp | scf.ForOp | scf.WhileOp) and op.dialect_name() not in (
            "linalg",
            "tensor",
            "linalg_ext",
        )
    if memory.may_be_removed(op):
        return False
    if isinstance(op, AtenOp) and not effects.is_random(op) and "ts.error" not in op.attributes:
        written = list(effects.written_operands(op))
    elif isinstance(op, PyOp):
        known = python.lookup(op.FUNCTION)
        if known is None or known.effect or known.raises or not known.mutates:
            return True
        written = list(op.operands[:1])
    else:
        return True
    groups = [memory.group(value) for value in written]
    return not groups or any(g is None or g.external or g.escapes for g in groups)


def _sources(result: OpResult) -> list[SSAValue]:
    """What a result of a branch or loop comes from, inside it and before it."""
    op, i = result.op, result.index
    match op:
        case scf.IfOp():
            return [r.block.last_op.operands[i] for r in op.regions if r.blocks and r.block.last_op is not None]
        case scf.ForOp():
            last = op.body.block.last_op
            assert last is not None
            return [op.body.block.args[i + 1], last.operands[i]]
        case scf.WhileOp():
            condition = op.before_region.block.last_op
            assert condition is not None
            return [condition.operands[i + 1]]
        case _:
            return []


def _argument_sources(argument: BlockArgument) -> list[SSAValue]:
    op, i = argument.block.parent_op(), argument.index
    match op:
        case scf.ForOp():
            last = op.body.block.last_op
            assert last is not None
            return [] if i == 0 else [op.operands[i + 2], last.operands[i - 1], op.results[i - 1]]
        case scf.WhileOp():
            before, after = op.before_region.block, op.after_region.block
            condition, last = before.last_op, after.last_op
            assert condition is not None and last is not None
            if argument.block is before:
                return [op.operands[i], last.operands[i]]
            return [condition.operands[i + 1], op.results[i]]
        case _:
            return []


def _shrink(op: scf.IfOp | scf.ForOp | scf.WhileOp, live: set[SSAValue]) -> bool:
    """Drops the results, arguments and yielded values of a branch or loop that nothing needs."""
    if isinstance(op, scf.IfOp):
        keep = [r in live for r in op.results]
        terminators = [r.block.last_op for r in op.regions if r.blocks]
        blocks: list[tuple[Block, int, list[bool]]] = []
        operand_masks = [(op, [True])]
        yields = [(t, keep) for t in terminators if t is not None]
    elif isinstance(op, scf.ForOp):
        body = op.body.block
        keep = [r in live or a in live for r, a in zip(op.results, body.args[1:], strict=True)]
        blocks = [(body, 1, keep)]
        operand_masks = [(op, [True, True, True, *keep])]
        yields = [(body.last_op, keep)]
    else:
        before, after = op.before_region.block, op.after_region.block
        inner = [a in live for a in before.args]
        keep = [r in live or a in live for r, a in zip(op.results, after.args, strict=True)]
        blocks = [(before, 0, inner), (after, 0, keep)]
        operand_masks = [(op, inner)]
        yields = [(before.last_op, [True, *keep]), (after.last_op, inner)]
    if all(keep) and all(all(mask) for _, mask in operand_masks):
        return False
    for terminator, mask in yields:
        if terminator is not None:
            terminator.operands = [o for o, k in zip(terminator.operands, mask, strict=True) if k]
    for block, first, mask in blocks:
        for i in reversed(range(len(mask))):
            if not mask[i]:
                block.erase_arg(block.args[first + i], safe_erase=False)
    operands = [o for o, k in zip(op.operands, operand_masks[0][1], strict=True) if k]
    replace_region_op(op, operands, [r.type for r, k in zip(op.results, keep, strict=True) if k], keep)
    return True
