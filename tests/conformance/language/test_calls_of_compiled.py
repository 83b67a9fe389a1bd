"""Compiled functions that compiled functions call: scripted, traced and loaded ones."""

import io

import torch
from torch import Tensor

import tsir


@tsir.script
def scaled(x: Tensor, factor: int = 3):
    return x * factor, factor


def test_a_scripted_function_is_called_like_the_one_it_was_made_of():
    def program(x: Tensor, n: int):
        first, _ = scaled(x)
        second, factor = scaled(first, factor=n)
        return first, second, factor

    x = torch.arange(3.0)
    first, second, factor = tsir.script(program)(x, 4)
    assert torch.equal(first, x * 3)
    assert torch.equal(second, x * 12)
    assert factor == 4


def test_a_scripted_function_is_a_value_as_any_function():
    def program(x: Tensor):
        return [f(x) for f in (inner, torch.neg)]

    @tsir.script
    def inner(x: Tensor):
        return x + 1

    found = tsir.script(program)(torch.ones(2))
    assert [f.tolist() for f in found] == [[2.0, 2.0], [-1.0, -1.0]]


def test_traced_and_loaded_functions_keep_their_sizes_and_defaults():
    traced = tsir.trace(lambda x: x * 2 + x.shape[0], (torch.ones(3),))
    file = io.BytesIO()
    scaled.save(file)
    file.seek(0)
    loaded = tsir.load(file)

    def program(x: Tensor, n: int):
        a, k = loaded(x, factor=n)
        b, m = loaded(traced(x))
        return a, b, k, m

    a, b, k, m = tsir.script(program)(torch.ones(2), 5)
    assert (a.tolist(), b.tolist(), k, m) == ([5.0, 5.0], [12.0, 12.0], 5, 3)
