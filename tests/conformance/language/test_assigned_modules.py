"""Submodules and tensors of modules that programs assign: `self.act = nn.Identity()`, `self.weight.data = ...`, `buffer.set_()`."""

import copy
import io

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same


class Swapping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.second = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
        self.current = self.first
        self.act = nn.ReLU()
        self.spare = None
        self.layers = nn.ModuleList([nn.Linear(2, 2), nn.Tanh()])
        self.named = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2, bias=False)})
        self.calls = 0

    def drop(self) -> None:
        self.act = nn.Identity()

    def forward(self, x: Tensor, at: int):
        x = self.act(self.current(x))
        self.current = self.second if self.calls % 2 == 0 else self.first
        self.named["a"], self.named["b"] = self.named["b"], self.named["a"]
        x = self.named["a"](x)
        for layer in self.layers:
            x = layer(x)
        self.layers[at] = self.first
        if self.spare is not None:
            x = x + self.spare(x)
        else:
            self.spare = self.first
        if hasattr(self, "extra"):
            x = self.extra(x) * self.extra.weight.sum()
        if self.calls == 1:
            self.drop()
            self.extra = self.first
        if self.calls == 3:
            self.spare = None
        self.calls += 1
        return x


@feature("Modules", "submodules that methods assign: others, new ones without parameters, items of containers, None")
def test_submodules_that_are_assigned() -> None:
    torch.manual_seed(0)
    eager = Swapping()
    scripted = tsir.script(copy.deepcopy(eager))
    x = torch.tensor([[1.0, -2.0]])
    for at in (1, -1, 0, -2, 1):
        assert_same(scripted(x, at), eager(x, at))
    assert scripted.act.original_name == "Identity" and scripted.spare.weight.shape == (2, 2)
    assert [n for n, _ in scripted.named_parameters()] == [n for n, _ in eager.named_parameters()]
    file = io.BytesIO()
    tsir.save(scripted, file)
    file.seek(0)
    assert_same(tsir.load(file)(x, 0), eager(x, 0))
    with pytest.raises(IndexError):
        scripted(x, 2)


class Optional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.extra = None

    def forward(self, x: Tensor):
        if self.extra is not None:
            return self.extra(x)
        self.extra = self.first
        return x


class Late(nn.Module):
    def forward(self, x: Tensor):
        self.kept = x
        return x + self.kept


def test_assigned_submodules_in_torchscript_archives(tmp_path) -> None:
    path, eager, x = tmp_path / "m.pt", Optional(), torch.ones(2)
    tsir.script(copy.deepcopy(eager)).save_torchscript(path)
    loaded = torch.jit.load(path)
    for _ in range(2):
        assert_same(loaded(x), eager(x))
    with pytest.raises(tsir.TsirError, match="no attribute that an object may be without, as 'kept' of Late is"):
        tsir.script(Late()).save_torchscript(path)


class Rebound(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(2)])
        self.scale = nn.Parameter(torch.ones(2))
        self.register_buffer("state", torch.zeros(2))
        self.register_buffer("other", torch.zeros(2, 3))

    def forward(self, x: Tensor, twice: bool):
        before = self.state.view(-1)
        self.scale.data = x[0] * 2
        self.state.set_(x)
        before += 5
        x.add_(1)
        for layer in self.layers:
            layer.weight.data.mul_(0.5)
            layer.weight.data = layer.weight.data.clamp(-0.1, 0.1)
        if twice:
            self.other.t_()
        for p in self.layers.parameters():
            p.data = p.data * 2
        local = x.clone()
        local.data = self.state
        return before, self.scale + self.state, self.layers[0](x), self.layers[1](x), self.other, local


@feature("Modules", "`parameter.data = ...`, `buffer.set_(...)` and other changes of a buffer's sizes in place")
def test_tensors_of_modules_that_get_other_memory() -> None:
    torch.manual_seed(0)
    eager = Rebound()
    scripted = tsir.script(copy.deepcopy(eager))
    for twice in (True, False, True):
        theirs, ours = torch.ones(2, 2), torch.ones(2, 2)
        expected = eager(theirs, twice)
        assert_same(scripted(ours, twice), expected)
        assert_same(ours, theirs)
    assert_same(scripted.state, eager.state)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(2, 2), nn.Linear(2, 2)
        self.b.weight = self.a.weight

    def forward(self, x: Tensor):
        self.a.weight.data = x
        return self.b(x)


class Held(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("state", torch.zeros(2))

    def forward(self, x: Tensor):
        held = [self.state]
        self.state.data = x
        return held[0]


@pytest.mark.parametrize("module", [Tied, Held])
def test_tensors_that_something_else_knows_get_no_other_memory(module) -> None:
    with pytest.raises(tsir.TsirError, match="that something else knows too"):
        tsir.script(module())(torch.ones(2, 2))
