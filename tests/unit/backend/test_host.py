"""What generated code calls for host operations: truth, rows, objects, exceptions, run-time type tests."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tsir.backend.numpy import host as rt
from tsir.dialects import dtypes
from tsir.dialects.values import CPU, EnumMember, Instance, named_tuple_class


@pytest.mark.parametrize(
    "tensor", [torch.zeros(()), torch.ones(1, 1), torch.tensor([float("nan")]), torch.zeros(2), torch.zeros(0)]
)
def test_truth_of_tensors_is_torchs(tensor):
    try:
        expected = bool(tensor)
    except RuntimeError as error:
        with pytest.raises(RuntimeError) as caught:
            rt.truth(tensor.numpy())
        assert str(caught.value) == str(error)
    else:
        assert rt.truth(tensor.numpy()) is expected


def test_truth_of_other_values():
    assert [rt.truth(v) for v in (0, 2, 0.0, "", "a", [], [0], None, {})] == [
        bool(v) for v in (0, 2, 0.0, "", "a", [], [0], None, {})
    ]


def test_rows_are_views():
    x = np.arange(3.0)
    first, *_ = rt.rows(x)
    first += 5
    assert x[0] == 5 and type(first) is np.ndarray
    with pytest.raises(TypeError, match="iteration over a 0-d tensor"):
        rt.rows(np.array(1.0))


def test_copied_keeps_the_order_of_strides():
    x = np.arange(6.0).reshape(2, 3).T
    y = rt.copied(x)
    assert y.strides == x.strides and not np.shares_memory(x, y)


def test_exceptions_are_pythons_own_where_python_has_them():
    assert rt.exception_class("ValueError") is ValueError
    for name in ("KeyboardInterrupt", "SystemExit", "GeneratorExit", "BaseException", "eval", "object"):
        made = rt.exception_class(name)
        assert made.__bases__ == (Exception,) and made.__name__ == name


def test_made_exceptions_have_their_chain_and_are_made_once():
    base = rt.exception_class("my.Error", ValueError)
    derived = rt.exception_class("my.Derived", base)
    assert rt.exception_class("my.Derived", base) is derived and issubclass(derived, ValueError)
    assert (derived.__name__, derived.__module__) == ("Derived", "my")
    assert str(rt.exception_instance(derived, "text %s")) == "text %s"
    assert rt.exception_instance(KeyError, "k").args == ("k",)


def test_new_objects_miss_attributes_as_python_objects_do():
    value = rt.new("pkg.C")
    with pytest.raises(AttributeError, match="'C' object has no attribute 'n'"):
        value.attributes["n"]
    value.attributes["n"] = 3
    assert value.attributes["n"] == 3 and isinstance(value, Instance) and value.class_name == "pkg.C"
    assert rt.attribute_of(value, "n") == 3
    assert rt.attribute_of(EnumMember("E", "A", 7), "value") == 7
    for wrong in (value, EnumMember("E", "A", 7), None, 3):
        with pytest.raises(AttributeError, match="has no attribute 'zz'"):
            rt.attribute_of(wrong, "zz")


def test_class_of_and_missing_attributes():
    assert (rt.class_of(Instance("B")), rt.class_of(EnumMember("E", "A", 1)), rt.class_of(3)) == ("B", "E", None)
    for value, name in ((Instance("m.C"), "C"), (None, "NoneType"), (np.ones(1), "Tensor"), (3, "int")):
        assert str(rt.no_attribute(value, "f")) == f"'{name}' object has no attribute 'f'"


Point = named_tuple_class("Point", ("x", "y"))
VALUES = [
    None, True, 3, 2.5, 1j, "s", dtypes.float32, CPU, [], [1], ["a"], {}, {"a": 1}, {1: "a"}, set(), {1}, (), (1, "a"), Point(1, 2.0),
    np.ones((2, 3), "f"), np.ones(2, "i8"), Instance("A"), Instance("B"), EnumMember("E", "X", 1),
]  # fmt: skip
TESTS = {
    "any": (rt.is_any, VALUES),
    "nothing": (rt.nothing, []),
    "none": (rt.is_none, [None]),
    "int": (rt.is_int, [3]),
    "bool": (rt.is_bool, [True]),
    "float": (rt.is_float, [2.5]),
    "complex": (rt.is_complex, [1j]),
    "number": (rt.is_number, [True, 3, 2.5, 1j]),
    "str": (rt.is_str, ["s"]),
    "dtype": (rt.is_dtype, [dtypes.float32]),
    "device": (rt.is_device, [CPU]),
    "optional int": (rt.any_of(rt.is_int, rt.is_none), [None, 3]),
    "list int": (rt.list_of(rt.is_int), [[], [1]]),
    "dict str int": (rt.dict_of(rt.is_str, rt.is_int), [{}, {"a": 1}]),
    "set int": (rt.set_of(rt.is_int), [set(), {1}]),
    "tuple int str": (rt.tuple_of(rt.is_int, rt.is_str), [(1, "a")]),
    "empty tuple": (rt.tuple_of(), [()]),
    "point": (rt.named_tuple_of("Point", ("x", "y"), rt.is_int, rt.is_float), [Point(1, 2.0)]),
    "A or B": (rt.instance_of(frozenset("AB")), [VALUES[-3], VALUES[-2]]),
    "enum": (rt.instance_of(frozenset("E")), [VALUES[-1]]),
    "tensor": (rt.tensor_of(), [VALUES[-5], VALUES[-4]]),
    "f32": (rt.tensor_of("float32"), [VALUES[-5]]),
    "?x3": (rt.tensor_of(None, (None, 3)), [VALUES[-5]]),
    "f32 2x2": (rt.tensor_of("float32", (2, 2)), []),
}


@pytest.mark.parametrize("name", TESTS)
def test_type_tests(name):
    test, expected = TESTS[name]
    found = [v for v in VALUES if test(v)]
    assert list(map(id, found)) == list(map(id, expected)) or list(map(repr, found)) == list(map(repr, expected))


def test_every_name_for_generated_code_is_there():
    assert all(hasattr(rt, name) for name in rt.__all__)
    assert ast.parse(Path(rt.__file__).read_text())


def test_importing_it_imports_neither_xdsl_nor_torch():
    code = "import sys, tsir.backend.numpy.host; print(sorted({'xdsl', 'torch', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
