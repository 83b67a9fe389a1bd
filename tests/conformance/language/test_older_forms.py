"""Forms of older code that torch.jit takes: constructors by type, ranges for lists, numbers as indices; enums of type Any."""

import enum
import io
from typing import Any, List

import pytest
import torch
from torch import Tensor
from torch.autograd import Variable

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import check
from tests.models.comparison import assert_same

X = torch.arange(6.0).reshape(2, 3)


def of_data(x: Tensor):
    return (
        torch.BoolTensor([2, 0]), torch.LongTensor([[3], [4]]), torch.ByteTensor([4]), torch.DoubleTensor([6]),
        torch.FloatTensor([x.shape[0], 2.5]), torch.HalfTensor([1]), torch.Tensor([1, 2]), torch.IntTensor([[]]),
    )  # fmt: skip


def of_sizes(x: Tensor):
    n = x.shape[1]
    return torch.FloatTensor(2, n).shape, torch.LongTensor(x.shape).shape, torch.Tensor(n).fill_(1), torch.CharTensor().shape


@feature("Tensors in programs", "torch.FloatTensor(...) and its like, by sizes and of data")
@pytest.mark.parametrize("function", [of_data, of_sizes])
def test_constructors(function: Any) -> None:
    assert_same(tsir.script(function)(X), function(X))


def test_constructors_say_what_they_take() -> None:
    def named() -> Tensor:
        return torch.LongTensor(hello="1")  # pyright: ignore[reportCallIssue]

    with pytest.raises(tsir.TsirError, match="takes no argument 'hello'"):
        tsir.script(named)


def variables(x: Tensor):
    y, z = Variable(x * 2, requires_grad=False), Variable(x)
    z += 1
    kinds = isinstance(z, Variable), isinstance(x, torch.autograd.Variable), z is x
    return torch.autograd.Variable(torch.zeros(2, 3)) + y, x, z, kinds


@feature("Tensors in programs", "torch.autograd.Variable(x), a view of the tensor, and isinstance of it")
def test_variables() -> None:
    check(variables, (X,))


def test_isinstance_of_tensors_elsewhere_is_refused() -> None:
    def asked(x: Tensor) -> bool:
        return isinstance(x, torch.cuda.FloatTensor)

    with pytest.raises(tsir.TsirError, match="compare the tensor's dtype"):
        tsir.script(asked)


def doubled(items: List[int]) -> List[int]:
    return [i * 2 for i in items[1:]]


def by_floats(x: Tensor, at: List[float]) -> Tensor:
    return x[at] + x[[0.5, 1.5]]


@feature("Arguments", "range objects for lists of numbers")
def test_a_range_is_a_list_of_numbers() -> None:
    assert tsir.script(doubled)(range(5)) == [2, 4, 6, 8]


@feature("Tensors in programs", "lists of floats as indices: their whole parts")
def test_lists_of_floats_are_indices() -> None:
    assert_same(tsir.script(by_floats)(X, [1.7, 0.2]), by_floats(X, [1.7, 0.2]))


class Colour(enum.Enum):
    RED = 1
    GREEN = "green"


def which(x: Any) -> int:
    if isinstance(x, Colour):
        return 1 if x == Colour.RED else 2
    return 0


@feature("Type refinement", "isinstance of an enum for arguments of type Any")
@pytest.mark.parametrize("value", [Colour.RED, Colour.GREEN, 1, "green", None])
def test_members_of_type_any(value: Any) -> None:
    compiled, saved = tsir.script(which), io.BytesIO()
    compiled.save(saved)
    saved.seek(0)
    for each in (compiled, tsir.load(saved)):
        assert each(value) == which(value)
