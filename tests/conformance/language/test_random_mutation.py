"""Random programs of views, in-place operators, containers, objects and modules leave everything as they leave it in torch.

Every live variable is compared behind each statement, in two ways: by copies that the program makes, and by stopping it there.
"""

import random

import pytest

from tests.conformance.language.mutation_checks import check
from tests.conformance.language.mutation_forms import FORMS, forms
from tests.conformance.language.mutation_programs import random_program


@pytest.fixture(autouse=True)
def form():
    """The programs are run as they are written."""


def check_forms(seed: int, kinds: tuple[str, ...], length: int) -> None:
    """Raises AssertionError where a form of the program differs from eager."""
    for label, text in forms(random_program(random.Random(seed), length).text(), kinds, seed):
        try:
            check(text, numbers=(3,) if label.startswith("stopped") else (0, 1, 3), arrays=label in ("whole", "few"))
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, {label}: {error}") from None


@pytest.mark.parametrize("seed", [pytest.param(n, marks=pytest.mark.slow) if n >= 8 else n for n in range(16)])
def test_copies_of_variables_behind_each_statement(seed):
    check_forms(seed, ("copied", "few"), 6)


@pytest.mark.parametrize("seed", [pytest.param(n, marks=pytest.mark.slow) if n >= 26 else n for n in range(20, 32)])
def test_programs_that_stop_behind_each_statement(seed):
    check_forms(seed, ("stopped", "sampled"), 6)


@pytest.mark.parametrize("seed", [pytest.param(n, marks=pytest.mark.slow) if n >= 44 else n for n in range(40, 46)])
def test_variables_at_the_end(seed):
    check_forms(seed, ("whole",), 6)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(10_000, 14_000, 20))
def test_more_random_programs(first):
    for seed in range(first, first + 20):
        check_forms(seed, FORMS, 5 if seed % 4 else 12)
