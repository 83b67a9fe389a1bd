"""Lists and dicts of parameters by an index or key that only the running program knows."""

# ruff: noqa  (how users write is the point here)
import copy

import pytest
import torch
import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import check
from torch import nn


def parameter(*sizes):
    return nn.Parameter(torch.randn(*sizes), requires_grad=False)


class Cross(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = layers
        self.kernels = nn.ParameterList([parameter(2, 2) for _ in range(layers)])
        self.bias = nn.ParameterList([parameter(2) for _ in range(layers)])
        self.scales = nn.ParameterDict({"a": parameter(2), "b": parameter(2)})
        self.last = nn.ModuleList([nn.Linear(2, 2), nn.ReLU()])

    def forward(self, x, n: int, name: str = "b"):
        for i in range(self.layers):
            x = x @ self.kernels[i] + self.bias[-1 - i]
        self.kernels[n].add_(1)
        return x * self.scales[name] + self.kernels[n], self.last[n - 1](x)


@feature("Modules", "parameters of a ParameterList or ParameterDict by an index or key of run time")
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("n", [0, -1, 2, 3, -7])
def test_parameters_by_number(layers, n) -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        module = Cross(layers)
        check(copy.deepcopy(module), (torch.ones(2, 2), n, "a"), tsir.script(module))
