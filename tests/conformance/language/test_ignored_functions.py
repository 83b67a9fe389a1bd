"""Functions and methods marked with `torch.jit.ignore`: compiled code calls them in Python; they can't be saved."""

import copy
import io
from typing import Dict, List, Optional, Tuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
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


def test_saving_is_refused_at_the_call(form: str):
    with pytest.raises(ArchiveError, match=r"doubled\(\)") as caught_error:
        tsir.script(values).save(io.BytesIO())
    place = caught_error.value.location
    assert place is not None
    assert form == "printed" or place.file == __file__
    assert form == "printed" or place.line == values.__code__.co_firstlineno + 1


@torch.jit.ignore
def named(x: Tensor, **terms: int) -> int:
    return int(x.sum()) + sum(terms.values())


@torch.jit.ignore
def defaulted(x: Tensor, show=print, scale: float = 2.0, *, names: Optional[List[str]] = None) -> Tensor:
    assert show is print
    return x * scale + len(names or [])


@torch.jit.ignore
def several(x: Tensor) -> Tuple[int, Dict[str, Tensor]]:
    return 3, {"a": x + 1}


@torch.jit.unused
def unused(x: Tensor) -> int:
    return 3


def with_names(x):
    return x * named(x, a=1, b=2), named(x)


def with_defaults(x):
    return defaulted(x), defaulted(x, scale=4.0, names=["a"]), defaulted(x, names=None)


def with_containers(x):
    number, found = several(x)
    return found["a"] * number


@pytest.mark.parametrize("function", [with_names, with_defaults, with_containers])
def test_arguments_and_results_of_every_kind(function):
    found, expected = tsir.script(function)(X), function(X)
    torch.testing.assert_close(found, expected)


def test_what_is_unused_raises_where_it_is_called():
    def calls(x: Tensor, wanted: bool) -> int:
        return unused(x) if wanted else 1

    compiled = tsir.script(calls)
    file = io.BytesIO()
    compiled.save(file)
    file.seek(0)
    for function in (compiled, tsir.load(file)):
        assert function(X, False) == 1
        with pytest.raises(NotImplementedError, match="unused"):
            function(X, True)


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.count = 0
        self.register_buffer("seen", torch.zeros(4))
        self.inner = nn.Linear(4, 4)

    @torch.jit.ignore
    def note(self, x: Tensor, by: int = 2) -> None:
        self.count += by
        self.seen = x * self.count

    @torch.jit.ignore
    def helped(self, x: Tensor) -> Tensor:
        return self.inner(x) + self.note_of(x)

    @torch.jit.ignore
    def note_of(self, x: Tensor) -> Tensor:
        return x * self.count

    def forward(self, x):
        self.note(x)
        before, seen = self.count, self.seen + 0
        self.note(x, by=3)
        return before, seen, self.count, self.seen, self.helped(x)


def test_what_a_method_sets_is_seen_by_the_next_statement():
    module = Counting()
    compiled = tsir.script(copy.deepcopy(module))
    for _ in range(2):
        torch.testing.assert_close(compiled(X), module(X))
    assert compiled.count == module.count == 10
    torch.testing.assert_close(compiled.note_of(X), X * 10)


class Doubled(nn.Module):
    @torch.jit.ignore
    def forward(self, x):
        return torch.from_numpy(x.numpy() * 2)


class Outside(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Doubled()

    def forward(self, x):
        return self.inner(x) + 1


def test_a_submodule_may_stay_in_python():
    torch.testing.assert_close(tsir.script(Outside())(X), X * 2 + 1)


FACTOR = 2


def with_block(x: Tensor):
    y = x + 1
    shape: List[int] = []
    with torch.jit._IgnoreContextManager(y="inp:Tensor", x="inp:Tensor", shape="out:List[int]", y2="out:Tensor"):
        shape = list(np.asarray(y).shape)
        y2 = y * FACTOR + x
    return y2 + 1, shape


def test_a_block_that_stays_in_python(form: str):
    if form == "printed":
        pytest.skip("a block has no name that printed code could import")
    found, shape = tsir.script(with_block)(X)
    torch.testing.assert_close(found, (X + 1) * 2 + X + 1)
    assert shape == [4]


class Counter:
    def __init__(self) -> None:
        self.seen: list[int] = []

    @torch.jit.ignore
    def count(self, x: Tensor, k: int = 2) -> int:
        self.seen.append(k)
        return len(self.seen) + int(x.sum())

    @torch.jit.ignore
    def __call__(self, *args) -> str:
        return type(args[0]).__name__


COUNTER = Counter()


def counted(x: Tensor):
    first = COUNTER.count(x)
    return COUNTER.count(x, k=5) - first, COUNTER(x)


@feature("Modules", "methods of objects from outside that are marked with torch.jit.ignore")
def test_methods_of_objects_outside(form: str) -> None:
    if form == "written":
        COUNTER.seen.clear()
        assert tsir.script(counted)(torch.ones(2)) == (1, "Tensor")
        assert COUNTER.seen == [2, 5]
