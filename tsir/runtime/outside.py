"""What a call's arguments and an object's changing attributes share with weights, which compiled code takes for memory of its own.

Functions that write tensors from outside (`passes/outside.py`) are looked at before they run: a weight that an argument or an
attribute is a view of makes another specialisation; and after: what was computed of weights that they have written is computed anew.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import numpy as np

from tsir.dialects.sharing import bounds
from tsir.dialects.values import Instance

Array = np.ndarray[Any, Any]


class Spans:
    """Where arrays lie in memory, to be asked which of them another one overlaps."""

    def __init__(self, arrays: Iterable[Array]) -> None:
        self._spans = sorted((*bounds(a), i) for i, a in enumerate(arrays) if a.size)
        self._starts = [low for low, _, _ in self._spans]
        self._longest = max((high - low for low, high, _ in self._spans), default=0)

    def met(self, array: Array) -> Iterator[int]:
        """The positions of the arrays that overlap this one."""
        if self._spans and array.size:
            low, high = bounds(array)
            at = bisect_left(self._starts, high) - 1
            while at >= 0 and self._starts[at] > low - self._longest:
                if self._spans[at][1] > low:
                    yield self._spans[at][2]
                at -= 1


class ChangingAttributes:
    """The attributes of some names in an object and its submodules, and the arrays in them at any time."""

    def __init__(self, root: Instance | None, names: Sequence[str]) -> None:
        self._places = [(m.attributes, n) for m in _modules(root) for n in names if n in m.attributes]

    def arrays(self) -> list[Array]:
        """The arrays in these attributes, in containers and in objects there."""
        return arrays_in([attributes[name] for attributes, name in self._places]) if self._places else []


def _modules(root: Instance | None) -> list[Instance]:
    found: dict[int, Instance] = {}
    todo = [root]
    while todo:
        module = todo.pop()
        if module is not None and id(module) not in found:
            found[id(module)] = module
            todo += [v for v in module.attributes.values() if _is_module(v)]
    return list(found.values())


def _is_module(value: Any) -> bool:
    return isinstance(value, Instance) and "training" in value.attributes


def arrays_in(values: Iterable[Any]) -> list[Array]:
    """The arrays among values, in containers, and in objects that are no modules."""
    found: list[Array] = []
    seen: set[int] = set()
    todo = list(values)
    while todo:
        value = todo.pop()
        if isinstance(value, np.ndarray):
            found.append(cast(Array, value))
        elif isinstance(value, list | tuple | dict | Instance) and id(cast(object, value)) not in seen:
            seen.add(id(cast(object, value)))
            if isinstance(value, Instance):
                todo += [] if _is_module(value) else value.attributes.values()
            else:
                todo += cast("dict[Any, Any]", value).values() if isinstance(value, dict) else cast("list[Any]", value)
    return found
