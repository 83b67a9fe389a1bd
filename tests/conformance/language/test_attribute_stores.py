"""`__setattr__` and `__delattr__`, deleted attributes, and attributes that are set, read and deleted by names of run time."""

from typing import Dict, List

import pytest

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tsir.errors import UnsupportedError

programs = Programs()


class Checked:
    def __init__(self, v: int) -> None:
        self.stores = 0
        self.v = v

    def __setattr__(self, name, value):
        if name == "v":
            if value < 0:
                raise ValueError(f"{name} must be positive")
            object.__setattr__(self, "stores", self.stores + 1)
            value = value * 2
        super().__setattr__(name, value)


@feature("Classes", "__setattr__, with object.__setattr__() and super().__setattr__() in it")
@programs(3)
@programs(-3)
def checked(n: int):
    c = Checked(n)
    c.v = c.v + 1
    setattr(c, "v", 5)
    return c.v, c.stores


class Plain:
    def __init__(self) -> None:
        self.a = 1
        self.b = 2


@feature("Classes", "del of attributes, delattr()")
@programs(2)
def deleted(n: int):
    p = Plain()
    del p.a
    found = [hasattr(p, "a")]
    try:
        p.a
        found.append(True)
    except AttributeError as error:
        print(error)
        found.append(False)
    p.a = n
    found.append(p.a == n)
    if n > 1:
        del p.b
    delattr(p, "a")
    return found, hasattr(p, "b"), getattr(p, "a", None)


@programs(1)
def deleted_twice(n: int):
    p = Plain()
    del p.a
    del p.a


class Guarded:
    def __init__(self) -> None:
        self.a = 1
        self.log: List[str] = []

    def __delattr__(self, name):
        self.log.append(name)
        if name == "b":
            object.__delattr__(self, "a")


@feature("Classes", "__delattr__, deleters of properties")
@programs(1)
def guarded(n: int):
    g, d = Guarded(), Deleter()
    del g.a
    before = g.a
    delattr(g, "b")
    d.x = n
    del d.x
    return before, hasattr(g, "a"), g.log, d.x


class Deleter:
    def __init__(self) -> None:
        self._x = 0

    @property
    def x(self) -> int:
        return self._x

    @x.setter
    def x(self, value: int) -> None:
        self._x = value

    @x.deleter
    def x(self) -> None:
        self._x = -1


@feature("Classes", "setattr() and delattr() by a name of run time")
@programs({"a": 5, "b": 7}, "a")
@programs({"b": 7}, "b")
@programs({}, "a")
def by_name(values: Dict[str, int], name: str):
    p, q = Plain(), Plain()
    for key, value in values.items():
        setattr(p, key, value)
    for key in ["a", "b"]:
        setattr(p, key, getattr(p, key) * 10)
    delattr(q, name)
    rest = [getattr(q, k) for k in ("a", "b") if hasattr(q, k)]
    return p.a, p.b, rest, hasattr(q, name)


@programs.parametrized()
def test_as_in_python(function, arguments):
    check(function, arguments)


class Everything:
    def __init__(self) -> None:
        self.x = 1

    def __getattribute__(self, name):
        return 7


def test_getattribute_is_refused() -> None:
    def program(n: int):
        return Everything().x + n

    with pytest.raises(UnsupportedError, match="whose class defines __getattribute__"):
        tsir.script(program)
