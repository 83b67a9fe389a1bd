"""Generated source kept on disk, so that a saved model's first result needs neither xDSL nor a compilation.

The cache is a folder of the user's own (`TSIR_CACHE_DIR`, else `$XDG_CACHE_HOME/tsir`, else `~/.cache/tsir`; an empty
`TSIR_CACHE_DIR` turns it off). An entry's name is a hash of everything that the source depends on: the program's IR, the
entry point, the key of the call, attribute values, tsir's, NumPy's and Python's version and the CPU. An entry that can't be
read or written is left alone: the program is compiled. Archives never bring entries with them.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tsir.dialects.program import EntryPoint, Program
from tsir.dialects.sharing import lists_of_several, shared_weights
from tsir.dialects.values import Instance
from tsir.ops import autocast
from tsir.ops.promotion import default_dtype
from tsir.runtime.keys import Key
from tsir.version import __version__

if TYPE_CHECKING:
    from tsir.backend.numpy import GeneratedSource

MAX_ENTRY_BYTES = 64 << 20


def directory() -> Path | None:
    """The cache's folder, or None when the cache is off."""
    configured = os.environ.get("TSIR_CACHE_DIR")
    if configured is not None:
        return Path(configured) if configured else None
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "tsir"
    except RuntimeError:  # no home folder: nowhere to keep anything
        return None


def key(
    program: Program, entry: EntryPoint, call_key: tuple[Key, ...], instance: Instance | None, number: int = 0
) -> str | None:
    """The name of the cache entry for such a call, or None when nothing is to be cached.

    Variants for one key that hold for different sizes have a `number` from 1 on.

    Only programs that came from an archive have a content hash; one made in this process would have to be printed first.
    """
    if program.content_hash is None or directory() is None:
        return None
    parts = [program.content_hash, entry.name, entry.symbol, repr(call_key), str(number), __version__, _sources_stamp()]
    parts += [
        np.__version__,
        sys.version,
        platform.machine(),
        repr(_cpu_features()),
        default_dtype().name,
        str(autocast.CURRENT[0]),
    ]
    parts += _attribute_values(instance)
    if instance is not None:
        parts += sorted(instance.given | shared_weights(instance, _tensors(instance)))
        several = lists_of_several(instance)
        parts += sorted(path for path, value in _attributes(instance) if id(value) in several)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _sources_stamp() -> str:
    """Changes when tsir's own code generator does, so that a development checkout never runs stale source.

    What torch's archives mean is part of it: such a program is known by the archive's bytes.
    """
    from tsir.backend import numpy as backend

    folder = Path(str(backend.__file__)).parents[2]
    newest = max(
        (
            p.stat().st_mtime_ns
            for d in ("backend", "ops", "lowering", "passes", "dialects", "frontend/torch_archive")
            for p in (folder / d).rglob("*.py")
        ),
        default=0,
    )
    return str(newest)


def _cpu_features() -> list[str]:
    from numpy._core._multiarray_umath import __cpu_features__  # type: ignore[import-not-found]  # no public name

    return sorted(name for name, present in __cpu_features__.items() if present)


def _attribute_values(instance: Instance | None) -> list[str]:
    found: list[str] = []
    seen: dict[int, int] = {}
    todo: list[tuple[str, Any]] = [("", instance)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, Instance):
            if id(value) in seen:
                found.append(f"{path} is object {seen[id(value)]}")
                continue
            seen[id(value)] = len(seen)
            found.append(f"{path}: {value.class_name}")
            todo.extend((f"{path}.{name}", v) for name, v in value.attributes.items())
        elif isinstance(value, np.ndarray):
            found.append(f"{path} = {value.dtype.name}{value.shape}{value.flags.c_contiguous}")
        elif isinstance(value, list | tuple | dict) and not all(type(v) in _PLAIN for v in _parts(value)):
            # Not by `repr`: what is shared would be written for each of its places, and that may be exponentially often.
            if id(value) in seen:
                found.append(f"{path} is object {seen[id(value)]}")
                continue
            seen[id(value)] = len(seen)
            found.append(f"{path}: {type(value).__name__} {len(value)}")
            todo.extend((f"{path}[{i}]", v) for i, v in enumerate(_parts(value)))
        else:
            found.append(f"{path} = {value!r}")
    return found


_PLAIN = (int, float, str, bool, complex, type(None))


def _parts(value: Any) -> list[Any]:
    """The items of a list or tuple; the keys and values of a dict."""
    return [*value.keys(), *value.values()] if isinstance(value, dict) else list(value)


def _tensors(instance: Instance) -> dict[str, np.ndarray[Any, Any]]:
    return {path: value for path, value in _attributes(instance) if isinstance(value, np.ndarray)}


def _attributes(instance: Instance) -> Iterator[tuple[str, Any]]:
    """The attributes of an object and of the objects in it, with their paths."""
    seen: set[int] = set()
    todo: list[tuple[str, Any]] = [("", instance)]
    while todo:
        path, value = todo.pop()
        yield path, value
        if isinstance(value, Instance) and id(value) not in seen:
            seen.add(id(value))
            todo.extend((f"{path}.{name}" if path else name, v) for name, v in value.attributes.items())


def find(name: str | None) -> GeneratedSource | None:
    """The cached source of that name, or None."""
    folder = directory()
    if name is None or folder is None:
        return None
    path = folder / f"{name}.tsir"
    try:
        if path.stat().st_size > MAX_ENTRY_BYTES:
            return None
        data = path.read_bytes()
    except OSError:  # not there, or not ours to read: compile
        return None
    from tsir.backend.numpy.loading import source_from_bytes

    return source_from_bytes(data)


def store(name: str | None, source: GeneratedSource) -> None:
    """Keeps a source under that name; a folder that can't be written is no error, for the cache is no part of the result."""
    folder = directory()
    if name is None or folder is None:
        return
    from tsir.backend.numpy.loading import source_to_bytes

    data = source_to_bytes(source)
    if len(data) > MAX_ENTRY_BYTES:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, folder / f"{name}.tsir")
    except OSError:
        return
