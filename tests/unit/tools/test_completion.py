"""Completion scripts: what bash offers where bash is, and that zsh and fish read theirs where they are."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tsir.tools import ts_opt


def _script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert ts_opt.main(["--print-completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    "words, offered",
    [
        (["ts-opt", "--pass-pi"], ["--pass-pipeline"]),
        (["ts-opt", "--ts-cs"], ["--ts-cse"]),
        (["ts-opt", "--weights", "r"], ["resource"]),
        (["ts-opt", "--weights", "=", "a"], ["args"]),
        (["ts-opt", "-p", "ts-inline,ts-symbol"], ["ts-inline,ts-symbol-dce"]),
        (["ts-opt", "--pipeline", "opt"], ["optimize"]),
        (["ts-opt", "mod"], ["model.mlir"]),
    ],
)
def test_bash(words: list[str], offered: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ts.bash").write_text(_script("bash", capsys))
    (tmp_path / "model.mlir").touch()
    line = " ".join(f"'{w}'" for w in words)
    asked = f'. ./ts.bash; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _ts_opt; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == offered


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_read_their_script(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    (tmp_path / "script").write_text(_script(shell, capsys))
    subprocess.run([shell, "-n", str(tmp_path / "script")], check=True)
