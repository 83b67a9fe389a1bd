"""Rules as PDL: xDSL's interpreter of PDL applies them with the result that the engine has."""

import random
from itertools import chain

import pytest
from xdsl.dialects import pdl
from xdsl.interpreters.pdl import PDLRewritePattern
from xdsl.pattern_rewriter import GreedyRewritePatternApplier, PatternRewriteWalker

from tsir.dialects.context import make_context, parse_module, print_module
from tsir.ops.registry import SCHEMAS
from tsir.passes.dce import eliminate_dead_code
from tsir.passes.rules import aten, commute, computed, ir, is_floating, native, rule
from tsir.passes.rules.engine import Rules
from tsir.passes.rules.pdl import NoPdl, native_constraints, pdl_patterns, pdl_text
from tsir.passes.rules.tables import TABLES
from tsir.passes.structure import functions
from tsir.runtime.rules.instances import instances


def is_pdl(declared):
    try:
        pdl_patterns(declared)
    except NoPdl:
        return False
    return True


ALL = [r for r in chain.from_iterable(TABLES.values()) if is_pdl(r)]


def test_most_patterns_are_pdl():
    assert len(ALL) >= 60


def applied(rules, module):
    context = make_context(SCHEMAS.get, lambda _name: True)
    patterns = parse_module(context, pdl_text(rules), "patterns")
    checks = native_constraints(rules)
    found = [
        PDLRewritePattern(o, context, native_constraints=checks) for o in patterns.walk() if isinstance(o, pdl.RewriteOp)
    ]
    PatternRewriteWalker(GreedyRewritePatternApplier(found)).rewrite_module(module)
    for function in functions(module):
        eliminate_dead_code(function)
    return print_module(module)


@pytest.mark.parametrize("declared", ALL, ids=lambda r: r.name)
def test_pdl_gives_what_the_engine_gives(declared):
    fired = 0
    for program in instances(declared, random.Random(1), 150):
        other = program.module.clone()
        fired += bool(Rules([declared]).apply(program.function))
        eliminate_dead_code(program.function)
        assert applied([declared], other) == print_module(program.module)
        if fired == 2:
            break
    assert fired


def test_what_is_no_pdl_is_said_with_the_part_that_is_not():
    def text(declared):
        return pdl_text([declared])

    assert "is no PDL: its replacement computes a constant" in text(
        rule("a", lambda x, p: (aten.permute(x, p), aten.permute(x, computed(lambda p: p))))
    )
    assert "*xs stands for any number of operands" in text(
        rule("b", lambda xs, d: (aten.cat([*xs], d), aten.stack([*xs], d)))
    )
    assert "the type of ts.aten.exp's result in the replacement comes from inference" in text(
        rule("c", lambda x: (aten.sinh(x), aten.neg(aten.exp(x))))
    )
    assert "the constant 0 has the type of the place" in text(rule("d", lambda x: (ir.arith.subi(x, x), 0)))
    assert "it is a function of the operation" in text(native("e", "ts.cast", lambda op, memory: None, why="", example=""))


def test_a_commutative_operation_is_two_patterns():
    found = pdl_patterns(
        rule("silu", lambda x: (commute(aten.mul.Tensor(x, aten.sigmoid(x))), aten.silu(x)), where=is_floating("x"))
    )
    assert len(found) == 2 and all("pdl.apply_native_constraint" in p for p in found)
