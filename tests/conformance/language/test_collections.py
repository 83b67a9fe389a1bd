"""`collections`, `heapq` and `bisect`: what programs make of their containers, next to plain Python."""

# ruff: noqa  (how users write is the point here)
import bisect
import collections
import functools
import heapq
from collections import Counter, OrderedDict, defaultdict, deque
from typing import *

import torch
from torch import Tensor
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


@feature("Standard library", "collections.Counter: of iterables, counting, methods, operators")
@programs("abca", "aab")
@programs("", "q")
def counters(s: str, t: str):
    a, b = Counter(s), Counter(t)
    empty = Counter()
    for character in s:
        empty[character] += 1
    sums, rest, both, either = a + b, a - b, a & b, a | b
    a.update(t)
    a.subtract({"a": 5})
    kept, negative = +a, -a
    a += b
    del a["nowhere"]
    return (
        a, sums, rest, both, either, kept, negative, empty == Counter(s), a["missing"], "missing" in a, a.total(), b.most_common(),
        b.most_common(1), sorted(b.elements()), b <= sums, Counter(x=1, y=2), Counter({"x": 3}), dict(b), isinstance(a, Counter),
        isinstance(a, dict), type(a) is Counter, sorted(b, key=lambda k: (-b[k], k)), {k: v * 2 for k, v in b.items()}, b.copy(),
    )  # fmt: skip


@feature("Standard library", "Counters as arguments and results")
@programs(Counter("abca"), {"a": 2})
@programs(Counter([]), Counter("abca"))
def counter_argument(c: Counter[str], d: Dict[str, int]) -> Tuple[Counter[str], bool, bool, bool]:
    c["z"] += 1
    return c, c == d, isinstance(d, Counter), isinstance(d, dict)


@feature("Standard library", "collections.deque: methods, operators, maxlen, iteration")
@programs([1, 2, 3], 2)
@programs([1, 2, 3], 9)
def deques(x: List[int], n: int):
    d, last = deque(x), deque(maxlen=2)
    for v in x:
        last.append(v * 10)
    d.append(9)
    d.appendleft(8)
    ends = d.pop(), d.popleft()
    d.rotate(1)
    d.extend([5, 6])
    d.extendleft([1, 2])
    d.insert(1, 7)
    d.remove(5)
    other = d.copy()
    other.reverse()
    other[0] = 100
    del other[1]
    other += [3]
    first, *middle = other
    d.clear()
    return (
        d, bool(d), other, other[n], other[-1], ends, len(other), last, last.maxlen, 7 in other, other.count(7), other.index(100), sum(other),
        max(other), sorted(other), [v + 1 for v in other], list(reversed(other)), list(enumerate(last)), str(last), last == deque([20, 30]),
        last + deque([1]), first, middle, tuple(last), isinstance(last, deque), isinstance(last, list),
    )  # fmt: skip


@feature("Standard library", "IndexError of an empty deque; a deque that changes while a loop goes over it")
@programs([], False)
@programs([1], True)
def deque_errors(x: List[int], change: bool):
    d = deque(x)
    if change:
        for v in d:
            d.append(v)
    return d.popleft()


@feature("Standard library", "deques of tensors, as arguments and over loops")
@programs(deque([torch.ones(2)], maxlen=3), 2.0)
def tensors(q: Deque[Tensor], limit: float):
    out = []
    while q:
        t = q.popleft()
        out.append(t)
        if t.sum() < limit * 10:
            q.append(t * 2)
    q.append(out[0])
    return torch.stack(out), q


@feature("Standard library", "collections.defaultdict: of built-in types, literals, defaultdicts; types from the first use")
@programs(["ab", "b", "ac"], [1.0, 2.0])
@programs([], [])
def default_dicts(words: List[str], x: List[float]):
    groups, lengths, sums = defaultdict(list), defaultdict(set), defaultdict(float)
    for w in words:
        groups[w[0]].append(w)
        lengths[len(w)].add(w)
    for i, v in enumerate(x):
        sums[i, i] += v
    nested: Dict[str, Dict[str, int]] = defaultdict(lambda: defaultdict(int))
    pairs = defaultdict(lambda: [0, 0])
    for w in words:
        nested[w[0]][w] += 1
        pairs[w][1] += 1
    return (
        groups,
        {k: sorted(v) for k, v in lengths.items()},
        sums,
        nested,
        pairs,
        groups["new"],
        len(groups),
        groups.get("q"),
        "q" in groups,
    )


@feature("Standard library", "defaultdicts and OrderedDicts as arguments, also for Dict")
@programs(defaultdict(int), OrderedDict(a=1))
@programs({"x": 1}, {})
@programs({}, {})
def dict_arguments(d: Dict[str, int], o: Dict[str, int]):
    d["x"] += 2
    o["z"] = 5
    return d, o, isinstance(o, OrderedDict)


@feature("Standard library", "collections.OrderedDict: move_to_end, popitem, equality, order")
@programs(1)
def ordered(n: int):
    d: OrderedDict[str, int] = OrderedDict([("a", n), ("b", 2)])
    e = OrderedDict()
    e["b"] = 2
    e["a"] = n
    equal = d == e, d == {"b": 2, "a": n}
    d.move_to_end("a")
    e.move_to_end("a", last=False)
    d["c"] = 3
    return equal, d, e, d.popitem(last=False), d.popitem(), list(reversed(e)), list(d), isinstance(d, OrderedDict), d


@feature("Standard library", "heapq: heappush, heappop, heapify, heappushpop, heapreplace, nlargest, nsmallest, merge")
@programs([5, 3, 8, 1], ["a", "bbb", "cc", ""])
@programs([2], ["x"])
def heaps(x: List[int], names: List[str]):
    h: List[Tuple[int, str]] = []
    for v, name in zip(x, names):
        heapq.heappush(h, (v, name))
    first = heapq.heappop(h)
    pushed = heapq.heappushpop(h, (4, "new"))
    heapq.heapify(x)
    replaced = heapq.heapreplace(x, 10)
    return (
        h, first, pushed, x, replaced, heapq.nlargest(2, x), heapq.nsmallest(2, names), heapq.nlargest(2, names, key=len),
        heapq.nsmallest(1, x, key=lambda v: -v), list(heapq.merge(sorted(x), [3, 7])),
    )  # fmt: skip


@feature("Standard library", "heapq of objects that define `<`; IndexError of an empty heap")
@programs([5, 1, 4, 1, 3], 4)
@programs([5, 1], 3)
def heap_of_objects(x: List[int], n: int):
    @functools.total_ordering
    class Task:
        def __init__(self, priority: int, name: str):
            self.priority = priority
            self.name = name

        def __lt__(self, other: "Task") -> bool:
            return self.priority < other.priority

        def __eq__(self, other: "Task") -> bool:
            return self.priority == other.priority

    h: List[Task] = []
    for i, p in enumerate(x):
        heapq.heappush(h, Task(p, str(i)))
    return [heapq.heappop(h).name for _ in range(n)]


@feature("Standard library", "bisect: bisect_left, bisect_right, insort, with bounds and a key")
@programs([1.0, 2.0, 2.0, 5.0], 2.0)
@programs([], 2.0)
def bisections(x: List[float], v: float):
    found = (
        bisect.bisect_left(x, v),
        bisect.bisect_right(x, v),
        bisect.bisect(x, v, 0, len(x)),
        bisect.bisect_left(["a", "bb"], 2, key=len),
    )
    bisect.insort(x, v)
    bisect.insort_left(x, v, 0)
    return found, x


@programs.parametrized()
def test_program(function: Any, arguments: tuple[Any, ...]) -> None:
    check(function, arguments)
