"""Variables that not every path assigns, and functions of `map` and `filter` that change variables, ask iterators and stop them."""

from typing import List

import pytest
import torch
from torch import Tensor

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


@feature(
    "Control flow", "variables that only some branches assign, read in another branch or behind a loop: UnboundLocalError"
)
@programs([1, 2])
@programs([1])
@programs([])
def assigned_in_branches_of_a_loop(values: List[int]):
    for i in values:
        if i % 2 == 0:
            even = i * 1.0
        else:
            odd = i
    return even + odd


@programs(True, True)
@programs(False, True)
@programs(False, False)
def read_in_another_branch(a: bool, b: bool):
    if a:
        x = 1
    if b:
        return x
    return 0


@programs([0, 2])
@programs([1])
def read_in_a_later_round(values: List[int]):
    for i in values:
        if i == 0:
            first = i
            found = [i]
        else:
            first = first + i
            found.append(first)
    return first, found


@programs(4)
@programs(0)
def read_in_later_rounds_alone(n: int):
    total = 0
    for i in range(n):
        if i == 0:
            last = 1
        elif i == 1:
            last = 3
        else:
            last = last + i
        total += last
    return total


@programs(torch.arange(8.0).reshape(4, 2))
def read_in_later_rounds_over_parts(x: Tensor):
    found = []
    for i, part in enumerate(torch.chunk(x, 4)):
        if i == 0:
            last = part
        else:
            last = part * 2 + last
        found.append(last)
    return torch.cat(found)


@programs([1, 0])
def read_too_early(values: List[int]):
    total = 0
    for i in values:
        if i == 0:
            last = 1
        else:
            last = last + i
        total += last
    return total


@programs(0, torch.ones(2))
@programs(1, torch.ones(2))
@programs(3, torch.ones(2))
def read_in_a_loop(n: int, x: Tensor):
    with torch.no_grad():
        if n:
            y = x + 1
    while n < 3:
        z = y * n
        n += 1
    return z


@feature("Generators", "map() and filter() of functions that change variables, ask an iterator or raise StopIteration")
@programs(3)
@programs(5)
@programs(19)
def functions_with_effects(n: int):
    items, numbers, more = iter([1, 2, 3, 4, 5, 6]), iter([1, 2, 3]), iter([3, 4, 5, 6, 7, 8])
    count = 0

    def add(i: int):
        nonlocal count
        count += i
        return count

    def until(i: int):
        if i == n:
            raise StopIteration
        return i * 2

    def both(i: int, j: int):
        if j > n:
            raise StopIteration
        return i + j

    sums = list(map(add, range(4)))
    found = list(map(lambda i: next(numbers), range(n)))
    total = 0
    for v in map(until, range(10)):
        total += v
    kept = [y for y in filter(lambda i: next(more) % 2 == 0, range(4))]
    taken = [v for v in map(lambda i: next(items) * 10, range(2))]
    return (
        sums,
        count,
        found,
        total,
        sum(map(until, range(4))),
        [*map(until, [1, 2])],
        kept,
        taken,
        next(items),
        list(map(both, [1, 2], [3, 4])),
    )


@programs.parametrized()
def test_as_in_python(function, arguments) -> None:
    check(function, arguments)


def test_what_certainly_is_not_assigned_is_refused() -> None:
    def after(n: int):
        if n > 0:
            x = 1
        return x + 1

    def in_condition(n: int):
        if n > 0:
            x = 1
        while x < n:
            n -= 1
        return n

    for function in (after, in_condition):
        with pytest.raises(tsir.TsirError, match=r"'x' isn't assigned when the condition in line .* is false"):
            tsir.script(function)
