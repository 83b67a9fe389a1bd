"""Functions as values: lambdas, local functions and closures, keys, map and filter, partial, generators of elements."""

# ruff: noqa: E731
import functools
from typing import List, Tuple

import torch
from torch import Tensor

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()
X = torch.arange(6.0).reshape(2, 3)


@feature("Functions and closures", "lambdas that capture")
@programs(2)
def lam(x: int):
    f = lambda y: y + x
    return f(x) + f(3)


@feature("Arguments", "defaults and keyword-only arguments of local functions")
@feature("Functions and closures", "local functions see later assignments")
@programs(X)
def local_def(x):
    k = 2

    def g(a, b=3, *, c=1):
        return a * b + c + k

    k = 5
    return g(x), g(1), g(x, c=2)


@feature("Functions and closures", "`nonlocal`")
@programs(5)
def nonlocal_counter(n: int):
    total = 0

    def add(v: int):
        nonlocal total
        if v % 2 == 0:
            return
        total += v

    for i in range(n):
        add(i)
    return total


@feature("Functions and closures", "early return in local functions")
@programs([3, 1, 2])
def early(l: List[int]):
    def find(k: int) -> int:
        for i, v in enumerate(l):
            if v == k:
                return i
        return -1

    return find(2), find(7), [find(v) for v in l]


def apply(f, x):
    return f(x)


def compose(f, g):
    return lambda x: f(g(x))


@feature("Functions and closures", "functions as arguments", "composition")
@programs(X)
def higher(x):
    return apply(lambda t: t + 1, x), compose(torch.relu, lambda t: -t)(x), apply(torch.sin, x)


def make_adder(n: int):
    def add(x):
        return x + n

    return add


@feature("Functions and closures", "functions that return closures")
@programs(X, 3)
def returns_closure(x, n: int):
    a = make_adder(n)
    b = make_adder(10)
    return a(x), b(x), a(b(x))


@feature("Functions and closures", "functions chosen at run time")
@programs(X, True)
@programs(X, False)
def choose_fn(x, flag: bool):
    f = torch.relu if flag else torch.neg
    return f(x)


@feature("Functions and closures", "functions chosen at run time")
@programs(X, 2)
@programs(X, 1)
@programs(X, 0)
def choose_fn3(x, k: int):
    if k == 0:
        f = torch.relu
    elif k == 1:
        f = lambda t: t * 2
    else:
        f = torch.neg
    return f(x) + f(x)


@feature("Functions and closures", "local functions")
@programs(6)
def rec(n: int):
    def inner(k: int):
        return 1 if k <= 1 else k * 2

    return inner(n)


def fact(n: int):
    if n <= 1:
        return 1
    return n * fact(n - 1)


@feature("Functions and closures", "recursion without annotations")
@programs(6)
def recursion_unannotated(n: int):
    return fact(n)


@feature("Expressions", "walrus in conditions, displays, comprehensions and `while`")
@programs(4)
def walrus1(n: int):
    out: List[int] = []
    while (k := n * 2) > 2:
        out.append(k)
        n -= 1
    if (y := n + 1) > 1 and (z := y + 1) > 2:
        out.append(z)
    return out, n, k, y


@feature("Dicts and sets", "set displays and comprehensions", "set operators")
@programs([1, 2, 3, 2])
def sets(l: List[int]):
    s = {1, 2}
    s.add(7)
    t = {v for v in l}
    u = set(l)
    return len(s), sorted(t), sorted(s & t), sorted(s | t), 7 in s, len(u), sorted(s - t)


def kw(*args, **kwargs):
    return len(args), len(kwargs)


def kw2(x, *rest, scale=1, **o):
    for r in rest:
        x = x + r
    return x * scale


@feature("Arguments", "`*args` and `**kwargs`", "starred arguments in calls")
@programs(X)
def varargs(x):
    return kw(1, 2, a=3), kw2(x, 1, x, scale=3), kw2(*[x, 1] if False else (x, 1))


@feature("Comprehensions", "walrus")
@programs(3)
def walrus_comp(n: int):
    return [y for i in range(n) if (y := i * i) > 0]


def deco(f):
    def g(*a):
        return f(*a) + 1

    return g


@feature("Functions and closures", "decorators of local functions")
@programs(X)
def decorated_local(x):
    @deco
    def h(t):
        return t * 2

    return h(x)


GL = lambda t: t * 3


@feature("Globals and constants", "lambdas")
@programs(X)
def global_lambda(x):
    return GL(x)


class P:
    def __init__(self, k: int, v: int):
        self.k = k
        self.v = v

    def __lt__(self, o: "P") -> bool:
        return self.k < o.k


@feature("Classes", "`__lt__` in sort")
@feature("Lists and tuples", "sort with key")
@feature("Built-in functions", "sorted, min and max with key and reverse")
@programs([3, 1, 2, 1])
def sorts(l: List[int]):
    objs = [P(k, i) for i, k in enumerate(l)]
    objs.sort()
    objs2 = sorted(objs, reverse=True)
    a = sorted(l, key=lambda v: -v)
    b = sorted(["bb", "a", "ccc"], key=len, reverse=True)
    l.sort(key=lambda v: (v % 2, v))
    return (
        [o.v for o in objs],
        [o.v for o in objs2],
        a,
        b,
        l,
        max(l, key=lambda v: v % 3),
        min(["aa", "b"], key=len),
        sorted({"b": 1, "a": 2}),
        sorted((3, 1)),
    )


@feature("Standard library", "functools.reduce")
@feature("Built-in functions", "map, filter")
@programs([1, 2, 3])
def maps(l: List[int]):
    a = list(map(lambda v: v * 2, l))
    b = list(filter(lambda v: v > 1, l))
    c = list(map(str, l))
    s = 0
    for x in map(lambda p, q: p + q, l, a):
        s += x
    d = functools.reduce(lambda p, q: p * q, l, 10)
    e = functools.reduce(lambda p, q: p + q, l)
    return (
        a,
        b,
        c,
        s,
        d,
        e,
        list(map(len, [[1], [2, 3]])),
        sum(map(lambda v: v * v, l)),
        [v for v in filter(None, [0, 1, 2])],
    )


@feature("Built-in functions", "next with default")
@feature("Comprehensions", "generator expressions in any, all, sum, max, join, next, dict, tuple")
@programs([1, 2, 3])
def gens(l: List[int]):
    return (
        any(v > 2 for v in l),
        all(v > 2 for v in l),
        sum(v * v for v in l),
        max(v for v in l),
        ",".join(str(v) for v in l),
        next(v for v in l if v > 1),
        next((v for v in l if v > 5), -1),
        any(10 // (v - 3) < -4 for v in l),
        sorted(v % 3 for v in l),
        list(v for v in l),
        tuple(v for v in (1, 2)),
        set(v for v in l) == {1, 2, 3},
        dict((v, v) for v in l),
    )


@feature("Built-in functions", "iter and next")
@programs([1, 2, 3])
def iters(l: List[int]):
    it = iter(l)
    a = next(it)
    s = 0
    for v in it:
        s += v
    return a, s, next(it, -1), next(iter(l))


@feature("Built-in functions", "StopIteration of next")
@programs([])
def stop_iteration(l: List[int]):
    return next(iter(l))


@feature("Standard library", "functools.partial")
@programs(X)
def partials(x):
    f = functools.partial(torch.add, alpha=2)
    g = functools.partial(kw2, scale=3)
    return f(x, x), g(x, 1)


@feature("Tensors in programs", "torch.broadcast_shapes and sizes")
@programs(X)
def broadcast_of_sizes(x):
    s = torch.broadcast_shapes(x.shape, (4, 1, 1), x[0].size())
    return x.expand(s), len(s), s[0]


@programs(X)
def broadcast_of_sizes_that_differ(x):
    return len(torch.broadcast_shapes(x.shape, x.t().shape))


def with_defaults(a, b=2, *rest, scale: float = 1.0, **others):
    return (a + 10 * b + sum(rest)) * scale + sum(others.values())


def three(a: int, b: int = 2, c: int = 3) -> int:
    return a + 10 * b + 100 * c


class Holding:
    def __init__(self, a: int, b: int = 5):
        self.a, self.b = a, b

    def total(self, *a, k=1):
        return (sum(a) + self.a) * k + self.b


NOTHING = torch.zeros(0, 2)


def with_cache(x: Tensor, cache: Tuple[Tensor, Tensor] = (torch.ones(2), torch.zeros(0, 2)), other=(1, (NOTHING, 2.0))):
    if cache[1].size(0) > 0:
        return x + cache[1], cache[0]
    return x * 3 + cache[0] + other[1][1], other[1][0]


@feature("Arguments", "tuples with tensors as defaults")
@programs(torch.ones(2))
def default_tensors(x: Tensor):
    return with_cache(x), with_cache(x, (x, torch.ones(1, 2)))


@feature("Arguments", "`*` of a list of unknown length for parameters with defaults and before other arguments")
@programs([1, 2, 3])
@programs([4])
@programs([])
@programs([1, 2, 3, 4])
def spread_over_defaults(l: List[int]):
    texts = with_defaults(*[1, 2, 3], k=1), with_defaults(1, *l), with_defaults(1, 2, *l), with_defaults(*l, 5)
    held = Holding(*[8]), Holding(*l[:1], 9), Holding(7, *l[:1])
    known = [h.total(*l) + h.total(*l, k=2) for h in held]
    totals: List[int] = []
    try:
        totals.append(three(*l[:2], 7))
        totals.append(three(*l, c=9) if len(l) < 3 else three(5, *l[:2]))
        totals.append(three(*l))
    except TypeError:
        totals.append(-1)
    return texts, known, totals, with_defaults(0, *l, scale=2.0, q=3)


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
