"""Memory that several of an archive's tensors share, or in which one lies other than in rows: stored once, with strides.

Arrays whose bytes overlap are views of one storage, as far as a program can tell. What isn't seen through two of them, the parts of
torch's storages outside all of the arrays, isn't kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tsir.archive.format import STORAGE_PREFIX

Array = np.ndarray[Any, Any]


ALIGNMENT = 16
"""What addresses of storages are multiples of."""


@dataclass(frozen=True)
class Placed:
    """Where a tensor lies in a storage: both in bytes."""

    storage: str
    offset: int
    strides: tuple[int, ...]


def storages_of(tensors: Sequence[Array]) -> tuple[dict[str, Array], list[Placed | None]]:
    """The storages by name, as bytes, and where in them each tensor is; None for one that is alone and lies in rows."""
    spans = sorted((*np.lib.array_utils.byte_bounds(a), i) for i, a in enumerate(tensors) if a.size)
    spans = [(low - low % ALIGNMENT, high, i) for low, high, i in spans]
    groups: list[tuple[int, int, list[int]]] = []
    for low, high, i in spans:
        if groups and low < groups[-1][1]:
            start, end, members = groups[-1]
            groups[-1] = (start, max(end, high), [*members, i])
        else:
            groups.append((low, high, [i]))
    storages: dict[str, Array] = {}
    places: list[Placed | None] = [None] * len(tensors)
    for low, high, members in groups:
        if len(members) == 1 and tensors[members[0]].flags.c_contiguous:
            continue
        content = np.zeros(high - low, np.uint8)
        for i in members:
            tensor = tensors[i]
            place = places[i] = Placed(
                f"{STORAGE_PREFIX}{len(storages)}", tensor.__array_interface__["data"][0] - low, tensor.strides
            )
            view(content, place, tensor.dtype, tensor.shape)[...] = tensor
        storages[f"{STORAGE_PREFIX}{len(storages)}"] = content
    return storages, places


def view(
    storage: Array, place: Placed, dtype: np.dtype[Any], shape: Sequence[int], most_expanded: int | None = None
) -> Array:
    """The tensor at a place of a storage. Raises ValueError for one that isn't inside it, or isn't aligned there.

    Strides may be 0, so that a tensor is larger than its storage: by at most `most_expanded` bytes, if that is given.
    """
    if most_expanded is not None and math.prod(shape) * dtype.itemsize > storage.size + most_expanded:
        raise ValueError(f"it is expanded to more than {most_expanded} bytes")
    ends = [s * (n - 1) for s, n in zip(place.strides, shape, strict=True)]
    first, last = place.offset + sum(min(0, e) for e in ends), place.offset + sum(max(0, e) for e in ends)
    if any(n < 1 for n in shape) or first < 0 or last + dtype.itemsize > storage.size:
        raise ValueError("a tensor lies outside its storage")
    if any(p % min(dtype.itemsize, ALIGNMENT // 2) for p in (place.offset, *place.strides)):
        raise ValueError("a tensor isn't aligned in its storage")
    return np.ndarray(tuple(shape), dtype, storage, place.offset, place.strides)


def described(place: Placed | None) -> Mapping[str, Any]:
    """What the manifest says of a tensor beside its dtype and shape."""
    return {} if place is None else {"storage": place.storage, "offset": place.offset, "strides": list(place.strides)}


def place_of(description: Mapping[str, Any]) -> Placed | None:
    """What `described` gave; None for a tensor with a storage of its own. Raises ValueError, KeyError, TypeError for anything else."""
    if "storage" not in description:
        return None
    return Placed(str(description["storage"]), int(description["offset"]), tuple(map(int, description["strides"])))
