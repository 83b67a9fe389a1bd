"""What programs written for torch.jit rely on and its documentation hardly says: found in libraries that script their models."""

import copy
from typing import List, Optional, Union

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same


def same(f, *args) -> None:
    expected = f(*copy.deepcopy(args))
    assert_same(tsir.script(f)(*copy.deepcopy(args)), expected)


X = torch.tensor([[1.0, -2.0, 0.5, 3.0], [0.25, 1.5, -1.0, 2.0]])


def scaled(x: Tensor, by: float, times: int = 1, plus: Optional[float] = None) -> Tensor:
    for _ in range(times):
        x = x * by
    return x if plus is None else x + plus


def numbers_from_tensors(x: Tensor) -> List[Tensor]:
    count = torch.tensor(2)
    return [scaled(x, x.mean()), scaled(x, x.sum(), count), scaled(x, 2.0, 1, x[0, 0])]


@feature("Types and annotations", "a tensor without dimensions as an argument where a number is declared")
def test_tensor_where_a_number_is_declared() -> None:
    same(numbers_from_tensors, X)


def number_of_fraction(x: Tensor) -> Tensor:
    return scaled(x, 1.0, x.mean())


def test_fraction_where_an_int_is_declared() -> None:
    with pytest.raises(RuntimeError):
        tsir.script(number_of_fraction)(X)


class Folded(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 3


class Unfolded(nn.Module):
    """Can't be compiled as it is."""

    def __prepare_scriptable__(self) -> nn.Module:
        return Folded()

    def forward(self, *args, **kwargs):
        return args[0] * eval("3")


class Prepared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(Unfolded(), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)


@feature("Modules", "`__prepare_scriptable__`")
def test_prepare_scriptable() -> None:
    expected = Prepared()(X)
    assert_same(tsir.script(Prepared())(X), expected)


class Symmetric(nn.Module):
    def forward(self, w: Tensor) -> Tensor:
        return w.triu() + w.triu(1).transpose(-1, -2)


class Halved(nn.Module):
    def forward(self, w: Tensor) -> Tensor:
        return w * 0.5


def two_parametrizations() -> nn.Module:
    made = nn.Linear(4, 4)
    parametrize.register_parametrization(made, "weight", Symmetric())
    parametrize.register_parametrization(made, "weight", Halved())
    return made


@feature("Modules", "parametrized parameters: torch.nn.utils.parametrize")
@pytest.mark.parametrize("make", [two_parametrizations, lambda: parametrizations.weight_norm(nn.Linear(4, 3))])
def test_parametrized(make) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(make(), nn.ReLU()).eval()
    with torch.no_grad():
        same(module, X)
        tsir_module = tsir.script(module)
        for name, value in module.state_dict().items():
            assert_same(tsir_module.state_dict()[name], value)


def conjugates(w: Tensor, index: Union[int, Tensor]) -> List[Tensor]:
    if torch.jit.isinstance(index, int):  # so that what follows runs operator by operator
        w = w[..., index]
    else:
        w = w[0]
    return [w.conj() * 2, w.adjoint() + 1, w.mH * 1, w.conj().t(), w.conj().imag]


def test_conjugates_of_tensors_whose_shape_is_not_known_when_compiling() -> None:
    w = torch.tensor([[[1 + 2j, 3 - 1j]], [[0.5j, -2.0]]])
    same(conjugates, w, 1)


def widest(dtype: torch.dtype) -> int:
    if dtype == torch.uint16:
        return 65535
    if dtype == torch.uint8:
        return 255
    return -1


def half_of(dtype: torch.dtype) -> torch.dtype:
    if dtype == torch.float64:
        return torch.complex64
    return torch.complex32


def names_of_dtypes(x: Tensor) -> List[int]:
    other = half_of(x.dtype)
    if other == torch.complex32 and x.numel() > 100:
        x = x.to(torch.complex32)
    return [widest(x.dtype), widest(torch.uint16), int(other == torch.complex32), int(other.is_complex)]


@feature("Tensors in programs", "dtypes that no tensor has here, as values")
def test_dtypes_that_are_only_named() -> None:
    same(names_of_dtypes, X)
    assert tsir.script(half_of)(torch.float32) is torch.complex32
    assert tsir.script(widest)(torch.uint16) == 65535


def of_that_dtype(x: Tensor) -> Tensor:
    return x.to(torch.complex32)


def test_tensors_of_such_dtypes_are_refused() -> None:
    with pytest.raises((tsir.TsirError, RuntimeError), match=r"tensors of dtype torch.complex32 aren't"):
        tsir.script(of_that_dtype)(X)
