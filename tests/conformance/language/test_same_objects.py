"""Which object one is: `is` of containers from outside, results that are the caller's own objects, `values()` of a dict."""

from typing import Any, Callable, Dict, List

import torch

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()
SIZES = [1, 2, 3]
NAMED = {"a": [1], "b": [2]}


class Slotted:
    __slots__ = ("x", "y")
    unit = 1

    def __init__(self, x: float, y: float):
        self.x = x
        self.y = y

    def __eq__(self, other: "Slotted"):
        return self.x == other.x and self.y == other.y

    def __hash__(self):
        return hash((self.x, self.y))


@feature("Dicts and sets", "values() is equal to nothing but itself")
@programs({1: 2})
def views(d: Dict[int, int]):
    other = dict(d)
    v = d.values()
    return (
        d.values() == d.values(), d.values() != other.values(), d.keys() == other.keys(), d.items() == other.items(),
        list(d.values()) == list(other.values()), v is v, v == v, v == d.values(),
    )  # fmt: skip


@feature("Dicts and sets", "objects with __eq__ as keys of a dict that is written out")
@programs(1.0)
def displays(x: float):
    found = {Slotted(x, 0.0): "a", Slotted(0.0, x): "b", Slotted(x, 0.0): "c"}
    return len(found), found[Slotted(x, 0.0)], found[Slotted(0.0, x)], Slotted(x, x) in found


def sizes():
    return SIZES


@programs(3)
def one_object(n: int):
    return SIZES is SIZES, sizes() is SIZES, SIZES is not NAMED["a"], n in SIZES


@feature("Aliasing and mutation", "equal tensors in containers that are compared, or in which a tensor is looked for")
@programs(torch.ones(3), 0)
@programs(torch.ones(3), 1)
@programs(torch.ones(3), 2)
@programs(torch.ones(3), 3)
@programs(torch.ones(1), 4)
def compares_items(x: torch.Tensor, which: int):
    a, b = x + 1, x + 1
    if which == 0:
        return [a] == [b]
    if which == 1:
        return (a, 1) != (b, 1)
    if which == 2:
        return b in [a]
    if which == 3:
        return [a].index(b)
    return [a] == [b], {"k": a} == {"k": b}, [a] == [a], [a].index(b), a in [b]


@programs.parametrized()
def test_as_python(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    check(function, arguments)


def kept(n: int) -> List[int]:
    total = 0
    for size in SIZES:
        total += size
    return SIZES if n < total else [n]


def both(n: int):
    return NAMED, n


@feature("Globals and constants", "a list or dict from outside that is returned is the caller's own")
def test_what_is_returned_is_the_callers_own(form: str) -> None:
    if form == "written":
        assert tsir.script(sizes)() is SIZES
        assert tsir.script(kept)(1) is SIZES
        assert tsir.script(both)(1)[0] is NAMED
    assert tsir.script(kept)(10) == [10]
    assert tsir.script(kept)(1) == SIZES


def test_an_object_with_slots_leaves() -> None:
    def made(x: float) -> Slotted:
        return Slotted(x, 2.0)

    found = tsir.script(made)(1.0)
    assert [found.x, found.y] == [1.0, 2.0]
