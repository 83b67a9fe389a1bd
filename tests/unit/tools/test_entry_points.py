"""Passes and dialects that another distribution declares: a small one is put on the path, as pip would install it."""

import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest

from tsir.tools import ts_opt
from tsir.tools.contexts import dialect_names, tool_context
from tsir.tools.known_passes import options_of, pass_class, pass_names

CODE = '''\
"""A dialect with one operation, and a pass that removes it."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Dialect
from xdsl.irdl import IRDLOperation, irdl_op_definition
from xdsl.passes import ModulePass


@irdl_op_definition
class HelloOp(IRDLOperation):
    name = "tiny.hello"


TINY = Dialect("tiny", [HelloOp], [])


@dataclass(frozen=True)
class DropHello(ModulePass):
    """Removes greetings."""

    name = "tiny-drop-hello"
    twice: bool = False

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for greeting in [o for o in op.walk() if isinstance(o, HelloOp)]:
            greeting.detach()


NO_PASS = 3
'''

ENTRIES = """\
[tsir.passes]
tiny-drop-hello = tiny_distribution:DropHello
tiny-no-pass = tiny_distribution:NO_PASS
tiny-missing = tiny_distribution:Missing

[tsir.dialects]
tiny = tiny_distribution:TINY
broken = no_such_module:X
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A program in the dialect of a distribution that is installed for the test."""
    site = tmp_path / "site"
    info = site / "tiny_distribution-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "tiny_distribution.py").write_text(CODE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-distribution\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "tiny_distribution", raising=False)
    path = tmp_path / "hello.mlir"
    path.write_text('func.func @f() {\n  "tiny.hello"() : () -> ()\n  func.return\n}\n')
    return str(path)


def test_dialect_and_pass(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ts_opt.main([program]) == 0
    assert '"tiny.hello"()' in capsys.readouterr().out
    assert ts_opt.main([program, "--tiny-drop-hello", "--ts-cse"]) == 0
    assert "hello" not in capsys.readouterr().out
    assert ts_opt.main([program, "--pass-pipeline=builtin.module(func.func(tiny-drop-hello{twice=true}))"]) == 0
    assert "hello" not in capsys.readouterr().out


def test_they_are_listed(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ts_opt.main(["--list-passes"]) == 0
    listed = capsys.readouterr().out
    assert "tiny-distribution's passes:" in listed and "Removes greetings." in listed and "twice=bool" in listed
    assert ts_opt.main(["--show-dialects"]) == 0
    assert ",tiny," in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, said",
    [
        ("tiny-no-pass", "is no xDSL ModulePass"),
        ("tiny-missing", "can't be imported: AttributeError"),
        ("tiny-drop-helo", "did you mean `tiny-drop-hello`"),
    ],
)
def test_what_cannot_be_used(name: str, said: str, program: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ts_opt.main([program, "-p", name]) == 1
    assert said in capsys.readouterr().err


def test_dialect_that_cannot_be_imported(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(program).write_text('"broken.op"() : () -> ()\n')
    assert ts_opt.main([program]) == 1
    said = capsys.readouterr().err
    assert "dialect 'broken' (no_such_module:X) can't be imported: ModuleNotFoundError" in said


def test_without_it_there_is_neither(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "hello.mlir"
    path.write_text('"tiny.hello"() : () -> ()\n')
    assert ts_opt.main([str(path)]) == 1
    assert "operation tiny.hello is not registered" in capsys.readouterr().err


def test_all_dialects_of_xdsl_can_be_loaded() -> None:
    context = tool_context()
    for name in dialect_names():
        dialect = context.get_optional_dialect(name)
        assert dialect is not None and dialect.name == name, name


def test_all_passes_of_xdsl_can_be_made() -> None:
    names = pass_names()["xDSL"]
    assert len(names) > 100
    for name in names:
        cls = pass_class(name)
        assert cls.name == name and options_of(cls).keys() == {f.replace("_", "-") for f in _fields(cls)}


def _fields(cls: Any) -> list[str]:
    return [f.name for f in dataclasses.fields(cls) if f.init and f.name != "name"]


def test_upstreams_passes_need_upstreams_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "f.mlir"
    path.write_text("func.func @f() {\n  func.return\n}\n")
    assert ts_opt.main([str(path), "-p", f'mlir-opt{{executable="{tmp_path}/none" arguments="--cse"}}']) == 1
    said = capsys.readouterr().err
    assert "none is not available" in said and "XDSL_MLIR_OPT" in said
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\necho 'no such pass' >&2\nexit 1\n")
    tool.chmod(0o755)
    assert ts_opt.main([str(path), "-p", f'mlir-opt{{executable="{tool}" arguments="--cse"}}']) == 1
    assert "tool says\nno such pass" in capsys.readouterr().err
