"""Archives that are kept: what this version of tsir reads today it reads tomorrow."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

import tsir
from tests.archive.torchscript.comparing import same

GOLDEN = Path(__file__).parent / "golden"


def test_an_archive_of_version_3() -> None:
    """A module with state, of torch 1.5's version, with what torch.jit gave."""
    ours: Any = tsir.load(GOLDEN / "stateful_version_3.pt")
    with np.load(GOLDEN / "stateful_version_3.npz") as expected:
        x = torch.from_numpy(expected["x"])
        same(torch.from_numpy(expected["first"]), ours(x))
        same(torch.from_numpy(expected["second"]), ours(x, 8))
    assert ours.calls == 2


def test_an_archive_with_everything() -> None:
    """Interfaces, enums, script classes, NamedTuples, attributes of many types."""
    ours: Any = tsir.load(GOLDEN / "everything.pt")
    x = torch.tensor([[1.0, -2.0, 3.0]])
    pair, table, flag, text, shape = ours(x, 3)
    same(((x * 3 + 1).double() * 5**0.5, 8), (pair.first, pair.count))
    assert table == {"odd": [1, 3], "even": [0, 2, 4]} and bool(flag) and shape == [1, 3]
    assert text == 'green of 3\\ "é"\n'
    assert ours.names(True) == "ODD, EVEN"
