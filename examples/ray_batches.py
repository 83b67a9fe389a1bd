"""A saved model mapped over batches by Ray's own scheduler: `ray.data.map_batches` with an actor that loads the model once.

    python examples/ray_batches.py [--actors 2]

Each actor opens the archive, whose weights are mapped: all actors of a machine share the pages.
Needs `pip install tsir[serving]`; torch isn't needed by the actors.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

import tsir

Batch = dict[str, np.ndarray[Any, Any]]


class Scores:
    """An actor: the model is opened once, then called for each batch."""

    def __init__(self, path: str) -> None:
        self.model = tsir.load(path)

    def __call__(self, batch: Batch) -> Batch:
        return {"id": batch["id"], "scores": np.asarray(self.model(features(batch["id"])))}


def features(ids: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Sixteen numbers for each id."""
    return np.sin(ids[:, None] * np.arange(1, 17)).astype("float32")


def main() -> int:
    """Maps a small model over ids and compares with one call; gives 1 when they differ."""
    import ray

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument(
        "--model", help="an archive whose forward takes rows of 16 numbers and gives 4; else one is made with torch"
    )
    options = parser.parse_args()
    if options.model is None:
        import torch
        import torch.nn as nn

        torch.manual_seed(0)
        tsir.script(nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4), nn.Softmax(1)).eval()).save("ray_model.pt")
    path = Path(options.model or "ray_model.pt").resolve()
    ray.init(num_cpus=options.actors + 1, include_dashboard=False, log_to_driver=False)
    try:
        rows = ray.data.range(options.rows).map_batches(
            Scores, fn_constructor_args=(str(path),), batch_size=512, compute=ray.data.ActorPoolStrategy(size=options.actors)
        )
        found = sorted(rows.take_all(), key=lambda row: row["id"])
    finally:
        ray.shutdown()
    ids = np.array([row["id"] for row in found])
    expected = np.asarray(tsir.load(path)(features(ids)))
    difference = float(np.abs(np.stack([row["scores"] for row in found]) - expected).max())
    print(f"{len(found)} rows on {options.actors} actors; largest difference from one call {difference:.1e}")
    return 0 if difference < 1e-5 else 1


if __name__ == "__main__":
    sys.exit(main())
