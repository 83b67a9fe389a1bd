"""Generated source as a value: what it consists of, its form on disk, and how it becomes a callable. Without xDSL."""

from __future__ import annotations

import hashlib
import io
import json
import linecache
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tsir.backend.numpy.tracebacks import FRAMES, SourceFrame

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Outside:
    """What a function that writes tensors from outside reads and writes beside its weights."""

    reads: tuple[str, ...]
    """The names of the attributes that it reads."""
    writes: tuple[str, ...]
    """The names of those whose tensors it may write."""
    arguments: bool
    """Whether it may write tensors of its arguments."""


@dataclass(frozen=True)
class GeneratedSource:
    """The text of a Python module that the backend generated, with what the text refers to.

    The module has `prepare(weights) -> state` and the function `entry(state, *arguments)`.
    """

    text: str
    entry: str
    weights: tuple[str, ...]
    """The paths (`fc1.weight`) of the arrays that `prepare` takes, in order."""
    takes_self: bool
    """Whether the first argument is the object whose method this is."""
    frames: Mapping[int, tuple[SourceFrame, ...]] = field(default_factory=dict[int, tuple[SourceFrame, ...]])
    """For each line of the text the user's places that it computes, outermost call first."""
    constants: Mapping[str, Array] = field(default_factory=dict[str, Array])
    """The arrays that the text takes from `constants`, by name."""
    provenance: tuple[tuple[int, ...], ...] = ()
    """For each element of `prepare`'s result the indices of the weights that it was made of."""
    written: tuple[int, ...] = ()
    """The indices of the weights that the function writes."""
    shared: tuple[int, ...] = ()
    """The indices of the weights that it takes for memory of other weights, attributes and arguments, too."""
    outside: Outside | None = None
    """None when it writes nothing from outside, its weights aside."""
    spread: tuple[int, ...] = ()
    """The indices of the arguments, lists and dicts, whose content it was made for."""


@dataclass(frozen=True)
class LoadedFunction:
    """A generated module that was executed: `call(state, *arguments)` with `state = prepare(weights)`."""

    source: GeneratedSource
    filename: str
    prepare: Callable[[Sequence[Array]], Any]
    call: Callable[..., Any]
    guards: tuple[Callable[[Sequence[Any]], bool], ...] = ()
    """What must hold for a call's arguments, beside their types, for this function to be the right one."""

    @property
    def frames(self) -> Mapping[int, tuple[SourceFrame, ...]]:
        """As `tracebacks.rewrite` takes them."""
        return self.source.frames


def load(source: GeneratedSource) -> LoadedFunction:
    """Executes the text. Its lines are known to `linecache`, so that debuggers and tracebacks show them."""
    filename = f"<tsir {source.entry} {hashlib.sha256(source.text.encode()).hexdigest()[:12]}>"
    namespace: dict[str, Any] = {
        "__name__": f"tsir.generated.{source.entry}",
        "__tsir__": True,
        FRAMES: source.frames,
        "constants": source.constants,
    }
    exec(compile(source.text, filename, "exec"), namespace)
    linecache.cache[filename] = (len(source.text), None, source.text.splitlines(keepends=True), filename)
    return LoadedFunction(
        source, filename, namespace["prepare"], namespace[source.entry], tuple(namespace.get("guards", ()))
    )


_FORMAT = 5


def source_to_bytes(source: GeneratedSource) -> bytes:
    """The source as bytes for a cache on disk: an npz of the constants and a JSON text. Nothing in it is pickled."""
    meta = {
        "format": _FORMAT,
        "text": source.text,
        "entry": source.entry,
        "weights": source.weights,
        "takes_self": source.takes_self,
        "frames": {line: [list(f) for f in frames] for line, frames in source.frames.items()},
        "dtypes": {name: a.dtype.name for name, a in source.constants.items()},
        "provenance": source.provenance,
        "written": source.written,
        "shared": source.shared,
        "outside": None if source.outside is None else vars(source.outside),
        "spread": source.spread,
    }
    arrays = {f"c_{n}": a.view(np.uint16) if a.dtype.name == "bfloat16" else a for n, a in source.constants.items()}
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def source_from_bytes(data: bytes) -> GeneratedSource | None:
    """The inverse of `source_to_bytes`; None for bytes of another version or damaged ones, which a cache may hold."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            meta = json.loads(bytes(file["meta"]))
            if meta["format"] != _FORMAT:
                return None
            constants = {n: _with_dtype(file[f"c_{n}"], d) for n, d in meta["dtypes"].items()}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    outside = meta["outside"]
    return GeneratedSource(
        meta["text"],
        meta["entry"],
        tuple(meta["weights"]),
        meta["takes_self"],
        {int(line): tuple(SourceFrame(*f) for f in frames) for line, frames in meta["frames"].items()},
        constants,
        tuple(tuple(p) for p in meta["provenance"]),
        tuple(meta["written"]),
        tuple(meta["shared"]),
        Outside(tuple(outside["reads"]), tuple(outside["writes"]), outside["arguments"]) if outside is not None else None,
        tuple(meta["spread"]),
    )


def _with_dtype(array: Array, name: str) -> Array:
    if name != "bfloat16":
        return array
    import ml_dtypes

    return array.view(ml_dtypes.bfloat16)
