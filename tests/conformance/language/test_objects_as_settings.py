"""Objects that modules have as settings, of classes that can't be compiled as they are: spaces, specifications, generators."""

# ruff: noqa  (how users write is the point here)
from typing import *

import numpy as np
import pytest
import torch
import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import check
from torch import nn


class Space:
    _random: Optional[np.random.Generator]

    def __init__(self):
        self._random = None
        self.low, self.shape = 1.0, (2,)

    def widen(self, low: float):
        self.low = low

    def __setstate__(self, state):
        self.low = state["low"]

    def __repr__(self):
        self.shown = "Space"
        return self.shown


class Policy(nn.Module):
    def __init__(self, use: int):
        super().__init__()
        self.space, self.use = Space(), use

    def forward(self, x):
        if self.use == 1:
            return x + self.space.low, self.space.shape
        if self.use == 2:
            self.space.widen(3.0)
        return x * 2


@feature(
    "Modules", "attributes that are objects of classes whose annotations name what isn't compiled: constants with attributes"
)
@pytest.mark.parametrize("use", [0, 1])
def test_settings(use) -> None:
    check(Policy(use), (torch.ones(2),))


def test_what_is_stored_in_such_an_object_is_refused() -> None:
    class Widening(Policy):
        def forward(self, x):
            self.space.low = 3.0
            return x

    with pytest.raises(tsir.TsirError, match="numpy.Generator isn't a type"):
        tsir.script(Widening(2))


def preprocessed(x: torch.Tensor, space: Space, scaled: bool = True) -> torch.Tensor:
    if isinstance(space, Space) and scaled:
        return x + space.low
    return x


class Preprocessing(Policy):
    def forward(self, x):
        return preprocessed(x, self.space)


@feature(
    "Arguments", "parameters that are annotated with classes which can't be compiled, for objects known while compiling"
)
def test_settings_as_arguments() -> None:
    check(Preprocessing(0), (torch.ones(2),))
    with pytest.raises(tsir.TsirError, match="numpy.Generator isn't a type"):
        tsir.script(preprocessed)


class Distribution:
    held: torch.Tensor
    scale: int

    def __init__(self):
        self.scale = 2

    def of(self, x):
        self.held = x
        return self

    def mean(self):
        return self.held * self.scale


class Actor(nn.Module):
    def __init__(self, first: bool):
        super().__init__()
        self.distribution, self.first = Distribution(), first

    def forward(self, x):
        return self.distribution.of(x).mean() if self.first else self.distribution.mean()


@feature("Modules", "objects that lack attributes which their class declares, until the program assigns them")
@pytest.mark.parametrize("first", [True, False])
def test_declared_and_assigned_later(first) -> None:
    check(Actor(first), (torch.ones(2),))


def gpu_dtype(x):
    return x.half() if torch.is_autocast_enabled() and torch.get_autocast_gpu_dtype() == torch.float16 else x


def test_questions_about_the_gpu() -> None:
    check(gpu_dtype, (torch.ones(2),))
