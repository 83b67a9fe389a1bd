"""Lists and tuples of slices whose length, or which item of them is changed, only the running program knows; slices in variables."""

# ruff: noqa  (how users write is the point here)
from typing import *

import pytest
import torch
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same
from torch import Tensor, nn

import tsir

programs = Programs()
X = torch.arange(24.0).reshape(2, 3, 4)


@feature("Tensors in programs", "lists of slices of a length known at run time, as an index")
@programs(X, 1, 0, 2)
@programs(X, -1, 1, 3)
@programs(X[0], 0, 1, 2)
def taken(x: Tensor, dim: int, a: int, b: int):
    sl = [slice(None)] * x.dim()
    sl[dim] = slice(a, b)
    part = x[tuple(sl)]
    sl[dim] = a
    return part, x[tuple(sl)], sl[0] is None, isinstance(sl[-1], slice), len(sl)


@programs(X, 1)
@programs(X[0], 0)
def differences(x, dim: int):
    lo, hi = [slice(None)] * x.ndim, [slice(None)] * x.ndim
    lo[dim], hi[dim] = slice(None, -1), slice(1, None)
    return x[tuple(hi)] - x[tuple(lo)], lo[dim].stop, hi[dim].start, f"{lo[dim]}"


@programs(X, 1, 3.0)
@programs(X[0], -1, 2.0)
def assigned(x, dim: int, v: float):
    sl = []
    for i in range(x.dim()):
        sl.append(slice(0, -1) if i == dim % x.dim() else slice(None))
    y = x.clone()
    y[tuple(sl)] = v
    y[tuple(sl)] += x[tuple(sl)]
    return y


@programs(X, torch.tensor([0, 1]), torch.tensor([True, False]))
@programs(X[0], torch.tensor([2, 1]), torch.tensor([[True, False, True, False]] * 3))
def with_tensors(x, rows, mask):
    sl = [slice(None)] * x.dim()
    sl[-1] = rows
    y, first = x.clone(), x[tuple(sl)]
    sl = [slice(0, None)] * (x.dim() - mask.dim())
    sl.insert(0, mask)
    y[tuple(sl)] = 0.0
    sl.append(None)
    return y, first, x[tuple(sl)]


@feature("Tensors in programs", "tuples of slices, None and ... of a length known at run time")
@programs(X, 1, 1)
@programs(X, 0, 1)
def tuples(x, axis: int, i: int):
    where = (slice(None),) * axis
    return (
        x[where + (i,)], x[where + (slice(i, i + 1), Ellipsis)], x[(...,) + (None,) * i], x[(..., *[None] * i, 0)],
        x[tuple(slice(0, s - axis) for s in x.shape)],
    )  # fmt: skip


@programs(X, [1, -1, 2])
@programs(X, [-1, -1])
def of_several_types(x, dims: List[int]):
    first, second = [], []
    for d in dims:
        first.append(slice(None) if d < 0 else d)
        if d >= 0:
            second.append(d)
        else:
            second.append(slice(d, None))
    second.append(...)
    return x[tuple(first)], x[tuple(second)]


@programs(X, [0, 1, 1])
def annotated(x, pad: List[int]):
    cuts: List[slice] = []
    for p in pad:
        cuts.append(slice(p, -p) if p > 0 else slice(None))
    return x[tuple(cuts)], x[:, cuts[1]], [5, 6, 7][cuts[1]], "text"[cuts[2]], [x.size(0), 2, 3][cuts[0]]


@feature("Assignment", "a slice that a branch chooses")
@programs(X, True, 0)
@programs(X, False, 1)
def chosen(x, flag: bool, i: int):
    s = slice(0, 1) if flag else slice(1, None, 2)
    t = slice(0, 1) if flag else i
    u = ...
    if flag:
        u = slice(i, 2)
    return x[s], x[t], x[:, s], x[u, 0]


@programs(X, 2)
def in_containers(x, n: int):
    parts, named = [], {}
    for i in range(n):
        parts.append((slice(i, i + 1), slice(0, 2)))
        named[i] = slice(0, i)
    return [x[p] for p in parts], [x[a, b] for a, b in parts], [x[v] for v in named.values()], x[0, named[1]]


@programs(X, 1, 2)
@programs(X, 0, 0)
@programs(X, 0, -1)
def stepped(x, dim: int, step: int):
    sl = [slice(None)] * x.dim()
    sl[dim] = slice(None, None, step)
    return x[tuple(sl)]


@programs([1, 2])
def given_out(stops: List[int]):
    return [slice(0, s) for s in stops]


@programs(X)
@programs(X, 1)
@programs(X, 1, 2)
def of_variable_arguments(x, *shape: int):
    return x[tuple(slice(0, s) for s in shape)]


def crop(x: Tensor, dim: int, a: int, b: int):
    sl = [slice(None)] * x.dim()
    sl[dim] = slice(a, b)
    return x[tuple(sl)]


class Cropping(nn.Module):
    def __init__(self):
        super().__init__()
        self.rows = slice(0, 1)
        self.corner = (slice(None), slice(0, 2))

    def forward(self, x, dim: int):
        return crop(x, dim, 0, 1) + crop(x, 0, 0, 1)[..., :1], x[self.rows], x[self.corner]


@programs(torch.arange(4.0), 1)
@programs(torch.arange(4.0), 0)
def compared(x: Tensor, i: int):
    parts = [slice(0, 2), slice(i, 3)]
    mixed = [slice(0, i), 2, ..., None]
    same = slice(0, 2) == parts[0], parts[i] == slice(0, 2), parts[1] != slice(i, 3), slice(0, i) == slice(0, i, None)
    return same, [m == slice(0, i) for m in mixed], [slice(0, 1) != m for m in mixed], slice(0, i) == i


@programs.parametrized()
def test_slices(function, arguments) -> None:
    check(function, arguments)


def test_slices_of_a_module() -> None:
    check(Cropping(), (X, 1))


def test_too_many_indices() -> None:
    check(crop, (X, -1, 0, 1))
    check(lambda_of(4), (X,))


def lambda_of(count: int):
    def longer(x, n: int = count):
        return x[(slice(None),) * n]

    return longer


class Parts(nn.Module):
    def __init__(self, cut: int) -> None:
        super().__init__()
        self.parts = [slice(0, cut), slice(cut, None)]
        self.named = {"first": slice(0, 1), "all": ...}

    def forward(self, x: Tensor, i: int, name: str):
        return (
            [x[s] for s in self.parts],
            x[self.parts[i]],
            x[self.named[name]],
            self.parts[i].stop,
            self.parts[0] == slice(0, 2),
        )


@feature("Modules", "lists and dicts of slices, indexed by what only the running program knows")
def test_slices_of_modules():
    modules = Parts(2), Parts(3)
    for module, compiled in zip(modules, [tsir.script(m) for m in modules]):
        for i, name in ((0, "first"), (1, "all")):
            assert_same(compiled(torch.arange(6.0), i, name), module(torch.arange(6.0), i, name))
