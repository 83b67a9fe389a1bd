"""Private names of classes, `__x`: attributes, methods, variables of the class and of classes inside it."""

import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same

programs = Programs()


class Counter:
    __step = 2

    def __init__(self, start: int, *, __by: int = 1) -> None:
        self.__count = start
        self.__dunder__ = __by

    def __advance(self) -> None:
        __times = 3
        for __i in range(__times):
            self.__count += self.__step * __i

    @property
    def __double(self) -> int:
        return self.__count * 2

    def value(self) -> int:
        self.__advance()
        more = [lambda: self.__double, lambda: self.__count]
        return more[0]() + more[1]()


class Longer(Counter):
    def __init__(self, start: int) -> None:
        super().__init__(start)
        self.__count = 100  # another attribute than the base's

    def both(self) -> tuple[int, int]:
        return self.value(), self.__count


@feature("Classes", "private names `__x`")
@programs(3)
def private(n: int):
    c, d = Counter(n), Longer(n)
    first = c.value(), d.both()
    c._Counter__count = 0
    return first, c.value(), c.__dunder__, d._Longer__count, hasattr(c, "__count")


@programs(3)
def local_class(n: int):
    class _Local:
        def __init__(self) -> None:
            self.__v = n

        def __next(self) -> int:
            return self.__v + 1

        def get(self) -> int:
            return self.__next()

    return _Local().get(), _Local()._Local__v


@programs.parametrized()
def test_as_in_python(function, arguments):
    check(function, arguments)


class Scaled(nn.Module):
    __scale = 2

    def __init__(self) -> None:
        super().__init__()
        self.__inner = nn.Linear(2, 2)

    def __apply(self, x: Tensor) -> Tensor:
        return self.__inner(x) * self.__scale

    def forward(self, x: Tensor) -> Tensor:
        return self.__apply(x)


@feature("Modules", "private methods, attributes and submodules")
def test_module() -> None:
    module, x = Scaled(), torch.ones(1, 2)
    assert_same(tsir.script(module)(x), module(x))
