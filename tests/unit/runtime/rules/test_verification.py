"""Every rule is run on inputs made from its constraints; rules that are wrong are caught with an input that shows it."""

from itertools import chain

import pytest

from tsir.passes.rules.constraints import is_floating, is_integer
from tsir.passes.rules.loading import check_operations
from tsir.passes.rules.tables import TABLES
from tsir.passes.rules.terms import aten, ir, native, py, rule, shaped
from tsir.runtime.rules.verification import verify_rule

ALL = list(chain.from_iterable(TABLES.values()))


@pytest.mark.parametrize("declared", ALL, ids=lambda r: r.name)
def test_both_sides_agree(declared):
    check_operations(declared)
    found = verify_rule(declared, programs=2)
    assert found.is_verified, str(found)
    assert found.inputs >= 3


@pytest.mark.slow
@pytest.mark.parametrize("declared", ALL, ids=lambda r: r.name)
def test_both_sides_agree_on_many_inputs(declared):
    for seed in range(4):
        found = verify_rule(declared, seed=seed + 1, programs=40, attempts=3000)
        assert found.is_verified, str(found)


WRONG = {
    "minus zero": (rule("w", lambda x: (aten.add.Scalar(x, 0, 1), x), where=is_floating("x")), "the values differ"),
    "not a number": (rule("w", lambda x: (aten.mul.Scalar(x, 0), aten.zeros_like(x)), where=is_floating("x")), "the values differ"),
    "itself": (rule("w", lambda x: (aten.div.Tensor(x, x), aten.ones_like(x)), where=is_floating("x")), "the values differ"),
    "dtype": (rule("w", lambda x: (aten.mul.Scalar(x, 1.0), x), where=is_integer("x")), "the dtype"),
    "shape": (rule("w", lambda c, x, y: (aten.where.self(c, x, x), x)), "the (shape|dtype)|raises"),
    "unsigned": (rule("w", lambda x: (aten.abs(aten.neg(x)), aten.abs(x)), where=is_integer("x")), "the values differ"),
    "overflow": (rule("w", lambda n, c: (py.floordiv(py.mul(n, 2), 2), n)), "the values differ"),
    "sign": (rule("w", lambda x: (ir.arith.divsi(x, 2), ir.arith.shrsi(x, 1))), "the values differ"),
    "exception": (rule("w", lambda x: (py.floordiv(x, x), 1)), "raises"),
    "rounding": (rule("w", lambda x: (aten.exp(aten.log(x)), x), where=is_floating("x"), examples=[{"x": shaped(50, low=0.1)}]),
        "the values differ"),
    "more than rounding": (
        rule("w", lambda x: (aten.sin(x), x), where=is_floating("x"), rounds=True),
        "more than rounding",
    ),
    "error": (rule("w", lambda x, p: (aten.dropout(x, p, False), x), alias=True), "raises"),
    "sizes": (rule("w", lambda x, s, r: (aten.expand(aten.expand(x, s), r), aten.expand(x, r)), alias=True), "raises"),
    "order": (rule("w", lambda x: (aten.t(x), x), alias=True), "the (shape|values)|raises"),
    "rows": (rule("w", lambda a, b: (aten.matmul(a, b), aten.matmul(b, a)), examples=[{"a": shaped(2, 2), "b": shaped(2, 2)}]),
        "the values"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_caught(name):
    import re

    declared, reason = WRONG[name]
    found = verify_rule(declared)
    assert not found.is_verified
    assert found.counterexample is not None, str(found)
    assert re.search(reason, found.counterexample.reason), str(found)
    shown = str(found)
    assert "before:" in shown and "after:" in shown and "func.func @f" in shown


def test_a_rule_that_never_applies_is_not_verified():
    found = verify_rule(rule("never", lambda x: (aten.neg(x), x), where=lambda x: False), attempts=50)
    assert not found.is_verified and "no inputs were found to which it applies" in found.problem


def test_a_native_rule_is_run_on_its_example():
    def apply(op, memory):
        return [op.operands[0]]

    example = """func.func public @f(%x : tensor<2xf32>) -> tensor<2xf32> {
  %0 = ts.aten.neg(%x) : (tensor<2xf32>) -> tensor<2xf32>
  func.return %0 : tensor<2xf32>
}"""
    found = verify_rule(native("wrong", "ts.aten.neg", apply, why="", example=example))
    assert found.counterexample is not None and found.counterexample.reason == "the values differ"
    assert "doesn't apply" in verify_rule(native("wrong", "ts.aten.abs", apply, why="", example=example)).problem


def test_the_same_seed_gives_the_same_inputs():
    declared = rule("w", lambda x: (aten.add.Scalar(x, 0, 1), x))
    assert str(verify_rule(declared)) == str(verify_rule(declared))
