"""What autocast does to tensors and operators, in the scripted language: each is compiled for the calls that programs make of it.

Operators that torch writes in terms of those of the lists have their meaning under autocast here; `autocasting.py` calls them.
Where torch rounds in the middle of an operator, the arguments are rounded here and the rest is computed in float32, so that results
have the same dtype and differ by roundings of the lower dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

# pyright: reportMissingParameterType=false
# The functions have no annotations: each call is compiled for the types that it has.


def number_of_enabled(enabled):
    return 0 if enabled else 1


def number_of_dtype(dtype):
    return 0 if dtype == torch.bfloat16 else 1 if dtype == torch.float16 else 2


def number_of_device(device):
    return 0 if device == "cpu" else 1


def number_of_both(first, count, second):
    return first * count + second


def decorated(manager, function):
    def entered(*args, **kwargs):
        with manager:
            return function(*args, **kwargs)

    return entered


def cast_tensor(x, dtype):
    if x.is_floating_point() and x.dtype != torch.float64:
        return x.to(dtype)
    return x


def cast_optional(x, dtype):
    if x is None:
        return None
    return cast_tensor(x, dtype)


def cast_any(x, dtype):
    if isinstance(x, torch.Tensor):
        return cast_tensor(x, dtype)
    return x


def cast_all(tensors, dtype):
    return [cast_tensor(x, dtype) for x in tensors]


def rounded(x, dtype):
    """The values that a tensor has in the lower dtype, in float32."""
    if x.is_floating_point() and x.dtype != torch.float64:
        return x.to(dtype).to(torch.float32)
    return x


def all_rounded(tensors, dtype):
    return [rounded(x, dtype) for x in tensors]


def promoted(x, other):
    return x.to(torch.promote_types(x.dtype, other.dtype))


def wider(x, dtype, lower):
    """The dtype that tensors are cast to where one dtype is known of the others."""
    if not x.is_floating_point() or x.dtype == torch.float64:
        return dtype
    if dtype == torch.float32 or x.dtype == torch.float32:
        return torch.float32
    if x.dtype != lower:
        raise RuntimeError("Unexpected floating ScalarType in at::autocast::prioritize")
    return dtype


def widest(tensors, lower):
    dtype = lower
    for x in tensors:
        dtype = wider(x, dtype, lower)
    return dtype


def lstm_results(output, h, c, weights, biased, layers, both, packed, dtype):
    """What `lstm` gives of results in float32: all in the lower dtype from the library that torch calls without projections and
    packed sequences. Projections are products; the rest is in float32 otherwise."""
    projected = len(weights) != layers * (4 if biased else 2) * (2 if both else 1)
    if packed and not projected:
        return output, h, c
    return cast_tensor(output, dtype), cast_tensor(h, dtype), c if projected else cast_tensor(c, dtype)


def bilinear(input1, input2, weight, bias=None):
    lower = torch.get_autocast_dtype("cpu")
    with torch.autocast("cpu", enabled=False):
        result = torch.bilinear(rounded(input1, lower), rounded(input2, lower), rounded(weight, lower), None)
    result = cast_tensor(result, lower).to(input1.dtype)
    return result if bias is None else result + bias


def inner(self, other):
    if self.dim() == 0 or other.dim() == 0:
        return self * other
    return torch.tensordot(self, other, dims=([-1], [-1]))  # pyright: ignore[reportArgumentType]


def matrix_power(self, n):
    if n < 0:
        self, n = torch.linalg.inv(self), -n
    if n > 1:
        self = cast_tensor(self, torch.get_autocast_dtype("cpu"))
    with torch.autocast("cpu", enabled=False):
        return torch.linalg.matrix_power(self, n)


def pad(self, pad, mode="constant", value=None):
    if mode == "replicate" or (mode == "reflect" and len(pad) < 6):
        self = cast_tensor(self, torch.float32)
    with torch.autocast("cpu", enabled=False):
        return torch._C._nn.pad(self, pad, mode, value)  # pyright: ignore[reportAttributeAccessIssue]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "bilinear": bilinear, "inner": inner, "matrix_power": matrix_power, "linalg_matrix_power": matrix_power, "pad": pad,
}  # fmt: skip
"""What stands for these operators under autocast."""
