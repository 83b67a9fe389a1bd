"""Slices and `...` where a container of the running program holds them, and indexing with a list or tuple of such values.

A slice that is used where it is made is a value of the frontend alone (`values.Slice`); `run_time_slices.py` says when it becomes an
object of the class here. All of this is written in the scripted language and compiled with the program.
"""

from __future__ import annotations

from types import EllipsisType
from typing import List, Optional, Tuple  # noqa: UP035

import torch
from torch import Tensor

from tsir.dialects.values import IN_PYTHON

# pyright: reportMissingParameterType=false, reportUnknownMemberType=false


class Slice:
    """Python's `slice`."""

    def __init__(self, start: Optional[int], stop: Optional[int], step: Optional[int]) -> None:  # noqa: UP045
        self.start = start
        self.stop = stop
        self.step = step

    def __eq__(self, other: Slice) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.start == other.start and self.stop == other.stop and self.step == other.step

    def __repr__(self) -> str:
        return f"slice({self.start}, {self.stop}, {self.step})"


class Rest:
    """Python's `...`."""

    def __init__(self) -> None:
        self.name = "Ellipsis"

    def __repr__(self) -> str:
        return self.name


setattr(Slice, IN_PYTHON, slice)
setattr(Rest, IN_PYTHON, staticmethod(lambda name: Ellipsis))

OBJECTS_OF_INDICES: dict[type, type] = {slice: Slice, EllipsisType: Rest}
"""The classes here that stand for Python's."""


def step_of(step: Optional[int]) -> int:  # noqa: UP045
    """The step of a slice of a tensor, which is 1 where none is given."""
    if step is None:
        return 1
    if step == 0:
        raise ValueError("slice step cannot be zero")
    if step < 0:
        raise ValueError("step must be greater than zero")
    return step


def viewed_by_indices(x: Tensor, items) -> Tuple[Tensor, List[Optional[Tensor]]]:  # noqa: UP006, UP045
    """What slices, ints, None and `...` make of a tensor, and the tensors left to index that with."""
    taken = 0
    for item in items:
        if isinstance(item, Tensor):
            taken += item.dim() if item.dtype == torch.bool else 1
        elif isinstance(item, (int, Slice)):
            taken += 1
    if taken > x.dim():
        raise IndexError(f"too many indices for tensor of dimension {x.dim()}")
    rest = x.dim() - taken
    view = torch.ops.aten.alias(x)
    tensors: List[Optional[Tensor]] = []  # noqa: UP006, UP045
    at = 0
    for item in items:
        if item is None:
            view = view.unsqueeze(at)
            tensors.append(None)
            at += 1
        elif isinstance(item, Slice):
            view = torch.ops.aten.slice(view, at, item.start, item.stop, step_of(item.step))
            tensors.append(None)
            at += 1
        elif isinstance(item, int):
            view = view.select(at, item)
        elif isinstance(item, Rest):
            for _ in range(rest):
                tensors.append(None)
            at += rest
        else:
            tensors.append(item)
            at += item.dim() if item.dtype == torch.bool else 1
    while len(tensors) > 0 and tensors[-1] is None:
        tensors.pop()
    return view, tensors


def item_by_indices(x: Tensor, items) -> Tensor:
    """`x[items]`."""
    view, tensors = viewed_by_indices(x, items)
    if len(tensors) > 0:
        return torch.ops.aten.index(view, tensors)
    return view


def set_item_by_indices(x: Tensor, items, value) -> None:
    """`x[items] = value`."""
    view, tensors = viewed_by_indices(x, items)
    if len(tensors) > 0:
        view.index_put_(tensors, torch.as_tensor(value).to(view))
    else:
        view[...] = value
