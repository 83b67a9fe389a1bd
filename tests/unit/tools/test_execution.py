"""IR that runs as it stands, at every level; what two runs are compared by; inputs of all types."""

from typing import Any

import numpy as np
import pytest
from xdsl.parser import Parser

from tsir.dialects.context import parse_module
from tsir.tools.contexts import tool_context
from tsir.tools.execution import CannotRun, Executable, Outcome, argument_types, difference, runnable
from tsir.tools.pass_manager import Nest, read_passes, run_pipeline
from tsir.tools.random_inputs import Draw

TEXT = """\
func.func @f(%x: !ts.tensor<2x3xf32>, %l: !ts.list<i64>) -> !ts.tensor {
  %0 = ts.aten.relu_(%x) : (!ts.tensor<2x3xf32>) -> !ts.tensor
  %c = arith.constant 7 : i64
  ts.py.list_append(%l, %c) : (!ts.list<i64>, i64) -> ()
  %1 = ts.aten.exp(%0) : (!ts.tensor) -> !ts.tensor
  func.return %1 : !ts.tensor
}
"""


@pytest.mark.parametrize("pipeline", ["", "ts-infer-types", "optimize", "specialize", "linalg"])
def test_each_level_runs_as_it_stands(pipeline: str) -> None:
    context = tool_context()
    module = parse_module(context, TEXT)
    run_pipeline(Nest("builtin.module", tuple(read_passes(pipeline))), context, module)
    x, numbers = np.array([[1, -2, 3], [-4, 5, -6]], np.float32), [1]
    [entry] = runnable(module, None)
    executable = Executable(module, entry.symbol, None)
    for _ in range(2):  # the inputs of a run aren't changed
        outcome = executable.run([x, numbers])
        assert outcome.raised is None
        np.testing.assert_allclose(outcome.result, np.exp(np.maximum(x, 0)), rtol=1e-5)
        np.testing.assert_array_equal(outcome.arguments[0], np.maximum(x, 0))
        assert outcome.arguments[1] == [1, 7] and numbers == [1] and x[0, 1] == -2


def _outcome(result: Any = None, raised: str | None = None, arguments: Any = (), printed: str = "") -> Outcome:
    return Outcome(result, raised, arguments, {}, printed)


NAN = float("nan")


@pytest.mark.parametrize(
    "a, b",
    [
        (1.0, 1.0 + 1e-12),
        (NAN, NAN),
        ([1, (2.0, "x")], [1, (2.0, "x")]),
        (np.array([1.0, NAN, np.inf]), np.array([1.0, NAN, np.inf])),
        (np.float32([1, 2]), np.float32([1, 2.0001])),
        ({"a": np.array([1])}, {"a": np.array([1])}),
        (complex(1, NAN), complex(1, NAN)),
    ],
)
def test_equal(a: Any, b: Any) -> None:
    assert difference(_outcome(a), _outcome(b)) is None


@pytest.mark.parametrize(
    "a, b, what, largest",
    [
        (1.0, 1.1, "the result", None),
        (1, 1.0, "the result", None),
        (True, 1, "the result", None),
        ([1, 2], (1, 2), "the result", None),
        ([1, [2, 3]], [1, [2, 4]], "the result[1][1]", None),
        ({"a": 1}, {"b": 1}, "the result", None),
        (np.array([1, 2]), np.array([1, 4]), "the result", "2 at [1]: 2 and 4"),
        (np.array([1.0, NAN]), np.array([1.0, 0.0]), "the result", "inf at [1]: nan and 0.0"),
        (np.float32([1]), np.float64([1]), "the result", None),
        (np.float32([1]), np.float32([[1]]), "the result", None),
        ((np.float32([1]), np.float32([1])), (np.float32([1]), np.float32([2])), "the result[1]", "1 at [0]: 1.0 and 2.0"),
    ],
)
def test_different(a: Any, b: Any, what: str, largest: str | None) -> None:
    found = difference(_outcome(a), _outcome(b))
    assert found is not None and found.what == what and found.largest == largest


def test_what_else_is_compared() -> None:
    found = difference(_outcome(1), _outcome(raised="ValueError"))
    assert found is not None and (found.before, found.after) == ("1", "raises ValueError")
    assert difference(_outcome(raised="ValueError"), _outcome(raised="ValueError")) is None
    found = difference(_outcome(arguments=[[1]]), _outcome(arguments=[[2]]))
    assert found is not None and found.what == "argument 0 after the call[0]"
    found = difference(_outcome(printed="1\n"), _outcome())
    assert found is not None and found.what == "what is printed"


@pytest.mark.parametrize(
    "text, check",
    [
        ("!ts.tensor<2x?xf16>", lambda v: v.dtype == np.float16 and v.shape == (2, 5)),
        ("!ts.tensor<*xi64>", lambda v: v.dtype == np.int64 and v.shape == (4,)),
        ("!ts.tensor<bf16>", lambda v: v.dtype.name == "bfloat16" and v.shape == ()),
        ("tensor<3xi1>", lambda v: v.dtype == bool),
        ("tensor<2xcomplex<f32>>", lambda v: v.dtype == np.complex64),
        ("tensor<2xindex>", lambda v: v.dtype == np.int64),
        ("i64", lambda v: type(v) is int),
        ("i1", lambda v: type(v) is bool),
        ("f64", lambda v: type(v) is float),
        ("!ts.optional<i64>", lambda v: v is None or type(v) is int),
        ("!ts.list<!ts.tensor<2xf32>>", lambda v: len(v) == 5 and v[0].shape == (2,)),
        ("!ts.tuple<i64, !ts.str>", lambda v: type(v[0]) is int and type(v[1]) is str),
        ("!ts.dict<!ts.str, f64>", lambda v: all(type(k) is str and type(e) is float for k, e in v.items())),
        ("!ts.union<i64, !ts.str>", lambda v: type(v) in (int, str)),
        ("none", lambda v: v is None),
    ],
)
@pytest.mark.parametrize("special", [False, True])
def test_values_are_of_their_types(text: str, check: Any, special: bool) -> None:
    kind = Parser(tool_context(), text).parse_type()
    first, second = (Draw(np.random.default_rng(3), 5, (4,), special).value(kind) for _ in range(2))
    assert check(first) and difference(_outcome(first), _outcome(second)) is None


def test_special_values_are_there() -> None:
    kind = Parser(tool_context(), "tensor<20xf32>").parse_type()
    found = Draw(np.random.default_rng(0), special=True).value(kind)
    assert np.isnan(found).any() and np.isposinf(found).any() and np.isneginf(found).any() and np.isfinite(found).any()


def test_what_cannot_be_run() -> None:
    body = "  %0 = arith.constant 1 : i64\n  func.return %0 : i64\n"
    text = f'ts.class "module" @M {{}}\nfunc.func @f(%self: !ts.class<@M>) -> i64 {{\n{body}}}'
    module = parse_module(tool_context(), text)
    [entry] = runnable(module, None)
    with pytest.raises(CannotRun, match="takes an object"):
        argument_types(module, entry, None)
    with pytest.raises(CannotRun, match="no public function @g any more"):
        Executable(module, "g", None)
    alloc = '"memref.alloc"() <{operandSegmentSizes = array<i32: 0, 0>}> : () -> memref<2xf32>'
    module = parse_module(tool_context(), f"func.func @f() {{\n  {alloc}\n  func.return\n}}")
    with pytest.raises(CannotRun, match="can't be run"):
        Executable(module, "f", None)
