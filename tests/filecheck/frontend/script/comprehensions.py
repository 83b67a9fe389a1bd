# RUN: ts-opt %s | filecheck %s
"""Comprehensions, generator expressions and functions over iterables are loops; nothing is made that isn't read."""

from typing import Dict, List, Set


def filtered(xs: List[int]):
    return [x * 2 for x in xs if x > 1]


# CHECK-LABEL: func.func @filtered(
# CHECK: %[[OUT:[0-9]+]] = ts.list : () -> !ts.list<i64>
# CHECK: scf.for
# CHECK: %[[IS:[0-9]+]] = ts.py.gt(%x, %{{.*}})
# CHECK-NEXT: scf.if %[[IS]] {
# CHECK: %[[TWICE:[0-9]+]] = ts.py.mul(%x, %{{.*}})
# CHECK-NEXT: ts.py.list_append(%[[OUT]], %[[TWICE]])


def pairs(xs: List[int], ys: List[int]):
    return [x + y for x in xs for y in ys if x != y]


# CHECK-LABEL: func.func @pairs(
# CHECK: scf.for
# CHECK-NEXT: %x = ts.py.getitem(%xs, %{{.*}})
# CHECK: scf.for
# CHECK-NEXT: %y = ts.py.getitem(%ys, %{{.*}})
# CHECK-NEXT: ts.py.ne(%x, %y)


def set_of(xs: List[int]) -> Set[int]:
    return {x % 3 for x in xs}


# CHECK-LABEL: func.func @set_of(%xs: !ts.list<i64>) -> !ts.set<i64> {
# CHECK: ts.py.mod(%x, %{{.*}})
# CHECK: ts.py.set(%{{.*}}) : (!ts.list<i64>) -> !ts.set<i64>


def inverted(d: Dict[str, int]):
    return {v: k for k, v in d.items() if v}


# CHECK-LABEL: func.func @inverted(
# CHECK: %[[NEW:[0-9]+]] = ts.dict : () -> !ts.dict<i64, !ts.str>
# CHECK: ts.py.dict_items(%d)
# CHECK: ts.truth %v : i64
# CHECK: ts.py.setitem(%[[NEW]], %v, %k)


def found(xs: List[int]):
    return any(x > 3 for x in xs)


# The loop stops where the answer is known, and no list is made.
# CHECK-LABEL: func.func @found(
# CHECK-NOT: = ts.list
# CHECK: scf.while
# CHECK: ts.py.gt(%x, %{{.*}})


def walrus(xs: List[int]):
    return [y for x in xs if (y := x * x) > 4]


# CHECK-LABEL: func.func @walrus(
# CHECK: %y = ts.py.mul(%x, %x)
# CHECK: ts.py.gt(%y, %{{.*}})
# CHECK: ts.py.list_append(%{{.*}}, %y)


def mapped(xs: List[str]):
    return list(map(len, filter(lambda s: s != "", xs)))


# CHECK-LABEL: func.func @mapped(
# CHECK: ts.py.ne(%{{.*}}, %{{.*}}) : (!ts.str, !ts.str) -> i1
# CHECK: ts.py.len(%{{.*}}) : (!ts.str) -> i64


def by_key(xs: List[str]):
    return sorted(xs, key=lambda s: (len(s), s), reverse=True)


# The keys are computed once for each element; the sort is stable.
# CHECK-LABEL: func.func @by_key(
# CHECK: %[[KEYS:[0-9]+]] = ts.list : () -> !ts.list<!ts.tuple<i64, !ts.str>>
# CHECK: scf.for
# CHECK: %[[ORDER:[0-9]+]] = ts.py.sort_order(%[[KEYS]], %{{.*}})
# CHECK: ts.py.taken(%{{.*}}, %[[ORDER]])


def backwards(xs: List[int]):
    return [x for x in reversed(xs)]


# CHECK-LABEL: func.func @backwards(
# CHECK: %[[LAST:[0-9]+]] = ts.py.sub(%{{.*}}, %{{.*}})
# CHECK: %[[AT:[0-9]+]] = ts.py.sub(%[[LAST]], %{{.*}})
# CHECK: %x = ts.py.getitem(%xs, %[[AT]])
