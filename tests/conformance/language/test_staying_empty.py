"""Containers into which a program puts nothing: what would be done with their elements needs no types."""

# ruff: noqa  (how users write is the point here)
import collections
from typing import Any, List

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same
from tsir.errors import FrontendError

programs = Programs()
X = torch.arange(3.0)


@feature("Lists and tuples", "code for elements of lists, dicts and sets that stay empty: it never runs, and needs no types")
@programs(X)
def gone_over(x: Tensor):
    for v in []:
        x = x + v.attr
    hooks = {}
    for name, (a, b) in hooks.items():
        x = a.run(x, name, b)
    for h in hooks.values():
        x = h(x)
    for i, (a, b) in enumerate([]):
        x = a
    x = x * 2
    ys = [a.u + b for a, b in []]
    found = [v.name for v in ys], {v.a: v.b for v in ys}, max([v.s for v in ys], default=3), any(v.k for v in ys)
    return x, ys, found, sum(ys), hooks


@programs(X)
def items_that_are_looked_for(x: Tensor):
    xs, d, s = [], {}, set()
    first = next(iter(xs), None)
    if first is not None:
        x = first.run(x)
    h = d.get("a")
    if h is not None:
        x = h.run(x)
    if len(xs) > 0:
        return xs[0].foo
    try:
        v = xs.pop()
        x = v.foo
    except IndexError as e:
        x = x + len(str(e))
    try:
        return d["k"].foo
    except KeyError:
        return x


@programs(X, 3)
def in_loops_of_run_time(x: Tensor, n: int):
    ws, stack, queue = [], [], collections.deque()
    for i in range(n):
        best = None
        for w in ws:
            if best is None or w.score > best.score:
                best = w
        if best is not None:
            x = x + best.value
        x = x + i
    while stack:
        node = stack.pop()
        x = x + node.value
        stack.append(node.left)
    while queue:
        node = queue.popleft()
        queue.extend(node.children)
    while x.sum() < 30:
        for q in ws:
            if q.done:
                break
        else:
            x = x + 3
    return x


@programs(X)
def given_to_functions(x: Tensor):
    xs = []

    def go(v):
        return v.deep.attr

    first = lambda values: values[0]
    found = [go(v) for v in xs], sorted(xs, key=lambda v: v.rank), list(map(lambda v: v.foo, xs))
    try:
        return first(xs)
    except IndexError:
        y = first([x])
    return y, found, list(filter(lambda v: v.ok, xs))


@feature("Comprehensions", "comprehensions whose condition is a constant that leaves everything out")
@programs([1, 2])
def all_left_out(values: List[int]):
    xs = [v for v in values if False]
    ys = [v for v in values if False]
    d = {v: str(v) for v in values if False}
    zs = list(filter(lambda v: False, values))
    total = 0
    for v in ys:
        total += v
    d[1] = "a"
    zs.extend(values)
    return xs + [1], sorted(ys), ys == values, d, zs, [v for v in values if False] if total else values


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)


class Hooked(nn.Module):
    def __init__(self):
        super().__init__()
        self.hooks = []
        self.named = {}

    def forward(self, x: Tensor) -> Tensor:
        for h in self.hooks:
            x = h.apply(x)
        for k, h in self.named.items():
            x = h.apply(x) + k.foo
        first = next(iter(self.hooks), None)
        return x if first is None else first.apply(x)


def test_lists_of_modules() -> None:
    assert_same(tsir.script(Hooked())(X), X)


def held_as_anything(x: Tensor):
    xs = []
    y: Any = xs
    for v in xs:
        x = x + v.weird
    return x, y


def fill(values: List[Any]) -> None:
    values.append(1)


def filled_elsewhere(x: Tensor):
    xs = []
    fill(xs)
    for v in xs:
        x = x + v.weird
    return x


def from_the_caller(x: Tensor, xs=[]):
    for v in xs:
        x = x + v.weird
    return x


@pytest.mark.parametrize("function", [held_as_anything, filled_elsewhere, from_the_caller])
def test_what_others_may_fill_is_refused(function) -> None:
    with pytest.raises(FrontendError, match="weird"):
        tsir.script(function)
