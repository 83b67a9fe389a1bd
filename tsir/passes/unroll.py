"""Short loops over lists unrolled, and lists that are filled in straight-line code made in one piece.

Both serve constant folding: what a list comprehension or an `append` in a short loop gives is then known element by element.
"""

from __future__ import annotations

from typing import Any

from xdsl.dialects import scf
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, SSAValue

from tsir.dialects.ts import effects
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.structure import ListOp, UnpackOp
from tsir.dialects.ts.types import ListType
from tsir.ops import python
from tsir.passes.constants import UNKNOWN, constant_ops
from tsir.passes.facts import Facts
from tsir.passes.refine import refine_uses
from tsir.passes.structure import ancestor_in, walk

MAX_TRIPS = 32
MAX_OPERATIONS = 512
"""What an unrolled loop may grow to."""


def unroll_short_loops(function: FuncOp, facts: Facts) -> bool:
    """Unrolls `scf.for` loops with few known rounds that work on lists; whether there were any."""
    changed = False
    for op in reversed(tuple(walk(function))):
        if isinstance(op, scf.ForOp) and op.parent is not None:
            bounds = [facts.table.get(v, UNKNOWN) for v in (op.lb, op.ub, op.step)]
            if all(type(b) is int for b in bounds) and bounds[2] > 0:
                rounds = range(*bounds)
                inner = list(walk(op))
                small = len(rounds) <= MAX_TRIPS and len(rounds) * len(inner) <= MAX_OPERATIONS
                if small and any(map(_works_on_list, inner)):
                    _unroll(op, rounds)
                    changed = True
    return changed


def _works_on_list(op: Operation) -> bool:
    return isinstance(op, PyOp) and any(isinstance(o.type, ListType) for o in op.operands)


def _unroll(loop: scf.ForOp, rounds: range) -> None:
    block = loop.parent_block()
    assert block is not None
    body = loop.body.block
    last = body.last_op
    assert last is not None
    carried: list[SSAValue] = list(loop.iter_args)
    for i in rounds:
        number = constant_ops(i, loop.location)
        assert number is not None
        block.insert_ops_before(number, loop)
        values: dict[SSAValue, SSAValue] = dict(zip(body.args, [number[0].results[0], *carried], strict=True))
        for op in body.ops:
            if op is not last:
                block.insert_op_before(op.clone(values), loop)
        carried = [values.get(o, o) for o in last.operands]
    for result, value in zip(loop.results, carried, strict=True):
        refine_uses(result, value)
    block.erase_op(loop, safe_erase=False)


def make_lists_whole(function: FuncOp) -> bool:
    """Replaces `ts.list` and the `append`s to it in one block by a `ts.list` of all elements; whether there were any.

        %l = ts.list %a                                  %m = ts.list %a, %b
        ts.py.list_append(%l, %b)                   ->
        func.return %l                                   func.return %m

    Every look at the list between two appends gets a list of its own. A list that is kept anywhere before its last append stays.
    """
    changed = False
    for op in tuple(walk(function)):
        if isinstance(op, ListOp) and op.parent is not None:
            changed |= _make_whole(op)
    return changed


def _make_whole(made: ListOp) -> bool:
    block = made.parent_block()
    assert block is not None
    uses = [(u.operation, u.index) for u in made.result.uses]
    appends = {op for op, i in uses if i == 0 and isinstance(op, PyOp) and op.FUNCTION == "list_append"}
    if not appends or any(op.parent_block() is not block for op in appends):
        return False
    if any(op in appends and i != 0 for op, i in uses) or any(r.first_use is not None for a in appends for r in a.results):
        return False
    positions = {op: i for i, op in enumerate(block.ops)}
    order = sorted(appends, key=positions.__getitem__)
    final = positions[order[-1]]
    looks: list[tuple[int, Operation, int]] = []
    for op, i in uses:
        if op not in appends:
            at = positions.get(ancestor_in(op, block), -1)
            if at < final and not _only_looks(op, i):
                return False
            looks.append((at, op, i))
    elements = list(made.elements)
    kept: dict[int, SSAValue] = {}
    for n, append in enumerate(order):
        begin = positions[made] if n == 0 else positions[order[n - 1]]
        for at, op, i in looks:
            if begin < at < positions[append]:
                op.operands[i] = _list_here(kept, n, elements, made, order[n - 1] if n else made, block)
        elements.append(append.operands[1])
    whole = ListOp(elements, made.result.type)
    whole.location = made.location
    whole.result.name_hint = made.result.name_hint
    block.insert_op_after(whole, order[-1])
    for at, op, i in looks:
        if at > final:
            op.operands[i] = whole.result
    for append in order:
        block.erase_op(append, safe_erase=False)
    if made.result.first_use is None:
        block.erase_op(made)
    return True


def _list_here(
    kept: dict[int, SSAValue], count: int, elements: list[SSAValue], made: ListOp, after: Operation, block: Block
) -> SSAValue:
    if count == 0:
        return made.result
    found = kept.get(count)
    if found is None:
        new = ListOp(elements, made.result.type)
        new.location = made.location
        block.insert_op_after(new, after)
        found = kept[count] = new.result
    return found


def _only_looks(op: Operation, operand: int) -> bool:
    if isinstance(op, AtenOp):
        return op.SCHEMA.arguments[operand].type.alias is None
    if isinstance(op, PyOp):
        known: Any = python.lookup(op.FUNCTION)
        if known is None or known.mutates:
            return False
        return op.FUNCTION == "getitem" or not any(effects.is_reference(r.type) for r in op.results)
    return isinstance(op, UnpackOp)
