"""What a user's traceback shows when compiling, loading or saving fails: their own lines, none of tsir's."""

import traceback
from pathlib import Path

import pytest
import torch
from torch import nn

import tsir

SOURCES = str(Path(tsir.__file__).parent)


def unknown_name(x):
    return torch.no_such_function(x)


class Raising(nn.Module):
    def forward(self, x):
        raise ValueError("from the user's own code")


@pytest.mark.parametrize(
    "act, error",
    [
        (lambda: tsir.script(unknown_name), tsir.TsirError),
        (lambda: tsir.script(3), tsir.TsirError),
        (lambda: tsir.trace(3), tsir.TsirError),
        (lambda: tsir.trace(Raising(), torch.ones(2)), ValueError),
        (lambda: tsir.trace_module(Raising(), {}), tsir.TsirError),
        (lambda: tsir.save(3, "x.pt"), tsir.TsirError),
        (lambda: tsir.load(__file__), tsir.TsirError),
    ],
    ids=["unknown", "int", "traced-int", "raising", "no-methods", "save", "load"],
)
def test_no_frame_of_tsir_is_shown(act, error):
    with pytest.raises(error) as caught:
        act()
    assert SOURCES not in "".join(traceback.format_exception(caught.value))
    shown = [frame.filename for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert shown[-1] == __file__


def test_full_tracebacks_for_work_on_tsir(monkeypatch):
    monkeypatch.setenv("TSIR_TRACEBACK", "full")
    with pytest.raises(tsir.TsirError) as caught:
        tsir.script(3)
    assert SOURCES in "".join(traceback.format_exception(caught.value))
