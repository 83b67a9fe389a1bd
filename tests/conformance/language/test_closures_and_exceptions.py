"""Closures, exceptions, loops and assignment expressions together."""

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


@feature("Exceptions", "try in closures")
@feature("Functions and closures", "closures in loops", "lists of lambdas")
@programs(4)
def closure_in_loop(n: int):
    fs = [lambda x: x + 1, lambda x: x * 2]
    total = 0
    log: List[int] = []

    def step(v: int):
        nonlocal total
        try:
            total += 12 // v
        except ZeroDivisionError:
            log.append(v)
        return total

    for i in range(n):
        step(i)
        if total > 20:
            break
    return (total, log, [f(n) for f in fs])


@feature("Exceptions", "`try` in `while`, with `continue` and `break`")
@programs([3, 0, 2])
def while_try(l: List[int]):
    i = 0
    out: List[int] = []
    while True:
        try:
            v = l[i]
            i += 1
            if v == 0:
                continue
            out.append(6 // v)
        except IndexError:
            break
    return (out, i)


@feature("Exceptions", "errors of tensor operators")
@programs(X)
def tensor_try(x):
    y = x
    for k in range(3):
        try:
            y = y @ y.reshape(3, 2) if k == 1 else y + 1
        except RuntimeError:
            y = y * 100
    return y


@feature("Types and annotations", "Union results")
@feature("Exceptions", "several `try` one after another", "return in handlers")
@programs("3.5")
@programs("abc")
@programs("7")
def parse_number(s: str) -> Union[int, float, str]:
    try:
        return int(s)
    except ValueError:
        pass
    try:
        return float(s)
    except ValueError:
        return s


@feature("Exceptions", "text of the caught exception")
@programs({"a": 1}, "a")
@programs({"a": 1}, "b")
def key_default(d: Dict[str, int], k: str):
    try:
        v = d[k]
    except KeyError as e:
        v = len(str(e))
    return v


@feature("Control flow", "loop variables after the loop", "`for`/`else`")
@programs(3)
def after_loop(n: int):
    for i in range(n):
        last = i * 2
    else:
        done = True
    return (i, last, done)


@feature("Control flow", "variables that a loop didn't set: UnboundLocalError")
@programs(0)
def after_loop_unbound(n: int):
    for i in range(n):
        pass
    return i


@feature("Expressions", "walrus in conditions, displays, comprehensions and `while`")
@programs(3)
def walrus_forms(n: int):
    data = [1, 2, 3]
    if (m := max(data)) > n or (k := n) > 2:
        r = m
    else:
        r = 0
    xs = [(y := 1), y**2]
    while (n := (n - 1)) > 0:
        r += n
    return (r, xs, y, [z for v in data if (z := (v * 2)) > 2], any(((w := v) > 2 for v in data)))


@feature("Control flow", "`enumerate`, `zip`, `reversed` and nested targets")
@programs(5)
def enumerate_zip(n: int):
    a = list(range(n))
    b = [str(i) for i in a]
    out = []
    for i, (x, y) in enumerate(zip(a, b), start=1):
        out.append((i, x, y))
    for x, y in zip(reversed(a), b[::2]):
        out.append((0, x, y))
    d = dict(zip(b, a))
    for i, (k, v) in enumerate(d.items()):
        out.append((i, v, k))
    for k in sorted(d, reverse=True):
        out.append((d[k], 0, k))
    return (
        out,
        [x for t in [(1, 2), (3, 4)] for x in t],
        {k: [v] for k, v in d.items()},
        max(d.values()),
        list(d)[0],
        min(d, key=lambda k: -d[k]),
    )


@feature("Type refinement", "`isinstance` on Any")
@programs(X)
def refine(x: Any):
    if isinstance(x, Tensor):
        y = x.sum()
    elif isinstance(x, (list, tuple)):
        y = torch.zeros(1)
    else:
        raise TypeError("bad")
    return y


@feature("Type refinement", "`is None` in ternaries, branches and `assert`")
@programs(X, None)
@programs(X, 2.0)
def opt_math(x, s: Optional[float] = None):
    s = 1.0 if s is None else s
    t: Optional[Tensor] = None
    for i in range(2):
        if t is None:
            t = x * s
        else:
            t = t + x
    assert t is not None
    return t


@feature("Standard library", "warnings.warn")
@feature("Built-in functions", "print with sep and end")
@programs(3)
def print_forms(n: int):
    print(n, "a", sep="-", end="!\n")
    print()
    print([1, 2], (1,), {"a": 1}, None, True, 1.0)
    warnings.warn("w")
    return f"{None} {True} {[1, 2]} {(1, 'a')} {1.0} {1e-07}"


@feature("Functions and closures", "functions in functions in functions")
@programs(2)
def deep(n: int):

    def outer(a):
        b = a * 2

        def inner(c):

            def innermost(d):
                return d + c + b + a + n

            return innermost(1)

        return inner(10)

    return (outer(n), (lambda a: lambda b: a + b + n)(1)(2))


@feature("Functions and closures", "local recursion")
@programs([5, 1, 4])
def quick(l: List[int]):

    def qs(xs: List[int]) -> List[int]:
        if len(xs) <= 1:
            return xs
        p = xs[0]
        return qs([v for v in xs[1:] if v < p]) + [p] + qs([v for v in xs[1:] if v >= p])

    return qs(l)


@feature("Functions and closures", "names that are read before the function around assigns them")
@programs(1, ["b", "a"])
def unassigned_in_enclosing(a: int, w: List[str]):
    def sorts(n: int) -> int:
        w.sort(key=lambda e: a % 7)
        [a, b] = [n, n]
        return a + b

    def calls(n: int) -> int:
        def inner() -> int:
            return a + n

        found = inner() if w else 1
        a = n
        return a + found

    messages: List[str] = []
    total = 0
    try:
        total += sorts(3)
    except NameError as error:
        messages.append(str(error))
    try:
        total += calls(4)
    except NameError as error:
        messages.append(str(error))
    return (a, total, messages)


@feature("Exceptions", "functions that always raise as keys, conditions and in `map`")
@programs([2, 1])
def always_raises(w: List[int]):
    def never(e: int) -> int:
        raise ValueError(f"never {e}")

    messages: List[str] = []
    total = 0
    try:
        total += max(w, key=never)
    except ValueError as error:
        messages.append(str(error))
    try:
        w.sort(key=never)
        total += 10
    except ValueError as error:
        messages.append(str(error))
    try:
        total += sum(map(never, w))
    except ValueError as error:
        messages.append(str(error))
    try:
        while never(total):
            total += 1
    except ValueError as error:
        messages.append(str(error))
    try:
        while total < 3 and never(total):
            total += 1
    except ValueError as error:
        messages.append(str(error))
    try:
        if len(w) == 0 or never(5):
            total += 100
    except ValueError as error:
        messages.append(str(error))
    try:
        match len(w):
            case n if n > 1 and never(n):
                total += n
    except ValueError as error:
        messages.append(str(error))
    return (total, messages, w)


def counter(start):
    count = start

    def add(k):
        nonlocal count
        count += k
        return count

    def reset():
        nonlocal count
        count = start

    return add, reset, {"now": lambda: count}


@feature("Functions and closures", "several local functions over one `nonlocal` variable, returned together")
@programs(3)
def counted(n: int):
    add, reset, more = counter(10)
    other, _, other_more = counter(20)
    for i in range(n):
        add(i)
        other(1)
    before = more["now"]()
    reset()
    return before, add(1), more["now"](), other_more["now"]()


@programs(0)
def errors_of_displays(n: int):
    """What isn't there isn't read in vain."""
    try:
        {}["k"]
    except KeyError as error:
        key = str(error)
    try:
        [][0]
    except IndexError as error:
        index = str(error)
    return key, index, sum((torch.ones(2), torch.ones(2)), torch.zeros(2)), sum(t * 2 for t in (torch.ones(2), 1))


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
