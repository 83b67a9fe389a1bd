"""Dicts of programs that are read as Python reads them, with keys that only the running program knows."""

# ruff: noqa  (how users write is the point here)
import collections
from typing import List

import torch
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


@feature("Dicts and sets", "keys of run time in functions that take `*args` or `**kwargs`")
@programs(2, "a")
@programs(1, "abca")
def filled(x: int, n: str, *args, **kwargs):
    d, y = {}, 0
    for i in range(3):
        if i > 0:
            y = y + d[n]
        d[n] = i
    count = {}
    for c in n:
        count[c] = count.get(c, 0) + 1
    return x + y, count


@programs(2, "a")
@programs(1, "abca")
def looked_up(x: int, n: str, *args, **kwargs):
    scales = {"a": 1, "b": 2}
    found = x * scales[n] if n in scales else x
    rest = dict(a=1.0, b=2.5)
    left = rest.pop(n, 0.5)
    return found, scales.get(n, 5), rest, left, {k: v for k, v in rest.items()}


@programs(2, "a")
@programs(1, "abca")
def changed_under_a_condition(x: int, n: str, *args, **kwargs):
    d = {"a": 1}
    e = d
    if x > 1:
        e[n] = 3
    d["c"] = 4
    numbers = {1: "a", 2: "b"}
    del numbers[x]
    d.update({n + n: 8})
    return d, d["a"], len(e), sorted(d), d is e, numbers, {"f": lambda v: v + 1, "g": lambda v: v * 2}["f"](x)


@programs(1, "z")
def missing(x: int, n: str, **kwargs):
    scales = {"a": 1, "b": 2}
    return x * scales[n]


@programs(1, "z")
def of_several_types(x: int, n: str, **kwargs):
    return {"x": x, "n": n, "all": [n, n], "t": torch.ones(x)}


@feature("Dicts and sets", "dicts of lists, filled by keys of run time, in such functions")
@programs([1, 2, 3, 4])
@programs([])
def grouped(xs: List[int], **kwargs):
    lists, found, made, nested = {}, {}, {}, {}
    for i in xs:
        lists.setdefault(i % 3, []).append(i)
        if i % 2 not in found:
            found[i % 2] = []
        found[i % 2].append(str(i))
        v = made.get(i % 3)
        if v is None:
            v = []
            made[i % 3] = v
        v.append(i)
        nested.setdefault(i % 2, {}).setdefault(str(i), []).append(i)
    return lists, found, made, nested


@programs([1, 2, 3, 4])
def counted_and_defaulted(xs: List[int], *args, **kwargs):
    lists, pairs, counts = collections.defaultdict(list), collections.defaultdict(lambda: [0, 0]), collections.Counter()
    for i in xs:
        lists[i % 3].append(i)
        pairs[i % 3][0] += i
        counts[i % 2] += 1
    return dict(lists), dict(pairs), dict(counts)


@programs(torch.ones(2), torch.zeros(3))
@programs(torch.ones(2), torch.zeros(3), torch.ones(4))
def grouped_arguments(*args):
    d = {}
    for i, x in enumerate(args):
        d.setdefault(int(x.sum()) % 2, []).append(i)
    return d


@programs(1, "z")
@programs(3, "a")
def sets_of_constants(x: int, n: str, **kwargs):
    made, given = {v for v in ("a", "b")}, set(["a", "b"])
    same = made
    made.add("c")
    if x > 1:
        given |= {n}
    found = []
    table = {"a": 1, "b": "q"}
    for v in set(("a", "b")):
        found.append(str(table[v]))
    known = {v for v in ("a", "b")}
    return sorted(same), sorted(given), sorted(found), n in known, len(known - {"a"})


@programs(1, "z")
@programs(0, "a")
def made_of_keys(x: int, n: str, **kwargs):
    d, e, f = dict.fromkeys(range(3)), dict.fromkeys(["a", "b"], 0), dict.fromkeys(range(2), 0)
    d[1] = 5
    d[2] = "s"
    e["a"] += x
    f[x] = 4
    return d, e, f, dict.fromkeys(n, 1)


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
