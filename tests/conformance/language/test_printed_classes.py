"""Classes whose objects get more than what their `__init__` does: cached properties, class values, exceptions with attributes."""

import functools
from collections.abc import Callable
from typing import Any, Optional

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


class Square:
    unit: int = 3

    def __init__(self, side: int):
        self.side = side
        self.calls = 0

    @functools.cached_property
    def area(self):
        self.calls += 1
        return self.side * self.side * self.unit


@programs(2)
def reads_a_cached_property(n: int):
    square = Square(n)
    before = square.calls
    return before, square.area, square.area, square.calls


@programs(3)
def in_a_class_of_the_function(n: int):
    class Own:
        unit: int = 2

        def __init__(self, side: int):
            self.side = side

        @functools.cached_property
        def area(self):
            return self.side * self.unit

    own = Own(n)
    if n > 2:
        own.side += own.area
    return own.area, own.side


class CodeError(Exception):
    def __init__(self, code: int, text: str = "failed"):
        super().__init__(f"{text}: {code}")
        self.code = code

    def doubled(self) -> int:
        return self.code * 2


@programs(-1)
@programs(0)
@programs(3)
def raises_with_attributes(n: int):
    try:
        if n > 0:
            raise CodeError(n)
        if n < 0:
            raise CodeError(n, "below")
    except CodeError as error:
        return error.code, error.doubled(), str(error)
    return 0, 0, ""


@programs(-1)
@programs(3)
def raises_one_of_its_own(n: int):
    class OwnError(ValueError):
        def __init__(self, code: int):
            super().__init__("own")
            self.code = code

    total = 0
    for i in range(n + 2):
        try:
            if i % 2 == 0:
                raise OwnError(i + n)
            total += 100
        except OwnError as error:
            total += error.code
        except ValueError:
            total -= 1
    return total


@programs(0)
@programs(1)
@programs(2)
def raises_one_derived_from_its_own(n: int):
    class OwnError(Exception):
        def __init__(self, code: int, more: int = 2):
            super().__init__(code)
            self.code = code
            self.more = more

        def __str__(self):
            return f"<{self.code}, {self.more}>"

    class Derived(OwnError):
        pass

    try:
        if n == 0:
            raise OwnError(1)
        if n == 1:
            raise Derived(5, 6)
    except Derived as error:
        error.more += 10
        return str(error), error.more, type(error).__name__
    except OwnError as error:
        return str(error), error.more, type(error).__name__
    return "", 0, ""


class Node:
    def __init__(self, value: int, following: "Optional[Node]" = None):
        self.value = value
        self.following = following


@programs(4)
def made_with_and_without(n: int):
    last = Node(n)
    first = Node(n + 1, last)
    following = first.following
    return first.value, -1 if following is None else following.value, last.following is None


@programs(4)
def made_without_init(n: int):
    square = Square.__new__(Square)
    square.unit = 5
    square.side = n
    square.calls = 7
    return square.unit, square.calls


@feature("Classes", "cached properties, class values and exceptions with attributes")
@programs.parametrized()
def test_same_as_python(function: Callable[..., Any], arguments: tuple[Any, ...]):
    check(function, arguments)


class Registry:
    names: list[str] = []
    counts: dict[str, int] = {}
    level = 1

    def __init__(self, name: str):
        self.names.append(name)
        self.counts[name] = self.counts.get(name, 0) + 1

    def raised(self) -> int:
        self.level += 1
        return self.level


def registers(n: int):
    made = [Registry(f"r{i % 2}") for i in range(n)]
    return len(Registry.names), made[0].counts["r0"], made[0].raised(), made[0].raised(), made[1].level, Registry.level


@feature("Classes", "lists and dicts of a class that its objects share, objects with a value of their own")
def test_what_objects_share():
    compiled = tsir.script(registers)
    found = [compiled(3), compiled(2), list(Registry.names), dict(Registry.counts)]
    Registry.names.clear()
    Registry.counts.clear()
    expected = [registers(3), registers(2), list(Registry.names), dict(Registry.counts)]
    Registry.names.clear()
    Registry.counts.clear()
    assert found == expected


class Pair:
    def __init__(self, first: int, second: int):
        self.first = first
        self.second = second

    def __iter__(self):
        yield self.first
        yield self.second


class Steps:
    def __init__(self, n: int):
        self.n = n
        self.at = 0

    def __iter__(self):
        return self

    def __next__(self) -> int:
        if self.at >= self.n:
            raise StopIteration
        self.at += 1
        return self.at * 10


def unpacks(n: int):
    first, second = Pair(n, n + 1)
    head, *rest = Steps(n)
    rows = list(zip(Steps(2), Steps(3), strict=False))
    return first, second, head, rest, rows, [(i, v) for i, v in enumerate(Steps(2), 5)]


@feature("Classes", "objects with __iter__ unpacked, zipped and enumerated")
def test_iterated_objects():
    check(unpacks, (3,))
