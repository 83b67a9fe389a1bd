"""Matching a pattern against the operations that a value comes from, and the index that says which rules are worth trying.

Nothing here changes IR.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from xdsl.ir import Attribute, Operation, OpResult, SSAValue

from tsir.dialects.ts.structure import ListOp, ToReferenceOp
from tsir.passes.constants import UNKNOWN
from tsir.passes.facts import same, strip_casts
from tsir.passes.rules.constraints import Bound, constant_or_list, value_of
from tsir.passes.rules.terms import AnyRule, Call, NativeRule, Rest, Result, Rule, Term, Variable

Binding: TypeAlias = "SSAValue | Attribute | tuple[SSAValue, ...]"
"""What a variable stands for: a value, an attribute, or the values of `*xs`."""


@dataclass
class Match:
    """A place where a pattern matches: what its variables stand for, and the operations, the root first."""

    bindings: dict[str, Binding] = field(default_factory=dict[str, Any])
    operations: dict[int, Operation] = field(default_factory=dict[int, Any])
    """By the `id` of the pattern's call."""

    def copy(self) -> Match:
        """A match that can be changed without changing this one."""
        return Match(dict(self.bindings), dict(self.operations))

    def bounds(self) -> dict[str, Bound]:
        """What conditions see of the variables."""
        return {name: Bound(value) for name, value in self.bindings.items()}

    @property
    def matched(self) -> list[Operation]:
        """The matched operations, the root first."""
        return list(self.operations.values())


_Goal: TypeAlias = "tuple[Term, SSAValue]"


@dataclass(frozen=True, eq=False)
class _Exactly:
    """A term for this value, none that is equal to it."""

    term: Term


Members: TypeAlias = "Callable[[SSAValue], Sequence[SSAValue]]"
"""The values that are known to be equal to a value, itself among them."""


def _alone(value: SSAValue) -> Sequence[SSAValue]:
    return (value,)


def matches(rule: Rule, op: Operation, members: Members = _alone) -> Iterator[Match]:
    """The ways in which the rule's pattern matches with `op` as its root: more than one where operands may be exchanged.

    Where several values are known to be equal (`members`), each may be what the pattern asks for. Constraints aren't looked at.
    """
    alternatives: list[tuple[list[_Goal], Match]] = []
    start = Match()
    goals: list[_Goal] = []
    if not _enter(rule.call, op, goals, start, alternatives):
        return
    alternatives.append((goals, start))
    while alternatives:
        goals, match = alternatives.pop()
        if _solve(goals, match, alternatives, members):
            yield match


def _solve(goals: list[_Goal], match: Match, alternatives: list[tuple[list[_Goal], Match]], members: Members) -> bool:
    while goals:
        term, value = goals.pop()
        if isinstance(term, _Exactly):
            term = term.term
        elif not isinstance(term, Variable) and len(others := members(value)) > 1:
            exact = _Exactly(term)
            alternatives += [([*goals, (exact, other)], match.copy()) for other in others[1:]]
            value = others[0]
        if isinstance(term, Variable):
            if not _bind(term.name, value, match, members):
                return False
        elif isinstance(term, Call | Result):
            call, index = (term.call, term.index) if isinstance(term, Result) else (term, None)
            source = strip_casts(value)
            if not isinstance(source, OpResult):
                return False
            if source.index != index if index is not None else len(source.op.results) != 1:
                return False
            known = match.operations.get(id(call))
            if known is not None:
                if known is not source.op:
                    return False
            elif not _enter(call, source.op, goals, match, alternatives):
                return False
        elif isinstance(term, list):
            source = strip_casts(value)
            op = source.op if isinstance(source, OpResult) else None
            if not isinstance(op, ListOp) or not _zip(
                cast("list[Term]", term), [_element(e) for e in op.elements], goals, match
            ):
                return False
        elif not _is_constant(term, value):
            return False
    return True


def _element(value: SSAValue) -> SSAValue:
    """A list's element; the tensor value, where the list has a reference to one."""
    source = strip_casts(value)
    return source.op.value if isinstance(source, OpResult) and isinstance(source.op, ToReferenceOp) else value


def _enter(
    call: Call, op: Operation, goals: list[_Goal], match: Match, alternatives: list[tuple[list[_Goal], Match]]
) -> bool:
    """Adds what has to hold of an operation's operands to the goals; false when its name or attributes are others."""
    if op.name != call.op or (op.regions and (op.name == "linalg.generic" or not op.name.startswith("linalg."))):
        return False  # what the regions do isn't compared; that of a named operation follows from its name
    if isinstance(call.like, Attribute) and call.like != op.results[0].type:
        return False
    for name, term in call.attributes.items():
        attribute = op.properties.get(name, op.attributes.get(name))
        if attribute is None or not _is_attribute(term, attribute, match):
            return False
    match.operations[id(call)] = op
    operands = list(op.operands)
    if call.commutes:
        exchanged = [operands[1], operands[0], *operands[2:]]
        other, other_goals = match.copy(), list(goals)
        if _zip(list(call.arguments), exchanged, other_goals, other):
            alternatives.append((other_goals, other))
    return _zip(list(call.arguments), operands, goals, match)


def _zip(terms: list[Term], values: Iterable[SSAValue], goals: list[_Goal], match: Match) -> bool:
    """Pairs terms with values; one `*xs` takes what the others leave."""
    values = list(values)
    rest = next((i for i, t in enumerate(terms) if isinstance(t, Rest)), None)
    if rest is None:
        if len(terms) != len(values):
            return False
        goals.extend(zip(reversed(terms), reversed(values), strict=True))
        return True
    after = len(terms) - rest - 1
    if len(values) < rest + after:
        return False
    taken = tuple(values[rest : len(values) - after])
    name = cast("Rest", terms[rest]).name
    if match.bindings.setdefault(name, taken) != taken:
        return False
    goals.extend(zip(terms[:rest], values[:rest], strict=True))
    if after:
        goals.extend(zip(terms[rest + 1 :], values[-after:], strict=True))
    return True


def _bind(name: str, value: SSAValue, match: Match, members: Members) -> bool:
    value = members(value)[0]
    known = match.bindings.setdefault(name, value)
    if known is value:
        return True
    constant = constant_or_list(value)
    return constant is not UNKNOWN and same(constant, constant_or_list(known))


def _is_constant(term: Any, value: SSAValue) -> bool:
    constant = constant_or_list(value)
    if isinstance(term, float) and type(constant) is int:
        constant = float(constant)
    return constant is not UNKNOWN and same(constant, list(cast("tuple[Any]", term)) if isinstance(term, tuple) else term)


def _is_attribute(term: Term, attribute: Attribute, match: Match) -> bool:
    if isinstance(term, Variable):
        return match.bindings.setdefault(term.name, attribute) == attribute
    if isinstance(term, Attribute):
        return term == attribute
    return same(value_of(attribute), tuple(cast("list[Any]", term)) if isinstance(term, list) else term)


class RuleIndex:
    """Rules by the name of their root, and within it by an operation or constant that one of the root's operands must be.

    So of thousands of rules on one operation those are tried that an operand speaks for, in the order of declaration.
    """

    def __init__(self, rules: Iterable[AnyRule]) -> None:
        self.rules = list(rules)
        self._roots: dict[str, _Bucket] = {}
        for order, rule in enumerate(self.rules):
            self._roots.setdefault(rule.root, _Bucket()).add(order, rule)

    def __contains__(self, name: str) -> bool:
        return name in self._roots

    def candidates(self, op: Operation, members: Members = _alone) -> list[AnyRule]:
        """The rules that may match with `op` as their root, in order."""
        bucket = self._roots.get(op.name)
        return [] if bucket is None else bucket.candidates(op, members)


_ANY_OPERAND = -1


class _Bucket:
    """The rules on one root operation."""

    def __init__(self) -> None:
        self.always: list[tuple[int, AnyRule]] = []
        self.by_operand: dict[int, dict[Any, list[tuple[int, AnyRule]]]] = {}

    def add(self, order: int, rule: AnyRule) -> None:
        key = None if isinstance(rule, NativeRule) else _key(rule.call)
        if key is None:
            self.always.append((order, rule))
        else:
            self.by_operand.setdefault(key[0], {}).setdefault(key[1], []).append((order, rule))

    def candidates(self, op: Operation, members: Members) -> list[AnyRule]:
        found = list(self.always)
        for position, table in self.by_operand.items():
            if position != _ANY_OPERAND:
                chosen = [op.operands[position]] if position < len(op.operands) else []
            else:
                chosen = op.operands[:2]
            for key in {k for value in chosen for other in members(value) for k in _keys_of(other)}:
                found += table.get(key, ())
        if len(found) > 1:
            found.sort(key=lambda pair: pair[0])
        return [rule for _, rule in found]


def _key(call: Call) -> tuple[int, Any] | None:
    """The operand by which a rule is found: its position, and what it has to be."""
    constants: tuple[int, Any] | None = None
    for position, term in enumerate(call.arguments):
        if isinstance(term, Rest):
            break
        if call.commutes and position < 2:
            position = _ANY_OPERAND
        if isinstance(term, Call | Result):
            return position, (term.call if isinstance(term, Result) else term).op
        if constants is None and type(term) in (int, float, bool, str):
            # 1 matches where 1.0 is asked for, as torch's scalars do: both are found by their value.
            constants = position, (term, isinstance(term, bool))
    return constants


def _keys_of(value: SSAValue) -> list[Any]:
    source = strip_casts(value)
    if not isinstance(source, OpResult):
        return []
    keys: list[Any] = [source.op.name]
    if not source.op.operands:
        constant = constant_or_list(source)
        if type(constant) in (int, float, bool, str):
            keys.append((constant, isinstance(constant, bool)))
    return keys
