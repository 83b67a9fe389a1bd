"""Operators on tensors whose sizes are 0 or 1 in some calls and larger in others, and on sizes that are -1 in some."""

import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import tsir
from tests.models.comparison import assert_same


def sliced(a: Tensor, b: Tensor) -> Tensor:
    return (a[:, 1:] < 0).float() * a + b


def both_sliced(a: Tensor, b: Tensor) -> Tensor:
    return a[:, : b.shape[1] - 1] + b[:, 1:]


def last_columns(a: Tensor, b: Tensor) -> Tensor:
    return a[:, -2:] * b / (b[:, -2:] + 3).norm(dim=1, keepdim=True)


def products(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    return torch.matmul(a[:, None], b[None].transpose(1, 2)), torch.einsum("ij,ij->i", a, b)


def batched(a: Tensor, b: Tensor) -> Tensor:
    return torch.baddbmm(a[None], a[None], b[None].transpose(1, 2))


def added_to_a_product(a: Tensor, b: Tensor) -> Tensor:
    return torch.addmm(a, b, b.t()) + torch.addmm(a, b, b.t(), beta=0)


def reshaped(a: Tensor, b: Tensor) -> Tensor:
    return a.view(a.shape[0], 1, -1) * b + a.reshape(b.shape[0], -1)[:, :1]


def bilinear(a: Tensor, b: Tensor) -> Tensor:
    return F.bilinear(a, b, torch.ones(2, a.shape[1], b.shape[1]))


def added_by_index(a: Tensor, b: Tensor) -> Tensor:
    return torch.stack([a, a]).index_add(0, torch.zeros(b.shape[0], dtype=torch.long), b)


def quaternion(a: Tensor, b: Tensor) -> Tensor:
    a = (1 - 2 * (a[..., 3:] < 0).float()) * a
    return a / a.norm(p=2, dim=-1).unsqueeze(-1).clamp(min=1e-9) + b


PROGRAMS = (
    sliced,
    both_sliced,
    last_columns,
    products,
    batched,
    added_to_a_product,
    reshaped,
    bilinear,
    added_by_index,
    quaternion,
)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_calls_of_many_sizes(program: Callable[..., Any], seed: int):
    chance = random.Random(seed)
    torch.manual_seed(seed)
    compiled = tsir.script(program)
    for _ in range(10):
        rows, columns = chance.choices([1, 1, 2, 3, 4], k=2)
        other = (rows, columns) if chance.random() < 0.5 else (chance.choice([1, rows]), chance.choice([1, columns, 4]))
        a, b = torch.randn(rows, columns), torch.randn(other)
        try:
            expected = program(a, b)
        except RuntimeError:
            with pytest.raises(RuntimeError):
                compiled(a, b)
        else:
            assert_same(compiled(a, b), expected)


def expanded(x: Tensor, a: int, b: int) -> Tensor:
    return x.expand(a, 4, b, 6)


def expanded_by_operators(x: Tensor, a: int, b: int) -> Tensor:
    y = x.split(2, 1)[-1][:, :1]
    return y.expand(a, y.shape[1], b, -1) * y


def leading(x: Tensor, a: int, b: int) -> Tensor:
    return x[0].expand(a, 4, b, 6)


@pytest.mark.parametrize("program", [expanded, expanded_by_operators, leading], ids=lambda f: f.__name__)
def test_sizes_of_expand_that_are_negative_in_some_calls(program: Callable[..., Any]):
    compiled = tsir.script(program)
    x = torch.randn(1, 4, 1, 6)
    for a, b in ((1, 1), (2, 3), (-1, 5), (4, 2), (3, -1), (-2, 1), (0, 2), (-1, -1)):
        try:
            expected = program(x, a, b)
        except RuntimeError:
            with pytest.raises(RuntimeError):
                compiled(x, a, b)
        else:
            assert_same(compiled(x, a, b), expected)


def normalised(x: Tensor) -> tuple[Tensor, ...]:
    x = x[x[:, 0] > 5]
    return x.softmax(0), x.log_softmax(0), x.logsumexp(0), x.sum(0), x.var(0), F.scaled_dot_product_attention(x, x, x)


def largest(x: Tensor) -> Tensor:
    return x[x > 5].max()


def smallest(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[x[:, 0] > 5].min(0)


def largest_ints(x: Tensor) -> Tensor:
    return x[x > 5].to(torch.int32).amax(0)


def places(x: Tensor) -> Tensor:
    return x[x > 5].argmax()


def in_rows(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[x[:, 0] > 5].max(1)


@pytest.mark.parametrize("program", [normalised, largest, smallest, largest_ints, places, in_rows], ids=lambda f: f.__name__)
def test_what_masks_choose_may_be_nothing(program: Callable[..., Any]):
    compiled = tsir.script(program)
    for x in (torch.arange(12.0).view(3, 4), torch.zeros(3, 4), torch.ones(0, 4), torch.arange(20.0).view(5, 4)):
        try:
            expected = program(x)
        except (RuntimeError, IndexError) as error:
            with pytest.raises(type(error), match=str(error)[:30].replace("(", "\\(").replace(")", "\\)")):
                compiled(x)
        else:
            assert_same(compiled(x), expected)
