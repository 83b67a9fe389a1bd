"""Functions that are compared, keys, looked for, passed in containers and returned; lambdas that comprehensions give."""

# ruff: noqa: E731
import math
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import pytest
import torch

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


def more(x: int):
    return x + 1


def twice(x: int):
    return x * 2


TABLE = {"more": more, "twice": twice}


@feature("Functions and closures", "functions compared by `is` and `==`")
@programs(3, "more")
@programs(1, "twice")
def compared(n: int, name: str):
    f = more if n > 2 else twice
    g = lambda x: x + n
    h = g
    k = lambda x: x + n
    fs = [g, k, g]
    return (
        [f is more, f == twice, f is not twice, f != more, g is h, g is k, g == k],
        [TABLE[name] is more, fs[0] is fs[n - 1], fs[0] is k, fs == [g, k, h], f is None, more == 3],
    )


@feature(
    "Functions and closures", "functions as keys of dicts and elements of sets, `in`, `index`, `count` of lists of functions"
)
@programs(3)
def looked_for(n: int):
    def a(x: int):
        return x + n

    fs = [more, twice, a, more]
    f = more if n > 2 else twice
    calls = {more: "more", twice: "twice"}
    seen = {}
    for g in fs:
        seen[g] = seen.get(g, 0) + 1
    unique = {more, twice, a, f}
    return f in fs, fs.index(a), fs.count(f), calls[f], a in calls, list(seen.values()), len(unique), seen[a], a in fs[:2]


@programs(2)
def changes(n: int):
    prev, count, memo = None, 0, {}
    for i in range(n * 3):
        f = more if i % 3 else twice
        if prev is not None and f is not prev:
            count += 1
        if f not in memo:
            memo[f] = f(i)
        prev = f
    return count, sum(memo.values())


class Bus:
    def __init__(self):
        self.subscribers = []
        self.log = []

    def add(self, f):
        if f not in self.subscribers:
            self.subscribers.append(f)
        return self

    def drop(self, f):
        self.subscribers = [s for s in self.subscribers if s is not f]

    def fire(self, x: int):
        for s in self.subscribers:
            self.log.append(s(x))


@programs(2)
def subscribed(n: int):
    bus = Bus().add(more).add(twice).add(more)
    bus.fire(n)
    bus.drop(twice)
    bus.fire(n)
    return bus.log, len(bus.subscribers)


class Total:
    def __init__(self):
        self.v = 0

    def add(self, x: int):
        self.v += x

    def take(self, x: int):
        self.v -= x


@programs(2)
def methods_compared(n: int):
    a, b = Total(), Total()
    fs = [a.add, b.take, a.take]
    for f in fs:
        f(n)
    fs[n](5)
    return a.v, b.v, fs[0] == a.add, fs[0] == b.add, a.add == a.add, a.add == b.add, a.take in fs, b.add in fs


@feature("Functions and closures", "functions of Python's returned from an entry point")
@programs(3)
@programs(1)
def returned(n: int):
    best, score = None, -1
    for f in (more, twice, abs):
        if f(n) > score:
            best, score = f, f(n)
    return best, {"f": math.sqrt, "g": more if n > 2 else twice}, [more, twice][:n], (torch.relu, abs)


@feature(
    "Functions and closures",
    "parameters `List[Callable]`, `Dict[str, Callable]`, `Tuple[Callable, ...]`, `Optional[Callable]`",
)
@programs([more, twice], 3, "a")
@programs([abs], 4, "b")
def in_lists(fs: List[Callable[[int], int]], n: int, name: str):
    own = list(fs)
    own.append(abs)
    return [f(n) for f in fs], [f(-n) for f in own], len(fs), fs[n - 4](4), more in fs, fs[0] is more


@programs({"a": [more], "b": [twice, more]}, (more, twice), "b")
@programs({"a": [more], "b": [twice, more]}, (more, twice), "c")
def in_dicts(fs: Dict[str, List[Callable[[int], int]]], pair: Tuple[Callable, Callable], k: str):
    a, b = pair
    n = a(b(3))
    for f in fs[k]:
        n = f(n)
    return n, sorted(fs)


@programs([("a", more), ("b", twice)], None)
@programs([("a", more)], more)
def in_pairs(fs: Sequence[Tuple[str, Callable[[int], int]]], last: Optional[Callable[[int], int]]):
    found = {k: f(3) for k, f in fs}
    return found if last is None else {k: last(v) for k, v in found.items()}


@feature("Functions and closures", "lambdas in comprehensions that read its variables: all see the last value")
@programs(3, ["a", "bb", ""])
def in_comprehensions(n: int, words: List[str]):
    a = [lambda: i for i in range(n)]
    b = {i: (lambda x: x * i) for i in range(n)}
    c = [lambda x: x + i + j for i in range(n) for j in range(i)]
    d = [lambda s: s + w for w in words if len(w) > 0]
    e = tuple(lambda x: x + i for i in range(n))
    return (
        [h() for h in a], [b[k](2) for k in b], [h(1) for h in c], [h("z") for h in d], [h(1) for h in e],
        a[0] is a[1], a[n - 1] in a,
    )  # fmt: skip


@programs(3)
def in_tuples_of_comprehensions(n: int):
    f = [(lambda k: k + sum([i for i in range(2)]), lambda k, i=i: i, lambda k, j=i: k + j) for i in range(n)]
    g = [(lambda k: i + k) if i % 2 else (lambda k: -i) for i in range(n)]
    return [(p(1), q(2), r(3)) for p, q, r in f], [h(1) for h in g]


@programs.parametrized()
def test_functions(function, arguments):
    check(function, arguments)


def changes_argument(fs: List[Callable[[int], int]]):
    fs.append(abs)
    return len(fs)


def gives_closures(n: int):
    fs = [lambda x: x, lambda x: x + n, more]
    return fs[:n]


@feature(
    "Messages for what isn't supported", "functions that leave the program, and changed lists of functions from outside"
)
def test_refused() -> None:
    with pytest.raises(tsir.TsirError, match="changes its argument 'fs', which has functions in it"):
        tsir.script(changes_argument)([more])
    with pytest.raises(tsir.TsirError, match="a function that compiled code has made can't leave it"):
        tsir.script(gives_closures)(1)
