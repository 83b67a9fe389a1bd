"""Enums with methods and properties, IntEnum, StrEnum, Flag, members that `match` knows all of: next to plain Python."""

# ruff: noqa  (how users write is the point here)
import enum
from typing import *

import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same

programs = Programs()


class Op(enum.Enum):
    ADD = 1
    MUL = 2


class Access(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


class Level(enum.IntEnum):
    ZERO = 0
    ONE = 1


class Word(enum.StrEnum):
    A = "aa"
    B = "bb"


class Shape(enum.Enum):
    SQUARE = ("sq", 4)
    TRIANGLE = ("tr", 3)

    def __init__(self, label, sides):
        self.label = label
        self.sides = sides

    @property
    def angle(self) -> float:
        return 360.0 / self.sides

    def has_more(self, other: "Shape") -> bool:
        return self.sides > other.sides

    @classmethod
    def first(cls):
        return cls.SQUARE

    @staticmethod
    def count() -> int:
        return 2

    def __str__(self) -> str:
        return f"<{self.label}>"


@feature("Enums, NamedTuples and dataclasses", "identity of an enum's member that is an argument")
@programs(Op.ADD)
@programs(Op.MUL)
def identity(op: Op):
    maybe: Optional[Op] = op
    return op is Op.MUL, op is not Op.MUL, maybe is Op.ADD, op is op, op == Op.ADD, hash(op) == hash(Op.ADD)


@feature("Enums, NamedTuples and dataclasses", "texts of members; match that names all members assigns in each case")
@programs(Op.ADD)
@programs(Op.MUL)
def texts(op: Op):
    match op:
        case Op.ADD:
            s = "a"
        case Op.MUL:
            s = "m"
    match op:
        case Op.ADD | Op.MUL as same:
            t = same
    return (
        s,
        t,
        str(op),
        repr(op),
        f"{op} {op!r} {op:>10}",
        str([op]),
        "%s" % op,
        "{}".format(op),
        op in Op,
        type(op) == Op,
        list(Op),
    )


@feature(
    "Enums, NamedTuples and dataclasses",
    "Flag: operators on members known while compiling, combinations as arguments and results",
)
@programs(Access.READ)
@programs(Access.READ | Access.WRITE)
@programs(Access(0))
def flags(p: Access):
    both = Access.READ | Access.WRITE
    return (
        both, p, p == Access.READ, p == both, both.value, p.value, Access.READ & Access.WRITE, ~Access.READ, Access(3), Access.READ in both,
        bool(Access.READ & Access.WRITE), {Access.READ: 1}[Access.READ], both ^ Access.READ,
    )  # fmt: skip


@feature("Enums, NamedTuples and dataclasses", "IntEnum and StrEnum as numbers and texts")
@programs(Level.ZERO, Word.A)
@programs(Level.ONE, Word.B)
def mixed_in(l: Level, s: Word):
    n = 1 if l else 0
    return (
        n, -l, l + 1, str(l), f"{l}", repr(l), l == 1, l in (0, 5), [5, 6][l], bool(Level.ZERO), s == "aa", str(s), f"{s:>4}", s + "q",
        s.upper(), s in ("aa", "q"), len(s), {"aa": 1, "bb": 2}[s], max(Level.ONE, l), l is Level.ONE, int(l), s.value, l.name, s, l,
    )  # fmt: skip


@feature("Enums, NamedTuples and dataclasses", "methods, properties, attributes and class methods of enums")
@programs(Shape.SQUARE)
@programs(Shape.TRIANGLE)
def with_methods(s: Shape):
    return (
        s.label, s.sides, s.angle, s.has_more(Shape.TRIANGLE), Shape.first(), Shape.count(), s.value, s.value[1], Shape.SQUARE.angle,
        [x.label for x in Shape], Shape(("sq", 4)), s, str(Shape.SQUARE), f"{Shape.TRIANGLE}",
    )  # fmt: skip


@feature("Pattern matching", "**rest in a mapping pattern; mapping patterns and other values")
@programs({"a": 1, "c": 2}, 3)
@programs({"b": 2}, {"q": 1})
@programs({"z": 3}, {})
def rest(d: Dict[str, int], u: Union[int, Dict[str, int]]):
    match d:
        case {"a": a, **others}:
            x = (a, others)
        case {"b": 2}:
            x = (2, d)
        case _:
            x = (0, d)
    match u:
        case {**every}:
            y = len(every)
        case _:
            y = -1
    match len(d):
        case {}:
            z = "dict"
        case int(n):
            z = str(n)
    return x, y, z


@feature("Enums, NamedTuples and dataclasses", "min and max of an IntEnum, of its members in lists, and with a key")
@programs(Level(1), 0)
def extremes(level: Level, n: int):
    return (
        [max(Level), min(Level), max([level, Level(n)]), min(level, Level(n)), max(Level, key=lambda m: -m)],
        [m for m in Level if m >= n], sorted(Level, reverse=True), sum([level, Level(n)]),
    )  # fmt: skip


@programs.parametrized()
def test_program(function: Any, arguments: tuple[Any, ...]) -> None:
    check(function, arguments)


class Stepping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.op, self.level, self.fixed, self.count = Op.ADD, Level.ZERO, Op.MUL, 0

    def forward(self, x: Tensor):
        self.count += 1
        if self.op is Op.ADD and self.count > 1:
            self.op = Op.MUL
        self.level = Level.ONE if self.count % 2 else Level.ZERO
        return x * {Op.ADD: 2, Op.MUL: 3}[self.op], self.op.name, self.op, self.level + 1, self.fixed.name


class Owner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.part = Stepping()

    def forward(self, x: Tensor):
        self.part.op = Op.MUL
        return self.part(x)


@feature("Enums, NamedTuples and dataclasses", "attributes of modules with members of enums, which forward() assigns")
def test_members_that_modules_assign() -> None:
    for make in (Stepping, Owner):
        eager, scripted = make(), tsir.script(make())
        for _ in range(3):
            assert_same(scripted(torch.ones(2)), eager(torch.ones(2)))


def made_template(n: int, spec: str):
    return ("{name} {value" + spec + "} {n:>4}").format(name="a", value=n / 3, n=n)


@feature("Strings", "format() with keyword arguments of a template that is made at run time")
def test_made_template() -> None:
    check(made_template, (2, ":.2f"))
