"""Symbolic sizes: polynomial arithmetic against Python's ints, bounds, decisions, guards, equalities."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsir.ops.sizes import CannotLower, NeedsConstant, ShapeEnv, SymInt, bounds, hint_of, same_size, size_max, size_min

OPERATIONS = st.sampled_from(["+", "-", "*", "//", "%", "min", "max"])
LEAVES = st.one_of(st.integers(-5, 12), st.sampled_from(["a", "b", "c"]))
EXPRESSIONS = st.recursive(LEAVES, lambda inner: st.tuples(OPERATIONS, inner, inner), max_leaves=7)


def evaluate(expression, names, smallest=min, greatest=max):
    """The expression over ints or sizes; None where a divisor isn't positive for sure."""
    if not isinstance(expression, tuple):
        return names[expression] if isinstance(expression, str) else expression
    operation, left, right = expression
    a, b = evaluate(left, names, smallest, greatest), evaluate(right, names, smallest, greatest)
    if a is None or b is None:
        return None
    if operation in ("//", "%"):
        low = bounds(b)[0]
        if low is None or low <= 0:
            return None
    match operation:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "//":
            return a // b
        case "%":
            return a % b
        case "min":
            return smallest(a, b)
        case _:
            return greatest(a, b)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(EXPRESSIONS, st.lists(st.integers(2, 40), min_size=3, max_size=3))
def test_arithmetic_is_pythons(expression, numbers) -> None:
    env = ShapeEnv(allow_guards=False)
    names = {n: env.atom(n, hint=h) for n, h in zip("abc", (3, 5, 7))}
    size = evaluate(expression, names, size_min, size_max)
    if size is None:
        return
    values = dict(zip("abc", numbers, strict=True))
    wanted = plain(expression, values)
    atoms = {s.as_atom(): v for s, v in zip(names.values(), numbers, strict=True)}
    found = size.evaluate(atoms) if isinstance(size, SymInt) else size
    assert found == wanted
    low, high = bounds(size)
    assert (low is None or low <= wanted) and (high is None or wanted <= high)
    assert env.guards == []
    assert hint_of(size) == plain(expression, dict(a=3, b=5, c=7))


def plain(expression, values):
    if not isinstance(expression, tuple):
        return values[expression] if isinstance(expression, str) else expression
    operation, left, right = expression
    a, b = plain(left, values), plain(right, values)
    return {
        "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "//": lambda: a // b, "%": lambda: a % b,
        "min": lambda: min(a, b), "max": lambda: max(a, b),
    }[operation]()  # fmt: skip


def test_constants_stay_ints() -> None:
    s = ShapeEnv().atom("s")
    assert type(s - s) is int and s - s == 0
    assert type(s * 0) is int
    assert (s * 12) // (s * 4) == 3 and type((s * 12) // (s * 4)) is int
    assert type((s * 6) % 3) is int


def test_reshape_divides_exactly() -> None:
    env = ShapeEnv(allow_guards=False)
    s, t = env.atom("s"), env.atom("t")
    assert same_size((s * t * 12) // (t * 4), s * 3)
    assert same_size(((s + 1) * 24) // (s + 1), 24)
    assert same_size(((s * 4 + 3) // 4), s)
    assert same_size((((s - 1) // 2 + 1) - 1) // 2, (s - 1) // 4)


def test_bounds_decide_without_a_guard() -> None:
    env = ShapeEnv(allow_guards=False)
    s, t = env.atom("s"), env.atom("t")
    assert s != 1 and s != 0 and s > 1 and not s < 2
    assert s * t > s and not s * t - s < 0
    assert s + t >= 4
    assert not (s - 1) // 2 < 0


def test_a_decision_is_one_guard() -> None:
    env = ShapeEnv()
    s, t = env.atom("s", hint=5), env.atom("t", hint=5)
    assert s == t and t == s and s + 1 == t + 1
    assert [str(g) for g in env.guards] == ["s == t"]
    assert s < 10 and s < 10
    assert len(env.guards) == 2
    first, second = env.guards
    a, b = s.as_atom(), t.as_atom()
    assert first.holds({a: 4, b: 4}) and not first.holds({a: 4, b: 5})
    assert second.holds({a: 4, b: 4}) and not second.holds({a: 10, b: 10})


def test_a_refused_decision_is_a_guard_too() -> None:
    env = ShapeEnv()
    s = env.atom("s", hint=5)
    assert not s == 4
    (guard,) = env.guards
    assert guard.holds({s.as_atom(): 5}) and not guard.holds({s.as_atom(): 4})


def test_equality_with_a_constant_is_substituted() -> None:
    env = ShapeEnv()
    s = env.atom("s", hint=4)
    assert s == 4
    assert env.resolve(s * 3 + 1) == 13 and type(env.resolve(s * 3 + 1)) is int


def test_what_cannot_be_decided() -> None:
    env = ShapeEnv()
    data = env.atom("nonzero", lower=0)
    with pytest.raises(CannotLower, match="nonzero"):
        bool(data == 1)
    with pytest.raises(NeedsConstant):
        range(data)
    with pytest.raises(CannotLower):
        bool(ShapeEnv(allow_guards=False).atom("s", hint=3) == 7)


def test_assumed_equalities_take_no_guard() -> None:
    env = ShapeEnv(allow_guards=False)
    s, t = env.atom("s"), env.atom("t")
    env.assume_equal(s, t * 2)
    assert s == t * 2 and env.guards == []


def test_equal_compounds_are_one_atom() -> None:
    env = ShapeEnv(allow_guards=False)
    s = env.atom("s")
    assert same_size((s + 1) // 2, (1 + s) // 2)
    assert same_size(size_min(s, 8), size_min(8, s))
