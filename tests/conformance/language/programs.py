"""Programs of the scripted language next to plain Python: same results, same changes to arguments, same exceptions."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

import tsir
from tests.models.comparison import assert_same


class Programs:
    """The programs of one file: `@programs(arguments...)` adds a function with arguments, once for each decorator."""

    def __init__(self) -> None:
        self.cases: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []

    def __call__(self, *arguments: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def add(function: Callable[..., Any]) -> Callable[..., Any]:
            self.cases.append((function, arguments))
            return function

        return add

    def parametrized(self) -> pytest.MarkDecorator:
        """The mark that gives each program to a test as `function`, `arguments`."""
        names = [f"{f.__name__}-{i}" for i, (f, _) in enumerate(self.cases)]
        return pytest.mark.parametrize(("function", "arguments"), self.cases, ids=names)


def outcome(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, BaseException | None]:
    """What a call gives: its result, or the exception that it raises."""
    try:
        return function(*arguments), None
    except Exception as error:  # noqa: BLE001  (whatever the program raises)
        return None, error


def check(function: Callable[..., Any], arguments: tuple[Any, ...], compiled: Callable[..., Any] | None = None) -> None:
    """Runs a function in Python and compiled, on equal arguments, and compares all that can be seen of it."""
    theirs, ours = copy.deepcopy(arguments), copy.deepcopy(arguments)
    expected, wanted = outcome(function, theirs)
    compiled = tsir.script(function) if compiled is None else compiled
    found, error = outcome(compiled, ours)
    if wanted is None and error is not None:
        raise error
    assert type(error) is type(wanted), f"{error!r}, not {wanted!r}"
    if wanted is not None and not isinstance(wanted, RuntimeError):
        assert str(error) == str(wanted), f"{error!r}, not {wanted!r}"
    assert_same(found, expected)
    assert_same(list(ours), list(theirs))
