"""Lists, dicts and objects from outside that the program changes: globals, defaults of other functions, closures, next to Python."""

# ruff: noqa  (how users write is the point here)
from typing import *

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature

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
