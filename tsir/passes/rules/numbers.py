"""Arithmetic of Python's ints (sizes, above all) and of `arith`'s values, as data. The two sides of each are equal."""

from __future__ import annotations

from xdsl.dialects.builtin import IndexType, IntegerType

from tsir.dialects.ts.types import INT
from tsir.passes.rules.constraints import Bound, Constraint, constant, predicate
from tsir.passes.rules.terms import Rule, commute, computed, ir, py, rule


def _is_int(n: Bound) -> bool:
    """n is an int."""
    return n.type == INT


def _both_ints(variable: str) -> Constraint:
    return constant(variable, lambda c: type(c) is int and abs(c) < 2**31, "a small int")


SIZES: tuple[Rule, ...] = (
    rule("number-plus-zero", lambda n: (commute(py.add(n, 0)), n), where=_is_int, why="n + 0"),
    rule("number-minus-zero", lambda n: (py.sub(n, 0), n), where=_is_int, why="n - 0"),
    rule("number-times-one", lambda n: (commute(py.mul(n, 1)), n), where=_is_int, why="n * 1"),
    rule("number-times-zero", lambda n: (commute(py.mul(n, 0)), 0), where=_is_int, why="n * 0 of an int"),
    rule("number-by-one", lambda n: (py.floordiv(n, 1), n), where=_is_int, why="n // 1"),
    rule("number-modulo-one", lambda n: (py.mod(n, 1), 0), where=_is_int, why="nothing is left of whole numbers"),
    rule("number-minus-itself", lambda n: (py.sub(n, n), 0), where=_is_int, why="n - n of an int"),
    rule("number-negated-twice", lambda n: (py.neg(py.neg(n)), n), where=_is_int, why="the sign comes back"),
    rule(
        "number-plus-two-numbers",
        lambda n, c, d: (py.add(py.add(n, c), d), py.add(n, computed(lambda c, d: c + d))),
        where=[_is_int, _both_ints("c"), _both_ints("d")],
        examples=[{"n": 5, "c": 3, "d": -4}],
        why="addition is associative",
    ),
    rule(
        "number-times-two-numbers",
        lambda n, c, d: (py.mul(py.mul(n, c), d), py.mul(n, computed(lambda c, d: c * d))),
        where=[_is_int, _both_ints("c"), _both_ints("d")],
        examples=[{"n": 5, "c": 3, "d": -4}],
        why="multiplication is associative",
    ),
    rule(
        "minimum-with-itself",
        lambda n: (py.min(n, n), n),
        where=_is_int,
        examples=[{"n": 5}],
        why="the smaller of twice the same",
    ),
    rule(
        "maximum-with-itself",
        lambda n: (py.max(n, n), n),
        where=_is_int,
        examples=[{"n": 5}],
        why="the greater of twice the same",
    ),
)
"""Python's ints, which have 64 bits here: `n * c // c` isn't n where the product has more."""


def _is_integer(x: Bound) -> bool:
    """x is an integer or an index."""
    return isinstance(x.type, IntegerType | IndexType)


def _is_bit(x: Bound) -> bool:
    """x is an i1."""
    return x.type == IntegerType(1)


def _is_wide(x: Bound) -> bool:
    """x is an integer of more than one bit, or an index."""
    return _is_integer(x) and not _is_bit(x)


def _chooses_integer(c: Bound, x: Bound) -> bool:
    """c is an i1, x an integer."""
    return _is_bit(c) and _is_integer(x)


_WIDE = predicate(_is_wide)
_INTEGER = predicate(_is_integer)

ARITH: tuple[Rule, ...] = (
    rule("addi-zero", lambda x: (commute(ir.arith.addi(x, 0)), x), where=_WIDE, why="x + 0"),
    rule("subi-zero", lambda x: (ir.arith.subi(x, 0), x), where=_WIDE, why="x - 0"),
    rule("subi-itself", lambda x: (ir.arith.subi(x, x), 0), where=_WIDE, why="x - x"),
    rule("muli-one", lambda x: (commute(ir.arith.muli(x, 1)), x), where=_WIDE, why="x * 1"),
    rule("muli-zero", lambda x: (commute(ir.arith.muli(x, 0)), 0), where=_WIDE, why="x * 0"),
    rule("divsi-one", lambda x: (ir.arith.divsi(x, 1), x), where=_WIDE, why="x / 1"),
    rule("divui-one", lambda x: (ir.arith.divui(x, 1), x), where=_WIDE, why="x / 1"),
    rule("floordivsi-one", lambda x: (ir.arith.floordivsi(x, 1), x), where=_WIDE, why="x / 1"),
    rule("ceildivsi-one", lambda x: (ir.arith.ceildivsi(x, 1), x), where=_WIDE, why="x / 1"),
    rule("remsi-one", lambda x: (ir.arith.remsi(x, 1), 0), where=_WIDE, why="nothing is left"),
    rule("andi-itself", lambda x: (ir.arith.andi(x, x), x), where=_INTEGER, why="each bit and itself"),
    rule("ori-itself", lambda x: (ir.arith.ori(x, x), x), where=_INTEGER, why="each bit or itself"),
    rule("andi-true", lambda x: (commute(ir.arith.andi(x, True)), x), where=_is_bit, why="x and true"),
    rule("ori-false", lambda x: (commute(ir.arith.ori(x, False)), x), where=_is_bit, why="x or false"),
    rule("not-twice", lambda x: (ir.arith.xori(ir.arith.xori(x, True), True), x), where=_is_bit, why="not not x"),
    rule("maxsi-itself", lambda x: (ir.arith.maxsi(x, x), x), where=_WIDE, why="the greater of twice the same"),
    rule("minsi-itself", lambda x: (ir.arith.minsi(x, x), x), where=_WIDE, why="the smaller of twice the same"),
    rule("select-same", lambda c, x: (ir.arith.select(c, x, x), x), where=_chooses_integer, why="both sides are the same"),
    rule(
        "addi-twice",
        lambda x, c, d: (ir.arith.addi(ir.arith.addi(x, c), d), ir.arith.addi(x, computed(lambda c, d: c + d))),
        where=[_WIDE, _both_ints("c"), _both_ints("d")],
        examples=[{"x": 5, "c": 3, "d": -4}],
        why="addition is associative, also where it wraps around",
    ),
    rule("mulf-one", lambda x: (commute(ir.arith.mulf(x, 1.0)), x), why="x * 1.0 is x, NaN and -0.0 included"),
    rule("divf-one", lambda x: (ir.arith.divf(x, 1.0), x), why="x / 1.0 is x, NaN and -0.0 included"),
    rule("subf-zero", lambda x: (ir.arith.subf(x, 0.0), x), why="x - 0.0 is x, for -0.0 too"),
    rule("negf-twice", lambda x: (ir.arith.negf(ir.arith.negf(x)), x), why="the sign comes back"),
    rule("maximumf-itself", lambda x: (ir.arith.maximumf(x, x), x), why="the greater of twice the same, NaN included"),
    rule("minimumf-itself", lambda x: (ir.arith.minimumf(x, x), x), why="the smaller of twice the same, NaN included"),
)  # fmt: skip
"""Values at the level of linalg: indices, and what bodies of operations compute."""

CASTS: tuple[Rule, ...] = (
    rule(
        "index-cast-back",
        lambda x: (ir.arith.index_cast(ir.arith.index_cast(x).typed(IndexType())), x),
        where=predicate(lambda x: _is_int(x), "x is an i64"),
        why="an index has 64 bits here",
    ),
)
"""Casts."""
