"""Archives of older versions: their operators mean what they meant then, as torch.jit.load has it."""

import io
import zipfile
from pathlib import Path
from typing import Any, Callable, List

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.archive.torchscript.comparing import outcome, same, saved
from tsir.frontend.torch_archive.upgraders import NEWEST, UPGRADERS


def changed(content: bytes, version: int | str, edit: Callable[[str], str] = str) -> bytes:
    """An archive with another version, its code edited."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("/version"):
                data = f"{version}\n".encode()
            if name.endswith(".py"):
                data = edit(data.decode()).encode()
            if not name.endswith(".debug_pkl"):
                new.writestr(name, data)
    return out.getvalue()


def division(x: Tensor, y: Tensor, n: int, s: float) -> List[Tensor]:
    return [torch.div(x, y), torch.div(x, n), x / s, torch.div(x, y, rounding_mode="floor")]


def in_place(x: Tensor, y: Tensor, n: int, s: float) -> Tensor:
    z = x.clone()
    z /= y
    z /= n
    return z


def made(x: Tensor, y: Tensor, n: int, s: float) -> List[Tensor]:
    return [torch.full([2, 2], n), torch.full([2], s), torch.full([2], n, dtype=torch.int32), torch.full([1], True)]


def steps(x: Tensor, y: Tensor, n: int, s: float) -> List[Tensor]:
    return [torch.linspace(0, s, 5), torch.logspace(0, 1, 3), torch.logspace(0.0, s, n, 2.0), torch.linspace(n, 2 * n, n)]


def smooth(x: Tensor, y: Tensor, n: int, s: float) -> Tensor:
    return torch.nn.functional.gelu(x / 3.0)


INTS = (torch.tensor([7, -7]), torch.tensor([2, 2]), 3, 2.5)
FLOATS = (torch.tensor([7.0, -7.0]), torch.tensor([2.0, 2.0]), 3, 2.5)


@pytest.mark.parametrize("function", [division, in_place, made, steps, smooth], ids=lambda f: f.__name__)
def test_each_version(function: Any) -> None:
    content = saved(torch.jit.script(function))
    for version in (1, 3, 4, 7, 8, NEWEST):
        older = changed(content, version)
        theirs, ours = torch.jit.load(io.BytesIO(older)), tsir.load(older)
        for arguments in (INTS, FLOATS):
            expected, found = outcome(theirs, arguments), outcome(ours, arguments)
            assert expected[0] == found[0], (version, expected, found)
            if expected[0] == "value":
                same(expected[1], found[1], f"version {version}")


def test_steps_that_are_left_out() -> None:
    content = changed(
        saved(torch.jit.script(steps)), 7, lambda code: code.replace("(0, s, 5)", "(0, s)").replace("(0, 1, 3)", "(0, 1)")
    )
    same(torch.jit.load(io.BytesIO(content))(*INTS), tsir.load(content)(*INTS))


def test_convolutions_as_torch_traced_them_before_1_7() -> None:
    x = torch.randn(1, 2, 5, 5)
    torch.manual_seed(0)
    content = saved(torch.jit.trace(nn.Conv2d(2, 3, 3), x))
    older = changed(content, 3, lambda code: code.replace(", False, False, True, True)", ", False, False, True)"))
    assert older != changed(content, 3)
    same(torch.jit.load(io.BytesIO(older))(x), tsir.load(older)(x))


def test_every_upgrader_compiles() -> None:
    """Each function of each upgrader is of serialised code that this version reads."""
    from tsir.frontend.torch_archive import upgraders
    from tsir.frontend.torch_archive.sources import parse

    names = [name for u in UPGRADERS for name in u.functions]
    assert sorted(parse("upgraders", upgraders.CODE).definitions) == sorted(names)


@pytest.mark.parametrize(("version", "words"), [(11, "version 11; this tsir reads"), ("x", "no version"), (0, "no version")])
def test_unknown_versions_are_refused(version: Any, words: str) -> None:
    with pytest.raises(tsir.TsirError, match=words):
        tsir.load(changed(saved(torch.jit.script(smooth)), version))


def test_other_files_of_torchs(tmp_path: Path) -> None:
    linear = torch.jit.script(nn.Linear(2, 2))
    linear._save_for_lite_interpreter(str(tmp_path / "code.ptl"))
    x = torch.ones(1, 2)
    same(linear(x), tsir.load(tmp_path / "code.ptl")(x))
    (tmp_path / "flat.ptl").write_bytes(linear._save_to_buffer_for_lite_interpreter(_use_flatbuffer=True))
    with pytest.raises(tsir.TsirError, match="bytecode for mobile devices alone, as a flatbuffer"):
        tsir.load(tmp_path / "flat.ptl")
    torch.save(linear.state_dict(), tmp_path / "weights.pt")
    with pytest.raises(tsir.TsirError, match=r"written by torch\.save"):
        tsir.load(tmp_path / "weights.pt")
