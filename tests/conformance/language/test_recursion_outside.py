"""Functions of a module that call themselves and use lists, dicts and tensors of the module."""

from typing import Dict, List

import torch
from torch import Tensor

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()

MEMO: Dict[int, int] = {}
CALLS = {"n": 0}
FOUND: List[List[int]] = []
WEIGHT = torch.full((2,), 2.0)


def fibonacci(k: int) -> int:
    if k < 2:
        return k
    if k not in MEMO:
        MEMO[k] = fibonacci(k - 1) + fibonacci(k - 2)
    return MEMO[k]


@feature("Functions and closures", "recursive functions that change dicts and lists of their module")
@programs(20)
@programs(1)
def remembered(n: int):
    found = fibonacci(n), len(MEMO)
    MEMO.clear()
    return found


def depth(tree: Dict[str, List[str]], at: str, above: int = 0) -> int:
    CALLS["n"] += 1
    best = above
    for below in tree[at]:
        best = max(best, depth(tree, below, above=above + 1))
    return best


@programs({"a": ["b", "c"], "b": ["d"], "c": [], "d": []})
def walked(tree: Dict[str, List[str]]):
    found = depth(tree, "a"), CALLS["n"], depth(tree, "b", above=10)
    CALLS["n"] = 0
    return found


def permute(values: List[int], taken: List[int]):
    if len(taken) == len(values):
        FOUND.append(list(taken))
        return
    for v in values:
        if v not in taken:
            taken.append(v)
            permute(values, taken)
            taken.pop()


@programs([1, 2, 3])
def permutations(values: List[int]):
    permute(values, [])
    found = [list(p) for p in FOUND]
    FOUND.clear()
    return found


def scaled(x: Tensor, n: int) -> Tensor:
    return x if n == 0 else scaled(x * WEIGHT, n - 1) + WEIGHT


@feature("Functions and closures", "recursive functions that use tensors of their module")
@programs(torch.ones(2), 3)
def of_tensors(x: Tensor, n: int):
    return scaled(x, n), scaled(x, 0)


@programs(4)
def local_with_defaults(n: int):
    log: List[int] = []

    def go(k: int, above: int = 0, tag: str = "x") -> int:
        log.append(above)
        return above if k == 0 else go(k - 1, above + 1)

    return go(n), go(1, 5), log


@programs.parametrized()
def test_programs(function, arguments):
    check(function, arguments)
