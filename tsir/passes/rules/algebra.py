"""Laws of algebra that hold in both directions, as data: which side is cheaper depends on shapes and on what is known before the call.

`ts-saturate` chooses between the sides. Applied one by one in a fixed direction they may make a program slower, and both directions
together go in circles: so `ts-canonicalize` takes them only when it is asked to (`tables=algebra`, `--only-rule`). They differ by
rounding.
"""

from __future__ import annotations

from tsir.passes.rules.constraints import Bound, has_rank, is_floating, same_dtype, same_shape
from tsir.passes.rules.terms import Rule, aten, computed, rule, shaped

_CHAIN = {"a": shaped(4, 3), "b": shaped(3, 5), "c": shaped(5, 2)}
_MATRICES = (
    is_floating("a"),
    same_dtype("a", "b", "c"),
    has_rank("a", 2, 3, 4),
    has_rank("b", 2, 3, 4),
    has_rank("c", 2, 3, 4),
)


def _one_rank(a: Bound, b: Bound, c: Bound) -> bool:
    """a, b and c have equal ranks and batch dimensions."""
    dims = [t.dims for t in (a, b, c)]
    return all(d is not None and dims[0] is not None and len(d) == len(dims[0]) and d[:-2] == dims[0][:-2] for d in dims)


def _weights_chain(x: Bound, v: Bound, w: Bound) -> bool:
    """v and w are matrices, x has rows."""
    return v.rank == 2 and w.rank == 2 and x.rank is not None and x.rank >= 2


def _fits_bias(x: Bound, b: Bound) -> bool:
    """b is None or of the dtype of x."""
    return b.is_none or b.dtype is x.dtype


_LAYERS = {"x": shaped(4, 3), "v": shaped(5, 3), "w": shaped(2, 5), "b": shaped(2), "c": shaped(5), "n": 2.0}


ALGEBRA: tuple[Rule, ...] = (
    rule(
        "product-from-the-right",
        lambda a, b, c: (aten.matmul(aten.matmul(a, b), c), aten.matmul(a, aten.matmul(b, c))),
        where=[*_MATRICES, _one_rank],
        rounds=True,
        examples=[_CHAIN],
        why="matrix products are associative",
    ),
    rule(
        "product-from-the-left",
        lambda a, b, c: (aten.matmul(a, aten.matmul(b, c)), aten.matmul(aten.matmul(a, b), c)),
        where=[*_MATRICES, _one_rank],
        rounds=True,
        examples=[_CHAIN],
        why="matrix products are associative",
    ),
    rule(
        "linear-of-linear",
        lambda x, v, w, b: (
            aten.linear(aten.linear(x, v, None), w, b),
            aten.linear(x, aten.matmul(w, v), b),
        ),
        where=[is_floating("x"), same_dtype("x", "v", "w"), _weights_chain, _fits_bias],
        rounds=True,
        examples=[_LAYERS, {**_LAYERS, "b": None}],
        why="linear maps compose; of weights the product is known before the call",
    ),
    rule(
        "linear-of-linear-with-bias",
        lambda x, v, c, w, b: (
            aten.linear(aten.linear(x, v, c), w, b),
            aten.linear(x, aten.matmul(w, v), aten.add.Tensor(aten.linear(c, w, None), b, 1)),
        ),
        where=[is_floating("x"), same_dtype("x", "v", "w", "b", "c"), _weights_chain],
        rounds=True,
        examples=[_LAYERS],
        why="affine maps compose; of weights the products are known before the call",
    ),
    rule(
        "sum-of-linear-maps",
        lambda x, v, w: (
            aten.add.Tensor(aten.linear(x, v, None), aten.linear(x, w, None), 1),
            aten.linear(x, aten.add.Tensor(v, w, 1), None),
        ),
        where=[is_floating("x"), same_dtype("x", "v", "w"), same_shape("v", "w")],
        rounds=True,
        examples=[{"x": shaped(4, 3), "v": shaped(5, 3), "w": shaped(5, 3)}],
        why="the maps of one argument add up",
    ),
    rule(
        "sum-of-affine-and-linear-map",
        lambda x, v, w, b: (
            aten.add.Tensor(aten.linear(x, v, b), aten.linear(x, w, None), 1),
            aten.linear(x, aten.add.Tensor(v, w, 1), b),
        ),
        where=[is_floating("x"), same_dtype("x", "v", "w", "b"), same_shape("v", "w")],
        rounds=True,
        examples=[{"x": shaped(4, 3), "v": shaped(5, 3), "w": shaped(5, 3), "b": shaped(5)}],
        why="the maps of one argument add up; low-rank adapters are of this form once their products are known",
    ),
    rule(
        "scaled-linear",
        lambda x, w, n: (
            aten.mul.Scalar(aten.linear(x, w, None), n),
            aten.linear(x, aten.mul.Scalar(w, n), None),
        ),
        where=[is_floating("x"), same_dtype("x", "w"), has_rank("w", 2)],
        rounds=True,
        examples=[_LAYERS],
        why="a linear map times a number is the map of weights times it",
    ),
    rule(
        "factored-out",
        lambda x, y, z: (
            aten.add.Tensor(aten.mul.Tensor(x, y), aten.mul.Tensor(x, z), 1),
            aten.mul.Tensor(x, aten.add.Tensor(y, z, 1)),
        ),
        where=[is_floating("x"), same_dtype("x", "y", "z"), same_shape("x", "y", "z")],
        rounds=True,
        why="multiplication distributes over addition",
    ),
    rule(
        "factored-out-product",
        lambda a, b, c: (
            aten.add.Tensor(aten.matmul(a, b), aten.matmul(a, c), 1),
            aten.matmul(a, aten.add.Tensor(b, c, 1)),
        ),
        where=[is_floating("a"), same_dtype("a", "b", "c"), same_shape("b", "c"), has_rank("b", 2, 3, 4)],
        rounds=True,
        examples=[{"a": shaped(4, 3), "b": shaped(3, 5), "c": shaped(3, 5)}],
        why="matrix products distribute over sums",
    ),
    rule(
        "transposed-product",
        lambda a, b: (aten.matmul(aten.t(b), aten.t(a)), aten.t(aten.matmul(a, b))),
        where=[is_floating("a"), same_dtype("a", "b"), has_rank("a", 2), has_rank("b", 2)],
        rounds=True,
        examples=[{"a": shaped(4, 3), "b": shaped(3, 5)}],
        why="the transposed product is that of the transposed matrices, exchanged",
    ),
    rule(
        "scaled-twice",
        lambda x, n, m: (aten.mul.Scalar(aten.mul.Scalar(x, n), m), aten.mul.Scalar(x, computed(lambda n, m: n * m))),
        where=is_floating("x"),
        rounds=True,
        examples=[{"x": shaped(4, 3), "n": 2.0, "m": 0.3}],
        why="multiplication is associative",
    ),
)
"""The laws."""
