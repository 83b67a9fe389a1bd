"""Verification of IR that was built or changed by code, where there is no text to point at."""

import sys

import pytest
from xdsl.dialects.builtin import i64
from xdsl.rewriter import Rewriter

from tsir.dialects.context import make_context, parse_module
from tsir.dialects.dominance import immediate_dominators
from tsir.dialects.verify import Verifier, verify_module
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
        "nn.py:3:9: error[TS705]: ts.unpack: expected result 0 to be of type i64, found f64",
        "note: m.py:12:5: called from here",
        'note: see current operation: %a, %b = "ts.unpack"(%l) : (!ts.list<i64>) -> (f64, i64)',
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


def said(text: str) -> list[str]:
    """The lines of a message without excerpts."""
    with pytest.raises(IRError) as caught:
        parse_module(CONTEXT, text, "x.mlir")
    lines = str(caught.value).splitlines()
    return [line.removeprefix("x.mlir:") for line in lines if " | " not in line]


DIAMOND = """func.func @f(%c: i1) {
  cf.cond_br %c, ^left, ^right
^left:
  %a = arith.constant 1 : i64
  cf.br ^join
^right:
  cf.br ^join
^join:
  %b = arith.addi %a, %a : i64
  func.return
}"""


@pytest.mark.parametrize(
    "text, expected",
    [
        (
            DIAMOND,
            ["9:19: error[TS703]: arith.addi: operand 0 (%a) isn't defined before this use on every way to it",
             "note: x.mlir:4:3: the value is defined here",
             "note: x.mlir:8:1: this block can be reached without it"],
        ),
        (
            "%a = arith.constant 1 : i64\nfunc.func @f() -> i64 {\n  func.return %a : i64\n}",
            ["3:15: error[TS704]: func.return: operand 0 (%a) is defined outside of func.func, whose region sees no values from "
             "outside",
             "hint: pass the value as an argument",
             "note: x.mlir:1:1: the value is defined here",
             "note: x.mlir:2:1: this func.func isolates its region"],
        ),
        (
            '"test.op"(%a) ({\n  %a = "test.termop"() : () -> i64\n}) : (i64) -> ()',
            ["1:11: error[TS702]: value %a is used but not defined",
             "note: x.mlir:2:3: a value of this name is defined here, in a region that the use isn't in"],
        ),
        (
            '%a = "test.op"() ({\n  "test.termop"(%a) : (i64) -> ()\n}) : () -> i64',
            ["2:17: error[TS703]: test.termop: operand 0 (%a) isn't defined before this use",
             "note: x.mlir:1:1: the value is the result of this operation, which the use is inside of"],
        ),
        (
            "func.func private @g(i64, f64)\nfunc.func @f(%x: i64) {\n  func.call @g(%x, %x) : (i64, i64) -> ()\n  func.return\n}",
            ["3:20: error[TS706]: func.call: expected arguments of @g to have types (i64, f64), found i64 at 1",
             "note: x.mlir:1:1: the function is declared here",
             "note: x.mlir:2:14: the value is defined here"],
        ),
        (
            "func.func private @g() -> i64\nfunc.func @f() {\n  func.call @g() : () -> ()\n  func.return\n}",
            ["3:3: error[TS706]: func.call: expected 1 results of @g (i64), found 0",
             "note: x.mlir:1:1: the function is declared here"],
        ),
        (
            "func.func private @scale()\nfunc.func @f() {\n  func.call @scael() : () -> ()\n  func.return\n}",
            ["3:3: error[TS707]: func.call: function @scael isn't declared in this module", "hint: did you mean `scale`?"],
        ),
        (
            'ts.class "class" @C {\n}\nfunc.func @f() {\n  func.call @C() : () -> ()\n  func.return\n}',
            ["4:3: error[TS707]: func.call: expected @C to be a func.func, found ts.class",
             "note: x.mlir:1:1: it is declared here"],
        ),
        (
            "func.func private @f()\nfunc.func private @f()",
            ["2:1: error[TS708]: func.func: symbol @f is declared twice", "note: x.mlir:1:1: it is declared here first"],
        ),
        (
            "func.func @f(%x: i64) -> f64 {\n  func.return %x : i64\n}",
            ["2:15: error[TS706]: func.return: expected results of @f to have types (f64), found i64 at 0",
             "note: x.mlir:1:1: the function is declared here",
             "note: x.mlir:1:14: the value is defined here"],
        ),
        (
            "func.func @f(%x: i64) {\n  cf.br ^b(%x : i64)\n^b(%y: f64):\n  func.return\n}",
            ["2:12: error[TS706]: cf.br: expected a value of type f64 for argument 0 of the block, found i64",
             "note: x.mlir:3:4: the argument is declared here",
             "note: x.mlir:1:14: the value is defined here"],
        ),
        (
            "func.func @f(%x: i1) {\n  cf.cond_br %x, ^b(%x : i1), ^b(%x : i1)\n^b:\n  func.return\n}",
            ["2:3: error[TS706]: cf.cond_br: expected 0 values for the arguments of the block, found 1",
             "note: x.mlir:3:1: the block is here"],
        ),
        (
            "func.func @f() {\n^a:\n  cf.br ^b\n^b:\n  cf.br ^a\n}",
            ["5:3: error[TS710]: cf.br: successor 0 is the entry block of its region, which nothing may branch to"],
        ),
        (
            "func.func @f(%c: i1, %x: i64) {\n  %r = scf.if %c -> (i64) {\n    scf.yield %x : i64\n  } else {\n"
            "    scf.yield %c : i1\n  }\n  func.return\n}",
            ["5:15: error[TS706]: scf.yield: expected values yielded to scf.if to have types (i64), found i1 at 0",
             "note: x.mlir:2:3: the operation is here",
             "note: x.mlir:1:14: the value is defined here"],
        ),
        (
            "func.func @f(%x: i64) {\n  \"func.return\"() : () -> ()\n  func.return\n}",
            ["2:3: error[TS710]: func.return: is a terminator, so it has to be the last operation of its block",
             "note: x.mlir:3:3: the block goes on to here"],
        ),
        (
            '"func.func"() <{sym_name = "f", function_type = (i64) -> ()}> ({\n^bb0(%x: f64):\n  func.return\n}) : () -> ()',
            ["1:1: error[TS706]: func.func: expected @f to take (i64), found (f64)",
             "note: x.mlir:2:1: its entry block is here"],
        ),
        (
            'ts.class "class" @C {\n  ts.attribute "attribute" "size" : i64\n}\n%c = "test.op"() : () -> !ts.class<@C>\n'
            '%0 = ts.getattr %c["size"] : !ts.class<@C> -> !ts.str',
            ['5:1: error[TS711]: ts.getattr: expected a result of type i64, as "size" is declared, found !ts.str',
             "note: x.mlir:2:3: the attribute is declared here"],
        ),
    ],
    ids=lambda value: value.splitlines()[0][:30] if isinstance(value, str) else "",
)  # fmt: skip
def test_messages(text: str, expected: list[str]) -> None:
    assert said(text) == expected


def test_only_the_operations_after_a_pass_are_named_by_themselves() -> None:
    """Without a text, the message has the operation."""
    module = parse_module(CONTEXT, "%a = arith.constant 1 : i64\n%b = arith.addi %a, %a : i64")
    constant = next(iter(module.body.block.ops))
    constant.detach()
    module.body.block.add_op(constant)
    with pytest.raises(IRError) as caught:
        verify_module(module)
    assert str(caught.value).splitlines() == [
        "error[TS703]: arith.addi: operand 0 (%a) isn't defined before this use",
        'note: the value is defined here, behind the use: %a = "arith.constant"() : () -> (i64)',
        'note: see current operation: %b = "arith.addi"(%a, %a) : (i64, i64) -> (i64)',
    ]


def test_unregistered_operations_may_have_graph_regions() -> None:
    context = make_context(lambda _key: None)
    context.allow_unregistered = True
    parse_module(context, '"my.graph"() ({\n  "my.use"(%a) : (i64) -> ()\n  %a = "my.make"() : () -> i64\n}) : () -> ()')


def test_a_verifier_that_knows_a_signature_still_sees_a_wrong_one() -> None:
    verifier = Verifier()
    good = '%a = "test.op"() : () -> i64\n%b = "arith.addi"(%a, %a) {n = 1 : i64} : (i64, i64) -> i64'
    verifier.verify(parse_module(CONTEXT, good))
    verifier.verify(parse_module(CONTEXT, good))
    for wrong in (good.replace("-> i64", "-> f64"), good.replace("(i64, i64) -> i64", "(i64, i64) -> i32")):
        with pytest.raises(IRError):
            verifier.verify(parse_module(CONTEXT, wrong, verify=False))
    same = "func.func @f() {\n  func.return\n}\n"
    verifier.verify(parse_module(CONTEXT, same))
    with pytest.raises(IRError, match=r"func\.return"):
        verifier.verify(parse_module(CONTEXT, '"test.op"() ({\n  func.return\n}) : () -> ()', verify=False))


def test_the_number_of_steps_is_linear() -> None:
    """Long chains of blocks, of nested regions and of calls: no step of the verification looks at all that came before."""

    def steps(text: str) -> int:
        module = parse_module(CONTEXT, text, verify=False)
        count = 0

        def counted(_frame: object, event: str, _argument: object) -> None:
            nonlocal count
            count += event == "call"

        sys.setprofile(counted)
        try:
            verify_module(module)
        finally:
            sys.setprofile(None)
        return count

    def blocks(n: int) -> str:
        chain = "\n".join(f"^b{i}:\n  %v{i} = arith.addi %x, %a : i64\n  cf.br ^b{i + 1}" for i in range(n))
        return (
            "func.func @f(%x: i64) -> i64 {\n  %a = arith.addi %x, %x : i64\n  cf.br ^b0\n"
            f"{chain}\n^b{n}:\n  func.return %v0 : i64\n}}"
        )

    def calls(n: int) -> str:
        return "".join(
            f"func.func @f{i}() {{\n  func.call @f{n - 1 - i}() : () -> ()\n  func.return\n}}\n" for i in range(n)
        )

    for make in (blocks, calls):
        steps(make(10))
        assert steps(make(400)) < 2.5 * steps(make(200))
