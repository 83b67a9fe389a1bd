"""Declared and derived operators: schemas against torch's, in-place and `out=` forms, inference, constants, memoisation."""

from __future__ import annotations

import pytest
import torch

from tsir.dialects import dtypes
from tsir.errors import OperatorError, TsirError
from tsir.ops.evaluate import infer
from tsir.ops.registry import SCHEMAS, aten, operator, operators
from tsir.ops.sizes import CannotLower, NeedsConstant, ShapeEnv, SymInt
from tsir.ops.tensor import SymScalar, SymTensor

TORCH = {
    f"{s.name.removeprefix('aten::')}{'.' + s.overload_name if s.overload_name else ''}": s
    for s in torch._C._jit_get_all_schemas()
    if s.name.startswith("aten::")
}


OTHER_MEANING = {"device", "grad", "initial_seed"}
"""Attributes of tensors, and a function without generator, whose names stand for something else among torch's schemas."""


def f32(*shape: int | SymInt) -> SymTensor:
    return SymTensor(dtypes.float32, shape)


def test_schemas_are_torchs() -> None:
    """Every operator that torch has too has torch's arguments, in name, order and default."""
    wrong: list[str] = []
    for op in operators():
        torchs = TORCH.get(op.key)
        if torchs is None or op.key in OTHER_MEANING:
            continue
        names = [a.name for a in torchs.arguments]
        if [a.name for a in op.schema.arguments] != names:
            wrong.append(f"{op.key}: {[a.name for a in op.schema.arguments]} for {names}")
        if len(op.schema.returns) != len(torchs.returns):
            wrong.append(f"{op.key}: {len(op.schema.returns)} results for {len(torchs.returns)}")
        if any(a.has_default for a in op.schema.arguments) and [a.has_default for a in op.schema.arguments] != [
            a.has_default_value() for a in torchs.arguments
        ]:
            wrong.append(f"{op.key}: defaults")
    assert not wrong, "\n".join(wrong)


def test_derived_in_place_forms_are_torchs() -> None:
    derived = [op for op in operators() if op.kind == "inplace" and op.functional is not None]
    assert len(derived) > 80
    unknown = [op.key for op in derived if op.key not in TORCH]
    assert unknown == []


def test_forms_of_one_declaration() -> None:
    relu, relu_, out = operator("exp"), operator("exp_"), operator("exp.out")
    assert relu and relu_ and out
    assert (relu.kind, relu_.kind, out.kind) == ("function", "inplace", "out")
    assert relu_.functional is relu and out.functional is relu
    assert relu.written is None and relu_.written == 0 and out.written == 1
    assert str(relu_.schema) == "exp_(Tensor(a!) self) -> Tensor(a!)"
    assert operator("exp_2") is None
    assert SCHEMAS.get("exp_") is relu_.schema


def test_in_place_keeps_dtype_and_shape() -> None:
    ints = SymTensor(dtypes.int32, (3,))
    (result,) = infer("add_.Tensor", [f32(3), ints, 1])
    assert result.dtype is dtypes.float32
    with pytest.raises(OperatorError, match="result type Float can't be cast to the desired output type Int"):
        infer("add_.Tensor", [ints, f32(3), 1])
    with pytest.raises(OperatorError, match="doesn't match the broadcast shape"):
        infer("add_.Tensor", [f32(3), f32(2, 3), 1])


def test_inference_is_memoised_for_static_types_only() -> None:
    first = infer("exp", [f32(2, 3)])
    assert infer("exp", [f32(2, 3)]) is first
    env = ShapeEnv()
    size = env.atom("s", hint=4)
    (result,) = infer("exp", [f32(size, 3)], env)
    assert result.shape[0] is size


def test_constants_of_other_types_are_other_keys() -> None:
    ints = SymTensor(dtypes.int64, (2,))
    assert infer("add.Scalar", [ints, 1, 1])[0].dtype is dtypes.int64
    assert infer("add.Scalar", [ints, 1.0, 1])[0].dtype is dtypes.float32
    assert infer("add.Scalar", [ints, True, 1])[0].dtype is dtypes.int64
    assert infer("add.Scalar", [ints, SymScalar("float"), 1])[0].dtype is dtypes.float32


def test_what_needs_a_constant_says_which() -> None:
    with pytest.raises(NeedsConstant):
        infer("softmax.int", [f32(2, 3), SymScalar("int"), None])
    assert issubclass(NeedsConstant, CannotLower)


def test_wrong_uses() -> None:
    with pytest.raises(TsirError, match="unknown operator 'no_such'"):
        infer("no_such", [])
    with pytest.raises(TsirError, match="takes 1 arguments, found 2"):
        infer("exp", [f32(2), f32(2)])
    with pytest.raises(TsirError, match="declared twice"):
        aten("exp(Tensor self) -> Tensor")(lambda x: x)


@pytest.mark.parametrize("key", ["view", "transpose.int", "select.int", "slice.Tensor", "unsqueeze", "expand", "permute"])
def test_views_are_declared_by_their_alias(key: str) -> None:
    op = operator(key)
    assert op is not None and op.is_view and op.schema.returns_alias


def test_host_operators_have_their_functions() -> None:
    for op in operators():
        if op.kind == "host":
            assert callable(op.load_host()), op.key
