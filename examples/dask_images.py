"""A saved model mapped over an array that is larger than memory, by Dask's own scheduler: `dask.array.map_blocks`.

    python examples/dask_images.py [--workers 2]

The module travels to the workers by pickling, as an archive; each worker compiles it once, or
takes what the cache on disk has.
Needs `pip install tsir[serving]`; torch isn't needed by the workers.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np

import tsir


def scores(block: np.ndarray[Any, Any], model: Any) -> np.ndarray[Any, Any]:
    """The model's results for a block of rows."""
    return np.asarray(model(block))


def mapped(model: Any, rows: Any, columns: int) -> Any:
    """A Dask array with the results of the model for each row of another one. Nothing is computed yet."""
    return rows.map_blocks(scores, model, dtype="float32", chunks=(rows.chunks[0], (columns,)))


def main() -> int:
    """Maps a small model over random rows and compares with one call; gives 1 when they differ."""
    import dask.array as da
    from dask.distributed import Client, LocalCluster

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument(
        "--model", help="an archive whose forward takes rows of 16 numbers and gives 4; else one is made with torch"
    )
    options = parser.parse_args()
    if options.model is None:
        import torch
        import torch.nn as nn

        torch.manual_seed(0)
        tsir.script(nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4), nn.Softmax(1)).eval()).save(
            "dask_model.pt"
        )
    model = tsir.load(options.model or "dask_model.pt")
    with LocalCluster(n_workers=options.workers, threads_per_worker=2, dashboard_address=None) as cluster, Client(cluster):
        rows = da.random.default_rng(0).standard_normal((options.rows, 16), chunks=(1_000, 16)).astype("float32")
        found, given = da.compute(mapped(model, rows, 4), rows)
    difference = float(np.abs(found - np.asarray(model(given))).max())
    print(f"{len(found)} rows on {options.workers} workers; largest difference from one call {difference:.1e}")
    return 0 if difference < 1e-5 else 1


if __name__ == "__main__":
    sys.exit(main())
