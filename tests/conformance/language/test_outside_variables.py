"""`global` and `nonlocal` of what isn't compiled: the program reads and writes Python's variables, in Python's order."""

from typing import Any, Optional

import pytest
import torch

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import check

counter = 0
total = 0.0
last: Optional[int] = None
state = torch.zeros(2)
name = "a"


def outside() -> list[Any]:
    """The variables, as Python has them now."""
    return [counter, total, last, state, name]


@pytest.fixture(autouse=True)
def fresh(form: str):
    """Sets the variables back before each test. What reads them isn't part of a program that is printed."""
    global counter, total, last, state, name
    if form == "printed":
        pytest.skip("a program that is printed has no variables outside")
    counter, total, last, state, name = 0, 0.0, None, torch.zeros(2), "a"


def counts(n: int):
    global counter
    counter += n
    return counter


def bump():
    global counter
    counter += 1


def reads():
    return counter * 10


def in_loops(n: int):
    for i in range(n):
        if i % 2 == 0:
            bump()
    return reads(), counter


def tensors(x):
    global state
    state = state * 0.5 + x
    before = state
    for i in range(3):
        state = state + i
    return before, state


def optional(n: int):
    global last
    before = last
    if n > 0:
        last = n
    return before, last


def strings(s: str):
    global name, total
    name = name + s
    total += 1
    name, total = name * 2, total / 2
    return name, total


def nested(n: int):
    def inc(k: int):
        global counter
        counter += k
        return counter

    return [inc(i) for i in range(n)], counter


def hidden(n: int):
    global counter
    counter = n

    def own():
        counter = 100
        return counter

    return own(), counter


def of_comprehensions(n: int):
    global counter
    counter = n
    return [counter for counter in range(3)], (lambda counter: counter + 1)(5), {k: counter for k in range(2)}, counter


def handled(n: int):
    global counter
    try:
        counter = 5
        counter = 1 // n
    except ZeroDivisionError:
        pass
    return counter


PROGRAMS = [
    (counts, (3,)), (in_loops, (4,)), (tensors, (torch.ones(2),)), (optional, (5,)), (optional, (-1,)), (strings, ("xy",)),
    (nested, (3,)), (hidden, (3,)), (of_comprehensions, (7,)), (handled, (0,)),
]  # fmt: skip


@feature("Globals and constants", "assignments of global variables, also by functions that are called")
@pytest.mark.parametrize(("function", "arguments"), PROGRAMS)
def test_same_as_python(function: Any, arguments: tuple[Any, ...], fresh: None):
    compiled = tsir.script(function)
    expected = [function(*arguments), function(*arguments), *outside()]
    globals().update(counter=0, total=0.0, last=None, state=torch.zeros(2), name="a")
    assert str([compiled(*arguments), compiled(*arguments), *outside()]) == str(expected)


def around():
    n = 0

    def inner(x: int):
        nonlocal n
        n += x
        return n

    def look():
        return n

    return inner, look


@feature("Globals and constants", "assignments of variables of functions around that aren't compiled (nonlocal)")
def test_variables_of_functions_around():
    inner, look = around()
    compiled = tsir.script(inner)
    assert (compiled(2), inner(3), compiled(1), look()) == (2, 5, 6, 6)


class Counting(torch.nn.Module):
    def forward(self, x):
        bump()
        return x * counter


def test_in_modules():
    compiled = tsir.script(Counting())
    assert compiled(torch.ones(1)).item() == 1
    assert compiled(torch.ones(1)).item() == 2
    assert counter == 2


def test_a_name_that_is_made():
    def makes(n: int):
        global made_outside
        made_outside = n + 1
        return made_outside * 2

    check(makes, (2,))
    assert globals()["made_outside"] == 3


def test_it_cant_be_saved(tmp_path: Any):
    with pytest.raises(tsir.TsirError, match="Python"):
        tsir.save(tsir.script(counts), tmp_path / "counts.pt")
