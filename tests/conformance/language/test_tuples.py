"""Tuples that grow, are repeated, or are of another length on another path: of equal elements, they are of any length."""

from collections.abc import Hashable, Iterable, Mapping, MutableSequence, Sequence, Sized
from typing import Dict, List, NamedTuple, Tuple, Union

import torch

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()

X = torch.arange(6.0).reshape(2, 3)


@feature("Lists and tuples", "tuples that grow in a loop")
@programs(X, 2, True)
@programs(X, 2, False)
def collected_if_asked(x, n: int, flag: bool):
    hidden = () if flag else None
    for i in range(n):
        if hidden is not None:
            hidden = hidden + (x,)
        x = x + 1
    if hidden is not None:
        hidden += (x,)
    return x, hidden


class Pair(NamedTuple):
    first: int
    second: int


def _kinds(value):
    of_tuples = isinstance(value, tuple), isinstance(value, Pair), isinstance(value, list)
    return of_tuples, isinstance(value, (Iterable, str)), isinstance(value, Sequence), isinstance(value, Mapping)


@feature("Lists and tuples", "tuples are Iterable, Sequence, Sized, Hashable of collections.abc")
@programs((1, X), Pair(1, 2), (1, 2))
@programs((1, X), Pair(1, 2), [1, 2])
def of_abstract_classes(a: Tuple[int, torch.Tensor], b: Pair, c: Union[Tuple[int, int], List[int]]):
    return _kinds(a), _kinds(b), _kinds(c), isinstance(a, (Sized, Hashable)), isinstance(c, MutableSequence)


@programs(X, 3)
def outputs(x, n: int):
    outs = ()
    for i in range(n):
        outs += (x * i,)
    return torch.stack(outs), outs[0], len(outs), outs[-1], outs[1:], torch.cat(outs, 0)


@programs(2)
def pairs(n: int):
    pairs = ()
    for i in range(n):
        pairs += ((i, str(i)),)
    return pairs, [a for a, b in pairs], dict(pairs)


@programs([1, 2])
@programs([1, 2, 3])
def of_a_list(l: List[int]):
    a = tuple(l)
    b = (0,) + a
    if len(a) > 2:
        b = (1, 2)
    return b, b == (1, 2), b + (5,)


@feature("Lists and tuples", "tuples of other lengths in other branches")
@programs(3)
@programs(1)
def of_two_lengths(n: int):
    if n > 2:
        return (1, 2)
    return (1,)


@programs(1)
def declared(n: int) -> Tuple[int, ...]:
    if n > 2:
        return (1, 2)
    return (1,)


@programs(torch.ones(9), 3)
@programs(torch.ones(2), 2)
def sizes(x, n: int):
    s = (n,) * 2 if n > 2 else (n, 1, 1)
    return x.view(s), torch.zeros(s), x.reshape(*s)


@programs(X, True)
@programs(X, False)
def dimensions(x, perm: bool):
    d = (0, 1) if perm else (0,)
    return x.sum(d), x.mean(dim=d)


@programs(3)
def in_a_tuple(n: int):
    best = ((0,), 1.0)
    for i in range(n):
        best = (best[0] + (i,), best[1] * 2)
    return best


@programs(2)
def repeated(n: int):
    o = Held(n)
    last = ()
    for i in range(n):
        last = i * (1, 2)
    return o.t, [(1,) * n], {"a": (2,) * n}, last


class Held:
    def __init__(self, n: int):
        self.t = (1,) * n


@feature("Assignment", "one value of a Union to two variables (`a = b = sizes`)")
@programs(3)
@programs((2, 5))
def pair_of(sizes: Union[Tuple[int, int], int]):
    if isinstance(sizes, int):
        height = width = sizes
    else:
        height, width = sizes
    return height * 10 + width


@feature(
    "Tensors in programs",
    "indexing and assigning with tuples whose length isn't known: of tensors (`x[torch.where(...)]`) and of ints",
)
@programs(torch.arange(6.0).reshape(2, 3), 1.5)
def indexed_by_tuples(x: torch.Tensor, v: float):
    above = torch.where(x > 2)
    found, last = x[above], tuple([n - 1 for n in x.shape])
    x[above] = 0
    x[tuple([torch.tensor([0, 1]) for _ in range(2)])] = v
    x[(x == 0).nonzero(as_tuple=True)] -= 2
    x[last] += v
    row = tuple([0 for _ in range(x.dim() - 1)])
    x[row] = torch.arange(3)
    return found, x, x[row], x[last].item(), x[torch.where(x > 100)]


@programs(torch.ones(2, 3))
def too_many_indices(x):
    return x[tuple([0 for _ in range(x.dim() + 1)])]


class Place(NamedTuple):
    row: int
    name: str


@feature("Enums, NamedTuples and dataclasses", "NamedTuples as keys keep their class")
@programs(4)
def named_keys(n: int):
    found = {}
    for i in range(n):
        found[Place(i % 2, "x")] = i
    held: Dict[Place, int] = {}
    for k in found:
        held[k] = k.row
        held[Place(k.row, k.name + "y")] = 7
    return [k.row for k in found], (1, "x") in found, found[Place(1, "x")], held, [k.name for k in held]


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
