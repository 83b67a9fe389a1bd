"""Attributes, defaults and empty containers without annotations: the program says what they hold, next to plain Python."""

# ruff: noqa  (how users write is the point here)
import heapq
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import *

import torch
from torch import Tensor, nn

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same

import tsir

programs = Programs()


class Tree:
    def __init__(self, v: int):
        self.v = v
        self.left = None
        self.right = None

    def add(self, v: int):
        if v < self.v:
            if self.left is None:
                self.left = Tree(v)
            else:
                self.left.add(v)
        elif self.right is None:
            self.right = Tree(v)
        else:
            self.right.add(v)

    def walk(self) -> List[int]:
        out = []
        if self.left is not None:
            out += self.left.walk()
        out.append(self.v)
        if self.right is not None:
            out += self.right.walk()
        return out


class Queue:
    def __init__(self, size: int):
        self.size = size
        self.items = []
        self.last = None
        self.numbers = {}
        self.total = 0

    def put(self, v: int) -> bool:
        if len(self.items) >= self.size:
            return False
        self.items.append(v)
        self.last = v
        self.numbers[v] = len(self.numbers)
        self.total += v * 0.5
        return True

    def get(self):
        return self.items.pop(0) if self.items else None


class Graph:
    def __init__(self) -> None:
        self.edges = {}
        self.distances = {}

    def add(self, a: str, b: str, w: int):
        if a not in self.edges:
            self.edges[a] = []
        self.edges[a].append((b, w))

    def run(self, start: str):
        self.distances = {start: 0}
        todo = [start]
        while todo:
            u = todo.pop(0)
            for v, w in self.edges.get(u, []):
                if v not in self.distances or self.distances[u] + w < self.distances[v]:
                    self.distances[v] = self.distances[u] + w
                    todo.append(v)
        return self.distances


@feature("Classes", "attributes that are None, empty or an int at first take the types of what is stored later")
@programs([3, 9, 1, 7])
def tree(values: List[int]):
    root = Tree(5)
    for v in values:
        root.add(v)
    return root.walk(), root.right is None


@programs(2)
def queue(n: int):
    q = Queue(n)
    return [q.put(i) for i in range(4)], [q.get() for _ in range(3)], q.last, q.numbers, q.total


@programs("a")
def shortest(start: str):
    g = Graph()
    for a, b, w in [("a", "b", 1), ("b", "c", 2), ("a", "c", 5)]:
        g.add(a, b, w)
    return g.run(start)


@feature("Dicts and sets", "empty dicts of empty lists, sets and dicts, whose types later uses decide")
@programs("a b a")
def grouped(text: str):
    by_word, again, nested, counts = {}, {}, {}, {}
    for i, w in enumerate(text.split()):
        by_word.setdefault(w, []).append(i)
        if i not in again:
            again[i] = set()
        again[i].add(w)
        nested.setdefault(i, {})[w] = i * 0.5
        counts[w] = counts.get(w, 0) + 1
    return by_word, again, nested, counts, sorted(counts.items(), key=lambda pair: -pair[1])


@programs(6)
def remembered(n: int):
    memo = {}

    def fib(k: int) -> int:
        if k in memo:
            return memo[k]
        found = k if k < 2 else fib(k - 1) + fib(k - 2)
        memo[k] = found
        return found

    return fib(n), memo


@programs([(1, 2), (2, 3), (1, 4)])
def reached(edges: List[Tuple[int, int]]):
    near = {}
    for a, b in edges:
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)
    seen, order, todo = set(), [], [1]
    while todo:
        v = todo.pop()
        if v not in seen:
            seen.add(v)
            order.append(v)
            todo.extend(sorted(near[v]))
    return order


def distinct(values):
    out = []
    for v in values:
        if v not in out:
            out.append(v)
    return out


@programs([1, 1, 2], ["a", "b", "a"])
def of_two_types(a: List[int], b: List[str]):
    return distinct(a), distinct(b)


@programs()
def never_filled():
    a, b = [], {}
    c = {"k": []}
    return a, b, len(c["k"])


@programs(4)
@programs(0)
def read_before_anything_is_in_it(n: int):
    xs, ys, d, texts, table = [], [], {}, [], {}
    total, copies, smallest = 0, [], []
    for i in range(n):
        ys.extend(xs)
        total += sum(xs) + sum(xs, 10)
        copies.append((dict(d), set(xs), sorted(xs)))
        texts.append(sum([[i]], xs))
        xs.append(-i)
        d[i] = i
        for v in table.values():
            smallest.append(min(v))
        table.setdefault(i, []).append(i)
    return xs, ys, total, copies, texts, smallest


@programs({0: [(1, 4), (2, 1)], 2: [(1, 2)], 1: [(3, 5)]}, 0)
def shortest_paths(graph: Dict[int, List[Tuple[int, int]]], start: int):
    """A float in place of what is missing doesn't make the ints that are there floats."""
    found, queue, rest = {start: 0}, [(0, start)], {"a": 1}
    while queue:
        d, u = heapq.heappop(queue)
        if d > found.get(u, math.inf):
            continue
        for v, w in graph.get(u, []):
            if d + w < found.get(v, math.inf):
                found[v] = d + w
                heapq.heappush(queue, (d + w, v))
    return found, rest.pop("b", 0.5), rest


@programs(30)
def primes_so_far(n: int):
    primes, squares = [], []
    for k in range(2, n):
        for p in primes:
            if k % p == 0:
                break
        else:
            primes.append(k)
        if squares and squares[-1] > k:
            continue
        squares.append(k * k)
    return primes, squares


@programs(4)
def read_by_what_fills_it_later(n: int):
    xs, total = [], 0

    def add(v: int):
        xs.append(v)

    for i in range(n):
        total += sum(xs)
        add(i)
    return total


@feature("Dicts and sets", "items that a defaultdict makes when they are read")
@programs([1, 2, 3, 4])
def made_by_reading(xs: List[int]):
    lists, pairs, counts = defaultdict(list), defaultdict(lambda: [0, 0]), defaultdict(int)
    copies = []
    for i in xs:
        copies.append(len(dict(counts)))
        lists[i % 3]
        pairs[i % 3][0] += i
        counts[i % 2]
        first = pairs[7]
        first[1] += 1
    return dict(lists), dict(pairs), dict(counts), copies


@programs.parametrized()
def test_as_in_python(function, arguments):
    check(function, arguments)


class Streams(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.last = None
        self.steps = None
        self.sizes = []
        self.seen = {}
        self.rate = 1
        self.groups = {}

    def forward(self, x: Tensor):
        if self.last is None:
            self.last = x
        else:
            self.last = self.last + x
        self.steps = 1 if self.steps is None else self.steps + 1
        self.sizes.append(x.size(0))
        self.seen["calls"] = self.seen.get("calls", 0) + 1
        self.rate = self.rate * 0.5
        if "k" not in self.groups:
            self.groups["k"] = []
        self.groups["k"].append(self.steps)
        return self.last, self.steps, self.sizes, self.seen, self.rate, self.groups


@feature("Modules", "attributes without annotation that are None, empty or an int at first")
def test_modules_attributes(tmp_path) -> None:
    module, compiled = Streams(), tsir.script(Streams())
    for _ in range(3):
        assert_same(compiled(torch.ones(2)), module(torch.ones(2)))
    compiled.save(tmp_path / "m.tsir")
    assert_same(tsir.load(tmp_path / "m.tsir")(torch.ones(2)), module(torch.ones(2)))


def appended(n: int, to=[]):
    to.append(n)
    return len(to)


def counted(n: int, found={}):
    found[n] = found.get(n, 0) + 1
    return len(found)


@feature("Arguments", "empty lists and dicts as defaults without annotation, kept from call to call")
def test_defaults() -> None:
    append, count = tsir.script(appended), tsir.script(counted)
    assert [append(5), append(6), append(7, [1])] == [appended(5), appended(6), appended(7, [1])]
    assert [count(1), count(2), count(1)] == [counted(1), counted(2), counted(1)]


@dataclass
class Options:
    rate: float = 0.1
    steps: int = 3

    @classmethod
    def make(cls, **given):
        return cls(**given)


def changed_options(k: float):
    p = Options.make(rate=1.0)
    p.steps = 7
    return p, p.rate * k, Options.make(rate=k)


def path_of_local_nodes(n: int):
    class Node:
        def __init__(self, v):
            self.v = v
            self.parent = None

        def path(self):
            node, out = self, []
            while node is not None:
                out.append(node.v)
                node = node.parent
            return out[::-1]

    todo, seen = [Node(1)], {1}
    while todo:
        node = todo.pop(0)
        if node.v == n:
            return node.path()
        for v in (node.v * 2, node.v + 1):
            if v <= n and v not in seen:
                seen.add(v)
                child = Node(v)
                child.parent = node
                todo.append(child)
    return []


@feature("Classes", "objects that class methods make of constants are the program's own")
def test_objects_of_class_methods() -> None:
    assert_same(tsir.script(changed_options)(2.0), changed_options(2.0))


def test_local_classes_of_nodes() -> None:
    assert tsir.script(path_of_local_nodes)(12) == path_of_local_nodes(12)
