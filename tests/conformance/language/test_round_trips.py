"""`.code` of what was traced or loaded, and of modules with their submodules: it compiles again to the same."""

import copy
import io
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language import printed
from tests.models.comparison import assert_same

X = torch.arange(6.0).reshape(2, 3) / 7


def stepwise(x: Tensor, n: int) -> Tensor:
    for i in range(n):
        if i > 2:
            break
        x = torch.nn.functional.gelu(x) + i
    return x


def paired(x: Tensor, y: Tensor) -> tuple[tuple[Tensor, tuple[Tensor, Tensor]], Tensor]:
    z = torch.cat([x, y], 1)[:, 1:4]
    z = z.view(-1, z.shape[1]) @ torch.ones(3, 2)
    return (z, (x + 1, z.mean())), torch.where(x > 0, x, -y)


class Part(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.factor = 2
        self.register_buffer("shift", torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.scaled(self.linear(x)) + self.shift

    def scaled(self, x: Tensor, by: int = 3) -> Tensor:
        return x * self.factor * by

    @torch.jit.export
    def chosen(self, x: Tensor, plain: bool = False) -> Tensor:
        return x if plain else self.scaled(x, by=1)


class Whole(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.part = Part()
        self.parts = nn.ModuleList([Part(), Part()])
        self.steps = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Dropout(0.1))
        self.named = nn.ModuleDict({"x": nn.Linear(4, 3)})
        self.normalised = nn.BatchNorm1d(1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        for i, part in enumerate(self.parts):
            x = part(x)
            if i == 0:
                x = x.relu()
        y = self.named["x"](self.steps(self.part.chosen(x)))
        return y, self.normalised(y.unsqueeze(1))


def loaded(compiled: Any) -> Any:
    return tsir.load(io.BytesIO(compiled.save_to_buffer()))


@pytest.mark.parametrize("way", [lambda f: f, loaded], ids=["scripted", "loaded"])
def test_functions(way: Any, tmp_path: Path) -> None:
    compiled = tsir.script(stepwise)
    code = way(compiled).code
    again = tsir.script(printed.imported(tmp_path, code).stepwise)
    for n in (0, 2, 5):
        assert_same(again(X, n), stepwise(X, n))
    assert code == compiled.code


def test_traced_functions(tmp_path: Path) -> None:
    module = printed.imported(tmp_path, tsir.trace(paired, (X, X)).code)
    for function in (module.paired, tsir.script(module.paired)):
        assert_same(function(X, X + 1), paired(X, X + 1))


@pytest.mark.parametrize("how", ["scripted", "traced", "loaded"])
def test_modules(how: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    eager = Whole().eval()
    own = copy.deepcopy(eager)
    compiled = tsir.trace(own, X) if how == "traced" else tsir.script(own)
    if how == "loaded":
        compiled = loaded(compiled)
    rebuilt = tsir.script(printed.rebuilt(tmp_path, compiled))
    assert_same(rebuilt(X), eager(X))
