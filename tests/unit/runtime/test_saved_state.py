"""Modules whose compiled `__getstate__` and `__setstate__` say what is saved of them."""

import copy
from io import BytesIO
from typing import List, Tuple

import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature


class Packed(nn.Module):
    """Keeps its weight as it is used, and saves it smaller."""

    def __init__(self, scale: float):
        super().__init__()
        self.register_buffer("weight", torch.arange(3.0) * scale)
        self.scale = scale
        self.history: List[int] = [1]

    @torch.jit.export
    def __getstate__(self) -> Tuple[Tensor, float, bool]:
        return self.weight / self.scale, self.scale, self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[Tensor, float, bool]) -> None:
        self.weight = state[0] * state[1] + 1
        self.scale = state[1]
        self.history = [7]
        self.training = state[2]

    def forward(self, x: Tensor):
        self.history.append(2)
        return x + self.weight, self.history


class Holder(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Packed(2.0)
        self.others = nn.ModuleList([Packed(3.0), self.first])
        self.plain = nn.Linear(3, 3)

    def forward(self, x: Tensor):
        for layer in self.others:
            x = layer(x)[0]
        return self.plain(self.first(x)[0])


def loaded(module: tsir.ScriptModule) -> tsir.ScriptModule:
    buffer = BytesIO()
    module.save(buffer)
    buffer.seek(0)
    return tsir.load(buffer)


@feature("torch.jit's API", "`__getstate__` and `__setstate__`")
def test_of_the_module_itself():
    x = torch.ones(3)
    module = tsir.script(Packed(2.0))
    for made in (loaded(module), copy.deepcopy(module)):
        value, history = made(x)
        assert torch.equal(value, torch.arange(3.0) * 2 + 2)
        assert history == [7, 2]
    value, history = module(x)
    assert torch.equal(value, torch.arange(3.0) * 2 + 1)
    assert history == [1, 2]


def test_of_submodules_and_shared_ones():
    torch.manual_seed(0)
    x = torch.ones(3)
    original = Holder()
    module = tsir.script(original.eval())
    made = loaded(module)
    weights = torch.arange(3.0) * 3 + 1 + (torch.arange(3.0) * 2 + 1) * 2
    torch.testing.assert_close(made(x), original.plain(x + weights))
    torch.testing.assert_close(module(x), original(x))
    assert not made.first.training


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("value", torch.ones(2))

    @torch.jit.export
    def __getstate__(self):
        return (self.value, 74, self.training)

    @torch.jit.export
    def __setstate__(self, state):
        self.value = state[0] + state[1]
        self.training = state[2]

    def forward(self, x: Tensor):
        return x + self.value


class Around(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Inner()
        self.count = 1

    @torch.jit.export
    def __getstate__(self):
        return (self.count, {"one": 1}, self.training)

    @torch.jit.export
    def __setstate__(self, state):
        self.count = state[0] + state[1]["one"]
        self.training = state[2]

    def forward(self, x: Tensor):
        return self.inner(x) * self.count


def test_the_state_is_of_the_type_that_getstate_gives():
    module = tsir.script(Around())
    assert torch.equal(module(torch.zeros(2)), torch.ones(2))
    assert torch.equal(loaded(module)(torch.zeros(2)), torch.full((2,), 150.0))
    assert torch.equal(module(torch.zeros(2)), torch.ones(2))
