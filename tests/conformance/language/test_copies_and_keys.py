"""Copies by `copy`, objects with `__eq__` as keys and in sets, `__setattr__`, factories' `out=`, autocast that changes nothing."""

import copy
import dataclasses
from typing import Dict, List

import pytest
import torch
from torch import Tensor

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()
X = torch.tensor([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])


class Node:
    def __init__(self, v: int):
        self.v = v
        self.kids: List[Node] = []


class OwnCopies:
    def __init__(self, v: List[int]):
        self.v = v

    def __copy__(self):
        return OwnCopies([*self.v, 0])

    def __deepcopy__(self, memo):
        return OwnCopies([x * 2 for x in self.v])


@feature("Standard library", "copy.copy, copy.deepcopy, of objects too, `__copy__`, `__deepcopy__`")
@programs(3)
def copies(n: int):
    a = Node(n)
    a.kids.append(Node(1))
    b, c = copy.copy(a), copy.deepcopy(a)
    b.kids.append(Node(2))
    c.kids.append(Node(3))
    c.kids[0].v, b.v = 9, 7
    p = OwnCopies([1, n])
    nested = [[1, 2], [n]]
    deep, flat = copy.deepcopy(nested), copy.copy(nested)
    deep[0].append(9)
    flat[0].append(7)
    return (
        [len(a.kids), len(b.kids), len(c.kids), a.kids[0].v, c.kids[0].v, a.v],
        copy.copy(p).v, copy.deepcopy(p).v, nested, deep, flat, copy.copy((1, [2])), copy.deepcopy("a"), copy.copy(n),
    )  # fmt: skip


@programs(torch.ones(2), {"a": [torch.ones(2)]})
def copies_of_tensors(x: Tensor, d: Dict[str, List[Tensor]]):
    e, f = copy.deepcopy(d), copy.copy(d)
    e["a"][0].add_(5)
    f["a"][0].add_(1)
    shared = copy.deepcopy([x, x])
    shared[0].add_(3)
    y = copy.deepcopy(x)
    y += 1
    return d, e, f, shared, x, y, copy.deepcopy((4, [x])), copy.copy(x).add_(1), x


class Point:
    def __init__(self, k: int, v: int):
        self.k = k
        self.v = v

    def __eq__(self, other):
        return isinstance(other, Point) and self.k == other.k

    def __hash__(self):
        return hash(self.k)


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: int
    b: str = ""
    twice: int = 0

    def __post_init__(self):
        object.__setattr__(self, "twice", self.a * 2)


@feature(
    "Classes",
    "objects with `__eq__` and `__hash__` in sets and as keys: written out, set operators, methods and comparisons",
)
@programs(3)
@programs(1)
def sets_of_objects(n: int):
    s, t = {Point(1, 1), Point(1, 2), Point(n, 3)}, {Point(1, 9), Point(8, 8)}
    return (
        [len(s), len(s & t), len(s | t), len(s - t), len(s ^ t)], sorted([p.k for p in s | t]), Point(1, 0) in s,
        [s == {Point(1, 5), Point(n, 0)}, s != t, s <= t, s < {*s, Point(99, 0)}, s >= {Point(1, 0)}, s > t],
        [len(s.union(t)), len(s.intersection(t)), s.issubset(t), s.isdisjoint({Point(77, 0)}), s.isdisjoint(t)],
    )  # fmt: skip


@programs(3)
def dicts_of_objects(n: int):
    d = {Point(1, 1): "a", Point(n, 3): "b"}
    d[Point(1, 7)] = "c"
    f = {Frozen(1, "x"): 1, Frozen(n, "y"): 2}
    return (
        len(d),
        d[Point(1, 0)],
        d.get(Point(9, 9)),
        [k.v for k in d],
        f[Frozen(n, "y")],
        len({Frozen(1), Frozen(1)}),
        Frozen(4),
    )


class Counting:
    def __init__(self, v: int):
        super().__setattr__("count", 0)
        self.v = v

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        super().__setattr__("count", self.count + 1)


class Checked:
    def __init__(self, v: int):
        self.v = v

    def __setattr__(self, name, value):
        if name == "v" and value < 0:
            raise ValueError("negative")
        object.__setattr__(self, name, value)


@feature("Classes", "`__setattr__`, `object.__setattr__`")
@programs(3)
@programs(-3)
def set_attributes(n: int):
    a, b = Counting(n), Checked(1)
    a.v = 5
    a.v += 1
    b.v = n
    return a.count, a.v, b.v


@feature("Tensors in programs", "`out=` of zeros, ones, full, arange, linspace, eye")
@programs(X.clone())
def factories_into(x: Tensor):
    out = torch.empty(3)
    made = torch.zeros(3, out=out)
    n = torch.arange(3, out=torch.empty(3, dtype=torch.int64))
    torch.full((2, 3), 7.0, out=x)
    return out, made.add_(1), out, n, torch.ones(2, out=torch.empty(2)), torch.linspace(0, 1, 3, out=torch.empty(3)), x


@feature("Context managers", "`with torch.autocast(...)` where it changes nothing on the CPU")
@programs(X)
def without_autocast(x: Tensor):
    with torch.autocast("cpu", enabled=False):
        y = x @ x.t()
    with torch.amp.autocast(device_type="cpu", dtype=torch.bfloat16, enabled=False):
        y = y * 2
    return y, x.is_mps, x.is_xpu, x.grad_fn is None


@programs.parametrized()
def test_programs(function, arguments):
    check(function, arguments)


def autocast_on_the_cpu(x: Tensor):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return x @ x.t()


@feature("Messages for what isn't supported", "autocast on the CPU")
def test_refused() -> None:
    with pytest.raises(tsir.TsirError, match="autocast on the CPU isn't supported"):
        tsir.script(autocast_on_the_cpu)
