"""Aliasing and mutation as in torch: what is written through which name, and the errors of writes that overlap."""

import re
from typing import List

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature


def given_back(x: Tensor):
    a, b = torch.as_tensor(x), torch.as_tensor(x, dtype=torch.float32)
    a[0] = 5.0
    b[1] = 7.0
    c = torch.as_tensor(x, dtype=torch.int64)
    c[2] = -1
    return a, b, c, torch.as_tensor([1, 2])


@feature("Aliasing and mutation", "torch.as_tensor gives a tensor of the right dtype back as it is")
def test_as_tensor():
    expected, x = torch.arange(3.0), torch.arange(3.0)
    torch.testing.assert_close((tsir.script(given_back)(x), x), (given_back(expected), expected))


def shifted_add(x: Tensor):
    x[1:] += x[:-1]


def shifted_copy(x: Tensor):
    x[1:] = x[:-1]


def transposed_copy(x: Tensor):
    x.copy_(x.t())


def shifted_local(x: Tensor):
    y = x.clone()
    y[1:].mul_(y[:-1])
    x.copy_(y)


def expanded_add(x: Tensor):
    x[0].expand(3, 3).add_(1.0)


def expanded_local(x: Tensor):
    y = x[0] * 1.0
    y.expand(3, 3).mul_(2.0)
    x.copy_(y)


def scattered_onto_itself(x: Tensor):
    x.scatter_(0, torch.zeros(3, 3, dtype=torch.long), x)


def indexed_onto_itself(x: Tensor):
    x.index_add_(0, torch.tensor([0, 2]), x[:2])


def shifted_out(x: Tensor):
    torch.add(x[:-1], 1.0, out=x[1:])


WRONG = [
    shifted_add, shifted_copy, transposed_copy, shifted_local, expanded_add, expanded_local, scattered_onto_itself,
    indexed_onto_itself, shifted_out,
]  # fmt: skip


@pytest.mark.parametrize("function", WRONG, ids=lambda f: f.__name__)
def test_writes_that_torch_forbids(function):
    x = torch.arange(9.0).reshape(3, 3)
    with pytest.raises(RuntimeError, match="unsupported operation"):
        function(x.clone())
    with pytest.raises(RuntimeError, match="unsupported operation"):
        tsir.script(function)(x)
    assert torch.equal(x, torch.arange(9.0).reshape(3, 3)), "nothing is written"


def full_overlap(x: Tensor):
    x.add_(x)
    x[:] = x
    x[0].mul_(x[0])
    torch.mul(x, x, out=x)


def shared_fill(x: Tensor):
    e = x[0].expand(3, 3)
    e.fill_(2.0)
    e.masked_fill_(torch.eye(3) > 0.5, 4.0)
    e[1] = 3.0


def broadcast_from_itself(x: Tensor):
    x[1:] = x[:1]


@pytest.mark.filterwarnings("ignore:Use of")
@pytest.mark.parametrize("function", [full_overlap, shared_fill, broadcast_from_itself], ids=lambda f: f.__name__)
def test_overlaps_that_torch_allows(function):
    expected, x = torch.arange(9.0).reshape(3, 3), torch.arange(9.0).reshape(3, 3)
    function(expected)
    tsir.script(function)(x)
    torch.testing.assert_close(x, expected)


def same_tensor_twice(x: Tensor, y: Tensor):
    a = y + 1.0
    x.add_(1.0)
    return a, y + 1.0


def test_a_tensor_given_twice():
    expected, x = torch.arange(4.0), torch.arange(4.0)
    wanted = same_tensor_twice(expected, expected)
    found = tsir.script(same_tensor_twice)(x, x)
    assert all(map(torch.equal, found, wanted)) and torch.equal(x, expected)


def filled(x: Tensor, n: int):
    out = torch.zeros(4, 3)
    for i in range(n):
        if i % 2 == 0:
            out[i] = x[0] * float(i)
        else:
            out[i, 1:] += x[1, :2]
    total = torch.zeros(3)
    for row in range(4):
        total += out[row]
    return out, total


def recurrence(x: Tensor):
    h = x[0].clone()
    states = torch.empty(5, 3)
    step = 0
    while step < 5:
        h.mul_(0.5).add_(x[1])
        states[step].copy_(h)
        states.t()[0, step] -= 1.0
        step += 1
    return states


def copied_rows(x: Tensor):
    table = x.clone()
    for i in range(1, 3):
        table[i] = table[i - 1]
    diagonal = table.diagonal()
    diagonal.zero_()
    return table, diagonal


def updated_buffer(x: Tensor, k: int):
    x[k] = x[k] * 2.0
    return (x.sum(0) @ x.t()).relu()


LOWERED = [(filled, (4,), 0), (recurrence, (), 0), (copied_rows, (), 0), (updated_buffer, (1,), 4)]


@pytest.mark.parametrize(("function", "more", "dispatched"), LOWERED, ids=lambda f: getattr(f, "__name__", ""))
def test_writes_become_values(function, more, dispatched):
    scripted = tsir.script(function)
    expected, x = torch.arange(9.0).reshape(3, 3), torch.arange(9.0).reshape(3, 3)
    for _ in range(2):
        wanted, found = function(expected, *more), scripted(x, *more)
        torch.testing.assert_close(found, wanted)
        torch.testing.assert_close(x, expected)
    assert scripted.explain(x, *more).splitlines()[-1] == f"{dispatched} operators run by dispatch"


class KeepsWeights(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.ones(3))

    def forward(self, x: Tensor):
        return [self.scale * 2.0], x


def test_results_made_of_weights_are_the_callers():
    scripted = tsir.script(KeepsWeights())
    for _ in range(2):
        found = scripted(torch.ones(1))[0][0]
        assert torch.equal(found, torch.full((3,), 2.0))
        found.zero_()


def written_in_loops(x: Tensor, n: int):
    table = torch.zeros(3, 3)
    kept = [table[0].clone()]
    for i in range(3):
        before = table.sum()
        if i == n:
            table[i] = x[i] + before
        elif i > n:
            table[i, 1:] = x[0, :2]
            kept.append(table[i] * 1.0)
        for j in range(i):
            table[j, i] = table[i, j] + float(j)
            if j == n:
                table[0] = -1.0
    temporary = torch.ones(3)
    for i in range(3):
        other = temporary.clone()
        other[i] = 5.0
        table[2] += other
    return table, kept, temporary


@pytest.mark.parametrize("n", range(3))
def test_the_old_value_is_not_seen_changed(n):
    scripted = tsir.script(written_in_loops)
    x = torch.arange(9.0).reshape(3, 3)
    for _ in range(2):
        torch.testing.assert_close(scripted(x, n), written_in_loops(x, n))


def test_loops_write_into_one_array():
    text = tsir.script(filled).source(torch.ones(3, 3), 4)
    assert not re.search(r"\bout\w*\.copy\(\)", text), text


def row_onto_itself(x: Tensor):
    row = x.view(1, -1)
    row[:] = row[0]
    row[:] = row[0] * 2.0
    x[:1] = x[0]


def bool_and_positions(x: Tensor):
    at = torch.tensor([[0, 1], [2, 0]])
    found = x[True, at]
    none = x[False]
    x[True, torch.tensor([1])] = 7.0
    x[False] = 9.0
    x[None, True, 1:] += 1.0
    return found, none, x[True]


@pytest.mark.parametrize("function", [row_onto_itself, bool_and_positions])
def test_writes_that_torch_allows(function):
    x = torch.arange(9.0).reshape(3, 3)
    y = x.clone()
    torch.testing.assert_close((tsir.script(function)(y), y), (function(x), x))


def test_unflatten_of_a_number():
    def split(x: Tensor):
        return x.unflatten(0, (1, -1))

    for function in (split, tsir.script(split)):
        with pytest.raises(RuntimeError):
            function(torch.tensor(1.0))


def numbers_as_indices(x: Tensor, at: Tensor):
    x[at][0] = 5.0
    column = x[:, at]
    column += 1.0
    x[at] = torch.ones(1, 3)
    x[at, at] = 3.0
    x[at, :2] -= 1.0
    return column, x[at], x[None, at, torch.tensor([0, 2])], x[torch.tensor([True, False, True]), at]


def unknown_indices(x: Tensor, indices: List[Tensor]):
    for at in indices:
        x[at][0] += 5.0
        x[at, 1] = 7.0
        x[1, at] += 7.0
    row = x[indices[0]]
    row.add_(1.0)
    return row


@feature("Aliasing and mutation", "integer tensors without dimensions as indices give views")
@pytest.mark.parametrize(
    ("function", "more"),
    [
        (numbers_as_indices, torch.tensor(1)),
        (numbers_as_indices, torch.tensor(-1, dtype=torch.int32)),
        (unknown_indices, [torch.tensor(1), torch.tensor(0)]),
        (unknown_indices, [torch.tensor([1, 2]), torch.tensor(-1)]),
    ],
)
def test_indices_that_are_tensors(function, more):
    expected, x = torch.arange(9.0).reshape(3, 3), torch.arange(9.0).reshape(3, 3)
    torch.testing.assert_close((tsir.script(function)(x, more), x), (function(expected, more), expected))


def written_through_a_constants_view(x: Tensor):
    ones = x.new_ones(3)
    every_other = ones[::2]
    every_other[1] = x[0, 0]
    return ones, every_other


def one_written_constant(x: Tensor):
    zeros = torch.zeros(3)
    part = zeros[1:]
    part[0] += x[0, 1]
    return zeros


@pytest.mark.parametrize("function", [written_through_a_constants_view, one_written_constant], ids=lambda f: f.__name__)
def test_constants_are_made_anew_for_writes(function):
    scripted = tsir.script(function)
    for i in range(3):
        x = torch.arange(9.0).reshape(3, 3) + i
        torch.testing.assert_close(scripted(x), function(x))


def rows_and_columns(x: Tensor):
    x[:, 1].ravel().mul_(0.5)
    x[1].ravel().mul_(2.0)
    x[:, 1:].ravel().zero_()
    return x.t().ravel(), x.ravel()


def test_ravel_is_a_view_of_contiguous_tensors_alone():
    expected, x = torch.arange(9.0).reshape(3, 3), torch.arange(9.0).reshape(3, 3)
    torch.testing.assert_close((tsir.script(rows_and_columns)(x), x), (rows_and_columns(expected), expected))


def sum_into(x: Tensor, out: Tensor):
    torch.sum(x, 0, out=out)
    torch.prod(x, 1, out=out[:])
    return torch.cumsum(x[0], 0, out=out)


@pytest.mark.parametrize("dtype", [torch.int64, torch.float64, torch.int32], ids=str)
def test_sums_are_computed_in_the_dtype_that_they_are_written_in(dtype):
    x = torch.tensor([[1.5, 2.5], [1.25, -3.5]])
    expected, found = torch.zeros(2, dtype=dtype), torch.zeros(2, dtype=dtype)
    sum_into(x, expected)
    tsir.script(sum_into)(x, found)
    assert torch.equal(found, expected)


def cumulated(x: Tensor):
    return x.cumsum_(0)


def test_cumsum_in_place():
    x = torch.tensor([100, 100, 100], dtype=torch.int8)
    assert torch.equal(tsir.script(cumulated)(x.clone()), x.cumsum_(0))
    with pytest.raises(NotImplementedError, match="cumsum_out_cpu"):
        tsir.script(cumulated)(torch.tensor([True, False]))


def scatter_thin(x: Tensor, index: Tensor, source: Tensor):
    return x.scatter(1, index, source)


@pytest.mark.parametrize("index", [[[0], [2], [1]], [[0, 1, 2, 0]]], ids=["smaller", "larger"])
@pytest.mark.parametrize("sizes", [(3,), (1,), (3, 1, 1), (2, 2), ()], ids=str)
def test_scatter_raises_what_torch_raises(index, sizes):
    arguments = (torch.zeros(3, 3), torch.tensor(index), torch.ones(sizes))
    with pytest.raises((RuntimeError, IndexError)) as expected:
        scatter_thin(*arguments)
    with pytest.raises(type(expected.value)):
        tsir.script(scatter_thin)(*arguments)


def laid_out(x: Tensor):
    return x.t().contiguous(), [x.contiguous()], x


def test_contiguous_is_a_copy_where_the_caller_sees_it():
    for x in (torch.arange(9.0).reshape(3, 3), torch.arange(9.0).reshape(3, 3).t()):
        turned, rows, _ = tsir.script(laid_out)(x)
        wanted, wanted_rows, _ = laid_out(x)
        x += 1.0
        assert torch.equal(turned, wanted) and torch.equal(rows[0], wanted_rows[0])
        assert turned.stride() == wanted.stride() and rows[0].stride() == wanted_rows[0].stride()
        assert (rows[0] is x) == (wanted_rows[0] is x)


def wholes(x: Tensor, n: int):
    a = x.squeeze()
    (b,) = x.split(3)[:1]
    for _ in range(n):
        x.add_(1.0)
    return x, a, b, x.chunk(1)[0], x.ravel(), x.float()


@feature("Aliasing and mutation", "a view of a whole tensor is another object than the tensor")
def test_views_of_wholes_are_other_objects():
    x = torch.ones(3, 3)
    for _ in range(2):
        assert [r is x for r in tsir.script(wholes)(x, 1)] == [r is x for r in wholes(x, 1)]


class Holding(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("buf", torch.ones(2))
        self.held: List[Tensor] = [self.buf, torch.zeros(2)]

    def forward(self, x: Tensor):
        return self.held[0] + x


def test_lists_of_attributes_hold_the_attributes():
    for first in (lambda m: m.held[0] is m.buf, lambda m: m.buf is m.held[0]):
        assert first(tsir.script(Holding()))


def copied_row(x: Tensor):
    return x.copy_(x[0])


def copied_row_of_local(x: Tensor):
    y = x * 1
    return y.copy_(y[1:2])


def copied_column(x: Tensor):
    return x.t().copy_(x[0])


def copied_wider(x: Tensor):
    return x[0].copy_(x.view(1, 1, 3, 3)[:, :, 1])


@pytest.mark.parametrize(
    "function", [copied_row, copied_row_of_local, copied_column, copied_wider], ids=lambda f: f.__name__
)
def test_copy_expands_nothing_that_it_writes(function):
    x = torch.arange(9.0).reshape(3, 3)
    with pytest.raises(RuntimeError):
        function(x.clone())
    with pytest.raises(RuntimeError):
        tsir.script(function)(x)
    assert torch.equal(x, torch.arange(9.0).reshape(3, 3)), "nothing is written"


def assigned_wider(x: Tensor):
    x[0] = x.view(1, 1, 3, 3)[:, :, 1]
    x[:] = x[0]
    x[:2] = x[1:2]


def test_assignments_expand():
    expected, x = torch.arange(9.0).reshape(3, 3), torch.arange(9.0).reshape(3, 3)
    assigned_wider(expected)
    tsir.script(assigned_wider)(x)
    assert torch.equal(x, expected)


def largest(x: Tensor, y: Tensor):
    return max([x, y])


def smaller(x: Tensor, y: Tensor):
    return min(x, y)


def position(x: Tensor, y: Tensor):
    return [x, y].index(y + 0)


def is_among(x: Tensor, y: Tensor):
    return y + 0 in [x]


def same_lists(x: Tensor, y: Tensor):
    return [x + 0] == [y]


def caught(x: Tensor, y: Tensor):
    try:
        return int(max([x, y]).sum())
    except RuntimeError:
        return -1


@feature("Built-in functions", "comparisons of containers of tensors raise what tensors raise (`max([x, y])`, `x in [y]`)")
@pytest.mark.parametrize("function", [largest, smaller, position, is_among, same_lists, caught], ids=lambda f: f.__name__)
@pytest.mark.parametrize("shape", [(2,), (1,), (), (0,)], ids=str)
def test_truths_of_tensors_in_comparisons(function, shape):
    found = []
    for call in (function, tsir.script(function)):
        try:
            found.append(call(torch.zeros(shape), torch.ones(shape)))
        except (RuntimeError, ValueError) as error:
            found.append(RuntimeError if isinstance(error, RuntimeError) else ValueError)
    assert found[0] == found[1]


def read_only(x: List[float], n: List[int]):
    return x[0] + n[0]


def test_numbers_that_are_converted_are_no_changes():
    x, n = [1, 2], [True]
    assert tsir.script(read_only)(x, n) == 2.0
    assert x == [1, 2] and type(x[0]) is int and n[0] is True


def numbers_into(x: Tensor, out: Tensor):
    torch.add(x, 1.0, out=out)
    torch.mul(x, 2, out=out)
    return torch.div(out, 2, rounding_mode="floor", out=out)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.int64])
def test_out_of_another_dtype_with_numbers(dtype):
    x, out = torch.ones(2, 3), torch.zeros(2, 3, dtype=dtype)
    expected_out = out.clone()
    if dtype is torch.int64:
        with pytest.raises(RuntimeError):
            tsir.script(numbers_into)(x, out)
        return
    expected = numbers_into(x, expected_out)
    torch.testing.assert_close(tsir.script(numbers_into)(x, out), expected)
    torch.testing.assert_close(out, expected_out)
