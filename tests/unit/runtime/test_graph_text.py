"""The texts of a compiled module's stages verify by themselves, and ts-opt's pipeline gives what the runtime compiles."""

import pytest
import torch
from torch import nn

import tsir
from tests.models.vision import LeNet, SimpleNet
from tsir.runtime.api import parse_ir


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.items = nn.ModuleList([nn.Linear(3, 3), nn.LayerNorm(3)])
        self.scale = 2.0

    def forward(self, x):
        for item in self.items:
            x = item(x) * self.scale
        return {"x": x}


@pytest.mark.parametrize("make", [SimpleNet, LeNet, Block], ids=lambda make: make.__name__)
@pytest.mark.parametrize("how", ["script", "trace"])
def test_graphs_verify_by_themselves(make, how):
    model = make().eval()
    x = torch.ones(1, 1, 28, 28) if make is LeNet else torch.ones(1, 10) if make is SimpleNet else torch.ones(2, 3)
    compiled = tsir.script(model) if how == "script" else tsir.trace(model, x, strict=False)
    for graph in (compiled.graph, compiled.inlined_graph, compiled.ir):
        assert "ts.aten" in str(parse_ir(str(graph))) or "func.call" in str(graph)
        parse_ir(graph.text(debuginfo=True))


def test_specialized_stage_is_before_the_lowering():
    stages = tsir.script(SimpleNet().eval()).stages(torch.ones(1, 10))
    assert "ts.aten.relu" in stages.specialized and "linalg" not in stages.specialized
    assert "ts.aten" not in stages.linalg and "linalg.generic" in stages.linalg
