"""Operator schemas: every schema that torch has is read, and printed as it was."""

import re

import pytest
import torch

from tsir.dialects.schema import Schema, SchemaError, SchemaRegistry, parse_schema


def test_parts() -> None:
    schema = parse_schema(
        "sum.dim_IntList(Tensor(a!) self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor(a!)"
    )
    assert (schema.name, schema.overload, schema.key) == ("sum", "dim_IntList", "sum.dim_IntList")
    tensor, dim, keepdim, dtype = schema.arguments
    assert tensor.type.is_write and tensor.type.alias == "a"
    assert dim.type.is_list and dim.type.list_size == 1 and dim.type.optional and not dim.has_default
    assert keepdim.default is False and not keepdim.kwarg_only
    assert dtype.kwarg_only and dtype.has_default and dtype.default is None
    assert schema.mutates and schema.returns_alias


def test_defaults() -> None:
    schema = parse_schema("f(int[2] a=0, float b=1e-05, str c='x,y', int[] d=[1, 2], Tensor?[] e) -> (Tensor, int)")
    a, b, c, d, e = schema.arguments
    assert (a.default, b.default, c.default, d.default) == ((0, 0), 1e-05, "x,y", (1, 2))
    assert e.type.element_optional and not e.type.optional
    assert [r.base for r in schema.returns] == ["Tensor", "int"]


def test_no_results() -> None:
    assert parse_schema("_assert_async(Tensor self) -> ()").returns == ()


@pytest.mark.parametrize(
    "text", ["", "f", "f(Tensor", "f(Tensor x)", "f(Tensor) -> Tensor", "f(3 x) -> Tensor", "(Tensor x) -> Tensor"]
)
def test_malformed(text: str) -> None:
    with pytest.raises(SchemaError):
        parse_schema(text)


def test_torchs_schemas() -> None:
    seen = 0
    for theirs in torch._C._jit_get_all_schemas():
        text = str(theirs)
        if not text.startswith("aten::") or re.search(
            r"\bt\b|t\[\]|Dict|Future|Stream|__torch__|AnyEnum|\.\.\.|\(t\(|tVal|Any\[", text
        ):
            continue  # TorchScript's generic container functions are ts.py's, not ATen's
        schema = parse_schema(text.removeprefix("aten::"))
        assert [a.name for a in schema.arguments] == [a.name for a in theirs.arguments]
        assert [a.kwarg_only for a in schema.arguments] == [a.kwarg_only for a in theirs.arguments]
        assert [a.has_default for a in schema.arguments] == [a.has_default_value() for a in theirs.arguments]
        assert [a.type.is_write for a in schema.arguments] == [
            a.is_out or (a.alias_info is not None and a.alias_info.is_write) for a in theirs.arguments
        ]
        assert len(schema.returns) == len(theirs.returns)
        assert parse_schema(str(schema)) == schema
        seen += 1
    assert seen > 2000


def test_registry_loads_once() -> None:
    loads: list[int] = []

    def loader() -> dict[str, Schema]:
        loads.append(1)
        schemas = [
            parse_schema("add.Tensor(Tensor a, Tensor b) -> Tensor"),
            parse_schema("add.Scalar(Tensor a, Scalar b) -> Tensor"),
        ]
        return {s.key: s for s in schemas}

    registry = SchemaRegistry(loader)
    assert [s.overload for s in registry.overloads("add")] == ["Tensor", "Scalar"]
    assert registry.get("add.Scalar") is not None and registry.get("add") is None and registry.overloads("sub") == []
    assert registry.keys() == ["add.Tensor", "add.Scalar"] and loads == [1]
