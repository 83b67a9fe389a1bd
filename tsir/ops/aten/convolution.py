"""Convolutions and transposed convolutions over one, two and three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tsir.errors import OperatorError
from tsir.ops.core.contraction import convolve, convolve_transposed
from tsir.ops.core.elementwise import binary
from tsir.ops.core.views import permute, reshape
from tsir.ops.registry import aten
from tsir.ops.sizes import Size
from tsir.ops.tensor import SymTensor, dtype_label, require_bool, require_int


def spread(values: Any, count: int, name: str) -> list[int]:
    """A list argument with one element for each spatial dimension: a number or a list of one stands for all."""
    numbers = [require_int(v, name) for v in (values if isinstance(values, list | tuple) else [values])]
    if len(numbers) == 1:
        return numbers * count
    if len(numbers) != count:
        raise OperatorError(
            f"expected {name} to be a single integer value or a list of {count} values to match the convolution dimensions, "
            f"but got {name}={numbers}"
        )
    return numbers


def _check(x: SymTensor, weight: SymTensor, bias: SymTensor | None, channels: int, outputs: Size, groups: int) -> None:
    if x.dtype is not weight.dtype or (bias is not None and bias.dtype is not x.dtype):
        other = weight if x.dtype is not weight.dtype or bias is None else bias
        raise OperatorError(
            f"Input type ({dtype_label(x.dtype)}) and weight type ({dtype_label(other.dtype)}) should be the same"
        )
    if x.shape[1] != channels:
        raise OperatorError(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected input{list(x.shape)} to have {channels} "
            f"channels, but got {x.shape[1]} channels instead"
        )
    if bias is not None and (bias.rank != 1 or bias.shape[0] != outputs):
        raise OperatorError(
            f"Given weight of size {list(weight.shape)}, expected bias to be 1-dimensional with {outputs} elements, but got "
            f"bias of size {list(bias.shape)} instead"
        )


def _batched(x: SymTensor, weight: SymTensor, spatial: int, name: str) -> SymTensor:
    """The input with a batch dimension, which may be left out."""
    if weight.rank != spatial + 2:
        raise OperatorError(
            f"{name}: expected weight to be {spatial + 2}-dimensional, but got weight of size {list(weight.shape)}"
        )
    if x.rank not in (spatial + 1, spatial + 2):
        raise OperatorError(
            f"Expected {spatial + 1}D (unbatched) or {spatial + 2}D (batched) input to {name}, but got input of size: "
            f"{list(x.shape)}"
        )
    return reshape(x, (1, *x.shape)) if x.rank == spatial + 1 else x


def _with_bias(y: SymTensor, bias: SymTensor | None, unbatched: bool) -> SymTensor:
    if bias is not None:
        y = binary("add", y, reshape(bias, (bias.shape[0], *[1] * (y.rank - 2))))
    return reshape(y, y.shape[1:]) if unbatched else y


def convolution_of(
    x: SymTensor,
    weight: SymTensor,
    bias: SymTensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: Any,
    spatial: int,
) -> SymTensor:
    """`torch.convNd`; padding is a list of numbers or of pairs, or `valid` or `same`."""
    y = _batched(x, weight, spatial, f"conv{spatial}d")
    count = require_int(groups, "groups")
    if count <= 0:
        raise OperatorError("non-positive groups is not supported")
    strides, dilations = spread(stride, spatial, "stride"), spread(dilation, spatial, "dilation")
    if any(s <= 0 for s in strides):
        raise OperatorError("non-positive stride is not supported")
    if any(d <= 0 for d in dilations):
        raise OperatorError("dilation should be greater than zero")
    kernel = [require_int(k, "the size of the kernel") for k in weight.shape[2:]]
    channels = require_int(weight.shape[1], "the number of channels") * count
    _check(y, weight, bias, channels, weight.shape[0], count)
    if weight.shape[0] % count != 0:
        raise OperatorError(
            f"Given groups={count}, expected weight to be divisible by {count} at dimension 0, but got weight of size "
            f"{list(weight.shape)} instead"
        )
    edges: list[tuple[Size, Size]]
    if padding == "valid":
        edges = [(0, 0)] * spatial
    elif padding == "same":
        if any(s != 1 for s in strides):
            raise OperatorError("padding='same' is not supported for strided convolutions")
        totals = [d * (k - 1) for d, k in zip(dilations, kernel, strict=True)]
        edges = [(t // 2, t - t // 2) for t in totals]
    elif isinstance(padding, str):
        raise OperatorError(f"Invalid padding string: '{padding}'")
    else:
        numbers = spread(padding, spatial, "padding")
        if any(p < 0 for p in numbers):
            raise OperatorError("negative padding is not supported")
        edges = [(p, p) for p in numbers]
    return _with_bias(convolve(y, weight, strides, edges, dilations, count), bias, y is not x)


def transposed_convolution_of(
    x: SymTensor,
    weight: SymTensor,
    bias: SymTensor | None,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: Any,
    dilation: Any,
    spatial: int,
) -> SymTensor:
    """`torch.conv_transposeNd`."""
    y = _batched(x, weight, spatial, f"conv_transpose{spatial}d")
    count = require_int(groups, "groups")
    strides, dilations = spread(stride, spatial, "stride"), spread(dilation, spatial, "dilation")
    extra = spread(output_padding, spatial, "output_padding")
    for e, s, d in zip(extra, strides, dilations, strict=True):
        if e >= s and e >= d:
            raise OperatorError(
                f"output padding must be smaller than either stride or dilation, but got output_padding: {extra}, stride: "
                f"{strides}, dilation: {dilations}"
            )
    channels = require_int(weight.shape[0], "the number of channels")
    _check(y, weight, bias, channels, weight.shape[1] * count, count)
    found = convolve_transposed(y, weight, strides, spread(padding, spatial, "padding"), extra, dilations, count)
    return _with_bias(found, bias, y is not x)


def _declare(spatial: int) -> None:
    ones, zeros = [1] * spatial, [0] * spatial

    def forward(
        x: SymTensor, weight: SymTensor, bias: SymTensor | None, stride: Any, padding: Any, dilation: Any, groups: Any
    ) -> SymTensor:
        return convolution_of(x, weight, bias, stride, padding, dilation, groups, spatial)

    def transposed(
        x: SymTensor,
        weight: SymTensor,
        bias: SymTensor | None,
        stride: Any,
        padding: Any,
        output_padding: Any,
        groups: Any,
        dilation: Any,
    ) -> SymTensor:
        return transposed_convolution_of(x, weight, bias, stride, padding, output_padding, groups, dilation, spatial)

    n = spatial
    aten(
        f"conv{n}d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[{n}] stride={ones}, SymInt[{n}] padding={zeros}, "
        f"SymInt[{n}] dilation={ones}, SymInt groups=1) -> Tensor",
        f'conv{n}d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[{n}] stride={ones}, str padding="valid", '
        f"SymInt[{n}] dilation={ones}, SymInt groups=1) -> Tensor",
        out=False,
    )(forward)
    overload = "" if spatial == 1 else ".input"
    aten(
        f"conv_transpose{n}d{overload}(Tensor input, Tensor weight, Tensor? bias=None, SymInt[{n}] stride={ones}, "
        f"SymInt[{n}] padding={zeros}, SymInt[{n}] output_padding={zeros}, SymInt groups=1, SymInt[{n}] dilation={ones}) -> "
        "Tensor",
        out=False,
    )(transposed)


for _spatial in (1, 2, 3):
    _declare(_spatial)


@aten(
    "convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, "
    "bool transposed, SymInt[] output_padding, SymInt groups) -> Tensor"
)
def convolution(
    x: SymTensor,
    weight: SymTensor,
    bias: SymTensor | None,
    stride: Sequence[Any],
    padding: Sequence[Any],
    dilation: Sequence[Any],
    transposed: bool,
    output_padding: Sequence[Any],
    groups: Any,
) -> SymTensor:
    """A convolution or transposed convolution over as many dimensions as the weight has."""
    spatial = weight.rank - 2
    if require_bool(transposed, "transposed"):
        return transposed_convolution_of(x, weight, bias, stride, padding, output_padding, groups, dilation, spatial)
    return convolution_of(x, weight, bias, stride, padding, dilation, groups, spatial)


@aten(
    "_convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, "
    "bool transposed, SymInt[] output_padding, SymInt groups, bool benchmark, bool deterministic, bool cudnn_enabled, "
    "bool allow_tf32) -> Tensor"
)
def convolution_with_flags(
    x: SymTensor,
    weight: SymTensor,
    bias: SymTensor | None,
    stride: Sequence[Any],
    padding: Sequence[Any],
    dilation: Sequence[Any],
    transposed: bool,
    output_padding: Sequence[Any],
    groups: Any,
    *flags: bool,
) -> SymTensor:
    """`convolution`; the flags concern CUDA."""
    return convolution(x, weight, bias, stride, padding, dilation, transposed, output_padding, groups)


@aten(
    "_convolution_mode(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, str padding, SymInt[] dilation, "
    "SymInt groups) -> Tensor",
    out=False,
)
def convolution_mode(
    x: SymTensor,
    weight: SymTensor,
    bias: SymTensor | None,
    stride: Sequence[Any],
    padding: str,
    dilation: Sequence[Any],
    groups: Any,
) -> SymTensor:
    """A convolution with `same` or `valid` padding: what torch.jit.trace records of one."""
    return convolution_of(x, weight, bias, stride, padding, dilation, groups, weight.rank - 2)


@aten("conv_tbc(Tensor self, Tensor weight, Tensor bias, int pad=0) -> Tensor")
def conv_tbc(x: SymTensor, weight: SymTensor, bias: SymTensor, pad: Any) -> SymTensor:
    """A convolution over time of a tensor of times, batch and channels; the weight is of width, channels in, channels out."""
    for tensor, rank, message in (
        (x, 3, "Input must have 3 dims: time, batch, in_channel"),
        (weight, 3, "Weight tensor must have 3 dims: kernel_width, in_channels, out_channels."),
        (bias, 1, "Bias must be 1-D"),
    ):
        if tensor.rank != rank:
            raise OperatorError(message)
    found = convolution_of(permute(x, (1, 2, 0)), permute(weight, (2, 1, 0)), bias, [1], [pad], [1], 1, 1)
    return permute(found, (2, 0, 1))
