"""Attributes without annotation that get values of several types: of one class's objects, or of one object in time."""

from typing import List, Union

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same

programs = Programs()


class Box:
    def __init__(self, v):
        self.v = v

    def get(self):
        return self.v

    def twice(self):
        return [self.v, self.v]


@feature("Classes", "one class for values of several types, without annotation")
@programs(torch.ones(2))
def boxes(x: Tensor):
    a, b, c, d = Box(3), Box(x), Box("s"), Box([1, 2])
    d.v.append(3)
    b.v += 1
    whole = b.v + sum([box.v for box in [Box(i) for i in range(3)]])
    return a.get() + 1, b.get() * 2, c.twice(), d.v, a.twice(), Box(Box(2)).get().get(), whole


@programs([1, torch.ones(2), 2])
def summed(values: List[Union[int, Tensor]]):
    counted = torch.tensor([3, 1, 2]).tolist()
    counted.append(4)
    return sum(values), sum(values, 1.5), sum([n for n in counted])


class Meter:
    def __init__(self):
        self.sum = 0
        self.n = 0

    def update(self, value):
        self.sum += value
        self.n += 1


@programs(torch.tensor([1.5, 2.0]))
@programs(torch.tensor([1, 2]))
def numbers_of_any_kind(x: Tensor):
    meter = Meter()
    for value in x.flatten().tolist():
        meter.update(value)
    return meter.sum, meter.sum / meter.n, [0, 1, 2][meter.n]


@programs.parametrized()
def test_as_python(function, arguments):
    check(function, arguments)


class Accumulating(nn.Module):
    def __init__(self):
        super().__init__()
        self.total = 0
        self.last = "none"

    def forward(self, x):
        self.total = self.total + x.sum()
        if self.total > 5:
            self.last = x
        return self.total

    @torch.jit.export
    def shown(self):
        return self.last if isinstance(self.last, str) else str(self.last.shape)


@feature("Modules", "attributes without annotation that become values of another type")
def test_of_a_module_in_time():
    theirs, ours = Accumulating(), tsir.script(Accumulating())
    for _ in range(3):
        assert_same(ours(torch.ones(3)), theirs(torch.ones(3)))
        assert ours.shown() == theirs.shown()
        assert_same([ours.total, ours.last], [theirs.total, theirs.last])


class Wrong(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = 1

    def forward(self, x):
        self.n = x
        return self.n - "a"


def test_what_no_type_of_it_takes_is_an_error_about_the_attribute():
    with pytest.raises(tsir.TsirError, match="attribute 'n' of Wrong expects int, found Tensor"):
        tsir.script(Wrong())
