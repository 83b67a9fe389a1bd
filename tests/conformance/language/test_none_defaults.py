"""Parameters without annotation whose default is None: what the program does with them says what else they may be."""

import io
from typing import Any

import pytest
import torch
from torch import nn

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same

X = torch.linspace(-1, 1, 8).reshape(1, 2, 4)
STATE = (torch.full((1, 1, 5), 0.3), torch.full((1, 1, 5), -0.2))


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.cell = nn.LSTM(4, 5, batch_first=True), nn.LSTMCell(4, 5)

    def forward(self, x, state=None, of_cell=None):
        y, state = self.lstm(x, state)
        return y, state, self.cell(x[0], of_cell)


class WithStart(Recurrent):
    def forward(self, x, state=None):
        if state is None:
            state = (torch.zeros(1, x.shape[0], 5), torch.zeros(1, x.shape[0], 5))
        y, (h, c) = self.lstm(x, state)
        return y, h + c


class Settings(nn.Module):
    def forward(self, x, count=None, mode=None, mask=None, weights=None, scale=None):
        if count is None:
            count = x.shape[-1]
        if mode is None:
            mode = "mean"
        if mask is None:
            mask = torch.ones_like(x)
        weights = [1.0, 2.0] if weights is None else weights
        x = nn.functional.pad(x, [1, 1], "constant", scale) * weights[0]
        return (x.sum(-1) / count if mode == "mean" else x.sum(-1)), mask.sum()


def by_or(x, k=None):
    k = k or 2
    return x * k


@feature("Arguments", "parameters without annotation whose default is None: a state, an int, a text or a list from its use")
@pytest.mark.parametrize(
    ("program", "calls"),
    [
        (Recurrent(), [(X,), (X, STATE), (X, STATE, (STATE[0][0].repeat(2, 1), STATE[1][0].repeat(2, 1))), (X, None)]),
        (WithStart(), [(X,), (X, STATE)]),
        (Settings(), [(X,), (X, 5, "sum", X), (X, None, None, None, [3.0, 1.0], 0.5), (X, torch.tensor(2.0))]),
        (by_or, [(X,), (X, 3), (X, torch.tensor(2.5)), (X, 0)]),
    ],
)
def test_what_a_parameter_may_be(program: Any, calls: list[tuple[Any, ...]]):
    compiled = tsir.script(program)
    saved = io.BytesIO()
    tsir.save(compiled, saved)
    saved.seek(0)
    for each in (compiled, tsir.load(saved)):
        for arguments in calls:
            assert_same(each(*arguments), program(*arguments))
