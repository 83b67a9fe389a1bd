"""Short loops over lists unrolled, and lists that are filled in straight-line code made in one piece.

Both serve constant folding: what a list comprehension or an `append` in a short loop gives is then known element by element.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from xdsl.dialects import scf
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, SSAValue

from tsir.dialects.ts import effects
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.structure import ListOp, UnpackOp
from tsir.dialects.ts.types import ListType
from tsir.ops import python
from tsir.passes.constants import UNKNOWN, constant_of, constant_ops
from tsir.passes.facts import Facts
from tsir.passes.memory import Memory
from tsir.passes.refine import refine_uses
from tsir.passes.structure import ancestor_in, walk

MAX_TRIPS = 32
MAX_OPERATIONS = 512
"""What an unrolled loop may grow to."""
MAX_COPIED = 4096
"""How many elements the lists may have together that are made for looks at one list between two appends to it."""


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

    A length or an element that is read between two appends is known; any other look there gets a list of its own, of which there
    may be only so many. A list that is kept anywhere before its last append stays.
    """
    changed = False
    positions: dict[Block, dict[Operation | None, int]] = {}
    for op in tuple(walk(function)):
        if isinstance(op, ListOp) and op.parent is not None:
            block = op.parent_block()
            assert block is not None
            if block not in positions:
                positions[block] = {other: i for i, other in enumerate(block.ops)}
            changed |= _make_whole(op, block, positions[block])
    return changed


def join_lists(function: FuncOp, memory: Memory) -> bool:
    """Replaces sums of lists, and lists repeated, whose elements are in sight by a `ts.list` of all; whether there were any.

    %a = ts.list %x
    %b = ts.list %y, %z                         ->    %c = ts.list %x, %y, %z
    %c = ts.py.add(%a, %b)
    """
    changed = False
    for op in tuple(walk(function)):
        if not (isinstance(op, PyOp) and op.FUNCTION in ("add", "mul") and isinstance(op.results[0].type, ListType)):
            continue
        parts = [_unchanged_elements(o, memory) for o in op.operands]
        count = constant_of(op.operands[1])
        if op.FUNCTION == "mul" and parts[0] is not None and type(count) is int and count * len(parts[0]) <= MAX_COPIED:
            elements = parts[0] * count
        elif op.FUNCTION == "add" and parts[0] is not None and parts[1] is not None:
            elements = parts[0] + parts[1]
        else:
            continue
        made = ListOp(elements, op.results[0].type)
        made.location, made.result.name_hint = op.location, op.results[0].name_hint
        block = op.parent_block()
        assert block is not None
        block.insert_op_before(made, op)
        memory.take_place(made.result, op.results[0])
        op.results[0].replace_all_uses_with(made.result)
        block.erase_op(op)
        changed = True
    return changed


def read_known_lists(function: FuncOp, memory: Memory) -> bool:
    """Replaces what is read at known places of lists that nothing changes by what was put there; whether there was any.

    %l = ts.list %x, %y
    %e = ts.py.getitem(%l, %c1)                 ->    %r = ts.aten.relu(%y)
    %r = ts.aten.relu(%e)
    """
    changed = False
    for op in tuple(walk(function)):
        if isinstance(op, PyOp) and op.FUNCTION == "getitem" and isinstance(op.operands[0].owner, ListOp):
            elements = _unchanged_elements(op.operands[0], memory)
            index = None if elements is None else _index(op, 0, len(elements))
            if elements is not None and index is not None:
                replace_by_known(op, elements[index])
                changed = True
        elif isinstance(op, UnpackOp) and isinstance(op.value.owner, ListOp):
            elements = _unchanged_elements(op.value, memory)
            if elements is not None and len(elements) == len(op.elements):
                for result, element in zip(op.elements, elements, strict=True):
                    refine_uses(result, element)
                block = op.parent_block()
                assert block is not None
                block.erase_op(op)
                changed = True
    return changed


def _unchanged_elements(value: SSAValue, memory: Memory) -> list[SSAValue] | None:
    """The elements of a list that nothing changes, whose making is in sight."""
    op = value.owner
    if not isinstance(op, ListOp):
        return None
    group = memory.group_of(value)  # nothing is known of lists that were made since: they are looked at in the next round
    return list(op.elements) if group is not None and not group.container_writes else None


def _make_whole(made: ListOp, block: Block, positions: dict[Operation | None, int]) -> bool:
    uses = [(u.operation, u.index) for u in made.result.uses]
    appends = {op for op, i in uses if i == 0 and isinstance(op, PyOp) and op.FUNCTION == "list_append"}
    if not appends or any(op.parent_block() is not block for op in appends):
        return False
    if any(op in appends and i != 0 for op, i in uses) or any(r.first_use is not None for a in appends for r in a.results):
        return False
    order = sorted(appends, key=positions.__getitem__)
    places = [positions[op] for op in order]
    first = len(made.elements)
    later: list[tuple[Operation, int]] = []
    copies: dict[int, list[tuple[Operation, int]]] = {}
    reads: list[tuple[Operation, int, int | None]] = []
    for op, i in uses:
        if op in appends:
            continue
        at = positions.get(ancestor_in(op, block), -1)
        if at < places[-1] and not only_looks(op, i):
            return False
        count = bisect_left(places, at)
        if count == len(places):
            later.append((op, i))
        elif _is_length(op):
            reads.append((op, first + count, None))
        elif (index := _index(op, i, first + count)) is not None:
            reads.append((op, first + count, index))
        elif count:
            copies.setdefault(count, []).append((op, i))
    if sum(first + count for count in copies) > MAX_COPIED:
        return False
    for op, length, index in reads:
        if index is None:
            replace_by_known(op, length)
        else:  # what is appended may be what was read before, so it is looked up now
            replace_by_known(op, made.elements[index] if index < first else order[index - first].operands[1])
    elements = [*made.elements, *(append.operands[1] for append in order)]
    whole = {count: _list_of(elements[: first + count], made, order[count - 1], positions) for count in copies}
    whole[len(order)] = _list_of(elements, made, order[-1], positions)
    copies[len(order)] = later
    for count, looks in copies.items():
        for op, i in looks:
            op.operands[i] = whole[count]
    for append in order:
        block.erase_op(append, safe_erase=False)
    if made.result.first_use is None:
        block.erase_op(made)
    return True


def _list_of(elements: list[SSAValue], made: ListOp, after: Operation, positions: dict[Operation | None, int]) -> SSAValue:
    new = ListOp(elements, made.result.type)
    new.location = made.location
    new.result.name_hint = made.result.name_hint
    block = after.parent_block()
    assert block is not None
    block.insert_op_after(new, after)
    positions[new] = positions[after]
    return new.result


def _is_length(op: Operation) -> bool:
    return isinstance(op, PyOp) and op.FUNCTION == "len"


def _index(op: Operation, operand: int, count: int) -> int | None:
    """Which of the first `count` elements an operation reads, when that is known."""
    if not isinstance(op, PyOp) or operand != 0 or op.FUNCTION != "getitem":
        return None
    index = constant_of(op.operands[1])
    return index % count if type(index) is int and -count <= index < count else None


def replace_by_known(op: Operation, known: SSAValue | int) -> None:
    """Removes an operation whose only result is known: a value that is there, or a number or bool."""
    block = op.parent_block()
    assert block is not None
    if isinstance(known, int):
        constant = constant_ops(known, op.location)
        assert constant is not None
        block.insert_ops_before(constant, op)
        known = constant[-1].results[0]
        known.name_hint = op.results[0].name_hint
    refine_uses(op.results[0], known)
    block.erase_op(op)


def only_looks(op: Operation, operand: int) -> bool:
    """Whether an operation neither changes a container, its operand, nor keeps it."""
    if isinstance(op, AtenOp):
        return op.SCHEMA.arguments[operand].type.alias is None
    if isinstance(op, PyOp):
        known: Any = python.lookup(op.FUNCTION)
        if known is None or known.mutates:
            return False
        return op.FUNCTION == "getitem" or not any(effects.is_reference(r.type) for r in op.results)
    return isinstance(op, UnpackOp)
