"""Compiled functions and modules are pickled, copied and sent to other processes; Python's own classes come back as themselves."""

import copy
import enum
import io
import multiprocessing
import pickle
from typing import List, NamedTuple, Optional

import numpy as np
import pytest
import torch
import torch.nn as nn
from torch import Tensor

import tsir


class Color(enum.Enum):
    RED = 1
    BLUE = 2


class Pair(NamedTuple):
    x: Tensor
    n: int


class Refused(ValueError):
    pass


class Painter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.color = Color.RED

    def forward(self, x: Tensor, color: Color) -> Pair:
        if color != self.color:
            raise Refused("another color")
        return Pair(self.linear(x), 1)

    @torch.jit.export
    def mine(self) -> Color:
        return self.color


def other(color: Color) -> Color:
    return Color.BLUE if color == Color.RED else Color.RED


def colors(color: Optional[Color]) -> List[Color]:
    return [Color.RED] if color is None else [color, Color.BLUE]


def test_enums_come_back_as_pythons_own() -> None:
    swap, several = tsir.script(other), tsir.script(colors)
    for _ in range(3):
        assert swap(Color.RED) is Color.BLUE and swap(Color.BLUE) is Color.RED
        assert several(None) == [Color.RED] and several(Color.RED) == [Color.RED, Color.BLUE]
    painter = tsir.script(Painter())
    assert painter.mine() is Color.RED and painter.color is Color.RED


def _pickled(compiled):
    return pickle.loads(pickle.dumps(compiled))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, _pickled])
def test_a_copy_is_a_module_of_its_own(duplicate) -> None:
    model = Painter().eval()
    compiled, x = tsir.script(model), torch.randn(2, 3)
    expected = compiled(x, Color.RED)
    for source in (compiled, duplicate(compiled)):
        made = duplicate(source)
        for _ in range(3):
            result = made(x, Color.RED)
            assert type(result) is Pair
            torch.testing.assert_close(result, expected)
        with pytest.raises(Refused, match="another color"):
            made(x, Color.BLUE)
        assert made.mine() is Color.RED and not made.training
    with torch.no_grad():
        model.linear.weight.zero_()
    torch.testing.assert_close(made(x, Color.RED), expected)


def test_functions_methods_and_submodules() -> None:
    compiled = tsir.script(Painter())
    assert _pickled(tsir.script(other))(Color.RED) is Color.BLUE
    assert _pickled(compiled.mine)() is Color.RED
    root, linear = _pickled((compiled, compiled.linear))
    assert root.linear is linear
    x = torch.randn(1, 3)
    torch.testing.assert_close(linear(x), compiled.linear(x))


def _in_another_process(compiled, queue) -> None:
    queue.put(compiled(np.ones((2, 3), "float32")))


def test_a_loaded_module_is_sent_to_a_spawned_process(tmp_path) -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    tsir.script(model).save(tmp_path / "m.pt")
    loaded = tsir.load(tmp_path / "m.pt")
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_in_another_process, args=(loaded, queue))
    process.start()
    result = queue.get(timeout=60)
    process.join(60)
    torch.testing.assert_close(torch.from_numpy(result), model(torch.ones(2, 3)).detach())


@pytest.mark.parametrize("batch", [1, 4])
def test_parameters_of_a_loaded_module_may_be_written(tmp_path, batch: int) -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    tsir.script(model).save(tmp_path / "m.pt")
    loaded = tsir.load(tmp_path / "m.pt")
    x = torch.randn(batch, 3)
    for _ in range(2):
        with torch.no_grad():
            torch.testing.assert_close(loaded(x), model(x))
            torch.testing.assert_close(loaded(x), model(x))
            for ours, theirs in zip(loaded.parameters(), model.parameters(), strict=True):
                ours.add_(1)
                theirs.add_(1)
    with torch.no_grad():
        torch.testing.assert_close(loaded(x), model(x))


class Counted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.register_buffer("total", torch.zeros(3))
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.total += 1
        return self.linear(x) + self.total

    @tsir.export
    def times(self, k: int = 2) -> Tensor:
        return self.total * k


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = Counted()
        self.rest = nn.ModuleList([Counted(), nn.Dropout()])

    def forward(self, x: Tensor) -> Tensor:
        return self.first(x)


def test_a_submodule_is_saved_by_itself():
    module = tsir.script(Two())
    x = torch.ones(2, 3)
    expected = module(x)
    file = io.BytesIO()
    module.first.save(file)
    loaded = tsir.load(io.BytesIO(file.getvalue()))
    assert loaded.calls == 1 and list(loaded.state_dict()) == list(module.first.state_dict())
    torch.testing.assert_close(loaded.times(), 2 * torch.ones(3))
    torch.testing.assert_close(loaded(x), expected + 1)
    assert loaded.calls == 2 and module.first.calls == 1


def test_a_shallow_copy_shares_what_its_attributes_are():
    module = tsir.script(Counted())
    copied = copy.copy(module)
    copied(torch.ones(3))
    assert (copied.calls, module.calls) == (1, 0)
    torch.testing.assert_close(module.total, torch.ones(3))
    outer = tsir.script(Two())
    inner = copy.copy(outer).first
    inner(torch.ones(3))
    assert outer.first.calls == 1


def test_apply_goes_through_the_children_in_order():
    names: list[str] = []
    tsir.script(Two()).apply(lambda m: names.append(m.original_name))
    assert names == ["Linear", "Counted", "Linear", "Counted", "Dropout", "ModuleList", "Two"]


def test_what_is_saved_and_copied_are_the_weights_of_now() -> None:
    """Other memory or another dtype that the tensors have got since the last call."""
    original = nn.Linear(3, 2)
    compiled = tsir.script(original)
    holder = nn.Sequential(compiled)
    holder.double()
    original.bias.data = torch.ones(2, dtype=torch.float64)
    ours, theirs = io.BytesIO(), io.BytesIO()
    compiled.save(ours)
    compiled.save_torchscript(theirs)
    found = [tsir.load(io.BytesIO(ours.getvalue())), torch.jit.load(io.BytesIO(theirs.getvalue())), copy.copy(compiled)]
    for module in (*found, copy.deepcopy(compiled)):
        assert module.weight.dtype == torch.float64 and torch.equal(module.bias, compiled.bias)
