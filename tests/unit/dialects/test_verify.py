"""Verification of IR that was built or changed by code, where there is no text to point at."""

import pytest
from xdsl.dialects.builtin import i64
from xdsl.rewriter import Rewriter

from tsir.dialects.context import make_context, parse_module
from tsir.dialects.verify import immediate_dominators, verify_module
from tsir.errors import IRError

CONTEXT = make_context(lambda _key: None)


def test_the_operations_own_location_is_named() -> None:
    text = """
      func.func @f(%l: !ts.list<i64>) {
        %a, %b = ts.unpack %l : (!ts.list<i64>) -> (f64, i64) loc(callsite("nn.py":3:9 at "m.py":12:5))
        func.return
      }"""
    module = parse_module(CONTEXT, text, verify=False)
    with pytest.raises(IRError) as caught:
        verify_module(module)
    assert str(caught.value).splitlines() == [
        "nn.py:3:9: ts.unpack: expected result 0 to be of type i64, found f64",
        "note: m.py:12:5: called from here",
    ]


def test_a_replaced_value_is_refused() -> None:
    module = parse_module(CONTEXT, "%a = arith.constant 1 : i64\n%b = arith.addi %a, %a : i64")
    constant, addition = module.body.block.ops
    stale = constant.results[0]
    Rewriter.replace_value_with_new_type(stale, i64)
    addition.operands[1] = stale
    with pytest.raises(IRError, match="replaced by another"):
        verify_module(module)


def test_an_interface_is_any_class_with_its_methods() -> None:
    text = """
      ts.class "interface" @I {
        ts.method "f" = @I.f
      }
      ts.class "class" @C {
        ts.method "f" = @C.f
      }
      ts.class "class" @D {
      }
      ts.class "class" @User {
        ts.attribute "attribute" "held" : !ts.class<@I>
      }
      func.func @C.f(%self: !ts.class<@C>) { func.return }
      func.func @use(%user: !ts.class<@User>, %object: !ts.class<@OBJECT>) {
        ts.setattr %user["held"] = %object : !ts.class<@User>, !ts.class<@OBJECT>
        func.return
      }"""
    parse_module(CONTEXT, text.replace("OBJECT", "C"))
    with pytest.raises(IRError, match=r"expected a value of type !ts\.class<@I>"):
        parse_module(CONTEXT, text.replace("OBJECT", "D"))


def test_dominators_of_a_diamond_and_a_loop() -> None:
    text = """
      func.func @f(%c: i1) {
        cf.cond_br %c, ^left, ^right
      ^left:
        cf.br ^join
      ^right:
        cf.br ^join
      ^join:
        cf.cond_br %c, ^left, ^end
      ^end:
        func.return
      ^unreachable:
        cf.br ^end
      }"""
    region = next(iter(parse_module(CONTEXT, text).body.block.ops)).regions[0]
    entry, left, right, join, end, unreachable = region.blocks
    assert immediate_dominators(region) == {entry: None, left: entry, right: entry, join: entry, end: join}
    assert unreachable not in immediate_dominators(region)


def test_a_thousand_blocks_take_linear_time() -> None:
    blocks = "\n".join(f"^b{i}:\n  %v{i} = arith.addi %x, %x : i64\n  cf.br ^b{i + 1}" for i in range(1000))
    parse_module(CONTEXT, f"func.func @f(%x: i64) -> i64 {{\n  cf.br ^b0\n{blocks}\n^b1000:\n  func.return %v0 : i64\n}}")
