"""Runs the archive that the demo saved, in a process in which importing torch fails."""

import sys
from importlib.abc import MetaPathFinder
from pathlib import Path


class NoTorch(MetaPathFinder):
    """Refuses to find torch."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] == "torch":
            raise ImportError("torch can't be imported in this process")
        return None


sys.meta_path.insert(0, NoTorch())
try:
    import torch  # noqa: F401
except ImportError as error:
    print(f"import torch: {error}")

import numpy as np  # noqa: E402

import tsir  # noqa: E402

out = Path(sys.argv[1])
model = tsir.load(out / "digits.pt")
images, labels = np.load(out / "test_x.npy"), np.load(out / "test_y.npy")
logits = model(images)
model(images[:1])
np.save(out / "logits.npy", logits)
print(
    f"{type(logits).__name__} of shape {logits.shape}, {(logits.argmax(1) == labels).mean():.2%} of {len(labels)} images right"
)
