"""The check of a trace against the program itself."""

import warnings

import pytest
import torch
import torch.nn as nn

from tsir.errors import TracerWarning
from tsir.frontend.trace import check


def messages(original, compiled, *inputs, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check(original, compiled, inputs, **options)
    assert all(w.category is TracerWarning for w in caught)
    return [str(w.message) for w in caught]


X = torch.tensor([[1.0, 2.0], [3.0, 5.0]])


def test_equal_programs():
    assert messages(lambda x: (x.sin(), {"a": [x]}), lambda x: (x.sin(), {"a": [x]}), X) == []
    assert messages(lambda x: x / 0, lambda x: x / 0, X * 0) == []
    assert messages(lambda x: {x + 1: x}, lambda x: {x + 1: x}, X) == []


@pytest.mark.parametrize(
    ("original", "compiled", "message"),
    [
        (lambda x: x, lambda x: x + 1, "the result differs by up to 1"),
        (lambda x: x, lambda x: x.double(), "is a tensor of torch.float64"),
        (lambda x: x, lambda x: x[0], r"\(2,\), not of torch.float32 \(2, 2\)"),
        (lambda x: (x, x), lambda x: (x, x * 2), r"the result\[1\] differs"),
        (lambda x: {"a": x}, lambda x: {"b": x}, "has other keys"),
        (lambda x: {"a": x}, lambda x: {"a": x, "b": x}, "has other keys"),
        (lambda x: {x: x}, lambda x: {x + 1: x}, "a key of the result differs by up to 1"),
        (lambda x: [x], lambda x: [x, x], "another number of elements"),
        (lambda x: 1.0, lambda x: 1.1, "is 1.1, not 1.0"),
        (lambda x: "a", lambda x: "b", "is 'b', not 'a'"),
        (lambda x: x, lambda x: 1, "is a int, not a tensor"),
    ],
)
def test_differences(original, compiled, message):
    (text,) = messages(original, compiled, X)
    assert "for the inputs it was made with" in text
    assert __import__("re").search(message, text)


def test_values_that_decide_are_found_by_fresh_inputs():
    (text,) = messages(lambda x: x + 1 if x[0, 0] > 0 else x - 1, lambda x: x + 1, -X.neg())
    assert "other inputs of the same shapes" in text and "tsir.script" in text


def test_a_program_that_isnt_deterministic():
    state = []
    (text,) = messages(lambda x: x + len(state) + (state.append(1) or 0), lambda x: x, X)
    assert ".eval()" in text


def test_random_numbers_are_the_same_in_each_run():
    assert messages(lambda x: x + torch.rand(2), lambda x: x + torch.rand(2), X) == []


def test_state_is_as_before():
    norm = nn.BatchNorm1d(2)
    before = {k: v.clone() for k, v in norm.state_dict().items()}
    check(norm, norm, (X,))
    assert all(torch.equal(before[k], v) for k, v in norm.state_dict().items())


def test_inputs_are_not_written():
    x = X.clone()
    check(lambda x: x.add_(1), lambda x: x.add_(1), (x,))
    assert torch.equal(x, X)
