"""Compiled functions and modules that a traced program calls: they stay calls, with all their paths."""

import warnings
from typing import Dict, List, Optional, Tuple

import pytest
import torch
import torch.nn as nn
from torch import Tensor

import tsir


@tsir.script
def doubled_to_ten(x: Tensor, n: int, m: Optional[Tensor] = None) -> Tuple[Tensor, int]:
    steps = 0
    while bool(x.sum() < 10):
        x = x * 2
        steps += 1
    if m is not None:
        x = x + m
    return x, steps + n


class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        if bool(x.sum() > 0):
            return self.linear(x)
        return -x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.before = nn.Linear(3, 3)
        self.gate = [tsir.script(Gate())]

    def forward(self, x):
        return self.gate[0](self.before(x)) + self.gate[0](x)


def uses_function(x):
    y, steps = doubled_to_ten(x + 1, x.size(0))
    z, _ = doubled_to_ten(x, 1, y)
    return y * steps + z


def test_a_function_stays_a_call_with_its_control_flow():
    traced = tsir.trace(uses_function, torch.ones(2), check_trace=False)
    assert str(traced.graph).count("func.call @doubled_to_ten") == 2
    for x in (torch.ones(2), torch.full((3,), 0.1), torch.full((4,), 50.0)):
        torch.testing.assert_close(traced(x), uses_function(x))


def test_a_module_stays_an_object_with_its_weights():
    net = Net()
    traced = tsir.trace(net, torch.ones(2, 3), check_trace=False)
    for x in (torch.ones(2, 3), -torch.ones(4, 3), torch.randn(3, 3)):
        torch.testing.assert_close(traced(x), net(x))
    assert len(dict(traced.named_parameters())) == 4


def other(scale):
    @tsir.script
    def helper(x: Tensor) -> Tensor:
        return x + 1

    @tsir.script
    def helper_of_helper(x: Tensor) -> Tensor:
        return x * 2

    return helper if scale == 1 else helper_of_helper


def test_two_functions_of_one_name():
    @tsir.script
    def helper(x: Tensor) -> Tensor:
        return x * 3

    first, second = other(1), helper

    def program(x):
        return first(x) - second(x)

    traced = tsir.trace(program, torch.ones(2), check_trace=False)
    torch.testing.assert_close(traced(torch.arange(3.0)), torch.arange(3.0) + 1 - torch.arange(3.0) * 3)


def test_outside_a_trace_nothing_is_recorded():
    with pytest.raises(LookupError):
        try:
            tsir.trace(lambda x: {}["missing"], torch.ones(1))
        except KeyError as error:
            raise LookupError from error
    assert doubled_to_ten(torch.full((2,), 6.0), 1)[1] == 1


@torch.jit.script
def scripted_by_torch(x, times: int = 3):
    for _ in range(times):
        if bool(x.sum() > 0):
            x = x - 1
    return x


class CallsTorchScript(torch.nn.Module):
    def forward(self, x):
        return scripted_by_torch(x) + scripted_by_torch(x + 10, times=2)


def test_functions_that_torch_scripted_keep_their_paths():
    call = torch.jit.ScriptFunction.__call__
    with warnings.catch_warnings():
        warnings.simplefilter("error", tsir.TracerWarning)
        traced = tsir.trace(CallsTorchScript(), torch.zeros(3))
    assert str(traced.graph).count("func.call @scripted_by_torch") == 2
    for start in (-3.0, 0.0, 2.0, 100.0):
        x = torch.full((4,), start)
        assert torch.equal(traced(x), CallsTorchScript()(x))
    assert torch.jit.ScriptFunction.__call__ == call


def by_lists(factor: float, x: List[Tensor], more: Optional[Dict[str, Tuple[float, List[float]]]] = None) -> Tensor:
    for y in x[1:]:
        x[0] = x[0] + y * factor
    return x[0] if more is None else x[0] * more["a"][0] + more["a"][1][0]


@pytest.mark.parametrize("compile_function", [tsir.script, torch.jit.script])
def test_tuples_for_lists_and_ints_for_floats(compile_function):
    compiled = compile_function(by_lists)

    def program(x, y):
        return compiled(2.0, (x, y)) + compiled(3, [x, y], {"a": (2, [1, 0.5])})

    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    traced = tsir.trace(program, (x, x))
    torch.testing.assert_close(traced(x, y), program(x, y))


@tsir.script
def puts_in(x: List[Tensor], table: Dict[str, Tensor]) -> None:
    x[0] = x[0] * 2
    table["a"] = x[1] + 1


def test_what_a_compiled_function_puts_into_containers_is_recorded():
    def program(x, y):
        pair, table = [x, y], {"a": x}
        puts_in(pair, table)
        return pair[0] + table["a"], pair[1]

    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    traced = tsir.trace(program, (x, x))
    for ours, theirs in zip(traced(x, y), program(x, y), strict=True):
        torch.testing.assert_close(ours, theirs)


@tsir.script
def may_give_none(x: Tensor, n: int) -> Tuple[Optional[Tensor], Optional[int]]:
    if n > 2:
        return None, None
    return x * n, n + 1


def test_what_may_be_none_is_what_it_is_on_the_path():
    def program(x, y):
        given, number = may_give_none(x, 2)
        missing, none = may_give_none(x, 3)
        return given + y * number if missing is None and none is None else x

    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    torch.testing.assert_close(tsir.trace(program, (x, x))(x, y), program(x, y))


@tsir.script
def appended(x: List[Tensor], y: Tensor) -> List[Tensor]:
    x.append(y * 2)
    return x


def test_a_container_that_comes_back_is_the_one_that_was_passed():
    def program(x, y):
        first = [x]
        second = appended(first, y)
        second.append(x + 5)
        third = appended(second, first[-1])
        return sum(first), sum(third), len(second)

    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    traced = tsir.trace(program, (x, x))
    for ours, theirs in zip(traced(x, y), program(x, y), strict=True):
        assert ours == theirs if isinstance(theirs, int) else torch.equal(ours, theirs)
