"""Activation functions. softmax and its kin are in normalization.py, sigmoid and tanh in functions.py."""

from __future__ import annotations

import math
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.aten.functions import sigmoid
from tsir.ops.aten.precision import in_float32, require_float
from tsir.ops.core.checks import check_number
from tsir.ops.core.elementwise import binary, clamp, convert, unary, where
from tsir.ops.core.slices import slice
from tsir.ops.core.views import reshape
from tsir.ops.registry import aten
from tsir.ops.tensor import SymTensor, dtype_label, is_constant


@aten("relu(Tensor self) -> Tensor")
def relu(x: SymTensor) -> SymTensor:
    """`max(x, 0)`; NaN stays."""
    if x.dtype is dtypes.bool_:
        raise OperatorError("Boolean inputs not supported for relu")
    return clamp(x, 0, None)


@aten("relu6(Tensor self) -> Tensor", out=False)
def relu6(x: SymTensor) -> SymTensor:
    """x limited to [0, 6]."""
    if x.dtype is dtypes.bool_:
        raise OperatorError("Boolean inputs not supported for relu6")
    return clamp(x, 0, 6)


@aten("hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor")
def hardtanh(x: SymTensor, low: Any, high: Any) -> SymTensor:
    """x limited to [min_val, max_val]."""
    if x.dtype is dtypes.bool_:
        raise OperatorError("Bool inputs not supported for hardtanh")
    if is_constant(low) and is_constant(high) and x.dtype.category is Category.INT:
        low, high = int(low), int(high)
        if x.dtype is dtypes.uint8 and (low < 0 or high < 0):
            raise OperatorError("cannot do hardtanh on an unsigned type with negative limits")
    return convert(clamp(x, low, high), x.dtype)


@aten("gelu(Tensor self, *, str approximate='none') -> Tensor")
@in_float32
def gelu(x: SymTensor, approximate: str) -> SymTensor:
    """x times the normal distribution function of x, exactly or by tanh."""
    require_float(x, "GeluKernelImpl")
    if approximate == "none":
        return x * 0.5 * (unary("erf", x * math.sqrt(0.5)) + 1.0)
    if approximate != "tanh":
        raise OperatorError("approximate argument must be either none or tanh.")
    inner = (x + x * x * x * 0.044715) * math.sqrt(2.0 / math.pi)
    return x * 0.5 * (unary("tanh", inner) + 1.0)


@aten("silu(Tensor self) -> Tensor")
@in_float32
def silu(x: SymTensor) -> SymTensor:
    """`x * sigmoid(x)`."""
    if x.dtype.category <= Category.INT:
        raise OperatorNotImplementedError(f'"silu_cpu" not implemented for {dtype_label(x.dtype)!r}')
    return x / (unary("exp", -x) + 1.0)


@aten("mish(Tensor self) -> Tensor")
@in_float32
def mish(x: SymTensor) -> SymTensor:
    """`x * tanh(softplus(x))`."""
    require_float(x, "mish_cpu")
    return x * unary("tanh", _softplus(x))


def _softplus(x: SymTensor) -> SymTensor:
    """`log(1 + exp(x))` for any x, without overflow."""
    return clamp(x, 0, None) + unary("log1p", unary("exp", -unary("abs", x)))


@aten("softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor")
@in_float32
def softplus(x: SymTensor, beta: Any, threshold: Any) -> SymTensor:
    """`log(1 + exp(beta x)) / beta`; x itself where `beta x` is above the threshold."""
    require_float(x, "softplus_cpu")
    scaled = x * beta
    return where(binary("gt", scaled, threshold), x, unary("log1p", unary("exp", scaled)) / beta)


@aten("log_sigmoid(Tensor self) -> Tensor")
@in_float32
def log_sigmoid(x: SymTensor) -> SymTensor:
    """`log(sigmoid(x))`."""
    require_float(x, "log_sigmoid_cpu")
    return clamp(x, None, 0) - unary("log1p", unary("exp", -unary("abs", x)))


@aten("hardsigmoid(Tensor self) -> Tensor")
@in_float32
def hardsigmoid(x: SymTensor) -> SymTensor:
    """`relu6(x + 3) / 6`."""
    require_float(x, "hardsigmoid_cpu")
    return clamp(x + 3, 0, 6) / 6


@aten("hardswish(Tensor self) -> Tensor")
@in_float32
def hardswish(x: SymTensor) -> SymTensor:
    """`x * relu6(x + 3) / 6`."""
    require_float(x, "hardswish_cpu")
    return x * clamp(x + 3, 0, 6) / 6


@aten("leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor")
@in_float32
def leaky_relu(x: SymTensor, slope: Any) -> SymTensor:
    """x where it is positive, else `negative_slope * x`."""
    require_float(x, "leaky_relu_cpu")
    return where(binary("gt", x, 0), x, x * slope)


@aten("elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor")
@in_float32
def elu(x: SymTensor, alpha: Any, scale: Any, input_scale: Any) -> SymTensor:
    """`scale * x` where x is positive, else `scale * alpha * (exp(input_scale * x) - 1)`."""
    require_float(x, "elu_cpu")
    negative = unary("expm1", x * input_scale) * (alpha * scale)
    return where(binary("le", x, 0), negative, x * scale)


@aten("celu(Tensor self, Scalar alpha=1.) -> Tensor")
def celu(x: SymTensor, alpha: Any) -> SymTensor:
    """`max(0, x) + min(0, alpha * (exp(x / alpha) - 1))`."""
    if is_constant(alpha) and alpha == 0:
        raise OperatorError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return elu(x, alpha, 1, 1.0 / alpha)


@aten("selu(Tensor self) -> Tensor", out=False)
def selu(x: SymTensor) -> SymTensor:
    """ELU with the constants of self-normalising networks."""
    return elu(x, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946, 1)


@aten("threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor")
def threshold(x: SymTensor, limit: Any, value: Any) -> SymTensor:
    """x where it is above the threshold (or NaN), else `value`."""
    return convert(where(binary("le", x, limit), value, x), x.dtype)


@aten("hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor")
def hardshrink(x: SymTensor, lambd: Any) -> SymTensor:
    """0 within `[-lambd, lambd]`, else x."""
    require_float(x, "hardshrink_cpu")
    inside = binary("logical_and", binary("ge", x, -lambd), binary("le", x, lambd))
    return where(inside, 0.0, x)


@aten("softshrink(Tensor self, Scalar lambd=0.5) -> Tensor")
def softshrink(x: SymTensor, lambd: Any) -> SymTensor:
    """x moved towards 0 by `lambd`, 0 within `[-lambd, lambd]`."""
    require_float(x, "softshrink_cpu")
    check_number(lambd, "ge", 0, "lambda must be greater or equal to 0, but found to be {0}.")
    shrunk = where(binary("gt", x, lambd), x - lambd, where(binary("lt", x, -lambd), x + lambd, x * 0.0))
    return shrunk


@aten("prelu(Tensor self, Tensor weight) -> Tensor", out=False)
def prelu(x: SymTensor, weight: SymTensor) -> SymTensor:
    """`leaky_relu` with learned slopes: one, or one for each channel (dimension 1)."""
    if x.dtype is not weight.dtype:
        raise OperatorError(
            f"prelu: Type promoting not supported. Got {dtype_label(x.dtype)} and {dtype_label(weight.dtype)}"
        )
    slope = weight
    if weight.numel() != 1:
        if weight.rank != 1:
            raise OperatorError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.rank}")
        channels = x.shape[1] if x.rank > 1 else 1
        if channels != weight.shape[0]:
            raise OperatorError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.shape[0]} and channel size = {channels}."
            )
        slope = reshape(weight, (channels, *[1] * (x.rank - 2))) if x.rank > 2 else weight
    elif weight.rank > x.rank:
        slope = reshape(weight, ())
    return where(binary("gt", x, 0), x, x * slope)


@aten("glu(Tensor self, int dim=-1) -> Tensor")
def glu(x: SymTensor, dim: int) -> SymTensor:
    """The first half along `dim` times the sigmoid of the second."""
    if x.rank == 0:
        raise OperatorError("glu does not support 0-dimensional tensors")
    size = x.size(dim)
    if size % 2 != 0:
        raise OperatorError(f"Halving dimension must be even, but dimension {dim} is size {size}")
    at = dim % x.rank
    half = size // 2
    return slice(x, at, 0, half, 1) * sigmoid(slice(x, at, half, size, 1))
