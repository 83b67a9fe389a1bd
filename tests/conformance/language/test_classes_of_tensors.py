"""Of which class a tensor is: `isinstance` with torch's classes for parameters, and with those for tensors of one dtype."""

from typing import Optional

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()
X = torch.arange(4.0).view(2, 2)


@feature("Type refinement", "`isinstance` with `torch.FloatTensor` and its like, which is about the dtype")
@programs(X, 3)
@programs(X.long(), 4)
@programs(X.double(), 5)
@programs(X > 1, 6)
def by_dtype(x: Tensor, n: int):
    if isinstance(x, torch.LongTensor):
        x = x + 1
    elif isinstance(x, (torch.DoubleTensor, torch.BoolTensor)):
        x = x * 2
    one_of_several = isinstance(x, (int, torch.FloatTensor, torch.HalfTensor))
    return x, one_of_several, isinstance(x, (Tensor, torch.ByteTensor)), isinstance(n, (int, torch.IntTensor))


@programs.parametrized()
def test_as_in_python(function, arguments) -> None:
    check(function, arguments)


def is_parameter(x: Tensor) -> bool:
    return isinstance(x, nn.Parameter)


class Held(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.register_buffer("scale", torch.ones(2))
        self.linear = nn.Linear(2, 2)
        self.bias: Optional[nn.Parameter] = None

    def counted(self) -> int:
        n = 0
        for p in self.parameters():
            if isinstance(p, nn.Parameter):
                n += 1
        return n

    def forward(self, x: Tensor):
        return (
            isinstance(self.weight, nn.Parameter), isinstance(self.scale, nn.Parameter), is_parameter(self.linear.weight),
            is_parameter(self.scale), is_parameter(x), isinstance(self.weight * 2, nn.Parameter), isinstance(self.bias, nn.Parameter),
            isinstance(self.scale, nn.Buffer), isinstance(self.weight, Tensor), self.counted(),
        )  # fmt: skip


@feature("Type refinement", "`isinstance` with `nn.Parameter` and `nn.Buffer`")
def test_parameters() -> None:
    assert tsir.script(Held())(X) == Held()(X)


def of_one_dtype(x: Optional[Tensor]) -> bool:
    return isinstance(x, torch.FloatTensor)


def differentiated(x: Tensor):
    return torch.autograd.grad([x.sum()], [x])


def test_what_is_not_known() -> None:
    with pytest.raises(tsir.TsirError, match=r"(?s)of a value that may be something else.*ask for torch.Tensor first"):
        tsir.script(of_one_dtype)
    with pytest.raises(RuntimeError, match=r"(?s)torch.autograd.grad.*computes no gradients"):
        tsir.script(differentiated)(torch.ones(2))
