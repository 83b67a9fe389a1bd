"""Loops that fill a tensor round by round, and recurrent layers, against torch: nothing may read what was overwritten."""

import pytest
import torch
from torch import nn

import tsir


def agrees(function, *inputs, rtol=2e-6, atol=2e-6):
    ours = tsir.script(function)
    with torch.inference_mode():
        expected = function(*inputs)
        for _ in range(2):
            torch.testing.assert_close(ours(*inputs), expected, rtol=rtol, atol=atol)
        return ours.source(*inputs)


class Layers(nn.Module):
    def __init__(self, kind, **options) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = kind(5, 6, **options)

    def forward(self, x: torch.Tensor):
        return self.layers(x)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize(
    "options", [{}, {"bidirectional": True, "num_layers": 2}, {"bias": False, "batch_first": True}], ids=str
)
@pytest.mark.parametrize("batch", [1, 3])
def test_recurrent_layers(kind, options, batch):
    torch.manual_seed(0)
    layers = Layers(kind, **options).eval()
    source = agrees(layers, torch.randn(7, batch, 5) * 3)
    assert ".copy()" not in source.partition("for ")[2].partition("\n    return")[0].partition("\n    t")[0]


def test_projected_lstm_in_double():
    layers = Layers(nn.LSTM, proj_size=3).double().eval()
    agrees(layers, torch.randn(4, 2, 5, dtype=torch.float64) * 10, rtol=1e-12, atol=1e-12)


def test_saturated_gates():
    layers = Layers(nn.LSTM).eval()
    x = torch.randn(4, 2, 5)
    x[1], x[2], x[3, 0, 0] = 1e4, -1e4, float("inf")
    ours = tsir.script(layers)
    with torch.inference_mode():
        torch.testing.assert_close(ours(x), layers(x), rtol=2e-6, atol=2e-6, equal_nan=True)


def running_sum(x: torch.Tensor) -> torch.Tensor:
    out = torch.zeros_like(x)
    for i in range(1, x.size(0)):
        out[i] = out[i - 1] + x[i]
    return out


def reads_after_the_write(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    out = torch.zeros_like(x)
    kept = torch.zeros_like(x)
    for i in range(x.size(0)):
        before = out.clone()
        out[i] = x[i] * 2
        kept = kept + before
    return out, kept


def two_from_one(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    zero = torch.zeros(3, 4)
    a, b = zero.clone(), zero.clone()
    for i in range(3):
        a[i] = x[i]
        b[2 - i] = x[i] + a.sum()
    return a, b


def from_argument(x: torch.Tensor) -> torch.Tensor:
    y = x * 1.0
    for i in range(2):
        y[i] = y[i + 1] * 3
    return y + x


def no_round(x: torch.Tensor) -> torch.Tensor:
    out = torch.ones_like(x)
    for i in range(x.size(0) - 3):
        out[i] = x[i]
    return out


@pytest.mark.parametrize("function", [running_sum, reads_after_the_write, two_from_one, from_argument, no_round])
def test_filled_tensors(function):
    torch.manual_seed(0)
    x = torch.randn(3, 4)
    kept = x.clone()
    agrees(function, x)
    assert torch.equal(x, kept)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_nan_stays_in_its_direction(kind):
    layers = Layers(kind, bidirectional=True).eval()
    torch.manual_seed(0)
    x = torch.randn(6, 2, 5)
    x[2, 1, 0] = float("nan")
    ours = tsir.script(layers)
    with torch.inference_mode():
        expected = layers(x)
        assert 0 < expected[0].isnan().sum() < expected[0].numel()
        torch.testing.assert_close(ours(x), expected, rtol=2e-6, atol=2e-6, equal_nan=True)
