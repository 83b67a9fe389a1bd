"""Operations on shapes against torch eager, with static sizes and with a dynamic first one."""

from __future__ import annotations

import pytest
import torch

from tests.unit.ops.running import Compiled, agree, run
from tsir.dialects import dtypes
from tsir.errors import OperatorError, OperatorIndexError
from tsir.ops.core.creation import full, iota
from tsir.ops.core.slices import concat, pad, select, slice, stack
from tsir.ops.core.views import (
    broadcast_to,
    diagonal,
    expand,
    flatten,
    movedim,
    permute,
    reshape,
    squeeze,
    transpose,
    unsqueeze,
)  # fmt: skip

X = torch.arange(24.0).reshape(4, 3, 2)

CASES = {
    "permute": (lambda a: permute(a, (2, 0, -2)), lambda x: x.permute(2, 0, 1)),
    "transpose": (lambda a: transpose(a, 0, -1), lambda x: x.transpose(0, -1)),
    "movedim": (lambda a: movedim(a, (0, 1), (-1, 0)), lambda x: x.movedim((0, 1), (-1, 0))),
    "flatten": (lambda a: flatten(a), lambda x: x.flatten()),
    "flatten some": (lambda a: flatten(a, 1, 2), lambda x: x.flatten(1, 2)),
    "view -1": (lambda a: reshape(a, (a.shape[0], -1)), lambda x: x.reshape(x.shape[0], -1)),
    "merge and split": (lambda a: reshape(a, (-1, 2, 3)), lambda x: x.reshape(-1, 2, 3)),
    "regroup": (lambda a: reshape(a, (-1, 6)), lambda x: x.reshape(-1, 6)),
    "regroup across": (lambda a: reshape(a, (3, -1, 2)), lambda x: x.reshape(3, -1, 2)),
    "ones": (lambda a: reshape(a, (1, a.shape[0], 1, 6, 1)), lambda x: x.reshape(1, x.shape[0], 1, 6, 1)),
    "unsqueeze": (lambda a: unsqueeze(a, -1), lambda x: x.unsqueeze(-1)),
    "squeeze": (lambda a: squeeze(unsqueeze(unsqueeze(a, 0), 2)), lambda x: x),
    "squeeze dim": (lambda a: squeeze(unsqueeze(a, 0), (0, 1)), lambda x: x),
    "expand": (lambda a: expand(unsqueeze(a, 1), (-1, 5, -1, 2)), lambda x: x.unsqueeze(1).expand(-1, 5, -1, 2)),
    "expand lead": (lambda a: expand(a, (2, a.shape[0], 3, 2)), lambda x: x.expand(2, *x.shape)),
    "broadcast": (lambda a: broadcast_to(a, (5, *a.shape)), lambda x: x.broadcast_to((5, *x.shape))),
    "slice": (lambda a: slice(a, 0, 1, 3, 1), lambda x: x[1:3]),
    "slice negative": (lambda a: slice(a, 0, -3, -1, 1), lambda x: x[-3:-1]),
    "slice step": (lambda a: slice(a, 0, 1, None, 2), lambda x: x[1::2]),
    "slice too long": (lambda a: slice(a, 0, 2, 100, 1), lambda x: x[2:100]),
    "slice empty": (lambda a: slice(a, 1, 2, 1, 1), lambda x: x[:, 2:1]),
    "select": (lambda a: select(a, 0, -1), lambda x: x[-1]),
    "select inner": (lambda a: select(a, 1, 2), lambda x: x[:, 2]),
    "concat": (lambda a: concat([a, a, slice(a, 0, 0, 1, 1)], 0), lambda x: torch.cat([x, x, x[:1]], 0)),
    "concat inner": (lambda a: concat([a, a], 2), lambda x: torch.cat([x, x], 2)),
    "stack": (lambda a: stack([a, a * 2.0], 1), lambda x: torch.stack([x, x * 2], 1)),
    "pad": (
        lambda a: pad(a, (1, 0, 2), (0, 3, 1), 0.5),
        lambda x: torch.nn.functional.pad(x, (2, 1, 0, 3, 1, 0), value=0.5),
    ),
    "diagonal": (lambda a: diagonal(a, 0, 1, 2), lambda x: x.diagonal(0, 1, 2)),
    "diagonal above": (lambda a: diagonal(a, 1, 0, 1), lambda x: x.diagonal(1, 0, 1)),
    "diagonal below": (lambda a: diagonal(a, -1, 0, 1), lambda x: x.diagonal(-1, 0, 1)),
    "getitem": (lambda a: a[1:, None, 0], lambda x: x[1:, None, 0]),
    "getitem ellipsis": (lambda a: a[..., -1], lambda x: x[..., -1]),
    "getitem two": (lambda a: a[0, ..., 1:], lambda x: x[0, ..., 1:]),
    "iota": (lambda a: iota(a.shape[0], dtypes.float32), lambda x: torch.arange(float(x.shape[0]))),
    "full": (lambda a: full((a.shape[0], 2), True, dtypes.int64), lambda x: torch.full((x.shape[0], 2), 1)),
}


@pytest.mark.parametrize("name", CASES)
def test_static(name: str) -> None:
    ours, torchs = CASES[name]
    agree(run(ours, X), torchs(X))


@pytest.mark.parametrize("name", CASES)
def test_dynamic(name: str) -> None:
    ours, torchs = CASES[name]
    compiled = Compiled(ours, (X,), (0,))
    agree(compiled(X), torchs(X))
    longer = torch.arange(48.0).reshape(8, 3, 2)
    atoms = [a for s in compiled.arguments[0].shape if not isinstance(s, int) for a in s.atoms()]
    if all(g.holds(dict.fromkeys(atoms, 8)) for g in compiled.env.guards):
        agree(compiled(longer), torchs(longer))


@pytest.mark.parametrize(
    "name", ["view -1", "merge and split", "flatten", "unsqueeze", "concat", "expand", "stack", "slice too long", "ones"]
)
def test_no_guard_is_needed(name: str) -> None:
    guards = Compiled(CASES[name][0], (X,), (0,)).env.guards
    assert [str(g) for g in guards] == []


def test_zero_rank() -> None:
    x = torch.tensor(3.0)
    agree(run(lambda a: reshape(a, (1, 1)), x), x.reshape(1, 1))
    agree(run(lambda a: reshape(reshape(a, (1, 1)), ()), x), x)
    agree(run(flatten, x), x.flatten())


def test_select_with_an_index_known_at_run_time() -> None:
    for index in (0, 3, -1):
        agree(run(lambda a, i: select(a, 0, i), X, index), X[index])
        agree(run(lambda a, i: select(a, 0, i), X, index, dynamic=(0,)), X[index])


@pytest.mark.parametrize(
    ("ours", "torchs"),
    [
        (lambda a: reshape(a, (5, -1)), lambda x: x.view(5, -1)),
        (lambda a: reshape(a, (-1, -1)), lambda x: x.view(-1, -1)),
        (lambda a: expand(a, (4, 4, 2)), lambda x: x.expand(4, 4, 2)),
        (lambda a: select(a, 1, 3), lambda x: x.select(1, 3)),
        (lambda a: transpose(a, 0, 3), lambda x: x.transpose(0, 3)),
        (lambda a: concat([a, slice(a, 1, 0, 2, 1)], 0), lambda x: torch.cat([x, x[:, :2]])),
    ],
)
def test_errors_as_torchs(ours, torchs) -> None:
    with pytest.raises((RuntimeError, IndexError)) as wanted:
        torchs(X)
    with pytest.raises(OperatorError) as found:
        run(ours, X)
    assert isinstance(found.value, OperatorIndexError) == isinstance(wanted.value, IndexError)


def test_slices_of_dynamic_sizes_take_no_guard() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    compiled = Compiled(lambda a: slice(a, 0, 0, 2, 1), (x,), (0,))
    assert compiled.env.guards == []
    agree(compiled(x), x[:2])
    agree(compiled(torch.ones(5, 3)), torch.ones(2, 3))
    whole = Compiled(lambda a: slice(a, 0, 0, a.shape[0], 1), (x,), (0,))
    assert whole.env.guards == [] and whole.results[0] is whole.arguments[0]


def test_concat_names_the_tensor_that_does_not_fit() -> None:
    with pytest.raises(OperatorError, match="Expected size 3 but got size 2 for tensor number 2 in the list"):
        run(lambda a: concat([a, a, slice(a, 1, 0, 2, 1)], 0), X)
