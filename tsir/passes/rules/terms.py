"""Rewrite rules as data: patterns and replacements are terms, written as calls of operators on a rule's variables.

    rule("relu-of-relu", lambda x: (aten.relu(aten.relu(x)), aten.relu(x)), why="relu's results are not negative")

A variable that occurs twice has to be the same value (or equal constants); a Python value in a pattern is that constant; a
list is a `ts.list` of as many elements, in which `*xs` stands for any number of them. Arguments that are left out are the
schema's defaults. `computed` makes a constant of the replacement from the constants of variables, `built` makes operations of
it with xDSL. `aten` and `py` spell `ts` operations, `ir` any other (`ir.arith.addi(x, 0)`), attributes by keyword;
`commute(call)` matches its two first operands in either order, `call[1]` is the second result. Nothing here applies rules:
that is `engine.py`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, cast

from xdsl.ir import Attribute

from tsir.dialects.defaults import default_value
from tsir.dialects.schema import Schema
from tsir.errors import PassError, did_you_mean
from tsir.ops import python
from tsir.ops.registry import SCHEMAS
from tsir.passes.rules.constraints import Constraint, Where, constraints


@dataclass(frozen=True)
class Variable:
    """A variable of a rule: any value; or any attribute, where it stands for one."""

    name: str

    def __iter__(self) -> Iterator[Rest]:
        yield Rest(self.name)


@dataclass(frozen=True)
class Rest:
    """`*xs` among operands or elements: any number of them."""

    name: str


@dataclass(frozen=True, eq=False)
class Call:
    """An operation on terms, in the order of its operands. A call that stands in two places is one operation."""

    op: str
    arguments: tuple[Term, ...]
    attributes: Mapping[str, Term] = field(default_factory=dict[str, Any])
    """Those that a pattern asks for and a replacement sets: a Variable, an xDSL attribute or a Python value."""
    commutes: bool = False
    like: Term | None = None
    """Where the type of the result is taken from: a term of the replacement, or an xDSL type."""

    def __getitem__(self, index: int) -> Result:
        return Result(self, index)

    def typed(self, like: Term | Attribute) -> Call:
        """The call with a result of this type, or of this term's: for operations whose types tsir can't infer."""
        return replace(self, like=like)


@dataclass(frozen=True, eq=False)
class Result:
    """One result of an operation that has several."""

    call: Call
    index: int


@dataclass(frozen=True, eq=False)
class Computed:
    """A constant of a replacement: the function of the rule's variables' constants, by parameter name."""

    function: Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Built:
    """Operations of a replacement made by a function of the rule's variables' values (SSA values, attributes), by parameter name.

    The function gives a list of operations; the last one's first result is the term's value.
    """

    function: Callable[..., Any]


Term: TypeAlias = Any
"""A Variable, Rest, Call, Result, Computed, Built, a list of terms, or a Python constant."""

COMMUTATIVE = frozenset(
    [f"ts.aten.{name}.Tensor" for name in "mul bitwise_and bitwise_or bitwise_xor eq ne add".split()]
    + [f"ts.aten.{name}" for name in "logical_and logical_or logical_xor maximum minimum fmax fmin".split()]
    + [f"ts.py.{name}" for name in "add mul and or xor eq ne".split()]
    + [
        f"arith.{name}"
        for name in "addi muli andi ori xori addf mulf maxsi minsi maxui minui maximumf minimumf maxnumf".split()
    ]
)
"""Operations whose two first operands may be exchanged (`ts.aten.add.Tensor` where `alpha` is 1)."""


class _Family:
    """`aten.add.Tensor(x, y)`: attribute access spells the operation's name, calling makes the term."""

    def __init__(self, key: str = "") -> None:
        self._key = key

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(self)(f"{self._key}.{name}" if self._key else name)


class _Aten(_Family):
    def __call__(self, *arguments: Term, **named: Term) -> Call:
        schema = SCHEMAS.get(self._key)
        if schema is None:
            overloads = sorted(s.key for s in SCHEMAS.overloads(self._key))
            hint = f"its overloads are {', '.join(overloads)}" if overloads else did_you_mean(self._key, SCHEMAS.keys())
            raise PassError(f"a rule names the operator {self._key!r}, which isn't known", hint=hint)
        rest = schema.arguments[len(arguments) :]
        unknown = [n for n in named if n not in {a.name for a in rest}]
        if len(arguments) > len(schema.arguments) or unknown or any(not a.has_default and a.name not in named for a in rest):
            given = [str(len(arguments)), *(f"{n}=" for n in named)]
            raise PassError(f"a rule gives {' and '.join(given)} arguments to {schema}")
        defaults = [named[a.name] if a.name in named else default_value(a) for a in rest]
        terms = (*arguments, *defaults)
        for argument, term in zip(schema.arguments, terms, strict=True):
            if (
                argument.type.base == "Tensor"
                and not argument.type.is_list
                and isinstance(term, int | float | complex | str)
            ):
                others = [s.key for s in SCHEMAS.overloads(schema.name) if _takes_scalar(s, argument.name)]
                raise PassError(
                    f"a rule gives the constant {term!r} for the tensor {argument.name!r} of {schema}: no program has one there",
                    hint=f"take {' or '.join(sorted(others)[:4])}" if others else "let it be a variable of the rule",
                )
        return Call(f"ts.aten.{self._key}", terms)


def _takes_scalar(schema: Schema, name: str) -> bool:
    return any(a.name == name and a.type.base == "Scalar" for a in schema.arguments) and not schema.mutates


class _Py(_Family):
    def __call__(self, *arguments: Term) -> Call:
        function = python.lookup(self._key)
        if function is None:
            raise PassError(f"a rule names the built-in {self._key!r}, which isn't known")
        return Call(f"ts.py.{self._key}", arguments)


class _Ir(_Family):
    def __call__(self, *arguments: Term, **attributes: Term) -> Call:
        if "." not in self._key:
            raise PassError(f"a rule names the operation {self._key!r}: write dialect and name, ir.arith.addi(x, y)")
        return Call(self._key, arguments, attributes)


aten: Any = _Aten()
"""ATen's operators as term constructors: `aten.add.Tensor(x, y, alpha=1)`."""

py: Any = _Py()
"""Built-ins on Python values as term constructors: `py.add(n, 1)` is `ts.py.add`."""

ir: Any = _Ir()
"""Any operation as a term constructor: `ir.arith.muli(x, 2)`, `ir.linalg.transpose(x, init, permutation=p)`."""


def commute(call: Call) -> Call:
    """The call, whose first two operands are also matched in the other order. Raises PassError where that isn't the same."""
    if call.op not in COMMUTATIVE:
        raise PassError(f"{call.op} isn't known to be commutative", hint=f"those that are: {', '.join(sorted(COMMUTATIVE))}")
    if call.op == "ts.aten.add.Tensor" and call.arguments[2] != 1:
        raise PassError("aten.add.Tensor is commutative where alpha is 1")
    return replace(call, commutes=True)


def computed(function: Callable[..., Any]) -> Computed:
    """A constant that is computed from the constants of the variables that the function's parameters name."""
    return Computed(function)


def built(function: Callable[..., Any]) -> Built:
    """Operations that the function makes from the values of the variables that its parameters name."""
    return Built(function)


@dataclass(frozen=True, eq=False)
class Rule:
    """A rewrite: where `pattern` matches and `where` holds, `replacement` is the same. `why` says why it is."""

    name: str
    variables: tuple[str, ...]
    pattern: Call | Result
    replacement: Term
    """A term, or a tuple of one term for each result of the pattern's operation."""
    why: str
    where: tuple[Constraint, ...]
    location: str
    alias: bool = False
    """Whether the pattern's result shares memory with what replaces it in torch too (a view, or the argument itself)."""
    single_use: bool = False
    """Whether it pays only when nothing else uses what is inside the pattern."""
    rounds: bool = False
    """Whether the two sides may differ by rounding."""
    examples: tuple[Mapping[str, Any], ...] = ()
    """Values of the variables from which inputs are made when the rule is verified, where guessing finds none."""

    @property
    def call(self) -> Call:
        """The call at the pattern's root."""
        return self.pattern.call if isinstance(self.pattern, Result) else self.pattern

    @property
    def root(self) -> str:
        """The name of the operation at the pattern's root: rules are indexed by it."""
        return self.call.op

    def replacements(self) -> dict[int, Term]:
        """What replaces each of the root's results that is replaced, by its index."""
        if isinstance(self.pattern, Result):
            return {self.pattern.index: self.replacement}
        if isinstance(self.replacement, tuple):
            return dict(enumerate(cast("tuple[Term, ...]", self.replacement)))
        return {0: self.replacement}

    def operations(self) -> list[str]:
        """The names of all operations in the pattern."""
        return [call.op for call in calls(self.pattern)]


@dataclass(frozen=True, eq=False)
class NativeRule:
    """A rewrite that is no pattern: `apply` looks at an operation named `root` and gives what replaces its results, or None.

    `example` is IR text with one function in which it fires: the rule is verified by running it before and after.
    """

    name: str
    root: str
    apply: Callable[..., Any]
    why: str
    example: str
    location: str


AnyRule: TypeAlias = "Rule | NativeRule"


@dataclass(frozen=True)
class Shaped:
    """A tensor's shape in a rule's examples; its dtype, and the least value where not every value will do."""

    shape: tuple[int, ...]
    dtype: str | None = None
    low: float | None = None


def shaped(*shape: int, dtype: str | None = None, low: float | None = None) -> Shaped:
    """A tensor of a rule's examples: without `dtype` it is tried with those that the rule takes."""
    return Shaped(shape, dtype, low)


def calls(*terms: Term) -> list[Call]:
    """All calls in terms, outer ones first; one that stands in several places is listed once."""
    found: dict[int, Call] = {}
    stack: list[Term] = list(reversed(terms))
    while stack:
        term = stack.pop()
        if isinstance(term, Result):
            term = term.call
        if isinstance(term, Call):
            if id(term) not in found:
                found[id(term)] = term
                stack.extend(reversed(term.arguments))
        elif isinstance(term, list | tuple):
            stack.extend(reversed(cast("list[Term]", term)))
    return list(found.values())


def rule(
    name: str,
    terms: Callable[..., tuple[Term, Term]],
    *,
    why: str = "",
    where: Where = (),
    alias: bool = False,
    single_use: bool = False,
    rounds: bool = False,
    examples: Sequence[Mapping[str, Any]] = (),
) -> Rule:
    """Declares a rule. `terms` gives pattern and replacement.

    `where` is a constraint, or several: those of `constraints.py`, or functions whose parameters are named after variables,
    each a `Bound`. Raises PassError for a declaration that makes no sense.
    """
    variables = tuple(inspect.signature(terms).parameters)
    sides = terms(*map(Variable, variables))
    if not isinstance(sides, tuple) or len(sides) != 2:
        raise PassError(f"rule {name!r}: expected a pattern and a replacement, (pattern, replacement)")
    pattern, replacement = sides
    if not isinstance(pattern, Call | Result):
        raise PassError(f"rule {name!r}: the pattern must be a call of an operator")
    found = constraints(where)
    bound = _variables_in(pattern)
    for constraint in found:
        _check_names(name, "its condition", constraint.variables, bound, variables)
    _check_names(name, "its replacement", _variables_in(replacement), bound, variables)
    frame = sys._getframe(1)
    place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
    return Rule(
        name, variables, pattern, replacement, why, found, place, alias, single_use, rounds, tuple(examples)
    )  # fmt: skip


def native(name: str, root: str, apply: Callable[..., Any], *, why: str, example: str) -> NativeRule:
    """Declares a rewrite that is a function of an operation and the function's `Memory`."""
    code = getattr(apply, "__code__", None)
    return NativeRule(name, root, apply, why, example, f"{code.co_filename}:{code.co_firstlineno}" if code else "")


def _variables_in(term: Term) -> tuple[str, ...]:
    found: dict[str, None] = {}
    stack: list[Term] = [term]
    seen: set[int] = set()
    while stack:
        current = stack.pop()
        if isinstance(current, Variable | Rest):
            found[current.name] = None
        elif isinstance(current, Computed | Built):
            found.update(dict.fromkeys(inspect.signature(current.function).parameters))
        elif isinstance(current, Result):
            stack.append(current.call)
        elif isinstance(current, Call):
            if id(current) not in seen:
                seen.add(id(current))
                stack += [*current.arguments, *current.attributes.values(), current.like]
        elif isinstance(current, list | tuple):
            stack += cast("list[Term]", current)
    return tuple(found)


def _check_names(rule: str, what: str, used: Sequence[str], bound: Sequence[str], variables: Sequence[str]) -> None:
    unknown = [p for p in used if p not in variables]
    if unknown:
        raise PassError(f"rule {rule!r}: {what} names {', '.join(unknown)}, its variables are {', '.join(variables)}")
    unbound = [p for p in used if p not in bound]
    if unbound:
        raise PassError(f"rule {rule!r}: {what} uses {', '.join(unbound)}, which the pattern doesn't bind")
