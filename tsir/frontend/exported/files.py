"""`.pt2` files: the zip archives that `torch.export.save` writes. Read without torch; nothing in them is executed or unpickled.

A file has its programs in `models/<name>.json`, and their tensors as raw bytes of storages. Files of torch up to 2.7 keep tensors
in pickles.
"""

from __future__ import annotations

import json
import math
import os
import zipfile
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from tsir.dialects import dtypes
from tsir.errors import ArchiveError, UnsupportedError
from tsir.frontend.exported.from_json import DTYPES, read_json
from tsir.frontend.exported.graphs import Exported, State
from tsir.ops.host_tensors import numpy_dtype

MAX_MEMBERS = 200_000
MAX_JSON_BYTES = 1 << 29
"""How long a program's JSON may be."""

_ROLES = {"parameter": "parameter", "buffer": "buffer", "tensor_constant": "constant", "custom_obj": "constant"}


def is_exported(names: list[str]) -> bool:
    """Whether a zip archive with members of these names is one that torch.export wrote."""
    return any(n.partition("/")[2].startswith("models/") and n.endswith(".json") for n in names) or _OLD_PROGRAM in names


_OLD_PROGRAM = "serialized_exported_program.json"


def read_file(source: str | os.PathLike[str] | IO[bytes], model: str | None = None) -> Exported:
    """The program of a `.pt2` file; `model` names one of several. Raises ArchiveError for what isn't such a file, or damaged."""
    name = os.fspath(source) if isinstance(source, str | os.PathLike) else "<file object>"
    try:
        with zipfile.ZipFile(source) as archive:
            return _File(archive, str(name)).program(model)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError) as error:
        raise ArchiveError(f"{name} is no intact .pt2 file: {error}") from error


class _File:
    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        infos = archive.infolist()
        if len(infos) > MAX_MEMBERS:
            raise ArchiveError(f"{name} has {len(infos)} members; at most {MAX_MEMBERS} are read")
        self._archive = archive
        self._name = name
        self._members = {i.filename: i for i in infos}
        if len(self._members) != len(infos):
            raise ArchiveError(f"{name} has two members of one name")
        self._storages: dict[str, np.ndarray[Any, Any]] = {}
        self._arrays: dict[tuple[Any, ...], np.ndarray[Any, Any]] = {}

    def program(self, wanted: str | None) -> Exported:
        """The program of this name, or the only one."""
        programs: dict[str, str] = {}
        for member in self._members:
            root, _, rest = member.partition("/")
            if rest.startswith("models/") and rest.endswith(".json") and rest.count("/") == 1:
                programs[rest[len("models/") : -len(".json")]] = root
        if not programs:
            what = "a file of torch before 2.8" if _OLD_PROGRAM in self._members else "no .pt2 file"
            hint = "load it with torch.export.load, and save it again" if _OLD_PROGRAM in self._members else None
            raise ArchiveError(f"{self._name} is {what}", hint=hint)
        if wanted is None:
            wanted = "model" if "model" in programs else next(iter(programs))
            if len(programs) > 1 and wanted != "model":
                raise ArchiveError(f"{self._name} has several programs: {', '.join(programs)}", hint="name one: model=...")
        if wanted not in programs:
            raise ArchiveError(f"{self._name} has no program {wanted!r}; it has {', '.join(programs)}")
        root = programs[wanted]
        weights = self._config(f"{root}/data/weights/{wanted}_weights_config.json")
        constants = self._config(f"{root}/data/constants/{wanted}_constants_config.json")

        def state(path: str, role: str) -> State:
            folder, config = ("weights", weights) if path in weights else ("constants", constants)
            return self._state(f"{root}/data/{folder}/", config, path, role)

        return read_json(self._json(f"{root}/models/{wanted}.json"), state, self._name)

    def _bytes(self, member: str, limit: int | None = None) -> bytes:
        info = self._members.get(member)
        if info is None:
            raise ArchiveError(f"{self._name} has no {member}")
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise ArchiveError(f"{self._name}: {member} is compressed: torch doesn't compress")
        if limit is not None and info.file_size > limit:
            raise ArchiveError(f"{self._name}: {member} has {info.file_size} bytes; at most {limit} are read")
        try:
            return self._archive.read(info)
        except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError) as error:
            raise ArchiveError(f"{self._name}: {member} can't be read: {error}") from error

    def _json(self, member: str) -> Any:
        try:
            return json.loads(self._bytes(member, MAX_JSON_BYTES))
        except (ValueError, RecursionError) as error:
            raise ArchiveError(f"{self._name}: {member} is no JSON: {error}") from error

    def _config(self, member: str) -> Mapping[str, Any]:
        found = self._json(member)
        config = found.get("config") if isinstance(found, dict) else None
        if not isinstance(config, dict):
            raise ArchiveError(f"{self._name}: {member} is damaged")
        return config

    def _state(self, folder: str, config: Mapping[str, Any], path: str, role: str) -> State:
        if path not in config:
            raise ArchiveError(f"{self._name} has no tensor {path!r}")
        try:
            payload = config[path]
            meta = payload["tensor_meta"]
            if meta is None or role == "custom_obj":
                return State(None, "constant", "custom object")
            if payload["use_pickle"]:
                raise UnsupportedError(f"{path} is an object of a class derived from torch.Tensor, which isn't supported")
            dtype = DTYPES[meta["dtype"]]
            sizes, strides = (tuple(int(s["as_int"]) for s in meta[n]) for n in ("sizes", "strides"))
            offset = int(meta["storage_offset"]["as_int"])
            member = f"{folder}{payload['path_name']}"
            if not isinstance(meta["layout"], int) or meta["layout"] != 7:
                raise UnsupportedError(f"{path} is a sparse tensor, which isn't supported")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ArchiveError(f"{self._name}: the description of {path!r} is damaged: {error!r}") from error
        key = (member, dtype, sizes, strides, offset)
        if key not in self._arrays:
            self._arrays[key] = self._array(member, dtype, sizes, strides, offset, path)
        return State(self._arrays[key], _ROLES[role])  # type: ignore[arg-type]

    def _array(
        self, member: str, name: str, sizes: tuple[int, ...], strides: tuple[int, ...], offset: int, path: str
    ) -> np.ndarray[Any, Any]:
        try:
            dtype = numpy_dtype(dtypes.dtype(name))
        except KeyError:
            raise UnsupportedError(f"{path} is of dtype {name}, which isn't supported") from None
        if len(sizes) != len(strides) or len(sizes) > 64 or offset < 0 or any(s < 0 for s in (*sizes, *strides)):
            raise ArchiveError(f"{self._name}: {path!r} has impossible sizes")
        if math.prod(sizes) == 0:
            return np.zeros(sizes, dtype)
        storage = self._storages.get(member)
        if storage is None:
            storage = self._storages[member] = np.frombuffer(bytearray(self._bytes(member)), np.uint8)
        last = offset + sum((n - 1) * s for n, s in zip(sizes, strides, strict=True))
        if (last + 1) * dtype.itemsize > storage.nbytes:
            raise ArchiveError(f"{self._name}: {path!r} needs more than the {storage.nbytes} bytes of {member}")
        whole = storage[: storage.nbytes // dtype.itemsize * dtype.itemsize].view(dtype)
        steps = [s * dtype.itemsize for s in strides]
        return np.lib.stride_tricks.as_strided(whole[offset:], sizes, steps, writeable=True)


__all__ = ["is_exported", "read_file"]
