"""What single operations do beside giving results."""

from dataclasses import dataclass

import pytest
from xdsl.ir import Operation

from tsir.dialects.context import make_context, parse_module
from tsir.dialects.schema import parse_schema
from tsir.dialects.ts.effects import allocates, is_pure, is_random, may_raise, writes, written_operands

SCHEMAS = {
    s.key: s
    for s in map(
        parse_schema,
        [
            "relu(Tensor self) -> Tensor",
            "relu_(Tensor(a!) self) -> Tensor(a!)",
            "rand(SymInt[] size) -> Tensor",
            "bernoulli_.float(Tensor(a!) self, float p) -> Tensor(a!)",
            "dropout(Tensor input, float p, bool train) -> Tensor",
            "batch_norm(Tensor input, Tensor? running_mean, Tensor? running_var, bool training) -> Tensor",
            "warn(str message) -> ()",
        ],
    )
}


@dataclass
class Flags:
    raises: bool = False
    mutates: bool = False
    effect: bool = False
    fresh: bool = False


PYTHON = {
    "len": Flags(),
    "getitem": Flags(raises=True),
    "append": Flags(mutates=True),
    "print": Flags(effect=True),
    "copy": Flags(fresh=True),
}


def last(text: str) -> Operation:
    """The last operation of a program over some values."""
    values = """
      %t = "test.op"() : () -> !ts.tensor
      %l = "test.op"() : () -> !ts.list<i64>
      %s = "test.op"() : () -> !ts.str
      %i = arith.constant 1 : i64
      %p = arith.constant 0.5 : f64
      %zero = arith.constant 0.0 : f64
      %on = arith.constant true
      %off = arith.constant false
      %b = "test.op"() : () -> i1
      %u = ts.tuple %i : (i64) -> !ts.tuple<i64>
      %v = "test.op"() : () -> tensor<4xi64>
      %x = "test.op"() : () -> tensor<2x1xi64>
      %o = "test.op"() : () -> tensor<2xi64>
    """
    module = parse_module(make_context(SCHEMAS.get), values + text)
    found = module.body.block.last_op
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text, does",
    [
        ("%r = ts.aten.relu(%t) : (!ts.tensor) -> !ts.tensor", "raises"),
        ("%r = ts.aten.relu_(%t) : (!ts.tensor) -> !ts.tensor", "writes raises"),
        ("%r = ts.aten.rand(%l) : (!ts.list<i64>) -> !ts.tensor", "random writes raises"),
        ("%r = ts.aten.bernoulli_.float(%t, %p) : (!ts.tensor, f64) -> !ts.tensor", "random writes raises"),
        ("%r = ts.aten.dropout(%t, %p, %on) : (!ts.tensor, f64, i1) -> !ts.tensor", "random writes raises"),
        ("%r = ts.aten.dropout(%t, %p, %off) : (!ts.tensor, f64, i1) -> !ts.tensor", "raises"),
        ("%r = ts.aten.dropout(%t, %zero, %on) : (!ts.tensor, f64, i1) -> !ts.tensor", "raises"),
        ("%r = ts.aten.dropout(%t, %p, %b) : (!ts.tensor, f64, i1) -> !ts.tensor", "random writes raises"),
        ("%r = ts.aten.batch_norm(%t, %t, %t, %off) : (!ts.tensor, !ts.tensor, !ts.tensor, i1) -> !ts.tensor", "raises"),
        (
            "%r = ts.aten.batch_norm(%t, %t, %t, %on) : (!ts.tensor, !ts.tensor, !ts.tensor, i1) -> !ts.tensor",
            "writes raises",
        ),
        ("ts.aten.warn(%s) : (!ts.str) -> ()", "writes raises"),
        ("%r = ts.py.len(%l) : (!ts.list<i64>) -> i64", ""),
        ("%r = ts.py.getitem(%l, %i) : (!ts.list<i64>, i64) -> i64", "raises"),
        ("%r = ts.py.append(%l, %i) : (!ts.list<i64>, i64) -> none", "writes"),
        ("%r = ts.py.print(%i) : (i64) -> none", "writes"),
        ("%r = ts.py.copy(%l) : (!ts.list<i64>) -> !ts.list<i64>", "allocates"),
        ("%r = ts.py.unknown(%l) : (!ts.list<i64>) -> i64", "writes raises allocates"),
        ("%r = ts.list %i : (i64) -> !ts.list<i64>", "allocates"),
        ("%r = ts.tuple %i : (i64) -> !ts.tuple<i64>", ""),
        ("%r = ts.unpack %u : (!ts.tuple<i64>) -> i64", ""),
        ("%r = ts.unpack %l : (!ts.list<i64>) -> i64", "raises"),
        ("%r = ts.truth %t : !ts.tensor", "raises"),
        ("%r = ts.truth %l : !ts.list<i64>", ""),
        ('ts.raise "ValueError"(%s) : !ts.str', "writes raises"),
        ("%r = arith.addi %i, %i : i64", ""),
        ('linalg_ext.check %b, "RuntimeError", "no"', "writes raises"),
        (
            "%r = linalg_ext.gather ins(%v, %x : tensor<4xi64>, tensor<2x1xi64>) outs(%o : tensor<2xi64>) {dims = array<i64: 0>}",
            "raises",
        ),
        ("%r = linalg_ext.nonzero ins(%v : tensor<4xi64>) -> tensor<?x1xi64>", ""),
        ("scf.if %b {\n %q = ts.py.print(%i) : (i64) -> none\n}", "writes"),
        ("scf.if %b {\n %q = arith.addi %i, %i : i64\n}", ""),
    ],
)
def test_effects(text: str, does: str) -> None:
    op = last(text)
    found = {
        "random": is_random(op), "writes": writes(op, PYTHON.get), "raises": may_raise(op, PYTHON.get),
        "allocates": allocates(op, PYTHON.get),
    }  # fmt: skip
    assert {name for name, value in found.items() if value} == set(does.split())
    assert is_pure(op, PYTHON.get) is not found["writes"]


def test_written_operands() -> None:
    op = last("%r = ts.aten.batch_norm(%t, %t, %t, %b) : (!ts.tensor, !ts.tensor, !ts.tensor, i1) -> !ts.tensor")
    assert list(written_operands(op)) == [op.operands[1], op.operands[2]]
    assert list(written_operands(last("%r = ts.aten.relu(%t) : (!ts.tensor) -> !ts.tensor"))) == []
