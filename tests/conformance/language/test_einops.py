"""einops' functions in programs: patterns that are known while compiling, for tensors of as many dimensions as they have."""

# ruff: noqa  (how users write is the point here)
from functools import partial

import pytest
import torch
import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

einops = pytest.importorskip("einops")
from einops import EinopsError, einsum, pack, parse_shape, rearrange, reduce, repeat, unpack

programs = Programs()
X = torch.arange(24.0).reshape(2, 4, 3)


@feature("Tensors in programs", "einops: rearrange, reduce, repeat, einsum, pack, unpack, parse_shape")
@programs(X, 2)
def transforms(x, k: int):
    ellipsis = rearrange(x, "... (h d) n -> ... h (d n)", h=2), repeat(x, "... -> k ...", k=2)
    return rearrange(x, "b (h d) n -> (b h) n d", h=k), rearrange([x, x], "k b d n -> b (k d) n"), ellipsis


@programs(X)
def reductions(x):
    whole = reduce(x, "b (h w) n -> b h", "max", w=2), reduce(x, "b d n -> b 1 n", "min"), reduce(x, "b d n -> ", "sum")
    flags = reduce(x > 3, "b d n -> b", "any"), reduce(x, "b (h w) n -> n", "prod", w=2)
    return whole, flags, reduce(x, "b d n -> b n", torch.amax), reduce(x, "... n -> n", "mean")


@programs(X)
def repetitions(x):
    named = partial(repeat, pattern="b d n -> b d n 2")
    return repeat(x, "b d n -> b (d r) n", r=3), named(x), [rearrange(t, "d n -> n () d") for t in x]


@programs(X)
def packed(x):
    whole, sizes = pack([x, x[:, 0], x.reshape(2, 2, 2, 3)], "b * n")
    first, second, third = unpack(whole, sizes, "b * n")
    return whole, sizes, first, second, third, unpack(x, [[1], [3]], "b * n"), unpack(x, [[-1], [3]], "b * n")


@programs(X)
def named_lengths(x):
    lengths = parse_shape(x, "b d _")
    return lengths, parse_shape(x, "... n"), rearrange(x.reshape(2, -1), "b (d n) -> n b d", **parse_shape(x, "b d _"))


def pack_one(t, pattern):
    return pack([t], pattern)


def unpack_one(t, sizes, pattern: str):
    return unpack(t, sizes, pattern)[0]


@programs(X)
def patterns_as_arguments(x):
    whole, sizes = pack_one(x, "b * n")
    view = rearrange(x, "b d n -> b n d")
    view[0] = 1.0
    return unpack_one(whole, sizes, "b * n"), torch.round(einsum(x, x, "b i d, b j d -> b i j")), x


@programs(X)
def of_wrong_rank(x):
    return rearrange(x, "b (d e) -> d b e", d=2)


@programs(X)
def of_wrong_size(x):
    return rearrange(x, "b (h d) n -> b h d n", h=3)


@programs(X)
def not_unpacked(x):
    return unpack(x, [[2, 1], [2]], "b * n")


@programs(X)
def mean_of_ints(x):
    return reduce(x.long(), "b d n -> b", "mean")


@programs(X)
def other_lengths(x):
    return parse_shape(x, "b 5 n")


@programs(X)
def caught(x):
    try:
        return rearrange(x, "b d -> d b")
    except EinopsError:
        return x


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)


def pattern_of_run_time(x, pattern: str):
    return rearrange(x, pattern)


def test_patterns_are_known_while_compiling():
    with pytest.raises(tsir.TsirError, match=r"TS402.*the pattern of rearrange\(\) has to be known while compiling"):
        tsir.script(pattern_of_run_time)
