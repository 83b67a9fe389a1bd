"""Modules that torch.jit has scripted, traced or loaded, given to tsir or parts of modules that are."""

import io
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import tsir

X = torch.arange(6.0).reshape(3, 2)


class Declared(torch.jit.ScriptModule):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 2)

    @torch.jit.script_method
    def forward(self, x: Tensor):
        return self.linear(x) + torch.ones(2)


def made(how: str) -> Any:
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    if how == "declared":
        return Declared()
    if how == "scripted":
        return torch.jit.script(module)
    traced = torch.jit.trace(module.eval(), X)
    if how == "traced":
        return traced
    buffer = io.BytesIO()
    torch.jit.save(traced, buffer)
    buffer.seek(0)
    return torch.jit.load(buffer)


@pytest.mark.parametrize("how", ["declared", "scripted", "traced", "loaded"])
def test_modules_of_torch_jit_share_their_tensors_with_what_is_compiled_of_them(how: str):
    module = made(how)

    class Holder(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = module
            self.outer = nn.Linear(2, 1)

        def forward(self, x: Tensor):
            return self.outer(self.inner(x))

    holder = Holder()
    alone, inside, traced = tsir.script(module), tsir.script(holder), tsir.trace(holder, X)
    for _ in range(2):
        expected = module(X)
        assert torch.allclose(alone(X), expected, atol=1e-4)
        assert torch.allclose(inside(X), holder.outer(expected), atol=1e-4)
        assert torch.allclose(traced(X), holder.outer(expected), atol=1e-4)
        with torch.no_grad():
            for p in module.parameters():
                p.add_(1.0)
    names = [n for n, _ in module.named_parameters()]
    assert [n for n, _ in alone.named_parameters()] == names
    assert [n for n, _ in inside.named_parameters()] == ["inner." + n for n in names] + ["outer.weight", "outer.bias"]
