"""Enums, NamedTuples, dataclasses and objects that can be iterated over, next to plain Python."""

# ruff: noqa  (how users write is the point here)
import collections
import dataclasses
import enum
from dataclasses import dataclass, field
from typing import *

import pytest
import torch
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

import tsir

programs = Programs()


class Color(enum.Enum):
    RED = 1
    GREEN = 2
    BLUE = 3


class Number(enum.IntEnum):
    ONE = 1
    TWO = 2


class Word(str, enum.Enum):
    A = "a"
    B = "b"


@feature("Enums, NamedTuples and dataclasses", "Enum(value) and Enum[name] at run time")
@programs(2, "RED")
@programs(9, "RED")
@programs(1, "PINK")
def members(n: int, s: str):
    return Color(n), Color(n).name, Color[s], Color[s] == Color.RED


@feature("Enums, NamedTuples and dataclasses", "IntEnum and str enums as numbers and texts")
@programs(Number.TWO, Word.A)
def mixed(n: Number, w: Word):
    return n + 1, n == 2, n < 3, int(n), [10, 20, 30][n], n * 1.5, w == "a", w.upper(), len(w), w.value, n.name


@feature("Enums, NamedTuples and dataclasses", "iteration over an enum, __members__")
@programs(1)
def listed(n: int):
    return [c.name for c in Color], [c.value for c in Color], len(Color), list(Color.__members__), "RED" in Color.__members__


class Point(NamedTuple):
    x: int
    y: float = 2.5


Pair = collections.namedtuple("Pair", ["p", "q"])


@feature("Enums, NamedTuples and dataclasses", "NamedTuple: _make, _fields; fields without types")
@programs(3)
def named(n: int):
    p = Point(n)
    q = Pair(n, "x")
    return p._fields, Point._fields, Point._make((1, 2.0)), p._asdict()["y"], q.p + 1, q.q + "y", p._replace(y=0.0)


@dataclass(frozen=True)
class Frozen:
    a: int
    b: float = 1.5


@dataclass
class Lists:
    xs: List[int] = field(default_factory=list)
    d: Dict[str, int] = field(default_factory=dict)
    ys: List[int] = field(default_factory=lambda: [1, 2])
    n: int = field(default=3, repr=False)


@dataclass(kw_only=True)
class Named:
    a: int
    b: int = 5


@dataclass
class Nested:
    inner: Named
    k: int


@feature(
    "Enums, NamedTuples and dataclasses",
    "dataclasses: default_factory, kw_only, repr, hash, replace, asdict, astuple, fields",
)
@programs(3)
def dataclass_parts(n: int):
    a, b = Lists(), Lists()
    a.xs.append(n)
    a.d["z"] = 1
    a.ys.append(n)
    f = dataclasses.replace(Frozen(n), b=9.0)
    return (
        a.xs, b.xs, a.d, b.d, a.ys, b.ys, Named(a=n).b, repr(Frozen(n)), str(Lists([1])), f"{Named(a=n)}", f.a, f.b,
        dataclasses.asdict(Named(a=n)), dataclasses.astuple(Nested(Named(a=1), 2)), [x.name for x in dataclasses.fields(Frozen)],
        hash(Frozen(n)) == hash(Frozen(3)), dataclasses.astuple(Frozen(n)),
    )  # fmt: skip


@feature("Enums, NamedTuples and dataclasses", "frozen dataclasses raise FrozenInstanceError")
@programs(3)
def frozen(n: int):
    f = Frozen(n)
    try:
        f.a = 5
    except dataclasses.FrozenInstanceError as e:
        return str(e)
    return "not raised"


class Stack:
    def __init__(self):
        self.items: List[int] = []

    def __iter__(self):
        return iter(self.items)

    def __reversed__(self):
        return reversed(self.items)


class Generated:
    def __init__(self, n: int):
        self.n = n

    def __iter__(self):
        for i in range(self.n):
            yield i * i


class Countdown:
    def __init__(self, n: int):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self) -> int:
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n


class Squares:
    def __getitem__(self, i: int) -> int:
        if i >= 4:
            raise IndexError("no more")
        return i * i


@feature("Classes", "iteration: __iter__, __next__, __getitem__, __reversed__")
@programs(3)
def iterated(n: int):
    s = Stack()
    s.items.extend([n, 1, 2])
    total = 0
    for v in s:
        total += v
    for i, v in enumerate(Countdown(n)):
        total += i * v
    return (
        total,
        [v for v in s],
        list(s),
        list(reversed(s)),
        sum(s),
        max(s),
        sorted(s),
        list(Generated(n)),
        [v for v in Squares()],
    )


@dataclass
class Sized:
    name: str
    parts: List[int] = field(default_factory=lambda: [4, 4])

    def __post_init__(self):
        self.depth = len(self.parts)
        if self.depth > 2:
            self.name += "!"


@feature("Enums, NamedTuples and dataclasses", "attributes that only __post_init__ makes")
@programs(3, Sized("given", [1, 2, 3, 4]))
def made_after(n: int, given: Sized):
    one, other = Sized("a", [n] * n), Sized("b")
    given.depth += 1
    return one.depth, other.depth, one.name, other, one == Sized("a", [n] * n), repr(one), given.depth, given.name


@programs.parametrized()
def test_program(function: Any, arguments: tuple[Any, ...]) -> None:
    check(function, arguments)
