# RUN: ts-opt %s | filecheck %s
# ruff: noqa: E721, UP030, UP031, UP032  (they are tested here)
"""Text, numbers, types and limits of dtypes: functions of Python that torch.jit has not."""

import math
from typing import List

import torch


def f_strings(name: str, x: float, n: int):
    return f"{name!r:>10} {x:.{n}f} {n:04d} {n=}"


# CHECK-LABEL: func.func @f_strings(
# CHECK: %[[REPR:[0-9]+]] = ts.py.repr(%name)
# CHECK: ts.py.format(%[[REPR]], %{{.*}})
# CHECK: %[[SPEC:[0-9]+]] = ts.py.str_join(
# CHECK: ts.py.format(%x, %[[SPEC]])
# CHECK: ts.constant "04d"
# CHECK: ts.constant " n="


def formats(a: str, n: int):
    return "{1}-{0:>3}".format(n, a) + "%s:%05.1f" % (a, n)


# CHECK-LABEL: func.func @formats(
# CHECK: ts.py.str_format(%{{.*}}, %n, %a)
# CHECK: ts.py.percent(


def repeated(s: str, n: int):
    return s * n + n * "-"


# CHECK-LABEL: func.func @repeated(
# CHECK: ts.py.mul(%s, %n) : (!ts.str, i64) -> !ts.str
# CHECK: ts.py.mul(%n, %{{.*}}) : (i64, !ts.str) -> !ts.str


def maths(x: float, n: int):
    return math.hypot(x, 3.0) + math.log2(x) + math.isqrt(n) + math.gcd(n, 12) + math.comb(n, 2)


# CHECK-LABEL: func.func @maths(
# CHECK: ts.py.math_hypot(
# CHECK: ts.py.math_log2(
# CHECK: ts.py.math_isqrt(
# CHECK: ts.py.math_gcd(
# CHECK: ts.py.math_comb(


def limits(x: torch.Tensor):
    return torch.finfo(x.dtype).max, torch.iinfo(torch.int32).min, torch.finfo(torch.float16).eps


# CHECK-LABEL: func.func @limits(
# CHECK: ts.py.dtype_limit(%{{.*}}, %{{.*}})
# CHECK: arith.constant -2147483648 : i64
# CHECK: arith.constant 0.0009765625 : f64


def shape(x: torch.Tensor) -> torch.Size:
    return x.shape[:-1]


# A size is a list that nothing changes; it becomes a tuple where it leaves the program.
# CHECK-LABEL: func.func @shape(%x: !ts.tensor) -> !ts.list<i64>
# CHECK: ts.aten.size(%x)
# CHECK: ts.py.torch_size(


def types(x: int, y: float):
    return type(x) is int, type(y).__name__, type(x) == type(y)


# CHECK-LABEL: func.func @types(
# CHECK-NEXT: arith.constant true
# CHECK-NEXT: ts.constant "float"
# CHECK-NEXT: arith.constant false


def iterators(xs: List[int]):
    it = iter(xs)
    return next(it), next(it, -1)


# CHECK-LABEL: func.func @iterators(
# An iterator is the list and a position, which are variables.
# CHECK: ts.py.len(%xs)
# CHECK: scf.if
# CHECK: ts.py.getitem(%xs, %{{.*}})
# CHECK: ts.raise "StopIteration"()


def rounded(x: float, n: int):
    return round(x), round(x, 2), round(n, -1), divmod(n, 7), pow(n, 3, 5)


# CHECK-LABEL: func.func @rounded(
# CHECK: ts.py.round(%x) : (f64) -> i64
# CHECK: ts.py.round(%x, %{{.*}}) : (f64, i64) -> f64
# CHECK: ts.py.round(%n, %{{.*}}) : (i64, i64) -> i64
# CHECK: ts.py.divmod(
# CHECK: ts.py.pow(%n, %{{.*}}, %{{.*}})
