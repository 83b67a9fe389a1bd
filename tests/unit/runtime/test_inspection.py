"""What users of torch.jit ask compiled functions and modules about: names, schemas, methods, attributes and their types."""

import io
from typing import Dict, Final, List, Optional

import pytest
import torch
from torch import Tensor, nn

import tsir
from tsir.errors import OperatorError, OperatorTypeError


class Inner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.other = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x)

    @torch.jit.export
    def scaled(self, x: Tensor, by: int = 2, *, names: Optional[List[str]] = None) -> Tensor:
        return x * by


class Outer(nn.Module):
    limit: Final[int]
    items: List[int]
    scale: Optional[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.inner = Inner()
        self.limit = 3
        self.count = 1
        self.items = [1]
        self.scale = None

    def forward(self, x: Tensor, flag: bool = False) -> Tensor:
        return self.inner(x) * (self.count + self.limit + len(self.items)) + (1.0 if self.scale is None else 2.0)

    @torch.jit.export
    def counted(self) -> Dict[str, int]:
        return {"count": self.count}


def function(x: Tensor, n_1: int = 2, _0: str = "a") -> Tensor:
    n_2 = n_1 * 2
    return x * n_2


def test_names_and_schemas():
    compiled = tsir.script(function)
    assert (compiled.name, compiled.__qualname__, compiled.__module__) == ("function", "function", __name__)
    assert compiled.qualified_name == f"__torch__.{__name__}.function"
    assert str(compiled.schema) == 'function(Tensor x, int n_1=2, str _0="a") -> Tensor'
    assert [a.name for a in compiled.schema.arguments] == ["x", "n_1", "_0"]
    module = tsir.script(Outer())
    assert str(module.forward.schema) == "forward(__torch__.Outer self, Tensor x, bool flag=False) -> Tensor"
    assert [a.type for a in module.forward.schema.arguments] == ["__torch__.Outer", "Tensor", "bool"]
    assert module.counted.schema.returns[0].type == "Dict[str, int]"
    assert str(module.counted.schema) == "counted(__torch__.Outer self) -> Dict(str, int)"
    assert module.counted.name == "counted" and module.counted.owner is module


def test_names_that_end_in_a_number_are_kept_in_archives():
    compiled = tsir.script(function)
    loaded = tsir.load(io.BytesIO(compiled.save_to_buffer()))
    assert "n_2 = n_1 * 2" in compiled.code
    assert loaded.code == compiled.code
    torch.testing.assert_close(loaded(torch.ones(2), n_1=3), torch.full((2,), 6.0))


def test_methods_of_submodules_have_their_defaults():
    module = tsir.script(Outer())
    x = torch.ones(4)
    for inner in (module.inner, tsir.load(io.BytesIO(module.save_to_buffer())).inner):
        torch.testing.assert_close(inner.scaled(x), x * 2)
        torch.testing.assert_close(inner.scaled(x, by=3, names=["a"]), x * 3)
    assert "by: int" in module.inner.scaled.code


def test_what_a_module_prints_and_lists():
    module = tsir.script(Outer())
    assert repr(module).splitlines()[:3] == ["ScriptModule(", "  original_name=Outer", "  (inner): ScriptModule("]
    assert {"forward", "counted", "inner", "count"} <= set(dir(module))
    loaded = tsir.load(io.BytesIO(module.save_to_buffer()))
    assert repr(loaded) == repr(module)


@pytest.mark.parametrize(("name", "value"), [("count", "one"), ("items", ["a"]), ("scale", 3), ("limit", 4)])
def test_attributes_only_take_what_they_are_declared_for(name: str, value: object):
    module = tsir.script(Outer())
    before = getattr(module, name)
    with pytest.raises(OperatorError if name == "limit" else OperatorTypeError, match=name):
        setattr(module, name, value)
    assert getattr(module, name) == before


def test_attributes_that_are_set_count():
    module, x = tsir.script(Outer()), torch.ones(4)
    plain = module(x)
    module.count, module.items, module.scale = 5, [1, 2], torch.ones(1)
    torch.testing.assert_close(module(x) - 2.0, (plain - 1.0) * 2)
    assert module.counted() == {"count": 5}


def test_types_in_schemas_are_spelled_as_torch_jit_spells_them():
    def nested(x: list[dict[str, int | None]], y: tuple[torch.Tensor, float]) -> tuple[list[int], torch.Tensor]:
        return [len(x)], y[0]

    ours, theirs = tsir.script(nested).schema, torch.jit.script(nested).schema
    assert str(ours) == str(theirs) == "nested(Dict(str, int?)[] x, (Tensor, float) y) -> ((int[], Tensor))"
    assert [a.type for a in ours.arguments + ours.returns] == [str(a.type) for a in theirs.arguments + theirs.returns]
