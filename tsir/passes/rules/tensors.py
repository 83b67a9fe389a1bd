"""Rules on tensor operators, as data. Each is tested on random inputs: pattern and replacement must agree."""

from __future__ import annotations

from tsir.dialects.dtypes import Category
from tsir.passes.rules.engine import Bound
from tsir.passes.rules.terms import Rule, Term, aten, computed, rule


def _keeps_dtype(x: Bound, d: Bound) -> bool:
    return x.dtype is not None and d.constant is x.dtype


def _is_floating(x: Bound) -> bool:
    return x.dtype is not None and x.dtype.category is Category.FLOAT


def _is_integer(x: Bound) -> bool:
    return x.dtype is not None and x.dtype.category is Category.INT


def _swaps_back(a: Bound, b: Bound, c: Bound, d: Bound) -> bool:
    constants = [v.constant for v in (a, b, c, d)]
    return all(isinstance(v, int) for v in constants) and {constants[0], constants[1]} == {constants[2], constants[3]}


def _are_lists(p: Bound, q: Bound) -> bool:
    lists = [p.constant, q.constant]
    return all(isinstance(v, list) and all(isinstance(i, int) and i >= 0 for i in v) for v in lists)


def _is_order(x: Bound, p: Bound) -> bool:
    return isinstance(p.constant, list) and x.rank is not None and p.constant == list(range(x.rank))


def _is_own_shape(x: Bound, s: Bound) -> bool:
    return x.dims is not None and None not in x.dims and isinstance(s.constant, list) and list(x.dims) == s.constant


IDENTITIES: tuple[Rule, ...] = (
    rule(
        "dropout-in-eval",
        lambda x, p: (aten.dropout(x, p, False), x),
        alias=True,
        why="dropout gives its input itself when it isn't training",
    ),
    rule(
        "feature-dropout-in-eval",
        lambda x, p: (aten.feature_dropout(x, p, False), x),
        alias=True,
        why="as dropout",
    ),
    rule(
        "alpha-dropout-in-eval",
        lambda x, p: (aten.alpha_dropout(x, p, False), x),
        alias=True,
        why="as dropout",
    ),
    rule(
        "to-own-dtype",
        lambda x, d: (aten.to.dtype(x, d), x),
        where=_keeps_dtype,
        alias=True,
        why="to() gives its input itself when nothing changes",
    ),
    rule(
        "multiplied-by-one",
        lambda x: (aten.mul.Scalar(x, 1), x),
        where=_is_integer,
        why="an int tensor times the int 1 has the same values and dtype",
    ),
    rule(
        "float-multiplied-by-one",
        lambda x: (aten.mul.Scalar(x, 1), x),
        where=_is_floating,
        why="x * 1 is x for every float, NaN and -0.0 included, and an int doesn't promote",
    ),
    rule(
        "int-plus-zero",
        lambda x: (aten.add.Scalar(x, 0, 1), x),
        where=_is_integer,
        why="an int tensor plus 0; for floats -0.0 + 0 is 0.0, so it doesn't hold there",
    ),
    rule(
        "relu-of-relu",
        lambda x: (aten.relu(aten.relu(x)), aten.relu(x)),
        why="relu's results are not negative, and NaN stays NaN",
    ),
)

VIEWS: tuple[Rule, ...] = (
    rule(
        "transposed-back",
        lambda x, a, b, c, d: (aten.transpose.int(aten.transpose.int(x, a, b), c, d), x),
        where=_swaps_back,
        alias=True,
        why="swapping two dimensions twice; the dimensions are spelt alike, so that -1 isn't taken for another one",
    ),
    rule("t-of-t", lambda x: (aten.t(aten.t(x)), x), alias=True, why="t() swaps the two dimensions, or none"),
    rule(
        "permute-of-permute",
        lambda x, p, q: (
            aten.permute(aten.permute(x, p), q),
            aten.permute(x, computed(lambda p, q: [p[i] for i in q])),
        ),
        where=_are_lists,
        alias=True,
        why="permutations compose",
    ),
    rule(
        "permute-to-own-order",
        lambda x, p: (aten.permute(x, p), x),
        where=_is_order,
        alias=True,
        why="the identity permutation",
    ),
    rule(
        "view-of-view",
        lambda x, s, r: (aten.view(aten.view(x, s), r), aten.view(x, r)),
        where=lambda x, r: x.rank is not None and r.is_constant and -1 not in r.constant,
        alias=True,
        why="the elements stay in order; what the inner view asks of the strides the outer one asks too or less",
    ),
    rule(
        "reshape-of-reshape",
        lambda x, s, r: (aten.reshape(aten.reshape(x, s), r), aten.reshape(x, r)),
        why="the elements stay in order",
        where=lambda r: r.is_constant,
        alias=True,
    ),
    rule(
        "view-as-own-shape",
        lambda x, s: (aten.view(x, s), x),
        where=_is_own_shape,
        alias=True,
        why="a view of the tensor's own shape",
    ),
    rule(
        "reshape-to-own-shape",
        lambda x, s: (aten.reshape(x, s), x),
        where=_is_own_shape,
        alias=True,
        why="reshape gives a view of the tensor where it can, and its own shape can",
    ),
    rule(
        "expand-to-own-shape",
        lambda x, s: (aten.expand(x, s), x),
        where=_is_own_shape,
        alias=True,
        why="nothing is expanded",
    ),
)


def _folds(w: Bound, v: Bound) -> bool:
    return w.dims is not None and w.rank in (3, 4, 5) and w.dtype is not None and w.dtype is v.dtype and _is_floating(w)


def _column(rank: int) -> list[int]:
    return [-1] + [1] * (rank - 1)


def _batch_norm_rule(name: str, convolution: str, rank: int, *, has_bias: bool, affine: bool) -> Rule:
    """`batch_norm(conv(x, w, b), gamma, beta, mean, var)` in eval as one convolution with scaled weights and another bias."""
    conv = getattr(aten, convolution)

    def scale(gamma: Term, v: Term, eps: Term) -> Term:
        inverse = aten.rsqrt(aten.add.Scalar(v, eps, 1))
        return aten.mul.Tensor(gamma, inverse) if affine else inverse

    def bias(b: Term, gamma: Term, beta: Term, m: Term, v: Term, eps: Term) -> Term:
        centred = aten.sub.Tensor(b, m, 1) if has_bias else aten.neg(m)
        scaled = aten.mul.Tensor(centred, scale(gamma, v, eps))
        return aten.add.Tensor(scaled, beta, 1) if affine else scaled

    def terms(
        x: Term, w: Term, b: Term, stride: Term, padding: Term, dilation: Term, groups: Term, gamma: Term, beta: Term, m: Term,
        v: Term, momentum: Term, eps: Term, cudnn: Term,
    ) -> tuple[Term, Term]:  # fmt: skip
        norm = aten.batch_norm(
            conv(x, w, b if has_bias else None, stride, padding, dilation, groups),
            gamma if affine else None, beta if affine else None, m, v, False, momentum, eps, cudnn,
        )  # fmt: skip
        weights = aten.mul.Tensor(w, aten.reshape(scale(gamma, v, eps), _column(rank)))
        return norm, conv(x, weights, bias(b, gamma, beta, m, v, eps), stride, padding, dilation, groups)

    return rule(
        name,
        terms,
        where=_folds,
        single_use=True,
        why="both are linear in the convolution's weights; the weights' arithmetic is done once, in prepare(); rounding differs",
    )


FOLDING: tuple[Rule, ...] = tuple(
    _batch_norm_rule(
        f"{convolution}-batch-norm{'' if bias else '-without-bias'}{'' if affine else '-without-affine'}",
        convolution,
        rank,
        has_bias=bias,
        affine=affine,
    )
    for convolution, rank in (("conv1d", 3), ("conv2d", 4), ("conv3d", 5))
    for bias in (True, False)
    for affine in (True, False)
)
"""Batch norm in eval folded into the convolution before it. The results differ by rounding."""

RULES: dict[str, tuple[Rule, ...]] = {"identities": IDENTITIES, "views": VIEWS, "folding": FOLDING}
"""The tables by name."""
