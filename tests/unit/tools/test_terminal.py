"""Diagnostics in the tools' form: their colours, and when there are any."""

import argparse
import io
import warnings
from pathlib import Path

import pytest

from tsir.errors import SourceLocation, TsirError
from tsir.tools import ts_opt
from tsir.tools.terminal import add_color_option, has_color, rendered, show

PLACE = SourceLocation("x.mlir", 2, 3, 5, source_line="  %a\x1b[2Jb")
ERROR = TsirError("it is wrong", location=PLACE, hint="mend it", notes=(("said here", PLACE),), code="TS700")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "mode, environment, stream, expected",
    [
        ("auto", {}, Terminal(), True), ("auto", {}, io.StringIO(), False), ("auto", {"NO_COLOR": "1"}, Terminal(), False),
        ("auto", {"NO_COLOR": ""}, Terminal(), True), ("auto", {"FORCE_COLOR": "1"}, io.StringIO(), True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, Terminal(), False), ("auto", {"TERM": "dumb"}, Terminal(), False),
        ("always", {"NO_COLOR": "1"}, io.StringIO(), True), ("never", {"FORCE_COLOR": "1"}, Terminal(), False),
    ],
)  # fmt: skip
def test_has_color(
    mode: str, environment: dict[str, str], stream: io.StringIO, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert has_color(stream, mode) == expected


def test_the_parts_are_coloured_and_the_source_does_nothing_to_the_terminal() -> None:
    plain = "\n".join(
        [
            "x.mlir:2:3: error[TS700]: it is wrong",
            "      2 |   %a\ufffd[2Jb",
            "        |   ^^",
            "hint: mend it",
            "note: x.mlir:2:3: said here",
            "      2 |   %a\ufffd[2Jb",
            "        |   ^^",
        ]
    )
    assert rendered(ERROR, False) == plain == str(ERROR)
    colored = rendered(ERROR, True)
    assert "\x1b[1mx.mlir:2:3:\x1b[0m \x1b[1;31merror[TS700]: \x1b[0mit is wrong" in colored
    assert "\x1b[1;32m^^\x1b[0m" in colored and "\x1b[2J" not in colored


def test_an_error_without_code_is_called_one() -> None:
    stream = io.StringIO()
    show(TsirError("no file"), "never", stream)
    show(TsirError("no pass", location=PLACE), "never", stream)
    assert stream.getvalue().splitlines()[:2] == ["error: no file", "x.mlir:2:3: error: no pass"]


def test_option() -> None:
    parser = argparse.ArgumentParser()
    add_color_option(parser)
    assert parser.parse_args([]).color == "auto" and parser.parse_args(["--color=never"]).color == "never"


def test_the_option_of_ts_opt(capsys: pytest.CaptureFixture[str]) -> None:
    assert ts_opt.main(["--color=always", "/nonexistent.mlir"]) == 1
    assert "\x1b[1;31merror: \x1b[0m" in capsys.readouterr().err
    assert ts_opt.main(["/nonexistent.mlir"]) == 1
    assert "\x1b" not in capsys.readouterr().err


def test_warnings_are_diagnostics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """About the text that is read, and those that passes give in Python's way."""
    path = tmp_path / "w.mlir"
    path.write_text(
        "func.func private @unused(%x: i64) -> i64 {\n  %a = arith.addi %x, %x : i64\n  cf.br ^end\n^dead:\n  cf.br ^end\n"
        "^end:\n  func.return %a : i64\n}\n"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        arguments = ["-p", "convert-arith-to-riscv,reconcile-unrealized-casts", "-o", str(tmp_path / "o.mlir")]
        assert ts_opt.main([str(path), *arguments]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[:6] == [
        f"{path}:4:1: warning[TS901]: no branch leads to this block",
        "      4 | ^dead:",
        "        | ^^^^^",
        f"{path}:1:1: warning[TS902]: private function @unused isn't used in this module",
        "      1 | func.func private @unused(%x: i64) -> i64 {",
        "        | ^",
    ]
    assert said[6].startswith("warning: Unable to remove cast")


def test_a_pass_that_fails_is_placed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "f.mlir"
    path.write_text("func.func @g() {\n  func.return\n}\nfunc.func @f(%c: i1) {\n  func.return\n}\n")
    assert ts_opt.main([str(path), "-p", "convert-func-to-x86-func"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{path}:4:1: error[TS802]: pass convert-func-to-x86-func failed: Register type for type i1 not supported.",
        "      4 | func.func @f(%c: i1) {",
        "        | ^",
        'note: see current operation: "func.func"() ({...}) : () -> ()',
    ]
