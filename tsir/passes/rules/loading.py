"""Rules of a user's Python file: every `Rule` and `NativeRule` that its module's variables hold, alone or in lists and tuples.

The file is imported, so it is executed: it is the user's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, cast

from tsir.errors import PassError
from tsir.passes.rules.replacing import class_of
from tsir.passes.rules.terms import AnyRule, NativeRule, Rule, calls
from tsir.passes.rules.user_files import imported


@lru_cache(maxsize=64)
def rules_of_file(path: str) -> tuple[AnyRule, ...]:
    """The rules that a Python file declares, in the order of its variables.

    Raises PassError when it can't be read or run, declares none, or two of one name.
    """
    found: dict[int, AnyRule] = {}
    for value in vars(imported(path)).values():
        for rule in _rules_in(value):
            found[id(rule)] = rule
    if not found:
        raise PassError(f"{path} declares no rule", hint='a rule is `name = rule("name", lambda x: (pattern, replacement))`')
    names: set[str] = set()
    for rule in found.values():
        if rule.name in names:
            raise PassError(f"{path} declares two rules of the name {rule.name!r}")
        names.add(rule.name)
        check_operations(rule)
    return tuple(found.values())


def check_operations(rule: AnyRule) -> None:
    """Raises PassError when a rule names an operation that there isn't."""
    if isinstance(rule, NativeRule):
        class_of(rule.root)
        return
    for call in calls(rule.pattern, rule.replacement):
        try:
            class_of(call.op)
        except PassError as error:
            raise PassError(f"rule {rule.name!r} ({rule.location}): {error.message}", hint=error.hint) from error


def _rules_in(value: Any) -> Iterable[AnyRule]:
    if isinstance(value, Rule | NativeRule):
        yield value
    elif isinstance(value, list | tuple):
        yield from (r for r in cast("list[Any]", value) if isinstance(r, Rule | NativeRule))
