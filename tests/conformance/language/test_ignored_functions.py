"""Functions and methods marked with `torch.jit.ignore`: compiled code calls them in Python; they can't be saved."""

import io

import pytest
import torch
from torch import Tensor, nn

import tsir
from tsir.errors import ArchiveError, OperatorTypeError

X = torch.arange(4.0)


@torch.jit.ignore
def doubled(x):
    return torch.from_numpy(x.numpy() * 2)


@torch.jit.ignore
def total(x: Tensor, names: list[str], *, start: int = 1) -> int:
    return int(x.sum()) + start + len(names)


@torch.jit.ignore
def grown(x):
    return x.add_(1)


@torch.jit.ignore
def failing(x: Tensor) -> None:
    raise KeyError("missing")


@torch.jit.ignore
def mistyped(x) -> int:
    return "text"  # pyright: ignore[reportReturnType]


def values(x):
    return doubled(x) + total(x, ["a", "b"], start=4)


def written(x):
    y = x * 2
    z = grown(y)
    z.mul_(3)
    for _ in range(2):
        z = grown(z * 1)
    return y, z


def caught(x):
    try:
        failing(x)
    except KeyError:
        return x + 1
    return x


@pytest.mark.parametrize("function", [values, written, caught])
def test_compiled_code_calls_python(function):
    torch.testing.assert_close(tsir.script(function)(X.clone()), function(X.clone()))


def test_exceptions_keep_their_type_and_results_are_checked():
    def raises(x):
        failing(x)
        return x

    def wrong(x):
        return mistyped(x)

    with pytest.raises(KeyError, match="missing"):
        tsir.script(raises)(X)
    with pytest.raises(OperatorTypeError, match=r"mistyped\(\)"):
        tsir.script(wrong)(X)


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))
        self.factor = 3

    @torch.jit.ignore
    def scaled(self, x: Tensor) -> Tensor:
        return x * self.weight * self.factor

    def forward(self, x):
        return self.scaled(x) + 1


def test_methods_see_the_module_as_it_is():
    module = Scaled()
    compiled = tsir.script(module)
    assert torch.equal(compiled(X), module(X))
    with torch.no_grad():
        module.weight.mul_(2)
    assert torch.equal(compiled(X), module(X))
    compiled.factor = 5
    assert torch.equal(compiled(X), X * module.weight * 5 + 1)


def test_saving_is_refused_at_the_call():
    with pytest.raises(ArchiveError, match=r"doubled\(\)") as caught_error:
        tsir.script(values).save(io.BytesIO())
    place = caught_error.value.location
    assert place is not None and place.file == __file__
    assert place.line == values.__code__.co_firstlineno + 1
