"""Values of type Any, as `tolist()` of a tensor gives them: what they are is looked at when the program runs."""

from typing import Any, List

import torch

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()

X = torch.arange(6.0)
LENGTHS = torch.tensor([3, 1, 2])


@feature("Type refinement", "values of type Any as operands, arguments and indices of tensors")
@programs(X, 2)
@programs(X, 1.5)
@programs(X, X + 1)
def any_operand(x, n: Any):
    return x * n, n + x, x > n


@programs(X, LENGTHS)
def slices_by_numbers_of_a_tensor(x, lengths):
    parts = []
    for n in lengths.tolist():
        parts.append(x[:n].sum())
    return torch.stack(parts)


@programs(X, LENGTHS)
def numbers_as_arguments(x, lengths):
    n, m, k = lengths.tolist()
    return x.narrow(0, m, n), torch.zeros(n, k), x.view(k, -1), torch.split(x, lengths.tolist()), x.roll(m)


@programs(X, LENGTHS)
def numbers_as_indices(x, lengths):
    y = x.view(2, 3).clone()
    l = lengths.tolist()
    y[0, l[1] :] += l[0]
    y[l[1], l[2]] = l[0]
    return y, y[l[1]], y[:, l[2]], x[l], y[l[1], :2]


@feature("Types and annotations", "a value of type Any in an annotated variable")
@programs(LENGTHS)
def annotated(lengths):
    first: int = lengths.tolist()[0]
    half: float = lengths.tolist()[1]
    kept: List[int] = []
    for n in lengths.tolist():
        kept.append(n)
    return first * 2, half / 2, kept


@programs(X, "a")
@programs(X, [1, 2])
def wrong_any(x, n: Any):
    try:
        return x.narrow(0, n, 1)
    except TypeError:
        return x


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
