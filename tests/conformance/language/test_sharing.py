"""Who shares memory with whom: results that are new tensors, and a module's attributes that are views of one another."""

from typing import Any, List

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature


class Box:
    def __init__(self, t: Tensor):
        self.t = t


def times_one(x: Tensor):
    return x * 1


def plus_zero(x: Tensor):
    return [x.long() + 0, x.long()]


def in_an_object(x: Tensor):
    box = Box(x * 1)
    return x, box.t


def seen_through_views(x: Tensor):
    return (x * 1).view(-1), (x * 1)[0], x.t()


def in_a_branch(x: Tensor):
    y = x * 1 if bool(x.sum() > 0) else x + 1
    return y, x


def in_a_loop(x: Tensor):
    y = x
    for _ in range(2):
        y = y * 1
    return [y], x


def tensors_in(value: Any) -> List[Tensor]:
    return [value] if isinstance(value, Tensor) else [t for v in value for t in tensors_in(v)]


@feature("Aliasing and mutation", "what an operator computes is a new tensor, also where nothing changes (`x * 1`)")
@pytest.mark.parametrize("function", [times_one, plus_zero, in_an_object, seen_through_views, in_a_branch, in_a_loop])
def test_results_share_what_they_share_in_torch(function):
    shared: list[list[bool]] = []
    for call in (function, tsir.script(function)):
        x = torch.ones(2, 3)
        storages = [t.untyped_storage().data_ptr() for t in (*tensors_in(call(x)), x)]
        shared.append([a == b for a in storages for b in storages])
    assert shared[0] == shared[1]


class Shares(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.arange(9.0).reshape(3, 3))
        self.row = self.table[1]
        self.held: List[Tensor] = [self.table, torch.ones(3)]


class WritesListElements(Shares):
    def forward(self, x: Tensor):
        for t in self.held:
            t.add_(1.0)
        return x + self.table * 2


class WritesTheBase(Shares):
    def forward(self, x: Tensor):
        before = self.row * 2
        self.table.add_(1.0)
        return x + self.held[0] * 2, before + self.row * 2


class WritesTheView(Shares):
    def forward(self, x: Tensor):
        self.held[0].add_(x)
        before = self.table * 2
        self.row.add_(1.0)
        return before + self.table * 2


class ExchangesViews(Shares):
    def forward(self, x: Tensor):
        self.row.add_(1.0)
        y = x + self.table * 2
        self.row = self.table[0]
        return y


@feature("Aliasing and mutation", "attributes of modules that are views of one another")
@pytest.mark.parametrize("kind", [WritesListElements, WritesTheBase, WritesTheView, ExchangesViews])
def test_attributes_that_share_memory(kind):
    eager, scripted, x = kind(), tsir.script(kind()), torch.ones(3, 3)
    for _ in range(3):
        torch.testing.assert_close(scripted(x), eager(x))
        torch.testing.assert_close((scripted.table, scripted.row, scripted.held), (eager.table, eager.row, eager.held))


def views_of_itself(x: Tensor):
    return x.view(2, 3), x.detach(), x.data, x[...], x[:], x.view_as(x), x.squeeze(), x.expand_as(x), x.t().t(), x[0:2]


def handed_back(x: Tensor):
    return x, x.contiguous(), x.to(x.dtype), x.float(), x.add_(1.0)


def views_in_containers(x: Tensor):
    box = Box(x.detach())
    return [x.view(2, 3), x], {"t": x[:]}["t"], box.t, x.view(2, 3) is x, x is x


@feature("Aliasing and mutation", "a view is another object than what it is a view of (`x.detach() is x`)")
@pytest.mark.parametrize("function", [views_of_itself, handed_back, views_in_containers])
def test_views_are_other_objects(function):
    found: list[list[bool]] = []
    for call in (function, tsir.script(function)):
        x = torch.ones(2, 3)
        result = call(x)
        given = [t for part in result for t in (part if isinstance(part, list) else [part])]
        tensors = [t for t in given if isinstance(t, Tensor)]
        assert all(t.untyped_storage().data_ptr() == x.untyped_storage().data_ptr() for t in tensors)
        found.append([t is x for t in tensors] + [t for t in given if isinstance(t, bool)])
    assert found[0] == found[1]


def views_converted(x: Tensor):
    v, made = x[0], x + 1
    return v, v.to(v), v.to(x.dtype), v.float(), v.type_as(x), v.to(x, copy=True), v.double(), made, made.to(made)


def test_conversions_to_the_own_dtype_are_the_tensor():
    def same(result: Any) -> list[list[int]]:
        return [[i for i, u in enumerate(result) if u is t] for t in result]

    assert same(tsir.script(views_converted)(torch.ones(2, 3))) == same(views_converted(torch.ones(2, 3)))


def test_detached_arguments_need_no_gradient():
    def parts(x: Tensor):
        return x.detach(), x.data

    assert not any(t.requires_grad for t in tsir.script(parts)(torch.ones(2, 3, requires_grad=True)))
