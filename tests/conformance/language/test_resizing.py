"""Operators that change a tensor's sizes in place, and operators that give their argument itself, next to eager."""

import copy
import warnings
from typing import Dict, List, Optional, Tuple

import pytest
import torch
from torch import Tensor

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same


def branches(x: Tensor, n: int):
    y = x * 1
    z = y
    if n > 1:
        y.unsqueeze_(0)
        y.add_(1)
    else:
        y.t_()
    for i in range(n):
        y.transpose_(-1, -2)
        y[0] = i
    return y, z, z.dim(), x


def argument(x: Tensor, n: int):
    x.t_().add_(1)
    y = x.unsqueeze_(0)
    y.squeeze_(0)
    while n > 0:
        n -= 1
        x.unsqueeze_(-1)
    return x, y


def memory(x: Tensor, n: int):
    x.resize_(2, n)
    a, b = x.chunk(2)
    a.squeeze_(0).mul_(2)
    return a, b


def loop(x: Tensor, n: int):
    c = x.clone()
    for i in range(n):
        c = c.t_()
    c.detach_()
    return c, x


@pytest.mark.parametrize("function", [branches, argument, memory, loop], ids=lambda f: f.__name__)
def test_sizes_change_in_place(function):
    scripted = tsir.script(function)
    for n in range(4):
        theirs, ours = torch.arange(12.0).view(3, 4), torch.arange(12.0).view(3, 4)
        expected, found = function(theirs, n), scripted(ours, n)
        torch.testing.assert_close(list(found), list(expected))
        torch.testing.assert_close(ours, theirs)
        assert (found[0] is ours) == (expected[0] is theirs)


def held(x: Tensor):
    y = [x]
    x.t_()
    return y, y[0].shape, x.size(0)


def items(ts: List[Tensor], n: int):
    ts[0].unsqueeze_(0)
    for i in range(n):
        ts[-1].transpose_(0, 1)
    ts[0].add_(1)
    return ts[0].shape, ts[0].sum(0), [t.dim() for t in ts]


def values(d: Dict[str, Tensor], x: Tensor):
    d["a"] = x
    d["a"].unsqueeze_(-1)
    for _, v in d.items():
        v.squeeze_()
        if v.dim() > 1:
            v.t_()
    return x.shape, d


def several_times(x: Tensor, n: int):
    a = torch.zeros(2, 3)
    l = [a, x, a]
    a.t_()
    for t in l:
        if n > 1:
            t.unsqueeze_(n - 1)
    b = a * 2 + l[2]
    return l, b, a is l[0], a.shape == l[2].shape


def handled(x: Tensor):
    t = (x, x.clone())
    try:
        x.t_()
        t[1].squeeze_(0).t_()
        raise ValueError("x")
    except ValueError:
        x.unsqueeze_(0)
    return t, x.numel(), x.is_contiguous()


class Holder:
    def __init__(self, x: Tensor):
        self.x = x


def of_an_object(x: Tensor):
    p = Holder(x + 1)
    q = p.x
    p.x.t_()
    return q, p.x.shape, q.mean(0)


def rows(ts: List[Tensor]):
    out = torch.jit.annotate(List[Tensor], [])
    for t in ts:
        t.swapaxes_(0, 1)
        out.append(t @ t.t())
    return torch.stack(out), torch.cat(ts, 0)


X = torch.arange(6.0).view(2, 3)


@feature(
    "Lists and tuples", "tensors in lists, dicts, tuples and objects that get other sizes in place: `ts[0].unsqueeze_(0)`"
)
@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (held, (X,)),
        (held, (torch.arange(24.0).view(4, 6)[1:3, ::2],)),
        (items, ([X, X * 2], 1)),
        (items, ([X, torch.ones(3, 4)[:, 1:]], 3)),
        (values, ({"b": torch.ones(1, 2, 3)}, X)),
        (several_times, (X, 1)),
        (several_times, (X, 2)),
        (handled, (X,)),
        (of_an_object, (X,)),
        (rows, ([X, X + 1],)),
    ],
    ids=lambda v: v.__name__ if callable(v) else "",
)
def test_whoever_knows_a_tensor_sees_its_new_sizes(function, arguments):
    compiled = tsir.script(function)
    for _ in range(2):
        theirs, ours = copy.deepcopy(arguments), copy.deepcopy(arguments)
        assert_same(compiled(*ours), function(*theirs))
        assert_same(list(ours), list(theirs))


def multiplied(ts: List[Tensor], w: Tensor):
    for t in ts:
        t.t_()
    return [t @ w for t in ts]


def test_resized_objects_under_autocast():
    weight = torch.linspace(-1, 1, 4).view(2, 2)
    compiled = tsir.script(multiplied)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found, expected = compiled([X.clone(), X * 2], weight), multiplied([X.clone(), X * 2], weight)
    assert [t.dtype for t in found] == [t.dtype for t in expected] == [torch.bfloat16] * 2
    assert_same(found, expected)


def more_elements(x: Tensor):
    y = [x]
    x.resize_(5, 5)
    return y


class Kept(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.items = [torch.ones(2, 3)]

    def forward(self, n: int):
        self.items[0].t_()
        return self.items[0].shape


def test_what_a_list_knows_keeps_its_number_of_elements():
    with pytest.raises(tsir.TsirError, match="another number of elements"):
        tsir.script(more_elements)(torch.ones(2, 3))


def test_a_tensor_in_a_list_of_a_module_is_refused():
    with pytest.raises(tsir.TsirError, match="changes the sizes of a tensor that something else knows"):
        tsir.script(Kept())(1)


def given_itself(x: Tensor):
    y = torch.atleast_2d(x)
    y.add_(1)
    z = torch.nn.functional.dropout(x, 0.5, False)
    z.mul_(2)
    w = x.type_as(y)
    w[0] = 5
    a, _ = torch.broadcast_tensors(x, y)
    return y, z, w, a.sum()


def bytes_of(x: Tensor):
    y = x.view(torch.int32)
    y[0] = 0
    return y, x


def diagonal_filled(x: Tensor):
    return x.fill_diagonal_(1.5, True), x.where(x > 2, -x)


@pytest.mark.parametrize("function", [given_itself, bytes_of, diagonal_filled], ids=lambda f: f.__name__)
def test_results_share_memory_with_their_arguments(function):
    theirs, ours = torch.arange(21.0).view(7, 3), torch.arange(21.0).view(7, 3)
    torch.testing.assert_close(tsir.script(function)(ours), function(theirs))
    torch.testing.assert_close(ours, theirs)


def shorter(l: list[Tensor], x: Tensor):
    k = 0
    for t, u in zip(l, [x, x]):
        k += 1
    return k


@pytest.mark.parametrize("n", range(4))
def test_zip_ends_with_the_shortest(n):
    x = torch.ones(1)
    assert tsir.script(shorter)([x] * n, x) == shorter([x] * n, x)


def given_as_out(x: Tensor):
    a, b, c, d = torch.empty(0), torch.zeros(5, dtype=torch.float64), torch.ones(2, 3), torch.tensor([])
    kept = a
    torch.mul(x, 2, out=a)
    same = torch.add(x, 2, out=b) is b
    first = c[0]
    torch.neg(x, out=c)  # the sizes that it has, so that views see it
    torch.exp(x, out=d)
    torch.sum(x, 0, out=d)
    if x.sum() > 0:
        torch.sub(x, 1, out=d)
    return a, kept.shape, a.numel() + 1, b, b.size(1), same, first, d, d.shape, a.view(-1), a.stride()


@feature("Tensors in programs", "tensors given as `out=` get the result's sizes")
def test_out_gives_a_tensor_the_sizes_of_the_result():
    x = torch.arange(6.0).view(2, 3)
    assert_same(tsir.script(given_as_out)(x), given_as_out(x))


def masked(t: torch.Tensor, ignored: Optional[int], whole: bool) -> Tuple[torch.Tensor, Optional[torch.Tensor], int]:
    if ignored is None or whole:
        return t, None, 1
    mask = t != ignored
    return t.where(mask, t.new_zeros(1)), mask, 2


def resizes_what_may_be_missing(x: torch.Tensor):
    t, mask, kind = masked(x, 1, bool(x.sum() < 0))
    if mask is not None:
        mask.unsqueeze_(1)
        t = t.unsqueeze(1) * mask
    kind = kind + 1 if mask is None else mask.dim()
    other = x + 1 if bool(x.sum() > 0) else None
    if other is not None:
        for _ in range(2):
            other.unsqueeze_(0)
    return t, mask, kind, other


@feature("Aliasing and mutation", "tensors that may be None and change their sizes in place")
def test_what_may_be_missing_is_resized():
    compiled = tsir.script(resizes_what_may_be_missing)
    for x in (torch.arange(6.0).reshape(2, 3), -torch.ones(2, 3)):
        assert_same(compiled(x), resizes_what_may_be_missing(x))


def callers_out(x: Tensor, a: Tensor, b: Tensor, c: Tensor, n: int):
    made = torch.mul(x, 2, out=a)
    if n > 0:
        torch.mm(x, x.t(), out=b)
    torch.cat([x, x], out=c)
    values, places = torch.max(x, 1, out=(torch.empty(0), torch.empty(7, dtype=torch.long)))
    return made is a, a + 1, b.shape, c.numel(), values, places


def of_a_view(x: Tensor, a: Tensor):
    torch.mul(x, 2, out=a.view(-1))
    return a


@feature("Aliasing and mutation", "the caller's tensors as `out=` of other sizes, with torch's warning; tuples as `out=`")
def test_the_callers_tensors_get_the_sizes_of_the_result():
    compiled = tsir.script(callers_out)
    for n in (2, 3, 4):  # the third call has open sizes
        x = torch.arange(2.0 * n).view(n, 2)
        given = [torch.empty(0), torch.ones(n), torch.ones(2, 2 * n).t()]
        theirs, ours = copy.deepcopy(given), copy.deepcopy(given)
        with warnings.catch_warnings(record=True) as expected:
            warnings.simplefilter("always")
            wanted = callers_out(x, *theirs, n)
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            assert_same(compiled(x, *ours, n), wanted)
        assert_same(ours, theirs)
        assert n > 2 or str(expected[0].message).startswith(str(found[0].message))
    with pytest.raises(RuntimeError, match="can't be resized"):  # eager writes the view's memory, and more
        tsir.script(of_a_view)(torch.ones(2, 3), torch.ones(5))


def sums_of_numbers(a: int, b: float, x: Tensor):
    sums = torch.add(a, b, alpha=2), torch.sub(1, 2), torch.add(True, False), torch.add(2, x), torch.add(a, 1) + x
    return (
        sums,
        torch.mul(input=a, other=3),
        torch.div(a, 2, rounding_mode="floor"),
        torch.mul(1j, 2),
        torch.true_divide(a, 2),
    )


@feature("Tensors in programs", "torch.add, sub, mul and div of two numbers are tensors")
def test_operators_of_two_numbers():
    assert_same(tsir.script(sums_of_numbers)(3, 2.5, torch.ones(2)), sums_of_numbers(3, 2.5, torch.ones(2)))
