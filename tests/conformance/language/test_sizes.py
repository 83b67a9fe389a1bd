"""Decisions on sizes that vary from call to call: the results are eager's, and the specialisations stay few."""

from typing import List

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import tsir

SIZES = (2, 3, 5, 7, 1, 0, 3, 2)


def flattened(x: Tensor) -> Tensor:
    return x.reshape(-1) * 2.0


def regrouped(x: Tensor) -> Tensor:
    return x.view(x.size(0), 2, -1).transpose(0, 1).reshape(2, x.size(0) * 2)


def branch(x: Tensor) -> Tensor:
    if x.size(0) > 3:
        return x[:3].sum(0)
    elif x.size(0) == 0:
        return torch.ones(4)
    return x.sum(0) * 2.0


def halves(x: Tensor) -> List[Tensor]:
    return [part + 1.0 for part in x.chunk(2)]


def pieces(x: Tensor) -> List[Tensor]:
    return [part * 2.0 for part in x.split(2)]


def pairwise(x: Tensor) -> Tensor:
    return (x.unsqueeze(1) - x.unsqueeze(0)).abs().sum(-1)


def joined(x: Tensor) -> Tensor:
    return torch.cat([x, x[1:], torch.zeros(x.size(0), 4)])


def positions(x: Tensor) -> Tensor:
    return x + torch.arange(x.size(0)).unsqueeze(1)


def causal(x: Tensor) -> Tensor:
    scores = x @ x.t()
    mask = torch.ones(x.size(0), x.size(0), dtype=torch.bool).tril()
    return scores.masked_fill(~mask, -1e9).softmax(-1)


def embedded(x: Tensor) -> Tensor:
    table = torch.arange(40.0).reshape(10, 4)
    return x + table[: x.size(0)]


def filled_rows(x: Tensor) -> Tensor:
    out = torch.zeros_like(x)
    for i in range(x.size(0)):
        out[i] = x[x.size(0) - 1 - i] * float(i)
    return out


def pooled(x: Tensor) -> Tensor:
    image = F.pad(x, (0, 0, 4, 0)).reshape(1, 1, x.size(0) + 4, 4)
    return F.max_pool2d(F.conv2d(image, torch.ones(1, 1, 3, 3), padding=1), 2)


PROGRAMS = [
    flattened, regrouped, branch, halves, pieces, pairwise, joined, positions, causal, embedded, filled_rows, pooled
]  # fmt: skip


@pytest.mark.parametrize("function", PROGRAMS, ids=lambda f: f.__name__)
def test_sizes_that_vary(function):
    scripted = tsir.script(function)
    for n in SIZES:
        x = torch.arange(4.0 * n).reshape(n, 4) - 3.0
        try:
            expected = function(x)
        except RuntimeError:
            with pytest.raises(RuntimeError):
                scripted(x)
            continue
        torch.testing.assert_close(scripted(x), expected, msg=lambda m, n=n: f"n = {n}: {m}")
    assert len(scripted.specializations) <= 4


def both(x: Tensor, y: Tensor) -> Tensor:
    return x + y


def test_broadcasting_of_two_sizes_that_vary():
    scripted = tsir.script(both)
    for a, b in ((2, 2), (3, 3), (1, 5), (5, 1), (7, 7), (0, 1), (0, 0), (4, 4)):
        x, y = torch.ones(a, 3), torch.full((b, 3), 2.0)
        assert torch.equal(scripted(x, y), both(x, y))
    for _ in range(2):
        with pytest.raises(RuntimeError):
            scripted(torch.ones(3, 3), torch.ones(2, 3))
    assert len(scripted.specializations) <= 8
