"""Modules whose lists and dicts hold objects of classes in Python, equations in attributes, and names that are no identifiers."""

import io
from typing import Dict, List, Optional

import torch
from torch import nn

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same


class Recipe:
    def __init__(self, axes: List[int], name: Optional[str], sizes: Dict[str, int], factor: int):
        self.axes = axes
        self.name = name
        self.sizes = sizes
        self.factor = factor


class Recipes(nn.Module):
    def __init__(self):
        super().__init__()
        self.by_dim = {1: Recipe([1], "one", {}, 1), 2: Recipe([1, 2], None, {"x": 1}, 2)}
        self.listed = [[Recipe([0], "a", {}, 3)], []]
        self.equation = "...i,ij->...j"
        self.weight = nn.Parameter(torch.arange(6.0).reshape(3, 2))

    def forward(self, x: torch.Tensor, at: int):
        recipe = self.by_dim[x.dim()]
        y = torch.einsum(self.equation, x, self.weight) * recipe.factor
        return y + self.listed[at][0].factor, len(recipe.axes), recipe.name, recipe.sizes


def saved(compiled):
    file = io.BytesIO()
    tsir.save(compiled, file)
    return tsir.load(io.BytesIO(file.getvalue()))


@feature("Modules", "lists and dicts of objects of classes in Python as attributes, by indices and keys of run time")
@feature("Tensors in programs", "equations of einsum that are attributes")
def test_objects_in_containers():
    module = Recipes()
    compiled = tsir.script(module)
    for call in (compiled, saved(compiled)):
        for x in (torch.ones(3), torch.ones(2, 3)):
            assert_same(call(x, 0), module(x, 0))


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleDict({"(0, 1)": nn.Linear(2, 2), "a-b": nn.BatchNorm1d(2), "é": nn.Linear(2, 2)})
        self.rest = nn.Sequential()
        self.rest.add_module("conv1/bn", nn.BatchNorm1d(2))

    def forward(self, x: torch.Tensor):
        for _, part in self.parts.items():
            x = part(x)
        return self.rest(x)


@feature("Modules", "names of submodules that are no identifiers")
def test_names_that_are_no_identifiers():
    module = Named().eval()
    compiled, x = tsir.script(module), torch.arange(6.0).reshape(3, 2)
    for call in (compiled, saved(compiled), tsir.trace(module, (x,))):
        assert_same(call(x), module(x))
    assert list(compiled.state_dict()) == list(module.state_dict())
