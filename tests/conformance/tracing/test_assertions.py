"""Assertions in traced functions: what they ask of the examples is fixed."""

import pytest
import torch
from torch import Tensor

import tsir


def checked(x: Tensor) -> Tensor:
    torch._assert(x.ndim == 2, "rank")
    torch._assert(x.size(0) > 1, f"at least two rows, not {x.size(0)}")
    return x * 2.0


def test_assertions_are_run_while_tracing() -> None:
    traced = tsir.trace(checked, (torch.ones(2, 3),))
    assert torch.equal(traced(torch.ones(5, 1)), torch.full((5, 1), 2.0))
    with pytest.raises(AssertionError, match="at least two rows, not 1"):
        tsir.trace(checked, (torch.ones(1, 3),))
