"""Lists, dicts and objects outside that a program replaces by others: after each call they are Python's, with what the program did."""

import copy
from collections.abc import Callable
from typing import Any, Dict, List, Optional

import pytest
import torch

import tsir
from tests.conformance.language.features import feature


class Settings:
    def __init__(self, rate: float):
        self.rate = rate
        self.changes = 0


class Link:
    def __init__(self, value: int, following: "Optional[Link]" = None):
        self.value = value
        self.following = following


class Journal:
    lines: List[str] = []


history: List[int] = [1]
empty = []
cache: Dict[str, int] = {}
last: List[float] = []
tensors: List[torch.Tensor] = []
settings = Settings(0.5)
first: Optional[Link] = None

NAMES = ("history", "empty", "cache", "last", "tensors", "settings", "first")


def grows(n: int):
    global history
    history = [*history, n]
    history.append(0)
    return len(history), history[-2]


def keeps_two(n: int):
    global empty
    empty = empty + [n]
    if len(empty) > 2:
        empty = empty[-2:]
    return len(empty), empty[0]


def lookup(key: str) -> int:
    if key not in cache:
        cache[key] = len(key)
    return cache[key]


def clears(n: int):
    global cache
    found = [lookup("ab"), lookup("a"), lookup("ab")]
    size = len(cache)
    if n > 2:
        cache = {"new": n}
    return found, size, len(cache)


def aliases(n: int):
    global last
    mine = [float(n)]
    last = mine
    mine.append(1.5)
    last[0] += 1.0
    return len(last), last is mine, mine[0]


def of_tensors(n: int):
    global tensors
    tensors = [t * 0.5 for t in tensors] + [torch.full((2,), float(n))]
    tensors[0] += 1
    return torch.stack(tensors).sum(0)


def of_objects(n: int):
    global settings
    before = settings
    settings = Settings(before.rate / 2)
    settings.changes = before.changes + n
    settings.rate += 1.0
    return settings.rate, settings.changes, before.rate


def of_links(n: int):
    global first
    for i in range(n):
        first = Link(i, first)
    values = []
    at = first
    while at is not None:
        values.append(at.value)
        at = at.following
    return values


def of_a_class(n: int):
    Journal.lines = Journal.lines + [str(n)]
    Journal.lines.append("end")
    return len(Journal.lines)


def fails(n: int):
    global history
    history = history + [n]
    if n > 2:
        raise ValueError(str(len(history)))
    return len(history)


def shown(value: Any) -> Any:
    """A value outside as plain data."""
    if isinstance(value, Settings | Link):
        return {k: shown(v) for k, v in vars(value).items()}
    return [t.tolist() for t in value] if value and isinstance(value, list) and isinstance(value[0], torch.Tensor) else value


def calls(compiled: Callable[[int], Any]) -> list[Any]:
    """What two calls give, and what is outside after each."""
    found: list[Any] = []
    for n in (3, 1):
        try:
            result = compiled(n)
        except ValueError as error:
            result = str(error)
        found.append(result.tolist() if isinstance(result, torch.Tensor) else result)
        found.append(copy.deepcopy([*(shown(globals()[name]) for name in NAMES), Journal.lines]))
    return found


def set_back() -> None:
    globals().update(history=[1], empty=[], cache={}, last=[], tensors=[], settings=Settings(0.5), first=None)
    Journal.lines = []


@feature("Globals and constants", "lists, dicts and objects outside that the program replaces by others")
@pytest.mark.parametrize(
    "function", [grows, keeps_two, clears, aliases, of_tensors, of_objects, of_links, of_a_class, fails]
)
def test_same_as_python(function: Callable[[int], Any]):
    set_back()
    compiled = tsir.script(function)
    found = calls(compiled)
    set_back()
    assert found == calls(function)


def same(a: Dict[str, int], b: Dict[str, int]) -> int:
    a["x"] = 1
    return len(b)


def test_one_dict_as_two_arguments():
    given: dict[str, int] = {}
    assert tsir.script(same)(given, given) == same({}, {}) + 1
    assert given == {"x": 1}
