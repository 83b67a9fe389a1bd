"""Functions in lists and dicts, chosen at run time, made in comprehensions; mutual recursion; getters of `operator`."""

# ruff: noqa: E731
import functools
import operator

import pytest

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


def make(i: int):
    def f(x: int):
        return x * 10 + i

    return f


def compose(f, g):
    return lambda x: f(g(x))


@feature("Functions and closures", "lists of functions made in a comprehension over a constant range")
@programs(1)
@programs(3)
def made(n: int):
    fs = [make(i) for i in range(3)]
    gs = [compose(fs[0], fs[2]), fs[1]]
    return fs[0](n), [f(n) for f in fs], fs[n - 1](n), [g(n) for g in gs]


@feature("Functions and closures", "functions in a list or tuple by an index, in a dict by a key of run time")
@programs(0, "add")
@programs(1, "mul")
def chosen(k: int, name: str):
    fs = [lambda x: x + 1, lambda x: x * 7]
    table = {"add": operator.add, "mul": lambda a, b: a * b}
    f = table[name]
    return fs[k](5), f(3, 4), table[name](k, 9)


@programs(5, "add")
@programs(0, "sub")
def wrong_choice(k: int, name: str):
    fs = [lambda x: x + 1, lambda x: x * 7]
    table = {"add": operator.add, "mul": operator.mul}
    return table[name](fs[k](5), 1)


@feature("Functions and closures", "mutual recursion of local functions, recursive lambdas")
@programs(6)
def recursive(n: int):
    def even(k: int) -> bool:
        return True if k == 0 else odd(k - 1)

    def odd(k: int) -> bool:
        return False if k == 0 else even(k - 1)

    fact = lambda k: 1 if k <= 1 else k * fact(k - 1)
    return even(n), odd(n), fact(n)


@feature("Functions and closures", "closures of one function in each other")
@programs(3)
def composed(n: int):
    a, b = make(1), make(2)
    return compose(compose(a, b), compose(b, a))(n)


@feature("Standard library", "operator.itemgetter, attrgetter")
@programs(3)
def getters(n: int):
    pairs = [(2, "b"), (n, "c"), (1, "a")]
    both = operator.itemgetter(1, 0)
    shape = operator.attrgetter("real")
    return sorted(pairs, key=operator.itemgetter(0)), max(pairs, key=operator.itemgetter(1)), both(pairs[0]), shape(2.5)


@feature("Functions and closures", "`nonlocal` assigned in a loop of the function, over several levels")
@programs(4)
def levels(n: int):
    total = 7

    def outer(a: int):
        count = 0

        def inner(b: int):
            nonlocal total, count
            for i in range(b):
                total += i
            count += 1

        for i in range(a):
            inner(i)
        return count

    return outer(n), total


def twice(f):
    @functools.wraps(f)
    def g(*args, **kwargs):
        return f(*args, **kwargs) * 2

    return g


def times(k):
    def decorate(f):
        @functools.wraps(f)
        def g(*args, **kwargs):
            return f(*args, **kwargs) * k

        return g

    return decorate


@twice
def added(a: int, b: int = 3):
    return a + b


@times(5)
def following(a: int):
    return a + 1


@feature("Functions and closures", "decorators with functools.wraps, decorators with arguments")
@programs(4)
def decorated(n: int):
    return added(n), added(n, b=1), following(n)


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)


def two_of_one_name(n: int):
    a, b = make(1), make(2)

    def rec(k: int) -> int:
        return 0 if k == 0 else a(k) + b(k) + rec(k - 1)

    return rec(n)


def late_in_a_call(n: int):
    fs = []
    made = [fs.append(lambda x: x + i) for i in range(3)]
    return fs[0](n), len(made)


@feature("Messages for what isn't supported", "functions as values")
@pytest.mark.parametrize(
    ("function", "message"),
    [
        (two_of_one_name, "different variables called 'i'"),
        (late_in_a_call, "a function that reads .i. of the comprehension"),
    ],
)
def test_refused(function, message):
    with pytest.raises(tsir.TsirError, match=message):
        tsir.script(function)
