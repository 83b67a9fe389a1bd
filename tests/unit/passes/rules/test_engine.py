"""The engine: which rules it tries, what it asks before it rewrites, and how it stops."""

import pytest
from xdsl.dialects.builtin import ModuleOp

from tsir.errors import PassError
from tsir.passes.rules.constraints import is_constant, is_floating, same_shape
from tsir.passes.rules.engine import Rules, Statistics
from tsir.passes.rules.tables import TABLES, chosen
from tsir.passes.rules.terms import aten, built, commute, computed, ir, py, rule
from tsir.passes.structure import functions
from tsir.runtime.api import parse_ir


def parsed(body, arguments="%x : tensor<2x3xf32>", result="tensor<2x3xf32>"):
    module = parse_ir(f"func.func public @f({arguments}) -> {result} {{\n{body}\n}}")
    assert isinstance(module, ModuleOp)
    return module, functions(module)[0]


def names(function):
    return [op.name for op in function.body.block.ops]


RETURN = "func.return"
UNARY = "(tensor<2x3xf32>) -> tensor<2x3xf32>"
BINARY = "(tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>"


def test_a_rule_in_one_line():
    relu_twice = rule("relu-twice", lambda x: (aten.relu(aten.relu(x)), aten.relu(x)))
    _, function = parsed(
        f"%0 = ts.aten.relu(%x) : {UNARY}\n%1 = ts.aten.relu(%0) : {UNARY}\n"
        f"%2 = ts.aten.relu(%1) : {UNARY}\n{RETURN} %2 : tensor<2x3xf32>"
    )
    assert Rules([relu_twice]).apply(function) == {"relu-twice": 2}
    assert names(function) == ["ts.aten.relu", "func.return"]


def test_operands_of_a_commutative_operator_in_either_order():
    silu = rule("silu", lambda x: (commute(aten.mul.Tensor(x, aten.sigmoid(x))), aten.silu(x)), where=is_floating("x"))
    for operands in ("%x, %0", "%0, %x"):
        _, function = parsed(
            f"%0 = ts.aten.sigmoid(%x) : {UNARY}\n%1 = ts.aten.mul.Tensor({operands}) : {BINARY}\n{RETURN} %1 : tensor<2x3xf32>"
        )
        assert Rules([silu]).apply(function) == {"silu": 1}
        assert names(function) == ["ts.aten.silu", "func.return"]


def test_an_operator_that_is_not_commutative_is_refused():
    with pytest.raises(PassError, match="isn't known to be commutative"):
        rule("wrong", lambda x, y: (commute(aten.sub.Tensor(x, y)), x))


def test_any_number_of_elements():
    nested = rule("cat-of-cat", lambda x, y, d: (aten.cat([aten.cat([*x], d), *y], d), aten.cat([*x, *y], d)))
    t, u = "!ts.tensor<2x3xf32>", "!ts.tensor<4x3xf32>"
    _, function = parsed(
        f"""%d = arith.constant 0 : i64
%l = ts.list %x, %x : ({t}, {t}) -> !ts.list<{t}>
%c = ts.aten.cat(%l, %d) : (!ts.list<{t}>, i64) -> {u}
%m = ts.list %c, %x, %x : ({u}, {t}, {t}) -> !ts.list<!ts.tensor>
%e = ts.aten.cat(%m, %d) : (!ts.list<!ts.tensor>, i64) -> !ts.tensor
func.return %e : !ts.tensor""",
        arguments=f"%x : {t}",
        result="!ts.tensor",
    )
    assert Rules([nested]).apply(function) == {"cat-of-cat": 1}
    (cat,) = (op for op in function.body.block.ops if op.name == "ts.aten.cat")
    assert len(cat.operands[0].owner.operands) == 4
    assert str(cat.results[0].type) == "!ts.tensor<8x3xf32>"


def test_elements_that_are_values():
    t, u, r = "tensor<2x3xf32>", "tensor<4x3xf32>", "!ts.tensor<2x3xf32>"
    module, function = parsed(
        f"""%d = arith.constant 0 : i64
%x_1 = ts.to_reference %x {{ts.alias}} : {t} -> {r}
%l = ts.list %x_1, %x_1 : ({r}, {r}) -> !ts.list<!ts.tensor>
%c = ts.aten.cat(%l, %d) : (!ts.list<!ts.tensor>, i64) -> {u}
%c_1 = ts.to_reference %c {{ts.alias}} : {u} -> !ts.tensor<4x3xf32>
%m = ts.list %c_1, %x_1 : (!ts.tensor<4x3xf32>, {r}) -> !ts.list<!ts.tensor>
%e = ts.aten.cat(%m, %d) : (!ts.list<!ts.tensor>, i64) -> tensor<6x3xf32>
func.return %e : tensor<6x3xf32>""",
        result="tensor<6x3xf32>",
    )
    nested = rule("cat-of-cat", lambda x, y, d: (aten.cat([aten.cat([*x], d), *y], d), aten.cat([*x, *y], d)))
    assert Rules([nested]).apply(function) == {"cat-of-cat": 1}
    module.verify()
    assert names(function).count("ts.aten.cat") == 1
    assert str(function.body.block.last_op.operands[0].type) == "tensor<6x3xf32>"


def test_one_result_of_several():
    greatest = rule(
        "first-of-topk",
        lambda x: (aten.topk(x, 1, -1, True, True)[0], aten.amax(x, [-1], True)),
        where=is_floating("x"),
    )
    body = """%k = arith.constant 1 : i64
%d = arith.constant -1 : i64
%t = arith.constant true
%v, %i = ts.aten.topk(%x, %k, %d, %t, %t) : (tensor<2x3xf32>, i64, i64, i1, i1) -> (tensor<2x1xf32>, tensor<2x1xi64>)
"""
    _, function = parsed(body + "func.return %v : tensor<2x1xf32>", result="tensor<2x1xf32>")
    assert Rules([greatest]).apply(function) == {"first-of-topk": 1}
    assert "ts.aten.topk" not in names(function)
    _, function = parsed(
        body + "func.return %v, %i : tensor<2x1xf32>, tensor<2x1xi64>", result="(tensor<2x1xf32>, tensor<2x1xi64>)"
    )
    assert Rules([greatest]).apply(function) == {"first-of-topk": 1}  # the other result stays
    assert "ts.aten.topk" in names(function)


def test_all_results_of_several():
    whole = rule(
        "max-of-one-row",
        lambda x: (aten.max.dim(x, 0, True), (x, aten.zeros_like(x, dtype=None))),
        where=lambda x: x.dims is not None and x.dims[0] == 1,
    )
    _, function = parsed(
        """%d = arith.constant 0 : i64
%t = arith.constant true
%v, %i = ts.aten.max.dim(%x, %d, %t) : (tensor<1x3xi64>, i64, i1) -> (tensor<1x3xi64>, tensor<1x3xi64>)
%s = ts.aten.neg(%v) : (tensor<1x3xi64>) -> tensor<1x3xi64>
%u = ts.aten.neg(%i) : (tensor<1x3xi64>) -> tensor<1x3xi64>
func.return %s, %u : tensor<1x3xi64>, tensor<1x3xi64>""",
        arguments="%x : tensor<1x3xi64>",
        result="(tensor<1x3xi64>, tensor<1x3xi64>)",
    )
    assert Rules([whole]).apply(function) == {"max-of-one-row": 1}
    assert "ts.aten.max.dim" not in names(function)


def test_attributes_of_operations_of_other_dialects():
    fused = rule(
        "transposed-twice",
        lambda x, a, b, p, q: (
            ir.linalg.transpose(ir.linalg.transpose(x, a, permutation=p), b, permutation=q),
            x,
        ),
        where=lambda p, q: [p.constant[i] for i in q.constant] == list(range(len(p.constant))),
    )
    t, u = "tensor<2x3xf32>", "tensor<3x2xf32>"
    body = f"""%e = tensor.empty() : {u}
%0 = linalg.transpose ins(%x : {t}) outs(%e : {u}) permutation = [1, 0]
%g = tensor.empty() : {t}
%1 = linalg.transpose ins(%0 : {u}) outs(%g : {t}) permutation = [1, 0]
%2 = ts.aten.neg(%1) : {UNARY}
func.return %2 : {t}"""
    module, function = parsed(body)
    assert Rules([fused]).apply(function) == {"transposed-twice": 1}
    module.verify()
    assert "linalg.transpose" not in names(function)
    one_way = rule("never", lambda x, a, p: (ir.linalg.transpose(x, a, permutation=[0, 1]), x))
    assert not Rules([one_way]).apply(parsed(body)[1])


def test_an_attribute_is_computed_and_an_operation_is_made():
    shifted = rule(
        "two-comparisons",
        lambda x, y: (
            ir.arith.xori(ir.arith.cmpi(x, y, predicate=2), True),
            ir.arith.cmpi(x, y, predicate=computed(lambda x: 5)),
        ),
        where=is_constant("x"),
    )
    module, function = parsed(
        """%x = arith.constant 3 : i64
%t = arith.constant true
%0 = arith.cmpi slt, %x, %y : i64
%1 = arith.xori %0, %t : i1
func.return %1 : i1""",
        arguments="%y : i64",
        result="i1",
    )
    assert Rules([shifted]).apply(function) == {"two-comparisons": 1}
    module.verify()
    assert "arith.cmpi sge" in str(module)


def test_a_replacement_made_with_xdsl():
    from xdsl.dialects import arith

    doubled = rule(
        "doubled",
        lambda x: (
            ir.arith.addi(x, x),
            built(lambda x: [two := arith.ConstantOp.from_int_and_width(2, 64), arith.MuliOp(x, two)]),
        ),
    )
    module, function = parsed("%0 = arith.addi %x, %x : i64\nfunc.return %0 : i64", "%x : i64", "i64")
    assert Rules([doubled]).apply(function) == {"doubled": 1}
    module.verify()
    assert names(function) == ["arith.constant", "arith.muli", "func.return"]


def test_constants_of_the_type_that_the_place_has():
    zero = rule("x-xor-x", lambda x: (ir.arith.xori(x, x), 0))
    for kind in ("i8", "i64", "index"):
        module, function = parsed(f"%0 = arith.xori %x, %x : {kind}\nfunc.return %0 : {kind}", f"%x : {kind}", kind)
        assert Rules([zero]).apply(function) == {"x-xor-x": 1}
        module.verify()


def test_a_term_that_stands_twice_is_made_once():
    def terms(x):
        shared = aten.exp(x)
        return aten.sinh(x), aten.mul.Tensor(shared, shared)

    _, function = parsed(f"%0 = ts.aten.sinh(%x) : {UNARY}\nfunc.return %0 : tensor<2x3xf32>")
    Rules([rule("shared", terms)]).apply(function)
    assert names(function) == ["ts.aten.exp", "ts.aten.mul.Tensor", "func.return"]


def test_thousands_of_rules_on_one_operation_are_not_tried_one_by_one():
    rules = [
        rule(f"times-{i}", lambda x, i=i: (aten.mul.Scalar(x, i), aten.neg(x))) if False else _times(i) for i in range(2000)
    ]
    statistics = Statistics()
    _, function = parsed(
        """%c = arith.constant 1234 : i64
%0 = ts.aten.mul.Scalar(%x, %c) : (tensor<2x3xf32>, i64) -> tensor<2x3xf32>
func.return %0 : tensor<2x3xf32>"""
    )
    assert Rules(rules, statistics).apply(function) == {"times-1234": 1}
    assert sum(r.tried for r in statistics.rules.values()) == 1


def _times(i):
    return rule(f"times-{i}", lambda x: (aten.mul.Scalar(x, i), aten.neg(x)))


def test_statistics_and_log():
    seen = []
    statistics = Statistics(log=lambda name, op: seen.append((name, op.name)))
    _, function = parsed(f"%0 = ts.aten.relu(%x) : {UNARY}\n%1 = ts.aten.relu(%0) : {UNARY}\n{RETURN} %1 : tensor<2x3xf32>")
    Rules(chosen(), statistics).apply(function)
    assert seen == [("relu-of-relu", "ts.aten.relu")]
    figures = statistics.of("relu-of-relu")
    assert (figures.applied, figures.matched) == (1, 1) and figures.tried >= 1 and figures.seconds > 0


def test_rules_that_undo_each_other_are_named():
    there = rule("there", lambda x: (aten.neg(x), aten.abs(x)))
    back = rule("back", lambda x: (aten.abs(x), aten.neg(x)))
    other = rule("other", lambda x: (aten.relu(aten.relu(x)), aten.relu(x)))
    _, function = parsed(
        f"%0 = ts.aten.relu(%x) : {UNARY}\n%1 = ts.aten.relu(%0) : {UNARY}\n"
        f"%2 = ts.aten.neg(%1) : {UNARY}\n{RETURN} %2 : tensor<2x3xf32>"
    )
    with pytest.raises(PassError, match="go in circles") as caught:
        Rules([there, other, back]).apply(function)
    assert "there" in caught.value.message and "back" in caught.value.message and "other" not in caught.value.message


def test_declarations_that_make_no_sense():
    with pytest.raises(PassError, match="names y, its variables are x"):
        rule("wrong", lambda x: (aten.neg(x), x), where=lambda y: True)
    with pytest.raises(PassError, match="uses y, which the pattern doesn't bind"):
        rule("wrong", lambda x, y: (aten.neg(x), y))
    with pytest.raises(PassError, match="the pattern must be a call"):
        rule("wrong", lambda x: (x, aten.neg(x)))
    with pytest.raises(PassError, match="'mul', which isn't known") as caught:
        rule("wrong", lambda x: (aten.mul(x, x), x))
    assert "mul.Tensor" in caught.value.hint
    with pytest.raises(PassError, match="2 arguments"):
        rule("wrong", lambda x: (aten.neg(x, x), x))
    with pytest.raises(PassError, match="built-in 'plus'"):
        rule("wrong", lambda x: (py.plus(x, x), x))


def test_new_tensors_that_leave_the_function_stay_new():
    """`maximum(x, x)` is a new tensor: what is returned must not be the argument."""
    _, function = parsed(f"%0 = ts.aten.maximum(%x, %x) : {BINARY}\nfunc.return %0 : tensor<2x3xf32>")
    assert not Rules(chosen()).apply(function)
    _, function = parsed(
        f"%0 = ts.aten.maximum(%x, %x) : {BINARY}\n%1 = ts.aten.neg(%0) : {UNARY}\n{RETURN} %1 : tensor<2x3xf32>"
    )
    assert Rules(chosen()).apply(function) == {"maximum-of-same": 1}


def test_what_is_written_is_not_rewritten():
    t = "!ts.tensor<2x3xf32>"
    _, function = parsed(
        f"""%0 = ts.aten.neg(%x) : ({t}) -> {t}
%1 = ts.aten.relu_(%x) : ({t}) -> {t}
%2 = ts.aten.neg(%0) : ({t}) -> {t}
func.return %2 : {t}""",
        arguments=f"%x : {t}",
        result=t,
    )
    assert not Rules(chosen()).apply(function)


def test_random_numbers_are_drawn_as_often():
    wrong = rule("random", lambda x: (aten.sub.Tensor(aten.rand_like(x), aten.rand_like(x), 1), aten.zeros_like(x)))
    n = "none, none, none, none, none"
    _, function = parsed(
        f"""%n = ts.constant #ts.none : none
%a = arith.constant 1 : i64
%0 = ts.aten.rand_like(%x, %n, %n, %n, %n, %n) : (tensor<2x3xf32>, {n}) -> tensor<2x3xf32>
%1 = ts.aten.rand_like(%x, %n, %n, %n, %n, %n) : (tensor<2x3xf32>, {n}) -> tensor<2x3xf32>
%2 = ts.aten.sub.Tensor(%0, %1, %a) : (tensor<2x3xf32>, tensor<2x3xf32>, i64) -> tensor<2x3xf32>
func.return %2 : tensor<2x3xf32>"""
    )
    assert not Rules([wrong]).apply(function)


def test_constraints_are_listed_with_words():
    found = rule("x", lambda x, y: (aten.maximum(x, y), x), where=[is_floating("x"), same_shape("x", "y"), lambda x: True])
    assert [c.text for c in found.where] == ["x is of a floating dtype", "x, y are of one known shape", "a condition on x"]


def test_choosing_rules():
    assert [r.name for r in chosen(only=["t-of-t"])] == ["t-of-t"]
    assert "t-of-t" not in [r.name for r in chosen(disable=["t-of-t"])]
    with pytest.raises(PassError, match="no rule 't-of-tt'") as caught:
        chosen(only=["t-of-tt"])
    assert "t-of-t" in caught.value.hint
    with pytest.raises(PassError, match="no table of rules 'nothing'"):
        chosen(["nothing"])


def test_every_rule_has_a_name_of_its_own_and_a_reason():
    rules = [r for table in TABLES.values() for r in table]
    assert all(r.why and r.location for r in rules)
    assert len({r.name for r in rules}) == len(rules)
