"""`specialize`: what it asks of the run time, and what it leaves as it was."""

import numpy as np
import pytest
import torch
from xdsl.dialects.builtin import DYNAMIC_INDEX, StringAttr
from xdsl.dialects.builtin import TensorType as BuiltinTensorType

import tsir
from tsir.dialects import dtypes
from tsir.dialects.context import make_context, parse_module, print_module
from tsir.dialects.ts.types import TensorType
from tsir.dialects.values import Instance
from tsir.errors import PassError
from tsir.lowering.pipelines import PIPELINES, inlined, pipeline, specialize
from tsir.ops import python
from tsir.ops.registry import SCHEMAS
from tsir.passes.structure import find_function

TEXT = """
ts.class "module" @M {
  ts.attribute "submodule" "a" : !ts.class<@Linear>
  ts.attribute "submodule" "b" : !ts.class<@Linear>
  ts.attribute "attribute" "scale" : f64
  ts.attribute "attribute" "calls" : i64
}
ts.class "module" @Linear {
  ts.attribute "parameter" "weight" : !ts.tensor
}
func.func @M.forward(%self : !ts.class<@M>, %x : !ts.tensor) -> !ts.tensor {
  %one = arith.constant 1 : i64
  %a = ts.getattr %self["a"] : !ts.class<@M> -> !ts.class<@Linear>
  %b = ts.getattr %self["b"] : !ts.class<@M> -> !ts.class<@Linear>
  %s = ts.getattr %self["scale"] : !ts.class<@M> -> f64
  %0 = func.call @Linear.forward(%a, %x) : (!ts.class<@Linear>, !ts.tensor) -> !ts.tensor
  %1 = func.call @Linear.forward(%b, %0) : (!ts.class<@Linear>, !ts.tensor) -> !ts.tensor
  %2 = ts.aten.mul.Scalar(%1, %s) : (!ts.tensor, f64) -> !ts.tensor
  func.return %2 : !ts.tensor
}
func.func @Linear.forward(%self : !ts.class<@Linear>, %x : !ts.tensor) -> !ts.tensor {
  %w = ts.getattr %self["weight"] : !ts.class<@Linear> -> !ts.tensor
  %0 = ts.aten.mm(%x, %w) : (!ts.tensor, !ts.tensor) -> !ts.tensor
  func.return %0 : !ts.tensor
}
func.func @M.count(%self : !ts.class<@M>) -> i64 {
  %n = ts.getattr %self["calls"] : !ts.class<@M> -> i64
  func.return %n : i64
}
func.func @M.step(%self : !ts.class<@M>) {
  %n = ts.getattr %self["calls"] : !ts.class<@M> -> i64
  %one = arith.constant 1 : i64
  %m = ts.py.add(%n, %one) : (i64, i64) -> i64
  ts.setattr %self["calls"] = %m : !ts.class<@M>, i64
  func.return
}
"""


@pytest.fixture
def module():
    return parse_module(make_context(SCHEMAS.get, lambda n: python.lookup(n) is not None), TEXT)


def instance(shared=False):
    first = Instance("Linear", {"weight": np.ones((3, 3), np.float32)})
    second = first if shared else Instance("Linear", {"weight": np.ones((3, 3), np.float32)})
    return Instance("M", {"a": first, "b": second, "scale": 0.5, "calls": 0})


def test_weights_are_arguments_in_the_order_of_the_program(module):
    before = print_module(module)
    found = specialize(module, "M.forward", [TensorType(dtypes.float32, [2, 3])], instance())
    found.module.verify()
    assert found.weights == ["a.weight", "b.weight"]
    function = find_function(found.module, found.symbol)
    assert [a.type.get_shape() for a in function.args] == [(2, 3), (3, 3), (3, 3)]
    assert [d.data.get("ts.weight") for d in function.arg_attrs] == [None, StringAttr("a.weight"), StringAttr("b.weight")]
    assert "ts." not in print_module(found.module).replace("ts.weight", "")
    *lines, last = found.explain().splitlines()
    assert last == "0 operators run by dispatch" and lines[-1] == "3 operations in linalg"
    assert print_module(module) == before


def test_a_shared_submodule_is_one_weight(module):
    found = specialize(module, "M.forward", [TensorType(dtypes.float32, [2, 3])], instance(shared=True))
    assert found.weights == ["a.weight"]


def test_dynamic_dimensions_stay_dynamic(module):
    found = specialize(module, "M.forward", [TensorType(dtypes.float32, [None, 3])], instance())
    found.module.verify()
    (result,) = find_function(found.module, found.symbol).function_type.outputs
    assert isinstance(result, BuiltinTensorType) and result.get_shape() == (DYNAMIC_INDEX, 3)


def test_an_attribute_that_another_method_sets_is_read_at_run_time(module):
    found = specialize(module, "M.count", [], instance())
    assert "ts.getattr" in print_module(found.module)
    assert len(find_function(found.module, found.symbol).args) == 1


def test_without_lowering_it_is_ts(module):
    found = specialize(module, "M.forward", [TensorType(dtypes.float32, [2, 3])], instance(), lower=False)
    assert "ts.aten.mm" in print_module(found.module)
    assert "linalg" not in print_module(found.module)


def test_what_cannot_be_lowered_is_explained(module):
    found = specialize(module, "M.forward", [TensorType()], instance())
    assert found.explain().splitlines()[-1] == "3 operators run by dispatch"
    assert "aten::mm runs by dispatch: nothing is known about the argument 'self'" in found.explain()


def test_inlined(module):
    text = str(inlined(module, "M.forward"))
    assert "func.call" not in text and text.count("ts.aten.mm") == 2


def test_pipelines_name_passes():
    assert all(pipeline(name) for name in PIPELINES)
    with pytest.raises(PassError, match="no pipeline 'nothing'"):
        pipeline("nothing")


def test_an_unknown_function_is_named(module):
    with pytest.raises(PassError, match="no function @nothing"):
        specialize(module, "nothing", [])


def test_lines_that_were_lowered_are_explained():
    def f(x: torch.Tensor) -> torch.Tensor:
        y = torch.softmax(x @ x, 1)
        return torch.linalg.svd(y)[1]

    first, second, *more = tsir.script(f).explain(torch.ones(3, 3)).splitlines()
    assert first.endswith("lowered to linalg.generic") and "lowered to 5 linalg.generic, 2 tensor.expand_shape" in second
    assert more[0].endswith("aten::_linalg_svd runs by dispatch: _linalg_svd is a host operator")
    assert more[1:] == ["8 operations in linalg", "1 operators run by dispatch"]
