"""Sizes that depend on the elements of tensors: what operators require of them is checked when the program runs."""

from typing import Any, Callable

import pytest
import torch
import torch.nn as nn
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import tsir


def joined(x: Tensor, mask: Tensor, y: Tensor) -> Tensor:
    return torch.cat([x[mask], y], 1)


def added(x: Tensor, mask: Tensor, y: Tensor) -> Tensor:
    return x.index_add(0, mask.nonzero()[:, 0], y)


def copied(x: Tensor, mask: Tensor, y: Tensor) -> Tensor:
    return x.index_copy(0, mask.nonzero()[:, 0], y)


@pytest.mark.parametrize("function", [joined, added, copied])
def test_required_sizes(function: Callable[..., Tensor]) -> None:
    compiled = tsir.script(function)
    x, mask = torch.arange(12.0).reshape(4, 3), torch.tensor([True, False, True, True])
    fitting = (x, mask, torch.ones(3, 3))
    assert "0 operators run by dispatch" in compiled.explain(*fitting)
    assert torch.equal(compiled(*fitting), function(*fitting))
    for rows in (1, 2, 4):
        with pytest.raises((RuntimeError, IndexError)) as expected:
            function(x, mask, torch.ones(rows, 3))
        with pytest.raises(RuntimeError) as found:
            compiled(x, mask, torch.ones(rows, 3))
        said = str(expected.value)
        if "Number of indices" not in said:
            assert str(found.value) == said
        else:
            assert "Number of indices (3)" in str(found.value)


class Packed(nn.Module):
    """Sequences of given lengths through an LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(3, 4, batch_first=True)

    def forward(self, x: Tensor, lengths: Tensor, total: Tensor) -> Tensor:
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        y, _ = self.rnn(packed)
        padded, _ = pad_packed_sequence(y, batch_first=True, total_length=total.size(0))
        return padded


def test_packed_sequences_are_lowered_whole() -> None:
    torch.manual_seed(0)
    module = Packed()
    compiled = tsir.script(module)
    given: tuple[Any, ...] = (torch.randn(3, 5, 3), torch.tensor([2, 4, 3]), torch.ones(6))
    assert "0 operators run by dispatch" in compiled.explain(*given)
    torch.testing.assert_close(compiled(*given), module(*given))
    assert "!ts." not in compiled.mlir(*given)
    with pytest.raises(ValueError, match="total_length=3 and max sequence length being 4"):
        compiled(*given[:2], torch.ones(3))
