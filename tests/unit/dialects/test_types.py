"""The ts dialect's types: their text, what they refuse, and which agree."""

import pytest
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute
from xdsl.parser import Parser
from xdsl.utils.exceptions import VerifyException

from tsir.dialects import dtypes
from tsir.dialects.context import make_context
from tsir.dialects.schema import parse_schema
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.compatibility import accepts, describe, schema_accepts, value_agrees


def read(text: str) -> Attribute:
    return Parser(make_context(lambda _key: None), text).parse_type()


@pytest.mark.parametrize(
    "text",
    [
        "!ts.tensor", "!ts.tensor<*xf32>", "!ts.tensor<2x?xf32>", "!ts.tensor<f32>", "!ts.tensor<3xnone>", "!ts.tensor<ui8>",
        "!ts.tensor<0x1xcomplex<f64>>", "!ts.str", "!ts.dtype", "!ts.device", "!ts.layout", "!ts.memory_format",
        "!ts.generator", "!ts.number", "!ts.any", "!ts.optional<!ts.list<i64>>", "!ts.union<i64, !ts.str, none>",
        "!ts.list<!ts.tensor>", "!ts.set<i64>", "!ts.dict<!ts.str, !ts.list<!ts.tensor>>", "!ts.tuple<i64, !ts.str>",
        "!ts.tuple<>", '!ts.named_tuple<"P", "x" : i64, "y" : f64>', '!ts.named_tuple<"P">', "!ts.class<@a.b.C>", "!ts.future<i64>",
    ],
)  # fmt: skip
def test_text_reads_back(text: str) -> None:
    assert str(read(text)) == text


def test_tensor_type() -> None:
    found = ts.TensorType(dtypes.float32, [2, None])
    assert found.dtype is dtypes.float32 and found.dims == (2, None) and found.is_ranked
    assert ts.TensorType.from_builtin(found.to_builtin()) == found
    assert not ts.TensorType().is_ranked and ts.TensorType(dtypes.bool_).dims is None
    with pytest.raises(ValueError):
        ts.TensorType(dtypes.float32).to_builtin()
    with pytest.raises(VerifyException):
        ts.TensorType(dtypes.float32, [-3])


def test_optional_and_union_are_canonical() -> None:
    text, number = ts.StrType(), ts.INT
    assert ts.optional_of(ts.optional_of(number)) == ts.OptionalType(number)
    assert ts.optional_of(ts.NONE) == ts.NONE and ts.optional_of(ts.AnyType()) == ts.AnyType()
    assert ts.union_of([number, ts.NONE]) == ts.OptionalType(number)
    assert ts.union_of([number, number]) == number
    assert ts.union_of([ts.OptionalType(number), text]) == ts.UnionType([number, text, ts.NONE])
    assert ts.optional_of(ts.UnionType([number, text])) == ts.UnionType([number, text, ts.NONE])


@pytest.mark.parametrize(
    "expected, found, result",
    [
        ("!ts.any", "i64", True), ("i64", "!ts.any", False), ("!ts.optional<i64>", "none", True),
        ("!ts.optional<i64>", "i64", True), ("i64", "!ts.optional<i64>", False), ("!ts.optional<i64>", "f64", False),
        ("!ts.union<i64, !ts.str, none>", "!ts.optional<!ts.str>", True), ("!ts.optional<i64>", "!ts.union<i64, !ts.str>", False),
        ("!ts.number", "complex<f64>", True), ("!ts.number", "!ts.str", False), ("f64", "i64", False),
        ("!ts.tensor", "!ts.tensor<2xf32>", True), ("!ts.tensor<2xf32>", "!ts.tensor", True),
        ("!ts.tensor<2xf32>", "!ts.tensor<?xf32>", True), ("!ts.tensor<2xf32>", "!ts.tensor<3xf32>", False),
        ("!ts.tensor<*xf32>", "!ts.tensor<2xf64>", False), ("!ts.tensor<2x2xf32>", "!ts.tensor<2xf32>", False),
        ("!ts.list<!ts.tensor>", "!ts.list<!ts.tensor<2xf32>>", True), ("!ts.list<i64>", "!ts.set<i64>", False),
        ("!ts.tuple<i64, f64>", '!ts.named_tuple<"P", "x" : i64, "y" : f64>', True), ("!ts.tuple<i64>", "!ts.tuple<i64, i64>", False),
        ('!ts.named_tuple<"P", "x" : i64>', '!ts.named_tuple<"Q", "x" : i64>', False),
        ("!ts.dict<!ts.str, !ts.any>", "!ts.dict<!ts.str, i64>", True), ("!ts.dict<i64, i64>", "!ts.dict<!ts.str, i64>", False),
    ],
)  # fmt: skip
def test_accepts(expected: str, found: str, result: bool) -> None:
    assert accepts(read(expected), read(found)) is result


def test_classes_are_compared_by_the_caller() -> None:
    a, b = ts.ClassType("A"), ts.ClassType("B")
    assert accepts(ts.ListType(a), ts.ListType(b), lambda found, expected: (found, expected) == (b, a))
    assert not accepts(ts.ListType(a), ts.ListType(b), lambda _found, _expected: False)


def test_uint8_values_are_i8_in_linalg() -> None:
    assert value_agrees(ts.TensorType(dtypes.uint8, [2]), BuiltinTensorType(ts.linalg_element_type(dtypes.uint8), [2]))
    assert not value_agrees(ts.TensorType(dtypes.int16, [2]), BuiltinTensorType(ts.linalg_element_type(dtypes.uint8), [2]))


@pytest.mark.parametrize(
    "argument, accepted, refused, described",
    [
        ("Tensor", ["!ts.tensor", "tensor<2xf32>"], ["!ts.optional<!ts.tensor>", "i64", "none"], "!ts.tensor"),
        ("Tensor?", ["none", "!ts.optional<!ts.tensor>", "!ts.tensor"], ["i64"], "!ts.tensor or none"),
        ("Tensor?[]", ["!ts.list<!ts.optional<!ts.tensor>>", "!ts.list<!ts.tensor>"], ["!ts.list<i64>"],
         "!ts.list<!ts.optional<!ts.tensor>>"),
        ("SymInt[2]?", ["!ts.list<i64>", "none"], ["i64", "!ts.list<f64>"], "!ts.list<i64> or none"),
        ("Scalar", ["i64", "f64", "i1", "!ts.number"], ["!ts.tensor", "none"], "i64 or f64 or i1 or complex<f64> or !ts.number"),
        ("float", ["f64"], ["i64"], "f64"),
        ("ScalarType", ["!ts.dtype"], ["i64"], "!ts.dtype"),
        ("Storage", ["i64", "!ts.any"], [], "any type"),
    ],
)  # fmt: skip
def test_schema_accepts(argument: str, accepted: list[str], refused: list[str], described: str) -> None:
    kind = parse_schema(f"f({argument} x) -> ()").arguments[0].type
    assert all(schema_accepts(kind, read(t)) for t in accepted)
    assert not any(schema_accepts(kind, read(t)) for t in refused)
    assert describe(kind) == described
