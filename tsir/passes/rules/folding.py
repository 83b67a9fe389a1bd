"""Batch normalisation in eval folded into the convolution or linear map before it, as data. The results differ by rounding."""

from __future__ import annotations

from typing import Any

from tsir.dialects.dtypes import Category
from tsir.passes.rules.constraints import Bound
from tsir.passes.rules.terms import Rule, Term, aten, rule, shaped


def _folds(w: Bound, v: Bound) -> bool:
    """w has rank 3, 4 or 5 and is of the floating dtype of v."""
    return w.rank in (3, 4, 5) and w.dtype is not None and w.dtype is v.dtype and w.dtype.category is Category.FLOAT


def _folds_rows(x: Bound, w: Bound, v: Bound) -> bool:
    """x and w have rank 2, and w is of the floating dtype of v."""
    return x.rank == 2 and w.rank == 2 and w.dtype is not None and w.dtype is v.dtype and w.dtype.category is Category.FLOAT


def _scale(gamma: Term | None, v: Term, eps: Term) -> Term:
    inverse = aten.rsqrt(aten.add.Scalar(v, eps, 1))
    return inverse if gamma is None else aten.mul.Tensor(gamma, inverse)


def _bias(b: Term | None, beta: Term | None, m: Term, scale: Term) -> Term:
    scaled = aten.mul.Tensor(aten.neg(m) if b is None else aten.sub.Tensor(b, m, 1), scale)
    return scaled if beta is None else aten.add.Tensor(scaled, beta, 1)


def _example(rank: int) -> dict[str, Any]:
    spatial, ones = [5] * (rank - 2), [1] * (rank - 2)
    norm = {"gamma": shaped(4), "beta": shaped(4), "m": shaped(4), "v": shaped(4, low=0.5), "momentum": 0.1, "eps": 1e-5}
    window = {"w": shaped(4, 3, *[3] * (rank - 2)), "stride": ones, "padding": ones, "dilation": ones, "groups": 1}
    if rank == 2:
        window = {"w": shaped(4, 3)}
    return {"x": shaped(2, 3, *spatial), "b": shaped(4), "cudnn": True, **norm, **window}


def _convolution_rule(convolution: str, rank: int, has_bias: bool, affine: bool) -> Rule:
    """`batch_norm(conv(x, w, b), gamma, beta, mean, var)` in eval as one convolution with scaled weights and another bias."""
    conv = getattr(aten, convolution)

    def terms(
        x: Term, w: Term, b: Term, stride: Term, padding: Term, dilation: Term, groups: Term, gamma: Term, beta: Term, m: Term,
        v: Term, momentum: Term, eps: Term, cudnn: Term,
    ) -> tuple[Term, Term]:  # fmt: skip
        b, gamma, beta = b if has_bias else None, gamma if affine else None, beta if affine else None
        norm = aten.batch_norm(
            conv(x, w, b, stride, padding, dilation, groups), gamma, beta, m, v, False, momentum, eps, cudnn
        )  # fmt: skip
        scale = _scale(gamma, v, eps)
        weights = aten.mul.Tensor(w, aten.reshape(scale, [-1] + [1] * (rank - 1)))
        return norm, conv(x, weights, _bias(b, beta, m, scale), stride, padding, dilation, groups)

    return rule(
        _name(convolution, has_bias, affine),
        terms,
        where=_folds,
        single_use=True,
        rounds=True,
        examples=[_example(rank)],
        why="both are linear in the convolution's weights; the weights' arithmetic is done once, in prepare(); rounding differs",
    )


def _linear_rule(has_bias: bool, affine: bool) -> Rule:
    """`batch_norm(linear(x, w, b), gamma, beta, mean, var)` in eval, for x of rank 2."""

    def terms(
        x: Term, w: Term, b: Term, gamma: Term, beta: Term, m: Term, v: Term, momentum: Term, eps: Term, cudnn: Term
    ) -> tuple[Term, Term]:
        b, gamma, beta = b if has_bias else None, gamma if affine else None, beta if affine else None
        norm = aten.batch_norm(aten.linear(x, w, b), gamma, beta, m, v, False, momentum, eps, cudnn)
        scale = _scale(gamma, v, eps)
        return norm, aten.linear(x, aten.mul.Tensor(w, aten.reshape(scale, [-1, 1])), _bias(b, beta, m, scale))

    return rule(
        _name("linear", has_bias, affine),
        terms,
        where=_folds_rows,
        single_use=True,
        rounds=True,
        examples=[_example(2)],
        why="both are linear in the weights; of rank 2, so that the last dimension is the channels",
    )


def _name(operator: str, has_bias: bool, affine: bool) -> str:
    return f"{operator}-batch-norm{'' if has_bias else '-without-bias'}{'' if affine else '-without-affine'}"


FOLDING: tuple[Rule, ...] = (
    *(
        _convolution_rule(convolution, rank, has_bias, affine)
        for convolution, rank in (("conv1d", 3), ("conv2d", 4), ("conv3d", 5))
        for has_bias in (True, False)
        for affine in (True, False)
    ),
    *(_linear_rule(has_bias, affine) for has_bias in (True, False) for affine in (True, False)),
)
"""Batch norm in eval folded into what is before it."""
