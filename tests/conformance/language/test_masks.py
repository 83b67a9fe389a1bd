"""Indices whose number of dimensions is only known at run time: masks among ints, slices and other tensors."""

import torch

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


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
