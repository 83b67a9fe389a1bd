"""Rewrite rules as data: what a file of rules imports, and the engine behind it.

from tsir.passes.rules import aten, rule

relu_twice = rule("relu-twice", lambda x: (aten.relu(aten.relu(x)), aten.relu(x)), why="relu's results are not negative")
"""

from __future__ import annotations

from tsir.passes.rules.constraints import (
    Bound,
    Constraint,
    constant,
    has_dtype,
    has_rank,
    is_constant,
    is_floating,
    is_integer,
    is_not_complex,
    predicate,
    same_dtype,
    same_shape,
    single_use,
    static_shape,
)
from tsir.passes.rules.terms import NativeRule, Rule, aten, built, commute, computed, ir, native, py, rule, shaped

__all__ = [
    "Bound",
    "Constraint",
    "NativeRule",
    "Rule",
    "aten",
    "built",
    "commute",
    "computed",
    "constant",
    "has_dtype",
    "has_rank",
    "ir",
    "is_constant",
    "is_floating",
    "is_integer",
    "is_not_complex",
    "native",
    "predicate",
    "py",
    "rule",
    "same_dtype",
    "same_shape",
    "shaped",
    "single_use",
    "static_shape",
]
