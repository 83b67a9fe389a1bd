"""Random numbers of `random` and `numpy.random`, and the clocks of `time`, next to plain Python: the states are those of the process."""

# ruff: noqa  (how users write is the point here)
import random
import time
from random import randint
from typing import List

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from tests.models.comparison import assert_same

programs = Programs()


def die(sides: int):
    return randint(1, sides)


@feature("Standard library", "random: random numbers, choices, samples and shuffling, with Python's own state")
@programs(3)
@programs(0)
def numbers(n: int):
    random.seed(3)
    found = [random.random() for _ in range(n)]
    random.random()
    other = random.uniform(0, 1) if n > 1 else random.gauss(0, 1)
    return found, other, random.randint(1, 6), random.randrange(10), random.random() == random.random(), die(6), die(6)


@programs([1, 2, 3, 4, 5])
def of_lists(xs: List[int]):
    random.seed(1)
    ys = xs
    random.shuffle(ys)
    return ys, random.sample(ys, 2), random.choice("abc"), random.choice(ys), sorted(xs, key=lambda v: random.random())


@programs([1])
def of_nothing(xs: List[int]):
    return random.choice([x for x in xs if x > 1])


@feature("Standard library", "numpy.random: single numbers of rand, randn, random, uniform, normal and randint")
@programs(2)
def of_numpy(n: int):
    np.random.seed(5)
    found = [np.random.rand() for _ in range(n)]
    return (
        found,
        np.random.uniform(0, 1),
        np.random.randn(),
        np.random.randint(5),
        np.random.randint(2, 9),
        np.random.normal(),
    )


@programs(1)
def with_keywords(n: int, **kwargs):
    random.seed(n)
    np.random.seed(seed=n)
    return die(100), die(100), np.random.uniform(low=1, high=2), [die(5) for _ in range(3)]


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)


class Dropping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(3, 3) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            if random.random() < 0.5 or np.random.uniform(0, 1) > 0.9:
                continue
            x = layer(x)
        return x


def test_layers_left_out_by_chance(tmp_path) -> None:
    module = Dropping()
    scripted = tsir.script(module)
    scripted.save(tmp_path / "m.pt")
    for compiled in (scripted, tsir.load(tmp_path / "m.pt")):
        for seed in range(5):
            found = []
            for each in (compiled, module):
                random.seed(seed)
                np.random.seed(seed)
                found.append(each(torch.ones(2, 3)))
            assert_same(found[0], found[1])


def took(x: Tensor):
    start, precise = time.time(), time.perf_counter()
    y = x * 2
    return y, time.time() - start, time.perf_counter() > precise


@feature("Standard library", "time: time, perf_counter, monotonic, process_time and sleep")
def test_clocks() -> None:
    compiled = tsir.script(took)
    before = time.time()
    y, seconds, later = compiled(torch.ones(2))
    assert later and 0 <= seconds <= time.time() - before
    assert_same(y, torch.full((2,), 2.0))


OWN = random.Random(3)


def of_an_own_generator():
    return OWN.randint(0, 1000)


def test_own_generators_are_no_constants() -> None:
    with pytest.raises(tsir.TsirError):
        tsir.script(of_an_own_generator)
