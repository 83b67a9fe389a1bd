"""Modules as classes and objects: what is shared, what is constant, what shares memory with the torch module."""

import numpy as np
import torch
from script_interpreter import Program
from torch import Tensor, nn
from torch_interpreter import torch_registry
from xdsl.dialects.builtin import FileLineColLoc

from tsir.dialects.context import make_context, parse_module, print_module
from tsir.dialects.ts.structure import ClassOp
from tsir.frontend.script import compile_function, compile_module
from tsir.ops.registry import SCHEMAS

REGISTRY = torch_registry()


def classes(program):
    return [op.sym_name.data for op in program.module.body.block.ops if isinstance(op, ClassOp)]


def test_equal_modules_share_a_class():
    program = compile_module(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 3)), REGISTRY)
    assert classes(program) == ["Linear", "Linear_1", "Sequential"]


def test_shared_submodules_and_parameters_stay_shared():
    class M(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(2, 2)
            self.b = self.a
            self.c = nn.Linear(2, 2)
            self.c.weight = self.a.weight

        def forward(self, x):
            return self.a(x) + self.b(x) + self.c(x)

    root = compile_module(M(), REGISTRY).root
    assert root.attributes["a"] is root.attributes["b"]
    assert root.attributes["a"].attributes["weight"] is root.attributes["c"].attributes["weight"]


def test_arrays_share_memory_and_know_their_tensors():
    module = nn.Linear(2, 3)
    program = compile_module(module, REGISTRY)
    array = program.root.attributes["weight"]
    assert program.sources[id(array)] is module.weight
    with torch.no_grad():
        module.weight.fill_(7)
    assert np.all(array == 7)


class Configured(nn.Module):
    def __init__(self, use: bool):
        super().__init__()
        self.extra = nn.Linear(2, 2) if use else None

    def forward(self, x):
        if self.extra is not None:
            return self.extra(x)
        return x.no_such_method()


def test_branches_on_missing_submodules_are_not_compiled():
    compile_module(Configured(True), REGISTRY)


class Stateful(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("total", torch.zeros(2))
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.total = self.total + x
        return self.total * self.calls

    @torch.jit.export
    def reset(self, value: float = 0.0):
        self.total = torch.full_like(self.total, value)


def test_attributes_are_set_and_exports_are_entry_points():
    eager, program = Stateful(), compile_module(Stateful(), REGISTRY)
    run = Program(program)
    assert list(program.entry_points) == ["forward", "reset"]
    x = torch.tensor([1.0, 2.0])
    for _ in range(2):
        assert torch.equal(run(x), eager(x))
    run(3.0, entry="reset")
    eager.reset(3.0)
    assert torch.equal(run(x), eager(x))


class Base(nn.Module):
    def forward(self, x):
        return self.double(x) + 1

    def double(self, x):
        return x * 2


class Derived(Base):
    def forward(self, x):
        return super().forward(x) * 3

    def double(self, x):
        return super().double(x) - 1


def test_super_and_overridden_methods():
    x = torch.arange(3.0)
    assert torch.equal(Program(compile_module(Derived(), REGISTRY))(x), Derived()(x))


class Containers(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.ReLU(), nn.Tanh(), nn.Sigmoid()])
        self.heads = nn.ModuleDict({"a": nn.Softplus(), "b": nn.ReLU()})
        self.scales = nn.ParameterList([nn.Parameter(torch.tensor(2.0)), nn.Parameter(torch.tensor(3.0))])

    def forward(self, x):
        for layer, k in zip(self.layers[1:], [2, 3]):
            x = layer(x) * k
        for i, scale in enumerate(self.scales):
            x = x * scale + i
        out = {name: head(x) for name, head in self.heads.items()} if len(self.heads) > 5 else x
        for name, p in self.named_parameters():
            out = out + p * len(name)
        return self.heads["a"](out), len(self.layers), "b" in self.heads


def test_containers():
    module, x = Containers(), torch.arange(3.0)
    tensor, *rest = Program(compile_module(module, REGISTRY))(x)
    expected, *others = module(x)
    torch.testing.assert_close(tensor, expected)
    assert rest == others


def located(x, n: int):
    for i in range(n):
        x = x + i
    return x


def test_every_operation_has_its_line():
    program = compile_function(located, REGISTRY)
    first = located.__code__.co_firstlineno
    for op in program.module.walk():
        if op is not program.module:
            assert isinstance(op.location, FileLineColLoc), op
            assert first <= op.location.line.data <= first + 3 and op.location.filename.data == __file__


def test_text_reads_back():
    for program in (compile_function(located, REGISTRY), compile_module(Containers(), REGISTRY)):
        text = print_module(program.module, debuginfo=True)
        assert print_module(parse_module(make_context(SCHEMAS.get), text), debuginfo=True) == text


def test_entry_point_signature():
    def f(x, k: int = 2, *, flag=True, mask=None):
        """Doc."""
        return x * k if flag else x

    point = compile_function(f, REGISTRY).entry_points["f"]
    shown = [(p.name, p.type, p.has_default, p.default, p.kwarg_only) for p in point.parameters]
    assert shown == [
        ("x", "!ts.tensor", False, None, False),
        ("k", "i64", True, 2, False),
        ("flag", "i1", True, True, True),
        ("mask", "!ts.optional<!ts.tensor>", True, None, True),
    ]
    assert point.doc == "Doc." and point.result_type == "!ts.tensor"
