"""Lists, dicts, tuples and NamedTuples with slices as attributes of modules: read, written to an archive, given back."""

# ruff: noqa  (how users write is the point here)
from typing import *

import pytest
import torch
import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import check
from tests.models.comparison import assert_same
from torch import nn


class Part(NamedTuple):
    where: slice
    shape: tuple


class Holder(nn.Module):
    def __init__(self, held):
        super().__init__()
        self.held = held
        self.weight = nn.Parameter(torch.arange(6.0), requires_grad=False)

    def forward(self, x):
        return x * self.weight[:3]


class Rows(Holder):
    def forward(self, x):
        for s in self.held:
            x = x + self.weight[s].sum()
        return x


class Pairs(Holder):
    def forward(self, x):
        for s, n in self.held:
            x = x + self.weight[s].sum() * n
        return x


class Named(Holder):
    def forward(self, x):
        for name, s in self.held.items():
            x = x + self.weight[s].sum()
        return x + self.weight[self.held["a"]].sum()


class Fields(Holder):
    def forward(self, x):
        for part in self.held:
            x = x + self.weight[part.where].sum()
        return x


class One(Holder):
    def forward(self, x):
        return x + self.weight[self.held].sum()


class Numbered(Holder):
    def forward(self, x, i: int = 1):
        s = self.held[i]
        return x + self.weight[s].sum(), s.start


CASES = [
    (Holder, [slice(0, 2), 3]), (Holder, [Part(slice(0, 2), (2, 2)), Part(slice(2, 3), (2, 2, 3))]),
    (Rows, [slice(0, 2), slice(2, 6)]), (Rows, [slice(0, 2), 3, ...]), (Rows, (slice(0, 2), slice(2, 6, 3))), (Rows, []),
    (Pairs, [(slice(0, 2), 3), (slice(None), 2)]), (Named, {"a": slice(0, 1), "b": slice(None, None, 2)}),
    (Fields, [Part(slice(0, 2), (2, 2)), Part(slice(2, 3), (2, 2, 3))]), (One, slice(0, 3)), (One, ...), (One, (slice(0, 3), None)),
    (Numbered, [slice(0, 2), slice(2, 6)]),
]  # fmt: skip


@feature("Tensors in programs", "slices in lists, dicts and NamedTuples that are attributes of modules")
@pytest.mark.parametrize(("cls", "held"), CASES)
def test_slices_in_attributes(cls, held, tmp_path) -> None:
    module, x = cls(held), torch.ones(3)
    compiled = tsir.script(module)
    check(module, (x,), compiled)
    assert compiled.held == held and type(compiled.held) is type(held)
    compiled.save(tmp_path / "m.pt")
    assert_same(tsir.load(tmp_path / "m.pt")(x), module(x))


def test_bounds_that_are_tensors() -> None:
    with pytest.raises(tsir.TsirError, match=r"item \[0\] is a slice"):
        tsir.script(Rows([slice(torch.tensor(1), 2)]))
