"""Indices whose number of dimensions is only known at run time: masks among ints, slices and other tensors."""

import pytest
import torch

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()
A = torch.arange(24.0).reshape(2, 3, 4)
M2 = torch.tensor([[True, False, True], [False, True, False]])
I1 = torch.tensor([1, 0])


@programs(A, M2, 2)
def mask2d_int(x, m, i: int):
    return x[m, i], x[m, 1:], x[m, None, 2:3], x[..., 0][m], x[m]


@programs(A, M2, 2)
def mask2d_set(x, m, i: int):
    y = x.clone()
    y[m, i] = -1.0
    y[m, :2] += 5
    return y


@programs(A, I1)
def idx_mixed(x, i):
    return x[i, 0], x[0, i], x[i, :, 1], x[..., i], x[:, i, None], x[i, i], x[0, ..., i], x[i, ..., 0]


@programs(torch.ones(2, 2, 3, 4), M2)
def mask_middle(x, m):
    return x[0, m], x[:, m, 1], x[:, m, ..., :2], x[..., m[:, :1].squeeze(1), :, 0], x[1, m, -1]


@programs(A)
def mask_list(x):
    return x[[True, False]], x[[[True, False, True], [False, True, False]], 1]


X, Y = torch.arange(-3.0, 3.0), torch.arange(6.0).flip(0)


@feature("Tensors in programs", "`x.where(condition, other)`, whose condition torch.where has first")
@programs(X, Y, X > Y)
@programs(X > 0, Y > 2, X > Y)
def where_methods(x, y, c):
    return x.where(c, y), x.where(c, other=y), x.where(condition=c, other=y), torch.where(c, x, y)


@programs(X)
def where_with_numbers(x):
    return x.where(x > 0, 2.0), x.where(other=-1.0, condition=x < 0), x.abs().polygamma(n=1), (x.abs() + 1).polygamma(2)


@pytest.mark.parametrize(("x", "y"), [(X, Y), (X > 0, Y > 2)])
def test_traced_where_methods(x, y):
    c = X > Y
    for found, expected in zip(tsir.trace(where_methods, (x, y, c))(x, y, c), where_methods(x, y, c), strict=True):
        assert torch.equal(found, expected)


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
