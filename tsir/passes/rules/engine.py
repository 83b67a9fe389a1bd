"""Applies rules to a function: matches by root operation, rewrites from a worklist, and stops a set of rules that goes in circles."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation, OpResult, SSAValue

from tsir.dialects.ts import effects
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.types import TensorType
from tsir.errors import PassError
from tsir.ops import python
from tsir.ops.registry import SCHEMAS
from tsir.passes.given import is_given
from tsir.passes.memory import VALUE_DIALECTS, Memory
from tsir.passes.refine import refine_uses
from tsir.passes.rules.matching import Match, RuleIndex, matches
from tsir.passes.rules.replacing import FactsOf, Maker, facts_in
from tsir.passes.rules.terms import AnyRule, Call, NativeRule, Result, Rule, Term
from tsir.passes.structure import walk

MAX_REWRITES_PER_OPERATION = 16
"""More rewrites than this many times the function's operations mean that rules undo each other."""

_RECENT = 32
"""How many rewrites are looked at for the rules that chase each other."""


@dataclass
class RuleStatistics:
    """What became of one rule: how often it was tried, matched and applied, and how long that took, in seconds."""

    tried: int = 0
    matched: int = 0
    applied: int = 0
    seconds: float = 0.0


@dataclass
class Statistics:
    """What became of each rule by its name, and what is told of each rewrite."""

    rules: dict[str, RuleStatistics] = field(default_factory=dict[str, RuleStatistics])
    log: Callable[[str, Operation], None] | None = None
    """Is called with the rule's name and the root before each rewrite."""

    def of(self, name: str) -> RuleStatistics:
        """The figures of one rule."""
        return self.rules.setdefault(name, RuleStatistics())


class Rules:
    """A set of rules, indexed by the root operation and its operands."""

    def __init__(self, rules: Iterable[AnyRule], statistics: Statistics | None = None) -> None:
        self.index = RuleIndex(rules)
        self.statistics = statistics

    def apply(self, function: FuncOp, at_most: int | None = None) -> Counter[str]:
        """Rewrites until no rule matches, or so often; gives how often each fired. Raises PassError when rules undo each other."""
        memory = Memory(function, arguments_may_overlap=True)
        facts = facts_in(function)
        ops = list(walk(function))
        work: deque[Operation] = deque(op for op in ops if op.name in self.index)
        queued = set(work)
        fired: Counter[str] = Counter()
        recent: deque[str] = deque(maxlen=_RECENT)
        limit = MAX_REWRITES_PER_OPERATION * (len(ops) + 16)
        while work:
            op = work.popleft()
            queued.discard(op)
            if op.parent is None:
                continue
            found = self._rewrite(op, memory, facts)
            if found is None:
                continue
            name, values = found
            fired[name] += 1
            recent.append(name)
            if fired.total() == at_most:
                replace_results(op, values, memory)
                break
            if fired.total() > limit:
                chasing = ", ".join(dict.fromkeys(recent))
                raise PassError(
                    f"the rules go in circles: after {limit} rewrites {chasing} still apply in @{function.sym_name.data}",
                    hint="leave one of them out (--disable-rule), or let --saturate choose between their sides",
                )
            for operation in replace_results(op, values, memory):
                if operation.name in self.index and operation not in queued:
                    queued.add(operation)
                    work.append(operation)
        return fired

    def _rewrite(self, op: Operation, memory: Memory, facts: FactsOf) -> tuple[str, dict[int, SSAValue]] | None:
        for rule in self.index.candidates(op):
            if self.statistics is None:
                found = _try(rule, op, memory, facts, None)
            else:
                figures = self.statistics.of(rule.name)
                start = time.perf_counter()
                found = _try(rule, op, memory, facts, figures)
                figures.seconds += time.perf_counter() - start
                figures.tried += 1
                figures.applied += found is not None
                if found is not None and self.statistics.log is not None:
                    self.statistics.log(rule.name, op)
            if found is not None:
                return rule.name, found
        return None


def _try(
    rule: AnyRule, op: Operation, memory: Memory, facts: FactsOf, figures: RuleStatistics | None
) -> dict[int, SSAValue] | None:
    """Makes the rule's replacement before `op`, if it applies there; gives the values for `op`'s results."""
    if isinstance(rule, NativeRule):
        values: Sequence[SSAValue] | None = rule.apply(op, memory)
        if figures is not None:
            figures.matched += values is not None
        return None if values is None else dict(enumerate(values))
    for match in matches(rule, op):
        if figures is not None:
            figures.matched += 1
        if not is_sound(rule, match, memory) or not holds(rule, match):
            continue
        maker = Maker(match, op.location, facts, rule.name)
        values_made: dict[int, SSAValue] = {}
        for index, term in rule.replacements().items():
            made = maker.make(term, op.results[index].type)
            old = op.results[index]
            if made is None or made is old or (old.first_use is None and len(op.results) > 1):
                continue
            if made.type != old.type and op.dialect_name() in VALUE_DIALECTS:
                continue
            if _is_tensor(made.type) != _is_tensor(old.type):
                raise PassError(
                    f"rule {rule.name!r} ({rule.location}): it replaces a value of type {old.type} by {made.type}"
                )
            values_made[index] = made
        if not values_made:
            for operation in reversed(maker.made):
                operation.erase(safe_erase=False)
            continue
        block = op.parent_block()
        assert block is not None
        block.insert_ops_before(maker.made, op)
        for operation in maker.made:
            for result in operation.results:
                memory.adopt(result, op.results[0])
        return values_made
    return None


def holds(rule: Rule, match: Match) -> bool:
    """Whether the rule's constraints hold at a match."""
    if not rule.where:
        return True
    bounds = match.bounds()
    for constraint in rule.where:
        try:
            if not constraint(bounds):
                return False
        except Exception as error:
            # A condition is a user's code: what it raises is told with the rule's place.
            raise PassError(
                f"rule {rule.name!r} ({rule.location}): its condition raised {type(error).__name__}: {error}"
            ) from error
    return True


def is_sound(rule: Rule, match: Match, memory: Memory) -> bool:
    """Whether the rule may be applied here, what its pattern and condition say aside.

    Nothing writes the memory of what was matched, nothing of it has an effect, and a new tensor that leaves the function stays a
    new one.
    """
    matched = match.matched
    for op in matched:
        if isinstance(op, AtenOp | PyOp) and (effects.writes(op, python.lookup) or "ts.error" in op.attributes):
            return False
        for value in (*op.operands, *op.results):
            group = memory.group(value)
            if group is not None and group.writes:
                return False
    if rule.single_use and any(not r.has_one_use() for op in matched[1:] for r in op.results):
        return False
    return rule.alias or not any(
        _leaves(matched[0].results[index], memory)
        for index, term in rule.replacements().items()
        if not _is_fresh(term) and matched[0].results[index].first_use is not None
    )


def _is_tensor(kind: Attribute) -> bool:
    return isinstance(kind, BuiltinTensorType | TensorType)


def _is_fresh(term: Term) -> bool:
    """Whether a replacement is a new tensor: an operator's that gives no view."""
    call = term.call if isinstance(term, Result) else term
    if not isinstance(call, Call):
        return False
    schema = SCHEMAS.get(call.op.removeprefix("ts.aten.")) if call.op.startswith("ts.aten.") else None
    return schema is None or not schema.returns_alias


def _leaves(result: SSAValue, memory: Memory) -> bool:
    """Whether somebody outside can tell this tensor from another one that is equal."""
    if isinstance(result.type, BuiltinTensorType):
        return is_given(result)
    group = memory.group(result)
    return group is not None and group.escapes


def replace_results(op: Operation, values: dict[int, SSAValue], memory: Memory) -> list[Operation]:
    """Puts values in the place of an operation's results; gives the operations that may match now."""
    touched: list[Operation] = []
    for index, new in values.items():
        old = op.results[index]
        touched += [use.operation for use in old.uses]
        if isinstance(new, OpResult):
            touched.append(new.op)
        refine_uses(old, new)
    dead = [op]
    while dead:
        current = dead.pop()
        if current.parent is None or any(r.first_use is not None for r in current.results):
            continue
        if current is not op and not memory.may_be_removed(current):
            continue
        sources = [o.op for o in current.operands if isinstance(o, OpResult)]
        current.parent.erase_op(current)
        dead.extend(sources)
    return touched
