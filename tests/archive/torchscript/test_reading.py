"""TorchScript archives in: programs saved by torch.jit.save give torch.jit's results when tsir has loaded them."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.archive.torchscript.comparing import compare, saved
from tests.unit.test_without_torch import NO_TORCH


class Stateful(nn.Module):
    """State between calls, a branch on an int argument, a loop, an exception."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 4, 3, padding=1)
        self.cell = nn.LSTMCell(4, 4)
        self.register_buffer("state", torch.zeros(2, 1, 4))
        self.calls = 0

    def forward(self, x: Tensor, rate: int = 16) -> Tensor:
        if rate != 16 and rate != 8:
            raise ValueError(f"rates are 8 and 16, not {rate}")
        y = torch.relu(self.conv(x.unsqueeze(0)))
        if rate == 8:
            y = y[:, :, ::2]
        h, c = self.state[0], self.state[1]
        for i in range(y.size(2)):
            h, c = self.cell(y[:, :, i], (h, c))
        self.state = torch.stack([h, c])
        self.calls += 1
        return h.mean(1)

    @torch.jit.export
    def reset(self) -> int:
        self.state = torch.zeros_like(self.state)
        return self.calls


class Point(NamedTuple):
    x: Tensor
    n: int


def test_a_stateful_model() -> None:
    torch.manual_seed(1)
    x = torch.randn(1, 12)
    ours = compare(torch.jit.script(Stateful().eval()), [x], [x], [x, 8], [x, 7], [2 * x])
    assert ours.reset() == 4
    assert ours.calls == 4


def test_no_torch_is_needed(tmp_path: Path) -> None:
    """The file, a file object and bytes; the loaded module saves in tsir's own format."""
    torch.manual_seed(2)
    model = torch.jit.script(Stateful().eval())
    torch.jit.save(model, str(tmp_path / "m.pt"), _extra_files={"note.txt": "labels"})
    x = torch.randn(1, 9)
    np.save(tmp_path / "x.npy", x.numpy())
    np.save(tmp_path / "y.npy", model(x).detach().numpy())
    program = """
import io, pathlib, numpy as np, tsir
x, y = np.load("x.npy"), np.load("y.npy")
extra = {"note.txt": "", "missing": ""}
content = open("m.pt", "rb").read()
for source in ("m.pt", pathlib.Path("m.pt"), io.BytesIO(content), content):
    m = tsir.load(source, "cpu", extra)
    assert np.allclose(np.asarray(m(x)), y, atol=1e-6)
    assert extra == {"note.txt": b"labels", "missing": b""}, extra
m.reset()
m.save("ours.pt")
again = tsir.load("ours.pt")
assert np.allclose(np.asarray(again(x)), y, atol=1e-6)
print(sorted(m.state_dict()), [n for n, _ in m.named_parameters()][:2], m.calls, m.cell.original_name)
"""
    environment = {**os.environ, "TSIR_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", NO_TORCH + program], cwd=tmp_path, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "['cell.bias_hh', 'cell.bias_ih', 'cell.weight_hh', 'cell.weight_ih', 'conv.bias', 'conv.weight', 'state'] "
        "['conv.weight', 'conv.bias'] 1 LSTMCell\n"
    )


def test_a_module_is_a_module() -> None:
    """What a loaded module has: attributes, submodules, training mode, conversions, its code."""
    ours: Any = tsir.load(io.BytesIO(saved(torch.jit.script(nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.ReLU())))))
    assert ours.training and not ours.eval().training
    assert ours.original_name == "Sequential" and len(ours) == 3 and ours[0].weight.shape == (4, 3)
    x = torch.randn(2, 3, dtype=torch.float64)
    assert ours.double()(x).dtype == torch.float64
    assert "def forward" in ours.code
    with pytest.raises(tsir.TsirError, match="not on cuda"):
        tsir.load(io.BytesIO(saved(torch.jit.script(nn.Linear(1, 1)))), map_location="cuda")


def test_storages_as_torch_1_5_names_them() -> None:
    """Behind the number of elements it says of which storage each one is a view: none."""
    model = nn.Linear(3, 4)
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(torch.jit.script(model)))) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.endswith("/data.pkl"):
                part, count = re.subn(rb"(K.)tQ", rb"\1NtQ", part)
                assert count == 2
            new.writestr(name, part)
    x = torch.randn(2, 3)
    torch.testing.assert_close(tsir.load(content.getvalue())(x), model(x).detach())


def test_packages_of_python_code_are_refused_by_name() -> None:
    content = io.BytesIO()
    with torch.package.PackageExporter(content) as package:
        package.save_pickle("model", "model.pkl", {"a": torch.ones(2)})
    with pytest.raises(tsir.TsirError, match="package archive: Python code"):
        tsir.load(content.getvalue())


def _product(x: Tensor) -> Tensor:
    return torch.mm(x, x)


def _powers(x: Tensor, n: int) -> Tensor:
    return x if n < 2 else torch.mm(x, x)


class Autocast(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4, bias=False))

    def forward(self, x: Tensor, n: int):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            a = self.linear(x), _product(x), _powers(x, n)
            with torch.autocast("cpu", dtype=torch.float16, enabled=False):
                b = _product(x), torch.mm(x, x)
            full = torch.prod(a[1], 0), torch.cat([x, a[1]])
            if n > 1:
                a = a[0], _product(x), a[2]
        with torch.autocast("cuda", dtype=torch.float16):
            other = torch.mm(x, x)
        return a, b, full, other, self.linear(x)


def test_autocast_in_an_archive_casts(tmp_path: Path) -> None:
    torch.manual_seed(0)
    script = torch.jit.script(Autocast().eval())
    x = torch.rand(4, 4)
    loaded = tsir.load(saved(script))
    loaded.save_torchscript(str(tmp_path / "again.pt"))
    for n in (1, 2):
        expected = torch.utils._pytree.tree_leaves(script(x, n))
        for mine in (loaded, torch.jit.load(tmp_path / "again.pt")):
            for ours, theirs in zip(torch.utils._pytree.tree_leaves(mine(x, n)), expected, strict=True):
                assert ours.dtype == theirs.dtype
                torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.02)
