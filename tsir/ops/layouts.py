"""The strides that torch gives tensors: of views, and of fresh results, which keep the order of their operands' dimensions.

Strides count elements, as `Tensor.stride()` does. Everything here is about shapes and strides alone, on plain numbers: the
passes ask for what is known while compiling, dispatch for what arrays have. The rules are those of `TensorIterator`
(elementwise operators), `empty_like` with `preserve_format` and `computeStride` (views). `fresh` has which operator follows
which rule; a test compares all of them with torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Shape = tuple[int, ...]
Layout = tuple[Shape, Shape]
"""Sizes and strides."""


DYNAMIC_SIZE = 7
"""What a dynamic dimension counts as: only the order of strides is asked for, and 0 and 1 are never dynamic."""


def strides_of(array: Any) -> Shape | None:
    """The strides of a NumPy array in elements; None for one that is contiguous or has strides that no tensor has."""
    if array.flags.c_contiguous or array.ndim < 2 or any(s < 0 or s % array.itemsize for s in array.strides):
        return None
    return tuple(s // array.itemsize for s in array.strides)


def contiguous_strides(shape: Sequence[int]) -> Shape:
    """The strides of a contiguous tensor."""
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def is_contiguous(layout: Layout) -> bool:
    """Whether elements follow each other in memory in the order of the dimensions; strides of sizes of 1 don't matter."""
    return _is_dense(layout, range(len(layout[0]) - 1, -1, -1))


def is_channels_last(layout: Layout) -> bool:
    """Whether a tensor of 4 or 5 dimensions has its channels side by side: `is_contiguous(memory_format=channels_last)`."""
    rank = len(layout[0])
    return rank in (4, 5) and _is_dense(layout, (1, *range(rank - 1, 1, -1), 0))


def _is_dense(layout: Layout, order: Sequence[int]) -> bool:
    shape, strides = layout
    if 0 in shape:
        return True
    expected = 1
    for d in order:
        if shape[d] != 1:
            if strides[d] != expected:
                return False
            expected *= shape[d]
    return True


def fills_memory(layout: Layout) -> bool:
    """Whether a tensor has each element between its first and last in memory once, in some order of dimensions."""
    shape, strides = layout
    expected = 1
    for d in sorted((d for d, n in enumerate(shape) if n != 1), key=lambda d: strides[d]):
        if strides[d] != expected:
            return False
        expected *= shape[d]
    return True


def in_order(shape: Sequence[int], order: Sequence[int]) -> Shape:
    """The strides of a new tensor whose dimensions are in this order, from the one that lies side by side on."""
    strides = [0] * len(shape)
    step = 1
    for d in order:
        strides[d] = step
        step *= max(shape[d], 1)
    return tuple(strides)


def channels_last_strides(shape: Sequence[int]) -> Shape:
    """The strides of a new tensor in `channels_last` or `channels_last_3d`."""
    return in_order(shape, (1, *range(len(shape) - 1, 1, -1), 0))


def elementwise(shape: Shape, operands: Sequence[Layout]) -> Shape:
    """The strides of an elementwise operator's result of this shape."""
    if all(o[0] == shape for o in operands):
        if all(map(is_contiguous, operands)):
            return contiguous_strides(shape)
        if all(map(is_channels_last, operands)):
            return channels_last_strides(shape)
        first = operands[0]
        if fills_memory(first) and all(o[1] == first[1] for o in operands):
            return first[1]
    rank = len(shape)
    spread = [_spread(o, shape) for o in operands]

    def comes_first(a: int, b: int) -> int:
        for strides in spread:
            if strides[a] and strides[b]:
                if strides[a] != strides[b]:
                    return -1 if strides[a] < strides[b] else 1
                if shape[a] > shape[b]:
                    return 1
        return 0

    order = list(range(rank - 1, -1, -1))
    for i in range(1, rank):
        at = i
        for other in range(i - 1, -1, -1):
            found = comes_first(order[other], order[at])
            if found > 0:
                order[other], order[at] = order[at], order[other]
                at = other
            elif found < 0:
                break
    return in_order(shape, order)


def _spread(operand: Layout, shape: Shape) -> Shape:
    """An operand's strides along the dimensions of the result that it is broadcast to."""
    own, strides = operand
    lead = len(shape) - len(own)
    return (*[0] * lead, *(0 if n == 1 and shape[lead + i] != 1 else strides[i] for i, n in enumerate(own)))


def preserved(layout: Layout) -> Shape:
    """The strides of what is like a tensor, with `preserve_format`: the same if these leave no gaps, else in the same order."""
    shape, strides = layout
    if is_contiguous(layout):
        return contiguous_strides(shape) if not fills_memory(layout) else strides
    return strides if fills_memory(layout) else elementwise(shape, [layout])


ELEMENTWISE = frozenset(
    """__and__ __lshift__ __or__ __rshift__ __xor__ abs absolute acos acosh add addcdiv addcmul addr angle arccos arccosh
    arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh binary_cross_entropy bitwise_and
    bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor ceil celu clamp clamp_max clamp_min clip
    complex conj_physical copysign cos cosh deg2rad digamma div divide elu eq erf erfc erfinv exp exp2 expm1 fill fix
    floor floor_divide fmax fmin fmod frac frexp gcd ge gelu greater greater_equal gt hardshrink hardsigmoid hardswish
    hardtanh huber_loss hypot i0 igamma igammac isclose isfinite isinf isnan isneginf isposinf isreal l1_loss lcm ldexp
    le leaky_relu lerp less less_equal lgamma log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not
    logical_or logical_xor logit lt maximum minimum mish mse_loss mul multiply native_dropout ne neg negative nextafter
    not_equal polar polygamma prelu rad2deg reciprocal relu relu6 remainder round special_round rsqrt rsub selu sgn sigmoid sign
    signbit silu sin sinc sinh smooth_l1_loss soft_margin_loss softplus softshrink special_airy_ai special_bessel_j0
    special_bessel_j1 special_bessel_y0 special_bessel_y1 special_chebyshev_polynomial_t special_chebyshev_polynomial_u
    special_chebyshev_polynomial_v special_chebyshev_polynomial_w special_digamma special_entr special_erf special_erfc
    special_erfcx special_erfinv special_exp2 special_expit special_expm1 special_gammainc special_gammaincc
    special_gammaln special_hermite_polynomial_h special_hermite_polynomial_he special_i0 special_i0e special_i1
    special_i1e special_laguerre_polynomial_l special_legendre_polynomial_p special_log1p special_log_ndtr special_logit
    special_modified_bessel_i0 special_modified_bessel_i1 special_modified_bessel_k0 special_modified_bessel_k1
    special_ndtr special_ndtri special_polygamma special_psi special_scaled_modified_bessel_k0
    special_scaled_modified_bessel_k1 special_shifted_chebyshev_polynomial_t special_shifted_chebyshev_polynomial_u
    special_shifted_chebyshev_polynomial_v special_shifted_chebyshev_polynomial_w special_sinc
    special_spherical_bessel_j0 special_xlog1py special_xlogy special_zeta sqrt square sub subtract tan tanh threshold
    true_divide trunc where xlogy zero""".split()
) | {
    "max.other", "min.other", "pow.Tensor_Scalar", "pow.Tensor_Tensor", "float_power.Tensor_Scalar", "float_power.Tensor_Tensor"
}  # fmt: skip
"""Operators, or overloads, whose results have the order of dimensions of all their operands."""

LIKE = frozenset(
    """clone copy _to_copy empty_like full_like ones_like zeros_like rand_like randn_like randint_like put index_put
    _unsafe_index_put index_fill diagonal_scatter select_scatter slice_scatter flip fliplr flipud sort msort argsort to type_as
    dropout normal_functional""".split()
)
"""Operators whose results are laid out like their first operand."""

IMAGES = frozenset(
    """_adaptive_avg_pool2d _upsample_bicubic2d_aa _upsample_lanczos2d_aa _upsample_nearest_exact2d
    adaptive_avg_pool2d adaptive_max_pool2d
    avg_pool2d max_pool2d max_pool2d_with_indices max_pool3d max_pool3d_with_indices pixel_shuffle pixel_unshuffle
    reflection_pad2d reflection_pad3d replication_pad2d replication_pad3d upsample_bicubic2d upsample_bilinear2d
    upsample_nearest2d
    conv2d convolution _convolution _convolution_mode conv_transpose2d batch_norm native_batch_norm _native_batch_norm_legit
    _native_batch_norm_legit_no_training group_norm native_group_norm channel_shuffle native_channel_shuffle pad
    constant_pad_nd cat concat concatenate""".split()
)
"""Operators on images: channels last if the images (or a convolution's weight) are, else contiguous."""

JOINING = frozenset(("cat", "concat", "concatenate"))
"""Those of them that take several images."""

PLAIN = frozenset(
    """_unsafe_index conv1d conv_transpose1d diff fft_fft2 fft_ifft2 fft_fftn fft_ifftn glu gru gru_cell hinge_embedding_loss index
    kl_div kron lstm quantile rnn_relu rnn_tanh tensor_split einsum matmul tensordot stack hstack
    vstack dstack adaptive_avg_pool1d adaptive_max_pool1d avg_pool1d max_pool1d_with_indices""".split()
)
"""Operators of which it is only known that they give contiguous tensors for contiguous ones."""

ATTENTION = frozenset(("scaled_dot_product_attention", "_scaled_dot_product_flash_attention_for_cpu"))
"""Of 4 dimensions: laid out like the queries where rows lie side by side; `logsumexp`, of 3, with the heads side by side."""

UNSAID = frozenset(
    """_linalg_svd _lu_with_info geqrf linalg_cholesky linalg_inv inverse linalg_lstsq linalg_lu_factor linalg_lu_factor_ex linalg_qr
    linalg_solve linalg_svd qr svd rot90 _fft_r2c fft_ihfft2 fft_ihfftn _pad_packed_sequence _in_order _in_order_of""".split()
)
"""Operators whose results may lie in memory in any way."""


def fresh(key: str, shape: Shape, operands: Sequence[Layout | None]) -> Shape | None:
    """The strides of an operator's fresh result of this shape, for these tensors as arguments; None where they can't be told.

    An operand of None is one whose layout isn't known.
    """
    name = key.partition(".")[0]
    if name in ("nonzero", "argwhere"):
        return in_order(shape, range(len(shape)))
    if name in IMAGES:
        images = operands if name in JOINING else operands[:2] if "conv" in name else operands[:1]
        known = [x for x in images if x is not None]
        if len(known) != len(images) or (len(shape) != 4 and ("conv" in name or not all(map(is_contiguous, known)))):
            return None
        last = [is_channels_last(x) and not is_contiguous(x) for x in known]
        is_last = len(shape) == 4 and (all(last) if name in JOINING else any(last))
        return channels_last_strides(shape) if is_last else contiguous_strides(shape)
    if name in ATTENTION and name.startswith("_") and len(shape) == 3:
        return in_order(shape, (1, 2, 0))
    if name in ATTENTION and len(shape) == 4 and operands and operands[0] is not None and operands[0][0] == shape:
        rows = all(x is not None and x[1][-1] == 1 for x in operands[:3])
        return preserved(operands[0]) if rows else None
    if name in UNSAID:
        return None
    if name in PLAIN or name in ATTENTION:
        return contiguous_strides(shape) if all(x is not None and is_contiguous(x) for x in operands) else None
    if name not in LIKE and name not in ELEMENTWISE and key not in ELEMENTWISE:
        return contiguous_strides(shape)
    operands = operands[:1] if name in LIKE else operands
    known = [x for x in operands if x is not None]
    if len(known) != len(operands):
        return None
    if name in LIKE:
        return preserved(known[0]) if known and known[0][0] == shape else None
    if any(len(own) > len(shape) for own, _ in known):
        return contiguous_strides(shape)  # a loss that is summed up
    return elementwise(shape, known)


def viewed(layout: Layout, shape: Shape) -> Shape | None:
    """The strides of a tensor's view of another shape with as many elements; None where there is no such view."""
    old, strides = layout
    if 0 in old or not old:
        return contiguous_strides(shape)
    made = [0] * len(shape)
    at = len(shape) - 1
    step, run, taken = strides[-1], 1, 1
    for d in range(len(old) - 1, -1, -1):
        run *= old[d]
        if d and (old[d - 1] == 1 or strides[d - 1] == run * step):
            continue
        while at >= 0 and (taken < run or shape[at] == 1):
            made[at] = taken * step
            taken *= shape[at]
            at -= 1
        if taken != run:
            return None
        if d:
            step, run, taken = strides[d - 1], 1, 1
    return tuple(made) if at < 0 else None


def expanded(layout: Layout, shape: Shape) -> Shape:
    """The strides of a tensor that is expanded to a shape."""
    old, strides = layout
    lead = len(shape) - len(old)
    made = [0] * len(shape)
    for d in range(len(shape) - 1, -1, -1):
        own = old[d - lead] if d >= lead else 1
        step = strides[d - lead] if d >= lead else (made[d + 1] * shape[d + 1] if d + 1 < len(shape) else 1)
        made[d] = step if own == shape[d] else 0
    return tuple(made)
