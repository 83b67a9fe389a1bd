"""NumPy's scalars: constants from outside and those that the program makes, computed by NumPy's rules."""

import dataclasses
import math

import numpy as np
import torch
from torch import Tensor

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

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


LISTED = [np.float64(1.5), np.float64(2)]
SIZES = (np.int64(2), np.int64(3))


@feature("Globals and constants", "NumPy scalars of 64 bits and `np.bool_` are of their own classes")
@programs(1.3)
def wide(x: float):
    a, n, b = np.float64(x), np.int64(int(x) + 2), np.bool_(x > 1)
    asked = isinstance(a, np.floating), isinstance(a, float), type(a) is float, type(n) is np.int64, isinstance(n, int)
    flags = b & (x < 5), b or False, ~b, b is True, b + b, b * 2, not b, [b], type(b) is np.bool_, isinstance(b, bool)
    computed = a + 1, a * np.float32(2), a / 0, n / 2, n // 0, -n, divmod(n, 2), pow(n, 2), a < 3, max(a, 1.0), min(n, 9)
    return asked, flags, computed, round(a, 1), round(a), abs(n), f"{a!r} {n} {b}", a if b else 1, (a, n), int(a), n == 3


@feature("Globals and constants", "attributes and methods of NumPy scalars, NumPy's functions of numbers")
@programs(1.3)
def members(x: float):
    a, n = np.float32(x), np.int64(5)
    own = (
        a.item(),
        a.dtype == np.float32,
        a.shape,
        a.ndim,
        n.bit_count(),
        a.astype(np.float64),
        a.round(1),
        a.real,
        n.tolist(),
    )
    called = (
        np.sqrt(x),
        np.maximum(x, 2),
        int(np.ceil(x)),
        np.clip(x, 0, 1),
        np.log2(8),
        np.prod([2, 3]),
        np.floor(a),
        np.exp(n),
    )
    limits = np.finfo(np.float32).eps, np.iinfo(np.int8).max
    return own, called, limits, [float(v) for v in np.linspace(0, 1, 3)], np.arange(3).tolist()


@programs(1.3)
def asked_in_containers(x: float):
    values = [np.float32(x), np.float64(2)]
    table = {"a": np.int64(3)}
    kinds = [type(v) is np.float64 for v in values], [isinstance(v, np.floating) for v in values]
    return (
        kinds,
        values[0].item(),
        values[0].dtype == np.float32,
        values[1] / 0,
        table["a"].item(),
        type(table["a"]) is np.int64,
        sum(values),
    )


@programs(1.3)
def mixed_numbers(x: float):
    values = [np.float32(1), np.int64(3), 4.0]
    return [type(v) is np.float32 for v in values], [isinstance(v, np.integer) for v in values], values


@programs(1.3, 3)
@programs(1.3, 0)
def by_turns(x: float, n: int):
    total, seen, last = 0.0, False, None
    for i in range(n):
        total += SCALE * x
        seen = np.float32(i) > 1
        if i == 1:
            last = np.float64(x)
    chosen = np.float64(x) if n > 1 else 0.5
    return total, seen, last, chosen, type(total) is np.float32, isinstance(chosen, np.floating)


def half(v: float):
    return v / 0 if isinstance(v, np.floating) else v / 2


@programs(1.3)
def given_to_functions(x: float):
    return half(np.float64(x)), half(x), LISTED, LISTED[0], [v * 2 for v in LISTED], SIZES[0] * 2


@programs(torch.ones(6), 1.3)
def dtypes_of_data(t: Tensor, x: float):
    held = [np.float64(x)]
    held.append(2.0)
    made = torch.tensor(np.float64(x)), torch.tensor([np.float64(1), 2]), torch.tensor((np.int8(1),)), torch.tensor(held)
    others = (
        torch.as_tensor(np.float64(x)),
        torch.tensor([1, np.float32(2)]),
        torch.tensor(np.bool_(True)),
        torch.full((2,), held[0]),
    )
    return made, others, t.view(SIZES), t[np.int64(1)], t * np.float64(x), t.clamp(max=np.float64(0.5)), torch.zeros(SIZES)


class Scaled(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale, self.count, self.steps = np.float64(0.5), np.int64(3), [np.float64(1), np.float64(2)]
        self.on, self.total = np.bool_(True), np.float64(0)

    def forward(self, x: Tensor):
        self.total += x.sum().item()
        y = x * self.scale if self.on else x
        for step in self.steps:
            y = y * step
        return (
            y.view(self.count, -1),
            self.scale,
            self.scale * 2,
            self.steps,
            self.on,
            self.total,
            isinstance(self.count, int),
        )


def test_attributes_of_a_module(tmp_path):
    expected, x = Scaled(), torch.arange(6.0)
    compiled = tsir.script(expected)
    compiled.save(tmp_path / "scaled.tsir")
    calls = [compiled, tsir.load(tmp_path / "scaled.tsir"), tsir.freeze(tsir.script(Scaled()).eval())]
    wanted = expected(x)
    for call in calls:
        assert str(call(x)) == str(wanted)
    assert str(compiled(x)) == str(expected(x))


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
