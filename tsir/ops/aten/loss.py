"""Loss functions."""

from __future__ import annotations

import math
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.aten.normalization import log_softmax_of
from tsir.ops.aten.norms import vector_norm
from tsir.ops.aten.precision import first, in_float32, in_float32_to, promoted, require_float
from tsir.ops.core import reductions
from tsir.ops.core.checks import check_number
from tsir.ops.core.creation import full, iota
from tsir.ops.core.elementwise import binary, clamp, convert, unary, where
from tsir.ops.core.indexing import gather
from tsir.ops.core.sorting import scan
from tsir.ops.core.views import reshape, unsqueeze
from tsir.ops.promotion import result_type
from tsir.ops.registry import aten, host
from tsir.ops.sizes import Size
from tsir.ops.tensor import SymTensor, dtype_label, require_int

NONE, MEAN, SUM = 0, 1, 2
"""torch's codes of reductions."""


def reduced(x: SymTensor, reduction: int, count: Size | None = None) -> SymTensor:
    """The losses as they are, their mean, or their sum."""
    reduction = require_int(reduction, "reduction")
    if reduction == NONE:
        return x
    if x.dtype.category <= Category.INT:
        if reduction == MEAN:
            raise OperatorError(
                "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
                f"Got: {dtype_label(x.dtype)}"
            )
        x = convert(x, dtypes.int64)
    total = reductions.sum(x, tuple(range(x.rank)), False)
    return total if reduction == SUM else binary("div", total, x.numel() if count is None else count)


def _float_pair(name: str, x: SymTensor, target: SymTensor) -> None:
    dtype = result_type((x, target))
    if dtype.category <= Category.INT:
        raise OperatorNotImplementedError(f'"{name}" not implemented for {dtype_label(dtype)!r}')


@aten("mse_loss(Tensor self, Tensor target, int reduction=1) -> Tensor")
@in_float32_to(promoted)
def mse_loss(x: SymTensor, target: SymTensor, reduction: int) -> SymTensor:
    """The squared difference."""
    _float_pair("mse_cpu", x, target)
    difference = binary("sub", x, target)
    return reduced(binary("mul", difference, difference), reduction)


@aten("l1_loss(Tensor self, Tensor target, int reduction=1) -> Tensor", out=False)
@in_float32_to(promoted)
def l1_loss(x: SymTensor, target: SymTensor, reduction: int) -> SymTensor:
    """The absolute difference."""
    if require_int(reduction, "reduction") == MEAN:
        _float_pair("mean", x, target)
    return reduced(unary("abs", binary("sub", x, target)), reduction)


@aten("smooth_l1_loss(Tensor self, Tensor target, int reduction=1, float beta=1.) -> Tensor")
@in_float32_to(promoted)
def smooth_l1_loss(x: SymTensor, target: SymTensor, reduction: int, beta: Any) -> SymTensor:
    """The squared difference over `2 beta` below `beta`, the absolute one less `beta / 2` above."""
    if beta < 0:
        raise OperatorError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return l1_loss(x, target, reduction)
    _float_pair("smooth_l1_cpu", x, target)
    distance = unary("abs", binary("sub", x, target))
    near = binary("div", binary("mul", binary("mul", distance, distance), 0.5), beta)
    return reduced(where(binary("lt", distance, beta), near, binary("sub", distance, beta * 0.5)), reduction)


@aten("huber_loss(Tensor self, Tensor target, int reduction=1, float delta=1.) -> Tensor")
@in_float32_to(first)
def huber_loss(x: SymTensor, target: SymTensor, reduction: int, delta: Any) -> SymTensor:
    """Half the squared difference below `delta`, linear above."""
    check_number(delta, "gt", 0, "huber_loss does not support non-positive values for delta.")
    _float_pair("huber_cpu", x, target)
    distance = unary("abs", binary("sub", x, target))
    near = binary("mul", binary("mul", distance, distance), 0.5)
    far = binary("mul", binary("sub", distance, delta * 0.5), delta)
    return reduced(where(binary("le", distance, delta), near, far), reduction)


# Classes --------------------------------------------------------------------------------------------------------------


def _class_weights(weight: SymTensor | None, index: SymTensor, valid: SymTensor, dtype: dtypes.DType) -> SymTensor:
    """The weight of each target's class, 0 where the target is ignored."""
    if weight is None:
        return convert(valid, dtype)
    flat = reshape(index, (index.numel(),))
    picked = reshape(gather(weight, 0, flat), index.shape)
    return where(valid, picked, 0.0)


def _nll(
    x: SymTensor, target: SymTensor, weight: SymTensor | None, reduction: int, ignore: Any
) -> tuple[SymTensor, SymTensor]:
    """The losses and the sum of the weights; `x` has the classes in dimension 1 (0 for one sample)."""
    if x.rank == 0 or (target.rank not in (x.rank - 1, 0)):
        raise OperatorError(f"0D or 1D target tensor expected, multi-target not supported; got {target.rank}D")
    at = 0 if x.rank == 1 else 1
    rest = [s for d, s in enumerate(x.shape) if d != at]
    if any(a != b for a, b in zip(rest, target.shape, strict=True)):
        raise OperatorError(f"size mismatch (got input: {list(x.shape)} , target: {list(target.shape)})")
    if target.dtype not in (dtypes.int64, dtypes.uint8):
        raise OperatorError(f"expected scalar type Long but found {dtype_label(target.dtype)}")
    if weight is not None and (weight.rank != 1 or weight.shape[0] != x.shape[at]):
        raise OperatorError(
            f"weight tensor should be defined either for all {x.shape[at]} classes or no classes but got weight tensor of "
            f"shape: {list(weight.shape)}"
        )
    target = convert(target, dtypes.int64)
    valid = binary("ne", target, ignore)
    index = where(valid, target, 0)
    picked = gather(x, at, unsqueeze(index, at))
    picked = reshape(picked, target.shape)
    weights = _class_weights(weight, index, valid, x.dtype)
    losses = where(valid, -(picked if weight is None else binary("mul", picked, weights)), 0.0)
    everything = tuple(range(target.rank))
    total_weight = reductions.sum(weights, everything, False)
    reduction = require_int(reduction, "reduction")
    if reduction == NONE:
        return losses, total_weight
    total = reductions.sum(losses, everything, False)
    return (total if reduction == SUM else binary("div", total, total_weight)), total_weight


@aten("nll_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor")
@aten("nll_loss2d(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor")
@aten(
    "nll_loss_nd(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor",
    out=False,
)
@in_float32
def nll_loss(x: SymTensor, target: SymTensor, weight: SymTensor | None, reduction: int, ignore: Any) -> SymTensor:
    """The negative of the target class's log-probability."""
    return _nll(x, target, weight, reduction, ignore)[0]


@aten(
    "nll_loss_forward(Tensor self, Tensor target, Tensor? weight, int reduction, SymInt ignore_index) -> "
    "(Tensor output, Tensor total_weight)"
)
@in_float32
def nll_loss_forward(
    x: SymTensor, target: SymTensor, weight: SymTensor | None, reduction: int, ignore: Any
) -> tuple[SymTensor, SymTensor]:
    """`nll_loss` and the sum of the weights."""
    loss, total = _nll(x, target, weight, reduction, ignore)
    return loss, (full((), 0.0, x.dtype) if require_int(reduction, "reduction") == NONE else total)


@aten(
    "cross_entropy_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100, "
    "float label_smoothing=0.) -> Tensor",
    out=False,
)
@in_float32
def cross_entropy_loss(
    x: SymTensor, target: SymTensor, weight: SymTensor | None, reduction: int, ignore: Any, smoothing: Any
) -> SymTensor:
    """`nll_loss` of the log-softmax; targets are classes, or probabilities of `x`'s shape."""
    at = 0 if x.rank == 1 else 1
    if not 0.0 <= smoothing <= 1.0:
        raise OperatorError(f"label_smoothing must be between 0.0 and 1.0. Got: {smoothing}")
    logs = log_softmax_of(x, at)
    if target.rank == x.rank and all(a == b for a, b in zip(target.shape, x.shape, strict=True)):
        return _probability_loss(logs, target, weight, reduction, smoothing, at)
    loss = _nll(logs, target, weight, reduction, ignore)[0]
    if smoothing == 0.0:
        return loss
    target = convert(target, dtypes.int64)
    valid = binary("ne", target, ignore)
    spread = logs if weight is None else binary("mul", logs, _along(weight, logs.rank, at))
    smooth = where(valid, -reductions.sum(spread, (at,), False), 0.0)
    everything = tuple(range(smooth.rank))
    classes = x.shape[at]
    kind = require_int(reduction, "reduction")
    if kind != NONE:
        smooth = reductions.sum(smooth, everything, False)
    if kind == MEAN:
        count = reductions.sum(_class_weights(weight, where(valid, target, 0), valid, x.dtype), everything, False)
        smooth = binary("div", smooth, count)
    share = binary("div", smooth, classes) if not isinstance(classes, int) else smooth * (smoothing / classes)
    share = share if isinstance(classes, int) else share * smoothing
    return binary("add", loss * (1.0 - smoothing), share)


def _along(weight: SymTensor, rank: int, at: int) -> SymTensor:
    return reshape(weight, [weight.shape[0] if d == at else 1 for d in range(rank)])


def _probability_loss(
    logs: SymTensor, target: SymTensor, weight: SymTensor | None, reduction: int, smoothing: Any, at: int
) -> SymTensor:
    if not target.is_floating_point:
        raise OperatorError(
            "Expected floating point type for target with class probabilities, got " + dtype_label(target.dtype)
        )
    if smoothing > 0.0:
        target = binary("add", target * (1.0 - smoothing), binary("div", smoothing, logs.shape[at]))
    product = binary("mul", logs, target)
    if weight is not None:
        product = binary("mul", product, _along(weight, logs.rank, at))
    losses = -reductions.sum(product, (at,), False)
    return reduced(losses, reduction, logs.numel() // logs.shape[at])


@aten("binary_cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int reduction=1) -> Tensor")
@in_float32
def binary_cross_entropy(x: SymTensor, target: SymTensor, weight: SymTensor | None, reduction: int) -> SymTensor:
    """The cross entropy of probabilities; logarithms are at least -100."""
    if x.dtype is not target.dtype:
        raise OperatorError(f"Found dtype {dtype_label(target.dtype)} but expected {dtype_label(x.dtype)}")
    log_p = clamp(unary("log", x), -100.0, None)
    log_q = clamp(unary("log1p", -x), -100.0, None)
    losses = binary("sub", binary("mul", binary("sub", target, 1), log_q), binary("mul", target, log_p))
    return reduced(losses if weight is None else binary("mul", losses, weight), reduction)


def _of_target(x: SymTensor, target: SymTensor, weight: SymTensor | None, *_: Any) -> dtypes.DType:
    """The dtype of what is computed in the target's place, times the weight."""
    return promoted(target, weight)


@aten(
    "binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? pos_weight=None, "
    "int reduction=1) -> Tensor"
)
@in_float32_to(_of_target)
def binary_cross_entropy_with_logits(
    x: SymTensor, target: SymTensor, weight: SymTensor | None, pos_weight: SymTensor | None, reduction: int
) -> SymTensor:
    """The cross entropy of the sigmoid, without overflow."""
    log_sigmoid = binary("sub", clamp(x, None, 0), unary("log1p", unary("exp", -unary("abs", x))))
    rest = binary("mul", binary("sub", 1, target), x)
    if pos_weight is not None:
        factor = binary("add", binary("mul", binary("sub", pos_weight, 1), target), 1)
        losses = binary("sub", rest, binary("mul", factor, log_sigmoid))
    else:
        losses = binary("sub", rest, log_sigmoid)
    return reduced(losses if weight is None else binary("mul", losses, weight), reduction)


@aten("kl_div(Tensor self, Tensor target, int reduction=1, *, bool log_target=False) -> Tensor", out=False)
@in_float32_to(promoted)
def kl_div(x: SymTensor, target: SymTensor, reduction: int, log_target: bool) -> SymTensor:
    """Kullback and Leibler's divergence; `self` has log-probabilities."""
    if x.dtype.category <= Category.INT or target.dtype.category <= Category.INT:
        raise OperatorError("kl_div: Integral inputs not supported.")
    if log_target:
        losses = binary("mul", unary("exp", target), binary("sub", target, x))
    else:
        own = where(binary("eq", target, 0), 0.0, binary("mul", target, unary("log", target)))
        losses = binary("sub", own, binary("mul", target, x))
    return reduced(losses, reduction)


@aten(
    "poisson_nll_loss(Tensor input, Tensor target, bool log_input, bool full, float eps, int reduction) -> Tensor", out=False
)
@in_float32_to(promoted)
def poisson_nll_loss(x: SymTensor, target: SymTensor, log_input: bool, is_full: bool, eps: Any, reduction: int) -> SymTensor:
    """The negative log-likelihood of a Poisson distribution."""
    if log_input:
        losses = binary("sub", unary("exp", x), binary("mul", target, x))
    else:
        losses = binary("sub", x, binary("mul", target, unary("log", binary("add", x, eps))))
    if is_full:
        stirling = binary(
            "add",
            binary("sub", binary("mul", target, unary("log", target)), target),
            unary("log", target * (2 * math.pi)) * 0.5,
        )
        losses = binary("add", losses, where(binary("le", target, 1), 0.0, stirling))
    return reduced(losses, reduction)


# Margins --------------------------------------------------------------------------------------------------------------


def _positive_part(x: SymTensor) -> SymTensor:
    return clamp(x, 0, None)


@aten("hinge_embedding_loss(Tensor self, Tensor target, float margin=1., int reduction=1) -> Tensor", out=False)
def hinge_embedding_loss(x: SymTensor, target: SymTensor, margin: Any, reduction: int) -> SymTensor:
    """x for target 1, `max(0, margin - x)` for target -1."""
    zero = full((), 0, x.dtype)
    apart = where(binary("ne", target, 1), _positive_part(binary("sub", full(x.shape, margin, x.dtype), x)), zero)
    return reduced(binary("add", apart, where(binary("ne", target, -1), x, zero)), reduction)


@aten(
    "margin_ranking_loss(Tensor input1, Tensor input2, Tensor target, float margin=0., int reduction=1) -> Tensor", out=False
)
def margin_ranking_loss(a: SymTensor, b: SymTensor, target: SymTensor, margin: Any, reduction: int) -> SymTensor:
    """`max(0, -target * (input1 - input2) + margin)`."""
    return reduced(_positive_part(binary("add", binary("mul", -target, binary("sub", a, b)), margin)), reduction)


@aten("soft_margin_loss(Tensor self, Tensor target, int reduction=1) -> Tensor")
@in_float32_to(first)
def soft_margin_loss(x: SymTensor, target: SymTensor, reduction: int) -> SymTensor:
    """`log(1 + exp(-target * x))`."""
    require_float(x, "soft_margin_loss")
    return reduced(unary("log1p", unary("exp", binary("mul", -target, x))), reduction)


@aten(
    "cosine_embedding_loss(Tensor input1, Tensor input2, Tensor target, float margin=0., int reduction=1) -> Tensor",
    out=False,
)
def cosine_embedding_loss(a: SymTensor, b: SymTensor, target: SymTensor, margin: Any, reduction: int) -> SymTensor:
    """`1 - cosine` for target 1, `max(0, cosine - margin)` for target -1."""
    epsilon = 1e-12
    at = (a.rank - 1,)
    product = reductions.sum(binary("mul", a, b), at, False)
    squares = [binary("add", reductions.sum(binary("mul", v, v), at, False), epsilon) for v in (a, b)]
    cosine = binary("div", product, unary("sqrt", binary("mul", *squares)))
    together = where(binary("eq", target, 1), binary("sub", 1.0, cosine), 0.0)
    apart = where(binary("eq", target, -1), _positive_part(binary("sub", cosine, margin)), 0.0)
    return reduced(binary("add", together, apart), reduction)


@aten(
    "triplet_margin_loss(Tensor anchor, Tensor positive, Tensor negative, float margin=1., float p=2., "
    "float eps=9.9999999999999995e-07, bool swap=False, int reduction=1) -> Tensor",
    out=False,
)
def triplet_margin_loss(
    anchor: SymTensor, positive: SymTensor, negative: SymTensor, margin: Any, p: Any, eps: Any, swap: bool, reduction: int
) -> SymTensor:
    """`max(0, margin + |anchor - positive| - |anchor - negative|)`."""

    def distance(a: SymTensor, b: SymTensor) -> SymTensor:
        return vector_norm(binary("add", binary("sub", a, b), eps), p, (-1,), False, None)

    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = binary("minimum", far, distance(positive, negative))
    return reduced(_positive_part(binary("add", binary("sub", near, far), margin)), reduction)


def _margin_rows(x: SymTensor) -> SymTensor:
    return x if x.rank == 2 else reshape(x, (1, x.numel()))


@aten(
    "multi_margin_loss(Tensor self, Tensor target, Scalar p=1, Scalar margin=1, Tensor? weight=None, int reduction=1) -> Tensor"
)
def multi_margin_loss(
    x: SymTensor, target: SymTensor, p: Any, margin: Any, weight: SymTensor | None, reduction: int
) -> SymTensor:
    """The mean over other classes of `max(0, margin - x[target] + x[class]) ** p`."""
    if p not in (1, 2):
        raise OperatorError("only p == 1 and p == 2 supported")
    rows = _margin_rows(x)
    classes = rows.shape[1]
    index = reshape(target, (rows.shape[0], 1))
    z = _positive_part(binary("add", binary("sub", rows, gather(rows, 1, index)), margin))
    z = binary("mul", z, z) if p == 2 else z
    if weight is not None:
        z = binary("mul", z, reshape(gather(weight, 0, reshape(index, (rows.shape[0],))), (rows.shape[0], 1)))
    others = binary("ne", iota(classes, dtypes.int64), index)
    losses = binary("div", reductions.sum(where(others, z, 0.0), (1,), False), classes)
    kind = require_int(reduction, "reduction")
    return reshape(losses, target.shape) if kind == NONE else reduced(losses, kind)


@aten("multilabel_margin_loss_forward(Tensor self, Tensor target, int reduction) -> (Tensor output, Tensor is_target)")
def multilabel_margin_loss_forward(x: SymTensor, target: SymTensor, reduction: int) -> tuple[SymTensor, SymTensor]:
    """The mean over classes of `max(0, 1 - x[target] + x[other])` for all targets of a sample, and which classes are targets."""
    require_float(x, "multilabel_margin_loss_forward_out_frame")
    if x.rank > 2 or target.rank != x.rank or any(a != b for a, b in zip(x.shape, target.shape, strict=True)):
        raise OperatorError(f"inconsistent target size: {list(target.shape)} for input of size: {list(x.shape)}")
    if target.dtype is not dtypes.int64:
        raise OperatorError("Expected object of scalar type long int for argument target")
    rows, labels = _margin_rows(x), _margin_rows(target)
    classes = rows.shape[1]
    named = convert(binary("ge", labels, 0), dtypes.int64)
    valid = convert(scan(named, 1, "mul"), dtypes.bool_)  # the first negative label ends a sample's list
    places = where(valid, labels, 0)
    same = binary("eq", unsqueeze(places, 2), iota(classes, dtypes.int64))
    is_target = reductions.any(binary("logical_and", same, unsqueeze(valid, 2)), (1,), False)
    margin = binary("add", binary("sub", 1.0, unsqueeze(gather(rows, 1, places), 2)), unsqueeze(rows, 1))
    counted = binary("logical_and", unsqueeze(valid, 2), unsqueeze(unary("logical_not", is_target), 1))
    losses = reductions.sum(where(counted, _positive_part(margin), 0.0), (1, 2), False)
    losses = binary("div", losses, classes)
    kind = require_int(reduction, "reduction")
    marks = reshape(convert(is_target, x.dtype), x.shape)
    if kind == NONE:
        return reshape(losses, () if x.rank < 2 else (x.shape[0],)), marks
    return reduced(losses, kind), marks


@aten("multilabel_margin_loss(Tensor self, Tensor target, int reduction=1) -> Tensor")
@in_float32
def multilabel_margin_loss(x: SymTensor, target: SymTensor, reduction: int) -> SymTensor:
    """The mean over classes of `max(0, 1 - x[target] + x[other])` for all targets of a sample."""
    return multilabel_margin_loss_forward(x, target, reduction)[0]


@host(
    "ctc_loss.IntList(Tensor log_probs, Tensor targets, int[] input_lengths, int[] target_lengths, int blank=0, int reduction=1, "
    "bool zero_infinity=False) -> Tensor",
    "ctc_loss.Tensor(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, int blank=0, "
    "int reduction=1, bool zero_infinity=False) -> Tensor",
    implementation="tsir.ops.host_losses:ctc_loss",
)
def ctc_loss(
    x: SymTensor, targets: SymTensor, inputs: Any, lengths: Any, blank: int, reduction: int, zero_infinity: bool
) -> SymTensor:
    """Minus the logarithm of the probability of label sequences, over all alignments with blanks."""
    if x.rank not in (2, 3) or targets.rank not in (1, 2):
        raise OperatorError(
            f"ctc_loss: expected log_probs with 2 or 3 dimensions, targets with 1 or 2, got {x.rank}, {targets.rank}"
        )
    if x.dtype not in (dtypes.float32, dtypes.float64):
        raise OperatorNotImplementedError(f'"ctc_loss_cpu" not implemented for {dtype_label(x.dtype)!r}')
    shape = (x.shape[1],) if reduction == NONE and x.rank == 3 else ()
    return SymTensor(x.dtype, shape)
