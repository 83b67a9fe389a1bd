"""Every rewrite rule: its two sides agree in torch on real inputs, and it fires on the operations it describes."""

from itertools import chain

import pytest
import torch
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Block, Region

from tsir.dialects import dtypes
from tsir.dialects.ts.families import aten_op
from tsir.dialects.ts.structure import ListOp
from tsir.dialects.ts.types import INT, ListType, TensorType
from tsir.errors import PassError
from tsir.ops.registry import SCHEMAS
from tsir.passes.constants import constant_ops
from tsir.passes.rules.engine import Rules
from tsir.passes.rules.tensors import RULES
from tsir.passes.rules.terms import Call, Computed, Variable, aten, rule

UNKNOWN_LOCATION = ModuleOp([]).location
ALL = list(chain.from_iterable(RULES.values()))


def x(*shape):
    return torch.randn(*shape)


def conv(rank):
    spatial = [5] * (rank - 2)
    ones = [1] * (rank - 2)
    return {
        "x": x(2, 3, *spatial), "w": x(4, 3, *[3] * (rank - 2)), "b": x(4), "stride": ones, "padding": ones, "dilation": ones,
        "groups": 1, "gamma": x(4), "beta": x(4), "m": x(4), "v": torch.rand(4) + 0.5, "momentum": 0.1, "eps": 1e-5,
        "cudnn": True,
    }  # fmt: skip


INPUTS = {
    "dropout-in-eval": {"x": x(2, 3), "p": 0.5},
    "feature-dropout-in-eval": {"x": x(2, 3), "p": 0.5},
    "alpha-dropout-in-eval": {"x": x(2, 3), "p": 0.5},
    "to-own-dtype": {"x": x(2, 3), "d": torch.float32},
    "multiplied-by-one": {"x": torch.tensor([-3, 0, 2**62])},
    "float-multiplied-by-one": {"x": torch.tensor([-0.0, 1.5, torch.inf, torch.nan])},
    "int-plus-zero": {"x": torch.tensor([-3, 0, 2**62])},
    "relu-of-relu": {"x": torch.tensor([-1.0, -0.0, 2.0, torch.nan])},
    "transposed-back": {"x": x(2, 3, 4), "a": 0, "b": -1, "c": -1, "d": 0},
    "t-of-t": {"x": x(2, 3)},
    "permute-of-permute": {"x": x(2, 3, 4), "p": [1, 2, 0], "q": [1, 0, 2]},
    "permute-to-own-order": {"x": x(2, 3), "p": [0, 1]},
    "view-of-view": {"x": x(2, 6), "s": [3, 4], "r": [4, 3]},
    "reshape-of-reshape": {"x": x(6, 2).t(), "s": [3, 4], "r": [4, -1]},
    "view-as-own-shape": {"x": x(2, 3), "s": [2, 3]},
    "reshape-to-own-shape": {"x": x(2, 3), "s": [2, 3]},
    "expand-to-own-shape": {"x": x(2, 3), "s": [2, 3]},
    **{r.name: conv({"1": 3, "2": 4, "3": 5}[r.name[4]]) for r in RULES["folding"]},
}


def evaluate(term, values):
    if isinstance(term, Variable):
        return values[term.name]
    if isinstance(term, Computed):
        names = term.function.__code__.co_varnames[: term.function.__code__.co_argcount]
        return term.function(**{n: values[n] for n in names})
    if isinstance(term, list):
        return [evaluate(t, values) for t in term]
    if not isinstance(term, Call):
        return list(term) if isinstance(term, tuple) else term
    schema = SCHEMAS.get(term.op.removeprefix("ts.aten."))
    arguments = [evaluate(t, values) for t in term.arguments]
    positional = [a for a, s in zip(arguments, schema.arguments) if not s.kwarg_only]
    keywords = {s.name: a for a, s in zip(arguments, schema.arguments) if s.kwarg_only}
    return getattr(getattr(torch.ops.aten, schema.name), schema.overload or "default")(*positional, **keywords)


def build(pattern, values, *, computed_with=True):
    """A function whose body is the pattern; tensors are arguments, everything else constants.

    `computed_with`: the result is the negative of the pattern's, so that nobody can tell what the pattern gives from another tensor.
    """
    tensors = {n: v for n, v in values.items() if isinstance(v, torch.Tensor)}
    kinds = [TensorType(dtypes.dtype(str(v.dtype)), v.shape).to_builtin() for v in tensors.values()]
    block = Block(arg_types=kinds)
    known = dict(zip(tensors, block.args))

    def constant(value):
        if isinstance(value, torch.dtype):
            value = dtypes.dtype(str(value))
        if isinstance(value, list | tuple):
            elements = [constant(v) for v in value]
            op = ListOp(elements, ListType(elements[0].type if elements else INT))
            block.add_op(op)
            return op.result
        ops = constant_ops(value, UNKNOWN_LOCATION)
        block.add_ops(ops)
        return ops[-1].results[0]

    def make(term, argument=None):
        if isinstance(term, Variable):
            if term.name not in known:
                known[term.name] = constant(values[term.name])
            return known[term.name]
        if isinstance(term, Call):
            schema = SCHEMAS.get(term.op.removeprefix("ts.aten."))
            operands = [make(t, a) for t, a in zip(term.arguments, schema.arguments)]
            result = evaluate(term, values)
            kind = TensorType(dtypes.dtype(str(result.dtype)), result.shape).to_builtin()
            op = aten_op(schema)(operands, [kind])
            block.add_op(op)
            return op.results[0]
        return constant(float(term) if argument is not None and argument.type.base == "float" and term is not None else term)

    result = make(pattern)
    if computed_with:
        negated = aten_op(SCHEMAS.get("neg"))([result], [result.type])
        block.add_op(negated)
        result = negated.results[0]
    block.add_op(ReturnOp(result))
    function = FuncOp("f", (kinds, [result.type]), Region(block))
    return ModuleOp([function]), function


@pytest.mark.parametrize("rule", ALL, ids=lambda r: r.name)
def test_both_sides_agree_in_torch(rule):
    values = INPUTS[rule.name]
    before, after = evaluate(rule.pattern, values), evaluate(rule.replacement, values)
    assert before.dtype == after.dtype and before.shape == after.shape
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4, equal_nan=True)
    if rule not in RULES["folding"]:
        assert torch.equal(torch.nan_to_num(before, 7.0), torch.nan_to_num(after, 7.0))
        assert torch.equal(before.signbit(), after.signbit())


@pytest.mark.parametrize("rule", ALL, ids=lambda r: r.name)
def test_rule_fires_once_and_leaves_valid_ir(rule):
    module, function = build(rule.pattern, INPUTS[rule.name])
    module.verify()
    fired = Rules([rule]).apply(function)
    assert fired == {rule.name: 1}
    module.verify()
    assert not Rules([rule]).apply(function)


def test_every_rule_has_a_reason():
    assert all(r.why and r.location for r in ALL)
    assert len({r.name for r in ALL}) == len(ALL)


def test_conditions_hold_a_rule_back():
    (minus_zero,) = (r for r in ALL if r.name == "int-plus-zero")
    _, function = build(minus_zero.pattern, {"x": torch.tensor([1.0])})
    assert not Rules([minus_zero]).apply(function)


@pytest.mark.parametrize("rule", ALL, ids=lambda r: r.name)
def test_new_tensors_that_leave_the_function_stay_new(rule):
    _, function = build(rule.pattern, INPUTS[rule.name], computed_with=False)
    fired = Rules([rule]).apply(function)
    assert bool(fired) == (rule.alias or not isinstance(rule.replacement, Variable))


def test_rules_that_undo_each_other_are_named():
    there = rule("there", lambda x: (aten.neg(x), aten.abs(x)), why="wrong")
    back = rule("back", lambda x: (aten.abs(x), aten.neg(x)), why="wrong")
    _, function = build(there.pattern, {"x": torch.ones(2)})
    with pytest.raises(PassError, match=r"go in circles.*(there.*back|back.*there)"):
        Rules([there, back]).apply(function)


def test_a_condition_may_only_name_variables():
    with pytest.raises(PassError, match="names y, its variables are x"):
        rule("wrong", lambda x: (aten.neg(x), x), where=lambda y: True, why="wrong")
