"""Attributes by names that only the running program knows: `getattr(self, f"conv{i}")`, `hasattr(self, name)`."""

from typing import List

import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same

programs = Programs()


class Tower(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        for i in range(3):
            setattr(self, f"layer{i}", nn.Linear(2, 2) if i != 1 else nn.LeakyReLU(0.5))
        for i in range(2):
            self.register_buffer(f"scale_{i}", torch.tensor(float(i + 2)))
        self.w0, self.w1 = 1.5, 2.5

    def op_add(self, x: Tensor, k: float) -> Tensor:
        return x + k

    def op_mul(self, x: Tensor, k: float) -> Tensor:
        return x * k

    def forward(self, x: Tensor, n: int, op: str):
        found: List[Tensor] = []
        for i in range(n):
            x = getattr(self, f"layer{i}")(x) * getattr(self, "scale_" + str(i % 2))
            x = getattr(self, "op_" + op)(x, getattr(self, f"w{i % 2}"))
            found.append(x.sum())
        return found, getattr(self, f"w{n}", 0.25), hasattr(self, f"layer{n}")


@feature("Modules", "getattr and hasattr of submodules, buffers, methods by a name made at run time")
def test_modules() -> None:
    torch.manual_seed(0)
    module = Tower()
    scripted = tsir.script(module)
    x = torch.tensor([[1.0, -2.0]])
    for n, op in ((3, "add"), (2, "mul"), (0, "none")):
        assert_same(scripted(x, n, op), module(x, n, op))
    for n, op in ((4, "mul"), (1, "none")):
        try:
            scripted(x, n, op)
        except AttributeError as error:
            assert str(error).startswith("'Tower' object has no attribute")
        else:
            raise AssertionError("no exception")


class Handlers:
    def __init__(self) -> None:
        self.log: List[str] = []

    def on_start(self, n: int):
        self.log.append(f"start {n}")

    def on_end(self, n: int):
        self.log.append(f"end {n}")

    def fire(self, event: str, n: int):
        if hasattr(self, f"on_{event}"):
            getattr(self, f"on_{event}")(n)
        else:
            self.log.append("?" + event)


@feature("Classes", "getattr and hasattr by a name made at run time")
@programs(["start", "other", "end"])
def handled(events: List[str]):
    handlers = Handlers()
    for i, event in enumerate(events):
        handlers.fire(event, i)
    return handlers.log


class Numbers:
    def __init__(self) -> None:
        self.a = 1
        self.b = 2


@programs("a")
@programs("b")
@programs("c")
def named(name: str):
    numbers = Numbers()
    return getattr(numbers, name, 5), hasattr(numbers, name), getattr(numbers, name)


@programs.parametrized()
def test_programs(function, arguments):
    check(function, arguments)
