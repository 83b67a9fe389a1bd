"""Tuples of any length: as parameters, elements, keys, attributes and results, next to plain Python."""

# ruff: noqa  (how users write is the point here)
from typing import *

import torch
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


@feature("Types and annotations", "Tuple[int, ...] and tuple[int, ...]: parameters, results, operators, methods, slices")
@programs((1, 2, 3), 4)
@programs((), 1)
@programs((1, 2), 2)
def of_any_length(x: Tuple[int, ...], n: int):
    return (
        x, x + (n,), (n, *x), x * 2, x[1:], x[::-1], len(x), x == (1, 2), (1, 2) == x, x < (5,), n in x, x.count(1), isinstance(x, tuple),
        isinstance(x, list), str(x), f"{x}", hash(x) == hash((1, 2)), list(x), tuple(x), sorted(x), sum(x), [i + 1 for i in x],
        list(enumerate(x)), list(zip(x, x)), type(x) == tuple, bool(x), tuple(i * 2 for i in x),
    )  # fmt: skip


def _half(x: tuple[int, ...]) -> tuple[int, ...]:
    if len(x) > 2:
        return x[:2]
    return x * 2


@feature("Lists and tuples", "tuples of any length as elements of lists, keys of dicts, elements of sets, over branches")
@programs((1, 2, 3), True)
@programs((3, 4), False)
def held(x: Tuple[int, ...], c: bool):
    a = tuple([1, 2]) if c else x
    b = x if c else (1, 2, 3)
    d: Dict[Tuple[int, ...], int] = {x: 1, (9,): 2}
    d[a] = 5
    rows: List[Tuple[int, ...]] = [x]
    rows.append((1, 2))
    rows += [a]
    return _half(x), a, b, d, len({x, a, (1, 2)}), rows, [sum(t) for t in rows], rows[0] + (7,), x.index(3)


@feature("Types and annotations", "Tuple[Tensor, ...] as an attribute; tuples of any length for sizes")
@programs(torch.arange(6.0), (2, 3))
def of_tensors(x, s: Tuple[int, ...]):
    class Kept:
        def __init__(self, t: Tuple[torch.Tensor, ...]):
            self.t = t

        def more(self) -> Tuple[torch.Tensor, ...]:
            return self.t + (self.t[0] + 1,)

    a, *b = s
    c, d = s
    kept = Kept((x, x))
    parts = [tuple(x.chunk(2)), x.split(4)]
    return (
        x.reshape(s),
        x.reshape(*s),
        torch.zeros(s),
        a,
        b,
        c,
        d,
        torch.ones(s[0], *s[1:]),
        torch.stack(kept.more()),
        kept.t,
        parts,
    )


@feature("Lists and tuples", "zip(*rows) of no rows and of rows of one type")
@programs([(1, 2), (3, 4)], [[1], [2]])
@programs([], [])
def columns(pairs: List[Tuple[int, int]], lists: List[List[int]]):
    n = 0
    for column in zip(*pairs):
        n += sum(column)
    return n, list(zip(*pairs)), list(zip(*lists)), [sum(c) for c in zip(*lists)]


def _kind(x: Any) -> str:
    if isinstance(x, (int, tuple)):
        return "int or tuple"
    if isinstance(x, list):
        return "list"
    return "other"


@feature("Type refinement", "isinstance(x, tuple) of a value of type Any")
@programs((1,), [2])
def of_any(x: Tuple[int, ...], items: List[int]):
    return _kind(x), _kind((1, "a")), _kind(tuple(items)), _kind(items), _kind(3), _kind("s")


@programs.parametrized()
def test_program(function: Any, arguments: tuple[Any, ...]) -> None:
    check(function, arguments)
