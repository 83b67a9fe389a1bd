"""Rewrite rules as data: patterns and replacements are terms, written as calls of operators on a rule's variables.

    rule("relu-of-relu", lambda x: (aten.relu(aten.relu(x)), aten.relu(x)), why="relu's results are not negative")

A variable that occurs twice has to be the same value (or equal constants); a Python value in a pattern is that constant; a
list is a `ts.list` of as many elements. Arguments that are left out are the schema's defaults. `computed` makes a constant of
the replacement from the constants of variables. Nothing here applies rules: that is `engine.py`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tsir.errors import PassError
from tsir.ops.registry import SCHEMAS


@dataclass(frozen=True)
class Variable:
    """A variable of a rule: any value."""

    name: str


@dataclass(frozen=True, eq=False)
class Call:
    """A `ts.aten` or `ts.py` operation of one result on terms, in the order of its operands."""

    op: str
    arguments: tuple[Term, ...]


@dataclass(frozen=True, eq=False)
class Computed:
    """A constant of a replacement: the function of the rule's variables' constants, by parameter name."""

    function: Callable[..., Any]


Term: TypeAlias = Any
"""A Variable, Call, Computed, a list of terms, or a Python constant."""


class _Family:
    """`aten.add.Tensor(x, y)`: attribute access spells the operator's key, calling makes the term."""

    def __init__(self, key: str = "") -> None:
        self._key = key

    def __getattr__(self, name: str) -> _Family:
        return _Family(f"{self._key}.{name}" if self._key else name)

    def __call__(self, *arguments: Term) -> Call:
        schema = SCHEMAS.get(self._key)
        if schema is None:
            raise PassError(f"a rule names the operator {self._key!r}, which isn't known")
        rest = schema.arguments[len(arguments) :]
        if len(arguments) > len(schema.arguments) or any(not a.has_default for a in rest):
            raise PassError(f"a rule gives {len(arguments)} arguments to {schema}")
        return Call(f"ts.aten.{self._key}", (*arguments, *(a.default for a in rest)))


aten = _Family()
"""ATen's operators as term constructors."""


def computed(function: Callable[..., Any]) -> Computed:
    """A constant that is computed from the constants of the variables that the function's parameters name."""
    return Computed(function)


Condition: TypeAlias = Callable[..., bool]


@dataclass(frozen=True, eq=False)
class Rule:
    """A rewrite: where `pattern` matches and `where` holds, `replacement` is the same. `why` says why it is."""

    name: str
    variables: tuple[str, ...]
    pattern: Call
    replacement: Term
    why: str
    where: Condition | None
    location: str
    alias: bool = False
    """Whether the pattern's result shares memory with what replaces it in torch too (a view, or the argument itself)."""
    single_use: bool = False
    """Whether it pays only when nothing else uses what is inside the pattern."""

    @property
    def root(self) -> str:
        """The name of the operation at the pattern's root: rules are indexed by it."""
        return self.pattern.op

    def operations(self) -> list[str]:
        """The names of all operations in the pattern."""
        found: list[str] = []
        stack: list[Term] = [self.pattern]
        while stack:
            term = stack.pop()
            if isinstance(term, Call):
                found.append(term.op)
                stack.extend(term.arguments)
            elif isinstance(term, list):
                stack.extend(term)
        return found


def rule(
    name: str,
    terms: Callable[..., tuple[Term, Term]],
    *,
    why: str,
    where: Condition | None = None,
    alias: bool = False,
    single_use: bool = False,
) -> Rule:
    """Declares a rule. `terms` gives pattern and replacement; `where` has parameters named after variables, each a `Bound`."""
    variables = tuple(inspect.signature(terms).parameters)
    pattern, replacement = terms(*map(Variable, variables))
    if not isinstance(pattern, Call):
        raise PassError(f"rule {name!r}: the pattern must be a call of an operator")
    if where is not None:
        _check_parameters(name, where, variables)
    frame = sys._getframe(1)
    return Rule(
        name, variables, pattern, replacement, why, where, f"{frame.f_code.co_filename}:{frame.f_lineno}", alias, single_use
    )


def _check_parameters(name: str, function: Callable[..., Any], variables: Sequence[str]) -> None:
    unknown = [p for p in inspect.signature(function).parameters if p not in variables]
    if unknown:
        raise PassError(f"rule {name!r}: its condition names {', '.join(unknown)}, its variables are {', '.join(variables)}")
