"""A small module for the tools' tests; run as a script it writes the module's archive and an input to the folder that it's given."""

import sys
from pathlib import Path

import torch
from torch import nn


class SimpleNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(3, 2)
        self.fc2 = nn.Linear(2, 1)
        for i, parameter in enumerate(self.parameters()):
            nn.init.constant_(parameter, i + 1.0)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


if __name__ == "__main__":
    import numpy

    import tsir

    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    compiled = tsir.script(SimpleNet().eval())
    compiled.save(folder / "m.pt")
    (folder / "graph.mlir").write_text(str(compiled.graph))
    (folder / "inlined.mlir").write_text(str(compiled.inlined_graph))
    numpy.save(folder / "x.npy", numpy.ones((1, 3), "float32"))
