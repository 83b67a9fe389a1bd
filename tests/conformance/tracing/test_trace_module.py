"""`tsir.trace_module`: several methods of a module, each an entry point."""

import pytest
import torch
from torch import nn

import tsir


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        return self.layer(x)

    def encode(self, x, y):
        self.calls += 1
        return self.layer(x) + y + self(x)

    def pair(self, x, *, other):
        return self.encode(x, other), self.forward(x)


def test_each_method_is_an_entry_point_and_the_state_is_shared(tmp_path):
    torch.manual_seed(0)
    module = Encoder()
    traced = tsir.trace_module(
        module, {"forward": torch.randn(2, 3), "encode": (torch.randn(2, 3), torch.randn(2, 3))}, check_trace=False
    )
    module.calls.zero_()
    x, y = torch.randn(5, 3), torch.randn(5, 3)
    assert torch.allclose(traced(x), module(x))
    assert torch.allclose(traced.encode(x, y), module.encode(x, y))
    assert traced.calls is module.calls and module.calls.item() == 2
    traced.save(tmp_path / "m.pt")
    loaded = tsir.load(tmp_path / "m.pt")
    assert torch.allclose(loaded.encode(x, y), module.encode(x, y)) and torch.allclose(loaded(x), module(x))


def test_checking_leaves_the_state_as_it_was():
    module = Encoder()
    tsir.trace_module(
        module, {"encode": (torch.ones(2, 3), torch.ones(2, 3))}, check_inputs=[{"encode": (torch.ones(1, 3),) * 2}]
    )
    with_check = module.calls.item()
    module = Encoder()
    tsir.trace_module(module, {"encode": (torch.ones(2, 3), torch.ones(2, 3))}, check_trace=False)
    assert with_check == module.calls.item()


def test_inputs_by_name():
    module = Encoder()
    traced = tsir.trace_module(
        module, {"pair": {"x": torch.randn(2, 3), "other": torch.randn(2, 3)}}, example_inputs_is_kwarg=True
    )
    x, y = torch.randn(4, 3), torch.randn(4, 3)
    for ours, expected in zip(traced.pair(x=x, other=y), module.pair(x, other=y), strict=True):
        assert torch.allclose(ours, expected)
    with pytest.raises(NotImplementedError):  # as any nn.Module without forward()
        traced(x)


@pytest.mark.parametrize("inputs, words", [({}, "no methods"), ({"decode": torch.ones(1)}, "no method 'decode'")])
def test_errors(inputs, words):
    with pytest.raises(tsir.TsirError, match=words):
        tsir.trace_module(Encoder(), inputs)
