"""Names of torch's objects, and rewritten calls compared with what torch's own method gives."""

import pytest
import torch
import torch.nn.functional as F
from torch_interpreter import Interpreter, torch_registry
from xdsl.builder import Builder, InsertPoint
from xdsl.dialects.builtin import UNKNOWN_LOC
from xdsl.ir import Block

from tsir.dialects import dtypes
from tsir.dialects.ts import types as ts
from tsir.dialects.values import Device, Layout, MemoryFormat
from tsir.errors import FrontendError, UnsupportedError
from tsir.frontend.instances import TensorArrays, own_tensors, tensor_to_array
from tsir.frontend.torch_names import (
    emit_call,
    operator_name,
    property_name,
    rewrite,
    rewrite_property,
    torch_constant,
    torch_dtype,
)

REGISTRY = torch_registry()


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (torch.add, "add"), (torch.special.erf, "special_erf"), (torch.linalg.inv, "linalg_inv"), (torch.fft.rfft, "fft_rfft"),
        (F.gelu, "gelu"), (F.linear, "linear"), (torch._VF.lstm, "lstm"), (torch.Tensor.add_, "add_"),
        (torch.Tensor.__add__, "__add__"), (torch.ops.aten.add.Tensor, "add.Tensor"), (torch.ops.aten.relu, "relu"),
        (torch.norm, None), (F.relu, None), (len, None), (torch._C._set_grad_enabled, None), (max, None),
    ],
)  # fmt: skip
def test_operator_name(function, name):
    assert operator_name(function) == name


def test_property_name():
    assert property_name(torch.Tensor.shape.__get__) == "shape"
    assert property_name(torch.Tensor.is_cuda.__get__) == "is_cuda"
    assert property_name(torch.add) is None


def test_constants():
    assert torch_constant(torch.float32) is dtypes.float32 and torch_dtype(dtypes.int64) is torch.int64
    assert torch_constant(torch.device("cuda:1")) == Device("cuda", 1)
    assert torch_constant(torch.strided) == Layout("strided")
    assert torch_constant(torch.channels_last) == MemoryFormat("channels_last")
    with pytest.raises(UnsupportedError, match="bits8"):
        torch_constant(torch.bits8)
    with pytest.raises(TypeError):
        torch_constant(3)


def _run(call, **values):
    return _emit(lambda symbols: call(**symbols), values)


def _emit(make, values):
    kinds = {torch.Tensor: ts.TensorType(), int: ts.INT, float: ts.FLOAT}
    block = Block(arg_types=[kinds[type(v)] for v in values.values()])
    symbols = dict(zip(values, block.args))
    result = emit_call(Builder(InsertPoint.at_end(block)), REGISTRY, make(symbols), UNKNOWN_LOC)
    return Interpreter().run(block, {symbols[k]: v for k, v in values.items()})[result]


UNARY = (
    "float double half bfloat16 long int short char byte bool cfloat cdouble __abs__ __neg__ __pos__ cpu nelement".split()
)
BINARY = """__add__ __radd__ __sub__ __rsub__ __mul__ __truediv__ __rtruediv__ __floordiv__ __rfloordiv__ __mod__ __rmod__ __pow__
__rpow__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __iadd__ __isub__ __imul__ __itruediv__ __contains__""".split()


@pytest.mark.parametrize("name", UNARY)
def test_unary_methods(name):
    x = torch.tensor([1.5, 2.5, 3.0])
    expected = getattr(x, name)()
    got = _run(lambda x: rewrite(name, [x], {}), x=x)
    assert got == expected if isinstance(expected, int) else torch.equal(got, expected) and got.dtype is expected.dtype


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("other", [2, 2.5, torch.tensor([2.0, 1.0, 4.0])])
def test_binary_methods(name, other):
    x = torch.tensor([1.5, 2.5, 3.0])
    if name == "__contains__" and isinstance(other, torch.Tensor):
        pytest.skip("membership of a tensor with several elements")
    expected = getattr(x.clone(), name)(other)
    constant = not isinstance(other, torch.Tensor)
    got = _run(
        lambda x, **o: rewrite(name, [x, other if constant else o["o"]], {}),
        x=x.clone(),
        **({} if constant else {"o": other}),
    )
    assert got == expected if isinstance(expected, bool) else torch.equal(got, expected) and got.dtype is expected.dtype


@pytest.mark.parametrize(
    "name", "__and__ __rand__ __or__ __ror__ __xor__ __lshift__ __rshift__ __rlshift__ __invert__".split()
)
def test_bitwise_methods(name):
    x = torch.tensor([1, 2, 3])
    args = [] if name == "__invert__" else [2]
    assert torch.equal(_run(lambda x: rewrite(name, [x, *args], {}), x=x), getattr(x, name)(*args))


@pytest.mark.parametrize(
    ("args", "kwargs", "key"),
    [
        ((dtypes.float64,), {}, "to.dtype"), ((Device("cpu"),), {}, "to.dtype_layout"), (("cpu",), {}, "to.dtype_layout"),
        ((Device("cpu"), dtypes.int64), {}, "to.dtype_layout"), ((), {"dtype": dtypes.int64}, "to.dtype"),
        ((), {"device": "cpu", "dtype": dtypes.int64}, "to.dtype_layout"), ((dtypes.float64, False, True), {}, "to.dtype"),
        ((), {"memory_format": MemoryFormat("contiguous_format")}, "to.dtype_layout"),
    ],
)  # fmt: skip
def test_to(args, kwargs, key):
    x = torch.tensor([1.5])
    call = rewrite("to", [None, *args], kwargs)
    assert call.name == key
    got = _run(lambda x: rewrite("to", [x, *args], kwargs), x=x)
    dtype = next((torch_dtype(v) for v in (*args, *kwargs.values()) if isinstance(v, dtypes.DType)), x.dtype)
    assert got.dtype is dtype


def test_to_like_another_tensor():
    got = _run(lambda x, y: rewrite("to", [x, y], {}), x=torch.tensor([1.5]), y=torch.tensor([1]))
    assert got.dtype is torch.int64


def test_number_before_tensor():
    x = torch.tensor([1.0, 4.0])
    for name in ("add", "sub", "mul", "div"):
        got = _run(lambda x: rewrite(name, [2, x], {}), x=x)
        torch.testing.assert_close(got, getattr(torch, name)(torch.tensor(2.0), x))


def test_properties():
    x = torch.arange(6.0).view(2, 3)
    assert _run(lambda x: rewrite_property("shape", x), x=x) == [2, 3]
    assert _run(lambda x: rewrite_property("ndim", x), x=x) == 2
    assert torch.equal(_run(lambda x: rewrite_property("mT", x), x=x), x.mT)
    assert rewrite_property("nothing", x) is None


def test_wrong_arguments_of_a_rewritten_method():
    with pytest.raises(FrontendError):
        rewrite("float", [1, 2, 3, 4], {})


def test_arrays_share_memory():
    x = torch.arange(4.0, requires_grad=True)
    array = tensor_to_array(x)
    array[0] = 9
    assert x[0].item() == 9
    half = tensor_to_array(torch.ones(2, dtype=torch.bfloat16))
    assert half.dtype.name == "bfloat16" and half[0] == 1
    assert tensor_to_array(torch.tensor([1j]).conj())[0] == -1j


def test_the_same_tensor_is_the_same_array():
    arrays, x = TensorArrays(), torch.ones(2)
    assert arrays.array(x) is arrays.array(x)
    assert arrays.sources == {id(arrays.array(x)): x}


@pytest.mark.parametrize(
    "tensor", [torch.ones(2).to_sparse(), torch.ones(2, device="meta"), torch.ones(2).to(torch.float8_e4m3fn)]
)
def test_tensors_without_array(tensor):
    with pytest.raises(UnsupportedError, match="aren't supported"):
        tensor_to_array(tensor)


def test_own_tensors():
    norm = torch.nn.BatchNorm1d(2, affine=False)
    assert [(name, role) for name, _, role in own_tensors(norm)] == [
        ("weight", "parameter"), ("bias", "parameter"), ("running_mean", "buffer"), ("running_var", "buffer"),
        ("num_batches_tracked", "buffer"),
    ]  # fmt: skip
