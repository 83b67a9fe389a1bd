"""Whatever text is read as IR, the result is a verified module or an IRError with its place."""

import random
import time
from pathlib import Path

import pytest

from tsir.dialects.context import TsContext, make_context, parse_module, print_module
from tsir.dialects.schema import parse_schema
from tsir.errors import IRError
from tsir.limits import Limits

SCHEMA = parse_schema("add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor")
PROGRAMS = Path(__file__).parents[2] / "filecheck" / "dialects"


@pytest.fixture
def context() -> TsContext:
    return make_context(lambda key: SCHEMA if key == SCHEMA.key else None)


def nested(depth: int) -> str:
    return "func.func @f(%c : i1) {\n" + "scf.if %c {\n" * depth + "}\n" * depth + "func.return\n}"


def message(context: TsContext, text: str | bytes) -> str:
    with pytest.raises(IRError) as caught:
        parse_module(context, text, "x.mlir")
    return str(caught.value)


def test_place_and_caret(context: TsContext) -> None:
    text = "func.func @f() {\n  %b = arith.addi %a, %a : i64\n  %a = arith.constant 1 : i64\n  func.return\n}"
    assert message(context, text) == (
        "x.mlir:2:19: error[TS703]: arith.addi: operand 0 (%a) isn't defined before this use\n"
        "      2 |   %b = arith.addi %a, %a : i64\n"
        "        |                   ^^\n"
        "note: x.mlir:3:3: the value is defined here, behind the use\n"
        "      3 |   %a = arith.constant 1 : i64\n"
        "        |   ^"
    )


@pytest.mark.parametrize(
    "text, said",
    [
        (b"\x00\x80", "isn't UTF-8"), ("", "empty text"), ("// only a comment", "expected an operation"), ("\0", "x.mlir:1:1"),
        ("(" * 100_000, "expected an operation"), (nested(Limits().nesting + 1), "nested"), (nested(100_000), "nested"),
        ("func.func @f(%x : " + "!ts.list<" * 5000 + "i64" + ">" * 5000 + ")", "nested"),
        ('ts.constant "' + "a" * 300, "string literal"), ("%a:99999999999 = arith.constant 1 : i64", "99999999999"),
        ("%a = arith.constant " + "9" * 5000 + " : i64", "x.mlir:1:"),
        ("%a = arith.constant dense<1> : tensor<1000000000000xi64>", "x.mlir:1:"), ("nothing.at_all", "not registered"),
    ],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_malformed(context: TsContext, text: str | bytes, said: str) -> None:
    assert said in message(context, text)


def test_deep_nesting_reads_prints_and_reads_back(context: TsContext) -> None:
    text = print_module(parse_module(context, nested(Limits().nesting - 10)))
    assert print_module(parse_module(context, text)) == text


def test_a_string_that_is_not_closed_takes_linear_time(context: TsContext) -> None:
    start = time.perf_counter()
    message(context, 'ts.constant "' + "a" * 200_000)
    assert time.perf_counter() - start < 10  # xDSL's own lexer needs exponential time: minutes for 30 characters


def test_locate(context: TsContext) -> None:
    text = 'func.func @f() {\n  func.return loc("m.py":1:2)\n}'
    shown = print_module(parse_module(context, text, "x.mlir", locate=True), debuginfo=True)
    assert 'func.return loc("m.py":1:2)' in shown and 'loc("x.mlir":1:1)' in shown


TOKENS = [
    "<", ">", "(", ")", "{", "}", "[", "]", "%", "@", "!ts.", "#ts.", "->", ":", "i64", "-1", "9" * 20, '"', "\0", "é", "dense<",
    "loc(", ",", "?x", "*x", "ts.list", "linalg_ext.sort", "tensor<", "!ts.union<i64>", "array<i64: ", "//", "^bb0:",
]  # fmt: skip


def mutated(text: str, random_: random.Random) -> str:
    for _ in range(random_.choice([1, 1, 2, 4])):
        start = random_.randrange(len(text))
        end = min(len(text), start + random_.randrange(1, 30))
        match random_.randrange(5):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:start] + random_.choice(TOKENS) + text[start:]
            case 2:
                text = text[:end] + text[start:]
            case 3:
                lines = text.split("\n")
                a, b = random_.randrange(len(lines)), random_.randrange(len(lines))
                lines[a], lines[b] = lines[b], lines[a]
                text = "\n".join(lines)
            case _:
                text = text[:start] + chr(random_.randrange(1, 300)) + text[start + 1 :]
    return text or "x"


@pytest.mark.parametrize("seed", range(4))
def test_mutations_give_a_module_or_an_ir_error(context: TsContext, seed: int) -> None:
    random_ = random.Random(seed)
    originals = [(PROGRAMS / name).read_text() for name in ("ops.mlir", "linalg_ext.mlir")]
    originals += [print_module(parse_module(context, t), generic=True, debuginfo=True) for t in originals]
    outcomes = {True: 0, False: 0}
    for _ in range(150):
        text = mutated(random_.choice(originals), random_)
        try:
            module = parse_module(context, text, "x.mlir")
            parse_module(context, print_module(module))
            outcomes[True] += 1
        except IRError as error:
            assert error.location is not None and error.message
            outcomes[False] += 1
    assert outcomes[False] > 50
