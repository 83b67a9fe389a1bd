"""Aliasing and mutation as in torch: random programs, and the errors of writes that overlap."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

import tsir
from tests.conformance.language.mutation_checks import check
from tests.conformance.language.mutation_programs import random_program


@settings(derandomize=True, max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_random_programs(rng):
    check(random_program(rng).text())


def shifted_add(x: Tensor):
    x[1:] += x[:-1]


def shifted_copy(x: Tensor):
    x[1:] = x[:-1]


def transposed_copy(x: Tensor):
    x.copy_(x.t())


def shifted_local(x: Tensor):
    y = x.clone()
    y[1:].mul_(y[:-1])
    x.copy_(y)


def expanded_add(x: Tensor):
    x[0].expand(3, 3).add_(1.0)


def expanded_local(x: Tensor):
    y = x[0] * 1.0
    y.expand(3, 3).mul_(2.0)
    x.copy_(y)


def scattered_onto_itself(x: Tensor):
    x.scatter_(0, torch.zeros(3, 3, dtype=torch.long), x)


def indexed_onto_itself(x: Tensor):
    x.index_add_(0, torch.tensor([0, 2]), x[:2])


def shifted_out(x: Tensor):
    torch.add(x[:-1], 1.0, out=x[1:])


WRONG = [
    shifted_add, shifted_copy, transposed_copy, shifted_local, expanded_add, expanded_local, scattered_onto_itself,
    indexed_onto_itself, shifted_out,
]  # fmt: skip


@pytest.mark.parametrize("function", WRONG, ids=lambda f: f.__name__)
def test_writes_that_torch_forbids(function):
    x = torch.arange(9.0).reshape(3, 3)
    with pytest.raises(RuntimeError, match="unsupported operation"):
        function(x.clone())
    with pytest.raises(RuntimeError, match="unsupported operation"):
        tsir.script(function)(x)
    assert torch.equal(x, torch.arange(9.0).reshape(3, 3)), "nothing is written"


def full_overlap(x: Tensor):
    x.add_(x)
    x[:] = x
    x[0].mul_(x[0])
    torch.mul(x, x, out=x)


def shared_fill(x: Tensor):
    e = x[0].expand(3, 3)
    e.fill_(2.0)
    e.masked_fill_(torch.eye(3) > 0.5, 4.0)
    e[1] = 3.0


def broadcast_from_itself(x: Tensor):
    x[1:] = x[:1]


@pytest.mark.filterwarnings("ignore:Use of")
@pytest.mark.parametrize("function", [full_overlap, shared_fill, broadcast_from_itself], ids=lambda f: f.__name__)
def test_overlaps_that_torch_allows(function):
    expected, x = torch.arange(9.0).reshape(3, 3), torch.arange(9.0).reshape(3, 3)
    function(expected)
    tsir.script(function)(x)
    torch.testing.assert_close(x, expected)
