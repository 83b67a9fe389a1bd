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
    "q": shaped(2, 3, 4, 8), "k": shaped(2, 3, 5, 8), "v": shaped(2, 3, 5, 6), "a": -2, "b": -1, "d": -1, "c": 0.25, "t": None,
    "mask": shaped(2, 1, 4, 5),
}  # fmt: skip


def _keeps_precision(q: Bound, t: Bound) -> bool:
    """t, the dtype of softmax, is none or that of q."""
    return t.is_none or t.constant is q.dtype


_IS_NUMBER = constant("c", lambda c: isinstance(c, int | float) and not isinstance(c, bool) and c != 0, "a number but zero")


def _scaled(how: str, q: Term, k: Term, a: Term, b: Term, c: Term) -> Term:
    transposed = aten.transpose.int(k, a, b)
    match how:
        case "divided":
            return aten.div.Scalar(aten.matmul(q, transposed), c)
        case "multiplied":
            return aten.mul.Scalar(aten.matmul(q, transposed), c)
        case _:
            return aten.matmul(aten.mul.Scalar(q, c), transposed)


def _attention_rule(how: str, has_mask: bool) -> Rule:
    scale = computed(lambda c: 1.0 / c) if how == "divided" else computed(lambda c: float(c))

    def terms(
        q: Term, k: Term, v: Term, a: Term, b: Term, c: Term, d: Term, t: Term, mask: Term
    ) -> tuple[Term, Term]:  # fmt: skip
        scores = _scaled(how, q, k, a, b, c)
        if has_mask:
            scores = commute(aten.add.Tensor(scores, mask, 1))
        written_out = aten.matmul(aten.softmax.int(scores, d, t), v)
        return written_out, aten.scaled_dot_product_attention(q, k, v, mask if has_mask else None, 0.0, False, scale=scale)

    where = (is_floating("q"), same_dtype("q", "k", "v"), _swaps_last_two, _attends, _keeps_precision, _IS_NUMBER)
    return rule(
        f"attention-{how}{'-and-masked' if has_mask else ''}",
        terms,
        where=[*where, _fits_mask] if has_mask else where,
        single_use=True,
        rounds=True,
        examples=[_ATTENTION],
        why="the definition of scaled dot-product attention"
        + (" with a mask that is added to the scores" if has_mask else "")
        + ("; scores are linear in the query" if how == "of-scaled-query" else ""),
    )


ATTENTION: tuple[Rule, ...] = tuple(
    _attention_rule(how, has_mask) for how in ("multiplied", "divided", "of-scaled-query") for has_mask in (False, True)
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
