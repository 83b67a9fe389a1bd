"""Sizes that containers hold stay `torch.Size`, as in Python."""

from typing import Any, Dict, List

import pytest
import torch
from torch import Tensor

import tsir
from tests.conformance.language.features import feature


def in_displays(x: Tensor):
    return [x.shape], {"a": x.shape}, (x.shape, x.size()), [x.shape for _ in range(2)], {x.shape: 1}, {x.shape}


def in_grown_containers(x: Tensor):
    a = []
    a.append(x.shape)
    b: Dict[str, List[int]] = {}
    b["k"] = x.size()
    c: List[List[int]] = []
    c.append(x.shape)
    c.insert(0, x[0].shape)
    c[0] = x.size()
    return a, b, c, a[0], a[0][1:], c[0][1], x.shape in a, a == [x.shape], x.view(a[0]).sum(), repr(a), a[0] + x.shape


def of_several(x: Tensor):
    shapes = [t.shape for t in (x, x[:1], x.t())]
    largest = [max([s[i] for s in shapes]) for i in range(2)]
    out = torch.zeros(largest)
    by: Dict[int, Any] = {}
    for i, s in enumerate(shapes):
        by[i] = s
        rows, columns = s
        out[:rows, :columns] += 1
    return shapes, largest, out, by, sorted(shapes), shapes.index(x.t().shape), [x.new_zeros(s) for s in shapes]


def kinds(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {k: kinds(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return (type(value), [kinds(v) for v in value])
    return (type(value), value)


@feature("Tensors in programs", "sizes in lists and dicts stay `torch.Size` (`[x.shape]`)")
@pytest.mark.parametrize("function", [in_displays, in_grown_containers, of_several], ids=lambda f: f.__name__)
def test_sizes_in_containers(function):
    x = torch.ones(2, 3)
    for _ in range(2):
        assert kinds(tsir.script(function)(x)) == kinds(function(x))
