"""`code_with_constants`: the tensors that are constants of a program, and the text that reads them."""

import types
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.models.comparison import assert_same

WEIGHT = torch.arange(6.0).reshape(2, 3)
X = torch.ones(2, 3)


class Adds(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (x + WEIGHT) * 2 + WEIGHT


def adds(x: Tensor) -> Tensor:
    return x * WEIGHT


def again(text: str, constants: Any) -> dict[str, Any]:
    module = types.ModuleType("printed_with_constants")
    module.__dict__["CONSTANTS"] = constants
    exec(compile(text, "printed_with_constants", "exec"), module.__dict__)
    return module.__dict__


@pytest.mark.parametrize("way", ["trace", "script", "load"])
def test_of_a_module(way: str, tmp_path: Path) -> None:
    compiled = tsir.script(Adds()) if way == "script" else tsir.trace(Adds(), X)
    if way == "load":
        compiled.save(tmp_path / "m.pt")
        compiled = tsir.load(tmp_path / "m.pt")
    text, constants = compiled.code_with_constants
    assert "CONSTANTS.c0" in text and "CONSTANTS.c1" not in text
    assert list(constants.const_mapping) == ["c0"]
    assert_same(constants.c0, WEIGHT)
    with pytest.raises(AttributeError, match="no constant 'c1'"):
        _ = constants.c1
    assert_same(again(text, constants)["forward"](Adds(), X), Adds()(X))
    method_text, by_name = compiled.forward.code_with_constants
    assert method_text == text and list(by_name) == ["c0"]


def test_of_a_function() -> None:
    text, constants = tsir.script(adds).code_with_constants
    assert_same(again(text, types.SimpleNamespace(**constants))["adds"](X), adds(X))
    assert "CONSTANTS" not in tsir.script(adds).code


def test_it_compiles_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, constants = tsir.script(adds).code_with_constants
    (tmp_path / "held.py").write_text("CONSTANTS = None\n")
    (tmp_path / "printed_adds.py").write_text(f"from held import CONSTANTS\n{text}")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("held").CONSTANTS = types.SimpleNamespace(**constants)
    assert_same(tsir.script(__import__("printed_adds").adds)(X), adds(X))


def added(x: Tensor, y: Tensor = WEIGHT) -> Tensor:
    return x + y


class Calls(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return added(x) * torch.tensor([2.0])


def test_defaults_are_constants() -> None:
    text, constants = tsir.script(Calls()).code_with_constants
    assert list(constants.const_mapping) == ["c0"] and "torch.tensor([2.0])" in text
    assert_same(constants.c0, WEIGHT)
    assert_same(again(text, constants)["forward"](Calls(), X), Calls()(X))
