"""Attributes that methods other than `__init__` assign first, and class variables beside attributes of the same name."""

import copy
from pathlib import Path
from typing import List

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same

programs = Programs()


class Late:
    def __init__(self, flag: bool = False) -> None:
        self.a = 1
        if flag:
            self.extra = 2

    def start(self, n: int) -> None:
        self.count = n
        self.items: List[int] = []

    def step(self) -> int:
        self.count += 1
        self.items.append(self.count)
        return self.count


class Derived(Late):
    def more(self) -> str:
        self.text = "x"
        return self.text


@feature("Classes", "attributes that methods assign first: hasattr(), getattr() with a default, AttributeError")
@programs(3)
def assigned_later(n: int):
    c, d = Late(), Derived(n > 2)
    before = hasattr(c, "count"), getattr(c, "count", -1), hasattr(d, "extra"), hasattr(c, "extra"), getattr(c, "extra", 7)
    c.start(n)
    c.b = 2.5
    both: List[Late] = [c, d]
    found = [hasattr(o, "count") for o in both]
    try:
        d.step()
    except AttributeError as error:
        message = str(error)
    d.start(5)
    return before, c.step(), d.step(), c.items, c.b, found, message, d.more(), d.text


def of_arguments(c: Late, d: Late):
    d.start(4)
    d.items.append(7)
    return hasattr(c, "count"), hasattr(d, "count"), d.items, hasattr(c, "extra"), d.extra


class Counter:
    total = 0
    seen: int = 0

    def __init__(self) -> None:
        type(self).seen += 1
        self.index = self.seen

    def own(self) -> None:
        self.total = 9


@feature("Classes", "class variables that the program assigns, beside attributes of that name")
def test_class_variables():
    def program(n: int):
        counters = [Counter() for _ in range(n)]
        first, second = counters[0], counters[1]
        Counter.total = n
        before = first.total
        first.own()
        Counter.total = n + 1
        of_class = Counter.total, type(first).total, Counter.seen
        return before, first.total, second.total, hasattr(second, "total"), of_class, [c.index for c in counters]

    def run(function):
        Counter.total, Counter.seen = 0, 0
        return function(3), Counter.total, Counter.seen

    assert run(tsir.script(program)) == run(program)


@programs(6)
def values_of_classes_and_late_attributes(n: int):
    class Adding:
        total = 0

        def __init__(self, k: int):
            self.k = k

        def add(self, v: int):
            self.total += v * self.k
            self.last = v

        def drop(self):
            del self.k
            return hasattr(self, "k")

    class Growing(Adding):
        items = [1]

        def grow(self):
            self.items = [*self.items, n]
            return self.items

    a, b = Adding(2), Growing(n)
    a.add(3)
    a.add(4)
    b.add(1)
    return a.total, b.total, Adding.total, a.last, b.grow(), Growing.items, a.drop()


@programs.parametrized()
def test_as_in_python(function, arguments):
    check(function, arguments)


def test_attributes_of_arguments():
    ours, theirs = (Late(), Late(True)), (Late(), Late(True))
    assert tsir.script(of_arguments)(*ours) == of_arguments(*theirs)
    assert [vars(o) for o in ours] == [vars(o) for o in theirs]


class Remembers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x: Tensor):
        if not hasattr(self, "calls"):
            self.calls = 0
        self.calls += 1
        self.last = self.fc(x)
        self.history = []
        for i in range(2):
            self.note(i)
        if self.calls > 1:
            self.second = self.last * 2
        return self.last.sum(), self.calls, self.history, getattr(self, "second", None)

    def note(self, i: int) -> None:
        self.history.append(self.last[0, i])

    @torch.jit.export
    def latest(self) -> Tensor:
        return self.last


@feature("Modules", "attributes that forward() assigns first")
def test_module(tmp_path: Path):
    module, x = Remembers(), torch.ones(1, 2)
    compiled = tsir.script(copy.deepcopy(module))
    with pytest.raises(AttributeError, match="'Remembers' object has no attribute 'last'"):
        compiled.latest()
    assert not hasattr(compiled, "last")
    for _ in range(3):
        assert_same(compiled(x), module(x))
        assert_same(compiled.latest(), module.last)
    assert_same((compiled.last, compiled.calls, list(compiled.state_dict())), (module.last, 3, list(module.state_dict())))
    compiled.save(str(tmp_path / "m.pt"))
    loaded = tsir.load(str(tmp_path / "m.pt"))
    assert_same((loaded.latest(), loaded(x)), (module.last, module(x)))
    fresh = tsir.script(Remembers())
    fresh.save(str(tmp_path / "f.pt"))
    loaded = tsir.load(str(tmp_path / "f.pt"))
    assert not hasattr(loaded, "last") and loaded(x)[1] == 1


class Cached(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", None)
        self.register_buffer("other", None, persistent=False)

    def forward(self, x: Tensor):
        table = self.table
        if table is None or table.size(0) < x.size(0):
            table = torch.arange(x.size(0)).to(x.dtype)
            self.table = table
        if self.other is None:
            self.other = table * 2
        else:
            self.other += 1
        return table[: x.size(0)] + x, self.other


@feature("Modules", "buffers that are None until forward() assigns them")
def test_buffers_of_none():
    module = Cached()
    compiled = tsir.script(copy.deepcopy(module))
    for n in (2, 2, 3, 1):
        assert_same(compiled(torch.ones(n)), module(torch.ones(n)))
    assert_same((compiled.table, list(compiled.state_dict())), (module.table, list(module.state_dict())))
