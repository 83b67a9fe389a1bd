"""`torch.FloatTensor(...)` and its like: the constructors of tensors of before `torch.tensor`, by sizes or of data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.ts import types as ts
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.operator_calls import is_tensor, torch_call
from tsir.frontend.script.values import Const, Run, StaticTuple, Value


def _legacy(name: str, dtype: DType) -> Callable[[Emitter, Sequence[Value], Mapping[str, Value]], Value]:
    def make(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        if unknown := [k for k in kwargs if k != "device"]:
            e.error(f"torch.{name}() takes no argument '{unknown[0]}'", hint="use torch.tensor()", code="TS402")
        kinds = [e.session.type_of(a) for a in args]
        options = {"dtype": Const(dtype), **kwargs}
        if len(args) == 1 and is_tensor(kinds[0]):
            e.unsupported(f"torch.{name}() of a tensor", hint="use `.clone()` or `.to(dtype)`")
        if len(args) == 1 and not isinstance(kinds[0], type(ts.INT)) and not _is_size(args[0]):
            return torch_call(e, "tensor", args, options)
        sizes = args[0] if len(args) == 1 and _is_size(args[0]) else StaticTuple(tuple(args or [Const(0)]))
        return torch_call(e, "empty", [sizes], options)

    return make


def _is_size(value: Value) -> bool:
    return isinstance(value, Run) and value.tuple_like == "size"


DTYPES: dict[Any, DType] = {
    torch.FloatTensor: dtypes.float32, torch.DoubleTensor: dtypes.float64, torch.HalfTensor: dtypes.float16,
    torch.BFloat16Tensor: dtypes.bfloat16, torch.LongTensor: dtypes.int64, torch.IntTensor: dtypes.int32,
    torch.ShortTensor: dtypes.int16, torch.CharTensor: dtypes.int8, torch.ByteTensor: dtypes.uint8,
    torch.BoolTensor: dtypes.bool_,
}  # fmt: skip
"""The dtype of the tensors that are instances of these classes, by which alone torch tells them apart."""


LEGACY: dict[Any, Callable[[Emitter, Sequence[Value], Mapping[str, Value]], Value]] = {
    torch.Tensor: _legacy("Tensor", dtypes.float32),
    **{cls: _legacy(cls.__name__, dtype) for cls, dtype in DTYPES.items()},
}
"""What calls of these classes do."""

__all__ = ["DTYPES", "LEGACY"]
