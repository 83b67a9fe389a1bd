"""Makes what `run_model.c` runs: a model compiled by tsir to MLIR and by IREE to `model.vmfb`, an input, and torch's result for it.

    python examples/iree/make_model.py FOLDER

Needs torch and iree-base-compiler (`pip install iree-base-compiler`).
"""

import sys
from pathlib import Path

import iree.compiler
import torch

import tsir

OPTIONS = [
    "--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu", "--iree-llvmcpu-target-cpu=host",
    "--iree-input-demote-f64-to-f32=false",
]  # fmt: skip


class Classifier(torch.nn.Module):
    """Ten features to four probabilities."""

    def __init__(self):
        super().__init__()
        self.hidden = torch.nn.Linear(10, 16)
        self.out = torch.nn.Linear(16, 4)

    def forward(self, x):
        return torch.softmax(self.out(torch.relu(self.hidden(x))), dim=-1)


def make(folder: Path) -> None:
    """Writes model.mlir, model.vmfb, input.f32 and expected.f32."""
    torch.manual_seed(0)
    model = Classifier().eval()
    x = torch.randn(2, 10)
    text = tsir.script(model).mlir(x)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.mlir").write_text(text, encoding="utf-8")
    (folder / "model.vmfb").write_bytes(iree.compiler.compile_str(text, extra_args=OPTIONS))
    x.numpy().tofile(folder / "input.f32")
    with torch.no_grad():
        model(x).numpy().tofile(folder / "expected.f32")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
