"""What `script` takes beside functions and modules: partials, bound methods, objects with `__call__`; and what functions use of the
world around them: global tensors, modules and objects, as they are when the function is called."""

import functools
import io
import math
from collections.abc import Callable
from typing import Any, Dict, Optional

import pytest
import torch
from torch import nn

import tsir
from tests.conformance.language.features import feature

X = torch.arange(6.0).reshape(3, 2)
same = torch.testing.assert_close


@pytest.fixture
def written(form: str):
    """Leaves out the printed form, which works with copies of what is around the function."""
    if form == "printed":
        pytest.skip("is about the very objects around the function")


def use(x, scale: float = 1.0, mode: str = "a", n: int = 3, keep: bool = True):
    if mode == "a":
        x = x * scale
    for i in range(n):
        x = x + i
    return x.sum(1, keepdim=keep)


PARTIALS = [
    (functools.partial(use, scale=2.0), (X,)),
    (functools.partial(use, mode="b", n=1, keep=False), (X,)),
    (functools.partial(use, X, 3), ()),
    (functools.partial(functools.partial(use, X), 2.0, "b"), ()),
]


@feature("Functions and closures", "script of functools.partial: positional and by name, of partials")
@pytest.mark.parametrize(("bound", "args"), PARTIALS)
def test_partials(bound: Any, args: tuple[Any, ...]):
    compiled = tsir.script(bound)
    same(compiled(*args), bound(*args))


def test_what_is_bound_by_name_can_be_passed_anew():
    bound = functools.partial(use, n=2, mode="b")
    compiled = tsir.script(bound)
    same(compiled(X, n=5, mode="a"), bound(X, n=5, mode="a"))
    same(compiled(X), bound(X))


def test_a_bound_tensor_is_the_same_tensor():
    x = torch.ones(2)

    def add(a, b):
        a.add_(b)
        return a

    compiled = tsir.script(functools.partial(add, x))
    assert compiled(torch.ones(2)) is x
    assert torch.equal(x, torch.full((2,), 2.0))


def collect(items: list[int], n: int):
    items.append(n)
    return len(items)


def test_a_bound_list_is_changed():
    items = [1]
    compiled = tsir.script(functools.partial(collect, items))
    assert (compiled(5), compiled(6), items) == (2, 3, [1, 5, 6])


class Counter:
    def __init__(self, total: float):
        self.total = total
        self.weight = torch.ones(2)

    def add(self, x: float) -> float:
        self.total += x
        return self.total

    def __call__(self, x):
        self.weight.mul_(2)
        return x * self.weight + self.total

    @classmethod
    def scaled(cls, x):
        return x * cls.factor

    @staticmethod
    def shifted(x, by: int = 2):
        return x + by

    factor = 3


@feature("Functions and closures", "script of a bound method, of an object with __call__: the object that Python has")
def test_bound_methods_of_objects():
    mine, theirs = Counter(1.0), Counter(1.0)
    add, call = tsir.script(mine.add), tsir.script(mine)
    for n in (2.0, 3.0):
        assert add(n) == theirs.add(n)
        same(call(X), theirs(X))
    mine.total = theirs.total = 10.0
    mine.weight, theirs.weight = torch.zeros(2), torch.zeros(2)
    same(call(X), theirs(X))
    assert (mine.total, mine.weight.tolist()) == (theirs.total, theirs.weight.tolist())


def test_methods_of_classes():
    same(tsir.script(Counter.scaled)(X), X * 3)
    same(tsir.script(Counter.shifted)(X), X + 2)
    same(tsir.script(functools.partial(Counter(1.0).shifted, by=4))(X), X + 4)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2, 2)
        self.dropout = nn.Dropout(0.5)
        self.calls = 0

    def helper(self, x, times: int = 2):
        self.calls += 1
        return self.dropout(self.inner(x)) * times + self.calls

    def forward(self, x, y: float = 1.0):
        return self.helper(x) * y


@feature("Functions and closures", "script of a module's method that isn't forward, alone or in a partial")
def test_methods_of_modules():
    net = Net().eval()
    for bound in (net.helper, functools.partial(net.helper, times=3), functools.partial(net, y=0.5)):
        net.calls = 0
        compiled = tsir.script(bound)
        expected = bound(X)
        same(compiled(X), expected)
        with torch.no_grad():
            net.inner.weight.mul_(2)
        same(compiled(X), bound(X))


@pytest.mark.usefixtures("written")
def test_a_method_follows_the_mode_of_its_module():
    net = Net()
    compiled = tsir.script(net.helper)
    net.eval()
    same(compiled(X), net.helper(X))
    net.train()
    torch.manual_seed(0)
    found = compiled(X)
    torch.manual_seed(0)
    net.calls = 1
    same(found, net.helper(X))


WEIGHT = torch.ones(2)
LAYER = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
TABLE = {"a": torch.ones(1), "b": torch.zeros(2)}
PARTS = (torch.ones(2), "sum", 3)


def scaled_outside(x):
    return (x @ MATRIX) * WEIGHT


MATRIX = torch.eye(2)


def tensors_around(x, key: str):
    y = scaled_outside(x) + TABLE[key]
    return y * PARTS[0] + PARTS[2]


@feature("Globals and constants", "global tensors, alone and in containers, as they are when the function is called")
@pytest.mark.usefixtures("written")
def test_global_tensors(monkeypatch: pytest.MonkeyPatch):
    compiled = tsir.script(tensors_around)
    for key in ("a", "b"):
        same(compiled(X, key), tensors_around(X, key))
    MATRIX.mul_(3)
    same(compiled(X, "a"), tensors_around(X, "a"))
    monkeypatch.setitem(globals(), "WEIGHT", torch.full((3, 1), 7.0))
    same(compiled(X, "a"), tensors_around(X, "a"))


def writes(x):
    WEIGHT.add_(x)
    return WEIGHT


def test_a_global_tensor_is_written():
    before = WEIGHT.clone()
    found = tsir.script(writes)(torch.ones(2))
    assert found is WEIGHT
    assert torch.equal(WEIGHT, before + 1)


def through_layer(x, k: int = 0):
    if k > 0:
        return through_layer(x, k - 1) * WEIGHT
    return LAYER(x)


@feature("Globals and constants", "global modules with parameters, which stay those of Python")
@pytest.mark.usefixtures("written")
def test_global_modules():
    LAYER.eval()
    compiled = tsir.script(through_layer)
    same(compiled(X), through_layer(X))
    same(compiled(X, 2), through_layer(X, 2))
    with torch.no_grad():
        LAYER[0].weight.mul_(2)
    same(compiled(X), through_layer(X))
    LAYER.train()
    torch.manual_seed(0)
    found = compiled(X)
    torch.manual_seed(0)
    same(found, through_layer(X))


def make(n: int):
    weight, layer = torch.full((2,), float(n)), nn.Linear(2, 2)

    def inner(x):
        return layer(x) * weight

    return inner


def test_tensors_and_modules_of_closures():
    for inner in (make(2), make(3)):
        same(tsir.script(inner)(X), inner(X))


class Around(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x):
        return scaled_outside(self.layer(x))


@pytest.mark.usefixtures("written")
def test_global_tensors_in_modules():
    module = nn.Sequential(Around(), Around())
    compiled = tsir.script(module)
    same(compiled(X), module(X))
    MATRIX.add_(1)
    same(compiled(X), module(X))


@pytest.mark.parametrize("bound", [functools.partial(use, X, 3.0), Net().eval().helper, make(4), scaled_outside])
@pytest.mark.usefixtures("written")
def test_saved(bound: Any):
    compiled = tsir.script(bound)
    file = io.BytesIO()
    tsir.save(compiled, file)
    file.seek(0)
    loaded = tsir.load(file)
    args = () if isinstance(bound, functools.partial) else (X,)
    assert isinstance(loaded, tsir.ScriptFunction)
    same(loaded(*args), bound(*args))


def repeated(f: Callable[[torch.Tensor], torch.Tensor], x, n: int = 2):
    for _ in range(n):
        x = f(x)
    return x


def optional_functions(x, act: Optional[Callable] = None, last: Callable = torch.sin):
    if act is not None:
        x = act(x)
    return last(x)


def through(net: nn.Module, x):
    return net(x) * 2


@feature(
    "Functions and closures", "functions and modules as arguments from outside, each of which the function is compiled for"
)
def test_functions_from_outside():
    compiled = tsir.script(repeated)
    layer = nn.Linear(2, 2)
    for function in (
        torch.relu,
        lambda t: t * 3,
        functools.partial(torch.add, 2),
        layer,
        make(2),
        repeated_by(2),
        repeated_by(3),
    ):
        same(compiled(function, X), repeated(function, X))
        same(compiled(x=X, f=function, n=1), repeated(function, X, 1))
    counter = Counter(1.0)
    same(compiled(counter, X), repeated(Counter(1.0), X))
    assert counter.weight.tolist() == [4.0, 4.0]
    found = tsir.script(optional_functions)
    same(found(X), optional_functions(X))
    same(found(X, torch.tanh), optional_functions(X, torch.tanh))
    same(found(X, last=torch.cos), optional_functions(X, last=torch.cos))
    same(tsir.script(through)(layer, X), through(layer, X))


def through_compiled(net: tsir.ScriptModule, x):
    return net(x) * 2


def through_scripted(net: torch.jit.ScriptModule | None, x):
    return x if net is None else net(x) * 2


def through_linear(net: nn.Linear, x):
    return net(x) * net.in_features


def through_function(function: tsir.ScriptFunction, x):
    return function(x) * 2


@feature("Functions and closures", "parameters annotated as `ScriptModule`, `ScriptFunction` or a class of modules")
def test_modules_and_functions_by_their_classes():
    layer = nn.Linear(2, 2)
    for function in (through_compiled, through_scripted, through_linear):
        for net in (layer, tsir.script(layer)):
            same(tsir.script(function)(net, X), layer(X) * 2)
    same(tsir.script(through_function)(tsir.script(lambda x: x * 3), X), X * 6)
    with pytest.raises(tsir.TsirError, match="isn't a type that compiled code can use"):
        tsir.script(keyed_by_functions)


def keyed_by_functions(table: Dict[type(len), int]):  # type: ignore[valid-type]
    return table


def repeated_by(n: int):
    return lambda x: x * n


def test_each_function_is_compiled_for_once():
    compiled = tsir.script(repeated)
    for n in (1, 2, 1, 2, 1):
        same(compiled(repeated_by(n), X), X * n * n)
    assert len(compiled.specializations) == 2
    with pytest.raises(TypeError, match="missing a required argument: 'x'"):
        compiled(torch.relu)
    with pytest.raises(tsir.TsirError, match="there is no code before"):
        print(compiled.code)
    assert "relu" in compiled.compiled_for(f=torch.relu).code


def test_a_new_function_for_each_call():
    compiled = tsir.script(repeated)
    with pytest.raises(tsir.TsirError, match="different functions"):
        for n in range(100):
            compiled(repeated_by(n), X)


@feature("Messages for what isn't supported", "partials of arguments that there aren't, functions written in C")
@pytest.mark.parametrize(
    ("bound", "message"),
    [
        (functools.partial(use, X, 1.0, "a", 1, True, 5), "takes 5 positional arguments, 6 are bound already"),
        (functools.partial(use, nn=5), "has no argument 'nn', which is bound already"),
        (torch.relu, "torch.relu isn't written in Python"),
        (torch.ops.aten.add.Tensor, "torch.ops.aten.add.Tensor isn't written in Python"),
        (math.sqrt, "math.sqrt isn't written in Python"),
        (len, "len isn't written in Python"),
    ],
)
def test_what_cant_be_compiled(bound: Any, message: str):
    with pytest.raises(tsir.TsirError, match=message.replace(".", r"\.")):
        tsir.script(bound)
