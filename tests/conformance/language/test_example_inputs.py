"""`script(..., example_inputs=...)`: types of parameters without annotation; and other things that torch.jit's users know."""

from typing import Any, Dict, List

import pytest
import torch
from torch import nn

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same


def scaled(x, times, names=None):
    total = 0.0
    for time in times:
        total += time
    return x * total, names is None


class Pair:
    def __init__(self, left: int, right: str):
        self.left = left
        self.right = right


class Repeater(nn.Module):
    def forward(self, x, times):
        return self.twice(x * times)

    @torch.jit.export
    def label(self, text):
        return text + "!"

    def twice(self, y):
        return y + y


@feature("torch.jit's API", "`example_inputs` of `script`")
def test_types_come_from_examples() -> None:
    function = tsir.script(scaled, example_inputs=[(1.5, [1.0, 2.0]), (2.0, [1.0], ["a"])])
    for arguments in ((3.0, [0.5, 0.25]), (3.0, [], ["b"])):
        assert_same(function(*arguments), scaled(*arguments))
    with pytest.raises(TypeError, match="argument 'x'"):
        function(torch.ones(2), [1.0])


def test_examples_by_callable() -> None:
    module = Repeater()
    compiled = tsir.script(module, example_inputs={module: [(3, 2)], module.label: [("a",)]})
    assert compiled(4, 5) == module(4, 5) == 40
    assert compiled.label("b") == "b!"


def test_examples_that_are_objects() -> None:
    def joined(pairs):
        return sum([p.left for p in pairs]), [p.right for p in pairs]

    pairs = [Pair(1, "a"), Pair(2, "b")]
    assert_same(tsir.script(joined, example_inputs=[(pairs,)])(pairs), joined(pairs))


def test_examples_that_are_none() -> None:
    with pytest.raises(tsir.TsirError, match="an example input is a tuple of arguments, not a int"):
        tsir.script(scaled, example_inputs=[1, 2])
    with pytest.raises(tsir.TsirError, match="the example input for 'x' is a object, which has no type"):
        tsir.script(scaled, example_inputs=[(object(), [1.0])])


def special(x: torch.Tensor, i: int, items: List[int], text: str, named: Dict[str, int]):
    return (
        x.__getitem__(i), x.__getitem__([0, 1]), x.__len__(), x.__add__(i), items.__getitem__(0), items.__len__(),
        items.__contains__(3), items.__eq__([1, 2]), text.__add__("b"), text.__contains__("a"), named.__getitem__("k"),
        named.__contains__("z"), i.__add__(2), i.__neg__(), i.__lt__(3), i.__floordiv__(2), "abc".__len__(),
    )  # fmt: skip


@feature("Built-in functions", "special methods of built-in types called by name")
def test_special_methods_by_name() -> None:
    arguments: Any = (torch.arange(6.0).view(3, 2), 1, [1, 2], "a", {"k": 3})
    assert_same(tsir.script(special)(*arguments), special(*arguments))


class Counted(nn.ModuleList):
    def __len__(self) -> int:
        return 5


class Partly(nn.Module):
    __jit_ignored_attributes__ = ["helper", "secret"]

    def __init__(self) -> None:
        super().__init__()
        self.helper = nn.LSTM(2, 2)
        self.secret = object()
        self.layers = Counted([nn.ReLU()])
        self.level = 3

    def forward(self):
        return self.level, len(self.layers)

    @torch.jit.ignore
    def inside(self) -> bool:
        return isinstance(self.helper, nn.LSTM) and self.secret is not None


@feature("Modules", "`__jit_ignored_attributes__`, and containers that define `__len__`")
def test_ignored_attributes_stay_in_python() -> None:
    module = Partly()
    compiled = tsir.script(module)
    assert compiled() == module() == (3, 5)
    assert compiled.inside() and compiled.secret is module.secret


def test_an_ignored_method_of_the_object_itself() -> None:
    class Plain(nn.Module):
        def forward(self, x: int) -> int:
            return x

    module = Plain()

    @torch.jit.ignore
    def told(self: Any) -> str:
        return f"told {self(3)}"

    module.told = told.__get__(module)  # pyright: ignore[reportAttributeAccessIssue]
    assert tsir.script(module).told() == "told 3"
