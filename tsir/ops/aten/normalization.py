"""softmax and its kin; batch, layer, group, instance and RMS normalisation; weight normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.aten.norms import vector_norm
from tsir.ops.aten.precision import first, in_float32, in_float32_to
from tsir.ops.core import reductions
from tsir.ops.core.creation import full
from tsir.ops.core.elementwise import binary, convert, copy, unary, where
from tsir.ops.core.views import reshape
from tsir.ops.registry import aten
from tsir.ops.sizes import CannotLower, Size, numel
from tsir.ops.tensor import SymTensor, as_size, dtype_label, require_bool, require_int, wrap_dim


def _softmax_input(x: SymTensor, dtype: DType | None, name: str) -> SymTensor:
    y = x if dtype is None else convert(x, dtype)
    if y.dtype.category is not Category.FLOAT:
        raise OperatorNotImplementedError(f'"{name}_lastdim_kernel_impl" not implemented for {dtype_label(y.dtype)!r}')
    return y


def _is_empty(x: SymTensor, dim: int) -> bool:
    size = x.shape[dim]
    return isinstance(size, int) and size == 0


@in_float32
def softmax_of(x: SymTensor, dim: int) -> SymTensor:
    """`exp(x) / sum(exp(x))` along a dimension, without overflow."""
    at = wrap_dim(dim, x.rank)
    if not x.shape or _is_empty(x, at):
        return unary("exp", binary("sub", x, x))
    e = unary("exp", binary("sub", x, reductions.peak(x, (at,), True)))
    return binary("div", e, reductions.sum(e, (at,), True))


@in_float32
def log_softmax_of(x: SymTensor, dim: int) -> SymTensor:
    """The logarithm of softmax."""
    at = wrap_dim(dim, x.rank)
    if not x.shape or _is_empty(x, at):
        return binary("sub", x, x)
    shifted = binary("sub", x, reductions.peak(x, (at,), True))
    return binary("sub", shifted, unary("log", reductions.sum(unary("exp", shifted), (at,), True)))


@aten("softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor")
@aten("special_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", out=False)
def softmax(x: SymTensor, dim: int, dtype: DType | None) -> SymTensor:
    """`exp(x) / sum(exp(x))` along a dimension."""
    return softmax_of(_softmax_input(x, dtype, "softmax"), dim)


@aten("_softmax(Tensor self, int dim, bool half_to_float) -> Tensor")
def softmax_kernel(x: SymTensor, dim: int, half_to_float: bool) -> SymTensor:
    """softmax, computed and given in float32 when `half_to_float`."""
    return softmax(x, dim, dtypes.float32 if half_to_float else None)


@aten("_safe_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor", out=False)
def safe_softmax(x: SymTensor, dim: int, dtype: DType | None) -> SymTensor:
    """softmax that gives 0 where all of a row is minus infinity."""
    y = _softmax_input(x, dtype, "softmax")
    at = wrap_dim(dim, y.rank)
    masked = reductions.all(binary("eq", y, float("-inf")), (at,), True)
    return where(masked, 0.0, softmax_of(y, at))


@aten("log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor")
@aten("special_log_softmax(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor", out=False)
def log_softmax(x: SymTensor, dim: int, dtype: DType | None) -> SymTensor:
    """The logarithm of softmax."""
    return log_softmax_of(_softmax_input(x, dtype, "log_softmax"), dim)


@aten("_log_softmax(Tensor self, int dim, bool half_to_float) -> Tensor")
def log_softmax_kernel(x: SymTensor, dim: int, half_to_float: bool) -> SymTensor:
    """log_softmax, computed and given in float32 when `half_to_float`."""
    return log_softmax(x, dim, dtypes.float32 if half_to_float else None)


# Normalisation --------------------------------------------------------------------------------------------------------


def _moments(x: SymTensor, dims: Sequence[int]) -> tuple[SymTensor, SymTensor, SymTensor]:
    """Mean, variance (of all, not of a sample) and distance from the mean; the dimensions stay, with size 1."""
    count = numel([x.shape[d] for d in dims])
    centre = binary("div", reductions.sum(x, dims, True), count)
    distance = binary("sub", x, centre)
    variance = binary("div", reductions.sum(binary("mul", distance, distance), dims, True), count)
    return centre, variance, distance


def _channels(p: SymTensor, rank: int) -> SymTensor:
    """A vector of one number for each channel, for a tensor whose dimension 1 has the channels."""
    return reshape(p, (p.shape[0], *[1] * (rank - 2)))


def _check_channels(x: SymTensor, parameters: Sequence[tuple[str, SymTensor | None]]) -> None:
    if x.rank < 2:
        raise OperatorError(f"normalization needs an input of at least 2 dimensions, got {x.rank}")
    for name, p in parameters:
        if p is not None and numel(p.shape) != x.shape[1]:
            raise OperatorError(f"{name} should contain {x.shape[1]} elements not {numel(p.shape)}")


def _scaled(x: SymTensor, weight: SymTensor | None, bias: SymTensor | None) -> SymTensor:
    y = x if weight is None else binary("mul", x, weight)
    return y if bias is None else binary("add", y, bias)


@in_float32
def batch_normalized(
    x: SymTensor,
    weight: SymTensor | None,
    bias: SymTensor | None,
    mean: SymTensor | None,
    variance: SymTensor | None,
    eps: Any,
) -> SymTensor:
    """x normalised over all but dimension 1, by the mean and variance given (which are folded with weight and bias), or by
    its own where they are None."""
    if mean is None or variance is None:
        _, own, distance = _moments(x, [d for d in range(x.rank) if d != 1])
        factor = unary("rsqrt", binary("add", own, eps))
        if weight is not None:
            factor = binary("mul", factor, _channels(weight, x.rank))
        y = binary("mul", distance, factor)
        return y if bias is None else binary("add", y, _channels(bias, x.rank))
    scale = unary("rsqrt", binary("add", variance, eps))
    if weight is not None:
        scale = binary("mul", scale, weight)
    shift = -binary("mul", mean, scale)
    if bias is not None:
        shift = binary("add", shift, bias)
    return binary("add", binary("mul", x, _channels(scale, x.rank)), _channels(shift, x.rank))


def _normalize_batch(
    x: SymTensor,
    weight: SymTensor | None,
    bias: SymTensor | None,
    mean: SymTensor | None,
    variance: SymTensor | None,
    training: bool,
    eps: Any,
) -> SymTensor:
    if not x.dtype.is_floating_point:
        raise OperatorNotImplementedError(f'"batch_norm" not implemented for {dtype_label(x.dtype)!r}')
    if x.rank == 1 and isinstance(x.shape[0], int) and x.shape[0] == 0:
        return copy(x)  # torch looks for channels only where there are elements
    names = ("running_mean", "running_var", "weight", "bias")
    _check_channels(x, list(zip(names, (mean, variance, weight, bias), strict=True)))
    if not training:
        if mean is None or variance is None:
            raise OperatorError("Expected running_mean and running_var to be defined when training=False")
        y = batch_normalized(x, weight, bias, mean, variance, eps)
    elif mean is not None or variance is not None:
        raise CannotLower(
            "batch normalisation in training changes its running statistics; split it into batch_norm without them and "
            "_batch_norm_running_stats first"
        )
    else:
        y = batch_normalized(x, weight, bias, None, None, eps)
    return convert(y, x.dtype)


@aten(
    "batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, "
    "float momentum, float eps, bool cudnn_enabled) -> Tensor",
    out=False,
)
def batch_norm(
    x: SymTensor,
    weight: SymTensor | None,
    bias: SymTensor | None,
    mean: SymTensor | None,
    variance: SymTensor | None,
    training: Any,
    momentum: Any,
    eps: Any,
    cudnn_enabled: bool,
) -> SymTensor:
    """x normalised over all but the channels (dimension 1): by the running statistics, or in training by its own.

    In training with running statistics, these change: see `_batch_norm_running_stats`.
    """
    return _normalize_batch(x, weight, bias, mean, variance, require_bool(training, "training"), eps)


@aten("_batch_norm_running_stats(Tensor input, Tensor running_mean, Tensor running_var, float momentum) -> (Tensor, Tensor)")
@in_float32
def batch_norm_running_stats(
    x: SymTensor, mean: SymTensor, variance: SymTensor, momentum: Any
) -> tuple[SymTensor, SymTensor]:
    """The new running mean and variance after a batch in training: what `batch_norm` writes into them (tsir's own)."""
    dims = [d for d in range(x.rank) if d != 1]
    count = numel([x.shape[d] for d in dims])
    if isinstance(count, int) and count == 1:
        raise OperatorError(f"Expected more than 1 value per channel when training, got input size {list(x.shape)}")
    centre, own, _ = _moments(x, dims)
    unbiased = binary("mul", reshape(own, (x.shape[1],)), _ratio(count))
    keep = 1.0 - momentum

    def moved(old: SymTensor, new: SymTensor) -> SymTensor:
        return convert(binary("add", binary("mul", old, keep), binary("mul", new, momentum)), old.dtype)

    return moved(mean, reshape(centre, (x.shape[1],))), moved(variance, unbiased)


def _ratio(count: Size) -> Any:
    """`count / (count - 1)`, which makes the variance of all that of a sample."""
    if isinstance(count, int):
        return count / (count - 1)
    from tsir.ops.core.numbers import number_binary

    return number_binary("div", count, count - 1)


def _saved(x: SymTensor, training: bool, eps: Any) -> tuple[SymTensor, SymTensor]:
    """What torch keeps for the backward pass: the batch's mean and inverse deviation, empty outside of training."""
    if not training:
        return full((0,), 0.0, x.dtype), full((0,), 0.0, x.dtype)
    centre, own, _ = _moments(x, [d for d in range(x.rank) if d != 1])
    return reshape(centre, (x.shape[1],)), reshape(unary("rsqrt", binary("add", own, eps)), (x.shape[1],))


@aten(
    "native_batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, "
    "float momentum, float eps) -> (Tensor, Tensor, Tensor)"
)
def native_batch_norm(
    x: SymTensor,
    weight: SymTensor | None,
    bias: SymTensor | None,
    mean: SymTensor | None,
    variance: SymTensor | None,
    training: Any,
    momentum: Any,
    eps: Any,
) -> tuple[SymTensor, SymTensor, SymTensor]:
    """`batch_norm`, and what torch keeps for the backward pass."""
    is_training = require_bool(training, "training")
    return (
        _normalize_batch(x, weight, bias, mean, variance, is_training, eps),
        *_saved(x, is_training, eps),
    )


aten(
    "_native_batch_norm_legit(Tensor input, Tensor? weight, Tensor? bias, Tensor(a!) running_mean, Tensor(b!) running_var, "
    "bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)",
)(native_batch_norm)


@aten(
    "_native_batch_norm_legit.no_stats(Tensor input, Tensor? weight, Tensor? bias, bool training, float momentum, float eps) -> "
    "(Tensor, Tensor, Tensor)"
)
def native_batch_norm_no_statistics(
    x: SymTensor, weight: SymTensor | None, bias: SymTensor | None, training: Any, momentum: Any, eps: Any
) -> tuple[SymTensor, SymTensor, SymTensor]:
    """`native_batch_norm` by the batch's own statistics."""
    return native_batch_norm(x, weight, bias, None, None, training, momentum, eps)


@aten(
    "_native_batch_norm_legit_no_training(Tensor input, Tensor? weight, Tensor? bias, Tensor running_mean, Tensor running_var, "
    "float momentum, float eps) -> (Tensor, Tensor, Tensor)"
)
def native_batch_norm_no_training(
    x: SymTensor,
    weight: SymTensor | None,
    bias: SymTensor | None,
    mean: SymTensor,
    variance: SymTensor,
    momentum: Any,
    eps: Any,
) -> tuple[SymTensor, SymTensor, SymTensor]:
    """`native_batch_norm` by the running statistics."""
    return native_batch_norm(x, weight, bias, mean, variance, False, momentum, eps)


@aten(
    "instance_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, "
    "bool use_input_stats, float momentum, float eps, bool cudnn_enabled) -> Tensor",
    out=False,
)
def instance_norm(
    x: SymTensor,
    weight: SymTensor | None,
    bias: SymTensor | None,
    mean: SymTensor | None,
    variance: SymTensor | None,
    use_input_stats: Any,
    momentum: Any,
    eps: Any,
    cudnn_enabled: bool,
) -> SymTensor:
    """Each channel of each sample normalised by its own statistics, or by the running ones."""
    if not require_bool(use_input_stats, "use_input_stats"):
        return _normalize_batch(x, weight, bias, mean, variance, False, eps)
    if mean is not None or variance is not None:
        raise CannotLower("instance normalisation in training changes its running statistics")
    _check_channels(x, [("weight", weight), ("bias", bias)])
    return _grouped(x, x.shape[1], weight, bias, eps)


def _check_normalized_shape(x: SymTensor, shape: Sequence[Size], parameters: Sequence[SymTensor | None]) -> tuple[int, ...]:
    if not shape:
        raise OperatorError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    tail = x.shape[x.rank - len(shape) :] if len(shape) <= x.rank else ()
    if len(tail) != len(shape) or any(a != b for a, b in zip(tail, shape, strict=True)):
        raise OperatorError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*, {', '.join(map(str, shape))}], but got "
            f"input of size{list(x.shape)}"
        )
    for p in parameters:
        if p is not None and (p.rank != len(shape) or any(a != b for a, b in zip(p.shape, shape, strict=True))):
            raise OperatorError(
                f"Expected weight to be of same shape as normalized_shape, but got weight of shape {list(p.shape)} and "
                f"normalized_shape = {list(shape)}"
            )
    return tuple(range(x.rank - len(shape), x.rank))


@in_float32
def layer_normalized(
    x: SymTensor, dims: Sequence[int], weight: SymTensor | None, bias: SymTensor | None, eps: Any
) -> tuple[SymTensor, SymTensor, SymTensor]:
    """x normalised over its last dimensions, with the mean and the inverse deviation."""
    if not x.dtype.is_floating_point:
        raise OperatorNotImplementedError(f'"LayerNormKernelImpl" not implemented for {dtype_label(x.dtype)!r}')
    centre, variance, distance = _moments(x, dims)
    inverse = unary("rsqrt", binary("add", variance, eps))
    return _scaled(binary("mul", distance, inverse), weight, bias), centre, inverse


@aten(
    "layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, Tensor? bias=None, "
    "float eps=1.0000000000000001e-05, bool cudnn_enable=True) -> Tensor",
    out=False,
)
def layer_norm(
    x: SymTensor, shape: Sequence[Any], weight: SymTensor | None, bias: SymTensor | None, eps: Any, cudnn: bool
) -> SymTensor:
    """x normalised over its last dimensions."""
    dims = _check_normalized_shape(x, [as_size(s) for s in shape], (weight, bias))
    return layer_normalized(x, dims, weight, bias, eps)[0]


@aten(
    "native_layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> "
    "(Tensor, Tensor, Tensor)"
)
def native_layer_norm(
    x: SymTensor, shape: Sequence[Any], weight: SymTensor | None, bias: SymTensor | None, eps: Any
) -> tuple[SymTensor, SymTensor, SymTensor]:
    """`layer_norm`, with the mean and the inverse deviation."""
    dims = _check_normalized_shape(x, [as_size(s) for s in shape], (weight, bias))
    return layer_normalized(x, dims, weight, bias, eps)


_EPSILON = {dtypes.float16: 2.0**-10, dtypes.bfloat16: 2.0**-7, dtypes.float32: 2.0**-23, dtypes.float64: 2.0**-52}


@aten(
    "rms_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor",
    out=False,
)
def rms_norm(x: SymTensor, shape: Sequence[Any], weight: SymTensor | None, eps: Any) -> SymTensor:
    """x divided by the root of the mean square over its last dimensions."""
    dims = _check_normalized_shape(x, [as_size(s) for s in shape], (weight,))
    smallest = _EPSILON.get(dtypes.float32 if x.dtype.itemsize < 4 else x.dtype, 0.0)
    return _rms_normalized(x, dims, weight, smallest if eps is None else eps)


@in_float32_to(first)
def _rms_normalized(x: SymTensor, dims: Sequence[int], weight: SymTensor | None, eps: Any) -> SymTensor:
    mean_square = binary("div", reductions.sum(binary("mul", x, x), dims, True), numel([x.shape[d] for d in dims]))
    y = binary("mul", x, unary("rsqrt", binary("add", mean_square, eps)))
    return y if weight is None else binary("mul", y, weight)


@in_float32
def _grouped(x: SymTensor, groups: Size, weight: SymTensor | None, bias: SymTensor | None, eps: Any) -> SymTensor:
    n, channels, *rest = x.shape
    y = reshape(x, (n, groups, channels // groups * numel(rest)))
    _, variance, distance = _moments(y, (2,))
    normalized = reshape(binary("mul", distance, unary("rsqrt", binary("add", variance, eps))), x.shape)
    factor = None if weight is None else _channels(weight, x.rank)
    shift = None if bias is None else _channels(bias, x.rank)
    return _scaled(normalized, factor, shift)


@aten(
    "group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1.0000000000000001e-05, "
    "bool cudnn_enabled=True) -> Tensor",
    out=False,
)
def group_norm(
    x: SymTensor, groups: int, weight: SymTensor | None, bias: SymTensor | None, eps: Any, cudnn_enabled: bool
) -> SymTensor:
    """Each group of channels of each sample normalised by its own statistics."""
    count = require_int(groups, "num_groups")
    _check_channels(x, [("weight", weight), ("bias", bias)])
    if count <= 0:
        raise OperatorError(f"Expected num groups to be greater than 0, got {count}")
    if x.shape[1] % count != 0:
        raise OperatorError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape {list(x.shape)} and "
            f"num_groups={count}"
        )
    return _grouped(x, count, weight, bias, eps)


@aten(
    "native_group_norm(Tensor input, Tensor? weight, Tensor? bias, SymInt N, SymInt C, SymInt HxW, int group, float eps) -> "
    "(Tensor, Tensor, Tensor)"
)
def native_group_norm(
    x: SymTensor,
    weight: SymTensor | None,
    bias: SymTensor | None,
    n: Any,
    channels: Any,
    pixels: Any,
    groups: int,
    eps: Any,
) -> tuple[SymTensor, SymTensor, SymTensor]:
    """`group_norm`, with the mean and the inverse deviation."""
    batch, count = as_size(n), require_int(groups, "group")
    y = reshape(x, (batch, count, as_size(channels) // count * as_size(pixels)))
    centre, variance, _ = _moments(y, (2,))
    inverse = unary("rsqrt", binary("add", variance, eps))
    return _grouped(x, count, weight, bias, eps), reshape(centre, (batch, count)), reshape(inverse, (batch, count))


def _norm_except(v: SymTensor, dim: int) -> SymTensor:
    return vector_norm(v, 2, [d for d in range(v.rank) if d != dim] if dim != -1 else None, True, None)


@aten("_weight_norm(Tensor v, Tensor g, int dim=0) -> Tensor", out=False)
def weight_norm(v: SymTensor, g: SymTensor, dim: int) -> SymTensor:
    """`g * v / norm(v)`, the norm over all but one dimension."""
    return binary("mul", v, binary("div", g, _norm_except(v, dim)))


@aten("_weight_norm_interface(Tensor v, Tensor g, int dim=0) -> (Tensor, Tensor)")
def weight_norm_interface(v: SymTensor, g: SymTensor, dim: int) -> tuple[SymTensor, SymTensor]:
    """`_weight_norm`, with the norm."""
    norm = _norm_except(v, dim)
    return binary("mul", v, binary("div", g, norm)), norm
