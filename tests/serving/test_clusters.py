"""The examples with Dask and Ray, each on a local cluster: `make test-clusters`."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn as nn

import tsir

ROOT = Path(__file__).parents[2]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    path = tmp_path / "m.pt"
    tsir.script(nn.Sequential(nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 4)).eval()).save(path)
    return path


def run(example: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / example), *arguments], capture_output=True, text=True, cwd=ROOT, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.cluster
def test_dask_maps_a_loaded_module_over_blocks(model: Path) -> None:
    pytest.importorskip("dask.distributed")
    assert "5000 rows on 2 workers" in run("dask_images.py", "--rows", "5000", "--model", str(model))


@pytest.mark.cluster
def test_ray_maps_an_actor_with_a_module_over_batches(model: Path) -> None:
    pytest.importorskip("ray.data")
    assert "3000 rows on 2 actors" in run("ray_batches.py", "--rows", "3000", "--model", str(model))
