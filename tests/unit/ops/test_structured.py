"""Reductions, products, convolutions and windows against torch eager, with static sizes and a dynamic first one."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from tests.unit.ops.running import Compiled, agree, run
from tsir.dialects import dtypes
from tsir.errors import OperatorError, OperatorIndexError
from tsir.ops.core import reductions
from tsir.ops.core.contraction import contract, convolve, convolve_transposed
from tsir.ops.core.creation import full
from tsir.ops.core.windows import reduce_windows


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def ints(*shape: int, dtype: torch.dtype = torch.int64) -> torch.Tensor:
    low = 0 if dtype == torch.uint8 else -5
    return torch.randint(low, 6, shape, generator=torch.Generator().manual_seed(1)).to(dtype)


@pytest.mark.parametrize("dynamic", [(), (0,)])
@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("dims", [(0,), (1,), (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("kind", ["sum", "prod", "amax", "amin"])
def test_reductions(kind: str, dims: tuple[int, ...], keepdim: bool, dynamic: tuple[int, ...]) -> None:
    for x in (normal(3, 4, 2), ints(3, 4, 2), ints(3, 4, 2, dtype=torch.uint8)):
        wanted = x
        for d in sorted(dims, reverse=True):
            if kind in ("sum", "prod"):
                wanted = getattr(torch, kind)(wanted, d, keepdim=keepdim, dtype=x.dtype)
            else:
                wanted = getattr(torch, kind)(wanted, (d,), keepdim=keepdim)
        found = run(lambda a: getattr(reductions, kind)(a, dims, keepdim), x, dynamic=dynamic)
        agree(found, wanted, rtol=1e-5, atol=1e-5)


def test_any_and_all() -> None:
    x = torch.tensor([[True, False, True], [False, False, False], [True, True, True]])
    agree(run(lambda a: reductions.any(a, (1,)), x), x.any(1))
    agree(run(lambda a: reductions.all(a, (0,), True), x), x.all(0, True))


def test_nan_wins_in_extremes() -> None:
    x = torch.tensor([[1.0, float("nan"), -3.0], [2.0, float("-inf"), float("inf")]])
    agree(run(lambda a: reductions.amax(a, (1,)), x), x.amax(1))
    agree(run(lambda a: reductions.amin(a, (1,)), x), x.amin(1))


def test_extremes_of_nothing() -> None:
    with pytest.raises(OperatorIndexError, match="non-zero size"):
        run(lambda a: reductions.amax(a, (0,)), torch.ones(0, 3))
    agree(run(lambda a: reductions.sum(a, (0,)), torch.ones(0, 3)), torch.zeros(3))


@pytest.mark.parametrize("dynamic", [(), (0,)])
@pytest.mark.parametrize(
    ("spec", "left", "right"),
    [
        ("ik,kj->ij", (3, 4), (4, 5)),
        ("bik,bkj->bij", (2, 3, 4), (2, 4, 5)),
        ("bik,bjk->bij", (2, 3, 4), (2, 5, 4)),
        ("i,j->ij", (3,), (4,)),
        ("k,k->", (6,), (6,)),
        ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
    ],
)
def test_contract(spec: str, left: tuple[int, ...], right: tuple[int, ...], dynamic: tuple[int, ...]) -> None:
    x, y = normal(*left), normal(*right, seed=1)
    agree(run(lambda a, b: contract(spec, a, b), x, y, dynamic=dynamic), torch.einsum(spec, x, y), rtol=1e-5, atol=1e-5)


def test_contract_of_other_dtypes() -> None:
    x, y = ints(3, 4), ints(4, 2)
    agree(run(lambda a, b: contract("ik,kj->ij", a, b), x, y), x @ y)
    h, k = normal(3, 40, dtype=torch.float16), normal(40, 2, dtype=torch.float16, seed=1)
    agree(run(lambda a, b: contract("ik,kj->ij", a, b), h, k), (h.float() @ k.float()).half())
    z, w = torch.complex(normal(3, 4), normal(3, 4, seed=2)), torch.complex(normal(4, 2), normal(4, 2, seed=3))
    agree(run(lambda a, b: contract("ik,kj->ij", a, b), z, w), z @ w, rtol=1e-5, atol=1e-5)


def test_contract_broadcasts_ones_and_refuses_others() -> None:
    x, y = normal(1, 3, 4), normal(2, 4, 5, seed=1)
    agree(run(lambda a, b: contract("bik,bkj->bij", a, b), x, y), x @ y, rtol=1e-5, atol=1e-5)
    with pytest.raises(OperatorError, match="cannot be multiplied"):
        run(lambda a, b: contract("ik,kj->ij", a, b), normal(3, 4), normal(3, 5))


CONVOLUTIONS = [
    dict(x=(2, 3, 7), w=(4, 3, 3), stride=(1,), padding=(0,), dilation=(1,), groups=1),
    dict(x=(2, 4, 9), w=(6, 2, 3), stride=(2,), padding=(2,), dilation=(2,), groups=2),
    dict(x=(2, 3, 6, 5), w=(4, 3, 3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=1),
    dict(x=(1, 4, 5, 5), w=(4, 1, 3, 3), stride=(1, 1), padding=(1, 1), dilation=(1, 1), groups=4),
    dict(x=(1, 2, 4, 4, 3), w=(3, 2, 2, 2, 2), stride=(1, 2, 1), padding=(0, 1, 1), dilation=(1, 1, 1), groups=1),
]


@pytest.mark.parametrize("dynamic", [(), (0,), (2,)])
@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolve(case: dict, dynamic: tuple[int, ...]) -> None:
    x, w = normal(*case["x"]), normal(*case["w"], seed=1)
    rank = len(case["stride"])
    wanted = (F.conv1d, F.conv2d, F.conv3d)[rank - 1](
        x, w, None, case["stride"], case["padding"], case["dilation"], case["groups"]
    )
    pairs = [(p, p) for p in case["padding"]]
    arguments = case["stride"], pairs, case["dilation"], case["groups"]
    if not dynamic:
        agree(run(lambda a, b: convolve(a, b, *arguments), x, w), wanted, rtol=1e-5, atol=1e-5)
        return

    def with_static_weight(a):
        return convolve(a, full(case["w"], 0.5, dtypes.float32), *arguments)

    wanted = (F.conv1d, F.conv2d, F.conv3d)[rank - 1](
        x, torch.full(case["w"], 0.5), None, case["stride"], case["padding"], case["dilation"], case["groups"]
    )
    agree(run(with_static_weight, x, dynamic=dynamic), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "case",
    [
        dict(
            x=(2, 3, 5, 4), w=(3, 2, 3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 0), dilation=(1, 1), groups=1
        ),
        dict(x=(1, 4, 5), w=(4, 2, 3), stride=(1,), padding=(0,), output_padding=(0,), dilation=(2,), groups=2),
        dict(x=(1, 2, 6), w=(2, 2, 2), stride=(3,), padding=(2,), output_padding=(0,), dilation=(1,), groups=1),
    ],
)
def test_convolve_transposed_infers_torchs_shape(case: dict) -> None:
    x, w = normal(*case["x"]), normal(*case["w"], seed=1)
    function = F.conv_transpose1d if len(case["stride"]) == 1 else F.conv_transpose2d
    wanted = function(x, w, None, case["stride"], case["padding"], case["output_padding"], case["groups"], case["dilation"])
    compiled = Compiled(
        lambda a, b: convolve_transposed(
            a, b, case["stride"], case["padding"], case["output_padding"], case["dilation"], case["groups"]
        ),
        (x, w),
        (),
    )
    assert compiled.results[0].shape == tuple(wanted.shape)


@pytest.mark.parametrize("dynamic", [(), (0,), (2,)])
def test_windows(dynamic: tuple[int, ...]) -> None:
    x = normal(2, 3, 7, 6)
    low = float("-inf")
    found = run(lambda a: reduce_windows("max", a, (3, 2), (2, 1), [(1, 1), (1, 1)], (1, 2), low), x, dynamic=dynamic)
    agree(found, F.max_pool2d(x, (3, 2), (2, 1), (1, 1), (1, 2)))
    found = run(lambda a: reduce_windows("sum", a, (2, 2), (2, 2), [(0, 0), (0, 0)], (1, 1), 0.0), x, dynamic=dynamic)
    agree(found, F.avg_pool2d(x, 2, divisor_override=1), rtol=1e-5, atol=1e-5)


def test_windows_that_do_not_fit() -> None:
    with pytest.raises(OperatorError, match="too small"):
        run(lambda a: reduce_windows("max", a, (5,), (1,), [(0, 0)], (1,), 0.0), normal(1, 2, 3))
