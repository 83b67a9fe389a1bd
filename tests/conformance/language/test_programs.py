"""Programs as users write them: generators, recursion, functions in containers, classes, iteration tools."""

# ruff: noqa  (how users write is the point here)
import collections
import dataclasses
import enum
import functools
import itertools
import math
import operator
import warnings
from collections import OrderedDict, defaultdict, namedtuple
from typing import *

import torch
import torch.nn.functional as F
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from torch import Tensor

programs = Programs()
X = torch.arange(6.0).reshape(2, 3)

S = torch.tensor(2.5)


def count_up(n: int):
    i = 0
    while i < n:
        yield i
        i += 1


@feature("Generators", "`yield` in loops", "`yield from`", "generators in for, list, sum, next, dict")
@programs(4)
def generators(n: int):
    total = 0
    for v in count_up(n):
        total += v

    def pairs(k: int):
        for i in range(k):
            for j in range(i):
                yield (i, j)
        yield from [(9, 9)]

    g = count_up(3)
    return (
        total,
        list(count_up(n)),
        sum(count_up(n)),
        list(pairs(3)),
        next(g),
        next(g),
        [a * b for a, b in pairs(3)],
        max(count_up(n)),
        dict(pairs(3)),
        tuple(count_up(2)),
    )


@feature("Functions and closures", "local recursion")
@programs(5)
def local_recursion(n: int):

    def fib(k: int) -> int:
        if k < 2:
            return k
        return fib(k - 1) + fib(k - 2)

    return fib(n)


@feature("Functions and closures", "local recursion that captures")
@programs([3, 1, 2])
def local_recursion_capture(l: List[int]):
    scale = 2

    def total(i: int) -> int:
        if i >= len(l):
            return 0
        return l[i] * scale + total(i + 1)

    return total(0)


def is_even(n: int) -> bool:
    return True if n == 0 else is_odd(n - 1)


def is_odd(n: int) -> bool:
    return False if n == 0 else is_even(n - 1)


@feature("Functions and closures", "mutual recursion")
@programs(5)
def mutual(n: int):
    return (is_even(n), is_odd(n))


@feature("Concurrency", "fork and wait of lambdas and local functions")
@programs(X)
def forks(x):
    f = torch.jit.fork(lambda t: t * 2, x)

    def work(t, k: int):
        return t + k

    fs = [torch.jit.fork(work, x, i) for i in range(3)]
    return (torch.jit.wait(f), [torch.jit.wait(v) for v in fs])


K = 3

NAMES = ["a", "b"]

TABLE = {"x": 1, "y": 2}

PAIR = (1, "z")


@feature("Globals and constants", "numbers, strings, lists, tuples and dicts as constants")
@programs("x")
def globals_(k: str):
    return (K + TABLE[k], NAMES[0], [n for n in NAMES], PAIR[1], k in TABLE, len(NAMES), list(TABLE.items()), {**TABLE})


@feature("Functions and closures", "dicts and lists of functions")
@programs(2)
def dict_of_fns(n: int):
    ops = {"add": lambda a, b: a + b, "mul": operator.mul}
    fns = [abs, lambda v: v * 2]
    r = n
    for f in fns:
        r = f(r)
    return (ops["add"](n, 1), ops["mul"](n, 4), r, [f(n) for f in fns])


@feature("Expressions", "formulas over lists")
@programs([1.5, 2.5])
def stats(xs: List[float]):
    mean = sum(xs) / len(xs)
    var = sum(((x - mean) ** 2 for x in xs)) / len(xs)
    return (mean, math.sqrt(var), min(xs), max(xs), sorted(xs)[len(xs) // 2])


@feature("Standard library", "collections.defaultdict")
@programs("the cat the dog")
def word_count(s: str):
    c: Dict[str, int] = defaultdict(int)
    for w in s.split():
        c[w] += 1
    return (dict(c), sorted(c, key=lambda k: (-c[k], k)))


@feature("Assignment", "chained assignment")
@feature("Control flow", "nested loops with steps")
@programs(10)
def sieve(n: int):
    is_p = [True] * (n + 1)
    is_p[0] = is_p[1] = False
    for i in range(2, int(n**0.5) + 1):
        if is_p[i]:
            for j in range(i * i, n + 1, i):
                is_p[j] = False
    return [i for i, p in enumerate(is_p) if p]


@feature("Comprehensions", "nested comprehensions, several `for`, `if`")
@programs([[1, 2], [3, 4]])
def matrix(m: List[List[int]]):
    t = [[row[i] for row in m] for i in range(len(m[0]))]
    flat = [v for row in m for v in row if v % 2]
    return (t, flat, [list(r) for r in zip(m[0], m[1])], sum([sum(r) for r in m]))


@feature("Dicts and sets", "set methods")
@programs({1: "a"}, 3)
def set_ops(d: Dict[int, str], n: int):
    seen: Set[int] = set()
    out: List[int] = []
    for v in [1, 2, 1, 3]:
        if v in seen:
            continue
        seen.add(v)
        out.append(v)
    seen.discard(9)
    seen.remove(1)
    seen |= {7}
    seen.update([8])
    return (
        out,
        sorted(seen),
        len(seen),
        seen == {2, 3, 7, 8},
        seen.issubset({1, 2, 3, 7, 8}),
        sorted(seen.union({0})),
        set(d.keys()) == {1},
    )


@feature("Assignment", "every augmented form")
@programs(X)
def aug(x):
    l = [1, 2]
    l += [3]
    m = l
    m *= 2
    y = x.clone()
    y @= torch.ones(3, 3)
    y -= 1
    return (l, y)


@feature("Assignment", "every augmented form")
@programs(X)
def aug2(x):
    n = 7
    n //= 2
    n **= 2
    n <<= 1
    n >>= 1
    n |= 8
    n &= 12
    n ^= 5
    n -= 1
    n %= 7
    f = 2.0
    f /= 4
    s = "a"
    s += "b"
    s *= 2
    t = (1,)
    t += (2,)
    d = {"k": [1]}
    d["k"] += [2]
    d["k"][0] += 5
    y = x.clone()
    y[0] += 1
    y[y > 3] *= 2
    y[0, 1] -= 3
    return (n, f, s, t, d, y)


@feature("Strings", "methods, repetition, comparison, slices")
@programs(3)
def strs(n: int):
    return (
        "ab" * n,
        n * "x",
        "-".join(["a", "b"]),
        "a,b".split(","),
        "abc"[1:],
        "abc".index("c"),
        "A".lower() + "b".upper(),
        " x ".strip(),
        "x".zfill(3),
        "x".center(5, "*"),
        "a\tb".expandtabs(2),
        "abc".isalpha(),
        ord("a"),
        chr(98),
        "a" < "b",
        "abc" == "abc",
        "b" in "abc",
        len("abc"),
        sorted("cab"),
        list("ab"),
        "".join(sorted("cab")),
        "aXbX".rsplit("X", 1),
        str(n) + "q",
        repr("q"),
        "a{}".format(n),
        "abc".find("z"),
        "aa".replace("a", "b"),
        max("abc"),
        min("b", "a"),
        [c for c in "abc" if c != "b"],
        "ab".translate(str.maketrans("a", "z")),
        "Hello".swapcase(),
        bool(""),
        "x".join("abc"),
    )


@feature("Tensors in programs", "conversions to bool, int, float and list")
@feature("Control flow", "conditions on tensors")
@programs(X)
def tensor_truth(x):
    r = []
    if x.sum() > 3 and (not x[0, 0] > 1):
        r.append(1)
    if x.any():
        r.append(2)
    while x.sum() < 100:
        x = x * 2
    return (
        r,
        x,
        bool(x[0, 1]),
        int(x[0, 1]),
        float(x[0, 1]),
        x[0, 1].item() > 0,
        x[0].tolist(),
        (x == x).all(),
        3 in x,
        not x[0, 0],
    )


@feature("Context managers", "no_grad, enable_grad, record_function")
@programs(X)
def no_grad_etc(x):
    with torch.no_grad(), torch.autograd.profiler.record_function("a"):
        y = x + 1
    with torch.enable_grad():
        y = y * 2
    torch._assert(y.sum() > 0, "bad")
    assert isinstance(x, torch.Tensor) and x.dim() == 2, f"expected 2d, got {x.dim()}"
    return y


@dataclasses.dataclass
class Cfg:
    n: int
    f: float = 1.5
    names: List[str] = dataclasses.field(default_factory=list)

    def scaled(self) -> float:
        return self.n * self.f


@feature("Enums, NamedTuples and dataclasses", "dataclasses with defaults, factories, methods and `==`")
@programs(2)
def dataclass_(n: int):
    c = Cfg(n)
    d = Cfg(n=3, f=2.0)
    c.names.append("a")
    return (c.scaled(), d.scaled(), c.names, d.names, c == d, Cfg(1) == Cfg(1))


class Base:
    def __init__(self, x: int):
        self.x = x

    def area(self) -> int:
        return self.x

    def show(self) -> str:
        return f"{self.area()}"


class Sub(Base):
    def __init__(self, x: int, y: int):
        super().__init__(x)
        self.y = y

    def area(self) -> int:
        return super().area() * self.y


@feature("Classes", "inheritance and super()")
@programs(3)
def inherit(n: int):
    s = Sub(n, 2)
    return (s.area(), s.show(), isinstance(s, Base), Base(n).show(), type(s).__name__)


@feature("Arguments", "`*args` and `**kwargs`", "starred arguments in calls")
@programs(3)
def args_forms(n: int):

    def f(a, b=2, *rest, c=3, **kw):
        return a + b + sum(rest) + c + sum(kw.values())

    t = (1, 2, 3)
    d = {"c": 5}
    return (
        f(1),
        f(1, 2, 3, 4),
        f(*t),
        f(*t, **d),
        f(1, c=1, z=5),
        (lambda *a: len(a))(1, 2),
        (lambda **k: sorted(k))(b=1, a=2),
    )


@feature("Built-in functions", "type, isinstance, callable")
@programs(True)
def types_(b: bool):
    return (
        type(b) == bool,
        type(1) is int,
        type("a") == str,
        isinstance(1, (int, float)),
        isinstance(b, int),
        type([1]) == list,
        callable(abs),
        type(1.0).__name__,
    )


@feature("Standard library", "itertools: chain, accumulate, product, islice, repeat, takewhile")
@programs([1, 2, 3, 4])
def itert(l: List[int]):
    return (
        list(itertools.chain(l, [5])),
        list(itertools.accumulate(l)),
        list(itertools.product([1, 2], ["a"])),
        list(itertools.islice(l, 2)),
        list(itertools.repeat(1, 2)),
        [k for k in itertools.takewhile(lambda v: v < 3, l)],
    )


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
