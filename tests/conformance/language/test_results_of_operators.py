"""What operators of several results give leaves a program as a named tuple."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import tsir


def largest(x: Tensor):
    return torch.max(x, 0)


def sorted_rows(x: Tensor):
    return x.sort(1), x.topk(1)


def listed(x: Tensor):
    return [x.min(0), x.median(0)]


def parts(x: Tensor):
    found = x.max(0)
    return found.values, found.indices, found[0], len(found)


def outline(value: Any) -> Any:
    """Names of types and tensors' contents."""
    if isinstance(value, Tensor):
        return value.tolist()
    return (type(value).__name__, [outline(v) for v in value]) if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("function", [largest, sorted_rows, listed, parts])
def test_named_tuples(function: Any) -> None:
    x = torch.tensor([[3.0, 1.0], [2.0, 5.0]])
    assert outline(tsir.script(function)(x)) == outline(function(x))


def test_named_tuples_are_arguments() -> None:
    def second(pair: tuple[Tensor, Tensor]) -> Tensor:
        return pair[1]

    assert tsir.script(second)(torch.ones(3, 2).max(0)).tolist() == [0, 0]
