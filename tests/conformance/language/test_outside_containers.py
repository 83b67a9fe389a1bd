"""Lists, dicts and objects from outside that the program changes: globals, defaults of other functions, closures, next to Python."""

# ruff: noqa  (how users write is the point here)
import copy
import functools
from typing import *

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tsir.errors import UnsupportedError

LOG = [1]
CACHE = {}
TABLE = {"a": [1], "b": []}
NAMES = ["x", "y"]
COUNT = 3


class Settings:
    def __init__(self) -> None:
        self.calls = 0
        self.names = ["a"]


SETTINGS = Settings()


def logs(x: int):
    LOG.append(x)
    return len(LOG), LOG[-1]


def caches(x: int):
    if x not in CACHE:
        CACHE[x] = x * x
    return CACHE[x], len(CACHE)


def nested(x: int):
    TABLE["a"].append(x)
    return len(TABLE["a"])


def pushed(to: List[int], v: int):
    to.append(v)


def by_another(x: int):
    pushed(LOG, x)
    mine = LOG
    mine[0] = x
    return LOG[0], len(LOG)


def collects(v: int, found: List[int] = []):
    found.append(v)
    return len(found)


def defaults(x: int):
    collects(x)
    return collects(x), collects(x, [1])


def counts(x: int):
    SETTINGS.calls += x
    SETTINGS.names.append("b")
    return SETTINGS.calls, len(SETTINGS.names)


def only_read(x: int):
    global COUNT
    return [n * x for n in NAMES], COUNT + x, NAMES + ["z"], sorted(NAMES, reverse=True)


def around():
    seen = []

    def inner(x: int):
        seen.append(x)
        return len(seen)

    return inner


@feature("Globals and constants", "global lists, dicts and objects that the program changes, kept from call to call")
@pytest.mark.parametrize("function", [logs, caches, nested, by_another, counts, only_read])
def test_globals(function) -> None:
    before = [LOG[:], dict(CACHE), {k: v[:] for k, v in TABLE.items()}, SETTINGS.calls, SETTINGS.names[:]]

    def restored() -> None:
        LOG[:], SETTINGS.calls, SETTINGS.names[:] = before[0], before[3], before[4]
        CACHE.clear()
        CACHE.update(before[1])
        for k, v in before[2].items():
            TABLE[k][:] = v

    expected = [function(i) for i in (2, 3, 2)]
    seen = (LOG[:], dict(CACHE), str(TABLE), vars(SETTINGS) | {"names": SETTINGS.names[:]})
    restored()
    compiled = tsir.script(function)
    restored()
    assert [compiled(i) for i in (2, 3, 2)] == expected
    assert (LOG[:], dict(CACHE), str(TABLE), vars(SETTINGS) | {"names": SETTINGS.names[:]}) == seen
    restored()


@feature("Arguments", "lists and dicts as defaults of called functions, kept from call to call")
def test_defaults_of_called_functions() -> None:
    expected = [defaults(i) for i in (1, 2)]
    collects.__defaults__[0].clear()
    compiled = tsir.script(defaults)
    collects.__defaults__[0].clear()
    assert [compiled(i) for i in (1, 2)] == expected
    assert len(collects.__defaults__[0]) == 4
    collects.__defaults__[0].clear()


@feature("Functions and closures", "lists of a function around that isn't compiled")
def test_closures() -> None:
    plain, compiled = around(), tsir.script(around())
    assert [compiled(i) for i in (5, 6)] == [plain(i) for i in (5, 6)]


class Logs(nn.Module):
    def forward(self, x: Tensor):
        LOG.append(x.size(0))
        return x + len(LOG)


def test_of_modules() -> None:
    before = LOG[:]
    expected = [Logs()(torch.ones(2)) for _ in range(2)]
    LOG[:] = before
    compiled = tsir.script(Logs())
    found = [compiled(torch.ones(2)) for _ in range(2)]
    LOG[:] = before
    assert all(map(torch.equal, found, expected))


def wrapped(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)

    return inner


@wrapped
def logs_wrapped(x: Tensor, n: int = 3, **kwargs: Any):
    LOG.append(n)
    CACHE[n] = len(LOG)
    for i in range(n):
        by_helper(i)
    return x * len(LOG), LOG[-1]


def by_helper(i: int) -> None:
    LOG.append(i)


@wrapped
def logs_of_other_forms(x: Tensor, given: Any = None, **kwargs: Any):
    if given is not None:
        LOG.append(len(given))
        given.append(len(LOG))
    return x + 1, given


@feature("Globals and constants", "global lists and dicts that wrapped functions and calls of further forms change")
@pytest.mark.parametrize(
    ("function", "given"), [(logs_wrapped, {}), (logs_wrapped, {"n": 1}), (logs_of_other_forms, {"given": [1, 2]})]
)
def test_wrapped_functions(function, given, form) -> None:
    if form == "printed":
        pytest.skip("calls of further forms are made by both programs there, whose effects add up")
    before = LOG[:], dict(CACHE)

    def run(call: Any) -> str:
        arguments = copy.deepcopy(given)
        try:
            return repr(([call(torch.ones(2), **arguments) for _ in range(2)], arguments, LOG, CACHE))
        finally:
            LOG[:] = before[0]
            CACHE.clear()
            CACHE.update(before[1])

    assert run(tsir.script(function)) == run(function)


@wrapped
def reads_or_logs(x: Tensor, **kwargs: Any):
    for key in kwargs:
        LOG.append(kwargs[key])
    return x * len(LOG)


def test_a_call_that_changes_what_others_read_is_refused(form) -> None:
    if form == "printed":
        pytest.skip("what is refused has no code")
    compiled = tsir.script(reads_or_logs)
    compiled(torch.ones(2))
    with pytest.raises(UnsupportedError, match="changes a list or dict from outside, which other calls of it read"):
        compiled(torch.ones(2), given=1)
