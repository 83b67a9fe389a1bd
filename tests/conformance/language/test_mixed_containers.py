"""Containers that are made empty and get values of several types, and methods of values that only run time knows."""

from typing import Any, Callable, Dict, Generic, List, TypeVar

import torch
from torch import Tensor

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()
Item = TypeVar("Item")


@feature("Lists and tuples", "empty lists that get values of several types, without annotation")
@programs(3)
def a_log(n: int):
    log = []
    for i in range(n):
        log.append(i)
        log.append(f"item {i}")
        if i == 1:
            log.append(None)
    return log, len(log), log[0], [x for x in log if isinstance(x, str)]


@feature("Dicts and sets", "empty dicts that get values of several types, without annotation")
@programs(2)
def a_record(n: int):
    d = {}
    d["a"] = n
    d["b"] = "x" * n
    d["c"] = torch.ones(n)
    d["d"] = [1.5]
    return d, d["b"]


class Records:
    def __init__(self):
        self.items = []
        self.about = {}

    def add(self, item):
        self.items.append(item)
        return self


@programs(3)
def in_attributes(n: int):
    r = Records()
    r.add(n).add("b").add(1.5)
    r.about["k"] = n
    r.about["t"] = (n, "z")
    return r.items, r.about


@programs(1)
def only_one_of_two(n: int):
    a = []
    b = []
    a.append(n)
    b.append(2)
    b.append("q")
    return a, b, sum(a)


@programs(torch.tensor(3.0))
def with_tensors(x: Tensor):
    out = []
    out.append(x)
    out.append(2)
    total = x.new_zeros(())
    for v in out:
        total = total + v
    return total, out


class Stack(Generic[Item]):
    def __init__(self) -> None:
        self.items: List[Item] = []

    def push(self, item: Item) -> "Stack[Item]":
        self.items.append(item)
        return self

    def pop(self) -> Item:
        return self.items.pop()

    def __bool__(self):
        return bool(self.items)

    def __iter__(self):
        return iter(self.items)


@feature("Classes", "generic classes for several types in one program")
@programs(4)
def stacks(n: int):
    s: Stack[int] = Stack()
    for i in range(n):
        s.push(i * i).push(-i)
    out = []
    while s:
        v = s.pop()
        if v > 3:
            break
        out.append(v)
    t = Stack[str]()
    t.push("a").push("b")
    return out, [v for v in s], "".join(t)


class Bag:
    def __init__(self, items: List[str]):
        self.items = items

    def __iter__(self):
        return iter(self.items)


@programs(["b", "a"])
def methods_that_go_over_objects(items: List[str]):
    bag = Bag(items)
    out = ["z"]
    out.extend(bag)
    s = {"q"}
    s.update(bag)
    return "".join(bag), out, sorted(s), s.issuperset(bag), dict.fromkeys(bag, 1), tuple(bag)


@feature("Tensors in programs", "methods of what tolist() gives")
@programs(torch.tensor([3.0, 1.0, 2.0]))
def numbers_of_a_tensor(x: Tensor):
    v = x.tolist()
    v.append(7.0)
    v.sort()
    first = v.pop(0)
    at = v.index(7.0)
    v.extend([1.0, 2.0])
    v.insert(0, 9.0)
    w = v.copy()
    w.reverse()
    w.remove(9.0)
    return v, first, at, w, v.count(1.0), len(w)


@programs(torch.tensor([[3, 1], [2, 5]]))
def rows_of_numbers(x: Tensor):
    out = []
    for row in x.tolist():
        row.append(sum(row))
        out.append(row)
    pairs: List[tuple[float, int]] = []
    for a, b in x.tolist():
        pairs.append((a / 2, b))
    return out, out[0].pop(), pairs


@programs({"a": 1, "b": [1, 2]}, "x-y", [torch.ones(2)])
def methods_of_anything(d: Any, s: Any, t: Any):
    return sorted(d.keys()), d.get("a"), d.get("z", 5), s.split("-"), s.upper(), t[0].sum()


@programs(3)
def a_method_that_isnt_there(a: Any):
    return a.keys()


@feature("Type refinement", "properties of tensors of values of type Any")
@programs(torch.ones(2, 3))
@programs(3)
def properties_of_anything(a: Any):
    if isinstance(a.T, Tensor):
        return a + 1, a.shape[0], a.dtype
    return torch.zeros(1), 0, torch.float32


@programs({"a": 1}, torch.ones(2))
def a_tensor_among_texts(d: Dict[str, int], x: Tensor):
    return x in d, x not in d, x in {1, 2}


@programs.parametrized()
def test_as_python(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    check(function, arguments)
