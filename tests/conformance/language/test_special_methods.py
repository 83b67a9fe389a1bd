"""Special methods that NamedTuples and enums define, and flags that only the running program knows."""

import enum
from typing import List, NamedTuple

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


class Vector(NamedTuple):
    x: float
    y: float

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __mul__(self, k):
        return Vector(self.x * k, self.y * k)

    def __rmul__(self, k):
        return self * k

    def __neg__(self):
        return Vector(-self.x, -self.y)

    def __abs__(self):
        return (self.x**2 + self.y**2) ** 0.5

    def __lt__(self, other):
        return abs(self) < abs(other)

    def __str__(self):
        return f"<{self.x}, {self.y}>"


class Plain(NamedTuple):
    x: float
    y: float


@feature("Enums, NamedTuples and dataclasses", "operators, abs, str and comparisons that a NamedTuple defines")
@programs(3.0)
def vectors(x: float):
    a, b = Vector(x, 4.0), Vector(1.0, 1.0)
    plain = Plain(x, 1.0)
    return (
        [a + b, a * 2.0, 2.0 * a, -a], abs(a), a < b, b < a, str(a), f"{a}", a == b, a == Vector(x, 4.0),
        max([a, b], key=abs), sum([a, b], Vector(0.0, 0.0)), plain + (1,), plain < Plain(x, 2.0), str(plain),
    )  # fmt: skip


class Size(enum.Enum):
    SMALL = 1
    LARGE = 2

    def __lt__(self, other):
        return self.value < other.value

    def __call__(self, x):
        return x * self.value

    def __add__(self, n):
        return Size(self.value + n)

    def __len__(self):
        return self.value


@feature("Enums, NamedTuples and dataclasses", "operators, calls and comparisons that an enum defines")
@programs(Size.SMALL)
def sizes(size: Size):
    return (
        size < Size.LARGE,
        size(5),
        size + 1,
        len(size),
        sorted([Size.LARGE, size]),
        [m(2) for m in Size],
        size == Size.SMALL,
    )


class Access(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()
    RUN = enum.auto()
    BOTH = READ | WRITE


class Bits(enum.IntFlag):
    A = 1
    B = 2
    C = 4


@feature("Enums, NamedTuples and dataclasses", "flags combined, looked for and made of numbers at run time")
@programs(["READ", "RUN"], Access.READ | Access.RUN, 3)
@programs([], Access.WRITE, 7)
def flags(names: List[str], given: Access, n: int):
    found = Access(0)
    for name in names:
        found |= Access[name]
    return (
        [found, found & Access.BOTH, ~found, found ^ given, Access(n), given | Access(n)], bool(found), not found, found.value,
        Access.READ in found, Access.BOTH in given, found == given, {found: 1, Access.RUN: 2}[found],
        found in (Access.READ, Access.READ | Access.RUN),
    )  # fmt: skip


@programs(5)
def int_flags(n: int):
    bits = Bits(n)
    bits &= ~Bits.A
    return (
        bits,
        bits == 4,
        bits + 1,
        int(bits),
        bits | 1,
        Bits.C in bits,
        bits > 2,
        [10, 20, 30, 40, 50][bits],
        bits ^ Bits.B,
    )


@programs.parametrized()
def test_programs(function, arguments):
    check(function, arguments)
