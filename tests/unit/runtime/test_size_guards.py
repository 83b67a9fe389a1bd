"""Variants for open sizes that rely on how these compare in a call: when they hold, and what comes when they don't."""

import pytest

torch = pytest.importorskip("torch")

import tsir  # noqa: E402
from tsir.ops.assumptions import condition_text, parse_condition, python_condition  # noqa: E402
from tsir.ops.sizes import Guard, ShapeEnv, size_max, size_min  # noqa: E402
from tsir.runtime.specialization import MAX_EXAMPLES  # noqa: E402


def added(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return x + y[: x.size(0)]


def test_sizes_that_compare_alike_share_a_variant_without_dispatch():
    compiled = tsir.script(added)
    for n in (2, 3, 5, 8):
        x, y = torch.randn(n, 4), torch.randn(n + 3, 4)
        assert torch.equal(compiled(x, y), added(x, y))
    assert len(compiled.specializations) == 2
    assert "0 operators run by dispatch" in compiled.explain(x, y)
    assert "guards = (" in compiled.specializations[1].source


def test_other_sizes_get_another_variant_and_errors_are_torchs():
    compiled = tsir.script(added)
    for n, m in ((2, 5), (3, 6), (4, 4), (7, 7), (6, 3)):
        x, y = torch.randn(n, 4), torch.randn(m, 4)
        if m >= n:
            assert torch.equal(compiled(x, y), added(x, y))
        else:
            with pytest.raises(RuntimeError, match="must match the size"):
                compiled(x, y)


def where(x: torch.Tensor) -> torch.Tensor:
    return x.view(-1, x.size(0)) if x.size(0) * 4 > 30 else x[1:3]


def test_branches_of_the_program_stay():
    compiled = tsir.script(where)
    for n in (3, 4, 20, 9, 5):
        x = torch.randn(n, 8)
        assert torch.equal(compiled(x), where(x))
    assert len(compiled.specializations) == 2


def halves(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.cat([x[: y.size(0)], y[: x.size(0) - 3]])


def test_after_some_examples_a_variant_relies_on_nothing():
    compiled = tsir.script(halves)
    for n, m in [(4, 9), (5, 9), (9, 3), (6, 5), (9, 8), (3, 7), (30, 2), (2, 30), (12, 9), (8, 6)]:
        x, y = torch.randn(n, 4), torch.randn(m, 4)
        assert torch.equal(compiled(x, y), halves(x, y))
    assert len(compiled.specializations) <= MAX_EXAMPLES + 2


def test_a_condition_is_read_as_it_was_written():
    env = ShapeEnv()
    x, y = env.atom("x", hint=6, origin="x"), env.atom("y", hint=4, origin="y")
    size = 2 * x * y - size_min(x // 4, y % 3) + size_max(x - 7, y) - 5
    guard = Guard(size, ">")
    text = condition_text(guard, lambda atom: atom.origin)
    values = {**dict.fromkeys(x.atoms(), 6), **dict.fromkeys(y.atoms(), 4)}
    source = python_condition(parse_condition(text), {"x": "6", "y": "4"})
    assert eval(source) == guard.holds(values)
    left, _, right = source.partition(" > ")
    assert eval(left) - eval(right) == size.evaluate(values)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "x == y == z",
        "x < 3",
        "__import__('os') == 0",
        "x.y == 1",
        "x[0] == 1",
        "min(x) == 1",
        "+".join("x" * 500) + " == 0",
    ],
)
def test_nothing_else_is_read(text):
    with pytest.raises(ValueError):
        parse_condition(text)
