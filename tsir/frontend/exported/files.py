"""`.pt2` files: the zip archives that `torch.export.save` writes. Read without torch; nothing in them is executed.

A file has its programs in `models/<name>.json`, and their tensors as raw bytes of storages. Files of torch up to 2.7 keep tensors
in pickles, which the restricted reader of `torch_archive` takes.
"""

from __future__ import annotations

import io
import json
import math
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import IO, Any

import numpy as np

from tsir.dialects import dtypes
from tsir.dialects.values import Device
from tsir.errors import ArchiveError, UnsupportedError
from tsir.frontend.exported.from_json import DTYPES, read_json
from tsir.frontend.exported.graphs import Exported, State
from tsir.frontend.torch_archive.container import Container, Opening, default_opening
from tsir.frontend.torch_archive.pickles import TensorParts, read_pickle
from tsir.frontend.torch_archive.tensors import TensorReader
from tsir.limits import Limits
from tsir.ops.host_tensors import numpy_dtype

MAX_OLD_BYTES = 1 << 34
"""How long the tensors of a file of torch before 2.8 may be, which are read as a whole."""

_OLD_PROGRAM = "serialized_exported_program.json"
_ROLES = {"parameter": "parameter", "buffer": "buffer", "tensor_constant": "constant", "custom_obj": "constant"}
_DAMAGED = (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, EOFError, NotImplementedError, ValueError, RuntimeError)

Array = np.ndarray[Any, Any]
_States = Callable[[str, str], State]


def _names(source: str | os.PathLike[str] | IO[bytes]) -> list[str]:
    before = None if isinstance(source, str | os.PathLike) else source.tell()
    try:
        with zipfile.ZipFile(source) as archive:
            return archive.namelist()
    except FileNotFoundError:
        raise
    except _DAMAGED:
        return []
    finally:
        if before is not None and not isinstance(source, str | os.PathLike):
            source.seek(before)


def read_file(
    source: str | os.PathLike[str] | IO[bytes], model: str | None = None, opening: Opening | None = None
) -> Exported:
    """The program of a `.pt2` file; `model` names one of several. Raises ArchiveError for what isn't such a file, or damaged."""
    name = str(os.fspath(source)) if isinstance(source, str | os.PathLike) else "<file object>"
    opening = opening or default_opening()
    if _OLD_PROGRAM in _names(source):
        return _old_program(source, name, opening)
    container = Container(source, name, opening)
    try:
        return _program(container, model)
    finally:
        container.close()


def _program(container: Container, wanted: str | None) -> Exported:
    """The program of this name, or the only one."""
    found = [m for m in container.names() if m.startswith("models/") and m.endswith(".json") and m.count("/") == 1]
    programs = [m[len("models/") : -len(".json")] for m in found]
    if not programs:
        raise ArchiveError(f"{container.name} is no .pt2 file: it has no models/*.json")
    if wanted is None:
        if len(programs) > 1 and "model" not in programs:
            raise ArchiveError(f"{container.name} has several programs: {', '.join(programs)}", hint="name one: model=...")
        wanted = "model" if "model" in programs else programs[0]
    if wanted not in programs:
        raise ArchiveError(f"{container.name} has no program {wanted!r}; it has {', '.join(programs)}")
    states: list[_States] = []
    for folder in ("weights", "constants"):
        old = f"data/{folder}/{wanted}.pt"
        if old in container:
            states.append(_pickled(container.read(old, MAX_OLD_BYTES), f"{container.name}: {old}", container.opening))
        else:
            member = f"data/{folder}/{wanted}_{folder}_config.json"
            states.append(_Storages(container, f"data/{folder}/", member))
    content = container.code(f"models/{wanted}.json")
    program = _json(content, f"{container.name}: models/{wanted}.json", container.limits)
    read = read_json(program, _either(states, container.name), container.name)
    return replace(read, check=container.check)


def _either(states: list[_States], name: str) -> _States:
    """The tensors of several sources: the first one that has a path."""

    def state(path: str, role: str) -> State:
        for source in states:
            try:
                return source(path, role)
            except KeyError:
                continue
        raise ArchiveError(f"{name} has no tensor {path!r}")

    return state


def _json(content: bytes, part: str, limits: Limits) -> Any:
    if content.count(b",") + content.count(b"[") + content.count(b"{") > limits.values:
        raise ArchiveError(f"{part} has more than {limits.values} values")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"{part} is no JSON: {error}") from error


class _Storages:
    """The tensors that a file's configuration lists; those of one storage share its memory."""

    def __init__(self, container: Container, folder: str, member: str) -> None:
        self._container = container
        self._name = container.name
        self._folder = folder
        found = _json(container.code(member), f"{container.name}: {member}", container.limits)
        config = found.get("config") if isinstance(found, dict) else None
        if not isinstance(config, dict):
            raise ArchiveError(f"{container.name}: {member} is damaged")
        self._config: Mapping[str, Any] = config
        self._storages: dict[str, Array] = {}
        self._arrays: dict[tuple[Any, ...], Array] = {}

    def __call__(self, path: str, role: str) -> State:
        payload = self._config[path]
        try:
            meta = payload["tensor_meta"]
            if meta is None or role == "custom_obj":
                return State(None, "constant", "custom object")
            if payload["use_pickle"]:
                raise UnsupportedError(f"{path} is an object of a class derived from torch.Tensor, which isn't supported")
            dtype = DTYPES[meta["dtype"]]
            sizes, strides = (tuple(int(s["as_int"]) for s in meta[n]) for n in ("sizes", "strides"))
            offset = int(meta["storage_offset"]["as_int"])
            device = Device(str(meta["device"]["type"]), meta["device"]["index"])
            member = f"{self._folder}{payload['path_name']}"
            if meta["layout"] != 7:
                raise UnsupportedError(f"{path} is a sparse tensor, which isn't supported")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ArchiveError(f"{self._name}: the description of {path!r} is damaged: {error!r}") from error
        self._container.opening.place(str(device))
        key = (member, dtype, sizes, strides, offset)
        if key not in self._arrays:
            self._arrays[key] = self._array(member, dtype, sizes, strides, offset, path)
        return State(self._arrays[key], _ROLES[role])  # type: ignore[arg-type]

    def _array(
        self, member: str, name: str, sizes: tuple[int, ...], strides: tuple[int, ...], offset: int, path: str
    ) -> Array:
        try:
            dtype = numpy_dtype(dtypes.dtype(name))
        except KeyError:
            raise UnsupportedError(f"{path} is of dtype {name}, which isn't supported") from None
        if (
            len(sizes) != len(strides)
            or len(sizes) > self._container.limits.rank
            or any(not 0 <= s < 2**62 for s in (*sizes, *strides, offset))
        ):
            raise ArchiveError(f"{self._name}: {path!r} has impossible sizes")
        if math.prod(sizes) == 0:
            if max(sizes) > 2**31:
                raise ArchiveError(f"{self._name}: {path!r} has sizes {list(sizes)}")
            return np.zeros(sizes, dtype)
        storage = self._storages.get(member)
        if storage is None:
            storage = self._storages[member] = np.frombuffer(self._container.storage(member), np.uint8)
        if math.prod(sizes) * dtype.itemsize > storage.nbytes + self._container.limits.expanded_bytes:
            raise ArchiveError(f"{self._name}: {path!r} of sizes {list(sizes)} is expanded too much")
        last = offset + sum((n - 1) * s for n, s in zip(sizes, strides, strict=True))
        if (last + 1) * dtype.itemsize > storage.nbytes:
            raise ArchiveError(f"{self._name}: {path!r} needs more than the {storage.nbytes} bytes of {member}")
        steps = [s * dtype.itemsize for s in strides]
        made: Array = np.ndarray(sizes, dtype, storage, offset * dtype.itemsize, steps)  # pyright: ignore[reportArgumentType]
        return made if made.flags.aligned else made.copy()


def _old_program(source: str | os.PathLike[str] | IO[bytes], name: str, opening: Opening) -> Exported:
    """The program of a file of torch before 2.8: its JSON, and pickles of its tensors."""
    try:
        with zipfile.ZipFile(source) as archive:
            members = {i.filename: i for i in archive.infolist()}
            if len(members) > opening.limits.members:
                raise ArchiveError(f"{name} has {len(members)} members; at most {opening.limits.members} are read")
            limits = {
                _OLD_PROGRAM: opening.limits.module_bytes,
                "serialized_state_dict.pt": MAX_OLD_BYTES,
                "serialized_constants.pt": MAX_OLD_BYTES,
            }
            for member, limit in limits.items():
                if member in members and members[member].file_size > min(
                    limit, 200 * max(members[member].compress_size, 1024)
                ):
                    raise ArchiveError(f"{name}: {member} has {members[member].file_size} bytes, which is too much")
            parts = {m: archive.read(m) for m in limits if m in members}
    except _DAMAGED as error:
        raise ArchiveError(f"{name} is no intact .pt2 file: {error}") from error
    states = [_pickled(parts[m], f"{name}: {m}", opening) for m in list(limits)[1:] if m in parts]
    return read_json(_json(parts[_OLD_PROGRAM], f"{name}: {_OLD_PROGRAM}", opening.limits), _either(states, name), name)


def _pickled(content: bytes, part: str, opening: Opening) -> _States:
    """The tensors of a dict that torch.save wrote."""
    if not content:
        return _nothing
    container = Container(io.BytesIO(content), part, opening)
    values = read_pickle(container.code("data.pkl"), f"{part}: data.pkl", container.limits)
    if not isinstance(values, dict):
        raise ArchiveError(f"{part} has no dict of tensors")
    reader = TensorReader(container, "data")

    def state(path: str, role: str) -> State:
        value = values[path]
        if not isinstance(value, TensorParts):
            return State(None, "constant", type(value).__name__)
        return State(reader.read(value), _ROLES[role])  # type: ignore[arg-type]

    return state


def _nothing(path: str, role: str) -> State:
    raise KeyError(path)


__all__ = ["read_file"]
