"""`ts-cse`: what is computed twice is computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Block, Operation
from xdsl.passes import ModulePass

from tsir.passes.given import given_values
from tsir.passes.memory import Memory
from tsir.passes.structure import functions


@dataclass(frozen=True)
class CsePass(ModulePass):
    """Merges operations that give the same: equal name, operands, attributes and types, where the first dominates the second.

        %0 = ts.aten.exp(%x) : (!ts.tensor) -> !ts.tensor
        %1 = ts.aten.exp(%x) : (!ts.tensor) -> !ts.tensor         ->  %0 = ts.aten.exp(%x) : (!ts.tensor) -> !ts.tensor
        %2 = ts.aten.add.Tensor(%0, %1, %c) : ...                     %2 = ts.aten.add.Tensor(%0, %0, %c) : ...

    A read of memory that the function writes isn't merged, nor are two new objects when either is written or leaves the
    function (the caller could tell them apart), nor random numbers. Two tensor values of which both become objects of their own,
    as results or elements of lists, aren't merged either.
    """

    name = "ts-cse"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions(op):
            merge_common(function)


def merge_common(function: FuncOp) -> bool:
    """Merges what is computed twice in a function; whether anything was merged."""
    memory = Memory(function, arguments_may_overlap=True)
    given = given_values(function)
    changed = False
    known: dict[Any, Operation] = {}
    numbers: dict[Attribute, int] = {}
    # A block's operations are known in the blocks nested in its later operations: entries are undone when a block ends.
    work: list[tuple[Block, Operation | None, list[Any]]] = [(function.body.block, function.body.block.first_op, [])]
    while work:
        block, op, added = work.pop()
        entered = False
        while op is not None:
            following = op.next_op
            if op.regions:
                if op.dialect_name() != "linalg":
                    work.append((block, following, added))
                    inner = [b for region in op.regions for b in region.blocks]
                    work.extend((b, b.first_op, []) for b in reversed(inner))
                    entered = True
                    break
            elif op.name == "linalg_ext.check":
                key = _key(op, numbers)
                if key in known:
                    block.erase_op(op)  # what has been checked holds
                    changed = True
                else:
                    known[key] = op
                    added.append(key)
            elif memory.may_be_merged(op):
                key = _key(op, numbers)
                first = known.get(key)
                if first is None:
                    known[key] = op
                    added.append(key)
                elif any(r in given for r in op.results) and (
                    first.parent is not block or any(r in given for r in first.results)
                ):
                    pass  # each is an object of its own
                else:
                    if any(r in given for r in op.results):
                        given.update(first.results)
                    for old, new in zip(op.results, first.results, strict=True):
                        old.replace_all_uses_with(new)
                    block.erase_op(op)
                    changed = True
            op = following
        if not entered:
            for key in added:
                del known[key]
    return changed


def _key(op: Operation, numbers: dict[Attribute, int]) -> Any:
    """What equal operations have in common, as a tuple of numbers and names alone: there are many, and the collector skips such."""
    key: list[Any] = [op.name, *map(id, op.operands), None]
    key += [numbers.setdefault(r.type, len(numbers)) for r in op.results]
    for named in (op.properties, op.attributes):
        if named:
            for name in sorted(named):
                key += [name, numbers.setdefault(named[name], len(numbers))]
    return tuple(key)
