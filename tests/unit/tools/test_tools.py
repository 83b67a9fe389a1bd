"""ts-opt and ts-run end in one message whatever goes wrong. What they print when all is well is tested in tests/filecheck."""

from pathlib import Path

import numpy as np
import pytest

from tsir.tools import ts_opt, ts_run

PROGRAM = "func.func @double(%x: f64) -> f64 {\n  %r = arith.addf %x, %x : f64\n  func.return %r : f64\n}\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "p.mlir"
    path.write_text(PROGRAM)
    return path


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["PROGRAM", "-p", "ts-dce{unknown=1}"], "pass 'ts-dce'"),
        (["PROGRAM", "-p", "ts-dce{a="], "the list of passes can't be read"),
        (["PROGRAM", "-p", "ts-dec"], "did you mean `ts-dce`"),
        (["PROGRAM", "--pipeline", "optimise"], "did you mean `optimize`?"),
        (["PROGRAM", "-o", "/nonexistent/x.mlir"], "No such file"),
        (["/nonexistent.mlir"], "No such file"),
        (["/nonexistent.py:f"], "there is no file"),
        (["BINARY"], "isn't UTF-8"),
        (["PYTHON:missing"], "has no missing"),
        (["PYTHON:functoin"], "did you mean function?"),
        (["BROKEN:f"], "ZeroDivisionError"),
        (["SYNTAX:f"], "SyntaxError"),
        (["PYTHON:NUMBER"], "can't compile a int"),
        (["PYTHON:Needs"], "Needs() fails: TypeError"),
        (["ZIP"], "error: "),
    ],
)
def test_ts_opt_says_what_is_wrong(
    arguments: list[str], said: str, program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "BINARY": ("b.mlir", b"\x80\x81"),
        "ZIP": ("z.bin", b"PK\x03\x04 no archive"),
        "PYTHON": (
            "good.py",
            b"NUMBER = 3\ndef function(x):\n    return x\nclass Needs:\n    def __init__(self, n): pass\n",
        ),
        "BROKEN": ("broken.py", b"1 / 0\n"),
        "SYNTAX": ("syntax.py", b"def f(:\n"),
    }
    for key, (name, content) in files.items():
        (tmp_path / name).write_bytes(content)
        arguments = [a.replace(key, str(tmp_path / name)) for a in arguments]
    assert ts_opt.main([a.replace("PROGRAM", str(program)) for a in arguments]) == 1
    captured = capsys.readouterr()
    assert said in captured.err and "error" in captured.err.splitlines()[0] and "Traceback" not in captured.err
    assert captured.out == ""


def test_ts_opt_reports_each_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "parts.mlir"
    path.write_text(f"bad\n// -----\n{PROGRAM}// -----\nworse\n")
    assert ts_opt.main([str(path), "--split-input-file"]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("error[TS701]: ") == 2 and f"{path}:8:1" in captured.err and f"{path}:1:1" in captured.err
    assert "@double" in captured.out


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--entry", "other"], "no public function 'other'"),
        ([], "missing value for argument 'x'"),
        (["--input", "[1"], "neither an .npy file nor a Python literal"),
        (["--input", "missing.npy"], "No such file"),
        (["--input", "EMPTY"], "no .npy file"),
        (["--input", "2.5", "--output", "out.npy"], "no array"),
    ],
)
def test_ts_run_says_what_is_wrong(
    arguments: list[str], said: str, program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.npy"
    empty.write_bytes(b"")
    assert ts_run.main([str(program), *[a.replace("EMPTY", str(empty)) for a in arguments]]) == 1
    captured = capsys.readouterr()
    assert said in captured.err and "error" in captured.err.splitlines()[0] and "Traceback" not in captured.err


def test_ts_run_takes_numbers_and_arrays(program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ts_run.main([str(program), "--input", "2.5"]) == 0
    assert capsys.readouterr().out == "5.0\n"
    path = tmp_path / "t.mlir"
    path.write_text("func.func @same(%x: !ts.tensor) -> !ts.tensor {\n  func.return %x : !ts.tensor\n}\n")
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.save(tmp_path / "x.npy", array)
    assert ts_run.main([str(path), "--input", str(tmp_path / "x.npy"), "--output", str(tmp_path / "y.npy")]) == 0
    found = np.load(tmp_path / "y.npy")
    assert found.dtype == np.float32 and np.array_equal(found, array)
