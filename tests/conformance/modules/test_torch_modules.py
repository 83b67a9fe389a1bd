"""torch.nn's own modules: scripted and traced they give what they give in eager mode, and change the same buffers."""

import copy
from pathlib import Path
from typing import Any, Callable, Tuple

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import tsir
from tests.conformance.modules.cases import EVAL, TRAIN
from tests.conformance.modules.known import KNOWN, NOT_TRACED
from tests.models.comparison import assert_same
from tests.models.vision import randomise_batch_norms

_NAMES = {
    "torch": torch,
    "nn": nn,
    "F": F,
    "r": torch.randn,
    "p": lambda *size: torch.rand(*size) * 0.9 + 0.05,
    "i": lambda high, *size: torch.randint(high, size),
    "b": lambda *size: torch.rand(*size) > 0.6,
}


def made(constructor: str, mode: str) -> nn.Module:
    torch.manual_seed(3)
    module = eval(f"nn.{constructor}", dict(_NAMES))
    randomise_batch_norms(module)
    return module.train(mode == "train")


def inputs(text: str) -> Tuple[Any, ...]:
    torch.manual_seed(5)
    return eval(f"({text},)", dict(_NAMES))


def compare(compile_: Callable[[nn.Module], Any], constructor: str, text: str, mode: str) -> None:
    eager = made(constructor, mode)
    module = copy.deepcopy(eager)
    compiled = compile_(module)
    module.load_state_dict(eager.state_dict())  # tracing runs the module, which moves running statistics
    for _ in range(2):
        mine, theirs = inputs(text), inputs(text)
        with torch.no_grad():
            torch.manual_seed(11)
            expected = eager(*theirs)
            torch.manual_seed(11)
            assert_same(compiled(*mine), expected)
        assert_same(mine, theirs, path="arguments")
    assert_same(compiled.state_dict(), eager.state_dict(), path="state")


CASES = [("eval", *c) for c in EVAL] + [("train", *c) for c in TRAIN]


def marked(how: str) -> list[Any]:
    """The cases, with those that are known to fail marked."""
    found: list[Any] = []
    for mode, constructor, text in CASES:
        reason = KNOWN.get((how, mode, constructor))
        marks = [] if reason is None else [pytest.mark.xfail(reason=reason, strict=True)]
        if how == "script" or text not in NOT_TRACED:
            found.append(pytest.param(mode, constructor, text, marks=marks))
    return found


@pytest.mark.parametrize(("mode", "constructor", "text"), marked("script"))
def test_script(mode: str, constructor: str, text: str) -> None:
    compare(tsir.script, constructor, text, mode)


@pytest.mark.parametrize(("mode", "constructor", "text"), marked("trace"))
def test_trace(mode: str, constructor: str, text: str) -> None:
    compare(lambda m: tsir.trace(m, inputs(text), check_trace=False), constructor, text, mode)


class Several(nn.Module):
    def forward(self, x, n: int, **options):
        return {"x": x, "n": n, "all": [n, n]}


def test_dicts_of_several_types_are_loaded(tmp_path: Path) -> None:
    compiled = tsir.script(Several())
    tsir.save(compiled, tmp_path / "several.tsir")
    again = tsir.load(tmp_path / "several.tsir")
    x = torch.ones(2)
    assert str(again(x, 3)) == str(compiled(x, 3)) == str(Several()(x, 3))
