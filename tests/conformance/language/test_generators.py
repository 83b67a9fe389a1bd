"""Generators: loops over them, laziness and the order of effects, next() and iterators, itertools, trees."""

# ruff: noqa: UP028
import itertools
from collections.abc import Generator, Iterator
from typing import List, Optional

import pytest
import torch

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()
X = torch.arange(6.0).reshape(2, 3)


def count_up(start: int):
    n = start
    while True:
        yield n
        n += 1


@feature("Generators", "endless generators left by `break` and `return`")
@programs(3)
@programs(10)
def endless(k: int):
    out = []
    for v in count_up(5):
        if v > 5 + k:
            break
        out.append(v)
    for w in count_up(0):
        if w * w > k:
            return out, v, w
    return out, v, -1


@feature("Generators", "order of effects, `continue`, `for ... else`")
@programs(3)
def order(n: int):
    log: List[str] = []

    def g():
        log.append("start")
        for i in range(n):
            log.append(f"yield {i}")
            yield i
            log.append(f"after {i}")
        log.append("end")

    for v in g():
        log.append(f"got {v}")
        if v == 1:
            continue
        last = v
    else:
        log.append("else")
    return log, last


@feature("Generators", "generator expressions read variables when they are consumed")
@programs(3)
def late_binding(n: int):
    k = 1
    g = (v * k for v in range(n))
    h = (v * k for v in range(n))
    k = 10
    out = []
    for v in h:
        out.append(v)
        k += 1
    return list(g), out


@feature("Generators", "next(), two consumers of one generator")
@programs(0)
@programs(1)
@programs(4)
def steps(n: int):
    def g():
        for i in range(n):
            yield i * 10

    it = g()
    a, b = next(it, -1), next(it, -1)
    endless = count_up(n)
    next(endless)
    t = 0
    for i in range(n):
        t += i * next(endless)
    return a, b, list(it), t, next(endless)


@programs(1)
def stops(n: int):
    def g():
        for i in range(n):
            yield i

    it = g()
    return next(it), next(it)


@feature("Generators", "generators as arguments, shared between functions")
@programs(3)
def passed(n: int):
    def first(it):
        for v in it:
            return v
        return -1

    def rest(it):
        t = 0
        for v in it:
            t += v
        return t

    def g():
        for i in range(n, n + 4):
            yield i

    it = g()
    a = first(it)
    pairs = g()
    return a, rest(it), first(it), list(zip(pairs, pairs))


def grouped(items, n):
    return zip(*[iter(items)] * n)


@feature("Generators", "groups by `zip(*[iter(items)] * n)`")
@programs([1, 2, 3, 4, 5, 6, 7])
@programs([])
def in_groups(values: List[int]):
    rest = 0
    for a, b, c in zip(*[iter(values)] * 3):
        rest += a * b - c
    padded = list(itertools.zip_longest(*[iter(values)] * 2, fillvalue=0))
    return rest, padded, [sum(pair) for pair in grouped(values, 2)], [*[len(values)] * 2, *[rest] * len(padded)]


@feature("Generators", "zip, enumerate, map and filter of generators")
@programs(4)
def lazy(n: int):
    m = map(lambda v: v * 2, count_up(n))
    f = filter(lambda v: v % 3 == 0, count_up(1))
    both = []
    for a, b in zip(count_up(1), count_up(10)):
        if a > n:
            break
        both.append((a, b))
    return (
        [(a, b) for a, b in zip(count_up(1), range(n))],
        [a * b for a, b in zip(range(n), count_up(2))],
        both,
        [(i, v) for i, v in enumerate(itertools.islice(count_up(3), n), 1)],
        (next(m), next(m), next(f), next(f)),
    )


@feature("Generators", "pipelines of generators")
@programs(5)
def pipeline(n: int):
    squares = (v * v for v in count_up(0))
    even = (v for v in squares if v % 2 == 0)
    out = []
    for v in even:
        if len(out) >= n:
            break
        out.append(v)
    return out, 49 in (v * v for v in count_up(0)), next(v for v in count_up(0) if v * v > n)


@feature("Generators", "`yield from`, also its value")
@programs(3)
def delegated(n: int):
    def inner(k: int):
        for i in range(k):
            yield i
        return k * 100

    def outer():
        r = yield from inner(n)
        yield r
        yield from [7, 8]
        yield from range(2)

    it = outer()
    return list(outer()), next(it), next(it), list(it)


@feature("Generators", "send() and close()")
@programs(4)
def sent(n: int):
    def mean():
        total = 0
        count = 0
        value = 0
        while True:
            got = yield value
            total += got
            count += 1
            value = total // count

    g = mean()
    next(g)
    out = []
    for i in range(n):
        out.append(g.send(i * 2))
    g.close()
    return out, next(g, -1)


class Tree:
    def __init__(self, v: int, left: Optional["Tree"], right: Optional["Tree"]):
        self.v = v
        self.left = left
        self.right = right

    def leaves(self):
        if self.left is not None:
            yield from self.left.leaves()
        if self.right is not None:
            yield from self.right.leaves()
        if self.left is None and self.right is None:
            yield self.v


def walk(t: Optional[Tree]):
    if t is not None:
        yield from walk(t.left)
        yield t.v
        yield from walk(t.right)


@feature("Generators", "recursive generators over trees")
@programs(3)
def trees(n: int):
    t = Tree(n, Tree(1, None, None), Tree(5, Tree(4, None, None), None))
    return list(walk(t)), sum(v for v in walk(t)), next(walk(t)), list(t.leaves())


class Countdown:
    def __init__(self, n: int):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self) -> int:
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n


class Restarting:
    """Begins anew whenever a loop asks it for an iterator."""

    def __init__(self, n: int):
        self.n = n
        self.at = 0

    def __iter__(self):
        self.at = 0
        return self

    def __next__(self) -> int:
        if self.at >= self.n:
            raise StopIteration
        self.at += 1
        return self.at


@feature("Generators", "`iter(x)` of an object that is its own iterator, asked again by each loop")
@programs(3)
def own_iterators(n: int):
    it = iter(Restarting(n))
    out = [next(it), next(it)]
    for v in it:
        out.append(v * 10)
        if v == 2:
            break
    for v in it:
        out.append(v * 100)
    pairs = iter(Countdown(n))
    return out, next(it, -1), list(zip(pairs, pairs)), iter(it) is it, 2 in it, n + 1 in Restarting(n), next(it)


class Squares:
    def __init__(self, n: int):
        self.n = n

    def __iter__(self):
        for i in range(self.n):
            yield i * i


@feature("Generators", "`__iter__` and `__next__` of classes, `__iter__` as a generator")
@programs(3)
def classes(n: int):
    c = Countdown(n)
    first = next(c)
    return [v for v in Countdown(n)], sum(Countdown(n)), [v for v in Squares(n)], first, list(c), next(c, -1)


@feature("Generators", "generators of tensors")
@programs(X)
def tensors(x):
    def rows():
        for r in x:
            yield r * 2
        yield x.sum(0)

    t = torch.zeros(3)
    for r in rows():
        t = t + r
    a, b, c = rows()
    return t, torch.stack(list(rows())), a, b, c


@feature("Generators", "exceptions of the generator and of the loop, `finally`")
@programs(1)
@programs(3)
def exceptions(n: int):
    log: List[str] = []

    def g():
        try:
            yield 1
            if n > 2:
                raise KeyError("x")
            yield 2
        finally:
            log.append("closed")

    t = 0
    try:
        for v in g():
            t += v
    except KeyError:
        t += 10
    try:
        for v in g():
            raise ValueError("mine")
    except ValueError:
        log.append("caught")
    for v in g():
        break
    return t, log


@feature("Generators", "iter() of lists is an iterator that loops share")
@programs([1, 2, 3, 4, 5])
def shared_iterator(l: List[int]):
    it = iter(l)
    out = []
    for v in it:
        if v == 2:
            break
    for v in it:
        out.append(v)
        l.append(9) if len(l) < 7 else None
    m = map(lambda v: v + 1, l)
    return out, next(it, -1), next(m), next(m), sum(m), list(m)


@feature("Standard library", "itertools: groupby, cycle, islice, count, takewhile, dropwhile, chain, accumulate")
@programs([1, 2, 2, 3, 5])
def tools(l: List[int]):
    around = []
    for v in itertools.cycle(l):
        around.append(v)
        if len(around) > 7:
            break
    return (
        [(k, list(g)) for k, g in itertools.groupby(l)],
        around,
        list(itertools.islice(itertools.count(3, 2), 1, 9, 3)),
        list(itertools.takewhile(lambda v: v < 3, l)),
        list(itertools.dropwhile(lambda v: v < 3, l)),
        list(itertools.chain(l, [9], (8,))),
        list(itertools.accumulate(l, lambda a, b: a * b, initial=2)),
    )


@feature(
    "Standard library",
    "itertools: combinations, permutations, product, zip_longest, starmap, pairwise, compress, filterfalse",
)
@programs([1, 2, 2, 3])
def combinatorics(l: List[int]):
    return (
        list(itertools.combinations(l, 2)),
        list(itertools.combinations(l, 4)),
        list(itertools.permutations([1, 2, 3])),
        list(itertools.product([1, 2], ["a", "b"])),
        list(itertools.zip_longest(l, [1], fillvalue=0)),
        list(map(lambda a, b: a * b, l, l)),
        list(itertools.pairwise(l)),
        list(itertools.compress(l, [True, False, True])),
        list(itertools.filterfalse(lambda v: v % 2, l)),
        list(itertools.chain.from_iterable([[1], [2, 3]])),
    )


@feature("Built-in functions", "zip(strict=True) raises behind the last whole row")
@programs([1, 2], [3])
@programs([1], [3, 4])
@programs([1, 2], [3, 4])
def strictly(a: List[int], b: List[int]):
    t = 0
    try:
        for p, q in zip(a, b, strict=True):
            t += p * q
    except ValueError as error:
        return t, str(error)
    return t, ""


def pairs(values: List[int]) -> Iterator[List[int]]:
    for i in range(len(values) - 1):
        yield values[i : i + 2]


def talking(n: int) -> Generator[int, int, Optional[str]]:
    got = yield n
    if got > 5:
        return f"got {got}"
    for i in range(got):
        yield i
    return None


def squares(n: int) -> Iterator[int]:
    return (i * i for i in range(n))


@feature("Generators", "annotations of what generators give: `Iterator[int]`, `Generator[int, int, str]`")
@programs([1, 5, 2, 8])
def annotated(values: List[int]):
    def doubled(numbers: Iterator[int]) -> Iterator[int]:
        for v in numbers:
            yield 2 * v

    again = pairs(values)
    return max(pairs(values), key=sum), [sum(p) for p in pairs(values)], next(again), next(again), list(doubled(squares(3)))


@feature("Generators", "what a generator returns: `value` of StopIteration")
@programs(7)
@programs(1)
def returned_values(sent: int):
    g, log = talking(3), [""]
    next(g)
    for i in range(4):
        try:
            log.append(str(g.send(sent if i == 0 else 6)))
        except StopIteration as stop:
            log.append(f"{stop.value} {stop} {len(stop.args)}")
    return log


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)


def in_try(n: int):
    def g():
        try:
            yield n
        finally:
            pass

    it = g()
    return next(it), next(it, 0)


def stored(n: int):
    kept = [count_up(n)]
    return len(kept)


def effect(n: int):
    def down(k: int):
        print(k)
        if k > 0:
            yield from down(k - 1)

    return list(down(n))


@feature("Messages for what isn't supported", "generators")
@pytest.mark.parametrize(
    ("function", "message"),
    [
        (in_try, "with `yield` inside of `try`"),
        (stored, "a generator isn't a value"),
        (effect, "which goes over itself, with something that may have an effect"),
    ],
)
def test_refused(function, message):
    with pytest.raises(tsir.TsirError, match=message):
        tsir.script(function)
