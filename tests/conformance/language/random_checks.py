"""Runs a program of `random_programs` in Python, compiled, and compiled from its printed code, and compares all that can be seen.

That is: the result with its types and signs, the exception's type and text, and what has become of the arguments.
"""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tsir
from tests.conformance.language import printed
from tests.conformance.language.programs import outcome
from tests.conformance.language.random_programs import INPUTS

_count = itertools.count()


def python_function(text: str) -> Callable[..., Any]:
    """The program's function, with source that `inspect` finds."""
    name = f"<random program {next(_count)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope: dict[str, Any] = {"__name__": "random_program"}
    exec(compile(text, name, "exec"), scope)
    return scope["f"]


def shown(value: Any) -> Any:
    """A value with its types: equal for values that Python shows alike, whatever the order of a set."""
    if isinstance(value, set):
        return ("set", sorted(map(repr, value)))
    if isinstance(value, dict):
        return ("dict", [(repr(k), shown(v)) for k, v in value.items()])
    if isinstance(value, list | tuple):
        return (type(value).__name__, [shown(v) for v in value])
    return repr(value)


def compare(expected: Callable[..., Any], found: Callable[..., Any]) -> None:
    """Raises AssertionError where two functions differ on an input."""
    for number, make in enumerate(INPUTS):
        theirs, ours = make(), make()
        wanted, error = outcome(expected, theirs)
        given, raised = outcome(found, ours)
        case = f"input {number}"
        if type(error).__name__ != type(raised).__name__ or str(error) != str(raised):
            raise AssertionError(f"{case}: raised {raised!r}, not {error!r}") from raised
        assert shown(given) == shown(wanted), f"{case}: gave {shown(given)}, not {shown(wanted)}"
        assert shown(ours) == shown(theirs), f"{case}: arguments are {shown(ours)}, not {shown(theirs)}"


def check(text: str, folder: Path | None = None) -> None:
    """Raises AssertionError, with the program, where compiled and Python differ; with a folder, the printed code is run, too."""
    function = python_function(text)
    body = text[text.index("def f(") :]
    try:
        compiled = tsir.script(function)
    except tsir.TsirError as error:
        raise AssertionError(f"refused: {error}\n{body}") from error
    try:
        compare(function, compiled)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{body}") from error.__cause__
    if folder is None:
        return
    try:
        again = printed.again(folder, compiled, function)
        compare(function, again)
    except (AssertionError, tsir.TsirError, SyntaxError, NameError, TypeError) as error:
        raise AssertionError(f"printed code: {type(error).__name__}: {error}\n{compiled.code}") from error.__cause__
