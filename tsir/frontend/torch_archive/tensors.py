"""The tensors of a torch archive: views of storages, which are members of the archive."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.errors import ArchiveError, UnsupportedError
from tsir.frontend.torch_archive.container import Container
from tsir.frontend.torch_archive.pickles import Storage, TensorParts
from tsir.ops.host_tensors import numpy_dtype

Array = np.ndarray[Any, Any]

_DTYPES: dict[str, DType] = {
    "DoubleStorage": dtypes.float64, "FloatStorage": dtypes.float32, "HalfStorage": dtypes.float16,
    "BFloat16Storage": dtypes.bfloat16, "LongStorage": dtypes.int64, "IntStorage": dtypes.int32, "ShortStorage": dtypes.int16,
    "CharStorage": dtypes.int8, "ByteStorage": dtypes.uint8, "BoolStorage": dtypes.bool_,
    "ComplexDoubleStorage": dtypes.complex128, "ComplexFloatStorage": dtypes.complex64,
}  # fmt: skip

_LARGEST_EMPTY = 2**31
"""The largest size of a tensor without elements."""


class TensorReader:
    """The arrays of an archive's tensors: those of one storage share its memory, one description is one array."""

    def __init__(self, container: Container, folder: str) -> None:
        self._container = container
        self._limits = container.limits
        self._folder = folder
        self._storages: dict[str, tuple[str, Array]] = {}
        self._arrays: dict[int, tuple[TensorParts, Array]] = {}
        self._byte_order = ">" if "byteorder" in container and container.code("byteorder").strip() == b"big" else "<"

    def read(self, parts: TensorParts) -> Array:
        """The array of a tensor. Raises ArchiveError for one that isn't inside its storage, UnsupportedError for its dtype."""
        known = self._arrays.get(id(parts))
        if known is not None:
            return known[1]
        if len(parts.sizes) > self._limits.rank:
            raise ArchiveError(
                f"{self._container.name}: a tensor has {len(parts.sizes)} dimensions; at most {self._limits.rank} are read"
            )
        storage = self._storage(parts.storage)
        item = storage.itemsize
        empty = any(n == 0 for n in parts.sizes)
        last = parts.offset + sum((n - 1) * s for n, s in zip(parts.sizes, parts.strides, strict=True))
        if not empty and math.prod(parts.sizes) > storage.size + self._limits.expanded_bytes // item:
            raise ArchiveError(f"{self._container.name}: a tensor of sizes {list(parts.sizes)} is expanded too much")
        if not empty and last >= storage.size:
            raise ArchiveError(
                f"{self._container.name}: a tensor of sizes {list(parts.sizes)} lies outside storage {parts.storage.key[:50]}"
            )
        if empty:
            if any(n > _LARGEST_EMPTY for n in parts.sizes):
                raise ArchiveError(f"{self._container.name}: a tensor has sizes {list(parts.sizes)}")
            array = np.zeros(parts.sizes, storage.dtype)
        else:
            strides = [s * item for s in parts.strides]
            array = np.ndarray(parts.sizes, storage.dtype, storage, parts.offset * item, strides)  # pyright: ignore[reportArgumentType]
        self._arrays[id(parts)] = parts, array
        return array

    def _storage(self, storage: Storage) -> Array:
        dtype = _DTYPES.get(storage.kind)
        if dtype is None:
            what = "quantised tensors" if storage.kind.startswith("Q") else f"tensors in a {storage.kind}"
            raise UnsupportedError(f"{self._container.name} has {what}, which tsir doesn't compute with")
        known = self._storages.get(storage.key)
        if known is not None:
            if known[0] != storage.kind or known[1].size < storage.numel:
                raise ArchiveError(f"{self._container.name}: storage {storage.key[:50]} is described in two ways")
            return known[1]
        self._container.opening.place(storage.device)
        member = f"{self._folder}/{storage.key}"
        content = self._container.storage(member)
        kind = numpy_dtype(dtype)
        if len(content) < storage.numel * kind.itemsize:
            raise ArchiveError(
                f"{self._container.name}: {member[:100]} has {len(content)} bytes, not those of {storage.numel} {dtype.name}"
            )
        array = np.frombuffer(content, kind, storage.numel)
        if self._byte_order == ">" and kind.itemsize > 1:
            array = array.byteswap() if dtype not in _HALVES else _swapped_halves(array)
        if not array.flags.aligned:
            array = array.copy()
        self._storages[storage.key] = storage.kind, array
        return array


_HALVES = (dtypes.complex64, dtypes.complex128, dtypes.bfloat16)


def _swapped_halves(array: Array) -> Array:
    """Complex numbers are two floats, and bfloat16 isn't NumPy's own: swapped as what they consist of."""
    part = {8: np.float32, 16: np.float64, 2: np.uint16}[array.itemsize]
    return array.view(part).byteswap().view(array.dtype)
