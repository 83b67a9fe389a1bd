"""log10 and log2 where the result is an integer, which programs count digits and bits by."""

import pytest
import torch

import tsir


def logarithms(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor):
    return torch.log10(x), torch.floor(torch.log10(x)).to(torch.int64), torch.log2(y), torch.log10(z), torch.log2(z)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_powers_have_integers(dtype):
    x = torch.tensor([10.0**i for i in range(-5, 30)], dtype=dtype)
    y = torch.tensor([2.0**i for i in range(-30, 30)], dtype=dtype)
    z = torch.tensor([0j, 1 + 0j, -100 + 0j, 1 - 2j])
    for found, expected in zip(tsir.script(logarithms)(x, y, z), logarithms(x, y, z), strict=True):
        assert torch.equal(found, expected) if not found.is_complex() else torch.allclose(found, expected)
