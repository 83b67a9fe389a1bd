"""What several operators spell out and one operator says: linear maps, activations and attention, as data. They differ by rounding.

They aren't among the tables that `ts-canonicalize` applies unless it is asked to: `ts-canonicalize{tables=forms}`.
"""

from __future__ import annotations

import math

from tsir.passes.rules.constraints import Bound, constant, has_rank, is_floating, same_dtype
from tsir.passes.rules.terms import Rule, Term, aten, commute, computed, rule, shaped


def _is_last(rank: int | None, dimension: object) -> bool:
    return type(dimension) is int and (dimension == -1 or (rank is not None and dimension == rank - 1))


def _swaps_last_two(k: Bound, a: Bound, b: Bound) -> bool:
    """a and b are the last two dimensions of k."""
    if k.rank is None or type(a.constant) is not int or type(b.constant) is not int:
        return False
    return sorted(d % k.rank for d in (a.constant, b.constant)) == [k.rank - 2, k.rank - 1]


def _attends(q: Bound, k: Bound, v: Bound, d: Bound) -> bool:
    """q, k and v are of one floating dtype and equal rank and batch dimensions, and d is the last dimension."""
    dims = [t.dims for t in (q, k, v)]
    if any(s is None or len(s) < 3 for s in dims) or not _is_last(q.rank, d.constant):
        return False
    batches = [tuple(s[:-2]) for s in dims if s is not None]
    return all(b == batches[0] and None not in b for b in batches) and all(s is not None and len(s) == q.rank for s in dims)


def _fits_mask(q: Bound, k: Bound, mask: Bound) -> bool:
    """mask is of the dtype of q and doesn't enlarge the scores."""
    if mask.dtype is not q.dtype or mask.rank is None or q.rank is None or mask.rank > q.rank:
        return False
    if k.dims is None or len(k.dims) < 2:
        return False
    scores = [*(q.dims or ())[:-1], k.dims[-2]]
    return all(
        m == 1 or (m == s and m is not None) for m, s in zip(reversed(mask.dims or ()), reversed(scores), strict=False)
    )


_ATTENTION = {
    "q": shaped(2, 3, 4, 8), "k": shaped(2, 3, 5, 8), "v": shaped(2, 3, 5, 6), "a": -2, "b": -1, "d": -1, "c": 0.25,
    "mask": shaped(2, 1, 4, 5),
}  # fmt: skip

_ATTENTION_WHERE = (is_floating("q"), same_dtype("q", "k", "v"), _swaps_last_two, _attends)


def _attention(q: Term, k: Term, v: Term, mask: Term | None, scale: Term) -> Term:
    return aten.scaled_dot_product_attention(q, k, v, mask, 0.0, False, scale=scale)


def _scores(q: Term, k: Term, a: Term, b: Term) -> Term:
    return aten.matmul(q, aten.transpose.int(k, a, b))


_IS_NUMBER = constant("c", lambda c: isinstance(c, int | float) and not isinstance(c, bool) and c != 0, "a number but zero")
_INVERSE = computed(lambda c: 1.0 / c)
_FLOAT = computed(lambda c: float(c))

ATTENTION: tuple[Rule, ...] = (
    rule(
        "attention-divided",
        lambda q, k, v, a, b, c, d: (
            aten.matmul(aten.softmax.int(aten.div.Scalar(_scores(q, k, a, b), c), d), v),
            _attention(q, k, v, None, _INVERSE),
        ),
        where=[*_ATTENTION_WHERE, _IS_NUMBER],
        single_use=True,
        rounds=True,
        examples=[_ATTENTION],
        why="the definition of scaled dot-product attention; the scale is 1 / c",
    ),
    rule(
        "attention-multiplied",
        lambda q, k, v, a, b, c, d: (
            aten.matmul(aten.softmax.int(aten.mul.Scalar(_scores(q, k, a, b), c), d), v),
            _attention(q, k, v, None, _FLOAT),
        ),
        where=[*_ATTENTION_WHERE, _IS_NUMBER],
        single_use=True,
        rounds=True,
        examples=[_ATTENTION],
        why="the definition of scaled dot-product attention",
    ),
    rule(
        "attention-of-scaled-query",
        lambda q, k, v, a, b, c, d: (
            aten.matmul(aten.softmax.int(_scores(aten.mul.Scalar(q, c), k, a, b), d), v),
            _attention(q, k, v, None, _FLOAT),
        ),
        where=[*_ATTENTION_WHERE, _IS_NUMBER],
        single_use=True,
        rounds=True,
        examples=[_ATTENTION],
        why="the scores are linear in the query",
    ),
    rule(
        "attention-masked",
        lambda q, k, v, a, b, c, d, mask: (
            aten.matmul(aten.softmax.int(commute(aten.add.Tensor(aten.mul.Scalar(_scores(q, k, a, b), c), mask, 1)), d), v),
            _attention(q, k, v, mask, _FLOAT),
        ),
        where=[*_ATTENTION_WHERE, _IS_NUMBER, _fits_mask],
        single_use=True,
        rounds=True,
        examples=[_ATTENTION],
        why="the definition of scaled dot-product attention with a mask that is added to the scores",
    ),
    rule(
        "attention-divided-and-masked",
        lambda q, k, v, a, b, c, d, mask: (
            aten.matmul(aten.softmax.int(commute(aten.add.Tensor(aten.div.Scalar(_scores(q, k, a, b), c), mask, 1)), d), v),
            _attention(q, k, v, mask, _INVERSE),
        ),
        where=[*_ATTENTION_WHERE, _IS_NUMBER, _fits_mask],
        single_use=True,
        rounds=True,
        examples=[_ATTENTION],
        why="the definition of scaled dot-product attention with a mask that is added to the scores",
    ),
)
"""Attention as models write it out."""


def _is_bias(x: Bound, w: Bound, b: Bound) -> bool:
    """x is a matrix or batches of rows, and b as long as w has rows."""
    return bool(x.rank) and b.rank == 1 and w.rank == 2 and (b.dims or (None,))[0] == (w.dims or (None,))[0]


_LINEAR = {"x": shaped(2, 3), "w": shaped(4, 3), "b": shaped(4)}

LINEAR: tuple[Rule, ...] = (
    rule(
        "matmul-plus-bias",
        lambda x, w, b: (commute(aten.add.Tensor(aten.matmul(x, aten.t(w)), b, 1)), aten.linear(x, w, b)),
        where=[is_floating("x"), same_dtype("x", "w", "b"), _is_bias],
        single_use=True,
        rounds=True,
        examples=[_LINEAR],
        why="the definition of a linear map",
    ),
    rule(
        "addmm-of-transposed",
        lambda x, w, b: (aten.addmm(b, x, aten.t(w), 1, 1), aten.linear(x, w, b)),
        where=[is_floating("x"), same_dtype("x", "w", "b"), _is_bias],
        rounds=True,
        examples=[_LINEAR],
        why="the definition of a linear map",
    ),
    rule(
        "matmul-of-transposed",
        lambda x, w: (aten.matmul(x, aten.t(w)), aten.linear(x, w, None)),
        where=[is_floating("x"), same_dtype("x", "w"), has_rank("w", 2), has_rank("x", 2, 3, 4)],
        rounds=True,
        examples=[_LINEAR],
        why="the definition of a linear map without bias",
    ),
)
"""Linear maps."""

_ROW = {"x": shaped(2, 5), "d": -1}

ACTIVATIONS: tuple[Rule, ...] = (
    rule(
        "times-own-sigmoid",
        lambda x: (commute(aten.mul.Tensor(x, aten.sigmoid(x))), aten.silu(x)),
        where=is_floating("x"),
        rounds=True,
        why="the definition of silu",
    ),
    rule(
        "gelu-by-erf",
        lambda x, h, r: (
            commute(aten.mul.Tensor(aten.mul.Scalar(x, h), aten.add.Scalar(aten.erf(aten.div.Scalar(x, r)), 1.0, 1))),
            aten.gelu(x),
        ),
        where=[
            is_floating("x"),
            constant("h", lambda h: h == 0.5, "0.5"),
            constant("r", lambda r: isinstance(r, float) and math.isclose(r, math.sqrt(2), rel_tol=1e-7), "the root of 2"),
        ],
        rounds=True,
        examples=[{"x": shaped(2, 5), "h": 0.5, "r": math.sqrt(2)}],
        why="the definition of gelu",
    ),
    rule(
        "log-of-softmax",
        lambda x, d: (aten.log(aten.softmax.int(x, d)), aten.log_softmax.int(x, d)),
        where=is_floating("x"),
        single_use=True,
        rounds=True,
        examples=[_ROW],
        why="the definition of log_softmax, which is more accurate where softmax is near 0",
    ),
    rule(
        "inverse-of-square-root",
        lambda x: (aten.reciprocal(aten.sqrt(x)), aten.rsqrt(x)),
        where=is_floating("x"),
        single_use=True,
        rounds=True,
        why="the definition of rsqrt",
    ),
)
"""Activations and functions with operators of their own."""

FORMS: tuple[Rule, ...] = (*LINEAR, *ACTIVATIONS, *ATTENTION)
