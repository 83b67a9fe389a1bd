"""Exceptions of the user's classes as in Python: annotations of their `__init__` are hints, and what they hold leaves with them."""

from typing import Optional

import pytest
import torch

import tsir
from tests.conformance.language.features import feature


class Point:
    def __init__(self, x: int):
        self.x = x


class MisfitError(Exception):
    def __init__(self, message: str, *, kind: Optional[type] = None, shape: list[str] | tuple[int, ...] | None = None):
        super().__init__(message)
        self.kind = kind
        self.shape = shape


class HeldError(MisfitError):
    def __init__(self, held: torch.Tensor, point: Point):
        super().__init__("held")
        self.held = held
        self.point = point


def check(x: torch.Tensor):
    if x.dim() == 3:
        raise MisfitError("a", kind=type(x), shape=[1, 2])
    if x.dim() == 2:
        raise MisfitError("b", shape=["a"])
    if x.dim() == 1:
        raise MisfitError("c", shape=(1,))
    return x


def caught(x: torch.Tensor):
    try:
        check(x)
    except MisfitError as error:
        return f"{error} {error.shape}"
    return "fits"


@feature("Exceptions", "fields of several types, classes as fields")
def test_fields_of_several_types():
    compiled = tsir.script(check)
    for x in (torch.ones(1), torch.ones(1, 1), torch.ones(1, 1, 1)):
        with pytest.raises(MisfitError) as expected:
            check(x)
        with pytest.raises(MisfitError) as raised:
            compiled(x)
        assert (str(raised.value), vars(raised.value)) == (str(expected.value), vars(expected.value))
        assert tsir.script(caught)(x) == caught(x)


def holding(x: torch.Tensor, items: list[int]):
    items.append(len(items))
    if x.dim() == 1:
        raise ValueError(items, x)
    try:
        raise HeldError(x + 1, Point(x.dim()))
    except HeldError as error:
        raise RuntimeError("outer") from error


@feature("Exceptions", "tensors, lists and objects that exceptions hold are the caller's")
def test_what_exceptions_hold_leaves():
    compiled, items = tsir.script(holding), [0]
    x = torch.ones(2)
    for _ in range(3):
        with pytest.raises(ValueError) as raised:
            compiled(x, items)
        assert raised.value.args[0] is items and raised.value.args[1] is x
    with pytest.raises(RuntimeError) as outer:
        compiled(x[None], [])
    held = outer.value.__cause__
    assert isinstance(held, HeldError) and set(vars(held)) == {"kind", "shape", "held", "point"}
    assert torch.equal(held.held, torch.full((1, 2), 2.0)) and type(held.point) is Point and held.point.x == 2


def asserted(x: torch.Tensor, most: int):
    torch._assert_scalar(most > 0, "no room")
    torch._assert_async(x.sum() < most, "too much")
    torch._assert_async(x)
    return x


@feature("Exceptions", "`torch._assert_async` and `torch._assert_scalar`")
def test_asynchronous_assertions():
    compiled = tsir.script(asserted)
    assert torch.equal(compiled(torch.ones(1), 2), torch.ones(1))
    for arguments in ((torch.ones(1), 0), (torch.ones(1), 1), (torch.zeros(1), 1), (torch.zeros(2), 1)):
        with pytest.raises(RuntimeError) as expected:
            asserted(*arguments)
        with pytest.raises(RuntimeError) as raised:
            compiled(*arguments)
        assert str(raised.value).splitlines()[0] == str(expected.value).splitlines()[0]
