"""NumPy's scalars: constants from outside and those that the program makes, computed by NumPy's rules."""

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
