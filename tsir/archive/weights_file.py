"""The file of weights: safetensors, laid out so that each tensor may be used where it lies in a mapped file.

https://huggingface.co/docs/safetensors: a header of JSON with dtype, shape and offsets by name, then the bytes. The format allows
no gaps, so what aligns a tensor is a tensor of its own, `padding.<n>`.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from tsir.archive.storages import ALIGNMENT as STORAGE_ALIGNMENT
from tsir.archive.zip_writing import ALIGNMENT, Content
from tsir.errors import ArchiveError

Array = np.ndarray[Any, Any]
PADDING = "padding."
_CODES = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "int16": "I16", "int32": "I32", "int64": "I64", "float16": "F16",
    "bfloat16": "BF16", "float32": "F32", "float64": "F64", "complex64": "C64",
}  # fmt: skip
"""safetensors' names of dtypes; complex128 has none and is written as bytes."""


def weights_content(tensors: Sequence[tuple[str, Array]]) -> Content:
    """The file with these tensors, which lie in rows, in this order."""
    header: dict[str, Any] = {"__metadata__": {"format": "tsir"}}
    parts: list[bytes | memoryview] = []
    position = 0
    for name, array in tensors:
        if padding := -position % ALIGNMENT:
            header[f"{PADDING}{len(parts)}"] = {
                "dtype": "U8", "shape": [padding], "data_offsets": [position, position + padding]
            }  # fmt: skip
            parts.append(bytes(padding))
            position += padding
        code = _CODES.get(array.dtype.name)
        header[name] = {
            "dtype": code or "U8",
            "shape": list(array.shape) if code else [array.nbytes],
            "data_offsets": [position, position + array.nbytes],
        }
        parts.append(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        position += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    return [struct.pack("<Q", len(text)) + text, *parts]


class WeightsFile:
    """The tensors of a file of weights, by name. Nothing of their content is read before it is used."""

    def __init__(self, content: memoryview, longest_header: int, file: str) -> None:
        self._content = content
        self._file = file
        self._spans = self._read_header(longest_header)

    def _read_header(self, longest: int) -> dict[str, tuple[int, int]]:
        content = self._content
        if len(content) < 8:
            raise self._damaged("it has no header")
        length = int.from_bytes(content[:8], "little")
        if length > longest:
            raise ArchiveError(f"{self._file} has a header of {length} bytes; at most {longest} are read")
        if 8 + length > len(content):
            raise self._damaged(f"a header of {length} bytes doesn't fit into it")
        header = read_json(bytes(content[8 : 8 + length]), self._file)
        start, spans = 8 + length, dict[str, tuple[int, int]]()
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            offsets: Any = entry.get("data_offsets") if isinstance(entry, dict) else None
            if not isinstance(offsets, list) or len(offsets) != 2 or any(type(o) is not int for o in offsets):
                raise self._damaged(f"tensor {name[:100]!r} has no place")
            spans[name] = (start + offsets[0], start + offsets[1])
        end = start
        for first, last in sorted(spans.values()):
            if first != end or last < first or last > len(content):
                raise self._damaged("tensors overlap, leave gaps or lie outside")
            end = last
        if end != len(content):
            raise self._damaged(f"it has {len(content) - end} bytes that belong to no tensor")
        return spans

    def _damaged(self, why: str) -> ArchiveError:
        return ArchiveError(f"{self._file} is damaged: {why}")

    def storage(self, name: str, alignment: int = STORAGE_ALIGNMENT) -> Array:
        """The bytes of a tensor, copied where they don't lie at a multiple of the alignment. Raises KeyError for an unknown name."""
        first, last = self._spans[name]
        if first == last:
            return np.empty(0, np.uint8)
        found = np.frombuffer(self._content[first:last], np.uint8)
        return found.copy() if found.__array_interface__["data"][0] % alignment or not found.flags.writeable else found

    def tensor(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
        """A tensor of this type, as the manifest gives it. Raises KeyError for an unknown name, ValueError for another size."""
        data = self.storage(name, dtype.alignment)
        count = 1
        for size in shape:
            count *= size
        if any(size < 0 for size in shape) or count * dtype.itemsize != data.nbytes:
            raise ValueError(f"it has {data.nbytes} bytes, not those of {dtype.name} {list(shape)[:20]}")
        if not data.nbytes:
            return np.empty(shape, dtype)
        return data.view(dtype).reshape(shape)


def read_json(content: bytes, file: str) -> dict[str, Any]:
    """A JSON object. Raises ArchiveError for anything else, for names that come twice and for what isn't JSON."""
    try:
        found = json.loads(content, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"{file} is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise ArchiveError(f"{file} is no JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name comes twice in one object")
    return made


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no number")
