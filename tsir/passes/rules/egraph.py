"""An e-graph of one block: operations that were found to be equal stand beside each other, and the cheapest are taken in the end.

Its nodes are operations of the block itself, so that the same matching, constraints and inference serve as for rewriting in place;
a union-find over their results says which values are equal (Willsey et al., egg: Fast and Extensible Equality Saturation, 2021).
Operations with effects, regions or memory that is written aren't in it: they stay where they are, and what they use is chosen.
xDSL has dialects for e-graphs as well (`equivalence`, `eqsat_pdl_interp`), which take rules in PDL: without conditions in Python and
types by inference, which most of the rules need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from xdsl.dialects import arith
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, OpResult, SSAValue
from xdsl.traits import IsTerminator

from tsir.dialects.traversal import walk
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.structure import ConstantOp, ListOp, ToReferenceOp, ToValueOp
from tsir.passes.given import given_values
from tsir.passes.memory import Memory
from tsir.passes.rules.engine import Statistics, holds, is_sound
from tsir.passes.rules.matching import RuleIndex, matches
from tsir.passes.rules.replacing import FactsOf, Maker
from tsir.passes.rules.terms import NativeRule, Rule

CostModel = Callable[[Operation], float]
"""What an operation costs, by its name and the types of its operands and results; not less than 0."""

_MATCHES_PER_RULE = 2000
"""How often one rule may match in one round: a rule that makes more and more may not keep others from their turn."""


@dataclass
class Growth:
    """How far an e-graph may grow, and how far it did."""

    rounds: int = 10
    operations: int = 20_000
    rounds_done: int = 0
    is_saturated: bool = False
    """Whether no rule had anything to add in the last round."""
    before: float = 0.0
    after: float = 0.0
    """The costs of the block before and after."""
    applied: dict[str, int] = field(default_factory=dict[str, int])


class EGraph:
    """The e-graph of a block. `known_before` are values that are known before a call: what needs only these costs it nothing."""

    def __init__(self, function: FuncOp, block: Block, facts: FactsOf, known_before: Iterable[SSAValue]) -> None:
        self.block = block
        self.memory = Memory(function, arguments_may_overlap=True)
        self.facts = facts
        self.given = given_values(function)
        self.original = list(block.ops)
        self.nodes: list[Operation] = [op for op in self.original if self._is_node(op)]
        self.in_graph = set(self.nodes)
        self._parent: dict[SSAValue, SSAValue] = {}
        self._members: dict[SSAValue, list[SSAValue]] = {}
        self._known_before = set(known_before)
        self._by_key: dict[Any, Operation] = {}
        self._rebuild()

    def _is_node(self, op: Operation) -> bool:
        if op.regions or not op.results or op.has_trait(IsTerminator):
            return False
        if not isinstance(op, AtenOp | PyOp | ListOp | ToReferenceOp | ToValueOp | ConstantOp) and op.dialect_name() not in (
            "arith", "math", "complex",
        ):  # fmt: skip
            return False
        if not self.memory.may_be_merged(op) and not isinstance(op, ListOp | ToReferenceOp):
            return False
        if any(r in self.given and any(self._is_inner(u.operation) for u in r.uses) for r in op.results):
            return False  # what is given away, and part of others that may be
        groups = [self.memory.group(v) for v in (*op.operands, *op.results)]
        if isinstance(op, ListOp) and any(g is not None and g.escapes for g in groups[len(op.operands) :]):
            return False
        return not any(g is not None and g.writes for g in groups)

    def _is_inner(self, user: Operation) -> bool:
        return isinstance(user, AtenOp | ListOp | ToReferenceOp)

    # Equal values -----------------------------------------------------------------------------------------------------

    def find(self, value: SSAValue) -> SSAValue:
        """The value that stands for all that are equal to this one."""
        root = value
        while (parent := self._parent.get(root, root)) is not root:
            root = parent
        while (parent := self._parent.get(value, value)) is not root:
            self._parent[value] = root
            value = parent
        return root

    def members(self, value: SSAValue) -> Sequence[SSAValue]:
        """The values that are equal to this one, a constant first."""
        return self._members.get(self.find(value)) or (value,)

    def unite(self, a: SSAValue, b: SSAValue) -> bool:
        """Takes two values for equal; whether they weren't yet."""
        a, b = self.find(a), self.find(b)
        if a is b:
            return False
        if _is_constant(b) and not _is_constant(a):
            a, b = b, a
        self._parent[b] = a
        merged = [*(self._members.get(a) or [a]), *(self._members.pop(b, None) or [b])]
        self._members[a] = sorted(merged, key=lambda v: not _is_constant(v))
        return True

    def _key(self, op: Operation) -> Any:
        return (
            op.name,
            frozenset(op.attributes.items()),
            frozenset(op.properties.items()),
            tuple(map(self.find, op.operands)),
            tuple(r.type for r in op.results),
        )

    def _rebuild(self) -> None:
        """Operations on equal operands are equal: until nothing more follows from that."""
        changed = True
        while changed:
            changed = False
            self._by_key = {}
            for op in self.nodes:
                known = self._by_key.setdefault(self._key(op), op)
                if known is not op:
                    for a, b in zip(known.results, op.results, strict=True):
                        changed |= self.unite(a, b)

    # Growing ----------------------------------------------------------------------------------------------------------

    def grow(self, index: RuleIndex, growth: Growth, statistics: Statistics | None) -> None:
        """Adds what rules make of what is there, until nothing is new or the limits are met."""
        for _ in range(growth.rounds):
            growth.rounds_done += 1
            found = list(self._found(index, statistics))
            changed = False
            for rule, match, root in found:
                if len(self.nodes) > growth.operations:
                    return
                if self._apply(rule, match, root):
                    changed = True
                    growth.applied[rule.name] = growth.applied.get(rule.name, 0) + 1
                    if statistics is not None:
                        statistics.of(rule.name).applied += 1
            self._rebuild()
            if not changed:
                growth.is_saturated = True
                return

    def _found(self, index: RuleIndex, statistics: Statistics | None) -> Iterable[tuple[Rule, Any, Operation]]:
        counts: dict[str, int] = {}
        for op in tuple(self._by_key.values()):
            for rule in index.candidates(op, self.members):
                if isinstance(rule, NativeRule):
                    continue  # it changes what it looks at, in place
                if statistics is not None:
                    statistics.of(rule.name).tried += 1
                for match in matches(rule, op, self.members):
                    if counts.get(rule.name, 0) >= _MATCHES_PER_RULE:
                        break
                    counts[rule.name] = counts.get(rule.name, 0) + 1
                    if not all(o in self.in_graph for o in match.matched):
                        continue
                    if statistics is not None:
                        statistics.of(rule.name).matched += 1
                    if is_sound(rule, match, self.memory) and holds(rule, match):
                        yield rule, match, op

    def _apply(self, rule: Rule, match: Any, root: Operation) -> bool:
        maker = Maker(match, root.location, self.facts, rule.name)
        values: dict[int, SSAValue] = {}
        for i, term in rule.replacements().items():
            made = maker.make(term, root.results[i].type)
            if made is not None and made.type == root.results[i].type:
                values[i] = made
        new: dict[SSAValue, SSAValue] = {}
        for op in maker.made:
            for i, operand in enumerate(op.operands):
                op.operands[i] = new.get(operand, operand)
            known = self._by_key.get(self._key(op))
            if known is None or not values:
                if values:
                    self._add(op, root)
                else:
                    op.erase(safe_erase=False)
                continue
            for mine, theirs in zip(op.results, known.results, strict=True):
                new[mine] = theirs
            for result in op.results:
                result.replace_all_uses_with(new[result])
            op.erase()
        changed = False
        for i, value in values.items():
            changed |= self.unite(root.results[i], new.get(value, value))
        return changed

    def _add(self, op: Operation, root: Operation) -> None:
        self.block.insert_op_before(op, root)
        self.nodes.append(op)
        self.in_graph.add(op)
        self._by_key[self._key(op)] = op
        for result in op.results:
            self.memory.adopt(result, root.results[0])

    # Choosing ---------------------------------------------------------------------------------------------------------

    def choose(self, cost: CostModel, growth: Growth) -> bool:
        """Rewrites the block with the cheapest operations; whether that is cheaper than what was there. Nothing is left over."""
        prepared = self._prepared()
        chosen = self._cheapest(cost, prepared)
        anchors = [op for op in self.original if op not in self.in_graph]
        wanted = [v for op in anchors for v in _used_by(op, self.block)]
        before = _total(wanted, lambda v: v, cost, prepared, self.find, self.in_graph)
        after = _total(wanted, lambda v: self._pick(v, chosen), cost, prepared, self.find, self.in_graph)
        growth.before, growth.after = before[0], after[0]
        is_cheaper = after < before
        self._write(anchors, chosen if is_cheaper else {})
        return is_cheaper

    def _prepared(self) -> set[SSAValue]:
        """Classes whose values are known before a call."""
        known = {self.find(v) for v in self._known_before}
        changed = True
        while changed:
            changed = False
            for op in self.nodes:
                if all(self.find(o) in known for o in op.operands):
                    for result in op.results:
                        if self.find(result) not in known:
                            known.add(self.find(result))
                            changed = True
        return known

    def _cheapest(self, cost: CostModel, prepared: set[SSAValue]) -> dict[SSAValue, Operation]:
        """For each class the operation whose costs, with those of all that it needs counted once, are lowest."""
        needs: dict[SSAValue, dict[SSAValue, tuple[float, int]]] = {}
        chosen: dict[SSAValue, Operation] = {}
        totals: dict[SSAValue, tuple[float, int]] = {}
        own = {op: _own_cost(op, cost, prepared, self.find) for op in self.nodes}
        changed = True
        while changed:
            changed = False
            for op in self.nodes:
                operands = {self.find(o) for o in op.operands}
                if any(o not in totals and not self._is_leaf(o) for o in operands):
                    continue
                together: dict[SSAValue, tuple[float, int]] = {}
                for operand in operands:
                    together.update(needs.get(operand, {}))
                classes = {self.find(r) for r in op.results}
                if classes & together.keys():
                    continue  # it needs itself
                base = _sum(together.values())
                total = (base[0] + own[op][0], base[1] + own[op][1])
                for result in classes:
                    if result not in totals or total < totals[result]:
                        totals[result], chosen[result] = total, op
                        needs[result] = {**together, result: own[op]}
                        changed = True
        return chosen

    def _is_leaf(self, value: SSAValue) -> bool:
        return not any(isinstance(m, OpResult) and m.op in self.in_graph for m in self.members(value))

    def _pick(self, value: SSAValue, chosen: dict[SSAValue, Operation]) -> SSAValue:
        """The value that is taken for a class."""
        leaf = next((m for m in self.members(value) if not (isinstance(m, OpResult) and m.op in self.in_graph)), None)
        if leaf is not None and value not in self.given:
            return leaf
        op = chosen.get(self.find(value))
        if op is None:
            return value
        return next(r for r in op.results if self.find(r) is self.find(value))

    def _write(self, anchors: Sequence[Operation], chosen: dict[SSAValue, Operation]) -> None:
        """Puts the operations that are needed before the first anchor that needs them, and erases the others."""
        for op in self.nodes:
            op.detach()
        done: set[Operation] = set()
        taken: set[SSAValue] = set()
        for anchor in anchors:
            for inner in (anchor, *walk(anchor)):
                for i, operand in enumerate(inner.operands):
                    if not (isinstance(operand, OpResult) and operand.op in self.in_graph):
                        continue
                    value = self._place(operand, anchor, chosen, done)
                    if operand in self.given:
                        if value in taken and value is not operand:  # two that leave stay two
                            value = self._place(operand, anchor, {}, done)
                        taken.add(value)
                    inner.operands[i] = value
            done.add(anchor)
        for op in reversed(self.nodes):
            if op.parent is None:
                op.drop_all_references()
        for op in self.nodes:
            if op.parent is None:
                op.erase(safe_erase=False, drop_references=False)

    def _place(
        self,
        value: SSAValue,
        anchor: Operation,
        chosen: dict[SSAValue, Operation],
        done: set[Operation],
    ) -> SSAValue:
        """Puts what a value needs before `anchor`; gives the value that takes its place."""
        work: list[tuple[SSAValue, bool]] = [(value, False)]
        result: dict[SSAValue, SSAValue] = {}
        while work:
            wanted, ready = work.pop()
            if wanted in result:
                continue
            picked = self._pick(wanted, chosen) if chosen else wanted
            if not self._is_there(picked, done):
                picked = wanted  # it would have to stand before what it needs
            if not (isinstance(picked, OpResult) and picked.op in self.in_graph):
                result[wanted] = picked
                continue
            op = picked.op
            if op.parent is not None:
                result[wanted] = picked
                continue
            if not ready:
                work.append((wanted, True))
                work += [(o, False) for o in op.operands if o not in result]
                continue
            for i, operand in enumerate(op.operands):
                op.operands[i] = result.get(operand, operand)
            self.block.insert_op_before(op, anchor)
            result[wanted] = picked
        return result[value]

    def _is_there(self, value: SSAValue, done: set[Operation]) -> bool:
        """Whether all that a value needs from outside the graph stands before the operation that is written now."""
        seen: set[SSAValue] = set()
        work = [value]
        while work:
            current = work.pop()
            if current in seen or not isinstance(current, OpResult):
                continue
            seen.add(current)
            if current.op in self.in_graph:
                work += current.op.operands
            elif current.op.parent is self.block and current.op not in done:
                return False
        return True


def _is_constant(value: SSAValue) -> bool:
    return isinstance(value, OpResult) and isinstance(value.op, arith.ConstantOp | ConstantOp)


def _used_by(anchor: Operation, block: Block) -> list[SSAValue]:
    """The values of a block that an operation, or one in its regions, uses."""
    return [
        o for inner in (anchor, *walk(anchor)) for o in inner.operands if isinstance(o, OpResult) and o.op.parent is block
    ]


def _own_cost(
    op: Operation, cost: CostModel, prepared: set[SSAValue], find: Callable[[SSAValue], SSAValue]
) -> tuple[float, int]:
    """What an operation costs a call, and then in how many operations it is said."""
    is_free = all(find(o) in prepared for o in op.operands)
    return (0.0 if is_free else float(cost(op)), 1)


def _sum(costs: Iterable[tuple[float, int]]) -> tuple[float, int]:
    first, second = 0.0, 0
    for a, b in costs:
        first, second = first + a, second + b
    return first, second


def _total(
    wanted: Iterable[SSAValue],
    pick: Callable[[SSAValue], SSAValue],
    cost: CostModel,
    prepared: set[SSAValue],
    find: Callable[[SSAValue], SSAValue],
    in_graph: set[Operation],
) -> tuple[float, int]:
    """The costs of all operations that these values need, each counted once."""
    seen: set[Operation] = set()
    work = list(wanted)
    while work:
        value = pick(work.pop())
        if isinstance(value, OpResult) and value.op in in_graph and value.op not in seen:
            seen.add(value.op)
            work += value.op.operands
    return _sum(_own_cost(op, cost, prepared, find) for op in seen)


__all__ = ["CostModel", "EGraph", "Growth"]
