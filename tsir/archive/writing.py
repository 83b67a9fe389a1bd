"""Writes a program as an archive: atomically, with a checksum for each member, the same bytes for the same program."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from tsir.archive.format import (
    EXTRA_PREFIX,
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    MODULE,
    STORAGE_PREFIX,
    WEIGHTS,
    WITHOUT_SHARING,
)
from tsir.archive.storages import Array, Placed, described, storages_of
from tsir.archive.values import ValueWriter
from tsir.dialects.program import EntryPoint, Program
from tsir.errors import ArchiveError
from tsir.source_lines import collect

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

_EPOCH = (1980, 1, 1, 0, 0, 0)


def save(
    program: Program, target: str | os.PathLike[str] | IO[bytes], extra_files: Mapping[str, str | bytes] | None = None
) -> None:
    """Writes the program to a path or a binary file object.

    A path is replaced in one step after the new file is on disk: a crash leaves the old file. Raises ArchiveError for a value
    that can't be saved or an extra file's name that isn't a plain relative path.
    """
    data = to_bytes(program, extra_files or {})
    if not isinstance(target, str | os.PathLike):
        target.write(data)
        return
    path = Path(target)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    if os.name == "posix":
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def to_bytes(program: Program, extra_files: Mapping[str, str | bytes]) -> bytes:
    """The archive as bytes."""
    from tsir.dialects.context import print_module

    _refuse_python(program.module)
    values = ValueWriter()
    root = None if program.root is None else values.write(program.root)
    entry_points = [_entry_point(e, values) for e in program.entry_points.values()]
    members: dict[str, bytes] = {MODULE: print_module(program.module, debuginfo=True).encode()}
    storages, places = storages_of(values.tensors)
    members[WEIGHTS] = _weights(values.tensors, storages, places)
    for name, content in sorted(extra_files.items()):
        if name.startswith("/") or "\\" in name or ".." in name.split("/") or not name:
            raise ArchiveError(f"an extra file can't be named {name!r}: use a plain relative path")
        members[EXTRA_PREFIX + name] = content.encode() if isinstance(content, str) else bytes(content)
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION if storages or values.shared else WITHOUT_SHARING,
        "producer": f"tsir {_version()}",
        "entry_points": entry_points,
        "root": root,
        **({"is_function": True} if program.is_function else {}),
        "objects": values.objects,
        "tensors": [
            {"dtype": a.dtype.name, "shape": list(a.shape), **described(place)}
            for a, place in zip(values.tensors, places, strict=True)
        ],
        "source_lines": collect(_places(program.module)),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in members.items()},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in {MANIFEST: json.dumps(manifest, indent=1).encode(), **members}.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return buffer.getvalue()


def _entry_point(e: EntryPoint, values: ValueWriter) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": e.name,
        "symbol": e.symbol,
        "takes_self": e.takes_self,
        "result_type": e.result_type,
        "doc": e.doc,
        "parameters": [
            {"name": p.name, "type": p.type, "kwarg_only": p.kwarg_only}
            | ({"default": values.write(p.default)} if p.has_default else {})
            | ({"repeat": p.repeat} if p.repeat else {})
            for p in e.parameters
        ],
    }
    if e.shapes is not None:
        described["shapes"] = e.shapes.to_json()
    if e.trees is not None:
        described["trees"] = e.trees.to_json()
    if e.others is None:
        return described
    return described | {
        "other_forms": {
            "keywords": e.others.keywords,
            "varargs": e.others.varargs,
            "present": sorted(e.others.present),
            "bare": sorted(e.others.bare),
            "variants": [
                {
                    "names": list(v.form.names),
                    "forms": values.write(v.form.forms),
                    "rest": values.write(v.form.rest),
                    "states": list(v.states),
                    "entry": _entry_point(v.entry, values),
                }
                for v in e.others.variants
                if not v.form.names_python_objects
            ],
        }
    }


def _refuse_python(module: ModuleOp) -> None:
    """Raises ArchiveError for a program that calls functions of this process."""
    from tsir.dialects.locations import source_locations

    for op in module.walk():
        if op.name == "ts.call_python":
            name = op.properties["function"].data.partition("#")[0]  # type: ignore[attr-defined]
            found = list(source_locations(op.location))
            if name.startswith("torch.ops."):
                raise ArchiveError(
                    f"{name}() is an operator of another library than torch, which an archive can't hold",
                    location=found[-1] if found else None,
                    hint="write what it does with torch's operators",
                )
            raise ArchiveError(
                f"{name}() is marked with torch.jit.ignore and called here: Python code can't be saved",
                location=found[-1] if found else None,
                hint="mark it with torch.jit.unused if the saved program doesn't call it, or compile it",
            )


def _places(module: ModuleOp) -> Iterator[tuple[str, int]]:
    """The files and lines that the locations in a module name."""
    from tsir.dialects.locations import source_locations

    for op in module.walk():
        arguments = [a for region in op.regions for block in region.blocks for a in block.args]
        for location in (op.location, *(a.location for a in arguments)):
            for place in source_locations(location):
                yield place.file, place.line


def _weights(tensors: list[Array], storages: list[Array], places: Sequence[Placed | None]) -> bytes:
    """Every storage, and every tensor that has its own, as bytes; the manifest holds dtypes, shapes and places."""
    from safetensors.numpy import save as save_tensors

    alone = [(i, a) for i, (a, place) in enumerate(zip(tensors, places, strict=True)) if place is None]
    return save_tensors(
        {
            **{str(i): np.frombuffer(np.asarray(a, order="C").tobytes(), np.uint8) for i, a in alone},
            **{f"{STORAGE_PREFIX}{i}": content for i, content in enumerate(storages)},
        }
    )


def _version() -> str:
    from tsir.version import __version__

    return __version__
