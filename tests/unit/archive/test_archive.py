"""Archives: what goes in comes out, the same program gives the same bytes, and nothing damaged or foreign is believed."""

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from tsir.archive import load, save
from tsir.dialects import dtypes
from tsir.dialects.context import make_context, parse_module, print_module
from tsir.dialects.program import EntryPoint, Parameter, Program
from tsir.dialects.values import CPU, EnumMember, Instance, Layout, MemoryFormat, named_tuple_class
from tsir.errors import ArchiveError, IRError

TEXT = """
func.func @M.forward(%self: !ts.class<@M>, %x: i64) -> i64 {
  func.return %x : i64 loc("model.py":3:5)
}
ts.class "module" @M {
  ts.attribute "buffer" "w" : !ts.tensor
  ts.method "forward" = @M.forward
}
"""


def parse(text: str, name: str = "<text>", **_options: Any) -> Any:
    return parse_module(make_context(lambda key: None), text, name)


def program() -> Program:
    shared = np.arange(6, dtype=np.float32).reshape(2, 3)
    point = named_tuple_class("Point", ("x", "y"))
    sub = Instance(
        "S", {"w": shared, "half": np.ones(3, ml_dtypes.bfloat16), "scalar": np.array(2.5), "empty": np.zeros((0, 2))}
    )
    root = Instance(
        "M",
        {
            "w": shared,
            "sub": sub,
            "again": sub,
            "plain": [1, 2.5, True, None, "text", float("inf"), 1 - 2j],
            "nested": {"a": (1, [2]), 3: point(1, "y")},
            "set": {3, 1},
            "dtype": dtypes.bfloat16,
            "device": CPU,
            "layout": Layout("strided"),
            "format": MemoryFormat("channels_last"),
            "color": EnumMember("Color", "RED", 1),
            "transposed": np.arange(6).reshape(2, 3).T,
        },
    )
    entry = EntryPoint("forward", "M.forward", (Parameter("x", "i64", True, 7),), "i64", takes_self=True, doc="About it.")
    return Program(lambda: parse(TEXT), {"forward": entry}, root)


def as_bytes(extra: dict[str, Any] | None = None) -> bytes:
    file = io.BytesIO()
    save(program(), file, extra)
    return file.getvalue()


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(changes: dict[str, bytes | None], compression: int = zipfile.ZIP_STORED) -> bytes:
    """An archive with some members replaced (None: left out) and the checksums as they were."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in {**members(as_bytes()), **changes}.items():
            if content is not None:
                archive.writestr(name, content)
    return file.getvalue()


def with_manifest(**changes: Any) -> bytes:
    manifest = json.loads(members(as_bytes())["manifest.json"])
    manifest.update(changes)
    return rewritten({"manifest.json": json.dumps(manifest).encode()})


def test_round_trip() -> None:
    found = load(io.BytesIO(as_bytes()), parse)
    expected = program()
    assert found.entry_points == expected.entry_points
    assert found.root is not None and expected.root is not None
    attributes = found.root.attributes
    for name, value in expected.root.attributes.items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(attributes[name], value)
            assert attributes[name].dtype == value.dtype
        elif not isinstance(value, Instance):
            assert attributes[name] == value and type(attributes[name]) is type(value), name
    assert attributes["sub"].attributes["w"] is attributes["w"], "a shared tensor is shared no more"
    assert attributes["sub"] is attributes["again"]
    sub = attributes["sub"].attributes
    assert sub["half"].dtype == ml_dtypes.bfloat16 and sub["scalar"].shape == () and sub["empty"].shape == (0, 2)
    assert print_module(found.module, debuginfo=True) == print_module(expected.module, debuginfo=True)


def test_weights_can_be_written_to() -> None:
    found = load(io.BytesIO(as_bytes()), parse)
    assert found.root is not None
    found.root.attributes["w"][0, 0] = 5


def test_same_program_same_bytes() -> None:
    assert as_bytes() == as_bytes()


def test_extra_files(tmp_path: Path) -> None:
    save(program(), tmp_path / "m.pt", {"note.txt": "größe", "raw/data.bin": b"\xff\x00"})
    extra: dict[str, Any] = {"note.txt": "", "raw/data.bin": "", "missing": "anything"}
    load(tmp_path / "m.pt", parse, extra)
    assert extra == {"note.txt": "größe".encode(), "raw/data.bin": b"\xff\x00", "missing": b""}


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\b", ""])
def test_extra_file_names_stay_inside(name: str) -> None:
    with pytest.raises(ArchiveError, match="plain relative path"):
        as_bytes({name: "x"})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no intact archive"),
        (b"PK\x03\x04 and nothing more", "no intact archive"),
        (as_bytes()[:-40], "no intact archive"),
        (rewritten({"manifest.json": None}), "not a tsir archive"),
        (rewritten({"manifest.json": b"{"}), "no JSON"),
        (rewritten({"manifest.json": b"[" * 100_000}), "no JSON"),
        (rewritten({"manifest.json": b"{}"}), "not that of a tsir archive"),
        (with_manifest(entry_points=[], is_function=True), "a function has no entry point"),
        (rewritten({"module.mlir": b"func.func @evil() { func.return }"}), "checksum"),
        (rewritten({"weights.safetensors": b"x"}), "checksum"),
        (rewritten({"weights.safetensors": None}), "no weights.safetensors"),
        (rewritten({}, zipfile.ZIP_DEFLATED), "compressed"),
        (with_manifest(format_version=99), "newer tsir"),
        (with_manifest(format_version="1"), "no format version"),
        (with_manifest(tensors=[]), "no tensor"),
        (with_manifest(tensors=[{"name": "w", "dtype": "float32", "shape": [2**40]}] * 5), "bytes, not those of"),
        (with_manifest(tensors=[{"dtype": "object", "shape": [1]}] * 5), "damaged"),
        (with_manifest(root={"kind": "object", "number": 99}), "no object 99"),
        (with_manifest(root={"kind": "call", "function": "os.system"}), "unknown kind"),
        (with_manifest(root=3), "root is no object"),
        (with_manifest(entry_points=[{"name": "forward"}]), "damaged"),
        (with_manifest(objects=None), "no objects"),
    ],
)
def test_damaged_or_foreign_files_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(ArchiveError, match=message):
        load(io.BytesIO(data), parse)


def test_two_members_of_one_name() -> None:
    file = io.BytesIO(as_bytes())
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning):
        archive.writestr("module.mlir", "func.func @evil() { func.return }")
    with pytest.raises(ArchiveError, match="seek"):
        load(file, parse)
    file.seek(0)
    with pytest.raises(ArchiveError, match="two members"):
        load(file, parse)


def test_wrong_ir_is_found_when_the_module_is_needed() -> None:
    import hashlib

    text = b"func.func @f( {"
    manifest = json.loads(members(as_bytes())["manifest.json"])
    manifest["sha256"]["module.mlir"] = hashlib.sha256(text).hexdigest()
    data = rewritten({"module.mlir": text, "manifest.json": json.dumps(manifest).encode()})
    found = load(io.BytesIO(data), parse)
    with pytest.raises(IRError):
        _ = found.module


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.pt"
    save(program(), path)
    before = path.read_bytes()

    def full_disk(_descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space left"):
        save(program(), path, {"a": "b"})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.pt"]


def test_a_value_that_cannot_be_saved() -> None:
    broken = program()
    assert broken.root is not None
    broken.root.attributes["f"] = open
    with pytest.raises(ArchiveError, match="can't be saved"):
        save(broken, io.BytesIO())
