"""Traced programs compiled and run by tsir, compared with torch eager: at the traced size and at others, and after reloading."""

import copy
import io
import sys
import warnings
from pathlib import Path

import pytest
import torch

import tsir
from tsir.errors import TracerWarning

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "frontend"))
from test_trace_programs import FUNCTIONS, MODULES

# Programs that need what tsir doesn't do yet. One that works is a failure, so that this list stays true.
GAPS = {
    "in_place": "out= with two results",
    "input_is_written": "out= with two results",
}

PROGRAMS = MODULES | FUNCTIONS


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.xfail(reason=GAPS[n], strict=True)) if n in GAPS else n for n in PROGRAMS],
)
def test_traced_program(name):
    original, *batches = PROGRAMS[name]
    torch.manual_seed(0)
    traced = tsir.trace(original, batches[0], check_trace=False)
    for batch in batches:
        got, expected = traced(*copy.deepcopy(batch)), original(*copy.deepcopy(batch))
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5, equal_nan=True)


@pytest.mark.parametrize(
    "name", ["attention", "tagger", "resnet", "tied", "behind_its_back", "constant", "fresh_constant", "sizes"]
)
def test_saved_and_loaded(name):
    original, *batches = PROGRAMS[name]
    buffer = io.BytesIO()
    tsir.save(tsir.trace(original, batches[0], check_trace=False), buffer)
    buffer.seek(0)
    loaded = tsir.load(buffer)
    for batch in batches:
        torch.testing.assert_close(loaded(*copy.deepcopy(batch)), original(*copy.deepcopy(batch)), rtol=1e-4, atol=1e-5)


def test_the_check_is_silent_about_a_right_trace():
    original, *batches = PROGRAMS["resnet"]
    with warnings.catch_warnings():
        warnings.simplefilter("error", TracerWarning)
        tsir.trace(original, batches[0], check_inputs=[batches[1]])


def test_the_check_finds_a_decision_on_values():
    def decides(x):
        return x * 2 if x.sum() > 0 else x * 3

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tsir.trace(decides, torch.ones(3))
    texts = [str(w.message) for w in caught if w.category is TracerWarning]
    assert len(texts) == 2 and "Python bool" in texts[0] and "other inputs of the same shapes" in texts[1]


class DecidesBySize(torch.nn.Module):
    def forward(self, x):
        for _ in range(x.size(0)):
            x = torch.neg(x)
        return x


@pytest.mark.parametrize("program", [DecidesBySize(), DecidesBySize().forward])
def test_inputs_for_which_another_program_is_recorded_are_an_error(program):
    with pytest.raises(torch.jit.TracingCheckError, match=r"(?s)of check_inputs.1.: .*Graphs differed.*aten.neg"):
        tsir.trace(program, torch.ones(3, 2), check_inputs=[torch.ones(5, 2), torch.ones(4, 2)])


def test_what_a_program_keeps_from_its_first_run_is_an_error():
    def remembers(x):
        if not hasattr(remembers, "cache"):
            remembers.cache = torch.neg(x)
        return x + remembers.cache

    with pytest.raises(torch.jit.TracingCheckError, match="Graphs differed"), warnings.catch_warnings():
        warnings.simplefilter("ignore", TracerWarning)
        tsir.trace(remembers, torch.rand(3), check_inputs=[torch.rand(3)])


def test_keyword_and_number_inputs():
    traced = tsir.trace(lambda x, *, n: x.repeat(n, 1), torch.ones(1, 2), example_kwarg_inputs={"n": 2}, check_trace=False)
    assert traced(torch.ones(1, 2), n=5).shape == (5, 2)


def test_training_state_follows_the_module():
    norm = torch.nn.BatchNorm1d(3)
    eager = copy.deepcopy(norm)
    x = torch.randn(4, 3)
    traced = tsir.trace(norm, x, check_trace=False)
    eager(x)
    torch.testing.assert_close(traced(x), eager(x))
    torch.testing.assert_close(norm.running_mean, eager.running_mean)


def test_a_trace_is_one_to_torch_jit():
    def decides(x):
        if not torch.jit.is_tracing() and bool((x > 0).all()):
            return x
        return x * (x > 0)

    traced = tsir.trace(decides, torch.ones(3), check_trace=False)
    x = torch.tensor([1.0, -2.0, 3.0])
    assert torch.equal(traced(x), decides(x))
    assert not torch.jit.is_tracing()


class Scaled(torch.nn.Module):
    """A parameter without dimensions, and an operand of which only the running program knows the type."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(2.0))

    def forward(self, x: dict[str, torch.Tensor]) -> torch.Tensor:
        return x["a"] * self.scale.exp()


def test_a_prepared_number_is_a_tensor_to_the_dispatcher():
    module, x = Scaled(), {"a": torch.randn(2, 3)}
    torch.testing.assert_close(tsir.script(module)(x), module(x).detach())
