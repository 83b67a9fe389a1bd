"""Loads the demo's model with torch or with tsir, gives one result and prints the time at which it was there."""

import sys
import time
from pathlib import Path

import numpy as np

which, out = sys.argv[1], Path(sys.argv[2])
image = np.load(out / "test_x.npy")[:1]
if which == "torch":
    import torch

    model = torch.jit.load(str(out / "digits_torchscript.pt"))
    with torch.no_grad():
        result = model(torch.from_numpy(image)).numpy()
else:
    import tsir

    result = tsir.load(out / "digits.pt")(image)
print("FIRST", time.time(), result.argmax())
