# RUN: ts-opt %s | filecheck %s
"""Arguments of every kind, recursion, variables of functions around, and values that exist only while compiling."""

import functools
from typing import Callable, List, Literal, Sequence, TypeVar

import torch

T = TypeVar("T")
SCALE = 3
TABLE = {"a": 1, "b": 2}


def star_arguments(x: int):
    def total(first, *rest, scale=1, **named):
        return (first + sum(rest)) * scale + named["offset"]

    return total(x, 2, 3, scale=2, offset=5)


# CHECK-LABEL: func.func @star_arguments(
# CHECK: %[[REST:[0-9]+]] = ts.tuple
# CHECK-NEXT: ts.py.sum(%[[REST]])


def keyword_only(x: torch.Tensor, *, shift: int = 2):
    return x + shift


# CHECK-LABEL: func.func @keyword_only(%x: !ts.tensor, %shift: i64)


def mutable_default(n: int):
    def add(v: int, into: List[int] = []):
        into.append(v)
        return len(into)

    add(1)
    return add(n)


# The default is made once, where the function is.
# CHECK-LABEL: func.func @mutable_default(
# CHECK-NEXT: %[[LIST:[0-9]+]] = ts.list : () -> !ts.list<i64>
# CHECK: ts.py.list_append(%[[LIST]], %{{.*}})
# CHECK: ts.py.list_append(%[[LIST]], %n)


def factorial(n: int) -> int:
    return 1 if n <= 1 else n * factorial(n - 1)


# CHECK-LABEL: func.func @factorial(
# CHECK: func.call @factorial(


def local_recursion(n: int):
    def fib(k: int) -> int:
        return k if k < 2 else fib(k - 1) + fib(k - 2)

    return fib(n)


# CHECK-LABEL: func.func @local_recursion(
# CHECK: func.call @fib(%n)
# CHECK: func.func private @fib(


def partials(x: torch.Tensor):
    scaled = functools.partial(torch.mul, other=SCALE)
    return scaled(x)


# CHECK-LABEL: func.func @partials(
# CHECK-NEXT: %[[SCALE:[0-9]+]] = arith.constant 3 : i64
# CHECK-NEXT: ts.aten.mul.Scalar(%x, %[[SCALE]])


def from_outside(key: str):
    return TABLE[key] + SCALE


# CHECK-LABEL: func.func @from_outside(
# CHECK: ts.dict
# CHECK: ts.py.getitem(%{{.*}}, %key)
# CHECK: arith.constant 3 : i64


def counter(n: int):
    total = 0

    def bump(by: int):
        nonlocal total
        total += by

    for i in range(n):
        bump(i)
    return total


# CHECK-LABEL: func.func @counter(
# CHECK: %total = scf.for %i = %{{.*}} iter_args(%[[BEFORE:.*]] = %{{.*}})
# CHECK-NEXT: %[[AFTER:.*]] = ts.py.add(%[[BEFORE]], %i)
# CHECK-NEXT: scf.yield %[[AFTER]]


def literal(x: torch.Tensor, mode: Literal["sum", "mean"] = "sum"):
    if mode == "sum":
        return x.sum()
    return x.mean()


# CHECK-LABEL: func.func @literal(%x: !ts.tensor, %mode: !ts.str)


def sequence(xs: Sequence[int]) -> int:
    return xs[-1] + len(xs)


# CHECK-LABEL: func.func @sequence(%xs: !ts.list<i64>) -> i64


def _applied(f: Callable[[int], int], x: int) -> int:
    return f(x)


def callable_argument(n: int):
    return _applied(lambda v: v * n, 2)


# CHECK-LABEL: func.func @callable_argument(
# CHECK: ts.py.mul(%{{.*}}, %n)
# CHECK-NEXT: func.return


def _first_of(items: List[T]) -> T:
    return items[0]


def type_variable(xs: List[str], ys: List[int]):
    return _first_of(xs) + str(_first_of(ys))


# One function for each meaning of the type variable.
# CHECK-LABEL: func.func @type_variable(
# CHECK: func.func private @_first_of(%items: !ts.list<!ts.str>) -> !ts.str
# CHECK: func.func private @_first_of_1(%items: !ts.list<i64>) -> i64
