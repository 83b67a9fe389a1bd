"""Modules with attributes that are functions, or lists, tuples and dicts of functions, methods and modules."""

import functools
from typing import Callable, Dict, List, Optional

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same

X = torch.linspace(-1, 1, 3)


class ByName(nn.Module):
    shared = {"mean": torch.mean, "max": torch.amax}

    def __init__(self) -> None:
        super().__init__()
        self.acts = {"relu": torch.relu, "tanh": torch.tanh, "soft": functools.partial(F.softmax, dim=0)}
        self.nested = {"a": [torch.relu, torch.tanh], "b": [torch.sigmoid]}
        self.with_numbers = {"add": (torch.add, 1), "mul": (torch.mul, 2)}
        self.stages = (torch.relu, F.gelu, lambda x: x + 1)

    def forward(self, x, name: str, i: int):
        found = {}
        for k, f in self.acts.items():
            found[k] = f(x)
        for f in self.stages:
            x = f(x)
        f, n = self.with_numbers["add" if i > 0 else "mul"]
        x = f(x, n)
        if name in self.acts:
            x = self.acts[name](x)
        for f in self.nested["a"]:
            x = f(x)
        x = self.nested["b" if i == 0 else "a"][i](x)
        got = self.acts.get(name, torch.sigmoid)(x)
        return (
            found,
            sorted(self.acts),
            got,
            self.stages[i](x),
            self.shared["mean" if i else "max"](x, dim=0),
            len(self.stages),
        )


class OwnMethods(nn.Module):
    """Methods and submodules of its own, in another order in each object."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
        self.steps = [self.up, self.down] if k else [self.down, self.up]
        self.by_name = {"first": self.first, "second": self.second, "act": torch.relu}
        self.order = [("x", self.second), ("y", self.first)]

    def up(self, x):
        return x + self.k

    def down(self, x):
        return x * self.k

    def forward(self, x, name: str, i: int):
        for f in self.steps:
            x = f(x)
        for label, layer in self.order:
            if label != name:
                x = layer(x)
        return self.by_name[name](self.steps[i](x))


class Several(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList([OwnMethods(0), OwnMethods(1), OwnMethods(2)])

    def forward(self, x, name: str, i: int):
        for part in self.parts:
            x = part(x, name, i)
        return x


class Changing(nn.Module):
    """Functions in attributes that the module itself sets, adds to and replaces."""

    def __init__(self) -> None:
        super().__init__()
        self.act = torch.relu
        self.table: Dict[str, Callable] = {"relu": torch.relu}
        self.history = [torch.relu]
        self.hooks: List[Callable] = []
        self.callback: Optional[Callable] = None

    def forward(self, x, name: str, i: int):
        if i > 0:
            self.act = torch.tanh
        self.table["tanh"] = torch.tanh
        self.history.append(self.act)
        self.hooks.append(torch.sigmoid)
        for hook in self.hooks:
            x = hook(x)
        if self.callback is not None:
            x = self.callback(x)
        self.callback = torch.sin
        seen = [f is torch.relu for f in self.history]
        return self.act(x), self.table[name](x), len(self.history), self.history[-1](x), seen


CASES = [(ByName, "relu", 0), (ByName, "tanh", 1), (ByName, "other", 1), (Several, "first", 0), (Several, "act", 1),
         (Changing, "tanh", 0), (Changing, "relu", 1)]  # fmt: skip


@feature("Modules", "attributes with lists, tuples and dicts of functions, of the module's methods and of its submodules")
@feature("Modules", "functions in attributes that the module sets, in lists and dicts that it changes")
@pytest.mark.parametrize(("cls", "name", "i"), CASES)
def test_held_functions(cls, name, i) -> None:
    torch.manual_seed(0)
    eager = cls()
    torch.manual_seed(0)
    compiled = tsir.script(cls())
    for _ in range(3):
        assert_same(compiled(X, name, i), eager(X, name, i))


class ChangesMethods(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.steps = [self.up]

    def up(self, x):
        return x + 1

    def forward(self, x):
        self.steps.append(torch.relu)
        return self.steps[-1](x)


@feature("Messages for what isn't supported", "changed lists of a module's methods")
def test_changed_methods() -> None:
    with pytest.raises(tsir.TsirError, match="is a list with methods or modules in it, which the program changes"):
        tsir.script(ChangesMethods())
