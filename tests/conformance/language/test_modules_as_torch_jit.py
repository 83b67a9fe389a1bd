"""Compiled modules where torch.jit's users have them: inside eager modules and other compiled ones, derived from `ScriptModule`,
with methods that are added and submodules that are replaced."""

import copy
import io
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same

X = torch.arange(6.0).reshape(2, 3)


class Child(nn.Module):
    def __init__(self, size: int = 3) -> None:
        super().__init__()
        self.linear = nn.Linear(size, size)
        self.register_buffer("seen", torch.zeros(size))
        self.count = 0

    def forward(self, x: Tensor) -> Tensor:
        self.count += 1
        self.seen.add_(1)
        return self.linear(x) + self.count + self.seen


class Holder(nn.Module):
    def __init__(self, child: nn.Module) -> None:
        super().__init__()
        self.child = child
        self.out = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.child(x))


def reloaded(compiled: Any) -> Any:
    file = io.BytesIO()
    tsir.save(compiled, file)
    file.seek(0)
    return tsir.load(file)


def test_compiled_modules_are_modules() -> None:
    compiled = tsir.script(Child())
    eager = Holder(compiled)
    assert isinstance(compiled, nn.Module) and isinstance(compiled, tsir.ScriptModule)
    assert list(eager.state_dict()) == [
        "child.seen", "child.linear.weight", "child.linear.bias", "out.weight", "out.bias"
    ]  # fmt: skip
    assert [n for n, _ in eager.named_modules()] == ["", "child", "child.linear", "out"]
    assert not eager.eval().child.linear.training
    eager.double()
    assert eager(X.double()).dtype == torch.float64
    eager.float()
    state = {k: v + 1 for k, v in eager.state_dict().items()}
    assert not eager.load_state_dict(state).missing_keys
    assert torch.equal(compiled.linear.weight, state["child.linear.weight"])
    assert nn.Sequential(compiled, nn.ReLU())(X).shape == (2, 3)


@pytest.mark.parametrize("form", ["scripted", "traced", "loaded"])
def test_compiled_modules_in_compiled_modules(form: str) -> None:
    torch.manual_seed(0)
    inner = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
    made = {"scripted": tsir.script, "traced": lambda m: tsir.trace(m, X), "loaded": lambda m: reloaded(tsir.script(m))}
    whole = tsir.script(Holder(made[form](inner)))
    eager = Holder(inner)
    whole.out.weight.data.copy_(eager.out.weight)
    whole.out.bias.data.copy_(eager.out.bias)
    for compiled in (whole, reloaded(whole)):
        assert_same(compiled(X), eager(X).detach())


def test_a_compiled_submodule_brings_its_values() -> None:
    eager = Child()
    child = tsir.script(copy.deepcopy(eager))
    for _ in range(3):
        assert_same(child(X), eager(X).detach())
    whole = tsir.script(nn.Sequential(child, nn.ReLU()))
    assert_same(whole(X), torch.relu(eager(X)).detach())


class Scripted(tsir.ScriptModule):
    __constants__ = ["factor"]

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.weight = nn.Parameter(torch.arange(3.0))
        self.register_buffer("total", torch.zeros(3))
        self.inner = nn.Linear(3, 3)
        self.calls = 0
        self.define("def twice(self, x: Tensor) -> Tensor:\n    return self.scaled(x) * 2\n")

    @tsir.script_method
    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.total += x.sum(0)
        return self.scaled(x) if self.calls < 3 else self.inner(x)

    @tsir.script_method
    def scaled(self, x):
        return x * self.weight * self.factor

    def in_python(self, x: Tensor) -> list[Any]:
        return [self.factor, self(x), type(self).__name__]


def test_derived_from_script_module() -> None:
    module = Scripted(2)
    assert_same(module(X), X * torch.arange(3.0) * 2)
    assert_same(module.twice(X), X * torch.arange(3.0) * 4)
    assert module.in_python(X)[::2] == [2, "Scripted"] and module.calls == 2
    assert_same(module(X), module.inner(X))
    assert_same(module.total, X.sum(0) * 3)
    assert list(module.state_dict()) == ["weight", "total", "inner.weight", "inner.bias"]
    assert_same(reloaded(module).twice(X), module.twice(X))
    assert_same(tsir.script(nn.Sequential(Scripted(3)))(X), X * torch.arange(3.0) * 3)


def offset(x: Tensor) -> Tensor:
    return x + 100


def test_methods_that_are_added() -> None:
    module = Child()
    compiled = tsir.script(module)
    first = compiled(X)
    compiled.define(
        """
        def again(self, x: Tensor, times: int = 2) -> Tensor:
            for _ in range(times):
                x = offset(self.linear(x))
            return x + self.count
        """
    )
    linear, expected = module.linear, X
    for _ in range(2):
        expected = linear(expected) + 100
    assert_same(compiled.again(X), (expected + 1).detach())
    assert_same(compiled(X), first + 2)
    with pytest.raises(tsir.TsirError, match="traced or loaded"):
        reloaded(compiled).define("def f(self): return 1")


def test_a_submodule_that_is_replaced() -> None:
    module = Holder(Child())
    compiled = tsir.script(module)
    compiled(X)
    view = compiled.out
    other = tsir.script(nn.Sequential(nn.Tanh(), nn.Linear(3, 3)))
    compiled.child = other
    assert_same(compiled(X), module.out(other(X)).detach())
    assert view.training
    compiled.eval()
    assert not view.training and not compiled.child[1].training


def test_compilation_unit() -> None:
    unit = tsir.CompilationUnit(
        """
        def scaled(x, by: float = 2.0) -> Tensor:
            return relu(x) * by + offset(x)

        def summed(xs: List[Tensor]):
            return scaled(xs[0]) + torch.sum(xs[1])
        """
    )
    assert_same(unit.scaled(X), X * 2 + offset(X))
    unit.define("def third(x):\n    return scaled(x, 3.0)")
    assert_same(unit.third(-X), offset(-X))
    assert_same(unit.summed([X, X]), X * 2 + offset(X) + X.sum())
    with pytest.raises(AttributeError):
        unit.nothing
    with pytest.raises(tsir.TsirError, match="name 'nothing' isn't defined"):
        tsir.CompilationUnit("def f(x):\n    return nothing(x)")


class Bare(nn.Module):
    """A module that only holds others: there is nothing to call."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.size = 3


def test_modules_without_forward() -> None:
    for compiled in (tsir.script(Bare()), reloaded(tsir.script(Bare()))):
        assert compiled.size == 3 and list(compiled.state_dict()) == ["linear.weight", "linear.bias"]
        with pytest.raises(NotImplementedError, match=r"module Bare has no forward\(\)"):
            compiled(X)


class Declared(tsir.ScriptModule):
    def __init__(self) -> None:
        super().__init__()
        self.child = Child()

    @tsir.script_method
    def forward(self, x: Tensor) -> Tensor:
        return self.child(x)


def _doubled(x: Tensor) -> Tensor:
    return x + x


@feature("torch.jit's API", "`PYTORCH_JIT=0`, with which programs run as Python, for a debugger")
def test_torch_jit_is_switched_off() -> None:
    child = Child()
    torch.jit._state.disable()
    try:
        assert tsir.script(_doubled) is _doubled and tsir.trace(_doubled, X) is _doubled
        assert tsir.script(child) is child and tsir.trace_module(child, {"forward": X}) is child
        assert tsir.script([1]) == [1]
        declared = Declared()
        assert type(declared.child) is Child
        assert_same(declared(X), declared.child.linear(X) + 2)
    finally:
        torch.jit._state.enable()
    assert isinstance(tsir.script(_doubled), tsir.ScriptFunction)
