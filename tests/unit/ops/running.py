"""Runs a function over core operations as a compiled program: inference, emission, xDSL's verifier, and an interpreter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import torch
from xdsl.dialects import func
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, FunctionType, ModuleOp
from xdsl.ir import Block, Region

from tests.unit.ops.interpreter import Interpreter
from tsir.backend.numpy import generate, load
from tsir.dialects import dtypes
from tsir.dialects.ts.types import BOOL, FLOAT, INT, TensorType
from tsir.ops.builder import Builder, building, tensor_type
from tsir.ops.sizes import ShapeEnv, SymInt, hint_of
from tsir.ops.tensor import SymScalar, SymTensor


def dtype_of(tensor: torch.Tensor) -> dtypes.DType:
    return dtypes.dtype(str(tensor.dtype))


def to_array(tensor: torch.Tensor) -> np.ndarray:
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.uint16).numpy().view(ml_dtypes.bfloat16)
    return tensor.numpy()


def to_torch(array: np.ndarray) -> torch.Tensor:
    array = np.array(array)
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.uint16)).view(torch.bfloat16)
    return torch.from_numpy(array)


class Compiled:
    """A compiled function: `module`, the environment with its guards, the generated text, and the call."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...], dynamic: tuple[int, ...]) -> None:
        self.env = ShapeEnv()
        block = Block()
        builder = Builder(self.env, block=block)
        symbolic: list[Any] = []
        attributes: list[DictionaryAttr] = []
        for a in arguments:
            if isinstance(a, torch.Tensor):
                dtype = dtype_of(a)
                sizes = [None if d in dynamic else s for d, s in enumerate(a.shape)]
                kind = TensorType(dtype, sizes)
                value = block.insert_arg(
                    tensor_type(dtype, [s if s is not None else self.env.atom("unused") for s in sizes]), len(block.args)
                )
                symbolic.append(builder.tensor(value, dtype, hints=list(a.shape)))
                attributes.append(DictionaryAttr({"ts.type": kind} if dtype is dtypes.uint8 else {}))
            else:
                value = block.insert_arg({bool: BOOL, int: INT, float: FLOAT}[type(a)], len(block.args))
                symbolic.append(builder.number(value))
                attributes.append(DictionaryAttr({}))
        self.arguments = symbolic
        with building(builder):
            results = function(*symbolic)
        self.results = [results] if isinstance(results, SymTensor | SymScalar) else list(results)
        for r in self.results:
            if isinstance(r, SymTensor):
                assert r.ssa.type == tensor_type(r.dtype, r.shape), f"{r} has a value of type {r.ssa.type}"
        values = [r.value for r in self.results]
        types = [v.type for v in values]
        block.add_op(func.ReturnOp(*values))
        symbol = func.FuncOp("f", FunctionType.from_lists([a.type for a in block.args], types), Region(block))
        symbol.arg_attrs = ArrayAttr(attributes)
        symbol.res_attrs = ArrayAttr(
            DictionaryAttr({"ts.type": TensorType(r.dtype, [s if isinstance(s, int) else None for s in r.shape])})
            if isinstance(r, SymTensor) and r.dtype is dtypes.uint8
            else DictionaryAttr({})
            for r in self.results
        )
        self.module = ModuleOp([symbol])
        self.module.verify()
        self.infers_alike(function, symbolic)

    def infers_alike(self, function: Callable[..., Any], symbolic: list[Any]) -> None:
        """Without a block the function gives the same types."""
        with building(Builder(self.env)):
            inferred = function(
                *[SymTensor(s.dtype, s.shape) if isinstance(s, SymTensor) else SymScalar(s.kind) for s in symbolic]
            )
        inferred = [inferred] if isinstance(inferred, SymTensor | SymScalar) else list(inferred)
        for a, b in zip(inferred, self.results, strict=True):
            if isinstance(a, SymTensor):
                assert a.dtype is b.dtype and a.rank == b.rank
                for p, q in zip(a.shape, b.shape, strict=True):
                    depends_on_data = isinstance(p, SymInt) and hint_of(p) is None
                    assert str(p) == str(q) or (depends_on_data and isinstance(q, SymInt)), f"{a} inferred, {b} emitted"
            else:
                assert a.kind == b.kind

    def __call__(self, *arguments: Any) -> Any:
        arrays = [
            to_array(a).view(np.int8) if isinstance(a, torch.Tensor) and a.dtype == torch.uint8
            else to_array(a) if isinstance(a, torch.Tensor)
            else np.asarray(a)
            for a in arguments
        ]  # fmt: skip
        (symbol,) = self.module.body.block.ops
        with np.errstate(all="ignore"):
            found = Interpreter().run(symbol.body.block, arrays)
        converted = [
            to_torch(x.view(np.uint8) if isinstance(r, SymTensor) and r.dtype is dtypes.uint8 else x)
            if isinstance(r, SymTensor)
            else x.item()
            for x, r in zip(found, self.results, strict=True)
        ]
        for one, other in zip(converted, self.by_backend(*arguments), strict=True):
            if isinstance(one, torch.Tensor):
                agree(other, one, rtol=2e-5, atol=2e-5)
        return converted[0] if len(converted) == 1 else tuple(converted)

    def by_backend(self, *arguments: Any) -> list[Any]:
        """What the NumPy backend makes of the same IR, which is to mean the same."""
        loaded = load(generate(self.module, "f"))
        arrays = [to_array(a) if isinstance(a, torch.Tensor) else a for a in arguments]
        with np.errstate(all="ignore"):
            found = loaded.call(loaded.prepare([]), *arrays)
        found = found if isinstance(found, tuple) else (found,)
        return [to_torch(x) if isinstance(x, np.ndarray) else x for x in found]


def run(function: Callable[..., Any], *arguments: Any, dynamic: tuple[int, ...] = ()) -> Any:
    """`function` over core operations, compiled for these arguments (torch tensors, numbers known at run time) and called."""
    return Compiled(function, arguments, dynamic)(*arguments)


def agree(found: Any, expected: Any, *, rtol: float = 2e-6, atol: float = 2e-6) -> None:
    """Values, dtypes and shapes agree."""
    assert found.dtype == expected.dtype, f"{found.dtype} for {expected.dtype}"
    assert found.shape == expected.shape, f"{tuple(found.shape)} for {tuple(expected.shape)}"
    if found.dtype in (torch.float16, torch.bfloat16):
        rtol, atol = (2e-3, 2e-3) if found.dtype == torch.float16 else (1.6e-2, 1e-2)
    torch.testing.assert_close(found, expected, rtol=rtol, atol=atol, equal_nan=True)
