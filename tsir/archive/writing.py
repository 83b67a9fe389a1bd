"""Writes a program as an archive: atomically, with a checksum for each member, the same bytes for the same program."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tsir.archive import operations
from tsir.archive.entry_points import write_entry_point
from tsir.archive.format import EXTRA_PREFIX, FORMAT, FORMAT_VERSION, MANIFEST, MODULE, WEIGHTS
from tsir.archive.storages import described, storages_of
from tsir.archive.values import ValueWriter
from tsir.archive.weights_file import weights_content
from tsir.archive.zip_reading import is_plain
from tsir.archive.zip_writing import Content, write_zip
from tsir.dialects.program import Program
from tsir.errors import ArchiveError
from tsir.limits import Limits
from tsir.ops.versions import DIALECT_VERSION
from tsir.source_lines import collect
from tsir.version import __version__

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp


def save(
    program: Program, target: str | os.PathLike[str] | IO[bytes], extra_files: Mapping[str, str | bytes] | None = None
) -> None:
    """Writes the program to a path or a binary file object, which needn't seek.

    A path is replaced in one step after the new file is on disk: a crash leaves the old file. Raises ArchiveError for a value
    that can't be saved or an extra file's name that isn't a plain relative path.
    """
    members = _members(program, extra_files or {})
    write_file(target, lambda file: write_zip(file, members))


def write_file(target: str | os.PathLike[str] | IO[bytes], write: Callable[[IO[bytes]], None]) -> None:
    """Lets `write` write a whole file: to a path, in one step after it is on disk, or to a binary file object."""
    if not isinstance(target, str | os.PathLike):
        write(target)
        return
    path = Path(target)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
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
    buffer = io.BytesIO()
    write_zip(buffer, _members(program, extra_files))
    return buffer.getvalue()


def _members(program: Program, extra_files: Mapping[str, str | bytes]) -> dict[str, Content]:
    """What the archive has, by name, the manifest first."""
    from tsir.dialects.context import print_module

    _refuse_python(program.module)
    program.check_weights()
    values = ValueWriter()
    root = None if program.root is None else values.write(program.root)
    entry_points = [write_entry_point(e, values) for e in program.entry_points.values()]
    try:
        text = print_module(program.module, debuginfo=True)
    except UnicodeEncodeError as error:
        raise ArchiveError(f"the program has a text that isn't Unicode, which can't be saved: {error}") from None
    members: dict[str, Content] = {MODULE: [text.encode()]}
    storages, places = storages_of(values.tensors)
    alone = [(n, a) for n, a, place in zip(values.names, values.tensors, places, strict=True) if place is None]
    members[WEIGHTS] = weights_content([*alone, *storages.items()])
    for name, content in sorted(extra_files.items()):
        if not is_plain(name):
            raise ArchiveError(f"an extra file can't be named {name!r}: use a plain relative path")
        members[EXTRA_PREFIX + name] = [_encoded(content, name) if isinstance(content, str) else bytes(content)]
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "producer": f"tsir {__version__}",
        "dialect_version": DIALECT_VERSION,
        "is_function": program.is_function,
        "entry_points": entry_points,
        "root": root,
        "objects": values.objects,
        "containers": values.containers,
        "tensors": [
            {"dtype": a.dtype.name, "shape": list(a.shape), **({"name": n} if place is None else described(place))}
            for n, a, place in zip(values.names, values.tensors, places, strict=True)
        ],
        "operations": {name: list(entry) for name, entry in operations.used(program.module).items()},
        "source_lines": collect(_places(program.module)),
        "sha256": {name: _digest(content) for name, content in members.items()},
    }
    manifest_text = json.dumps(manifest, indent=1).encode()
    for name, content, limit in (
        (MANIFEST, [manifest_text], Limits.manifest_bytes),
        (MODULE, members[MODULE], Limits.module_bytes),
    ):
        if (size := sum(map(len, content))) > limit:
            raise ArchiveError(f"{name} would have {size} bytes; at most {limit} are read")
    return {MANIFEST: [manifest_text], **members}


def _encoded(text: str, name: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ArchiveError(f"{name} has a text that isn't Unicode, which can't be saved: {error}") from None


def _digest(content: Content) -> str:
    digest = hashlib.sha256()
    for part in content:
        digest.update(part)
    return digest.hexdigest()


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
