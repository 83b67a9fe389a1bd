"""Values that are one of several types: operators, built-ins, calls and subscripts of whichever it is; refined items."""

# ruff: noqa: E721  (how users write is the point here)
import numbers
from dataclasses import dataclass
from typing import Any, List, Set, Tuple, Union

import pytest
import torch
from torch import Tensor

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


@dataclass
class Pair:
    a: int


class Box:
    def __init__(self, a: int):
        self.a = a

    def __eq__(self, other):
        return isinstance(other, Box) and self.a == other.a

    def __hash__(self):
        return 7

    def __add__(self, other: int):
        return Box(self.a + other)

    def __radd__(self, other: int):
        return Box(other - self.a)

    def __iadd__(self, other: int):
        self.a += other
        return self

    def __neg__(self):
        return Box(-self.a)

    def __len__(self):
        return 3

    def __getitem__(self, i: int):
        return self.a * i

    def __setitem__(self, i: int, value: int):
        self.a = value

    def __call__(self, i: int):
        return self.a + i

    def __int__(self):
        return self.a

    def __bool__(self):
        return self.a > 1

    def __str__(self):
        return f"Box {self.a}"


class Crate:
    def __init__(self, a: int):
        self.a = a

    def __add__(self, other: int):
        return Crate(self.a * other)

    def __neg__(self):
        return Crate(100 - self.a)

    def __len__(self):
        return self.a + 1

    def __getitem__(self, i: int):
        return self.a - i

    def __call__(self, i: int):
        return self.a * i

    def __str__(self):
        return f"Crate {self.a}"


@feature("Types and annotations", "comparisons of a value of several types by the `__eq__` of the one that it is")
@programs(3)
@programs(0)
def equal(x: int):
    y = Pair(x) if x else 1
    z = Box(x) if x else "a"
    return (
        (y == Pair(3), y != Pair(3), Pair(3) == y, y == 1, [y == k for k in (1, 2)]),
        (z == Box(3), z == "a", Box(3) in [z, 5], y in [Pair(3)], [y] == [Pair(3)], (y, 1) == (Pair(3), 1)),
        (
            {"a": y} == {"a": Pair(3)},
            y == y,
            [1, "b", y].count(Pair(3)),
            [v == Pair(x) for v in [Pair(3), 1, "a", None, 2.5]],
        ),
    )


@feature(
    "Types and annotations", "operators, built-ins, calls and subscripts of a value of several types by the one that it is"
)
@programs(3)
@programs(0)
def operated(x: int):
    y = Box(x) if x else Crate(4)
    z = y + 2
    w = -y
    return z.a, w.a, len(y), y[2], y(3), str(y), f"{y}", f"<{z!s:>9}>"


def halves(size: List[int]) -> Tuple[int, int]:
    height, width = size
    return height // 2, width // 2


@feature("Types and annotations", "a list or a tuple, whichever it is: unpacked, gone over, passed for a list")
@programs([4])
@programs([4, 6])
def list_or_tuple(size: List[int]):
    if isinstance(size, numbers.Number):
        size = (int(size), int(size))
    elif isinstance(size, (tuple, list)) and len(size) == 1:
        size = (size[0], 7)
    height, width = size
    first, *rest = size
    return height, width, halves(size), [s + 1 for s in size], first, rest, torch.zeros(size).shape, size


@feature("Types and annotations", "a Union of containers is given the one of the value's own kind")
@programs([3, 4], {1, 2}, 1)
@programs((3, 4), [2, 1], 0)
def containers(x: Union[List[int], Tuple[int, int]], y: Union[Set[int], List[int]], i: int):
    z = (x[1], x[0]) if i else x
    return (
        (list(x), tuple(x), sum(x), sorted(x), max(x), len(x), [v for v in x], 3 in x, list(zip(x, x)), x[0], any(x)),
        (x[::-1], x[i:], x, z, isinstance(x, tuple), list(reversed(x)), set(x), [*x], (*x, 1), dict(enumerate(x))),
        (sum(y), sorted(y), y, [v for v in y]),
    )


@feature("Types and annotations", "`x.item()` for a declared number")
@programs(torch.tensor(3), torch.tensor(True), torch.tensor(2.5))
def items(x: Tensor, y: Tensor, z: Tensor) -> Tuple[int, List[int], float, bool]:
    def number() -> int:
        return x.item()

    several: List[int] = [x.item(), 2]
    n: int = x.item()
    return number() + n, several, z.item(), y.item()


@programs(3)
@programs(1)
@programs(0)
def with_numbers(x: int):
    y = Box(x) if x else 5
    z = y + 2
    w = 9 + y
    y += 1
    a = z.a if isinstance(z, Box) else z
    b = w.a if isinstance(w, Box) else w
    c = y.a if isinstance(y, Box) else y
    return a, b, c, int(y), 1 if y else 2, not y, bool(z)


@programs(3)
@programs(0)
def items_set(x: int):
    y = Box(x) if x else [5, 6]
    y[0] = 9
    return y[0], len(y), y.a if isinstance(y, Box) else y


@feature("Types and annotations", "operators of torch on a value that is a tensor or a number")
@programs(True)
@programs(False)
def tensors(c: bool):
    y = torch.full((2,), 3.0) if c else 2.0
    z = torch.ones(2) if c else [1, 2, 3]
    w = "ab" if c else [4, 5]
    x = torch.tensor([1.0, 4.0])
    return (
        (y == x, y + 1, y * x, x - y, -y, y < x, torch.add(x, y), x.mul(y), torch.clamp(x, max=y)),
        (len(z), z[0], len(w), w[1], w[:1], w * 2, w + w),
    )


class Holder:
    def __init__(self):
        self.values: list[Union[int, str]] = [1, "b", 4]
        self.named: dict[str, int | None] = {"one": 1, "none": None}


@feature(
    "Type refinement", 'refinement of `items[1]`, `items[i]`, `obj.values[k]` and `d["key"]` by isinstance() and `is None`'
)
@programs(0)
@programs(1)
def refined(c: int):
    zoo = [1, "a", 2.5, None]
    holder = Holder()
    out: list[str] = []
    if isinstance(zoo[1], str):
        out.append(zoo[1].upper())
    if isinstance(holder.values[c], str):
        out.append(holder.values[c].upper())
    total = 0
    for i in range(3):
        if isinstance(holder.values[i], int):
            total += holder.values[i] * 10
    if holder.named["one"] is not None:
        total += holder.named["one"]
    if isinstance(holder.values[c], int) and holder.values[c] + 1 > 0:
        holder.values[c] = "new"
        out.append(f"{holder.values[c]}")
    if zoo[3] is None:
        zoo[3] = 5
    return out, total, zoo[3] == 5


@feature("Built-in functions", "`type(x) in (int, float)` of a value of several types")
@programs(1)
@programs("a")
@programs(2.5)
@programs(True)
def types(x: Union[int, str, float, bool], c: int = 1):
    return type(x) in (int, float), type(x) is int, type(x) == str, type(x) not in [int, str], type(c) in (str, float)


@programs.parametrized()
def test_program(function: Any, arguments: tuple[Any, ...]):
    check(function, arguments)


def change(values: list[Union[int, str]]) -> None:
    values[0] = 5


def changed_behind(values: list[Union[int, str]]) -> int:
    if isinstance(values[0], str):
        change(values)
        return len(values[0])
    return 0


def test_an_item_that_a_called_function_changed_is_never_taken_for_what_it_was():
    with pytest.raises(TypeError):
        tsir.script(changed_behind)(["abc"])
    assert tsir.script(changed_behind)([1]) == 0


def undefined(c: bool):
    y = [1, 2] if c else 2
    return y + "a"


def test_an_operator_that_all_of_the_types_lack_is_an_error():
    with pytest.raises(tsir.TsirError, match=r"operator \+ isn't defined for Union\[List\[int\], int\] and str"):
        tsir.script(undefined)


def test_a_float_is_no_declared_int():
    def whole(x: Tensor) -> int:
        return x.item()

    assert tsir.script(whole)(torch.tensor(3)) == 3
    with pytest.raises(TypeError, match="int is expected here"):
        tsir.script(whole)(torch.tensor(2.5))
