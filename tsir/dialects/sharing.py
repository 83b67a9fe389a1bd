"""Which weights of an object share memory with something else that the object has: another weight, an element of a list, a view."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import numpy as np

from tsir.dialects.values import Instance

Array = np.ndarray[Any, Any]


def shared_weights(root: Instance, weights: Mapping[str, Array]) -> set[str]:
    """The paths of the weights whose memory can be reached in another way, too. `weights` are arrays by path."""
    names = {id(array): path for path, array in weights.items()}
    spans = [(*bounds(array), path) for path, array in weights.items() if array.size]
    spans += [(*bounds(array), "") for array in _others(root, names) if array.size]
    spans.sort()
    shared: set[str] = set()
    open_spans: list[tuple[int, str]] = []
    for low, high, path in spans:
        open_spans = [(h, p) for h, p in open_spans if h > low]
        if open_spans:
            shared |= {path, *(p for _, p in open_spans)}
        open_spans.append((high, path))
    return shared - {""}


def overlapping(arrays: Iterable[Array]) -> set[int]:
    """The arrays, by `id`, that share memory with another one of them."""
    spans = sorted((*bounds(array), id(array)) for array in arrays if array.size)
    found: set[int] = set()
    end, last = -1, -1
    for low, high, key in spans:
        if low < end:
            found |= {last, key}
        if high > end:
            end, last = high, key
    return found


def _others(root: Instance, names: Mapping[int, str]) -> list[Array]:
    """The arrays of an object and of those in it; of attributes that are weights only those in containers."""
    found: list[Array] = []
    seen: set[int] = set()
    todo: list[tuple[Any, bool]] = [(root, False)]
    while todo:
        value, is_attribute = todo.pop()
        if isinstance(value, np.ndarray):
            array = cast(Array, value)
            if not (is_attribute and id(array) in names):
                found.append(array)
            continue
        if not isinstance(value, Instance | list | tuple | dict) or id(cast(object, value)) in seen:
            continue
        seen.add(id(cast(object, value)))
        if isinstance(value, Instance):
            todo += [(v, True) for v in value.attributes.values()]
        elif isinstance(value, dict):
            todo += [(v, False) for v in cast("dict[Any, Any]", value).values()]
        else:
            todo += [(v, False) for v in cast("list[Any]", value)]
    return found


def lists_of_several(root: Instance) -> set[int]:
    """The lists, by `id`, that an object and what is in it have in several places."""
    found: set[int] = set()
    seen: set[int] = set()
    todo: list[Any] = [root]
    while todo:
        value = todo.pop()
        if not isinstance(value, Instance | list | tuple | dict):
            continue
        if id(cast(object, value)) in seen:
            found |= {id(cast(object, value))} if isinstance(value, list) else set()
            continue
        seen.add(id(cast(object, value)))
        if isinstance(value, Instance):
            todo += value.attributes.values()
        else:
            todo += cast("dict[Any, Any]", value).values() if isinstance(value, dict) else cast("list[Any]", value)
    return found


def bounds(array: Array) -> tuple[int, int]:
    """The addresses of the first byte of an array and behind its last one."""
    low = high = array.__array_interface__["data"][0]
    if array.flags.c_contiguous:
        return low, low + array.nbytes
    for size, stride in zip(array.shape, array.strides, strict=True):
        low, high = low + min(0, stride * (size - 1)), high + max(0, stride * (size - 1))
    return low, high + array.itemsize
