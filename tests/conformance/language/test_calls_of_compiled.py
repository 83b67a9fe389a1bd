"""Compiled functions that compiled functions call: scripted, traced and loaded ones."""

import io
from typing import Any

import pytest
import torch
from torch import Tensor

import tsir
from tests.conformance.language.features import feature


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


SHIFT = torch.tensor([1.0, 2.0])
LAYER = torch.nn.Linear(2, 2)


def shifted(x: Tensor) -> Tensor:
    return x + SHIFT


def through_layer(x: Tensor, factor: float = 2.0) -> Tensor:
    return LAYER(x) * factor + SHIFT


def by_default(x: Tensor, shift: Tensor = SHIFT * 2) -> Tensor:
    return x + shift


class Scaled(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(2) * 3)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight

    @torch.jit.export
    def halved(self, x: Tensor) -> Tensor:
        return self(x) / 2


def reloaded(compiled: Any) -> Any:
    file = io.BytesIO()
    compiled.save(file)
    file.seek(0)
    return tsir.load(file)


@feature(
    "Functions and closures",
    "calls of traced and loaded functions that have tensors or modules of their own, and of methods",
)
def test_compiled_functions_keep_the_tensors_and_modules_that_they_have(form: str):
    if form == "printed":
        pytest.skip("the parts that are traced functions aren't modules, of which the test makes the object anew")
    x = torch.tensor([3.0, -1.0])
    traced, scripted = tsir.trace(shifted, x), tsir.script(Scaled())
    functions = [traced, reloaded(traced), *(reloaded(tsir.script(f)) for f in (shifted, through_layer, by_default))]
    a, b, c, d, e = functions
    module = reloaded(scripted)

    def program(x: Tensor):
        return (
            a(x),
            b(x),
            c(x),
            d(x, factor=3.0),
            d(x),
            e(x),
            e(x, x),
            scripted.halved(x),
            module.forward(x),
            module.halved(x),
        )

    class Calls(torch.nn.Module):
        def forward(self, x: Tensor):
            return a(x), b(x), d(x) + e(x)

    compiled = tsir.script(program)
    expected = [shifted(x)] * 3 + [through_layer(x, 3.0), through_layer(x), by_default(x), x + x, x * 1.5, x * 3, x * 1.5]
    for found in (compiled(x), reloaded(compiled)(x)):
        for ours, theirs in zip(found, expected, strict=True):
            torch.testing.assert_close(ours, theirs)
    with torch.no_grad():
        scripted.weight.mul_(2)
    assert torch.equal(compiled(x)[7], x * 3)
    assert torch.equal(tsir.script(Calls())(x)[0], shifted(x))
