"""Whose memory results are: views of what a call makes share it, and what is computed once for all calls is never given away."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import tsir


class Weights(nn.Module):
    """What can be computed once for all calls."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("w", torch.arange(6.0).reshape(2, 3))


class Constants(nn.Module):
    def forward(self, x: torch.Tensor):
        ones, positions, numbers = torch.ones(1), torch.arange(6.0), torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        first, second = numbers.unbind(0)
        return ones, ones.expand(3), ones.view(1, 1), positions, positions.view(2, 3), first, second, numbers.diagonal()


class Expanded(nn.Module):
    def forward(self, x: torch.Tensor):
        made = torch.ones(3).expand(2, 3)
        rows, columns = torch.broadcast_tensors(torch.arange(3.0), torch.zeros(2, 1))
        return made, made[0], rows, columns


class Prepared(Weights):
    def forward(self, x: torch.Tensor):
        twice = self.w * 2
        return twice, twice.t(), twice[0]


class Chosen(Weights):
    def forward(self, x: torch.Tensor):
        y = self.w * 2
        z = y.view(-1)
        if x.sum() > 0:
            z = y[0]
        other = torch.zeros(2, 3) if x.sum() < 0 else self.w + 1
        return z, y, other, other[1]


class Carried(nn.Module):
    def forward(self, x: torch.Tensor):
        y = torch.zeros(2, 3)
        k = y
        for _ in range(int(x.sum())):
            k = k.t()
        return k, y


class Lists(Weights):
    def forward(self, x: torch.Tensor):
        y = self.w + 1
        out = [y, y[0]]
        for part in y.split(1):
            out.append(part)
        return out, {"rows": y.unbind(0)}


class InOrder(nn.Module):
    def forward(self, x: torch.Tensor):
        y = x + 1
        return y, y.t().contiguous(), y.contiguous(), y.ravel(), y.t().ravel(), x[:, ::2].ravel(), x.ravel()


class Parts(nn.Module):
    def forward(self, x: torch.Tensor):
        y, constant = torch.complex(x, x), torch.complex(torch.ones(3), torch.zeros(3))
        return y, y.real, torch.view_as_real(y), constant, constant.imag, torch.view_as_complex(torch.stack([x, x], -1))


def flat(value: Any) -> list[torch.Tensor]:
    """The tensors in a result."""
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return [t for part in parts for t in flat(part)]


@pytest.mark.parametrize("kind", [Constants, Expanded, Prepared, Chosen, Carried, Lists, InOrder, Parts])
def test_same_memory_as_eager(kind: type[nn.Module]) -> None:
    eager, scripted = kind(), tsir.script(kind())
    for _ in range(2):
        for scale in (1.0, -1.0):
            x = torch.full((2, 6), scale / 12)
            expected, found = flat(eager(x)), flat(scripted(x.clone()))
            assert [t.shape for t in found] == [t.shape for t in expected]
            for i, (theirs, ours) in enumerate(zip(expected, found, strict=True)):
                torch.testing.assert_close(found, expected, rtol=0, atol=0, msg=lambda m, i=i: f"before write {i}: {m}")
                for t in (theirs, ours):
                    t[(0,) * t.dim()] += i + 1
            torch.testing.assert_close(found, expected, rtol=0, atol=0)


class Held(Weights):
    """Puts a copy of a weight into a list of its caller's, in a loop that changes an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.table: dict[str, torch.Tensor] = {"a": torch.ones(3)}

    def forward(self, x: torch.Tensor, log: list[torch.Tensor]):
        for name in ("a", "b"):
            self.table[name] = x
            log += [self.w.clone(), self.w + 1]


def test_what_a_list_of_the_callers_holds_is_made_anew() -> None:
    module, log = tsir.script(Held()), list[torch.Tensor]()
    for _ in range(2):
        module(torch.ones(3), log)
    assert len({t.data_ptr() for t in log}) == len(log) == 8
