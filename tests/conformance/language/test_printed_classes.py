"""Classes whose objects get more than what their `__init__` does: cached properties, class values, exceptions with attributes."""

import functools
from collections.abc import Callable
from typing import Any, Optional

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
