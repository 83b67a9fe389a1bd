"""Sums along the last dimensions, which are written as products, with the values and layouts that such a product could spoil."""

import pytest
import torch

import tsir


def agrees(function, *inputs, rtol=2e-6, atol=2e-6):
    compiled = tsir.script(function)
    with torch.inference_mode():
        expected = function(*inputs)
        for _ in range(2):
            torch.testing.assert_close(compiled(*inputs), expected, rtol=rtol, atol=atol, equal_nan=True)


def row_statistics(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    y = x + 1.0
    return y.sum(-1), (y * y).sum(-1), y.mean([1, 2], keepdim=True)


def of_argument(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return x.sum(-1), (x * x).sum(2, keepdim=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.int32])
@pytest.mark.parametrize("shape", [(2, 3, 40), (1, 1, 1), (0, 3, 4), (2, 3, 0), (3, 1, 257)])
def test_sums_of_rows(dtype, shape):
    torch.manual_seed(0)
    x = (torch.randn(shape) * 4).to(dtype)
    tolerance = {"rtol": 2e-3, "atol": 2e-2} if dtype is torch.float16 else {}
    if dtype is torch.int32:
        agrees(of_argument, x)
    else:
        agrees(row_statistics, x, **tolerance)
        agrees(of_argument, x, **tolerance)


def test_infinities_and_nan_stay_in_their_rows():
    x = torch.ones(6, 4, 16)
    x[0, 0, 3], x[1, 1, 5], x[2, 2, 0], x[3, 3, 0], x[3, 3, 1] = float("nan"), float("inf"), -float("inf"), 3e38, 3e38
    x[4, 0, 0], x[4, 0, 1] = float("inf"), -float("inf")
    agrees(row_statistics, x)
    agrees(of_argument, x)


def test_rows_in_any_layout():
    torch.manual_seed(0)
    x = torch.randn(5, 6, 7)
    for y in (x.permute(2, 1, 0), x[:, ::2], x[:, :, ::3], x.transpose(1, 2), x[:, :1].expand(5, 6, 7)):
        agrees(of_argument, y)
        agrees(row_statistics, y)


def normalised(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.layer_norm(x, [x.size(-1)], w, b, 1e-5)


@pytest.mark.parametrize("size", [1, 3, 64, 100])
def test_layer_norm_of_constant_and_large_rows(size):
    torch.manual_seed(0)
    w, b = torch.randn(size), torch.randn(size)
    x = torch.randn(5, size)
    x[0], x[1] = 1000.0, 1e-20
    x[2] *= 1e6
    agrees(normalised, x, w, b)


def reversed_norm(x: torch.Tensor) -> torch.Tensor:
    y = torch.tanh(x).permute(1, 0, 2)
    return (y - y.mean(-1, keepdim=True)).pow(2).mean(-1, keepdim=True) * y


def test_a_permuted_tensor_is_reduced_in_its_own_order():
    torch.manual_seed(0)
    agrees(reversed_norm, torch.randn(3, 4, 5))
