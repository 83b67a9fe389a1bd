"""Classes of functions: their methods read and change the variables around them, as they are when they are called."""

from typing import List, Optional, Tuple, Union

import torch

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


@feature("Classes", "local classes that read variables of their function")
@programs(3)
def counters(n: int):
    class Counter:
        step_size: int

        def __init__(self, start: int):
            self.value = start
            self.step_size = n

        def step(self):
            self.value += n

        @property
        def twice(self) -> int:
            return self.value * 2 + n

        @staticmethod
        def base() -> int:
            return n * 100

    c = Counter(1)
    c.step()
    n = n + 10
    c.step()
    return c.value, c.twice, Counter.base(), c.step_size


@programs(3)
def recursive_methods_with_constants(n: int):
    k = 2

    class Sum:
        def __init__(self):
            self.v = k

        def get(self, m: int) -> int:
            if m <= 0:
                return 0
            return self.get(m - 1) + k + self.v

    return Sum().get(n)


@programs(7)
def constants_that_change(n: int):
    k = 2

    class Reader:
        def get(self) -> int:
            return k

    a = Reader()
    first = a.get()
    k = n
    return first, a.get()


@programs(torch.arange(3.0), 0.5)
def derived(x: torch.Tensor, f: float):
    class Base:
        def __init__(self, w: torch.Tensor):
            self.w = w

        def run(self, y: torch.Tensor):
            return y * self.w + f

    class Child(Base):
        def run(self, y: torch.Tensor):
            return super().run(y) - x

    return Child(x).run(x * 2)


@programs([1, 2, 3])
def local_functions_and_lists(xs: List[int]):
    out: List[int] = []

    def double(v: int) -> int:
        return v * 2 + len(xs)

    class Sink:
        def __init__(self):
            self.n = 0

        def push(self, v: int):
            out.append(double(v))
            self.n += 1

    s = Sink()
    for x in xs:
        if x > 1:
            s.push(x)
    return out, s.n


@feature("Pattern matching", "sequence patterns for a Union's lists and tuples")
@programs([7, 8])
@programs([])
@programs("a")
@programs(101)
@programs(50)
@programs(0)
def sequences_of_unions(x: Union[int, str, List[int]]) -> int:
    match x:
        case 0 | 1:
            return 10
        case int(n) if n > 100:
            return 100
        case str():
            return -1
        case [first, *_]:
            return first
        case _:
            return 0


@programs((3, 4))
@programs(None)
def exhaustive(x: Optional[Tuple[int, int]]) -> int:
    match x:
        case (a, b):
            return a * b
        case None:
            return -5


@programs((1, 2, 3))
@programs([1, 2])
@programs([1, 2, 3])
@programs([1, 2, 3, 4])
@programs([])
def lists_or_tuples(x: Union[Tuple[int, int, int], List[int]]) -> int:
    match x:
        case [a, 2]:
            return a
        case [a, b, c]:
            return a + b + c
        case [a, *rest]:
            return len(rest)
    return 0


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
