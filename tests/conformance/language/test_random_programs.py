"""Random programs of the language without tensors do what they do in Python, and so does their printed code."""

import random

import pytest

from tests.conformance.language.random_checks import check
from tests.conformance.language.random_programs import random_program

SEEDS = (*range(6), 1119, 3048, 913_010)
"""1119: a variable that no path to a place behind a branch assigns. 3048: results of loops, refined in one and not in another.
913010: what handlers write into a list that nobody reads."""


@pytest.fixture(autouse=True)
def form():
    """`check` runs the printed code itself."""


@pytest.mark.parametrize("seed", SEEDS)
def test_random_program(seed, tmp_path):
    check(random_program(random.Random(seed)).text(), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(10_000, 10_400, 20))
def test_more_random_programs(first, tmp_path):
    for seed in range(first, first + 20):
        check(random_program(random.Random(seed)).text(), tmp_path)
