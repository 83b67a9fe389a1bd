"""Local functions that call themselves and each other, assign variables around them, and keep their results, next to Python."""

# ruff: noqa  (how users write is the point here)
import functools
from functools import cache, lru_cache
from typing import *

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


@feature("Functions and closures", "nonlocal in local functions that call themselves, or that such functions call")
@programs("12+3*(4-1)")
@programs("((2))*3-1")
def calculator(text: str):
    pos = 0

    def peek():
        return text[pos] if pos < len(text) else ""

    def take():
        nonlocal pos
        pos += 1
        return text[pos - 1]

    def atom() -> int:
        c = take()
        if c == "(":
            v = expr()
            take()
            return v
        while peek().isdigit():
            c += take()
        return int(c)

    def term() -> int:
        v = atom()
        while peek() == "*":
            take()
            v *= atom()
        return v

    def expr() -> int:
        v = term()
        while peek() in ("+", "-") and peek():
            if take() == "+":
                v += term()
            else:
                v -= term()
        return v

    return expr(), pos


@programs(5)
def counted(n: int):
    calls = 0

    def walk(k: int) -> int:
        nonlocal calls
        calls += 1
        return 1 if k < 2 else walk(k - 1) + walk(k - 2)

    found = walk(n)
    calls = calls * 10
    return found, calls


@programs(5)
def best_of(n: int):
    best = -1
    found = []

    def go(k: int, total: int):
        nonlocal best
        if k == 0:
            if total > best:
                best = total
                found.append(total)
            return
        go(k - 1, total + k)
        go(k - 1, total)

    go(n, 0)
    return best, found


@programs(4)
def seen_behind_an_exception(n: int):
    depth = 0

    def go(k: int) -> int:
        nonlocal depth
        depth += 1
        if k == 0:
            raise ValueError("bottom")
        return go(k - 1)

    try:
        go(n)
    except ValueError:
        return depth
    return -1


@programs(3, 10)
def of_a_parameter(n: int, total: int):
    def go(k: int):
        nonlocal total
        if k:
            total += k
            go(k - 1)

    go(n)
    return total


@feature("Functions and closures", "functools.lru_cache and functools.cache on local functions")
@programs(40)
def ways(n: int):
    @functools.lru_cache(maxsize=None)
    def of(k: int) -> int:
        return 1 if k < 2 else of(k - 1) + of(k - 2)

    return of(n)


@programs("kitten", "sitting")
def distance(a: str, b: str):
    @lru_cache
    def d(i: int, j: int) -> int:
        if i == 0:
            return j
        if j == 0:
            return i
        if a[i - 1] == b[j - 1]:
            return d(i - 1, j - 1)
        return 1 + min(d(i - 1, j), d(i, j - 1), d(i - 1, j - 1))

    return d(len(a), len(b))


@programs(40)
def without_annotation(n: int):
    @cache
    def of(k):
        return 1 if k < 2 else of(k - 1) + of(k - 2)

    return of(n)


@feature("Functions and closures", "recursion over lists of which only later statements say what they hold")
@programs(4)
def queens(n: int):
    solutions = []

    def place(row, columns):
        if row == n:
            solutions.append(columns[:])
            return
        for c in range(n):
            if all(c != k and abs(c - k) != row - r for r, k in enumerate(columns)):
                columns.append(c)
                place(row + 1, columns)
                columns.pop()

    place(0, [])
    return solutions


@programs.parametrized()
def test_as_in_python(function, arguments):
    check(function, arguments)
