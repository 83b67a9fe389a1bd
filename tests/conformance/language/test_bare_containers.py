"""Annotations of containers that don't say of what they are (`list`, `dict`, `Sequence`): compiled for what is passed."""

from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same

programs = Programs()


@feature("Types and annotations", "parameters annotated `list`, `Sequence`, `Iterable`: of whatever a call passes")
@programs([1, 2, 3], [1, 3])
@programs("kitten", "sitting")
@programs((1.5, 2.5), [])
def distance(first: Sequence, second: Sequence) -> int:
    before = list(range(len(second) + 1))
    for i, a in enumerate(first):
        now = [i + 1]
        for j, b in enumerate(second):
            now.append(before[j] if a == b else 1 + min(before[j], before[j + 1], now[j]))
        before = now
    return before[-1]


@programs([1, 2], None)
@programs([1.5, 2.5], [2])
@programs([torch.ones(2), torch.zeros(2)], None)
def longer(a: List, b: Optional[list] = None):
    a.append(a[0] + a[1])
    return a, 0 if b is None else len(b)


@feature("Types and annotations", "parameters annotated `dict`, `Mapping`, `set`, `tuple`: of whatever a call passes")
@programs({"a": [1, 2]}, (1, torch.ones(2)), [("a", 1)], {3, 4})
@programs({"a": (1.5, 2)}, (2, 1.5), [("b", 2), ("c", 3)], {5})
def together(d: dict, pair: tuple, items: list, seen: set):
    seen.add(7)
    for name, value in items:
        d[name] = d["a"]
        pair = pair[0] + value, pair[1]
    return d["a"][1] + pair[0], pair[1] * 2, items[0][1], len(seen), 4 in seen


@programs({"x": 1.5}, {1: 2})
def looked_up(a: Mapping, b: Dict):
    return a["x"], b[1], list(b)


def first(values: list) -> int:
    return values[0] + len(values)


def lengths(a: Sequence, b: Iterable, c: Tuple, d: Optional[dict] = None):
    return [x + y for x, y in zip(a, b)], c[1], 0 if d is None else len(d)


@feature("Types and annotations", "results, variables and attributes annotated `list`, `dict`, `tuple`, `set`")
@programs(3)
def inside(n: int) -> tuple:
    squares: dict = {}
    odd: set = set()
    numbers: list = []
    for i in range(n):
        squares[i] = i * i
        odd.add(i % 2)
        numbers.append(i + 0.5)
    pair: tuple = (n, "a")
    return first([n]), lengths([1.5], (2,), pair), lengths([1], [2], ("a", 2.5), squares), squares, odd, numbers


class Log:
    def __init__(self, lines: list, counts: dict):
        self.lines: list = lines
        self.counts: dict = counts

    def add(self, line: str) -> "Log":
        self.counts[line] = self.counts.get(line, 0) + 1
        self.lines.append(line)
        return self


@programs("a")
def objects(word: str):
    log = Log(["first"], {"first": 1})
    log.add(word).add("b").add(word)
    return log.lines, log.counts


def listed(n: int) -> list:
    return [n, n + 1]


def named(n: int) -> Mapping:
    return {"n": n}


@programs(2)
def results(n: int):
    return listed(n), named(n), listed(n)[1] + named(n)["n"]


class Pair(NamedTuple):
    first: list
    second: Any


@programs([torch.ones(2)])
def fields(xs: list):
    pair = Pair(xs, 2)
    return pair.first[0] + 1, pair.second


@programs.parametrized()
def test_programs(function, arguments):
    check(function, arguments)


def several(values: Iterable):
    return [v for v in values]


@pytest.mark.parametrize("values", [[1, "a", None], [1, 2.5], ((1, 2), (3, 4)), "ab"])
def test_values_of_several_types(values: Any, form: str) -> None:
    if form == "written":  # printed is what the first call's types make of it
        check(several, (values,))


class Pooled(nn.Module):
    def forward(self, features: list, weights: dict, extra: tuple = ()) -> list:
        return [f * weights["a"] for f in features] + [e for e in extra]


@feature("Modules", "methods with parameters annotated `list`, `dict`, `tuple`")
def test_modules(form: str, tmp_path: Path) -> None:
    module = Pooled()
    assert_same(tsir.script(module)([torch.ones(2)], {"a": torch.ones(2)}), [torch.ones(2)])
    if form == "printed":
        return
    scripted = tsir.script(module)
    calls: list[Any] = [
        ([torch.ones(2)], {"a": torch.ones(2) * 2}), ([torch.ones(2)], {"a": 3}), ([1.5, 2.5], {"a": 2}, (1.5,)),
    ]  # fmt: skip
    for arguments in calls:
        assert_same(scripted(*arguments), module(*arguments))
    tsir.save(scripted, tmp_path / "pooled.tsir")
    loaded = tsir.load(tmp_path / "pooled.tsir")
    for arguments in calls:
        assert_same(loaded(*arguments), module(*arguments))
    with pytest.raises(TypeError, match="saved without a variant"):
        loaded(["a"], {"a": 2})


def appended(values: list):
    values.append(values[0])
    return len(values)


def test_one_program_for_lists_of_any_length(form: str) -> None:
    if form == "printed":
        return
    scripted = tsir.script(appended)
    given = [1, 2, 3]
    assert (scripted(given), given) == (4, [1, 2, 3, 1])
    assert (scripted([5]), scripted(["a", "b"])) == (2, 3)
    (others,) = [e.others for e in scripted.program.entry_points.values()]
    assert others is not None
    assert len(others.variants) == 2  # of int, and of str


def unknown(values: list) -> Tensor:
    return values.nothing


def test_errors_name_the_place(form: str) -> None:
    if form == "written":
        with pytest.raises(tsir.TsirError, match=r"test_bare_containers.py:\d+:12.*has no attribute 'nothing'"):
            tsir.script(unknown)([1])
