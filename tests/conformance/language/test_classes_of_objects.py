"""What class an object is of: `type()` of objects of derived classes, functions chosen by class, and classes with `__slots__`."""

import functools
import sys
from typing import List, NamedTuple, Union

import torch

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


class Base:
    def __init__(self, x: int):
        self.x = x

    def name(self) -> str:
        return type(self).__name__ + self.__class__.__name__

    def again(self):
        return type(self)(self.x)


class Derived(Base):
    pass


class Further(Derived):
    def __init__(self, x: int):
        super().__init__(x + 1)


class Unused(Base):
    def __init__(self):
        super().__init__(0)


@feature("Classes", "type(object) and object.__class__ of derived classes, called, compared, in texts and as keys")
@programs(1)
@programs(-1)
def classes(n: int):
    objects: List[Base] = [Base(1), Derived(2), Further(3)]
    one: Base = Derived(1) if n > 0 else Further(1)
    names = [o.name() for o in objects], [o.again().x for o in objects], [type(o) is Derived for o in objects]
    return names, f"{type(one)}"[-9:], {Base: 1, Derived: 2, Further: 3}[type(one)], type(one) in (Base, Derived)


class Slots:
    __slots__ = ("name",)

    def __init__(self, name: str):
        self.name = name

    @property
    def label(self) -> str:
        return f"{self.name}:{self.size()}"

    def size(self) -> int:
        return 0


class MoreSlots(Slots):
    __slots__ = ("n",)

    def __init__(self, n: int):
        super().__init__("more")
        self.n = n

    def size(self) -> int:
        return self.n


@feature("Classes", "classes with __slots__")
@programs(3)
def slots(n: int):
    objects: List[Slots] = [Slots("a"), MoreSlots(n)]
    return [o.label for o in objects], objects[1].name


@functools.singledispatch
def shown(value):
    return "object"


@shown.register
def _(value: int):
    return f"int {value}"


@shown.register(str)
def _(value):
    return "str " + value


@shown.register
def _(value: torch.Tensor):
    return f"tensor {value.dim()}"


@shown.register(Base)
def _(value):
    return f"base {value.x}"


@feature("Functions and closures", "functools.singledispatch")
@programs(3)
@programs("a")
@programs(2.5)
def dispatched(value: Union[int, str, float]):
    many = shown(torch.ones(2)), shown([1]), shown(Derived(2)), shown(None), shown("b")
    return shown(value), many, shown(1 if value == "a" else value)


class Scaling:
    def __init__(self, n: int):
        self.n = n

    @functools.singledispatchmethod
    def of(self, value):
        return "other"

    @of.register
    def _(self, value: int):
        return value * self.n

    @of.register(list)
    def _(self, value):
        return [v * self.n for v in value]

    @functools.singledispatchmethod
    @staticmethod
    def kind(value):
        return "object"

    @kind.register
    @staticmethod
    def _(value: str):
        return "text"


@feature("Classes", "functools.singledispatchmethod")
@programs(3)
@programs("a")
def dispatched_methods(value: Union[int, str]):
    scaling = Scaling(3)
    return scaling.of(value), scaling.of([1, 2]), scaling.of(2.5), scaling.kind(value), scaling.kind(1)


class Pair(NamedTuple):
    x: int
    y: float


@feature("Enums, NamedTuples and dataclasses", "NamedTuples compared with and added to other tuples")
@programs(2)
def pairs(n: int):
    p = [Pair(i, -float(i)) for i in range(n)]
    ordered = p[0] < (1, 2.0), p[1] == (1, -1.0), (0, 5.0) >= p[0], Pair(1, 2.0) < (1, 3.0), (1, 2.0) != Pair(1, 2.0)
    return ordered, p[0] + (3,), (1,) + p[1], p[0] * 2


@feature("Standard library", "sys.version_info and torch.__version__ compared")
@programs(1)
def versions(n: int):
    new = n if sys.version_info >= (3, 8) and torch.__version__ >= "1.10" else -n
    return new, sys.version_info[:2], sys.version_info.major, sys.version_info < (3,), torch.__version__ == "0.4"


@feature("Tensors in programs", "new_tensor: of the tensor's dtype")
@programs(torch.ones(2, dtype=torch.int32))
@programs(torch.ones(2, dtype=torch.float64))
def new_tensors(x: torch.Tensor):
    return x.new_tensor([1.7, 2]), x.new_tensor(0.1), x.new_tensor(x[0]), x.new_tensor([1], dtype=torch.bool)


@programs.parametrized()
def test_classes_of_objects(function, arguments):
    check(function, arguments)
