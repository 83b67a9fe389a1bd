"""Keys of calls, and types read from their text."""

import numpy as np
import pytest

from tsir.dialects.context import make_context
from tsir.dialects.ts.types import TYPES, DictType, ListType, NamedTupleType, OptionalType, StrType, TensorType, TupleType
from tsir.errors import IRError
from tsir.runtime.keys import differing_dims, generalise, key_of, rank_key, refined_type, show
from tsir.runtime.type_text import parse_type_text


@pytest.mark.parametrize(
    "text",
    [
        "i64",
        "!ts.tensor",
        "!ts.tensor<2x?xf32>",
        "!ts.tensor<*xcomplex<f32>>",
        "!ts.list<!ts.optional<!ts.tensor>>",
        '!ts.named_tuple<"Point", "x" : i64, "y" : !ts.tuple<i64, !ts.str>>',
        '!ts.class<@"a.b.C">',
        "!ts.dict<!ts.str, complex<f64>>",
        "!ts.union<i64, !ts.str, none>",
        "!ts.tuple<>",
        "(i64, f64) -> i1",
    ],
)
def test_type_text_is_read_as_the_parser_of_ir_reads_it(text: str) -> None:
    from xdsl.parser import Parser

    parsed = parse_type_text(text)
    attribute = Parser(make_context(lambda key: None), text).parse_type()
    name = attribute.name.removeprefix("ts.")
    assert name in (parsed.kind, "integer_type", "builtin.function") or parsed.kind in ("i64", "function")
    if isinstance(attribute, tuple(t for t in TYPES if t in (ListType, DictType, TupleType, NamedTupleType, OptionalType))):
        count = {ListType: 1, OptionalType: 1, DictType: 2}.get(type(attribute))
        assert len(parsed.arguments) == (len(attribute.elements) if count is None else count)


@pytest.mark.parametrize("text", ["", "!ts.list<", "!ts.list<i64", "i64 i64", "!ts.list<" * 200, "(i64"])
def test_wrong_type_text(text: str) -> None:
    with pytest.raises(IRError):
        parse_type_text(text)


def test_keys_tell_shapes_apart_and_generalise() -> None:
    tensor = parse_type_text("!ts.tensor")
    a, b = (key_of(np.zeros(s, np.float32), tensor) for s in ((2, 3, 1), (4, 3, 1)))
    assert a != b and rank_key(a) == rank_key(b)
    dynamic = differing_dims(a, b)
    assert show(generalise(a, dynamic)) == "float32[?, 3, 1]"
    assert generalise(a, dynamic) == generalise(b, dynamic)
    one = key_of(np.zeros((1, 3, 1), np.float32), tensor)
    assert generalise(one, dynamic) == one, "a size of 1 has to stay: broadcasting depends on it"


def test_keys_of_optional_and_tuple() -> None:
    pair = parse_type_text("!ts.tuple<!ts.tensor, !ts.optional<!ts.tensor>>")
    x = np.zeros(3, np.int64)
    none, some = key_of((x, None), pair), key_of((x, x), pair)
    assert none != some
    declared = TupleType([TensorType(), OptionalType(TensorType())])
    assert str(refined_type(none, declared)) == "!ts.tuple<!ts.tensor<3xi64>, none>"
    assert str(refined_type(some, declared)) == "!ts.tuple<!ts.tensor<3xi64>, !ts.tensor<3xi64>>"
    assert refined_type(("v",), ListType(StrType())) == ListType(StrType())
