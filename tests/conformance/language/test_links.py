"""Links between tensors that are made while a module is used, or that it had when it was saved or copied, are seen as in torch."""

import copy
import io
from typing import Any, Dict, List

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature


class Linked(nn.Module):
    """`b` is only read; what else may be written may come to be a part of it."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("b", torch.arange(6.0).reshape(2, 3))
        self.p = nn.Parameter(torch.arange(6.0).reshape(2, 3), requires_grad=False)
        self.a = torch.zeros(3)
        self.held: List[Tensor] = [torch.zeros(3)]
        self.table: Dict[str, Tensor] = {"q": torch.zeros(3)}

    @torch.jit.export
    def row(self) -> None:
        self.a = self.b[0]

    @torch.jit.export
    def itself(self) -> None:
        self.a = self.b

    @torch.jit.export
    def parameter(self) -> None:
        self.a = self.p[0]
        self.held.append(self.p[1])

    @torch.jit.export
    def in_list(self) -> None:
        self.held.append(self.b[1])

    @torch.jit.export
    def in_dict(self) -> None:
        self.table["q"] = self.b[1]

    @torch.jit.export
    def bump(self) -> None:
        self.a.add_(1.0)

    def forward(self, x: Tensor):
        before = torch.relu(self.b) * 2, torch.relu(self.p) * 2
        self.a.add_(1.0)
        for t in self.held:
            t.add_(2.0)
        self.table["q"].add_(4.0)
        return x + torch.relu(self.b), before, torch.relu(self.p)


class Around(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linked = Linked()
        self.e = self.linked.b[1]

    @torch.jit.export
    def row(self) -> None:
        self.linked.a = self.e

    def forward(self, x: Tensor):
        before = self.linked.b * 2
        self.e.add_(1.0)
        return before, self.linked(x), self.e * 2


class Reading(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = torch.ones(3)
        self.b = self.a
        self.linear = nn.Linear(3, 3)

    @torch.jit.export
    def write(self) -> None:
        self.a.add_(1.0)

    def forward(self, x: Tensor):
        return self.linear(torch.relu(self.b) * 2) + x


class Writing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("b", torch.arange(9.0).reshape(3, 3))
        self.linear = nn.Linear(3, 3)
        self.requires_grad_(False)

    @torch.jit.export
    def give(self) -> Tensor:
        return self.b

    def forward(self, x: Tensor):
        before = self.b * 2, self.linear(self.b)
        x.add_(1.0)
        return before, self.b * 2, self.b + x, self.linear(self.b)


def same(a: Any, b: Any) -> bool:
    torch.testing.assert_close(a, b)
    return True


def loaded(module: Any) -> Any:
    file = io.BytesIO()
    tsir.save(module, file)
    file.seek(0)
    return tsir.load(file)


def as_it_is(module: Any) -> Any:
    return module


COPIES = [as_it_is, loaded, copy.deepcopy]


@feature("Aliasing and mutation", "links between attributes that are made when a module runs (`self.a = self.b[0]`)")
@pytest.mark.parametrize("link", ["row", "itself", "parameter", "in_list", "in_dict"])
@pytest.mark.parametrize("before", COPIES, ids=lambda f: f.__name__)
def test_links_between_attributes(before, link):
    eager, scripted, x = Linked(), before(tsir.script(Linked())), torch.ones(3)
    same(scripted(x), eager(x))
    for module in (eager, scripted):
        getattr(module, link)()
    for _ in range(3):
        same(scripted(x), eager(x))
    for module in (eager, scripted):
        module.bump()
    same(scripted(x), eager(x))
    same(list(scripted.state_dict().values()), list(eager.state_dict().values()))


@feature("Aliasing and mutation", "saved and copied modules whose attributes are views of one another")
@pytest.mark.parametrize("kind", [Linked, Around])
@pytest.mark.parametrize("travel", COPIES, ids=lambda f: f.__name__)
def test_links_that_travel(travel, kind):
    eager, scripted, x = kind(), tsir.script(kind()), torch.ones(3)
    for module in (eager, scripted):
        module.row()
        module(x)
    scripted = travel(scripted)
    for _ in range(2):
        same(scripted(x), eager(x))
    if kind is Around:
        part, whole = loaded(scripted.linked), eager.linked
        for _ in range(2):
            same(part(x), whole(x))


@pytest.mark.parametrize("travel", COPIES, ids=lambda f: f.__name__)
def test_what_other_methods_write(travel):
    eager = Reading()
    scripted, x = travel(tsir.script(copy.deepcopy(eager))), torch.ones(3)
    for _ in range(3):
        same(scripted(x), eager(x))
        for module in (eager, scripted):
            module.write()


@feature("Aliasing and mutation", "arguments that are views of the module's own parameters and buffers")
@pytest.mark.parametrize("travel", COPIES, ids=lambda f: f.__name__)
def test_arguments_that_are_weights(travel):
    eager = Writing()
    scripted = travel(tsir.script(copy.deepcopy(eager)))
    give = [
        lambda _: torch.ones(3), lambda m: m.b, lambda m: m.b[0], lambda m: m.give(), lambda m: m.linear.weight,
        lambda m: m.linear.bias, lambda _: torch.ones(3),
    ]  # fmt: skip
    for argument in give * 2:
        same(scripted(argument(scripted)), eager(argument(eager)))


def add_one(x: Tensor):
    x.add_(1.0)


def test_weights_that_another_function_writes():
    eager = Reading()
    scripted, written = tsir.script(copy.deepcopy(eager)), tsir.script(add_one)
    for _ in range(3):
        same(scripted(torch.ones(3)), eager(torch.ones(3)))
        add_one(eager.linear.weight.data)
        written(scripted.linear.weight.data)


class TwoNames(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first: List[int] = [1]
        self.second = self.first

    def forward(self):
        self.first.append(2)
        return len(self.second), self.second[-1]


@feature("Aliasing and mutation", "two attributes that are one list")
@pytest.mark.parametrize("travel", COPIES, ids=lambda f: f.__name__)
def test_two_names_of_a_list(travel):
    eager, scripted = TwoNames(), travel(tsir.script(TwoNames()))
    for _ in range(3):
        assert scripted() == eager()


class Strided(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.t = torch.arange(6.0).reshape(2, 3).t()
        self.expanded = torch.ones(1, 3).expand(2, 3)

    def forward(self):
        return self.t.stride(), self.expanded.stride(), self.t.is_contiguous(), self.t


def test_strides_are_saved():
    eager, scripted = Strided(), tsir.script(Strided())
    for module in (scripted, loaded(scripted), copy.deepcopy(scripted), loaded(loaded(scripted))):
        same(module(), eager())
