"""Dicts with known keys: what is stored in straight-line code is put there when the dict is made, and look-ups give what is there.

Like `make_lists_whole` of `unroll.py`, whose subject is lists, this serves constant folding: models that hand named tensors from
one part to the next are then compiled as if these were variables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, SSAValue

from tsir.dialects.ts.families import PyOp
from tsir.dialects.ts.structure import DictOp
from tsir.passes.constants import constant_of
from tsir.passes.structure import ancestor_in, walk
from tsir.passes.unroll import only_looks, replace_by_known

_KEYS = (str, int, bool, float, bytes, type(None))
"""Types of constants that are the keys that Python would find by them."""


@dataclass
class _Contents:
    """Keys and values of a dict at one point of the program, in order."""

    keys: dict[Any, SSAValue] = field(default_factory=dict[Any, SSAValue])
    """The operand that is the key; Python keeps the first of two equal ones."""
    values: dict[Any, SSAValue] = field(default_factory=dict[Any, SSAValue])

    def put(self, key: SSAValue, value: SSAValue) -> bool:
        """Stores a value; False for a key that isn't a constant."""
        constant = constant_of(key)
        if type(constant) not in _KEYS or constant != constant:
            return False
        self.keys.setdefault(constant, key)
        self.values[constant] = value
        return True

    @property
    def items(self) -> list[SSAValue]:
        """Operands for a `ts.dict` with these contents."""
        return [v for k, key in self.keys.items() for v in (key, self.values[k])]


def read_known_dicts(function: FuncOp) -> bool:
    """Makes dicts that are filled in one block whole, and replaces look-ups whose result is known; whether there were any.

        %d = ts.dict %ka, %a                             %d = ts.dict %ka, %a, %kb, %b
        ts.py.setitem(%d, %kb, %b)                  ->
        %r = ts.py.getitem(%d, %ka)                      func.return %a, %d
        func.return %r, %d

    A look-up of a key that isn't there stays, and raises when the program runs.
    """
    changed = False
    positions: dict[Block, dict[Operation | None, int]] = {}
    for op in tuple(walk(function)):
        if isinstance(op, DictOp) and op.parent is not None:
            block = op.parent_block()
            assert block is not None
            if block not in positions:
                positions[block] = {other: i for i, other in enumerate(block.ops)}
            changed |= _read(op, block, positions[block])
    return changed


def _read(made: DictOp, block: Block, positions: dict[Operation | None, int]) -> bool:
    contents = _Contents()
    if not all(contents.put(k, v) for k, v in zip(made.items[::2], made.items[1::2], strict=True)):
        return False
    uses = sorted(
        ((positions.get(ancestor_in(u.operation, block), -1), u.operation, u.index) for u in made.result.uses),
        key=lambda use: use[0],
    )
    if any(at < 0 for at, _, _ in uses):
        return False
    known = min((at for at, op, i in uses if not _is_store(op, i, block) and not only_looks(op, i)), default=len(positions))
    stores: list[PyOp] = []
    looks: list[tuple[Operation, int]] = []
    changed = False
    for at, op, i in uses:
        if at >= known:
            break
        if _is_store(op, i, block):
            assert isinstance(op, PyOp)
            if looks or not contents.put(op.operands[1], op.operands[2]):
                break  # what looked at the dict before has to find the same when it runs
            stores.append(op)
        elif (answer := _answer(op, i, contents)) is not None:
            replace_by_known(op, answer())
            changed = True
        else:
            looks.append((op, i))
    if stores:
        whole = DictOp(contents.items, made.result.type)
        whole.location, whole.result.name_hint = made.location, made.result.name_hint
        last = stores[-1]
        block.insert_op_after(whole, last)
        positions[whole] = positions[last]
        for op in stores:
            block.erase_op(op, safe_erase=False)
        made.result.replace_all_uses_with(whole.result)
        block.erase_op(made)
    return changed or bool(stores)


def _is_store(op: Operation, operand: int, block: Block) -> bool:
    return isinstance(op, PyOp) and op.FUNCTION == "setitem" and operand == 0 and op.parent_block() is block


def _answer(op: Operation, operand: int, contents: _Contents) -> Callable[[], SSAValue | int] | None:
    """What an operation gives for a dict with these contents, when that is known."""
    if not isinstance(op, PyOp) or operand != 0:
        return None
    if op.FUNCTION == "len":
        return lambda: len(contents.values)
    if len(op.operands) < 2 or type(key := constant_of(op.operands[1])) not in _KEYS:
        return None
    match op.FUNCTION:
        case "getitem" if key in contents.values:
            return lambda: contents.values[key]
        case "contains":
            return lambda: key in contents.values
        case "not_contains":
            return lambda: key not in contents.values
        case _:
            return None
