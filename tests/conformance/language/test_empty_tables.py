"""Containers of modules and functions that are empty while the program is compiled, indexed by what only the running program knows."""

from __future__ import annotations

import pytest
import torch

import tsir


class _Table:
    """A table of its own above one of the class."""

    shared = {"relu": torch.relu, "sin": torch.sin}

    def __init__(self) -> None:
        self.own = {}  # pyright: ignore[reportUnknownMemberType]

    def __getitem__(self, key):
        if key in self.own:
            return self.own[key]
        return self.shared[key]


TABLE = _Table()
NOTHING = {}


class _Empty(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList()

    def forward(self, x, name: str, how: int):
        if how == 0:
            return TABLE[name](x)
        if how == 1:
            try:
                return NOTHING[name](x)
            except KeyError:
                return x + 5
        if how == 2:
            return NOTHING[name](x)
        return self.layers[how](x)


def test_nothing_is_in_an_empty_table_of_functions():
    """What is read from it raises when the program comes there, and where nothing comes there it says nothing."""
    module, x = _Empty(), torch.ones(2)
    compiled = tsir.script(module)
    for name, how in (("sin", 0), ("relu", 0), ("sin", 1)):
        torch.testing.assert_close(compiled(x, name, how), module(x, name, how))
    for name, how, error in (("tan", 0, KeyError), ("sin", 2, KeyError), ("sin", 3, IndexError)):
        for call in (module, compiled):
            with pytest.raises(error):
                call(x, name, how)
