"""Views that have elements of a fresh array in several places: what is computed from them isn't written over them."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import tsir
from tests.models.comparison import assert_same


def of_a_sum(x: Tensor, y: Tensor) -> Tensor:
    return ((x + 1).unfold(1, 3, 1) * y).amax(-1)


def of_padding(x: Tensor, y: Tensor) -> Tensor:
    return (F.pad(x, (0, 0, 1, 1)).unfold(1, 3, 1)[:, :4] * y).sum(-1)


def of_a_view(x: Tensor, y: Tensor) -> Tensor:
    return ((x * 2).unfold(1, 3, 1).transpose(2, 3) - y.transpose(2, 3)).prod(2)


def in_a_loop(x: Tensor, y: Tensor) -> Tensor:
    total = (x + 1).unfold(1, 3, 1)
    for _ in range(3):
        total = total * y
    return total.amax(-1)


@pytest.mark.parametrize("function", [of_a_sum, of_padding, of_a_view, in_a_loop])
@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.complex64])
def test_windows_of_a_result(function: Callable[..., Tensor], dtype: torch.dtype) -> None:
    if dtype.is_complex and function in (of_a_sum, in_a_loop):
        pytest.skip("complex numbers have no order")
    torch.manual_seed(0)
    x, y = (torch.randn(2, 6, 5) * 9).to(dtype), (torch.randn(2, 4, 5, 3) * 9).to(dtype)
    assert_same(tsir.script(function)(x, y), function(x, y))
