"""Random programs of views, in-place operators, containers, objects and modules leave everything as they leave it in torch."""

import random

import pytest

from tests.conformance.language.mutation_checks import check
from tests.conformance.language.mutation_programs import random_program


@pytest.fixture(autouse=True)
def form():
    """The programs are run as they are written."""


@pytest.mark.parametrize("seed", range(14))
def test_random_program(seed):
    check(random_program(random.Random(seed), length=6).text())


@pytest.mark.slow
@pytest.mark.parametrize("first", range(10_000, 10_600, 15))
def test_more_random_programs(first):
    for seed in range(first, first + 15):
        check(random_program(random.Random(seed)).text())
