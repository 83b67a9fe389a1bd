"""Host operators of losses that are dynamic programs over time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsir.errors import OperatorError

Array = NDArray[Any]


def ctc_loss(
    log_probs: Array,
    targets: Array,
    input_lengths: Sequence[int] | Array,
    target_lengths: Sequence[int] | Array,
    blank: int,
    reduction: int,
    zero_infinity: bool,
) -> Array:
    """`torch.ctc_loss`: minus the logarithm of the probability of the targets, over all alignments with blanks."""
    inputs = [int(n) for n in np.asarray(input_lengths).reshape(-1)]
    lengths = [int(n) for n in np.asarray(target_lengths).reshape(-1)]
    single = log_probs.ndim == 2
    scores = log_probs[:, None] if single else log_probs
    steps, batch, classes = scores.shape
    if not 0 <= blank < classes:
        raise OperatorError("blank must be in label range")
    if len(inputs) != batch or len(lengths) != batch:
        raise OperatorError(f"input_lengths and target_lengths must be of size batch_size ({batch})")
    rows = _rows(targets[None] if single and targets.ndim == 1 else targets, lengths)
    losses = np.empty(batch, scores.dtype)
    for i in range(batch):
        if inputs[i] > steps or inputs[i] < 0:
            raise OperatorError(f"Expected input_lengths to have value at most {steps}, but got value {inputs[i]} (while checking "
                                "arguments for ctc_loss_cpu)")  # fmt: skip
        losses[i] = _sample_loss(scores[: inputs[i], i], rows[i], blank)
    if zero_infinity:
        losses[np.isinf(losses)] = 0
    if reduction == 1:
        return np.asarray((losses / np.maximum(np.asarray(lengths), 1).astype(losses.dtype)).mean(), losses.dtype)
    if reduction == 2:
        return np.asarray(losses.sum(), losses.dtype)
    return losses[0].reshape(()) if single else losses


def _rows(targets: Array, lengths: Sequence[int]) -> list[Array]:
    """Each sample's labels: rows of a matrix, or parts of a vector one after the other."""
    if targets.ndim == 1:
        ends = np.cumsum([0, *lengths])
        if ends[-1] > targets.size:
            raise OperatorError("Expected targets to hold as many labels as target_lengths say")
        return [targets[a:b] for a, b in itertools.pairwise(ends.tolist())]
    if max(lengths, default=0) > targets.shape[1]:
        raise OperatorError(
            f"Expected tensor to have size at least {max(lengths)} at dimension 1, but got size {targets.shape[1]}"
        )
    return [targets[i, :n] for i, n in enumerate(lengths)]


def _sample_loss(scores: Array, labels: Array, blank: int) -> Any:
    """Forward recursion over blanks and labels in turn, in logarithms."""
    states = np.full(2 * len(labels) + 1, blank, np.int64)
    states[1::2] = labels
    if not len(scores):
        return scores.dtype.type(0 if not len(labels) else np.inf)
    alpha = np.full(len(states), -np.inf, scores.dtype)
    alpha[:2] = scores[0, states[:2]]
    may_skip = np.zeros(len(states), bool)
    may_skip[2:] = (states[2:] != blank) & (states[2:] != states[:-2])
    for row in scores[1:]:
        before = np.full_like(alpha, -np.inf)
        before[1:] = alpha[:-1]
        skipped = np.full_like(alpha, -np.inf)
        skipped[2:] = np.where(may_skip[2:], alpha[:-2], -np.inf)
        alpha = np.logaddexp(np.logaddexp(alpha, before), skipped) + row[states]
    return -np.logaddexp.reduce(alpha[-2:])
