"""Script classes: their objects as arguments, results and attributes of modules, with what is changed of them seen outside."""

import copy
import dataclasses
import io
from typing import Any, Dict, List, Tuple

import pytest
import torch
from torch import Tensor, nn

import tsir
from tests.models.comparison import assert_same


@tsir.script
class Account:
    def __init__(self, name: str, amount: int, rates: Tensor):
        self.name = name
        self.amount = amount
        self.rates = rates
        self.log: List[int] = []

    def add(self, amount: int) -> int:
        self.amount += amount
        self.log.append(amount)
        return self.amount

    @property
    def total(self) -> float:
        return float(self.rates.sum()) + self.amount

    @total.setter
    def total(self, value: float):
        self.amount = int(value)

    def __int__(self) -> int:
        return self.amount

    def __float__(self) -> float:
        return self.amount / 2

    def __abs__(self):
        return abs(self.amount)

    def __rmul__(self, other: Tensor) -> Tensor:
        return other * self.amount

    def __lt__(self, other: "Account") -> bool:
        return self.amount < other.amount


def account(amount: int = 1) -> Account:
    return Account("a", amount, torch.ones(2))


def state(value: Any) -> Any:
    """What can be compared of a value with objects in it."""
    if isinstance(value, Account):
        return {"class": "Account", **vars(value)}
    if isinstance(value, tuple | list):
        return [state(v) for v in value]
    return {k: state(v) for k, v in value.items()} if isinstance(value, dict) else value


def same(function: Any, *arguments: Any) -> tuple[Any, tuple[Any, ...]]:
    """Compares the results, and what has become of the arguments. Gives the compiled function's."""
    expected, given = copy.deepcopy(arguments), copy.deepcopy(arguments)
    wanted, got = function(*expected), tsir.script(function)(*given)
    assert_same(state(got), state(wanted))
    assert_same(state(given), state(expected))
    return got, given


def changed(a: Account, y: int) -> Tuple[int, float]:
    before = a.total
    a.total = before + y
    return a.add(y), a.total


def passed_on(a: Account, b: Account) -> Account:
    return a if a < b else b


def made(y: int) -> Account:
    result = Account("made", y, torch.zeros(3))
    result.add(2)
    return result


def in_containers(accounts: List[Account], by_name: Dict[str, Account]) -> Tuple[int, Account]:
    total = 0
    for a in accounts:
        total += a.add(1)
    by_name["first"] = accounts[0]
    accounts.append(made(total))
    return total, accounts[1]


def converted(a: Account, x: Tensor):
    return int(a), float(a), abs(a), x * a


def test_objects_are_changed_as_in_python() -> None:
    same(changed, account(), 3)
    same(converted, account(-4), torch.ones(2))


def test_an_object_that_is_given_back_is_the_same_object() -> None:
    result, (a, b) = same(passed_on, account(3), account(2))
    assert result is b and result is not a


def test_objects_that_are_made() -> None:
    result, _ = same(made, 4)
    assert isinstance(result, Account) and result.total == 6.0


def test_objects_in_containers() -> None:
    result, (accounts, by_name) = same(in_containers, [account(1), account(5)], {})
    assert result[1] is accounts[1] and by_name["first"] is accounts[0]


def test_an_object_of_another_class() -> None:
    class Other:
        pass

    with pytest.raises(TypeError, match="expected a value of type 'Account' but instead found type 'Other'"):
        tsir.script(passed_on)(account(), Other())


def test_objects_after_loading() -> None:
    file = io.BytesIO()
    tsir.save(tsir.script(in_containers), file)
    file.seek(0)
    loaded = tsir.load(file)
    accounts = [account(1), account(5)]
    assert loaded(accounts, {})[0] == 8
    assert accounts[0].amount == 2 and accounts[2].name == "made"


class Tally:
    """A class that nobody marked: it is compiled as one because its methods change its objects."""

    def __init__(self, step):
        self.step = step
        self.count = 0
        self.seen = [0]

    def tick(self) -> int:
        self.count += self.step
        self.seen.append(self.count)
        return self.count


class Counts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tally = Tally(2)
        self.account = account()
        self.shared = self.account

    def forward(self, x: Tensor):
        self.account.add(self.tally.tick())
        self.account.total = self.account.total + 1
        return x * self.tally.count + self.shared.amount, self.account is self.shared, self.tally.seen


def test_objects_as_attributes_keep_what_changed() -> None:
    module = Counts()
    eager = copy.deepcopy(module)
    scripted = tsir.script(module)
    for _ in range(3):
        assert_same(scripted(torch.ones(2)), eager(torch.ones(2)))
    assert scripted.tally.count == eager.tally.count == 6
    scripted.tally.count = 0
    assert_same(scripted.tally.tick(), 2)
    file = io.BytesIO()
    tsir.save(scripted, file)
    file.seek(0)
    assert_same(tsir.load(file)(torch.ones(2))[0], scripted(torch.ones(2))[0])


@dataclasses.dataclass(order=True)
class Version:
    major: int
    minor: float = 2.0
    note: str = dataclasses.field(default="", compare=False)


def compared(a: int, b: int):
    p, q = Version(a, note="p"), Version(b, 3.0)
    return p < q, p <= q, p > q, p >= q, p == Version(a), p != q


@dataclasses.dataclass
class Span:
    start: int
    length: dataclasses.InitVar[int]
    stop: int = dataclasses.field(init=False)

    def __post_init__(self, length):
        self.stop = self.start + length


def stop_of(start: int) -> int:
    return Span(start, 3).stop + Span(length=start, start=1).stop


def test_dataclasses() -> None:
    same(compared, 1, 1)
    same(compared, 2, 1)
    same(stop_of, 4)


@tsir.script
class Adds:
    def __init__(self, by: int):
        self.by = by

    def step(self, x: Tensor) -> Tensor:
        return x + self.by


@tsir.script
class Multiplies:
    def __init__(self, by: int):
        self.by = by

    def step(self, x: Tensor) -> Tensor:
        return x * self.by


def one_of_two_classes(x: Tensor, times: int) -> Tensor:
    steps = [Adds(1), Multiplies(3), Adds(5)]
    for i in range(times):
        x = steps[i % 3].step(x) - steps[i % 2].by
    return x


def test_methods_of_objects_of_several_classes() -> None:
    same(one_of_two_classes, torch.ones(2), 7)


class Base:
    def __init__(self, x: int):
        super().__init__()
        self.x = x


class Derived(Base):
    def __init__(self, x: int):
        super().__init__(x + 1)
        self.y = x


def from_object(n: int):
    a, b = Base(n), Derived(n)
    return a.x, b.x, b.y


def test_classes_that_call_init_of_object() -> None:
    same(from_object, 2)
