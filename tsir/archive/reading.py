"""Reads an archive, trusting nothing in it: every part is checked before it is used, and nothing of it is executed."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from tsir.archive.format import (
    EXTRA_PREFIX,
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    MAX_MANIFEST_BYTES,
    MAX_MEMBERS,
    MAX_MODULE_BYTES,
    MODULE,
    STORAGE_PREFIX,
    WEIGHTS,
)
from tsir.archive.storages import place_of, view
from tsir.archive.values import ValueReader
from tsir.dialects import dtypes
from tsir.dialects.call_forms import CallForm, Variant
from tsir.dialects.program import EntryPoint, OtherForms, Parameter, Program
from tsir.dialects.pytrees import CallTrees
from tsir.dialects.shape_policy import ShapePolicy
from tsir.dialects.values import Instance
from tsir.errors import ArchiveError
from tsir.ops.host_tensors import numpy_dtype
from tsir.source_lines import keep

if TYPE_CHECKING:
    from collections.abc import Callable

    from xdsl.dialects.builtin import ModuleOp


def load(
    source: str | os.PathLike[str] | IO[bytes],
    parse: Callable[[str, str], ModuleOp],
    extra_files: dict[str, Any] | None = None,
) -> Program:
    """Reads a program from a path or a binary file object.

    `parse(text, name)` turns the IR text into a module and is called when the module is first needed. `extra_files` maps names to
    anything; the contents replace the values, as bytes (empty for a file that isn't there), as in `torch.jit.load`.
    Raises ArchiveError, naming the part, for whatever isn't an intact archive of a known version; FileNotFoundError as `open`.
    """
    name = os.fspath(source) if isinstance(source, str | os.PathLike) else "<file object>"
    try:
        with zipfile.ZipFile(source) as archive:
            return _read(archive, str(name), parse, extra_files)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError) as error:
        raise ArchiveError(f"{name} is no intact archive: {error}") from error


def _read(
    archive: zipfile.ZipFile, name: str, parse: Callable[[str, str], ModuleOp], extra_files: dict[str, Any] | None
) -> Program:
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise ArchiveError(f"{name} has {len(infos)} members; at most {MAX_MEMBERS} are read")
    members = {info.filename: info for info in infos}
    if len(members) != len(infos):
        raise ArchiveError(f"{name} has two members of one name")
    if MANIFEST not in members:
        if any(n.endswith(("/data.pkl", "/constants.pkl")) for n in members):
            raise ArchiveError(f"{name} is a torch archive, not one of tsir", hint="tsir.load reads those of torch.jit.save")
        raise ArchiveError(f"{name} is a zip file without {MANIFEST}: not a tsir archive")
    manifest = _manifest(_member(archive, members, MANIFEST, MAX_MANIFEST_BYTES), name)
    checksums = _field(manifest, "sha256", dict, name)
    module_text = _checked(archive, members, MODULE, MAX_MODULE_BYTES, checksums, name)
    weights = _checked(archive, members, WEIGHTS, None, checksums, name)
    for wanted in list(extra_files or {}):
        member = EXTRA_PREFIX + wanted
        if extra_files is not None:
            found = member in members
            extra_files[wanted] = _checked(archive, members, member, None, checksums, name) if found else b""
    values = ValueReader(
        _tensors(weights, _field(manifest, "tensors", list, name), name), _field(manifest, "objects", list, name)
    )
    try:
        root = values.read(manifest.get("root"))
        entry_points = [_entry_point(e, values) for e in _field(manifest, "entry_points", list, name)]
    except (KeyError, TypeError, AttributeError) as error:
        raise ArchiveError(f"{name}: {MANIFEST} is damaged: {error!r}") from error
    try:
        keep(manifest.get("source_lines", {}))
    except ValueError as error:
        raise ArchiveError(f"{name}: {MANIFEST} is damaged: {error}") from error
    if root is not None and not isinstance(root, Instance):
        raise ArchiveError(f"{name}: {MANIFEST} is damaged: the root is no object")
    try:
        text = module_text.decode()
    except UnicodeDecodeError as error:
        raise ArchiveError(f"{name}: {MODULE} is not UTF-8: {error}") from error
    return Program(
        load_module=lambda: parse(text, f"{name}:{MODULE}"),
        entry_points={e.name: e for e in entry_points},
        root=root,
        is_function=manifest.get("is_function") is True,
        content_hash=hashlib.sha256(module_text).hexdigest(),
    )


def _member(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str, limit: int | None) -> bytes:
    info = members.get(name)
    if info is None:
        raise ArchiveError(f"the archive has no {name}")
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        raise ArchiveError(f"{name} is compressed: tsir archives are not")
    if limit is not None and info.file_size > limit:
        raise ArchiveError(f"{name} has {info.file_size} bytes; at most {limit} are read")
    try:
        return archive.read(info)
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError) as error:
        raise ArchiveError(f"{name} can't be read: {error}") from error


def _checked(
    archive: zipfile.ZipFile,
    members: dict[str, zipfile.ZipInfo],
    member: str,
    limit: int | None,
    checksums: dict[str, Any],
    name: str,
) -> bytes:
    content = _member(archive, members, member, limit)
    if checksums.get(member) != hashlib.sha256(content).hexdigest():
        raise ArchiveError(
            f"{name}: {member} doesn't have the checksum that the manifest gives: the file was damaged or changed"
        )
    return content


def _manifest(content: bytes, name: str) -> dict[str, Any]:
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"{name}: {MANIFEST} is no JSON: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ArchiveError(f"{name}: {MANIFEST} is not that of a tsir archive")
    version = manifest.get("format_version")
    if not isinstance(version, int) or version < 1:
        raise ArchiveError(f"{name}: {MANIFEST} has no format version")
    if version > FORMAT_VERSION:
        raise ArchiveError(
            f"{name} has format version {version}, written by {str(manifest.get('producer'))[:60]}; "
            f"this tsir reads up to {FORMAT_VERSION}",
            hint="install a newer tsir",
        )
    return manifest


def _field(manifest: dict[str, Any], field: str, kind: type, name: str) -> Any:
    value = manifest.get(field)
    if not isinstance(value, kind):
        raise ArchiveError(f"{name}: {MANIFEST} is damaged: no {field}")
    return value


def _tensors(content: bytes, descriptions: list[Any], name: str) -> list[np.ndarray[Any, Any]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as load_tensors

    try:
        raw = load_tensors(content)
    except (SafetensorError, ValueError) as error:
        raise ArchiveError(f"{name}: {WEIGHTS} is damaged: {error}") from error
    storages = {n: np.array(data) for n, data in raw.items() if n.startswith(STORAGE_PREFIX)}
    tensors: list[np.ndarray[Any, Any]] = []
    for i, description in enumerate(descriptions):
        try:
            dtype = dtypes.from_numpy(description["dtype"])
            shape = tuple(int(d) for d in description["shape"])
            if (place := place_of(description)) is not None:
                tensors.append(view(storages[f"{STORAGE_PREFIX}{place.storage}"], place, numpy_dtype(dtype), shape))
                continue
            data = raw[str(i)]
        except (KeyError, TypeError, ValueError) as error:
            raise ArchiveError(f"{name}: the description of tensor {i} is damaged: {error!r}") from error
        count = 1
        for d in shape:
            count *= d
        if any(d < 0 for d in shape) or len(shape) > 64 or count * dtype.itemsize != data.nbytes or data.ndim != 1:
            raise ArchiveError(f"{name}: tensor {i} has {data.nbytes} bytes, not those of {dtype.name} {list(shape)}")
        tensors.append(np.ascontiguousarray(data).view(numpy_dtype(dtype)).reshape(shape))
    return tensors


def _entry_point(json_entry: dict[str, Any], values: ValueReader) -> EntryPoint:
    parameters = tuple(
        Parameter(
            name=str(p["name"]),
            type=str(p["type"]),
            has_default="default" in p,
            default=values.read(p.get("default")),
            kwarg_only=bool(p["kwarg_only"]),
            repeat=int(p.get("repeat", 0)),
        )
        for p in json_entry["parameters"]
    )
    return EntryPoint(
        name=str(json_entry["name"]),
        symbol=str(json_entry["symbol"]),
        parameters=parameters,
        result_type=str(json_entry["result_type"]),
        takes_self=bool(json_entry["takes_self"]),
        doc=json_entry.get("doc"),
        others=_other_forms(json_entry.get("other_forms"), values),
        shapes=None if json_entry.get("shapes") is None else ShapePolicy.from_json(json_entry["shapes"]),
        trees=None if json_entry.get("trees") is None else CallTrees.from_json(json_entry["trees"]),
    )


def _other_forms(json_forms: dict[str, Any] | None, values: ValueReader) -> OtherForms | None:
    if json_forms is None:
        return None
    return OtherForms(
        bool(json_forms["keywords"]),
        bool(json_forms["varargs"]),
        frozenset(map(str, json_forms["present"])),
        frozenset(map(str, json_forms.get("bare", ()))),
        [
            Variant(
                CallForm(tuple(map(str, v["names"])), tuple(values.read(v["forms"])), tuple(values.read(v["rest"]))),
                _entry_point(v["entry"], values),
                tuple(map(int, v["states"])),
            )
            for v in json_forms["variants"]
        ],
    )
