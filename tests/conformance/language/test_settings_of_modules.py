"""Flags, texts and empty containers of modules, which decide what of their code is a program at all."""

import io
from collections import OrderedDict
from typing import Dict, List, Optional

import pytest
import torch
from torch import nn

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import check
from tests.models.comparison import assert_same

X = torch.linspace(-1, 1, 6).reshape(2, 3)


class Activation(nn.Module):
    def __init__(self, n: int) -> None:
        super().__init__()
        self.acts = nn.ModuleList([nn.Tanh() for _ in range(n)])
        self.paths = [(i, (2, 1), act) for i, act in enumerate(self.acts)]
        self.named = {str(i): act for i, act in enumerate(self.acts)}

    def forward(self, x):
        found = []
        for i, (scale, _), act in self.paths:
            found.append(act(x) * i if act is not None else x * scale)
        for name, act in self.named.items():
            found.append(act(x) + len(name))
        return torch.cat(found) if len(found) > 0 else torch.zeros_like(x)


class Decoder(nn.Module):
    def __init__(self, empty: bool, mode: str) -> None:
        super().__init__()
        self.empty, self.mode = empty, mode

    def forward(self, x, skip: Optional[torch.Tensor], n: int):
        if not self.empty:
            x = x + skip
        elif skip is not None:
            raise ValueError("skip must be None")
        if self.mode == "grad":
            return torch.autograd.grad(x.sum(), [x])[0]
        return x[..., :n]


class Decoders(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Decoder(True, "plain"), Decoder(False, "")])
        self.acts = nn.ModuleList([Activation(2), Activation(0)])

    def forward(self, inputs: Dict[str, torch.Tensor]):
        x = inputs["x"]
        for i, act in enumerate(self.acts):
            layer = self.layers[i]
            y = layer(x, None, 2) if layer.empty else layer(x, x * 2, 3)
            x = torch.cat([x, y], -1)[..., :3] + act(x)[:2]
        return x


class Changed(nn.Module):
    """Beside an empty list that nothing is put into, others that the program changes, also flags."""

    def __init__(self) -> None:
        super().__init__()
        self.on, self.count = False, 0
        self.steps, self.log, self.kept = [], [], []

    def forward(self, x):
        for step in self.steps:
            x = step(x)
        self.count += 1
        self.log.append(self.count)
        kept = self.kept
        kept.append(x)
        if self.on:
            x = x + 1
        return x, len(kept), self.log[-1]

    @torch.jit.export
    def turn(self, on: bool):
        self.on = on


class Ways(nn.Module):
    """Tables of texts and numbers by which the code is chosen, beside one that the program changes."""

    def __init__(self, ways: dict, order: list) -> None:
        super().__init__()
        self.ways, self.order, self.seen = ways, order, {"plain": 0}

    def forward(self, x, **kwargs):
        for name in self.order:
            if self.ways[name] == "grad":
                x = torch.autograd.grad(x.sum(), [x])[0]
            elif "scale" in self.ways[name]:
                x = x * 2
            self.seen[name] = self.seen.get(name, 0) + 1
        return x, len(self.seen), self.ways.get("c", "none")


@feature("Modules", "lists and dicts of texts and numbers that choose what of the code is compiled")
def test_tables_of_settings():
    modules = [Ways({"plain": "", "b": "scale"}, ["plain", "b"]), Ways({"plain": "scale"}, ["plain"] * 3)]
    scripted = tsir.script(nn.ModuleList(modules)[0]), tsir.script(modules[1])
    for _ in range(2):
        for compiled, module in zip(scripted, modules):
            assert_same(compiled(X), module(X))


@feature("Modules", "branches of modules' flags and texts, and loops over their empty lists, that are no program for them")
def test_what_no_module_runs_is_not_compiled():
    model = Decoders()
    compiled = tsir.script(model)
    saved = io.BytesIO()
    compiled.save(saved)
    saved.seek(0)
    for each in (compiled, tsir.load(saved)):
        assert_same(each({"x": X}), model({"x": X}))
    with pytest.raises(tsir.TsirError, match="empty"):
        compiled.layers[1].empty = True


class Hooked(nn.Module):
    def __init__(self, *hooks) -> None:
        super().__init__()
        self.before = OrderedDict(enumerate(hooks))

    def scaled(self, x, **kwargs):
        for hook in self.before.values():
            result = hook(self, (x, kwargs))
            if result is not None:
                x, kwargs = result
        return x * kwargs["by"]

    def forward(self, x):
        return self.scaled(x, by=3)


def one_more(module, inputs):
    return inputs[0] + 1, inputs[1]


def only_looks(module, inputs):
    return None


@feature("Modules", "registries of hooks, empty or filled, whose hooks take and give `**kwargs`")
@pytest.mark.parametrize("hooks", [(), (one_more,), (only_looks, one_more, one_more)], ids=len)
def test_registries_of_hooks(hooks):
    module = Hooked(*hooks)
    assert_same(tsir.script(module)(X), module(X))


def test_what_the_program_changes_is_not_constant():
    compiled, eager = tsir.script(Changed()), Changed()
    for on in (False, True, False):
        for each in (compiled, eager):
            each.turn(on)
        assert_same(compiled(X), eager(X))
    assert compiled.log == eager.log == [1, 2, 3]


def test_the_error_of_code_that_runs_is_the_one_shown():
    class Wrong(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.flag, self.steps = True, []

        def forward(self, x):
            for step in self.steps:
                x = step(x)
            return x.no_such_method() if self.flag else x

    with pytest.raises(tsir.TsirError, match="no_such_method"):
        tsir.script(Wrong())


class Collected(nn.Module):
    names: Optional[List[str]]
    scale: Optional[float] = None

    def __init__(self, names: List[str], scale: Optional[float]) -> None:
        super().__init__()
        self.extra: Optional[List[str]] = None
        self.names, self.scale = names, scale
        self.collect(names)

    def collect(self, names: List[str]) -> None:
        self.extra = list(names)

    def forward(self, x: Dict[str, torch.Tensor]):
        total = torch.zeros(2, 3)
        for name in self.extra:
            total = total + x[name]
        for name in self.names:
            total = total + x[name]
        return total * self.scale if self.scale is not None else total


@feature(
    "Modules", "attributes that are declared Optional and used as what they hold, where the program doesn't assign them"
)
@pytest.mark.parametrize("names", [["a"], ["a", "b"], []])
@pytest.mark.parametrize("scale", [None, 2.0])
def test_optional_settings(names, scale):
    check(Collected(names, scale), ({"a": X, "b": X + 1},))


class Declared(nn.Module):
    on: bool
    count: int

    def __init__(self, on, count) -> None:
        super().__init__()
        self.on, self.count = on, count
        self.cell = nn.LSTMCell(3, 3, on)

    def forward(self, x):
        return self.on, self.count, self.on + 1, self.cell(x)


@pytest.mark.parametrize(("on", "count"), [(1, True), (0, False), (True, 2)])
def test_ints_where_flags_are_declared(on, count):
    module, saved = Declared(on, count), io.BytesIO()
    compiled = tsir.script(module)
    check(module, (X,), compiled)
    compiled.save(saved)
    saved.seek(0)
    check(module, (X,), tsir.load(saved))


class Nearest(nn.Module):
    nearest: Optional[float]
    table: Optional[float]

    def __init__(self, table) -> None:
        super().__init__()
        self.register_buffer("nearest", torch.tensor(-1.0))
        self.register_buffer("table", table)

    def forward(self, x):
        return x if self.nearest.item() == -1.0 else x * self.nearest, self.table is None


@pytest.mark.parametrize("table", [None, torch.ones(2)])
def test_buffers_that_a_base_class_declares_as_numbers(table):
    check(Nearest(table), (X,))
