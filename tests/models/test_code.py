"""What `.code` prints is a program: it compiles again, and gives the same."""

import copy
import importlib.util
import types
from pathlib import Path
from typing import Any

import pytest
import torch

import tsir
from tests.models.comparison import assert_same
from tests.models.test_models import FUNCTIONS, MODELS, Model, make

CHOSEN = ("lenet", "lstm_tagger", "packed_tagger", "graph", "mixture_of_experts", "crf", "greedy_decoder", "dict_model")


def namespace(folder: Path, code: str) -> Any:
    file = folder / "printed.py"
    file.write_text(code)
    spec = importlib.util.spec_from_file_location("printed", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def same(again: Any, eager: Any, inputs: Any) -> None:
    torch.manual_seed(1)
    arguments = inputs(2)
    with torch.no_grad():
        assert_same(again(*arguments), eager(*arguments))


@pytest.mark.parametrize("model", [m for m in MODELS if m.name in CHOSEN], ids=lambda m: m.name)
def test_code_of_a_module(model: Model, tmp_path: Path) -> None:
    eager = make(model)
    printed = namespace(tmp_path, tsir.script(eager).code)
    module = copy.deepcopy(eager)
    module.forward = types.MethodType(printed.forward, module)
    same(tsir.script(module), eager, model.inputs)


@pytest.mark.parametrize(("function", "inputs"), FUNCTIONS, ids=lambda f: getattr(f, "__name__", ""))
def test_code_of_a_function(function: Any, inputs: Any, tmp_path: Path) -> None:
    printed = namespace(tmp_path, tsir.script(function).code)
    same(tsir.script(getattr(printed, function.__name__)), function, inputs)
