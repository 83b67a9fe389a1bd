"""Tensors as keys of dicts, elements of sets and in `is`: which tensor it is counts, not what it holds."""

from collections import OrderedDict, defaultdict
from typing import Any, Callable, Dict, List, Set

import pytest
import torch
from torch import Tensor

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()
X, Y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])


@feature("Dicts and sets", "tensors as keys of a dict")
@programs(X, Y)
@programs(X, X)
def counted(x: Tensor, y: Tensor):
    seen: Dict[Tensor, int] = {}
    for t in [x, y, x.clone(), x]:
        if t not in seen:
            seen[t] = 0
        seen[t] += 1
    total = torch.zeros(2)
    for t, times in seen.items():
        total += t * times
    return total, len(seen), seen[x], seen.get(y, 7), list(seen.values())


@programs(X, Y)
def every_method(x: Tensor, y: Tensor):
    d = {x: "x", y: "y"}
    other = d.copy()
    first = other.pop(x)
    last, name = other.popitem()
    other.update(d)
    other.setdefault(y, "z")
    del other[y]
    keys = list(d.keys())
    both = {**other, y: "again"}
    made = dict(both)
    made.clear()
    return first, last is y, name, len(other), keys[0] is x, both[y], len(made), d == other, d == d.copy(), y in other


@programs([X, Y, X])
def by_default(items: List[Tensor]):
    count = defaultdict(int)
    for t in items:
        count[t] += 1
    places = defaultdict(list)
    for i, t in enumerate(items):
        places[t].append(i)
    order: OrderedDict[Tensor, int] = OrderedDict()
    for t in items:
        order[t] = len(order)
    order.move_to_end(items[0])
    ones = dict.fromkeys(items, 1)
    return list(count.values()), list(places.values()), list(order.values()), len(ones), {t: 1 for t in items}[items[1]]


@feature("Dicts and sets", "tensors in a set")
@programs(X, Y)
@programs(X, X)
def in_sets(x: Tensor, y: Tensor):
    s = {x, y}
    others: Set[Tensor] = set()
    others.add(x)
    others.add(x.clone())
    both = s | others
    return len(s), len(both), len(s & others), len(s - others), len(s ^ others), x in others, y in others, s >= {y}


@programs(X, Y)
def every_method_of_sets(x: Tensor, y: Tensor):
    s = {x, y}
    t = s.copy()
    t.discard(x)
    t.discard(x)
    u = s.difference(t).union({y})
    s.intersection_update(t)
    u.symmetric_difference_update({x})
    s.update({x})
    u.difference_update({y})
    return len(s), len(t), len(u), t.issubset(s), s.issuperset(t), s.isdisjoint(u), t.pop() is y, s == {x, y}


@programs(X, Y)
def a_key_that_is_missing(x: Tensor, y: Tensor):
    d = {x: 1}
    try:
        return d[y]
    except KeyError:
        return -1


@feature("Built-in functions", "hash of a tensor")
@programs(X, Y)
@programs(X, X)
def hashed(x: Tensor, y: Tensor):
    return hash(x) == hash(y), hash(x) == hash(x), hash(x) == hash(x.clone())


@feature("Expressions", "`is` between tensors")
@programs([X, Y, X], X)
def which(items: List[Tensor], x: Tensor):
    return [t is x for t in items], [t is not items[1] for t in items]


@programs.parametrized()
def test_as_python(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    check(function, arguments)


def test_as_torch_jit_takes_a_dict() -> None:
    def changed(d: Dict[Tensor, int], x: Tensor) -> int:
        d[x] = d[x] + 1
        d[x + 1] = 7
        return len(d)

    x, y = torch.ones(2), torch.ones(2)
    found = {x: 1, y: 2}
    compiled = tsir.script(changed)
    assert compiled(found, x) == 3
    assert compiled(found, y) == 4
    assert [found[x], found[y]] == [2, 3]
    assert [k.tolist() for k in found] == [[1, 1], [1, 1], [2, 2], [2, 2]]


def test_a_dict_that_is_given_back() -> None:
    def made(x: Tensor) -> Dict[Tensor, int]:
        return {x: 1}

    x = torch.ones(2)
    compiled = tsir.script(made)
    assert compiled(x)[x] == 1
    assert compiled(x)[x] == 1
    array = x.numpy()
    assert compiled(array)[array] == 1


@feature("Built-in functions", "int and float of a complex tensor")
def test_numbers_of_complex_tensors() -> None:
    def whole(x: Tensor):
        return int(x)

    def real(x: Tensor):
        return float(x)

    assert tsir.script(whole)(torch.tensor(3.7 + 0j)) == 3
    assert tsir.script(real)(torch.tensor(2.5 + 0j)) == 2.5
    for function, kind in ((whole, "int64_t"), (real, "double")):
        with pytest.raises(RuntimeError, match=f"value cannot be converted to type {kind} without overflow"):
            tsir.script(function)(torch.tensor(2 + 1j))
    assert tsir.script(whole)(torch.tensor(2.5)) == 2
