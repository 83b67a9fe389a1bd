"""Identities of tensor operators and of views, as data. The two sides of each are equal bit for bit."""

from __future__ import annotations

from functools import partial
from typing import Any

from tsir.dialects.dtypes import Category, DType
from tsir.passes.rules.constraints import Bound, constant, is_constant, is_floating, is_integer, is_not_complex, same_shape
from tsir.passes.rules.terms import Rule, Term, aten, computed, rule, shaped


def _keeps_dtype(x: Bound, d: Bound) -> bool:
    """d is the dtype of x."""
    return x.dtype is not None and d.constant is x.dtype


def _swaps_back(a: Bound, b: Bound, c: Bound, d: Bound) -> bool:
    """a, b and c, d are the same two numbers."""
    constants = [v.constant for v in (a, b, c, d)]
    return all(isinstance(v, int) for v in constants) and {constants[0], constants[1]} == {constants[2], constants[3]}


def _are_permutations(p: Bound, q: Bound) -> bool:
    """p and q are permutations of as many dimensions, spelt without negative numbers."""
    lists = [p.constant, q.constant]
    return all(isinstance(v, list) and sorted(v) == list(range(len(lists[0]))) for v in lists)


def _is_order(x: Bound, p: Bound) -> bool:
    """p is 0, 1, ... up to the rank of x."""
    return isinstance(p.constant, list) and x.rank is not None and p.constant == list(range(x.rank))


def _is_own_shape(x: Bound, s: Bound) -> bool:
    """s is the shape of x."""
    return x.shape is not None and isinstance(s.constant, list) and list(x.shape) == s.constant


def _is_signed(x: Bound) -> bool:
    """x is of a signed integer or floating dtype."""
    return x.dtype is not None and (
        x.dtype.category is Category.FLOAT or x.dtype.name in ("int8", "int16", "int32", "int64")
    )


def _number_x(x: Bound) -> bool:
    """x is of an integer or floating dtype."""
    return x.dtype is not None and x.dtype.category in (Category.INT, Category.FLOAT)


def _is_integer_or_bool(x: Bound) -> bool:
    """x is of an integer dtype or bool."""
    return x.dtype is not None and x.dtype.category in (Category.INT, Category.BOOL)


def _is_bool(x: Bound) -> bool:
    """x is of dtype bool."""
    return x.dtype is not None and x.dtype.category is Category.BOOL


def _holds_all_of(wide: DType, narrow: DType) -> bool:
    return (narrow.name, wide.name) in _LOSSLESS


_LOSSLESS = frozenset(
    (narrow, wide)
    for chain in (
        ("bool", "int8", "int16", "int32", "int64"), ("bool", "uint8", "int16", "int32", "int64"), ("float16", "float32", "float64"),
        ("bfloat16", "float32", "float64"), ("bool", "float16"), ("bool", "bfloat16"), ("uint8", "float32"), ("int8", "float32"),
        ("int16", "float32"), ("int32", "float64"), ("complex64", "complex128"),
    )
    for i, narrow in enumerate(chain)
    for wide in chain[i + 1 :]
)  # fmt: skip
"""Dtypes of which the second has all values of the first."""


def _widens(x: Bound, d: Bound, e: Bound) -> bool:
    """d has all values of the dtype of x, which e is."""
    return (
        x.dtype is not None
        and e.constant is x.dtype
        and isinstance(d.constant, DType)
        and _holds_all_of(d.constant, x.dtype)
    )


def _is_whole(x: Bound, d: Bound, e: Bound) -> bool:
    """e is not below the size of x in dimension d."""
    if x.rank is None or type(d.constant) is not int or type(e.constant) is not int or not -x.rank <= d.constant < x.rank:
        return False
    size = (x.dims or ())[d.constant]
    return e.constant >= (2**63 - 1 if size is None else size)


def _is_dimension(x: Bound, d: Bound) -> bool:
    """d is a dimension of x."""
    return x.rank is not None and type(d.constant) is int and -x.rank <= d.constant < x.rank


def _same_dimension(a: Bound, b: Bound) -> bool:
    """a and b are the same dimension, spelt alike."""
    return type(a.constant) is int and a.constant == b.constant


def _expands(s: Bound, r: Bound) -> bool:
    """s and r are sizes without -1, and a tensor of the sizes s can be expanded to r."""
    first, last = s.constant, r.constant
    if any(not isinstance(v, list) or any(type(i) is not int or i < 0 for i in v) for v in (first, last)):
        return False
    return len(last) >= len(first) and all(i in (1, j) for i, j in zip(reversed(first), reversed(last), strict=False))


def _axes_are_known(x: Bound, p: Bound, a: Bound, b: Bound) -> bool:
    """p is a permutation of the dimensions of x, a and b are among them."""
    rank = x.rank
    return (
        rank is not None
        and isinstance(p.constant, list)
        and sorted(p.constant) == list(range(rank))
        and all(type(v.constant) is int and -rank <= v.constant < rank for v in (a, b))
    )


def _swapped(order: list[int], a: int, b: int) -> list[int]:
    swapped = list(order)
    swapped[a], swapped[b] = swapped[b], swapped[a]
    return swapped


def _is_one_of_two(x: Bound) -> bool:
    """x has rank 2."""
    return x.rank == 2


def _twice(operator: Any, x: Term) -> tuple[Term, Term]:
    return operator(operator(x)), operator(x)


_IS_PROBABILITY = constant("p", lambda p: isinstance(p, int | float) and 0 <= p <= 1, "between 0 and 1, or dropout raises")

_IDEMPOTENT = ("relu6", "abs", "ceil", "floor", "trunc", "round", "sign", "positive")

IDENTITIES: tuple[Rule, ...] = (
    rule(
        "dropout-in-eval",
        lambda x, p: (aten.dropout(x, p, False), x),
        where=_IS_PROBABILITY,
        alias=True,
        why="dropout gives its input itself when it isn't training",
    ),
    rule(
        "feature-dropout-in-eval",
        lambda x, p: (aten.feature_dropout(x, p, False), x),
        where=_IS_PROBABILITY,
        alias=True,
        why="as dropout",
    ),
    rule(
        "alpha-dropout-in-eval",
        lambda x, p: (aten.alpha_dropout(x, p, False), x),
        where=_IS_PROBABILITY,
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
        where=is_integer("x"),
        why="an int tensor times the int 1 has the same values and dtype",
    ),
    rule(
        "float-multiplied-by-one",
        lambda x: (aten.mul.Scalar(x, 1.0), x),
        where=is_floating("x"),
        why="x * 1 is x for every float, NaN and -0.0 included",
    ),
    rule(
        "int-plus-zero",
        lambda x: (aten.add.Scalar(x, 0, 1), x),
        where=is_integer("x"),
        why="an int tensor plus 0; for floats -0.0 + 0 is 0.0, so it doesn't hold there",
    ),
    rule(
        "relu-of-relu",
        lambda x: (aten.relu(aten.relu(x)), aten.relu(x)),
        why="relu's results are not negative, and NaN stays NaN",
    ),
    rule(
        "float-divided-by-one",
        lambda x: (aten.div.Scalar(x, 1.0), x),
        where=is_floating("x"),
        why="x / 1 is x for every float, NaN and -0.0 included",
    ),
    rule(
        "minus-zero",
        lambda x: (aten.sub.Scalar(x, 0, 1), x),
        where=_number_x,
        why="x - 0 is x, for -0.0 too; the int 0 doesn't promote",
    ),
    rule(
        "int-times-zero",
        lambda x: (aten.mul.Scalar(x, 0), aten.zeros_like(x)),
        where=is_integer("x"),
        why="an int times 0; of floats NaN and infinities give NaN, and negative numbers -0.0",
    ),
    rule(
        "to-the-power-of-one",
        lambda x: (aten.pow.Tensor_Scalar(x, 1), x),
        where=_number_x,
        why="x ** 1 is x, and the int 1 doesn't promote",
    ),
    rule(
        "square",
        lambda x: (aten.pow.Tensor_Scalar(x, 2), aten.mul.Tensor(x, x)),
        where=_number_x,
        why="both round the product once; ints wrap around alike",
    ),
    rule(
        "negated-twice",
        lambda x: (aten.neg(aten.neg(x)), x),
        where=_number_x,
        why="the sign comes back, also of zeros and NaN; ints wrap around twice",
    ),
    rule(
        "absolute-of-negated",
        lambda x: (aten.abs(aten.neg(x)), aten.abs(x)),
        where=_is_signed,
        why="the sign goes; the smallest int stays itself on both sides. Not for unsigned ints: they wrap around",
    ),
    rule(
        "inverted-twice",
        lambda x: (aten.bitwise_not(aten.bitwise_not(x)), x),
        where=_is_integer_or_bool,
        why="every bit comes back",
    ),
    rule("not-of-not", lambda x: (aten.logical_not(aten.logical_not(x)), x), where=_is_bool, why="a bool comes back"),
    rule(
        "maximum-of-same",
        lambda x: (aten.maximum(x, x), x),
        where=_number_x,
        why="the greater of twice the same, NaN included",
    ),
    rule("minimum-of-same", lambda x: (aten.minimum(x, x), x), where=_number_x, why="the smaller of twice the same"),
    rule(
        "and-of-same",
        lambda x: (aten.bitwise_and.Tensor(x, x), x),
        where=_is_integer_or_bool,
        why="each bit and itself",
    ),
    rule("or-of-same", lambda x: (aten.bitwise_or.Tensor(x, x), x), where=_is_integer_or_bool, why="each bit or itself"),
    rule(
        "where-of-same",
        lambda c, x: (aten.where.self(c, x, x), x),
        where=same_shape("c", "x"),
        why="both branches are the same; of equal shapes, so that nothing is broadcast",
    ),
    rule("cat-of-one", lambda x, d: (aten.cat([x], d), x), where=_is_dimension, why="nothing is joined to it"),
    rule(
        "clamped-again",
        lambda x, a, b: (aten.clamp(aten.clamp(x, a, b), a, b), aten.clamp(x, a, b)),
        why="what is in the bounds stays, and a NaN does",
    ),
    rule(
        "widened-and-narrowed",
        lambda x, d, e: (aten.to.dtype(aten.to.dtype(x, d), e), x),
        where=_widens,
        why="the wider dtype has all values of the narrower one",
    ),
    rule(
        "sgn-of-sgn",
        lambda x: (aten.sgn(aten.sgn(x)), aten.sgn(x)),
        where=is_not_complex("x"),
        why="a sign is its own sign; of complex numbers the quotient by the absolute value is rounded",
    ),
    *(
        rule(
            f"{name}-of-{name}",
            partial(_twice, getattr(aten, name)),
            why="it changes nothing the second time",
        )
        for name in _IDEMPOTENT
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
        where=_are_permutations,
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
        where=is_constant("r"),
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
    rule(
        "unsqueezed-and-squeezed",
        lambda x, a, b: (aten.squeeze.dim(aten.unsqueeze(x, a), b), x),
        where=_same_dimension,
        alias=True,
        why="the new dimension of size 1 goes again; it is spelt alike, so that it is the same one",
    ),
    rule(
        "reshape-of-flatten",
        lambda x, a, b, r: (aten.reshape(aten.flatten.using_ints(x, a, b), r), aten.reshape(x, r)),
        where=is_constant("r"),
        alias=True,
        why="the elements stay in order",
    ),
    rule(
        "reshape-of-view",
        lambda x, s, r: (aten.reshape(aten.view(x, s), r), aten.reshape(x, r)),
        where=is_constant("r"),
        alias=True,
        why="the elements stay in order; of a view's memory there is a view where there is one of the tensor's",
    ),
    rule(
        "expand-of-expand",
        lambda x, s, r: (aten.expand(aten.expand(x, s), r), aten.expand(x, r)),
        where=_expands,
        alias=True,
        why="what has been repeated is repeated on",
    ),
    rule(
        "permute-of-transpose",
        lambda x, a, b, p: (
            aten.permute(aten.transpose.int(x, a, b), p),
            aten.permute(x, computed(lambda a, b, p: [_swapped(list(range(len(p))), a, b)[i] for i in p])),
        ),
        where=_axes_are_known,
        alias=True,
        why="a transposition is a permutation, and permutations compose",
    ),
    rule(
        "transpose-of-permute",
        lambda x, p, a, b: (
            aten.transpose.int(aten.permute(x, p), a, b),
            aten.permute(x, computed(lambda p, a, b: _swapped(p, a, b))),
        ),
        where=_axes_are_known,
        alias=True,
        why="a transposition is a permutation, and permutations compose",
    ),
    rule(
        "t-of-transpose",
        lambda x: (aten.t(aten.transpose.int(x, 0, 1)), x),
        where=_is_one_of_two,
        alias=True,
        why="both swap the two dimensions",
    ),
    rule(
        "slice-of-all",
        lambda x, d, e: (aten.slice.Tensor(x, d, 0, e, 1), x),
        where=_is_whole,
        alias=True,
        why="from the first element to the last",
    ),
    rule(
        "contiguous-again",
        lambda x: (aten.contiguous(aten.contiguous(x)), aten.contiguous(x)),
        alias=True,
        examples=[{"x": shaped(2, 3)}],
        why="contiguous() gives a contiguous tensor itself",
    ),
)
