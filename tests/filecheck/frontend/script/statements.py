# RUN: ts-opt %s | filecheck %s
"""Statements that torch.jit has not: `else` of loops, match, imports, all augmented forms, assignment to slices, unpacking."""

from typing import List, Union

import torch


def for_else(xs: List[int], wanted: int) -> int:
    for x in xs:
        if x == wanted:
            break
    else:
        return -1
    return 1


# CHECK-LABEL: func.func @for_else(
# CHECK: %{{[0-9]+}}, %[[LEFT:[0-9]+]] = scf.while
# CHECK: scf.if %[[LEFT]] -> (i1, i64) {
# CHECK: } else {
# CHECK: arith.constant -1 : i64


def while_else(n: int) -> str:
    while n > 0:
        n -= 2
        if n == 7:
            break
    else:
        return "even"
    return "seven"


# CHECK-LABEL: func.func @while_else(
# CHECK: %{{[a-z0-9_]+}}, %[[LEFT:[0-9]+]] = scf.while
# CHECK: scf.if %[[LEFT]]
# CHECK: ts.constant "even"


def matched(x: Union[int, str, List[int]]) -> int:
    match x:
        case 0 | 1:
            return 10
        case int(n) if n > 100:
            return 100
        case str():
            return -1
        case [first, *_]:
            return first
        case _:
            return 0


# CHECK-LABEL: func.func @matched(
# CHECK: ts.py.eq(%x, %{{.*}})
# CHECK: ts.isinstance %x, [i64]
# CHECK: ts.isinstance %x, [!ts.str]
# CHECK: ts.isinstance %{{.*}}, [!ts.list<i64>]
# CHECK: ts.py.ge(%{{.*}}, %{{.*}})


def imports(x: float) -> float:
    import math
    from math import floor as down

    return math.sqrt(x) + down(x)


# CHECK-LABEL: func.func @imports(
# CHECK-NEXT: ts.py.math_sqrt(%x)
# CHECK-NEXT: ts.py.math_floor(%x)


def augmented(x: torch.Tensor, n: int):
    y = x.clone()
    y @= x
    n //= 2
    n **= 2
    n <<= 1
    n ^= 5
    y *= n
    return y, n


# A tensor has no in-place `@`: the name is bound anew. `*=` changes the tensor.
# CHECK-LABEL: func.func @augmented(
# CHECK: ts.aten.matmul(%y, %x)
# CHECK: ts.py.floordiv(%n, %{{.*}})
# CHECK: ts.py.pow(
# CHECK: ts.py.lshift(
# CHECK: ts.py.bitxor(
# CHECK: ts.aten.mul_.Scalar(


def slices(xs: List[int], ys: List[int]):
    xs[1:3] = ys
    xs[::2] = [0, 0]
    del xs[:1]
    return xs


# CHECK-LABEL: func.func @slices(
# CHECK: ts.py.setslice(%xs, %{{.*}}, %{{.*}}, %{{.*}}, %ys)
# CHECK: ts.py.setslice(%xs,
# CHECK: ts.py.delslice(%xs,


def unpacked(x: torch.Tensor):
    a, b = x
    return a - b


# CHECK-LABEL: func.func @unpacked(
# CHECK-NEXT: %a, %b = ts.unpack %x : (!ts.tensor) -> (!ts.tensor, !ts.tensor)


def starred(xs: List[int]):
    first, *middle, last = xs
    return middle, first, last


# CHECK-LABEL: func.func @starred(
# CHECK: ts.raise "ValueError"
# CHECK: %first = ts.py.getitem(%xs, %{{.*}})
# CHECK: %middle = ts.py.getslice(%xs, %{{.*}}, %{{.*}})
# CHECK: %last = ts.py.getitem(%xs, %{{.*}})
