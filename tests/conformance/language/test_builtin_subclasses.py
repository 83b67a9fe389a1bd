"""Classes derived from list, dict, str, tuple, int, float, set and the classes of `collections`, next to plain Python."""

import copy
from collections import Counter, OrderedDict, UserDict, UserList, defaultdict, deque
from collections.abc import MutableMapping, Sequence
from typing import Dict, List

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same

programs = Programs()


class Numbers(list):
    def total(self):
        return sum(self)


@feature("Classes", "classes derived from list: methods, operators, +=, slices, unpacking, comparisons, isinstance, type()")
@programs(4)
def numbers(n: int):
    values = Numbers()
    values.append(n)
    values.sort(reverse=True)
    values += [3, 1]
    values *= 2
    other = values
    other.append(100)
    first, *rest = values
    texts = repr(values), str(values), f"{values}", len(values), values.total(), values[1:], values[-1], values.index(3)
    tests = values is other, not values, values < [1], values != other, 3 not in values, isinstance(values, (list, tuple))
    made = (
        [i for i, v in enumerate(values) if v > 2],
        list(zip(values, rest)),
        list(reversed(values)),
        sorted(values, key=lambda v: -v),
    )
    return values, first, rest, texts, tests, made, min(values), any(values), type(values) is Numbers, type(values).__name__


class Stack(list):
    def __init__(self, name: str = "") -> None:
        super().__init__()
        self.name = name

    def append(self, value):
        super().append(value * 10)

    def push(self, value):
        self.append(value)
        return self

    @property
    def top(self):
        return self[-1]

    @classmethod
    def of(cls, *values):
        made = cls("of")
        for value in values:
            made.push(value)
        return made


class Node(list):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def depth(self) -> int:
        return 1 + max([c.depth() for c in self], default=0)


class Odd(list):
    def __getitem__(self, i):
        return super().__getitem__(i) + 1

    def __len__(self):
        return 100

    def __iter__(self):
        return iter([5, 6])

    def __contains__(self, value):
        return value == 3

    def __eq__(self, other):
        return True

    def __repr__(self):
        return "Odd!"


@feature(
    "Classes", "overridden methods and super() in classes derived from list, class methods, properties, objects in objects"
)
@programs(3)
def overridden(n: int):
    s = Stack.of(1, 2, n)
    s.extend([7])
    s[0] = 99
    del s[1]
    s.insert(0, 5)
    tree, a = Node("r"), Node("a")
    tree.append(a)
    tree.append(Node("b"))
    a.append(Node("c"))
    odd = Odd([n, 2])
    try:
        for _ in range(9):
            s.pop()
    except IndexError as error:
        message = str(error)
    seen = odd[0], len(odd), list(odd), 3 in odd, 2 in odd, odd == [], repr(odd), f"{odd}", sum(odd)
    return s.push(4).top, s.name, message, tree.depth(), [c.name for c in tree], len(tree[0]), seen


class Lower(dict):
    def __setitem__(self, key, value):
        super().__setitem__(key.lower(), value)

    def __getitem__(self, key):
        return super().__getitem__(key.lower())

    def __contains__(self, key):
        return super().__contains__(key.lower())


class Made(dict):
    def __init__(self, power: int) -> None:
        super().__init__()
        self.power = power

    def __missing__(self, key):
        made = self[key] = key**self.power
        return made


class Recent(OrderedDict):
    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__()

    def __setitem__(self, key: int, value: str) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > self.most:
            self.popitem(last=False)

    def __getitem__(self, key: int) -> str:
        value = super().__getitem__(key)
        self.move_to_end(key)
        return value


class Attributes(dict):
    def __getattr__(self, name):
        return self[name]

    def __setattr__(self, name, value):
        self[name] = value


@feature("Classes", "classes derived from dict and OrderedDict: keys of run time, __missing__, also of local classes")
@programs("Q", 5)
@programs("ab", 3)
def dicts(key: str, n: int):
    class Doubled(dict):
        def __missing__(self, number: int):
            return number * 2

    d = Lower()
    d["Ab"] = 1
    d[key] = 2
    squares, recent, doubled, a = Made(2), Recent(2), Doubled({1: 1}), Attributes(x=1)
    for i in range(n):
        recent[i] = str(i)
    last = recent[n - 2]
    recent[99] = "z"
    a.y = n
    values = [squares[i] for i in range(n)], sorted(squares), squares.get(55), doubled[1], doubled[n], len(doubled)
    whole = d, len(d), {k: v for k, v in d.items()}, d == {"ab": 1}, key.upper() in d, d["AB"], a.x + a.y, "y" in a
    return values, whole, last, list(recent.items()), recent.most


class Bag(Counter):
    def size(self):
        return sum(self.values())

    def __repr__(self):
        return "Bag"


class Groups(defaultdict):
    def put(self, key: str, value: int) -> None:
        self[key].append(value)


class Last(deque):
    def last(self):
        return self[-1]


class Tens(set):
    def add(self, value):
        super().add(value * 10)


@feature("Classes", "classes derived from Counter, defaultdict, deque and set")
@programs("hello", 3)
def collections_of_own(word: str, n: int):
    bag, groups, recent, tens = Bag(word), Groups(list), Last(maxlen=2), Tens()
    bag["z"] += 3
    groups.put("a", n)
    groups.put("a", 1)
    for i in range(n):
        recent.append(i)
    recent.appendleft(9)
    tens.add(n)
    tens |= {7}
    counted = bag, bag.size(), bag.most_common(2), bag["nope"], repr(bag), dict(bag)
    return counted, dict(groups), groups["b"], len(groups), recent, recent.last(), tens, tens & {7}, 30 in tens


class Vector(tuple):
    def __new__(cls, *values):
        return tuple.__new__(cls, values)

    def __add__(self, other):
        return Vector(*[a + b for a, b in zip(self, other)])

    def __repr__(self):
        return "Vector" + super().__repr__()


class Celsius(float):
    @property
    def fahrenheit(self):
        return self * 9 / 5 + 32

    def __repr__(self):
        return f"{float(self):.1f}C"


class Name(str):
    def __new__(cls, value: str):
        return super().__new__(cls, value.strip().lower())

    def is_private(self):
        return self.startswith("_")


class Bits(int):
    def has(self, bit: int):
        return (self & bit) == bit

    def __or__(self, other):
        return Bits(int(self) | int(other))


@feature(
    "Classes", "classes derived from tuple, float, str and int: __new__, operators, formats, as indices, keys and sizes"
)
@programs(1.5, " _Ab ", 1)
def values_of_own(x: float, text: str, n: int):
    v, t, s, b = Vector(x, 2.0), Celsius(x), Name(text), Bits(n) | 4
    w, u = v + v, Celsius(t + 1)
    p, q = w
    vectors = v, w, p, q, repr(w), w * 2, len(w), w[0], w == (2 * x, 4.0), max(w), sum(w), hash(v) == hash((x, 2.0))
    numbers = (
        t.fahrenheit,
        repr(t),
        str(u),
        t < u,
        int(t),
        round(t, 1),
        f"{t:.3f}",
        t.is_integer(),
        -t,
        t**2,
        2 * t,
        torch.ones(2) * t,
    )
    texts = (
        s.is_private(),
        s,
        s == "_ab",
        len(s),
        s.upper(),
        s + "x",
        "x" + s,
        s[1:],
        f"{s:>8}!",
        ",".join([s, s]),
        s in "x_abx",
        {s: 1}["_ab"],
    )
    bits = (
        b.has(4),
        b,
        b + 1,
        bin(b),
        [0] * b,
        "a" * b,
        [1, 2, 3, 4, 5, 6][b],
        list(range(b)),
        divmod(b, 2),
        torch.zeros(b),
        isinstance(b, int),
    )
    return vectors, numbers, texts, bits


class Asking(UserDict):
    def __missing__(self, key):
        return "?" + key


class Twice(UserList):
    def append(self, value):
        super().append(value * 2)


class Mapped(MutableMapping):
    def __init__(self) -> None:
        self.d = {}

    def __getitem__(self, key):
        return self.d[key]

    def __setitem__(self, key, value):
        self.d[key] = value + 1

    def __delitem__(self, key):
        del self.d[key]

    def __iter__(self):
        return iter(self.d)

    def __len__(self):
        return len(self.d)


class Squares(Sequence):
    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i: int):
        if i >= self.n:
            raise IndexError(i)
        return i * i


@feature(
    "Classes", "classes derived from UserDict, UserList, and from Mapping, MutableMapping and Sequence of collections.abc"
)
@programs("k", 4)
def user_containers(key: str, n: int):
    d, values, m, s = Asking({"a": "1"}), Twice([n]), Mapped(), Squares(n)
    d[key] = "2"
    values.append(3)
    values.extend([5])
    values.sort()
    m["a"] = n
    m.update({"b": 2}, c=4)
    asked = d[key], d["nope"], len(d), key in d, [*d], d.get("q", "r"), d.pop(key), sorted(d.items()), list(d.values())
    listed = (
        values.data,
        values[0],
        values[1:].data,
        len(values),
        6 in values,
        values.index(6),
        [x for x in values],
        values.pop(),
    )
    mapped = dict(m.items()), m.get("z", 0), m.pop("a"), len(m), list(m), "b" in m, m.setdefault("q", 1)
    return asked, listed, mapped, list(s), 4 in s, s.index(4), s.count(1), list(reversed(s)), sum(s)


class Pair(tuple):
    def __new__(cls, a, b):
        return super().__new__(cls, (a, b))


@feature("Classes", "copies, sets and comparisons of objects of such classes")
@programs(3, "ab")
def copied_and_compared(n: int, text: str):
    a = Numbers([n, 2])
    shallow, deep, table = copy.copy(a), copy.deepcopy(a), {"x": a}
    table["x"].append(7)
    shallow.append(1)
    p, q, s = Pair(n, 2), Pair(1, 2), Name(text)
    sets = len({p, q, (1, 2)}), (1, 2) in {p, q}, len({s, "a"}), text in {s}, len(set([Bits(n), Bits(n)])), n in {Bits(n)}
    compared = a == shallow, a == [n, 2, 7], Numbers([1]) < Numbers([2]), sorted([Numbers([2]), Numbers([1])]), p == q, p < q
    return a, shallow, deep, table["x"].total(), sets, compared, {p: 1}[(n, 2)], p + q, bool(Name("")), max([q, p])


class Typed(List[int]):
    def total(self) -> int:
        return sum(self)


@feature("Classes", "arguments and results that are objects of a class derived from a list: changed in place for the caller")
@programs(Typed([1, 2]), Lower({"a": 1}))
def arguments(values: Typed, table: Dict[str, int]):
    values.append(5)
    table["b"] = 3
    return values, values.total(), Name("A b"), Bits(5)


def takes_built_in(values: List[int], table: Dict[str, int], text: str, x: float) -> float:
    values.append(1)
    table["q"] = 1
    return len(text) + x


@feature("Classes", "objects of such a class where one of the built-in class is wanted")
@programs(3)
def passed_as_built_in(n: int):
    values, table = Numbers([n]), Lower({"a": n})
    result = takes_built_in(values, table, Name("Ab"), Celsius(2.0))
    return result, values, table["q"]


class Items(list):
    def total(self):
        start = 0
        for value in self:
            start = start + value
        return start

    def push(self, value):
        self.append(value)
        return self

    @property
    def top(self):
        return self[-1]


class Table(dict):
    def names(self):
        return [str(key) for key in self]


class Counts(Counter):
    def most(self):
        return self.most_common(1)[0][0]


class Few(tuple):
    def last(self):
        return self[-1]


@feature("Classes", "objects of one class derived from a built-in one with elements of different types")
@programs(3, torch.ones(2))
def of_several_types(n: int, x: Tensor):
    a, b, c = Items([1, n]), Items(["x"]), Items([x])
    a.push(5).push(2)
    b.append("y")
    c.append(x * n)
    c[0] = x - 1
    d, e = Table({"a": 1}), Table({1: "x"})
    d["b"], e[n] = n, "y"
    lists = a.total(), a.top, b.top, c.total(), b[0:1], len(c), a + [1], [v for v in b], "x" in b
    return (
        lists,
        b,
        d.names(),
        e.names(),
        d,
        e,
        Counts("aabbb").most(),
        Counts([1, n, n]).most(),
        Few((1, "x")).last(),
        Few((n,)),
    )


@programs.parametrized()
def test_classes_derived_from_built_in_ones(function, arguments) -> None:
    check(function, arguments)


class Holding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.history = Numbers([1.0, 2.0])
        self.table = Lower({"a": 1})
        self.settings = Attributes(scale=3, name="ab")

    def forward(self, x: Tensor):
        self.history.append(float(x.sum()))
        self.table["B"] = self.table["a"] + 1
        return self.history.total(), len(self.history), self.table["b"], x * self.settings.scale, len(self.settings["name"])


@feature("Modules", "attributes of classes derived from list and dict, changed by forward(), or constants")
def test_attributes_of_modules() -> None:
    eager, scripted = Holding(), tsir.script(Holding())
    for n in (2, 3):
        assert_same(scripted(torch.ones(n)), eager(torch.ones(n)))


def test_results_are_of_the_class() -> None:
    def made(n: int):
        return Numbers([n]), Name("A"), Bits(n), Vector(n, 2.0), Lower({"a": n}), Tens({n})

    for found, expected in zip(tsir.script(made)(3), made(3), strict=True):
        assert type(found) is type(expected) and found == expected


class Copied(OrderedDict):
    pass


def test_what_is_refused() -> None:
    def copies(n: int):
        d = Copied()
        for i in range(n):
            d[i] = i
        return d.copy()

    with pytest.raises(tsir.TsirError, match=r"copy\(\) of an object of Copied"):
        tsir.script(copies)
