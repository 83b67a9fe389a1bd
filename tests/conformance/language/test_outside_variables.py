"""`global` and `nonlocal` of what isn't compiled: the program reads and writes Python's variables, in Python's order."""

import functools
import sys
import types
from typing import Any, Dict, Optional

import pytest
import torch

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import check

settings = types.ModuleType("settings_of_the_test")
sys.modules["settings_of_the_test"] = settings
counter = 0
total = 0.0
last: Optional[int] = None
state = torch.zeros(2)
name = "a"


def outside() -> list[Any]:
    """The variables, as Python has them now."""
    return [counter, total, last, state, name]


@pytest.fixture(autouse=True)
def fresh():
    """Sets the variables back before each test."""
    global counter, total, last, state, name
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
def test_variables_of_functions_around(form: str):
    inner, look = around()
    compiled = tsir.script(inner)
    if form == "printed":
        assert (compiled(2), compiled(1), look()) == (2, 3, 0), "the text has a variable of its own"
    else:
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


class Account:
    opened = 0
    last: Optional[str] = None
    rate = 0.5

    def __init__(self, name: str, start: float):
        self.name = name
        self.value = start
        Account.opened += 1
        type(self).last = name

    def grow(self):
        self.value = self.value * (1 + self.rate)
        return self.value

    @classmethod
    def faster(cls, by: float):
        cls.rate = cls.rate + by
        return cls.rate


class Special(Account):
    pass


def class_variables(n: int):
    accounts = [Account(str(i), 1.0) for i in range(n)]
    first = [a.grow() for a in accounts]
    Account.faster(0.25)
    return first, [a.grow() for a in accounts], Account.opened, Account.last, accounts[0].rate


def of_a_derived_class(n: int):
    a = Special("s", 2.0)
    before = Special.rate
    Special.faster(1.0)
    return before, Special.rate, Account.rate, a.rate, Account.opened, Special.last, Account.last


def of_modules(n: int):
    settings.limit = settings.limit * 2 + n
    settings.label = f"{settings.label}{n}"
    if n > 2:
        settings.made = n
        return settings.limit, settings.label, settings.made
    return settings.limit, settings.label, -1


@pytest.fixture
def classes():
    settings.limit, settings.label = 1, "x"
    Account.opened, Account.last, Account.rate = 0, None, 0.5
    if "rate" in vars(Special):
        del Special.rate
    if "last" in vars(Special):
        del Special.last


@feature("Globals and constants", "assignments of class variables and of variables of other modules")
@pytest.mark.parametrize("function", [class_variables, of_a_derived_class, of_modules])
def test_variables_of_classes_and_modules(function: Any, classes: None):
    compiled = tsir.script(function)
    found = [compiled(3), compiled(1)], Account.opened, Account.rate, Account.last, vars(Special).get("rate"), settings.limit
    settings.limit, settings.label = 1, "x"
    Account.opened, Account.last, Account.rate = 0, None, 0.5
    if "rate" in vars(Special):
        del Special.rate, Special.last
    expected = (
        [function(3), function(1)],
        Account.opened,
        Account.rate,
        Account.last,
        vars(Special).get("rate"),
        settings.limit,
    )
    assert found == expected


def test_class_variables_of_local_classes_cant_be_assigned():
    def local(n: int):
        class Own:
            total = 0

        Own.total += n
        return Own.total

    with pytest.raises(tsir.TsirError, match="can't be assigned"):
        tsir.script(local)


def test_what_has_no_name_is_a_variable_of_the_text(form: str):
    inner, _ = around()
    if form == "printed":
        pytest.skip("there it has a name")
    code = tsir.script(inner).code
    assert "n: int = 0" in code and "global n" in code


memo: Dict[int, int] = {}


def ways(n: int) -> int:
    if n <= 1:
        return 1
    if n not in memo:
        memo[n] = ways(n - 1) + ways(n - 2)
    return memo[n]


def test_an_entry_point_that_calls_itself_with_a_dict_outside():
    memo.clear()
    compiled = tsir.script(ways)
    assert compiled(10) == 89
    assert memo[9] == 55


def test_it_cant_be_saved(tmp_path: Any):
    with pytest.raises(tsir.TsirError, match="Python"):
        tsir.save(tsir.script(counts), tmp_path / "counts.pt")


def wrapped(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(x: torch.Tensor, *args: Any, **kwargs: Any):
        return function(x, *args, **kwargs)

    return wrapper


scale = torch.tensor(3.0)
scales = [torch.ones(2), torch.tensor(2.0)]


@wrapped
def scaled(x: torch.Tensor, *, by: int = 2):
    return x * scale * by + scales[1]


@feature("Globals and constants", "global tensors in functions that a decorator wraps")
def test_global_tensors_of_wrapped_functions():
    compiled, x = tsir.script(scaled), torch.ones(2)
    assert torch.equal(compiled(x), scaled(x)) and torch.equal(compiled(x, by=3), scaled(x, by=3))
    scale.add_(1)
    assert torch.equal(compiled(x), scaled(x))
