"""Compiled modules among others: as children of modules, as bases of classes, with methods from a text."""

import copy
import io

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature

X = torch.arange(6.0).reshape(2, 3)


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.register_buffer("shift", torch.ones(3))
        self.factor = 2

    def forward(self, x):
        return self.linear(x) * self.factor + self.shift


class Parent(nn.Module):
    def __init__(self, child):
        super().__init__()
        self.child = child
        self.last = nn.Linear(3, 2)

    def forward(self, x):
        return self.last(self.child(x))


def scripted() -> nn.Module:
    torch.manual_seed(0)
    return tsir.script(Scale())


def traced() -> nn.Module:
    torch.manual_seed(0)
    return tsir.trace(Scale(), X)


def loaded() -> nn.Module:
    return tsir.load(io.BytesIO(scripted().save_to_buffer()))


@pytest.mark.parametrize("make", [scripted, traced, loaded])
@feature("Modules", "scripted, traced and loaded modules as submodules")
def test_compiled_children(make):
    parent = Parent(make())
    names = {"child.linear.weight", "child.linear.bias", "last.weight", "last.bias"}
    assert dict(parent.named_parameters()).keys() == names
    assert parent.state_dict().keys() == names | {"child.shift"}
    assert not parent.eval().child.training
    expected = parent(X).detach()
    compiled = tsir.script(parent)
    again = tsir.load(io.BytesIO(compiled.save_to_buffer()))
    for program in (compiled, again, tsir.trace(parent, X), copy.deepcopy(parent)):
        torch.testing.assert_close(program(X).detach(), expected)
    parent.load_state_dict({name: value * 2 for name, value in parent.state_dict().items()})
    torch.testing.assert_close(compiled(X), parent(X).detach())
    assert parent.double()(X.double()).dtype is torch.float64


def test_attributes_of_compiled_children_are_those_of_now():
    child = scripted()
    child.factor = 5
    compiled = tsir.script(nn.Sequential(child, nn.ReLU()))
    torch.testing.assert_close(compiled(X), torch.relu(child(X)))
    assert compiled[0].factor == 5


def test_a_compiled_module_is_a_module():
    module = tsir.script(nn.Linear(3, 2))
    assert isinstance(module, nn.Module) and isinstance(module, tsir.ScriptModule)
    assert module and bool(tsir.script(nn.Sequential()))
    torch.testing.assert_close(module.forward(X), module(X))
    module.note = "what the program doesn't have is Python's"
    assert module.note


class Base(tsir.ScriptModule):
    __constants__ = ["count"]

    def __init__(self, count: int):
        super().__init__()
        self.count = count
        self.calls = 0
        self.weight = nn.Parameter(torch.full((3,), 2.0))
        self.anything = object()

    @tsir.script_method
    def scaled(self, x: Tensor):
        return x * self.weight

    @tsir.script_method
    def forward(self, x: Tensor):
        self.calls += 1
        for _ in range(self.count):
            x = self.scaled(x)
        return x

    def in_python(self, x: Tensor):
        return self.scaled(x).numpy().sum() + self.calls

    def train(self, mode: bool = True):
        self.mode = mode
        return super().train(mode)

    def __len__(self):
        return 7


class Derived(Base):
    def __init__(self):
        super().__init__(1)
        self.inner = Base(2)

    @tsir.script_method
    def forward(self, x: Tensor):
        return self.inner(x) + self.scaled(x)


@feature("Modules", "classes derived from ScriptModule with script_method")
def test_objects_of_declared_classes_are_compiled():
    module = Base(3)
    assert isinstance(module, Base) and isinstance(module, nn.Module) and issubclass(Base, tsir.ScriptModule)
    torch.testing.assert_close(module(X), X * 8)
    assert module.calls == 1
    assert module.in_python(X) == (X * 2).sum() + 1
    assert len(module) == 7 and module.anything is not None
    assert not module.eval().training and module.mode is False
    assert list(module.state_dict()) == ["weight"]
    assert "scaled" in str(module.graph)


def test_declared_classes_nest_and_derive():
    module = Derived()
    assert [name for name, _ in module.named_parameters()] == ["weight", "inner.weight"]
    torch.testing.assert_close(module(X), X * 6)
    torch.testing.assert_close(tsir.load(io.BytesIO(module.save_to_buffer()))(X), X * 6)
    torch.testing.assert_close(tsir.script(nn.Sequential(module))(X), X * 6)


@feature("torch.jit's API", "ScriptModule.define")
def test_define():
    offset = 3

    class Defined(tsir.ScriptModule):
        def __init__(self):
            super().__init__()
            self.define("def forward(self, x):\n    return x + 1")

    module = Defined()
    torch.testing.assert_close(module(X), X + 1)
    module.define("""
        def more(self, x, k: int = 2) -> Tensor:
            return self.forward(x) * k + offset
    """)
    torch.testing.assert_close(module.more(X), (X + 1) * 2 + offset)


def test_methods_that_are_not_marked_stay_python():
    class Plain(tsir.ScriptModule):
        def forward(self, x):
            return x.numpy().sum()

    assert Plain()(X) == 15


@feature("torch.jit's API", "CompilationUnit")
def test_compilation_unit():
    unit = tsir.CompilationUnit("""
        def double(x):
            # type: (int) -> int
            return x * 2

        def four_times(x: int) -> int:
            return double(double(x))
    """)
    assert unit.four_times(3) == 12
    unit.define("def relu_of(x: Tensor):\n    return torch.relu(x) * double(1)")
    torch.testing.assert_close(unit.relu_of(X - 3), torch.relu(X - 3) * 2)
    assert unit.find_function("nothing") is None and len(unit.get_functions()) == 3
    with pytest.raises(AttributeError, match="nothing"):
        unit.nothing(1)
    with pytest.raises(tsir.TsirError, match="can't be read"):
        tsir.CompilationUnit("def f(x:")


class WithIgnored(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = 3

    @torch.jit.ignore
    def in_python(self, x: int) -> int:
        return self.n + x

    def forward(self, x):
        return x * self.n


def test_ignored_methods_are_python_s():
    module = tsir.script(WithIgnored())
    module.n = 5
    assert module.in_python(1) == 6


class NamedAsOurs(nn.Module):
    def forward(self, x):
        return x + 1

    @torch.jit.export
    def method(self, x, y):
        return x + y

    @torch.jit.export
    def source(self, x):
        return x * 2

    @torch.jit.export
    def stages(self) -> int:
        return 3


@feature("Modules", "exported methods with the names of a compiled module's own")
def test_the_user_s_methods_go_before_those_of_every_compiled_module():
    module = tsir.script(NamedAsOurs())
    for found in (module, tsir.load(io.BytesIO(module.save_to_buffer())), copy.deepcopy(module)):
        torch.testing.assert_close(found.method(X, X), X + X)
        torch.testing.assert_close(found.source(X), X * 2)
        assert found.stages() == 3
        assert isinstance(found, tsir.ScriptModule)
