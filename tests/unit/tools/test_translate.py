"""ts-translate: JSON keeps everything, graphs have every operation and use, and each form can be read as what it is."""

import ast
import json
import re
import xml.etree.ElementTree
from pathlib import Path

import numpy as np
import pytest

import tsir
from tests.unit.tools.test_reduce import random_program
from tsir.dialects.context import parse_module, print_module
from tsir.errors import IRError
from tsir.tools import ts_translate
from tsir.tools.contexts import tool_context
from tsir.tools.translate.dot import to_dot
from tsir.tools.translate.graphs import graphs
from tsir.tools.translate.json_form import from_json, to_json
from tsir.tools.translate.svg import to_svg

FILECHECK = Path(__file__).parents[2] / "filecheck"

PROGRAM = """\
func.func @f(%x: !ts.tensor, %n: i64) -> !ts.tensor {
  %0 = ts.aten.relu(%x) : (!ts.tensor) -> !ts.tensor
  %1 = ts.aten.exp(%0) : (!ts.tensor) -> !ts.tensor
  func.return %1 : !ts.tensor
}
"""


def _assert_json_keeps(text: str) -> None:
    module = parse_module(tool_context(allow_unregistered=True), text)
    back = from_json(to_json(module), tool_context(allow_unregistered=True), "t.json")
    assert back.is_structurally_equivalent(module)
    assert print_module(back, debuginfo=True) == print_module(module, debuginfo=True)
    assert print_module(back, generic=True) == print_module(module, generic=True)


@pytest.mark.parametrize("seed", range(4))
def test_json_keeps_programs(seed: int) -> None:
    _assert_json_keeps(random_program(seed))


@pytest.mark.parametrize(
    "name", ["dialects/round_trip.mlir", "dialects/ops.mlir", "dialects/try.mlir", "passes/freeze.mlir"]
)
def test_json_keeps_all_of_the_dialect(name: str) -> None:
    _assert_json_keeps((FILECHECK / name).read_text())


def test_json_keeps_blocks_locations_and_unregistered_operations() -> None:
    _assert_json_keeps("""
func.func @f(%c: i1, %x: i64) -> i64 {
  cf.cond_br %c, ^a(%x : i64), ^b
^b:
  %0 = "foreign.op"(%x) ({
    "foreign.end"() : () -> ()
  }) {key = dense<[1.5, 2.0]> : tensor<2xf32>} : (i64) -> i64 loc("m.py":3:4)
  cf.br ^a(%0 : i64)
^a(%1: i64):
  func.return %1 : i64 loc(callsite("g" at "m.py":1:2))
}""")


@pytest.mark.parametrize(
    "text, said",
    [
        ("{", "isn't IR in JSON"),
        ("[]", "isn't IR in JSON"),
        ('{"tsir": 2}', 'expected "tsir": 1, found 2'),
        ('{"tsir": 1, "operations": []}', "isn't IR in JSON"),
        ('{"tsir": 1, "operations": [{"name": "no.such"}]}', "operation no.such is not registered"),
        ('{"tsir": 1, "operations": [{"name": "func.return"}]}', "expected a builtin.module"),
        ('{"tsir": 1, "operations": [{"name": "builtin.module", "attributes": {"a": "!bad<"}}]}', "t.json: "),
        ('{"tsir": 1, "operations": [{"name": "func.return", "operands": [3]}]}', "isn't IR in JSON: KeyError: 3"),
        ('{"tsir": 1, "operations": [{"name": "builtin.module"}]}', "builtin.module"),
    ],
)
def test_json_that_is_no_ir(text: str, said: str) -> None:
    with pytest.raises(IRError) as caught:
        from_json(text, tool_context(), "t.json")
    assert said in caught.value.message


def test_graphs_have_all_uses() -> None:
    [graph] = graphs(parse_module(tool_context(), PROGRAM))
    assert [n.lines[0] for n in graph.nodes] == ["%x", "%n", "ts.aten.relu", "ts.aten.exp", "func.return"]
    assert [(a, b) for a, b, _ in graph.edges] == [(0, 2), (2, 3), (3, 4)]


@pytest.mark.parametrize("seed", range(3))
def test_drawings(seed: int) -> None:
    found = graphs(parse_module(tool_context(), random_program(seed)))
    nodes = edges = 0
    pending = list(found)
    while pending:
        graph = pending.pop()
        nodes, edges = nodes + len(graph.nodes), edges + len(graph.edges)
        pending += [inner for node in graph.nodes for inner in node.inner]
    root = xml.etree.ElementTree.fromstring(to_svg(found))
    space = "{http://www.w3.org/2000/svg}"
    boxes = [r for r in root.iter(f"{space}rect") if r.get("class") in ("n", "a")]
    assert len(boxes) == nodes and len([p for p in root.iter(f"{space}path") if p.get("class") == "e"]) == edges
    # No two boxes overlap, unless one is in the other.
    places = [tuple(float(b.get(k, "")) for k in ("x", "y", "width", "height")) for b in boxes]
    for i, (x, y, w, h) in enumerate(places):
        for u, v, s, t in places[:i]:
            apart = x + w <= u or u + s <= x or y + h <= v or v + t <= y
            inside = (u <= x and v <= y and x + w <= u + s and y + h <= v + t) or (
                x <= u and y <= v and u + s <= x + w and v + t <= y + h
            )
            assert apart or inside
    dot = to_dot(found)
    assert len(re.findall(r"^ *n\d+ \[label", dot, re.MULTILINE)) == nodes and dot.count(" -> ") == edges
    assert dot.count("{") == dot.count("}")


def test_an_empty_module_is_drawn() -> None:
    assert "<svg" in to_svg(graphs(parse_module(tool_context(), "builtin.module {}"))) and to_dot([]).startswith("digraph")


def test_each_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "p.mlir"
    source.write_text(PROGRAM)
    for name in ("p.json", "p.svg", "p.dot", "p.pt", "p.ir"):
        assert ts_translate.main([str(source), "-o", str(tmp_path / name)]) == 0
    x = np.array([[1, -1]], np.float32)
    np.testing.assert_allclose(tsir.load(tmp_path / "p.pt")(x, 1), np.exp(np.maximum(x, 0)))
    assert json.loads((tmp_path / "p.json").read_text())["tsir"] == 1
    capsys.readouterr()
    types = "--arg-types=tensor<1x2xf32>,i64"
    for start in ("p.mlir", "p.json", "p.pt"):
        path = str(tmp_path / start)
        assert ts_translate.main([path, "--to=ir"]) == 0
        assert "ts.aten.relu" in capsys.readouterr().out
        assert ts_translate.main([path, "--to=python"]) == 0
        code = capsys.readouterr().out
        assert "def f(" in code and ast.parse(code)
        assert ts_translate.main([path, "--to=numpy", types]) == 0
        code = capsys.readouterr().out
        assert "def f(state, x, n)" in code and ast.parse(code)
        assert ts_translate.main([path, "--to=linalg", types]) == 0
        assert "arith.maximumf" in capsys.readouterr().out
        assert ts_translate.main([path, "--to=mlir", types]) == 0
        assert "ts." not in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["P"], "doesn't say its form"),
        (["P", "--to=picture"], "invalid choice: 'picture'"),
        (["P", "--to=archive"], "can't be written to standard output"),
        (["P", "--to=python", "--entry=g"], "there is no function 'g'"),
        (["P", "--from=archive", "--to=ir"], "is no archive"),
        (["ARITH", "--to=python"], "arith.addi has no form in Python"),
        (["TWO", "--to=python"], "the program has 2 functions"),
        (["/nonexistent.mlir", "--to=ir"], "No such file"),
        (["PY", "--to=ir"], "has 2 programs"),
    ],
)
def test_what_cannot_be_translated(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = {
        "P": ("p.mlir", PROGRAM),
        "ARITH": ("a.mlir", "func.func @f(%x: i64) -> i64 {\n%0 = arith.addi %x, %x : i64\nfunc.return %0 : i64\n}"),
        "TWO": ("t.mlir", PROGRAM + PROGRAM.replace("@f", "@g")),
        "PY": ("two.py", "def f(x: int):\n    return x\ndef g(x: int):\n    return x\n"),
    }
    for name, content in texts.values():
        (tmp_path / name).write_text(content)
    assert ts_translate.main([str(tmp_path / texts[a][0]) if a in texts else a for a in arguments]) == 1
    captured = capsys.readouterr()
    assert said in captured.err and "Traceback" not in captured.err and captured.out == ""
