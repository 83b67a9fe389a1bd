"""Visibility of SSA values: whether each operand is defined on every way to its use, and in no isolated region around it.

One walk over the IR in the order of the text, without recursion. Nearly all operands are decided by the block that defines
them being one that the walk is inside of; the others ask the dominator tree of their region, which is made when first needed.
"""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import UnregisteredOp
from xdsl.ir import Block, BlockArgument, Operation, OpResult, Region, SSAValue
from xdsl.traits import IsolatedFromAbove

from tsir.dialects.invalid import InvalidIR, value_name

NOT_DOMINATED = "TS703"
ISOLATED = "TS704"


class Visibility:
    """Checks operands during one walk over a module: `enter` before an operation's regions, `leave` behind them."""

    def __init__(self) -> None:
        self._depths: dict[int, int] = {}
        """For the blocks around the operation (by id): how many isolated operations are around the block."""
        self._isolated: list[Operation] = []
        self._defined: set[int] = set()
        """The ids of operations that are behind us."""
        self._trees: dict[Region, DominatorTree] = {}

    def enter_block(self, block: Block) -> None:
        """The walk goes into a block."""
        self._depths[id(block)] = len(self._isolated)

    def leave_block(self, block: Block) -> None:
        """The walk has come to the end of a block."""
        del self._depths[id(block)]

    def enter(self, op: Operation) -> None:
        """The walk goes into the regions of an operation."""
        if op.has_trait(IsolatedFromAbove, value_if_unregistered=False):
            self._isolated.append(op)

    def leave(self, op: Operation) -> None:
        """The walk is behind an operation."""
        if self._isolated and self._isolated[-1] is op:
            self._isolated.pop()
        self._defined.add(id(op))

    def verify(self, op: Operation) -> None:
        """Checks the operands of an operation that the walk has come to. Raises InvalidIR."""
        for i, operand in enumerate(op._operands):  # pyright: ignore[reportPrivateUsage]  the property makes an object each time
            if isinstance(operand, OpResult):
                owner = operand.op
                results = owner.results
                if operand.index >= len(results) or results[operand.index] is not operand:
                    raise _replaced(op, i)
                block = owner.parent
                known = id(owner) in self._defined
            elif isinstance(operand, BlockArgument):
                block = operand.block
                if operand.index >= len(block.args) or block.args[operand.index] is not operand:
                    raise _replaced(op, i)
                known = True
            else:
                raise InvalidIR(f"{op.name}: operand {i} is no value: {type(operand).__name__}", NOT_DOMINATED, i)
            depth = None if block is None else self._depths.get(id(block))
            if depth is None or not known or depth < len(self._isolated):
                self._verify_far(op, i, operand, block, depth)

    def _verify_far(self, op: Operation, index: int, value: SSAValue, block: Block | None, depth: int | None) -> None:
        """Decides an operand that isn't simply above in the text."""
        name = f" ({value_name(value)})" if value.name_hint else ""
        if block is None:
            raise InvalidIR(
                f"{op.name}: operand {index}{name} is a value of an operation outside of the IR", NOT_DOMINATED, index
            )
        if depth is not None and depth < len(self._isolated):
            around = self._isolated[depth]
            raise InvalidIR(
                f"{op.name}: operand {index}{name} is defined outside of {around.name}, whose region sees no values from outside",
                ISOLATED,
                index,
                (("the value is defined here", value), (f"this {around.name} isolates its region", around)),
                "pass the value as an argument",
            )
        if depth is not None:
            parent = block.parent_op()
            if isinstance(parent, UnregisteredOp):
                return  # may be a graph region, where order means nothing
            note = "the value is defined here, behind the use"
            if isinstance(value, OpResult) and value.op.is_ancestor(op):
                note = "the value is the result of this operation, which the use is inside of"
            raise InvalidIR(
                f"{op.name}: operand {index}{name} isn't defined before this use", NOT_DOMINATED, index, ((note, value),)
            )
        region = block.parent
        at = op.parent
        while at is not None and at.parent is not region:
            around = at.parent_op()
            if around in self._isolated[-1:]:
                at = None
                break
            at = None if around is None else around.parent
        if at is None or region is None:
            inside = block.parent_op()
            where = f"inside of {inside.name}" if inside is not None else "elsewhere"
            raise InvalidIR(
                f"{op.name}: operand {index}{name} isn't visible here: its definition is {where}, which this use isn't in",
                NOT_DOMINATED,
                index,
                (("the value is defined here", value),),
            )
        if not self._dominates(block, at, region):
            raise InvalidIR(
                f"{op.name}: operand {index}{name} isn't defined before this use on every way to it",
                NOT_DOMINATED,
                index,
                (("the value is defined here", value), ("this block can be reached without it", at)),
            )

    def _dominates(self, a: Block, b: Block, region: Region) -> bool:
        if region not in self._trees:
            self._trees[region] = DominatorTree(region)
        return self._trees[region].dominates(a, b)


def _replaced(op: Operation, index: int) -> InvalidIR:
    return InvalidIR(
        f"{op.name}: operand {index} is a value that its operation has replaced by another", NOT_DOMINATED, index
    )


class DominatorTree:
    """Which blocks of a region lie on every way to which others."""

    def __init__(self, region: Region) -> None:
        parents = immediate_dominators(region)
        children: dict[Block, list[Block]] = {block: [] for block in parents}
        for block, parent in parents.items():
            if parent is not None:
                children[parent].append(block)
        self._first: dict[Block, int] = {}
        self._last: dict[Block, int] = {}
        pending = [(block, False) for block, parent in parents.items() if parent is None]
        while pending:
            block, done = pending.pop()
            if done:
                self._last[block] = len(self._first)
            else:
                self._first[block] = len(self._first)
                pending.append((block, True))
                pending += [(child, False) for child in children[block]]

    def dominates(self, a: Block, b: Block) -> bool:
        """Whether every way to `b` leads through `a`. Blocks that nothing reaches are dominated by all."""
        if b not in self._first:
            return True
        return a in self._first and self._first[a] <= self._first[b] < self._last[a]


def immediate_dominators(region: Region) -> dict[Block, Block | None]:
    """The immediate dominator of each reachable block, None for the entry (Cooper, Harvey, Kennedy 2001)."""
    entry = region.blocks.first
    if entry is None:
        return {}
    order = _reverse_postorder(entry)
    number = {block: i for i, block in enumerate(order)}
    predecessors: dict[Block, list[Block]] = {block: [] for block in order}
    for block in order:
        for successor in _successors(block):
            predecessors[successor].append(block)
    dominator: dict[Block, Block] = {entry: entry}
    changed = True
    while changed:
        changed = False
        for block in order[1:]:
            known = [p for p in predecessors[block] if p in dominator]
            common = known[0]
            for other in known[1:]:
                while common is not other:
                    if number[common] > number[other]:
                        common = dominator[common]
                    else:
                        other = dominator[other]
            if dominator.get(block) is not common:
                dominator[block] = common
                changed = True
    return {block: None if block is entry else dominator[block] for block in order}


def _successors(block: Block) -> Iterator[Block]:
    if block.last_op is not None:
        yield from block.last_op.successors


def _reverse_postorder(entry: Block) -> list[Block]:
    done: list[Block] = []
    seen = {entry}
    pending = [(entry, _successors(entry))]
    while pending:
        block, successors = pending[-1]
        following = next((s for s in successors if s not in seen), None)
        if following is None:
            done.append(block)
            pending.pop()
        else:
            seen.add(following)
            pending.append((following, _successors(following)))
    return done[::-1]
