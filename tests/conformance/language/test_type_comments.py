"""Types in comments: of whole signatures, with and without a result, below the docstring, and parameter by parameter."""

from typing import List, Optional

import pytest
import torch

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


@feature("Types and annotations", "type comments without a result")
@programs(2)
def without_result(x):
    # type: (int)
    return x + 1


@programs()
def without_parameters():
    # type: ()
    return 1


@feature("Types and annotations", "type comments below the docstring")
@programs([1], None)
@programs([1, 2], 5)
def below_docstring(x, y):
    """Doc.

    # type: (str, str) -> str
    """
    # type: (List[int], Optional[int]) -> int
    z = []  # type: List[int]
    z.append(len(x))
    return z[0] if y is None else y


@feature("Types and annotations", "type comments of parameters")
@programs(2)
def by_parameter(
    x,  # type: int
    *,
    y=2,  # type: int
):
    # type: (...) -> int
    return x + y


@programs(None, torch.device("cpu"))
def names_without_imports(x, device):
    # type: (NoneType, Device) -> str
    return device.type


class Method(torch.nn.Module):
    def forward(self, x, k):
        # type: (torch.Tensor, int)
        return x + k


def test_comment_of_a_method_leaves_out_self():
    x = torch.ones(2)
    assert torch.equal(tsir.script(Method())(x, 3), x + 3)


def too_few(x, y):
    # type: (int) -> int
    return x


def test_comment_with_another_number_of_parameters_says_so():
    with pytest.raises(tsir.TsirError, match="the type comment has 1 parameter, the function 2"):
        tsir.script(too_few)


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)


__all__ = ["List", "Optional"]  # read by type comments alone
