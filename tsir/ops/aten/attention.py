"""Attention: scaled dot products, and torch's fused multi-head attention and encoder layer."""

from __future__ import annotations

import math
from typing import Any

from tsir.dialects import dtypes
from tsir.errors import OperatorError
from tsir.ops.aten.activation import gelu, relu
from tsir.ops.aten.linear_algebra import linear, product
from tsir.ops.aten.normalization import layer_normalized
from tsir.ops.aten.precision import in_float32
from tsir.ops.aten.random import dropped
from tsir.ops.aten.reductions import logsumexp
from tsir.ops.core import reductions
from tsir.ops.core.creation import full, iota
from tsir.ops.core.elementwise import binary, convert, copy, unary, where
from tsir.ops.core.slices import slice
from tsir.ops.core.views import broadcast_to, permute, reshape, transpose
from tsir.ops.registry import aten
from tsir.ops.sizes import Size
from tsir.ops.tensor import SymTensor, dtype_label, require_bool, require_int


def attention_weights(scores: SymTensor, may_be_masked: bool) -> SymTensor:
    """softmax over the last dimension; rows that are minus infinity throughout give 0."""
    last = (scores.rank - 1,)
    peak = reductions.peak(scores, last, True)
    if may_be_masked:
        peak = where(binary("eq", peak, -math.inf), 0.0, peak)
    e = unary("exp", binary("sub", scores, peak))
    total = reductions.sum(e, last, True)
    if may_be_masked:
        total = where(binary("eq", total, 0), 1.0, total)
    return binary("div", e, total)


def _repeated_heads(x: SymTensor, heads: Size) -> SymTensor:
    """Keys or values of fewer heads than queries: each serves several heads in turn."""
    own = x.shape[-3]
    if heads == own:
        return x
    if heads % own != 0:
        raise OperatorError("Number of heads in key and value must divide the number of heads in query")
    *batch, _, length, width = x.shape
    wide = broadcast_to(reshape(x, (*batch, own, 1, length, width)), (*batch, own, heads // own, length, width))
    return reshape(copy(wide), (*batch, heads, length, width))


@aten(
    "scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0., "
    "bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor",
    out=False,
)
@in_float32
def scaled_dot_product_attention(
    query: SymTensor,
    key: SymTensor,
    value: SymTensor,
    mask: SymTensor | None,
    dropout_p: Any,
    is_causal: bool,
    scale: Any,
    enable_gqa: bool,
) -> SymTensor:
    """`softmax(query @ key.T * scale + mask) @ value`; the scale is `1 / sqrt(width)` by default."""
    if not query.dtype is key.dtype is value.dtype:
        raise OperatorError(
            f"Expected query, key, and value to have the same dtype, but got query.dtype: {dtype_label(query.dtype)} "
            f"key.dtype: {dtype_label(key.dtype)} and value.dtype: {dtype_label(value.dtype)} instead."
        )
    if require_bool(is_causal, "is_causal") and mask is not None:
        raise OperatorError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if enable_gqa:
        key, value = _repeated_heads(key, query.shape[-3]), _repeated_heads(value, query.shape[-3])
    weights = attention_weights(_scores(query, key, mask, is_causal, scale), mask is not None)
    return product(dropped(weights, dropout_p, dropout_p != 0.0), value)


def _scores(query: SymTensor, key: SymTensor, mask: SymTensor | None, is_causal: bool, scale: Any) -> SymTensor:
    """`query @ key.T * scale + mask`."""
    width = query.shape[-1]
    if scale is None:
        factor: Any = 1.0 / math.sqrt(require_int(width, "the width of the queries") or math.inf)
    else:
        factor = scale
    scores = product(binary("mul", query, factor), transpose(key, -2, -1))
    if is_causal:
        rows, columns = scores.shape[-2:]
        row = reshape(iota(rows, dtypes.int64), (rows, 1))
        scores = where(binary("ge", row, iota(columns, dtypes.int64)), scores, -math.inf)
    if mask is not None:
        scores = (
            where(mask, scores, -math.inf)
            if mask.dtype is dtypes.bool_
            else binary("add", scores, convert(mask, scores.dtype))
        )
    return scores


@aten(
    "_scaled_dot_product_flash_attention_for_cpu(Tensor query, Tensor key, Tensor value, float dropout_p=0.0, "
    "bool is_causal=False, *, Tensor? attn_mask=None, float? scale=None) -> (Tensor output, Tensor logsumexp)",
    out=False,
)
def scaled_dot_product_flash_attention_for_cpu(
    query: SymTensor,
    key: SymTensor,
    value: SymTensor,
    dropout_p: Any,
    is_causal: bool,
    mask: SymTensor | None,
    scale: Any,
) -> tuple[SymTensor, SymTensor]:
    """What `scaled_dot_product_attention` is on the CPU where gradients may be wanted: also `logsumexp` of the scores, in float32
    for half precisions."""
    if dropout_p != 0.0:
        raise OperatorError("scaled_dot_product_attention_flash_attention: Currently do not support dropout > 0")
    wide = dtypes.float64 if query.dtype is dtypes.float64 else dtypes.float32
    scores = _scores(convert(query, wide), convert(key, wide), mask, require_bool(is_causal, "is_causal"), scale)
    output = product(attention_weights(scores, mask is not None), convert(value, wide))
    return convert(output, query.dtype), logsumexp(scores, [-1], False)


def _split_heads(x: SymTensor, heads: int) -> SymTensor:
    """(batch, length, heads * width) as (batch, heads, length, width)."""
    batch, length, width = x.shape
    return transpose(reshape(x, (batch, length, heads, width // heads)), 1, 2)


def _projected(x: SymTensor, weight: SymTensor, bias: SymTensor, part: int, width: int) -> SymTensor:
    """One of the three projections that are stacked in weight and bias."""
    first, last = part * width, (part + 1) * width
    return linear(x, slice(weight, 0, first, last, 1), slice(bias, 0, first, last, 1))


def _masked(scores: SymTensor, mask: SymTensor, kind: int | None) -> SymTensor:
    """Scores of masked places made minus infinity. Kind 0: (length, length), 1: (batch, length), 2: all dimensions."""
    mask = convert(mask, dtypes.bool_)
    batch, _, rows, columns = scores.shape
    shapes: dict[int, tuple[Size, ...]] = {0: (1, 1, rows, columns), 1: (batch, 1, 1, columns)}
    if kind in shapes and mask.rank == 2:
        mask = reshape(mask, shapes[kind])
    return where(mask, -math.inf, scores)


@aten(
    "_native_multi_head_attention(Tensor query, Tensor key, Tensor value, int embed_dim, int num_head, Tensor qkv_weight, "
    "Tensor qkv_bias, Tensor proj_weight, Tensor proj_bias, Tensor? mask=None, bool need_weights=True, "
    "bool average_attn_weights=True, int? mask_type=None) -> (Tensor, Tensor)"
)
def native_multi_head_attention(
    query: SymTensor,
    key: SymTensor,
    value: SymTensor,
    width: int,
    heads: int,
    qkv_weight: SymTensor,
    qkv_bias: SymTensor,
    out_weight: SymTensor,
    out_bias: SymTensor,
    mask: SymTensor | None,
    need_weights: bool,
    average: bool,
    mask_type: int | None,
) -> tuple[SymTensor, SymTensor]:
    """Multi-head attention with all its projections; gives the output and the weights (empty unless they are needed)."""
    for x, name in ((query, "query"), (key, "key"), (value, "value")):
        if x.rank != 3:
            raise OperatorError(f"expected 3-D `{name}`, got {x.rank}-D tensor")
    width, heads = require_int(width, "embed_dim"), require_int(heads, "num_head")
    if width % heads:
        raise OperatorError(f"`embed_dim` must divide evenly by `num_heads`, got {width} and {heads}")
    q, k, v = (_split_heads(_projected(x, qkv_weight, qkv_bias, i, width), heads) for i, x in enumerate((query, key, value)))
    scores = product(binary("mul", q, 1.0 / math.sqrt(width // heads)), transpose(k, -2, -1))
    if mask is not None:
        scores = _masked(scores, mask, mask_type)
    weights = attention_weights(scores, mask is not None)
    batch, length, _ = query.shape
    merged = reshape(copy(permute(product(weights, v), (0, 2, 1, 3))), (batch, length, width))
    output = linear(merged, out_weight, out_bias)
    if not need_weights:
        return output, full((0,), 0.0, output.dtype)
    return output, binary("div", reductions.sum(weights, (1,), False), heads) if average else weights


@aten(
    "_transformer_encoder_layer_fwd(Tensor src, int embed_dim, int num_heads, Tensor qkv_weight, Tensor qkv_bias, "
    "Tensor proj_weight, Tensor proj_bias, bool use_gelu, bool norm_first, float eps, Tensor norm_weight_1, "
    "Tensor norm_bias_1, Tensor norm_weight_2, Tensor norm_bias_2, Tensor ffn_weight_1, Tensor ffn_bias_1, "
    "Tensor ffn_weight_2, Tensor ffn_bias_2, Tensor? mask=None, int? mask_type=None) -> Tensor"
)
def transformer_encoder_layer(
    x: SymTensor,
    width: int,
    heads: int,
    qkv_weight: SymTensor,
    qkv_bias: SymTensor,
    out_weight: SymTensor,
    out_bias: SymTensor,
    use_gelu: bool,
    norm_first: bool,
    eps: Any,
    norm_weight_1: SymTensor,
    norm_bias_1: SymTensor,
    norm_weight_2: SymTensor,
    norm_bias_2: SymTensor,
    ffn_weight_1: SymTensor,
    ffn_bias_1: SymTensor,
    ffn_weight_2: SymTensor,
    ffn_bias_2: SymTensor,
    mask: SymTensor | None,
    mask_type: int | None,
) -> SymTensor:
    """A transformer's encoder layer: attention and two linear layers, each with a normalisation before or after it."""

    def attended(y: SymTensor) -> SymTensor:
        return native_multi_head_attention(
            y, y, y, width, heads, qkv_weight, qkv_bias, out_weight, out_bias, mask, False, True, mask_type
        )[0]

    def fed(y: SymTensor) -> SymTensor:
        hidden = linear(y, ffn_weight_1, ffn_bias_1)
        return linear(gelu(hidden, "none") if use_gelu else relu(hidden), ffn_weight_2, ffn_bias_2)

    def normed(y: SymTensor, weight: SymTensor, bias: SymTensor) -> SymTensor:
        return layer_normalized(y, (y.rank - 1,), weight, bias, eps)[0]

    if require_bool(norm_first, "norm_first"):
        y = binary("add", x, attended(normed(x, norm_weight_1, norm_bias_1)))
        return binary("add", y, fed(normed(y, norm_weight_2, norm_bias_2)))
    y = normed(binary("add", x, attended(x)), norm_weight_1, norm_bias_1)
    return normed(binary("add", y, fed(y)), norm_weight_2, norm_bias_2)
