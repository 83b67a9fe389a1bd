"""Which values of a function may share a variable: those of one name, or that a branch or loop hands on, and that are never alive
at the same time.

Liveness goes backwards through the regions, twice through loops. A value that is only copied to another one doesn't conflict with
it: both are the same then (Chaitin's rule). An operation that is written where its result is used has no variable: a use of its
result is one of its operands.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast

from xdsl.ir import Block, Operation, SSAValue

from tsir.dialects.names import name_of

Live = frozenset[SSAValue]
NUMBERED = re.compile(r"_\d+")
"""The names of variables that the user's source has no name for."""


def user_name(value: SSAValue) -> str | None:
    """The name of a value in the user's source."""
    name = None if value.name_hint is None else name_of(value.name_hint)
    return None if name is None or NUMBERED.fullmatch(name) else name


class Variables:
    """The classes of values that share a variable.

    `is_moved` says of an operation whether it is written where its result is used, `is_update` whether its result is its first
    operand, changed.
    """

    def __init__(
        self, function: Operation, is_moved: Callable[[Operation], bool], is_update: Callable[[Operation], bool]
    ) -> None:
        self._is_moved = is_moved
        self._is_update = is_update
        self._conflicts: dict[SSAValue, set[SSAValue]] = defaultdict(set)
        self._joined: list[tuple[SSAValue, SSAValue]] = []
        self._parent: dict[SSAValue, SSAValue] = {}
        self._members: dict[SSAValue, list[SSAValue]] = {}
        body = function.regions[0].block
        self._block(body, frozenset())
        for argument in body.args:
            self._separate(argument, frozenset(body.args))
        for a, b in self._joined:
            self._join(a, b)
        self._join_names(function)

    def representative(self, value: SSAValue) -> SSAValue:
        """The value that stands for all those that share its variable."""
        while value in self._parent:
            value = self._parent[value]
        return value

    def members(self, value: SSAValue) -> Sequence[SSAValue]:
        """The values that share the variable of one."""
        found = self.representative(value)
        return self._members.get(found, [found])

    # Classes

    def _join_names(self, function: Operation) -> None:
        known: dict[tuple[str, Any], list[SSAValue]] = {}
        for value in _values(function):
            name = user_name(value)
            if name is not None and not self._has_no_variable(value):
                earlier = known.setdefault((name, value.type), [])
                if not any(self._join(other, value) for other in earlier):
                    earlier.append(value)

    def _join(self, a: SSAValue, b: SSAValue) -> bool:
        first, second = self.representative(a), self.representative(b)
        if first is second:
            return True
        if a.type != b.type:
            return False
        ours, theirs = self._members.get(first, [first]), self._members.get(second, [second])
        if any(v in self._conflicts[w] for v in ours for w in theirs):
            return False
        names = {user_name(v) for v in (*ours, *theirs)} - {None}
        if len(names) > 1:
            return False
        self._parent[second] = first
        self._members[first] = [*ours, *theirs]
        return True

    def _separate(self, value: SSAValue, alive: Live) -> None:
        for other in alive:
            if other is not value:
                self._conflicts[value].add(other)
                self._conflicts[other].add(value)

    def _copies(self, targets: Sequence[SSAValue], sources: Sequence[SSAValue], alive: Live) -> None:
        """Assignments of all at once, where some values are alive behind them."""
        pairs = list(zip(targets, sources, strict=True))
        for target, source in pairs:
            others = frozenset(t for t, s in pairs if s is not source)
            behind = alive - frozenset(t for t, s in pairs if s is source) | others
            self._separate(target, behind if source in targets else behind - {source})
            if not self._has_no_variable(source):
                self._joined.append((source, target))

    def _has_no_variable(self, value: SSAValue) -> bool:
        return isinstance(value.owner, Operation) and self._is_moved(value.owner)

    def _used(self, values: Iterable[SSAValue]) -> Live:
        """The values whose variables are read where these are used."""
        found: set[SSAValue] = set()
        todo = list(values)
        while todo:
            value = todo.pop()
            if self._has_no_variable(value):
                todo += cast(Operation, value.owner).operands
            else:
                found.add(value)
        return frozenset(found)

    # Liveness: each function gives what is alive before, for what is alive behind.

    def _block(self, block: Block, alive: Live) -> Live:
        for operation in reversed(list(block.ops)):
            alive = self._operation(operation, alive)
        return alive

    def _operation(self, operation: Operation, alive: Live) -> Live:
        match operation.name:
            case "scf.if":
                behind = alive - frozenset(operation.results)
                found = frozenset[SSAValue]()
                for region in operation.regions:
                    if region.blocks:
                        self._yields(operation, region.block, alive)
                        found |= self._block(region.block, behind)
                    else:
                        found |= behind
                return found | self._used(operation.operands)
            case "scf.for":
                return self._for(operation, alive)
            case "scf.while":
                return self._while(operation, alive)
            case "ts.try":
                self._yields(operation, operation.regions[0].block, alive, skip=1)
                behind = alive - frozenset(operation.results)
                before = self._block(operation.regions[0].block, behind) | behind
                inside = frozenset(v for v in _values(operation) if v is not operation.results[0])
                self._separate(operation.results[0], alive | before | inside)  # it is None from before the body on
                return before
            case _ if self._is_moved(operation):
                return alive - frozenset(operation.results)
            case _ if self._is_update(operation):
                self._copies(operation.results, operation.operands[:1], alive)
            case _:
                for result in operation.results:
                    self._separate(result, alive | frozenset(operation.results))
        return (alive - frozenset(operation.results)) | self._used(operation.operands)

    def _yields(self, operation: Operation, block: Block, alive: Live, skip: int = 0) -> None:
        last = block.last_op
        if last is not None and last.name in ("scf.yield", "ts.yield"):
            self._copies(operation.results[skip:], last.operands, alive)

    def _for(self, operation: Operation, alive: Live) -> Live:
        body = operation.regions[0].block
        bounds, initial = operation.operands[:3], operation.operands[3:]
        last = cast(Operation, body.last_op)
        behind = alive - frozenset(operation.results)
        header = behind
        for _ in range(2):
            header = behind | (self._block(body, header) - frozenset(body.args))
        held = header | frozenset(body.args[1:])
        self._separate(body.args[0], held | frozenset(body.args))
        self._copies(body.args[1:], initial, held)
        self._copies(body.args[1:], last.operands, held)
        self._copies(operation.results, body.args[1:], alive)
        return header | self._used((*bounds, *initial))

    def _while(self, operation: Operation, alive: Live) -> Live:
        before, after = operation.regions[0].block, operation.regions[1].block
        test, last = cast(Operation, before.last_op), cast(Operation, after.last_op)
        behind = alive - frozenset(operation.results)
        header = between = behind
        for _ in range(2):
            inside = self._block(after, header) - frozenset(after.args)
            header = behind | (self._block(before, behind | inside) - frozenset(before.args))
            between = behind | inside
        held = header | frozenset(before.args)
        self._copies(before.args, operation.operands, held)
        self._copies(before.args, last.operands, held)
        given = list(test.operands[1:])
        self._copies([*after.args, *operation.results], [*given, *given], alive | between)
        return header | self._used(operation.operands)


def _values(function: Operation) -> Iterator[SSAValue]:
    """Every value of a function, in the order of the text."""
    for operation in function.walk():
        for region in operation.regions:
            for block in region.blocks:
                yield from block.args
        yield from operation.results
