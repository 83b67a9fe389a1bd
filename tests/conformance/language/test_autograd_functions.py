"""`torch.autograd.Function`s of users in compiled programs."""

# ruff: noqa  (how users write is the point here)
from typing import Dict, Optional

import pytest
import torch
import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()
X = torch.tensor([[-1.0, 0.25, 2.0], [0.0, 0.75, -3.0]])


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, i):
        ctx.save_for_backward(i)
        return i * torch.sigmoid(i)

    @staticmethod
    def backward(ctx, gradient):
        raise NotImplementedError


class Scale(torch.autograd.Function):
    @staticmethod
    def forward(x, k=2.0):
        return x * k

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.k = inputs[1]

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.k, None


class Clamp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, low, high):
        ctx.low, ctx.high = low, high
        ctx.wide = None
        ctx.wide = ctx.wide or high * 2
        ctx.mark_non_differentiable(x)
        ctx.set_materialize_grads(False)
        if ctx.needs_input_grad[0]:
            return x, x
        return x.clamp(ctx.low, high), x + ctx.wide

    @staticmethod
    def backward(ctx, first, second):
        return first, None, None


@feature("Functions and closures", "`apply` of the user's `torch.autograd.Function`s")
@programs(X)
def apply(x):
    first, second = Clamp.apply(x, 0.0, 0.5)
    return Swish.apply(x), Scale.apply(x, 3.0), Scale.apply(x), first, second, Clamp.apply(x, -1.0, 4.0)[1]


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(3, 3)
        self.activation = Swish.apply

    def forward(self, x):
        return Swish.apply(self.linear(x)) + self.activation(x)


@programs(X)
def rows(x):
    return torch.stack([Swish.apply(row) for row in x])


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)


def test_in_a_module():
    net = Net()
    assert torch.allclose(tsir.script(net)(X), net(X))


class Part(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))

    def shifted(self, x):
        return x + self.weight

    def forward(self, x):
        return x * self.weight


class Whole(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.part = Part()
        self.shift = self.part.shifted
        self.third = self.helper

    def helper(self, x):
        return x / 3

    def forward(self, x):
        return self.shift(x) - self.third(self.part(x))


def test_methods_of_modules_are_attributes():
    whole = Whole()
    assert torch.allclose(tsir.script(whole)(X), whole(X))


def energy_and_forces(x, forces: bool):
    energy = (x * x).sum()
    found: Dict[str, Optional[torch.Tensor]] = {"energy": energy}
    if forces:
        first, second = torch.autograd.grad(outputs=[energy], inputs=[x, x], create_graph=True, allow_unused=True)
        found["forces"] = -1 * first
    return found


def trained(x, train: bool):
    loss = (x * x).sum()
    if train:
        torch.autograd.backward([loss])
    return loss


@feature(
    "Functions and closures",
    "`torch.autograd.grad` behind conditions: raises where it is reached, for nothing records gradients",
)
@pytest.mark.parametrize("function", [energy_and_forces, trained])
def test_gradients_raise_where_they_are_asked_for(function):
    x = torch.tensor([1.0, 2.0])
    check(function, (x, False))
    for run in (function, tsir.script(function)):
        with pytest.raises(RuntimeError, match="element 0 of tensors does not require grad and does not have a grad_fn"):
            run(x, True)
