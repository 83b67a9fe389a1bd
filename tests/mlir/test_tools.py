"""ts-opt beside mlir-opt: upstream's passes in a pipeline, and reproducers that either runs for the other."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.mlir.toolchain import tools
from tsir.tools import ts_opt

pytestmark = [pytest.mark.mlir, pytest.mark.skipif(tools() is None, reason="upstream's tools aren't installed")]

TEXT = """\
func.func @f(%x: i32) -> i32 {
  %a = arith.addi %x, %x : i32
  %b = arith.addi %x, %x : i32
  %c = arith.muli %a, %b : i32
  func.return %c : i32
}
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    found = tools()
    assert found is not None
    monkeypatch.setenv("LD_LIBRARY_PATH", found.environment()["LD_LIBRARY_PATH"])
    path = tmp_path / "f.mlir"
    path.write_text(TEXT)
    return str(path)


def _tool() -> str:
    found = tools()
    assert found is not None
    return str(found.binaries / "mlir-opt")


def test_upstreams_passes_in_a_pipeline(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    upstream = f'mlir-opt{{executable="{_tool()}" arguments="--mlir-print-op-generic","--cse"}}'
    assert ts_opt.main([program, "-p", f"func.func({upstream}),ts-dce"]) == 0
    assert capsys.readouterr().out.count("arith.addi") == 1


def test_mlir_opt_runs_our_reproducer(program: str, tmp_path: Path) -> None:
    file = tmp_path / "r.mlir"
    assert ts_opt.main([program, "-p", "func.func(cse),canonicalize", f"--mlir-generate-reproducer={file}"]) == 0
    run = subprocess.run([_tool(), file, "--run-reproducer"], capture_output=True, text=True, env=os.environ)
    assert run.returncode == 0 and run.stdout.count("arith.addi") == 1, run.stderr


def test_we_run_the_reproducer_of_mlir_opt(program: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "r.mlir"
    pipeline = "--pass-pipeline=builtin.module(func.func(cse),any(cse))"
    subprocess.run([_tool(), program, pipeline, f"--mlir-generate-reproducer={file}"], check=True, env=os.environ)
    assert ts_opt.main([str(file), "--run-reproducer"]) == 0
    assert capsys.readouterr().out.count("arith.addi") == 1
