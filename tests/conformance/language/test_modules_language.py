"""The language of scripted modules: each gives what the module gives in eager mode, run through the whole compiler."""

# ruff: noqa: F811  (overloads have one name)

import copy
from typing import Any, List, Optional, Tuple, Union

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same

X = torch.arange(6.0).reshape(2, 3)


def same(module: nn.Module, *arguments: Any) -> Any:
    """Scripts the module and compares two calls, since the first may change attributes."""
    torch.manual_seed(0)
    eager = copy.deepcopy(module)
    scripted = tsir.script(module)
    for _ in range(2):
        with torch.no_grad():
            assert_same(scripted(*copy.deepcopy(arguments)), eager(*copy.deepcopy(arguments)))
    return scripted


class Picks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(3, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 3)), nn.Tanh()])
        self.heads = nn.ModuleDict({"a": nn.Linear(3, 2), "b": nn.Linear(3, 4)})

    def forward(self, x: Tensor, i: int, key: str):
        for k in range(i, -1, -1):
            x = self.layers[k](x)
        return self.heads[key](x), self.layers[-i - 1].training, self.heads[key].weight.sum()


@pytest.mark.parametrize(("i", "key"), [(0, "a"), (2, "b"), (1, "a")])
def test_module_at_a_run_time_index(i: int, key: str) -> None:
    same(Picks(), X, i, key)


def test_module_at_a_wrong_run_time_index() -> None:
    scripted = tsir.script(Picks())
    with pytest.raises(IndexError):
        scripted(X, 3, "a")
    with pytest.raises(KeyError):
        scripted(X, 0, "c")


@torch.jit._overload
def scaled(x: Tensor, by: int) -> Tensor: ...
@torch.jit._overload
def scaled(x: Tensor, by: List[float]) -> Tensor: ...
def scaled(x, by):
    if isinstance(by, int):
        return x * by
    for b in by:
        x = x * b
    return x


class Overloaded(nn.Module):
    @torch.jit._overload_method
    def inner(self, x: Tensor, y: None = None) -> Tensor: ...
    @torch.jit._overload_method
    def inner(self, x: Tensor, y: Tuple[Tensor, Tensor]) -> Tensor: ...
    def inner(self, x, y=None):
        return x + 1 if y is None else x + y[0] - y[1]

    def forward(self, x: Tensor):
        return scaled(x, 2), scaled(x, [0.5, 3.0]), self.inner(x), self.inner(x, (x, x * 2))


def test_declared_overloads() -> None:
    same(Overloaded(), X)


@torch.jit._overload
def shifted(x: Tensor, by: int) -> Tensor: ...
@torch.jit._overload
def shifted(x: Tensor, by: List[float]) -> Tensor: ...
def shifted(x, by):
    if isinstance(by, int):
        return x + by
    return x + by[0]


def shifts(x: Tensor):
    return shifted(x, 2), shifted(x, [0.5])


def test_declared_overloads_after_torch_jit_compiled_them() -> None:
    """torch.jit drops them from its table then."""
    torch.jit.script(shifts)
    assert not torch._jit_internal._get_fn_overloads(f"{__name__}.shifted")
    same(shifts, X)


class DeclaredUnion(nn.Module):
    size: Union[int, Tuple[int, int]]
    mode: Union[int, str]

    def __init__(self) -> None:
        super().__init__()
        self.size = (2, 3)
        self.mode = 4

    def area(self, size: Union[int, Tuple[int, int]]) -> int:
        if isinstance(size, int):
            return size * size
        return size[0] * size[1]

    def forward(self, x: Tensor, s: Optional[int] = None):
        if s is not None:
            self.mode = "set"
        return x.reshape(self.size), self.area(self.size), self.area(3), isinstance(self.mode, str)


def test_attribute_declared_as_a_union() -> None:
    same(DeclaredUnion(), X)
    same(DeclaredUnion(), X, 1)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3, 4, 2, bidirectional=True)
        self.gru = nn.GRU(8, 5)

    def forward(self, x: Tensor, hx: Optional[Tuple[Tensor, Tensor]] = None):
        y, state = self.lstm(x, hx)
        z, h = self.gru(y, torch.zeros(1, x.size(1), 5))
        return z, h, state


def test_recurrent_layers_with_a_state() -> None:
    module = Recurrent()
    x = torch.randn(4, 2, 3)
    same(module, x)
    same(module, x, (torch.randn(4, 2, 4), torch.randn(4, 2, 4)))


def sizes_in_text(x: Tensor):
    n = x.size(1)
    return str(n), f"{n} {n:>4}", {str(n): 1}


def test_a_varying_size_in_text() -> None:
    scripted = tsir.script(sizes_in_text)
    for n in (2, 3, 4):
        assert_same(scripted(torch.ones(1, n)), sizes_in_text(torch.ones(1, n)))


def doubled(module: nn.Module, inputs: Tuple[Tensor]) -> Tensor:
    return inputs[0] * 2


def observed(module: nn.Module, inputs: Tuple[Tensor], output: Tensor) -> None:
    inputs[0].add_(1)


class Shifts:
    def __call__(self, module, inputs: Tuple[Tensor], output: Tensor) -> Tensor:
        return output + inputs[0].sum() + module.bias.sum()


def named(module, inputs, kwargs):
    return (inputs[0] + kwargs["k"],), kwargs


class Scales(nn.Module):
    def forward(self, x: Tensor, k: int = 2):
        return x * k


class Hooked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(3, 3)
        self.a.register_forward_pre_hook(doubled)
        self.a.register_forward_hook(observed)
        self.a.register_forward_hook(Shifts())
        self.b = Scales()
        self.b.register_forward_pre_hook(named, with_kwargs=True)
        self.register_forward_hook(lambda m, inputs, output: (output[0], output[1] + inputs[0]))

    def forward(self, x: Tensor):
        return self.a(x), self.b(x, k=3)


def test_forward_hooks() -> None:
    module = Hooked()
    same(module, X)
    assert_same(tsir.script(module).forward(X), module.forward(X))


class InInit(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.log: List[int] = []
        self.last: Optional[Tensor] = None
        self.pairs = nn.ParameterDict({"a": nn.Parameter(torch.ones(3)), "b": nn.Parameter(torch.ones(3) * 2)})

    def forward(self, x: Tensor):
        self.log.append(x.size(0))
        last = self.last
        self.last = x
        for name, p in self.pairs.items():
            x = x * p + len(name)
        return x + torch.stack([p for p in self.pairs.values()]).sum(0), self.log, last is None


def test_attributes_annotated_in_init() -> None:
    same(InInit(), X)


class Checkpointed(nn.Module):
    """As libraries write it: the branch for training in eager mode can't be compiled."""

    def __init__(self) -> None:
        super().__init__()
        self.checkpointing = False

    def forward(self, x: Tensor) -> Tensor:
        if self.checkpointing and not torch.jit.is_scripting():
            x = absent(x)  # noqa: F821
        if not self.checkpointing or torch.jit.is_scripting():
            x = x + 1.0
        else:
            x = absent(x)  # noqa: F821
        return x if torch.jit.is_scripting() or self.checkpointing else absent(x)  # noqa: F821


@feature("Modules", "branches that a second operand of `and`/`or` decides aren't compiled")
def test_branches_decided_by_the_second_operand() -> None:
    assert torch.equal(tsir.script(Checkpointed())(torch.zeros(2)), torch.ones(2))


class Sliced(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.Tanh())

    def forward(self, x: Tensor):
        features = self.layers[:-1](x)
        head = self.layers[2:]
        for layer in head:
            features = layer(features)
        return features, head(x), self.layers[1:1](x), len(self.layers[:3])


@feature("Modules", "parts of an nn.Sequential are called")
def test_parts_of_a_sequential_are_called():
    torch.manual_seed(0)
    module, x = Sliced(), torch.randn(2, 4)
    assert_same(tsir.script(module)(x), module(x))


class ReadsItsDict(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.linear = 3, 4.0, nn.Linear(4, 4)

    def forward(self, x: Tensor):
        self.__dict__["a"] = vars(self)["a"] + 1
        try:
            x = x + self.__dict__["linear"].weight
        except KeyError:
            x = x + self.__dict__["b"]
        found = "a" in self.__dict__, "zz" in vars(self), "linear" in self.__dict__, "training" in self.__dict__
        return x, self.a, found, self.__dict__.get("b", 0), self.__dict__.get("zz", 5)


@feature("Modules", "items of a module's __dict__ under constant keys")
def test_items_of_a_modules_dict():
    same(ReadsItsDict(), X)
