"""`torch.set_default_dtype` is seen by compiled code when it runs, as in eager and torch.jit."""

from typing import List

import pytest
import torch
from torch import Tensor

import tsir
from tests.conformance.language.features import feature


@pytest.fixture(autouse=True)
def restored():
    before = torch.get_default_dtype()
    yield
    torch.set_default_dtype(before)


def made(n: int, floats: List[float]):
    whole = torch.tensor([n, 2])
    return (
        torch.zeros(2) + 1, torch.tensor(1.5), torch.tensor(floats), torch.arange(0.0, 1.0, 0.5), torch.full((2,), 1.5), torch.eye(2),
        whole / 2, whole * 1.5, torch.sqrt(whole * 2), whole.to(torch.float32) * 1.5, torch.rand(2) * 0, torch.linspace(0, 1, 3),
    )  # fmt: skip


def in_a_loop(x: Tensor, n: int):
    halves: List[Tensor] = []
    for i in range(n):
        halves.append(x[i] / 2)
        x[i] += 1
    return halves, x


@feature("torch.jit's API", "`torch.set_default_dtype` between calls")
@pytest.mark.parametrize("order", [(0, 1, 0), (1, 0, 1, 1), (2, 0, 2)], ids=str)
def test_default_dtype(order):
    functions = [(made, lambda: (3, [1.0])), (in_a_loop, lambda: (torch.arange(3), 3))]
    compiled = [tsir.script(function) for function, _ in functions]
    for dtype in order:
        torch.set_default_dtype([torch.float32, torch.float64, torch.bfloat16][dtype])
        for _ in range(2):
            for (function, arguments), again in zip(functions, compiled, strict=True):
                torch.testing.assert_close(again(*arguments()), function(*arguments()))


def test_complex_numbers_have_parts_of_the_default_dtype():
    def made(n: int):
        return torch.tensor([n * 1j])

    compiled = tsir.script(made)
    for dtype in (torch.float32, torch.float64, torch.float32):
        torch.set_default_dtype(dtype)
        torch.testing.assert_close(compiled(2), made(2))
