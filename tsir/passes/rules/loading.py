"""Rules of a user's Python file: every `Rule` and `NativeRule` that its module's variables hold, alone or in lists and tuples.

The file is imported, so it is executed: it is the user's own.
"""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from tsir.errors import PassError, SourceLocation
from tsir.passes.rules.replacing import class_of
from tsir.passes.rules.terms import AnyRule, NativeRule, Rule, calls


@lru_cache(maxsize=64)
def rules_of_file(path: str) -> tuple[AnyRule, ...]:
    """The rules that a Python file declares, in the order of its variables.

    Raises PassError when it can't be read or run, declares none, or two of one name.
    """
    found: dict[int, AnyRule] = {}
    for value in vars(_imported(path)).values():
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


def _imported(path: str) -> Any:
    name = f"tsir_rules_{Path(path).stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not Path(path).is_file():
        raise PassError(f"{path} is no Python file that can be read")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        # Whatever the user's file raises is told with the line of it that did.
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
        line = frames[-1].lineno if frames else getattr(error, "lineno", None)
        where = None if line is None else SourceLocation(path, line, 1)
        if isinstance(error, PassError):
            error.location = error.location or where
            raise
        raise PassError(f"{path} can't be run: {type(error).__name__}: {error}", location=where) from error
    finally:
        sys.modules.pop(name, None)
    return module
