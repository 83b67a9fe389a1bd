"""Expressions that are written together (activations, softmax, norms), against torch, with the values that could spoil them."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import tsir

NAN, INF = float("nan"), float("inf")
ROWS, COLUMNS = 48, 64  # more elements than forms need


def compiled(function, *inputs):
    """The compiled function's result and its source."""
    ours = tsir.script(function)
    with torch.inference_mode():
        first = ours(*inputs)
        torch.testing.assert_close(ours(*inputs), first, rtol=0, atol=0, equal_nan=True)
        return first, ours.source(*inputs)


def agrees(function, *inputs, rtol=1.3e-6, atol=2e-6):
    result, source = compiled(function, *inputs)
    with torch.inference_mode():
        torch.testing.assert_close(result, function(*inputs), rtol=rtol, atol=atol, equal_nan=True)
    return source


def values(dtype=torch.float32) -> torch.Tensor:
    """Small and large numbers of both signs, zeros, denormals, NaN."""
    torch.manual_seed(0)
    x = torch.randn(ROWS, COLUMNS) * 4
    edges = [0.0, -0.0, 1e-40, -1e-40, 5.4, 5.6, -5.4, -5.6, 9.0, -9.0, 17.0, -17.0, 88.0, -88.0, 104.0, -104.0, 1e4, -1e4]
    edges += [1e30, -1e30, NAN]
    x[0, : len(edges)] = torch.tensor(edges)
    x[1] = torch.linspace(-7, 7, COLUMNS)
    return x.to(dtype)


def gelu(x: torch.Tensor) -> torch.Tensor:
    return F.gelu(x)


def gelu_by_hand(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * x * (1.0 + torch.erf(x / math.sqrt(2.0)))


def gelu_otherwise(x: torch.Tensor) -> torch.Tensor:
    y = x * 3.0
    return y * (torch.erf(y * 0.7071067811865476) + 1.0) * 0.5


def gelu_tanh(x: torch.Tensor) -> torch.Tensor:
    return F.gelu(x, approximate="tanh")


def gelu_tanh_by_hand(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


def gelu_tanh_factored(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * x * (1.0 + torch.tanh(x * 0.7978845608 * (1.0 + 0.044715 * x * x)))


def silu(x: torch.Tensor) -> torch.Tensor:
    return F.silu(x)


def swish(x: torch.Tensor) -> torch.Tensor:
    return x * torch.sigmoid(x)


def quick_gelu(x: torch.Tensor) -> torch.Tensor:
    return x * torch.sigmoid(1.702 * x)


def sigmoid(x: torch.Tensor) -> torch.Tensor:
    return torch.sigmoid(x)


ACTIVATIONS = [
    (gelu, "gelu("),
    (gelu_by_hand, "gelu("),
    (gelu_otherwise, "gelu("),
    (gelu_tanh, "gelu_tanh("),
    (gelu_tanh_by_hand, "gelu_tanh("),
    (gelu_tanh_factored, "gelu_tanh("),
    (silu, "silu("),
    (swish, "silu("),
    (quick_gelu, "silu("),
    (sigmoid, "sigmoid("),
]


@pytest.mark.parametrize(("function", "kernel"), ACTIVATIONS, ids=[f.__name__ for f, _ in ACTIVATIONS])
def test_activations(function, kernel):
    assert f"form_kernels.{kernel}" in agrees(function, values(), rtol=4e-6)
    agrees(function, values()[:, ::3], rtol=4e-6)
    agrees(function, values().T, rtol=4e-6)
    agrees(function, values().clamp(-6e4, 6e4).half(), rtol=2e-3, atol=1e-3)
    assert "form_kernels" not in agrees(function, values(torch.float64), rtol=1e-7, atol=1e-10)
    for few in (values()[:0], values()[2, 3], values()[:1, :5]):
        agrees(function, few, rtol=4e-6)


def nearly_gelu(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * x * (1.0 + torch.erf(x / 1.5))


def gelu_of_another(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * torch.cos(x) * (1.0 + torch.erf(x / math.sqrt(2.0)))


def negative_cubic(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * x * (1.0 + torch.tanh(x - 0.1 * x * x * x))


def growing(x: torch.Tensor) -> torch.Tensor:
    return x / (1.0 + torch.exp(x))


def part_is_used(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    gate = torch.erf(x / math.sqrt(2.0)) + 1.0
    return 0.5 * x * gate, gate


@pytest.mark.parametrize("function", [nearly_gelu, gelu_of_another, negative_cubic, growing, part_is_used])
def test_what_only_looks_like_a_form(function):
    assert "form_kernels" not in agrees(function, values(), rtol=4e-6)


def scores(kind: str) -> torch.Tensor:
    torch.manual_seed(0)
    x = torch.randn(3, 40, COLUMNS) * 3
    match kind:
        case "large":
            x = x * 1e4
        case "low":
            x = x - 200
        case "edges":
            x[0, 0, 0], x[0, 1, 1], x[0, 2, 2] = NAN, INF, -INF
            x[1, 0], x[1, 1], x[1, 2, :5] = -INF, 100.0, 95.0
            x[2, 3], x[2, 4] = 3e38, -3e38
        case _:
            pass
    return x


def softmax(x: torch.Tensor) -> torch.Tensor:
    return torch.softmax(x, -1)


def scaled_softmax(x: torch.Tensor) -> torch.Tensor:
    return F.softmax(x / math.sqrt(8.0), dim=2)


def softmax_and_scaled(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    y = x * 0.25
    return y, torch.softmax(y, -1)


def softmax_by_hand(x: torch.Tensor) -> torch.Tensor:
    e = torch.exp(x - torch.amax(x, -1, keepdim=True))
    return e / e.sum(-1, keepdim=True)


def twice(x: torch.Tensor) -> torch.Tensor:
    return torch.softmax(torch.softmax(x, -1) * 2.0, -1)


@pytest.mark.parametrize("kind", ["usual", "large", "low", "edges"])
@pytest.mark.parametrize("function", [softmax, scaled_softmax, softmax_and_scaled, softmax_by_hand, twice])
def test_softmax(function, kind):
    assert "form_kernels.softmax(" in agrees(function, scores(kind), rtol=5e-6)
    agrees(function, scores(kind).transpose(1, 2), rtol=5e-6)
    agrees(function, scores(kind).double(), rtol=1e-9, atol=1e-12)
    agrees(function, scores(kind)[:0], rtol=5e-6)


def over_other_dimension(x: torch.Tensor) -> torch.Tensor:
    return torch.softmax(x, 1)


def without_maximum(x: torch.Tensor) -> torch.Tensor:
    e = torch.exp(x)
    return e / e.sum(-1, keepdim=True)


@pytest.mark.parametrize("function", [over_other_dimension, without_maximum])
@pytest.mark.parametrize("kind", ["usual", "large", "edges"])
def test_softmax_of_another_kind(function, kind):
    assert "form_kernels.softmax" not in agrees(function, scores(kind), rtol=5e-6)


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def causal(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    weights = (q @ k.transpose(-2, -1) * 0.25).masked_fill(mask == 0, float("-inf"))
    return torch.softmax(weights, -1) @ v


@pytest.mark.parametrize("function", [attention, causal])
def test_masked_attention_with_empty_rows(function):
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 2, 4, 33, 16).unbind(0)
    mask = torch.tril(torch.ones(33, 33)).bool()
    agrees(function, q, k, v, mask, rtol=5e-6, atol=5e-6)
    mask[3] = False
    agrees(function, q, k, v, mask, rtol=5e-6, atol=5e-6)


def statistics(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    y = x * x
    return y.sum(-1), y


def rms(x: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)


@pytest.mark.parametrize("function", [statistics, rms])
def test_sums_of_squares(function):
    x = values()
    x[x.abs() > 1e15] = 1e15
    agrees(function, x, rtol=4e-6)
    agrees(function, x.double(), rtol=1e-9)


def test_without_fast_exp2(monkeypatch):
    from tsir.backend.numpy import form_kernels

    x = values().numpy()
    with np.errstate(all="ignore"):
        fast = [
            form_kernels.gelu(x),
            form_kernels.gelu_tanh(x, 0.8, 0.03),
            form_kernels.silu(x, 1.0),
            form_kernels.sigmoid(x, 1.0),
        ]
        monkeypatch.setattr(form_kernels, "FAST_EXP2", not form_kernels.FAST_EXP2)
        slow = [
            form_kernels.gelu(x),
            form_kernels.gelu_tanh(x, 0.8, 0.03),
            form_kernels.silu(x, 1.0),
            form_kernels.sigmoid(x, 1.0),
        ]
    for a, b in zip(fast, slow, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def written_in_between(x: torch.Tensor, values: list[torch.Tensor]) -> torch.Tensor:
    gate = torch.erf(x / math.sqrt(2.0)) + 1.0
    values[0].zero_()
    return 0.5 * gate * x


def test_a_form_is_computed_before_its_input_is_written():
    ours = tsir.script(written_in_between)
    for function in (ours, ours):
        x, y = values().clone(), values().clone()
        torch.testing.assert_close(function(x, [x]), written_in_between(y, [y]), rtol=4e-6, atol=2e-6, equal_nan=True)
        torch.testing.assert_close(x, y)
