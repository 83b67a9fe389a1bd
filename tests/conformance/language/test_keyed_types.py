"""Dicts with values of several types, each key with its own: TypedDicts, and displays that stay as they are written."""

from typing import List, Optional, TypedDict

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same

programs = Programs()


class Named(TypedDict):
    name: str
    n: int


class Batch(TypedDict, total=False):
    x: Tensor
    mask: Optional[Tensor]
    ids: List[int]
    scale: float


def repeated(d: Named) -> str:
    return d["name"] * d["n"]


def named(n: int) -> Named:
    return {"name": "z" * n, "n": n}


@feature("Dicts and sets", "TypedDicts with fields of several types: read, assigned, made, passed, returned")
@programs("x", 3)
def made(text: str, n: int):
    d: Named = {"name": text, "n": n}
    d["n"] += 1
    other = Named(name=text, n=n)
    return d["name"] + "!", d["n"] - 1, repeated(d), repeated(other), repeated({"name": "q", "n": 2}), named(n), other


@programs({"name": "a", "n": 2})
def given(d: Named):
    d["n"] = d["n"] + 1
    return d["name"].upper(), [i for i in range(d["n"])], len(d["name"]), d.get("n")


@programs([{"name": "a", "n": 2}, {"name": "bb", "n": 1}])
def several(ds: List[Named]):
    ds.sort(key=lambda d: d["n"])
    total = sum(d["n"] for d in ds)
    return [d["name"] for d in ds], total, {d["name"]: d["n"] for d in ds}, max(ds, key=lambda d: len(d["name"]))["n"]


@programs({"x": torch.ones(2, 3), "mask": None, "ids": [1, 2], "scale": 2.0})
@programs({"x": torch.ones(2, 3), "mask": torch.zeros(2, 3), "ids": [], "scale": 0.5})
def batches(b: Batch):
    y = b["x"] * b["scale"]
    mask = b["mask"]
    if mask is not None:
        y = y + mask
    for i in b["ids"]:
        y = y + i
    b["ids"].append(7)
    return {"y": y, "k": len(b["ids"])}, b["x"].shape[0], bool(b["x"].sum() > 2), "mask" in b, b.get("mask") is None


@feature("Dicts and sets", "dict displays with values of several types, read by constant keys")
@programs(2)
def options(n: int):
    settings = {"lr": 0.5, "steps": n, "name": "adam", "on": True, "sizes": [1.5, 2.5]}
    shown = []
    for key, value in settings.items():
        shown.append(f"{key}={value}")
    total = 0.0
    for i in range(settings["steps"]):
        total += settings["lr"] * settings["sizes"][i]
    if settings["on"]:
        shown.append(settings["name"].upper())
    return shown, total, settings["steps"] + 1, settings


def replace_name(d):
    d["name"] = 3


@programs(2)
def changed(n: int):
    d = {"name": "a", "n": n}
    d["name"] = n
    other = {"name": "b", "n": n}
    replace_name(other)
    return isinstance(d["name"], int), isinstance(other["name"], int), d["n"] + 1


@programs.parametrized()
def test_programs(function, arguments):
    check(function, arguments)


def reads(d: Named) -> int:
    return d["n"] + 1


def test_another_type_raises() -> None:
    with pytest.raises(TypeError, match="the item 'n' isn't int"):
        tsir.script(reads)({"name": "a", "n": "b"})


class Configured(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.config = {"sizes": [1, 2, 3], "name": "a", "scale": 2, "act": None}

    def forward(self, x: Tensor):
        for size in self.config["sizes"]:
            x = x + size
        count = len(self.config["sizes"]) + len(self.config["name"])
        self.config["sizes"].append(4)
        return x * self.config["scale"], self.config["name"].upper(), count, self.config["act"] is None


@feature("Modules", "dicts with values of several types as attributes: an item under a constant key is of its own type")
def test_dicts_of_several_types_as_attributes() -> None:
    eager, scripted = Configured(), tsir.script(Configured())
    for _ in range(2):
        assert_same(scripted(torch.ones(2)), eager(torch.ones(2)))
