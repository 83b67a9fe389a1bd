"""Named tuples of operators are torch's own for a caller who has torch, and named tuples without it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

import tsir


def largest(x: Tensor):
    return torch.max(x, 0)


def test_results_are_torchs_return_types():
    found = tsir.script(largest)(torch.tensor([[3.0, 1.0], [2.0, 5.0]]))
    assert type(found) is torch.return_types.max
    assert found.values.tolist() == [3.0, 5.0] and found.indices.tolist() == [0, 1]


def test_arrays_come_in_a_named_tuple():
    found = tsir.script(largest)(np.array([[3.0, 1.0], [2.0, 5.0]], np.float32))
    assert isinstance(found, tuple) and found._fields == ("values", "indices")
    assert isinstance(found.values, np.ndarray) and found.indices.tolist() == [0, 1]
