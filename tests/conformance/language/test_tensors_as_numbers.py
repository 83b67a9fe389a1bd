"""`int`, `float`, `bool`, `range` and indices of a tensor that isn't one number raise what torch raises for each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import tsir


def as_int(t: Tensor):
    return int(t)


def as_float(t: Tensor):
    return float(t)


def as_bool(t: Tensor):
    return bool(t)


def item(t: Tensor):
    return t.item()


def square_root(t: Tensor):
    return math.sqrt(t)


def index(t: Tensor):
    return [1, 2, 3][t]


def numbers(t: Tensor):
    return [i for i in range(t)]


def reversed_sum(t: Tensor):
    return t.sum().flip(0).item()


def caught(t: Tensor):
    found = 0
    try:
        found = int(t)
    except ValueError:
        found = -1
    try:
        found += t.item()
    except RuntimeError:
        found -= 10
    return found


FUNCTIONS = (as_int, as_float, as_bool, item, square_root, index, numbers, reversed_sum, caught)
GIVEN = (torch.ones(3), torch.zeros(0), torch.tensor([2.0]), torch.tensor(2), torch.tensor(True), torch.tensor([[1]]))


def outcome(function: Callable[[Tensor], Any], given: Tensor) -> tuple[Any, tuple[type[Exception], ...]]:
    """The result, or which of torch's exception types were raised."""
    try:
        return function(given), ()
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        return None, tuple(t for t in (ValueError, TypeError, IndexError) if isinstance(error, t))


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("given", GIVEN, ids=lambda t: f"{t.dtype}{tuple(t.shape)}")
def test_one_number_or_torch_exception(function: Callable[[Tensor], Any], given: Tensor) -> None:
    expected, found = outcome(function, given), outcome(tsir.script(function), given)
    assert found == expected and type(found[0]) is type(expected[0])
