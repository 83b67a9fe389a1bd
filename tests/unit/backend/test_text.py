"""Text of values that contain tensors, against torch's own."""

import numpy as np
import pytest
import torch

from tsir.backend.numpy import text
from tsir.dialects.values import EnumMember

torch.manual_seed(0)
INF, NAN = float("inf"), float("nan")
TENSORS = [
    torch.arange(6.0).reshape(2, 3), torch.randn(2, 3, 4), torch.tensor(3.5), torch.tensor(3), torch.tensor(True), torch.zeros(0),
    torch.zeros(2, 0), torch.zeros(0, dtype=torch.int64), torch.zeros(3, dtype=torch.float64), torch.randn(40) * 1e5,
    torch.randn(40) * 1e-5, torch.randn(2000), torch.randn(50, 50), torch.randn(7, 200, 3), torch.arange(2000), torch.randn(10, 20),
    torch.tensor([NAN, 1.0, INF]), torch.tensor([NAN]), torch.tensor([-0.0, 1.0]), torch.tensor([0.0, 0.0]), torch.tensor([1e9, 1.0]),
    torch.tensor([1e-5, 2.0]), torch.tensor([1001.0, 1.0]), torch.tensor([1000.0, 1.0]), torch.tensor([[1, -200]], dtype=torch.int32),
    torch.tensor([1 + 2j, 3 - 4j]), torch.tensor([1.5 - 2j, -0.25]), torch.randn(3, 4, dtype=torch.complex128), torch.tensor(2 + 3j),
    torch.randn(5).half(), torch.randn(20).double(), torch.randn(2, 600, dtype=torch.float64), torch.zeros(1, 1, 1),
]  # fmt: skip


@pytest.mark.parametrize("tensor", TENSORS, ids=range(len(TENSORS)))
def test_tensors_are_written_as_torch_writes_them(tensor):
    assert text.repr(tensor.numpy()) == repr(tensor)


@pytest.mark.parametrize("make", [lambda t: [t, 1], lambda t: {"a": (t, "b")}, lambda t: [[t], [None]], lambda t: (t,)])
def test_containers_of_tensors(make):
    assert text.str(make(np.ones(2, "f"))) == str(make(torch.ones(2)))


def test_formatting():
    x, a = torch.tensor(2.5), np.array(2.5, "f")
    assert text.format(a, ".3f") == f"{x:.3f}"
    assert text.str_format("{1} {0:>8.2f}", a, "s") == f"s {x:>8.2f}"
    assert text.percent("%s %d %s", (a, np.array(3), [a])) == f"{x!s} 3 {[x]}"
    assert text.str(3.7) == "3.7" and text.repr("a") == "'a'" and text.str(True) == "True"
    with pytest.raises(TypeError, match="unsupported format string passed to Tensor"):
        text.format(np.ones(2), ".3f")


def test_enum_members_and_print(capsys):
    red = EnumMember("pkg.Color", "RED", 1)
    assert (text.str(red), text.repr([red])) == ("Color.RED", "[<Color.RED: 1>]")
    text.print(np.ones(1, "f"), 2, sep="|", end="!")
    assert capsys.readouterr().out == "tensor([1.])|2!"


def test_other_values_are_not_copied():
    value = [1, (2, "x")]
    assert text.presentable(value) is value
