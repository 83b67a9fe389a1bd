"""Errors of a loaded program show the source lines, where the source itself isn't there."""

import subprocess
import sys
import zipfile

import pytest

import tsir
from tsir import source_lines

MODEL = """
import torch


def inner(x: torch.Tensor, i: int):
    values = [1, 2]
    return x + values[i]


def outer(x: torch.Tensor):
    return inner(x * 2, 7)
"""
USE = """
import sys, traceback
sys.modules["torch"] = None
import numpy as np
import tsir
try:
    tsir.load(sys.argv[1])(np.ones(3, np.float32))
except IndexError:
    traceback.print_exc()
"""


def test_lines_travel_with_the_archive(tmp_path):
    file, archive = tmp_path / "gone.py", tmp_path / "outer.pt"
    file.write_text(MODEL)
    make = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import gone, tsir; tsir.script(gone.outer).save({str(archive)!r})"
    subprocess.run([sys.executable, "-c", make], check=True)
    file.unlink()
    done = subprocess.run([sys.executable, "-c", USE, str(archive)], capture_output=True, text=True, check=False)
    lines = [line.strip() for line in done.stderr.splitlines() if "^" not in line]
    assert lines[-5:] == [
        f'File "{file}", line 11, in outer',
        "return inner(x * 2, 7)",
        f'File "{file}", line 7, in inner',
        "return x + values[i]",
        "IndexError: list index out of range",
    ]


DAMAGED = [[], {"a.py": []}, {"a.py": {"0": ["x", "f"]}}, {"a.py": {"99999999": ["x", "f"]}}, {"a.py": {"1": "x"}}]


@pytest.mark.parametrize("damaged", DAMAGED)
def test_damaged_lines_are_refused(damaged):
    with pytest.raises(ValueError, match="source line"):
        source_lines.keep(damaged)


def test_a_damaged_manifest_is_an_archive_error(tmp_path):
    def identity(x):
        return x

    good, bad = tmp_path / "good.pt", tmp_path / "bad.pt"
    tsir.script(identity).save(good)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "manifest.json":
                content = content.replace(b'"source_lines": {', b'"source_lines": 3, "other": {')
            target.writestr(name, content)
    with pytest.raises(tsir.TsirError, match="no table of files"):
        tsir.load(bad)
