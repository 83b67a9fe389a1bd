"""Sums of lists and lists repeated, whose elements are in sight: as Python, and without dispatch where they index."""

import pytest

torch = pytest.importorskip("torch")

import tsir  # noqa: E402


def indexed(x: torch.Tensor, i: torch.Tensor):
    return x[..., i, :], x[i, ..., i]


def test_indices_behind_an_ellipsis_are_lowered():
    x, i = torch.randn(3, 4, 2), torch.tensor([1, 0])
    compiled = tsir.script(indexed)
    for found, expected in zip(compiled(x, i), indexed(x, i), strict=True):
        assert torch.equal(found, expected)
    assert "0 operators run by dispatch" in compiled.explain(x, i)


def changed(x: torch.Tensor, n: int):
    a = [x]
    b = a + [x + 1]
    a.append(x * 2)
    c = a + b
    for k in range(3):
        d = [x + k]
        e = d + d
        d.append(x)
        c = c + e * 2 + d
    b[0] = x * 5
    e = c * n
    return len(e), torch.stack(c).sum(0), torch.stack(b), len(a), a + a


@pytest.mark.parametrize("n", [0, 2, -1])
def test_lists_that_change_are_themselves(n):
    x = torch.arange(4.0)
    found, expected = tsir.script(changed)(x, n), changed(x, n)
    assert found[0] == expected[0] and found[3] == expected[3]
    for f, e in zip([found[1], found[2], *found[4]], [expected[1], expected[2], *expected[4]], strict=True):
        assert torch.equal(f, e)
