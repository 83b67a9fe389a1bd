"""Variables that a loop assigns where it is left by `break`, and that are read behind it."""

from typing import Any, Callable, Dict, List

import torch
from torch import Tensor

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


@feature("Control flow", "variables that are first assigned where a loop is left by break")
@programs(3)
@programs(1)
def found_or_not(n: int):
    for i in range(n):
        if i == 2:
            base = i
            break
    return base


@programs(3)
def with_a_condition(n: int):
    while n > 0:
        if n == 2:
            base = n
            break
        n -= 1
    return base


@programs(3)
def always_found(n: int):
    k = n
    while True:
        if k > 10:
            base, name = k * 2, "found"
            break
        k += 3
    return base + k, name


@programs(30)
def in_a_loop(n: int):
    seen: Dict[int, int] = {1: 0}
    for m in range(1, n):
        k, chain = m, []
        while True:
            if k in seen:
                base = seen[k]
                break
            chain.append(k)
            k = 3 * k + 1 if k & 1 else k >> 1
        for j, c in enumerate(reversed(chain), 1):
            seen[c] = base + j
    return seen


@programs([torch.zeros(2), torch.ones(2)])
@programs([torch.zeros(2)])
def a_tensor(items: List[Tensor]):
    for at, x in enumerate(items):
        if x.sum() > 1:
            found = x * 2
            break
    else:
        return -1, torch.zeros(0)
    return at, found


@programs.parametrized()
def test_as_python(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    check(function, arguments)
