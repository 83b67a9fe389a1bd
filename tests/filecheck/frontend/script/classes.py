# RUN: ts-opt %s | filecheck %s
"""Inheritance, dataclasses, local classes, enums, NamedTuples, and modules that use them."""

from dataclasses import dataclass, field
from enum import Enum
from typing import List, NamedTuple

from torch import nn


class Shape:
    def __init__(self, n: int):
        self.n = n

    def area(self) -> int:
        return self.n

    def twice(self) -> int:
        return self.area() * 2


class Square(Shape):
    def __init__(self, n: int):
        super().__init__(n)

    def area(self) -> int:
        return super().area() * self.n


@dataclass
class Options:
    size: int
    names: List[str] = field(default_factory=list)


class Mode(Enum):
    FAST = 1
    SLOW = 2


class Point(NamedTuple):
    x: int
    y: int = 0


def inherited(n: int):
    return Square(n).twice()


# A base's method is compiled for the derived class.
# CHECK-LABEL: func.func @inherited(
# CHECK: %[[NEW:[0-9]+]] = ts.new : !ts.class<@Square>
# CHECK-NEXT: func.call @Square.__init__(%[[NEW]], %n)
# CHECK-LABEL: func.func private @Square.area(
# CHECK-NEXT: func.call @Square.Shape.area(
# CHECK-LABEL: func.func private @Square.twice(
# CHECK-NEXT: func.call @Square.area(


def dataclasses(n: int):
    options = Options(n)
    options.names.append("a")
    return options == Options(n, ["a"])


# CHECK-LABEL: func.func @dataclasses(
# CHECK: %options = ts.new : !ts.class<@Options>
# CHECK-NEXT: ts.setattr %options["size"] = %n
# CHECK-NEXT: %[[FRESH:[0-9]+]] = ts.list : () -> !ts.list<!ts.str>
# CHECK-NEXT: ts.setattr %options["names"] = %[[FRESH]]
# CHECK: ts.py.eq(%{{.*}}, %{{.*}}) : (i64, i64) -> i1
# CHECK: ts.py.eq(%{{.*}}, %{{.*}}) : (!ts.list<!ts.str>, !ts.list<!ts.str>) -> i1


def local_class(n: int):
    class Counter:
        def __init__(self, start: int):
            self.value = start

        def step(self):
            self.value += n

    c = Counter(1)
    c.step()
    return c.value


# Methods that read the function's variables are inlined.
# CHECK-LABEL: func.func @local_class(
# CHECK-NEXT: %c = ts.new : !ts.class<@Counter>
# CHECK-NOT: func.call
# CHECK: %[[SUM:[0-9]+]] = ts.py.add(%{{.*}}, %n)
# CHECK-NEXT: ts.setattr %c["value"] = %[[SUM]]


def enums(fast: bool):
    mode = Mode.FAST if fast else Mode.SLOW
    return mode.name, mode.value, mode is Mode.FAST


# CHECK-LABEL: ts.class "enum" @Mode {
# CHECK: ts.attribute "constant" "SLOW" : i64 {value = 2 : i64}
# CHECK: ts.constant #ts.enum<@Mode, "FAST"> : !ts.class<@Mode>
# CHECK: ts.getattr %mode["name"]


def named_tuples(n: int):
    return Point(n)._replace(y=2)


# CHECK-LABEL: func.func @named_tuples(
# CHECK: ts.tuple %n, %{{.*}} : (i64, i64) -> !ts.named_tuple<"Point", "x" : i64, "y" : i64>


class _Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = 2.0

    def forward(self, x):
        return x * self.scale


class Derived(_Base):
    def forward(self, x):
        return super().forward(x) + 1


# CHECK-LABEL: func.func @Derived.forward(
# CHECK-NEXT: func.call @Derived._Base.forward(%self, %x)


class Routed(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.ReLU(), nn.Tanh()])

    def forward(self, x, i: int):
        return self.layers[i](x)


# A run-time index of a ModuleList chooses among the calls.
# CHECK-LABEL: func.func @Routed.forward(
# CHECK: func.call @position_in_container(%i, %{{.*}}) : (i64, i64) -> i64
# CHECK: scf.if
# CHECK-NEXT: func.call @ReLU.forward(
# CHECK: } else {
# CHECK-NEXT: func.call @Tanh.forward(


class Configured(nn.Module):
    def __init__(self):
        super().__init__()
        self.options = Options(3)

    def forward(self, x):
        return x * self.options.size


# The fields of a dataclass that a module holds are constants.
# CHECK-LABEL: func.func @Configured.forward(
# CHECK-NEXT: %[[SIZE:[0-9]+]] = arith.constant 3 : i64
# CHECK-NEXT: ts.aten.mul.Scalar(%x, %[[SIZE]])
