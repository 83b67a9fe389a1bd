"""ts-reduce: what is kept is small, verifies, is read back, and fails as before."""

import random
from pathlib import Path

import pytest
from xdsl.dialects.builtin import ModuleOp

from tsir.dialects.context import parse_module, print_module
from tsir.dialects.traversal import walk
from tsir.errors import TsirError
from tsir.tools import ts_reduce
from tsir.tools.contexts import tool_context
from tsir.tools.reduce.interest import CommandTest
from tsir.tools.reduce.search import Reduction


def random_program(seed: int) -> str:
    """A function of arithmetic, with branches and loops around some of it."""
    rng = random.Random(seed)
    values, lines = ["%x", "%y"], list[str]()
    for i in range(40):
        a, b = (rng.choice(values[-8:]) for _ in range(2))
        kind = rng.choice(["addi", "subi", "muli", "xori", "if", "for"])
        if kind == "if":
            lines += [
                f"%c{i} = arith.cmpi slt, {a}, {b} : i64",
                f"%v{i} = scf.if %c{i} -> (i64) {{ %t{i} = arith.andi {a}, {b} : i64 scf.yield %t{i} : i64 }}"
                f" else {{ scf.yield {b} : i64 }}",
            ]
        elif kind == "for":
            lines.append(
                f"%v{i} = scf.for %i{i} = {a} to {b} step {b} iter_args(%s{i} = {a}) -> (i64) : i64 {{"
                f" %t{i} = arith.ori %s{i}, %i{i} : i64 scf.yield %t{i} : i64 }}"
            )
        else:
            lines.append(f"%v{i} = arith.{kind} {a}, {b} : i64")
        values.append(f"%v{i}")
    return "func.func @f(%x: i64, %y: i64) -> i64 {\n" + "\n".join(lines) + f"\nfunc.return {values[-1]} : i64\n}}\n"


def _count(module: ModuleOp, name: str) -> int:
    return sum(op.name == name for op in walk(module))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("wanted", [("arith.andi",), ("arith.ori",), ("arith.xori", "scf.if")])
def test_what_matters_stays(seed: int, wanted: tuple[str, ...]) -> None:
    module = parse_module(tool_context(), random_program(seed))
    before = print_module(module)
    reduced = Reduction(module, lambda m: all(_count(m, name) for name in wanted)).run()
    assert print_module(module) == before
    assert all(_count(reduced, name) == 1 for name in wanted)
    assert len(list(walk(reduced))) <= len(wanted) + (5 if "scf.if" in wanted else 3)
    assert print_module(parse_module(tool_context(), print_module(reduced))) == print_module(reduced)


def test_dependences_stay() -> None:
    """A sum of a sum of the same value is needed: neither is replaced by something else."""

    def chained(module: ModuleOp) -> bool:
        return any(
            op.name == "arith.addi" and all(getattr(o.owner, "name", "") == "arith.muli" for o in op.operands)
            for op in walk(module)
        )

    text = """func.func @f(%x: i64) -> i64 {
      %a = arith.muli %x, %x : i64
      %b = arith.muli %a, %x : i64
      %c = arith.addi %a, %b : i64
      %d = arith.addi %c, %b : i64
      func.return %d : i64
    }"""
    reduced = Reduction(parse_module(tool_context(), text), chained).run()
    assert chained(reduced) and len(list(walk(reduced))) <= 6


def test_constants_and_attributes_become_simple() -> None:
    text = "func.func @f() -> i64 {\n  %0 = arith.constant {a.b} 12345 : i64\n  func.return %0 : i64\n}"
    reduced = Reduction(parse_module(tool_context(), text), lambda m: _count(m, "arith.constant") > 0).run()
    assert "arith.constant 0 : i64" in print_module(reduced) and "a.b" not in print_module(reduced)


def test_max_tests_and_what_is_not_interesting() -> None:
    module = parse_module(tool_context(), random_program(0))
    reduction = Reduction(module, lambda m: True, max_tests=3)
    reduction.run()
    assert reduction.tests <= 4
    with pytest.raises(TsirError, match="isn't interesting"):
        Reduction(module, lambda m: False)


@pytest.mark.parametrize(
    "command, status, expected",
    [
        ("false", None, True),
        ("true", None, False),
        ("exit 3 #", 3, True),
        ("exit 2 #", 3, False),
        ("test ! -s {}", None, True),
    ],
)
def test_commands(command: str, status: int | None, expected: bool) -> None:
    module = parse_module(tool_context(), random_program(0))
    with CommandTest(command, status) as test:
        assert test(module) is expected


def test_a_command_that_hangs_is_not_interesting() -> None:
    with CommandTest("sleep 20 #", timeout=0.2) as test:
        assert not test(parse_module(tool_context(), random_program(0)))


def test_of_several_programs_one_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "two.py").write_text("def f(x: int):\n    return x\ndef g(x: int):\n    return x\n")
    assert ts_reduce.main([str(tmp_path / "two.py"), "--test", "false"]) == 1
    assert "has 2 programs" in capsys.readouterr().err
