"""The language of scripted functions: each program gives what plain Python gives, run through the whole compiler."""

import copy
import enum
import math
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

import pytest
import torch
from torch import Tensor

import tsir
from tests.conformance.language.features import feature
from tests.models.comparison import assert_same

X = torch.arange(6.0).reshape(2, 3)


@feature("Expressions", "integer operators with Python's signs")
def arithmetic(a: int, b: int, c: float):
    return a + b * 2, a - b, a // b, a % b, a / b, a**2, -a, a << 1, a & b, a * c, c // 2, abs(-c)


@feature("Expressions", "integer operators with Python's signs")
def negative_division(a: int, b: int):
    return a // b, a % b, divmod(a, b)


@feature("Expressions", "ternaries, `and`/`or` values, chained comparison")
def comparisons(a: int, b: int, c: int):
    return a < b < c, a < b > c, a == b or c > 0, not a, a != b and b != c


@feature("Expressions", "short circuit")
def short_circuit(a: int):
    return a == 0 or 10 // a > 2


@feature("Strings", "f-strings: conversions, format specs, nested specs")
def strings(n: int, name: str):
    template = "{} and {}"
    percent = "%d %s"
    return f"{name}={n:>3}", percent % (n, name), template.format(n, name), name[::-1], name.upper() + "!" * n


@feature("Assignment", "starred unpacking")
@feature("Lists and tuples", "append, item assignment, slices, `in`")
def lists(values: List[int]):
    values.append(4)
    values += [5, 6]
    values[0] = 10
    first, *rest = values
    return values, first, rest, values[1:3], [v * 2 for v in values if v % 2], sum(values), 4 in values


@feature("Dicts and sets", "items, get, deletion, augmented items")
def dicts(d: Dict[str, int]):
    d["new"] = 1
    d["a"] += 5
    total = 0
    for key, value in d.items():
        total += value + len(key)
    del d["new"]
    return total, sorted(d.keys()), d.get("zz", -1), {k: v + 1 for k, v in d.items()}


@feature("Lists and tuples", "empty lists typed by their use")
def untyped_empty_list(n: int):
    found = []
    for i in range(n):
        found.append(i * i)
    return found


@feature("Types and annotations", "nested Tuple")
@feature("Assignment", "nested unpacking")
def tuples(t: Tuple[int, Tuple[str, float]]):
    a, (b, c) = t
    swapped = (c, b)
    return swapped, t[1][0], a, len(t)


@feature("Control flow", "early return")
def early_returns(n: int):
    if n > 10:
        return "big"
    if n > 5:
        return "middle"
    for i in range(n):
        if i == 3:
            return "three"
    return "small"


@feature("Control flow", "break, continue and return in nested loops")
def nested_loops(n: int):
    total = 0
    for i in range(n):
        if i % 4 == 3:
            continue
        j = 0
        while True:
            j += 1
            if j > i:
                break
            if (i + j) % 3 == 0:
                continue
            total += j
        if total > 40:
            break
    return total


@feature("Control flow", "break, continue and return in nested loops")
def return_from_nested_loops(n: int):
    for i in range(n):
        for j in range(n):
            if i * j > 20:
                return i, j
    return -1, -1


@feature("Control flow", "ranges with negative steps")
def backwards(n: int):
    found: List[int] = []
    for i in range(n, 0, -2):
        found.append(i)
    for i, j in zip(reversed(found), enumerate(found, 3)):
        found.append(i + j[0] * j[1])
        if len(found) > 20:
            break
    return found


@feature("Types and annotations", "Optional")
@feature("Type refinement", "`is None` and early return")
def refinement(x: Optional[int], y: Optional[int] = None):
    if x is None and y is None:
        return 0
    if x is not None:
        return x + (y if y is not None else 100)
    assert y is not None
    return y * 2


@feature("Types and annotations", "Union")
@feature("Type refinement", "`isinstance` on Union")
def union(x: Union[int, str]):
    if isinstance(x, int):
        return x + 1
    return len(x)


@feature("Types and annotations", "Any")
@feature("Type refinement", "`isinstance` on Any")
def anything(x: Any) -> int:
    if isinstance(x, int):
        return x
    elif isinstance(x, str):
        return len(x)
    return -1


@feature("Type refinement", "Optional by assignment in a loop")
def optional_by_loop(values: List[int]):
    best = None
    for v in values:
        if best is None or v > best:
            best = v
    return best


@feature("Standard library", "math")
def mathematics(x: float, n: int):
    return math.sqrt(x), math.floor(x), math.exp(-x), math.gcd(n, 12), math.pi, max(n, 3), min(x, 1.0), round(x, 1)


@feature("Tensors in programs", "operators")
def tensor_arithmetic(x):
    return x + 1, 1 - x, 2 * x, 2 / (x + 1), x // 2, x % 2, 2**x, x @ x.t(), -x, x > 2, (x > 1) & (x < 4)


@feature("Tensors in programs", "indexing and assignment through it")
def tensor_indexing(x, i: int):
    y = x.clone()
    y[0, 1] = 9
    y[:, i:] += 1
    y[y > 8] = -1.0
    return y, x[i], x[..., 0], x[:, None, ::2], x[torch.tensor([1, 0])], x[[0, 1], [1, 2]]


@feature("Aliasing and mutation", "views and in-place operators")
def in_place_aliases(x):
    y = x.clone()
    row = y[0]
    row += 10
    row *= 2
    return y


@feature("Control flow", "conditions on tensors")
def while_on_tensor(x):
    steps = 0
    while x.sum() < 1000:
        x = x * 2 + 1
        steps += 1
    return x, steps


def helper(x, scale: float = 2.0, *, shift: int = 1):
    return x * scale + shift


def factorial(n: int) -> int:
    return 1 if n <= 1 else n * factorial(n - 1)


@feature("Functions and closures", "recursion")
@feature("Arguments", "defaults and keyword-only arguments")
def calls(x):
    return helper(x), helper(x, 3.0), helper(x, shift=5), helper(1.5), factorial(6)


class Point(NamedTuple):
    x: Tensor
    n: int = 3


@feature("Enums, NamedTuples and dataclasses", "NamedTuple classes with defaults, `_replace`")
def named_tuples(x):
    p = Point(x)
    q = p._replace(n=p.n + 1)
    return q.x * q.n, p[1], len(p)


class Counter:
    def __init__(self, start: int):
        self.count = start
        self.seen: List[int] = []

    def add(self, n: int) -> int:
        self.count += n
        self.seen.append(n)
        return self.count

    def __len__(self) -> int:
        return len(self.seen)


@feature("Classes", "script classes")
def classes(n: int):
    counter = Counter(10)
    for i in range(n):
        counter.add(i)
    return counter.count, counter.seen, len(counter)


class Mode(enum.Enum):
    FAST = 1
    SLOW = 2


@feature("Enums, NamedTuples and dataclasses", "enums by name and value")
def enums(fast: bool):
    mode = Mode.FAST if fast else Mode.SLOW
    if mode == Mode.FAST:
        return mode.value, mode.name
    return -mode.value, mode.name


@feature("Types and annotations", "string annotations and PEP 604")
def future_annotations(x: "Tensor", k: "int | None" = None) -> "Tensor":
    return x if k is None else x * k


CASES = [
    (arithmetic, (7, 2, 2.5)), (arithmetic, (-7, 3, -0.5)), (negative_division, (-7, 2)), (comparisons, (1, 2, 3)),
    (comparisons, (3, 2, 1)), (short_circuit, (0,)), (short_circuit, (3,)), (strings, (2, "ab")), (lists, ([1, 2, 3],)),
    (dicts, ({"a": 1, "b": 2},)), (untyped_empty_list, (4,)), (tuples, ((1, ("s", 2.0)),)), (early_returns, (11,)),
    (early_returns, (6,)), (early_returns, (5,)), (early_returns, (2,)), (nested_loops, (12,)),
    (return_from_nested_loops, (9,)), (return_from_nested_loops, (3,)), (backwards, (7,)), (refinement, (None, None)),
    (refinement, (1, None)), (refinement, (1, 2)), (refinement, (None, 2)), (union, (3,)), (union, ("abc",)),
    (anything, (5,)), (anything, ("ab",)), (anything, (1.5,)), (optional_by_loop, ([1, 5, 3],)), (optional_by_loop, ([],)),
    (mathematics, (2.25, 18)), (tensor_arithmetic, (X,)), (tensor_indexing, (X, 1)), (in_place_aliases, (X,)),
    (while_on_tensor, (X,)), (calls, (X,)), (named_tuples, (X,)), (classes, (5,)), (enums, (True,)), (enums, (False,)),
    (future_annotations, (X,)), (future_annotations, (X, 3)),
]  # fmt: skip


@pytest.mark.parametrize(("function", "arguments"), CASES, ids=[f"{f.__name__}-{i}" for i, (f, _) in enumerate(CASES)])
def test_same_as_python(function, arguments):
    expected = function(*copy.deepcopy(arguments))
    assert_same(tsir.script(function)(*copy.deepcopy(arguments)), expected)
