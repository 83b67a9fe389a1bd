"""Classes whose metaclass says what a call of them does."""

# ruff: noqa  (how users write is the point here)
import abc
from typing import *

import torch
import torch.fx
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


class Counting(type):
    def __call__(cls, *args, **kwargs):
        made = super().__call__(*args, **kwargs)
        made.extra = 3
        return made


class Counted(metaclass=Counting):
    extra: int

    def __init__(self, v: int = 1):
        self.v = v


class Derived(Counted):
    def total(self):
        return self.v + self.extra


class Checking(type):
    def __call__(cls, n):
        if n < 0:
            raise ValueError(f"{n} is negative")
        made = cls.__new__(cls)
        made.__init__(n)
        return made


class Checked(metaclass=Checking):
    def __init__(self, n: int):
        self.n = n


class Plain(type):
    def __call__(cls, *args):
        return type.__call__(cls, *args)


class Plainly(metaclass=Plain):
    def __init__(self, n: int):
        self.n = n


class Proxyable(abc.ABCMeta, torch.fx.ProxyableClassMeta):
    pass


class Keyed(metaclass=Proxyable):
    def __init__(self, keys: List[str], values: torch.Tensor):
        self._keys = keys
        self._values = values

    def values(self):
        return self._values

    @staticmethod
    def of(values):
        return Keyed(["a"], values)

    def raised(self) -> "Keyed":
        return Keyed(keys=self._keys, values=self._values + 1)


@feature("Classes", "metaclasses with __call__, torch.fx's among them")
@programs(3)
def made_by_super(n: int):
    return Counted().v + n + Counted(5).extra, Derived(v=2).total()


@programs(2)
@programs(-2)
def made_by_hand(n: int):
    return Checked(n).n * 2


@programs(2)
def made_by_type(n: int):
    return Plainly(n).n


@programs(torch.ones(2))
def proxyable(t):
    return Keyed(["b"], t).raised().values() + Keyed.of(t).values()


def _print_with(*texts, **options):
    print(*texts, **options)


@programs("a", "b")
def options_of_built_ins(a: str, b: str):
    options = {"end": "!"}
    print(a, b, **options)
    _print_with(a, b, sep="-")
    return sorted([3, 1, 2], **{"reverse": True})


@programs(3)
def legacy_tensors_on_devices(n: int):
    return torch.IntTensor([1, n], device="cpu"), torch.LongTensor([n], device=torch.device("cpu"))


@programs.parametrized()
def test_metaclasses(function, arguments, capsys) -> None:
    check(function, arguments)
    printed = capsys.readouterr().out
    assert printed[: len(printed) // 2] == printed[len(printed) // 2 :]
