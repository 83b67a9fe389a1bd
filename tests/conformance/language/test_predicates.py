"""Functions that only ask what a value is, in conditions: what they say of the parameter is known of the argument."""

# ruff: noqa  (how users write is the point here)
import functools
from typing import *

import pytest
import torch
import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from torch import Tensor, nn

programs = Programs()
X = torch.arange(6.0).reshape(2, 3)


def exists(v):
    """Whether there is a value."""
    return v is not None


def is_text(v: Any) -> bool:
    return isinstance(v, str)


def is_number(v):
    return isinstance(v, (int, float)) and not isinstance(v, bool)


def both(a, b):
    return a is not None and b is not None


def default(v, d):
    if exists(v):
        return v
    return d


def first(*args):
    for arg in args:
        if exists(arg):
            return arg() if callable(arg) else arg
    return None


class Box:
    def __init__(self, value: Optional[int]):
        self.value = value


def is_filled(box: Box):
    return box.value is not None


@feature("Type refinement", "refinement by a function that asks: `if exists(x):`")
@programs(None, 3)
@programs(5, 3)
def asked(x: Optional[int], y: int):
    if not exists(x):
        return y
    return x + y


@programs(None, 3)
@programs(5, 3)
def in_defaults(x: Optional[int], y: int):
    return default(x, y) + 1, first(x, y) + 1, first(x, None, lambda: 7) + 1, len(first(None, [x, y]))


@programs(2)
@programs("two")
@programs(2.5)
@programs(True)
def types(v: Union[int, float, bool, str]):
    if is_text(v):
        return v + "!"
    if is_number(v):
        return str(v + 1)
    return "flag"


@programs(None, 1)
@programs(1, None)
@programs(1, 2)
def of_two(a: Optional[int], b: Optional[int]):
    c = a + b if both(a, b) else 0
    while exists(a) and exists(b) and a < 3:
        a += b
    return a, b, c


@programs(4)
@programs(None)
def of_attributes(v: Optional[int]):
    box = Box(v)
    if is_filled(box) and exists(box.value):
        return box.value + 1
    local = lambda value: value is None
    if local(v):
        return -1
    return v


@programs(None, X)
@programs(X, X)
def of_tensors(mask: Optional[Tensor], x: Tensor):
    if exists(mask):
        x = x * mask
    return x + (mask.sum() if exists(mask) else 0.0)


@feature("Arguments", "an entry point's parameter with the default `{}` that is passed on with `**`")
def test_passed_on_defaults() -> None:
    class Scaled(nn.Module):
        def forward(self, x: Tensor, scale: float = 2.0) -> Tensor:
            return x * scale

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Scaled()

        def forward(self, x, options=dict(), n=2, *, more={}):
            return self.inner(self.inner(x, **options), scale=3.0, **more) * n

    model = Model()
    compiled = tsir.script(model)
    assert torch.equal(compiled(X), model(X))
    assert torch.equal(compiled(X, {}, 3), model(X, {}, 3))
    with pytest.raises(TypeError, match="options must be empty here"):
        compiled(X, {"scale": torch.ones(1)})


class Layers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        pairs = [[nn.Linear(3, 3), None], [nn.ReLU(), nn.Tanh()]]
        self.layers = nn.ModuleList(nn.ModuleList(pair) for pair in pairs)
        self.kinds, self.order = ("a", "f"), tuple(range(2))

    def forward(self, x, order=None, **kwargs):
        order = first(order, self.order)
        chosen = tuple(tuple(v[i] for i in order) for v in (self.kinds, self.layers))
        for kind, (layer, after) in zip(*chosen):
            x = layer(x) + 1 if kind == "a" else after(layer(x))
        return x


@feature("Modules", "tuples of constants that choose submodules, by way of functions")
def test_constants_decide() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Layers()

        def forward(self, x, **kwargs):
            return self.inner(x, **kwargs)

    torch.manual_seed(0)
    model = Model()
    torch.testing.assert_close(tsir.script(model)(X), model(X))


@feature("Arguments", "a parameter of an entry point that is annotated as a function and None by default")
def test_functions_that_may_be_missing() -> None:
    class Model(nn.Module):
        def forward(self, x, *, act: Optional[Callable] = None, n: int = 2):
            return (x if act is None else act(x)) * n

    model = Model()
    compiled = tsir.script(model)
    assert torch.equal(compiled(X, n=3), model(X, n=3)) and "act: None=None" in compiled.code
    with pytest.raises(TypeError, match="argument 'act': expected a value of type 'None'"):
        compiled(X, act=torch.relu)


def fails(x: int):
    raise ValueError(f"{x} is too much")


@feature("Exceptions", "what a function gives that only raises")
@programs(2)
@programs(8)
def only_raising(x: int):
    if x > 5:
        a, b = fails(x)
        return a + b
    return [fails(v) if v > 3 else v + 1 for v in range(x)]


@programs(2)
def caught(x: int):
    try:
        first, second = fails(x)
    except ValueError as error:
        return str(error)
    return first


def needs(fn):
    @functools.wraps(fn)
    def inner(x, *args, **kwargs):
        return fn(x, *args, **kwargs) if exists(x) else x

    return inner


def doubled(x):
    """Twice as much."""
    return x * 2


@feature("Functions and closures", "`functools.wraps` and `__name__` of local functions")
@programs(X)
def wrapped(x: Tensor):
    local = needs(lambda v: v + 1)
    return needs(doubled)(x), local(x), needs(doubled).__name__, needs(doubled).__doc__, local.__name__


@feature("Expressions", "an operand of `and` that raises, behind which the program goes on")
@programs(2)
@programs(3)
@programs(8)
def raising_operand(x: int):
    pair = (1, 2)
    if x > 5 and pair[7] > 1:
        return 1
    return x + 1 if x < 3 or pair[-3] else -x


@programs(None, 2)
@programs(1, 2)
def of_variables_around(x: Optional[int], y: Optional[int]):
    def known(v):
        return v is not None and x is not None

    return x + y if known(y) else 0


@feature("Type refinement", "elements of a list of tensors and lists")
@programs(X)
def of_elements(x: Tensor):
    values: List[Union[int, Tensor, List[int]]] = [1, x, [2]]
    total = 0.0
    for v in values:
        if isinstance(v, Tensor):
            total += float(v.sum())
        elif isinstance(v, (list, tuple)):
            total += v[0]
        else:
            total += v
    return total


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
