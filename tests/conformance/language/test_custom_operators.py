"""Operators that other libraries register with torch: called as torch.jit calls them, by their registrations."""

from typing import List, Optional, Tuple

import pytest
import torch
from torch import Tensor

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same

LIBRARY = torch.library.Library("tsir_test", "DEF")
LIBRARY.define("scaled(Tensor x, float by, int[] sizes, Tensor? plus=None, *, bool negate=False) -> Tensor")
LIBRARY.define("halves(Tensor x) -> (Tensor, Tensor)")
LIBRARY.define("count(Tensor x, str what) -> int")
LIBRARY.define("fill_(Tensor(a!) x, Scalar value) -> ()")
LIBRARY.define("pick(Tensor x) -> Tensor")
LIBRARY.define("pick.at(Tensor x, int at) -> Tensor")


def _scaled(x: Tensor, by: float, sizes: List[int], plus: Optional[Tensor] = None, *, negate: bool = False) -> Tensor:
    x = (x * by).reshape(sizes)
    x = x if plus is None else x + plus
    return -x if negate else x


def _fill(x: Tensor, value: float) -> None:
    x.fill_(value)


LIBRARY.impl("scaled", _scaled, "CPU")
LIBRARY.impl("halves", lambda x: (x[: len(x) // 2].clone(), x[len(x) // 2 :].clone()), "CPU")
LIBRARY.impl("count", lambda x, what: x.numel() if what == "all" else int((x > 0).sum()), "CPU")
LIBRARY.impl("fill_", _fill, "CPU")
LIBRARY.impl("pick", lambda x: x[0].clone(), "CPU")
LIBRARY.impl("pick.at", lambda x, at: x[at].clone(), "CPU")

X = torch.tensor([[1.0, -2.0], [3.0, 4.0]])


def program(x: Tensor) -> Tuple[Tensor, Tensor, Tensor, int, Tensor, Tensor]:
    ops = torch.ops.tsir_test.scaled(x, 2, [4], negate=True)
    first, second = torch.ops.tsir_test.halves(ops)
    n = torch.ops.tsir_test.count(x, "all") + torch.ops.tsir_test.count(x, "positive")
    y = x.clone()
    torch.ops.tsir_test.fill_(y, n)
    picked = torch.ops.tsir_test.pick(x) + torch.ops.tsir_test.pick(x, 1) + torch.ops.tsir_test.pick.at(x, 0)
    return first, second * 2, y, n, picked, torch.ops.tsir_test.scaled(x, 0.5, [2, 2], x)


@feature("torch.jit's API", "operators that other libraries registered: torch.ops.library.name")
def test_custom_operators() -> None:
    assert_same(tsir.script(program)(X), program(X))


def wrong(x: Tensor) -> int:
    return torch.ops.tsir_test.count(x, 3)


def test_wrong_arguments_of_a_custom_operator() -> None:
    with pytest.raises(tsir.TsirError, match="what"):
        tsir.script(wrong)


def test_saving_a_custom_operator_is_refused(tmp_path) -> None:
    with pytest.raises(tsir.TsirError, match=r"torch\.ops\.tsir_test"):
        tsir.save(tsir.script(program), tmp_path / "m.pt")
