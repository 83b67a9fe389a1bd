"""NumPy's scalars: constants from outside and those that the program makes, computed by NumPy's rules."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import Tensor

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tsir.errors import UnsupportedError

programs = Programs()

SCALE = np.float32(0.1)
SMALL = np.int8(100)


@feature("Globals and constants", "arithmetic of NumPy scalars by NumPy's rules")
@programs(0.7)
def floats(x: float):
    made = np.float32(x)
    return made + 1, made * SCALE, SCALE * x, x * SCALE, SCALE + SCALE, -SCALE, abs(np.float32(-x)), np.float16(x) / made


@programs(7)
@programs(100)
def integers(n: int):
    return np.int32(n) * 2, np.int32(n) // 2, np.int8(n) + np.int16(n), np.uint8(n) & 3, SMALL + 1, np.int8(n) % SMALL


@programs(300)
@programs(28)
def overflow(n: int):
    return np.int8(n) + SMALL


@programs(0.7)
def as_numbers(x: float):
    made = np.float32(x)
    texts = str(made), f"{SCALE} {made} {made!r}", repr(SCALE), repr(made)
    asked = isinstance(made, float), isinstance(made, np.floating), type(made) is np.float32
    return float(made), int(made), math.sqrt(made), texts, asked, bool(SCALE == 0.1), bool(made < x)


@programs(0.1, 3)
@programs(0.1, 1)
def in_loops_and_branches(x: float, n: int):
    total = np.float32(0)
    for i in range(n):
        total += x
        total = total * i
    return total, np.float32(x) if n > 2 else SCALE


@programs(torch.ones(2))
@programs(torch.ones(2, dtype=torch.int64))
def with_tensors(x: Tensor):
    return x * SCALE, SCALE * x, x + np.float32(2), np.int8(3) * x, torch.full((2,), float(SCALE)), x.clamp(min=SMALL)


class Holder:
    def __init__(self, x: float) -> None:
        self.value = np.float32(x)
        self.other = 0.5


@dataclasses.dataclass
class Fields:
    a: float
    b: float = 1.0


@feature("Globals and constants", "NumPy scalars in containers and attributes")
@programs(1.3)
def in_containers(x: float):
    values, table, holder = [np.float32(1.5), np.float32(x)], {"a": np.float32(x)}, Holder(x)
    values.append(np.float32(3))
    values[0] = np.float32(0.1)
    holder.other = np.float16(x)
    made = values[0] + 1, sum(values), max(values), values[1] * values[2], -values[0], table["a"] / 2, round(values[1], 2)
    texts = str(values), f"{values[0]}", float(values[0]), math.sqrt(values[1]), int(values[1]), values.index(np.float32(3))
    held = holder.value, holder.value * x, holder.other, holder.value + holder.other, Fields(np.float32(x))
    return values, table, (np.float32(x),), made, texts, held, sorted(values), [v * 2 for v in values], {np.float32(0.1)}


@programs(100)
def small_ints_in_containers(n: int):
    values, table = [np.int8(n)], {np.int16(n): 1}
    total = np.float32(0)
    for v in [np.float32(n) / 3, np.float32(1)]:
        total = total + v
    return values[0] + np.int8(1), values[0] + values[0], np.int8(1) + values[0], table, total, range(5)[values[0] - 97]


@programs(torch.ones(2), 0.1)
def containers_with_tensors(x: Tensor, v: float):
    values = [np.float32(v)]
    return x * values[0], values[0] * x, torch.tensor(values), torch.full((2,), values[0]), x.clamp(max=values[0])


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)


def test_a_number_that_becomes_one_in_a_loop_is_refused():
    def mixed(x: float):
        total = 0.0
        for _ in range(3):
            total += x * SCALE
        return total

    with pytest.raises(UnsupportedError, match=r"which is a Python number and a np\.float32 by turns in a loop"):
        tsir.script(mixed)
