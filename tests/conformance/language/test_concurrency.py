"""Forked calls and futures: `torch.jit.fork`, `wait`, `Future`, and when an exception comes."""

import io
from typing import Dict, List, Optional, Tuple

import pytest
import torch
from torch import Tensor, nn
from torch.jit import Future

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()
X = torch.arange(6.0).reshape(2, 3)


def scaled(x: Tensor, factor: int = 2) -> Tensor:
    return x * factor


def positive(n: int) -> int:
    if n < 0:
        raise ValueError(f"{n} is negative")
    return n * 2


@feature("Concurrency", "fork and wait with positional and named arguments")
@programs(X)
def arguments(x: Tensor):
    first = torch.jit.fork(scaled, x)
    second = torch.jit.fork(scaled, x, factor=5)
    return torch.jit.wait(first) + second.wait(), second.done()


@feature("Concurrency", "nested forks")
@programs(X)
def nested(x: Tensor):
    def inner(y: Tensor):
        return torch.jit.wait(torch.jit.fork(scaled, y, 3)) + 1

    return torch.jit.wait(torch.jit.fork(inner, x))


@feature("Concurrency", "forked closures and lambdas")
@programs(X, 3)
def closures(x: Tensor, n: int):
    add = lambda y: y + n  # noqa: E731
    future = torch.jit.fork(add, x)
    n = n + 1
    return torch.jit.wait(torch.jit.fork(lambda y: y * n, x)), future.wait()


@feature("Concurrency", "futures in lists, dicts and tuples")
@programs(X)
def containers(x: Tensor):
    futures: List[Future[Tensor]] = []
    for i in range(3):
        futures.append(torch.jit.fork(scaled, x, i))
    named: Dict[str, Future[Tensor]] = {"a": futures[1]}
    named["b"] = torch.jit.fork(torch.neg, x)
    pair: Tuple[Future[Tensor], int] = (futures[2], 1)
    return [f.wait() for f in futures], {k: torch.jit.wait(v) for k, v in named.items()}, pair[0].wait()


@feature("Concurrency", "forks whose results are lists, tuples, strings, None")
@programs(X, 3)
def results(x: Tensor, n: int):
    def pair(y: Tensor):
        return y.sum(), [n, n + 1]

    def nothing(items: List[int]):
        items.append(n)

    items = [0]
    torch.jit.wait(torch.jit.fork(nothing, items))
    total, numbers = torch.jit.wait(torch.jit.fork(pair, x))
    return total, numbers, torch.jit.fork(str, n).wait(), items


@feature("Concurrency", "exceptions of forked calls are raised by wait")
@programs(2)
@programs(-2)
def failing(n: int):
    future = torch.jit.fork(positive, n)
    return torch.jit.wait(future)


@feature("Concurrency", "futures in loops and branches")
@programs(X, True)
@programs(X, False)
def branches(x: Tensor, flag: bool):
    future = torch.jit.fork(scaled, x)
    if flag:
        future = torch.jit.fork(torch.neg, x)
    total = x
    for _ in range(2):
        total = total + future.wait()
        future = torch.jit.fork(scaled, total)
    return total, torch.jit.wait(future)


@feature("Concurrency", "torch.futures.wait_all")
@programs(4)
def all_of_them(n: int):
    return torch.futures.wait_all([torch.jit.fork(positive, i) for i in range(n)])


@programs.parametrized()
def test_program(function, arguments):
    check(function, arguments)


def reported_late(n: int):
    log: List[str] = []
    future = torch.jit.fork(positive, n)
    log.append("forked")
    try:
        log.append(str(future.wait()))
    except ValueError as error:
        log.append(str(error))
    return log


@feature("Concurrency", "exceptions of forked calls are raised by wait")
def test_an_exception_comes_when_the_program_waits():
    compiled = tsir.script(reported_late)
    assert compiled(1) == ["forked", "2"]
    assert compiled(-1) == ["forked", "-1 is negative"]


def widened(n: int):
    future: Future[Optional[int]] = torch.jit.fork(positive, n)
    return future.wait()


def test_a_future_of_a_type_is_one_of_a_wider_type():
    assert tsir.script(widened)(4) == 8


def never_waited(n: int):
    torch.jit.fork(positive, n)
    return n


def test_an_exception_that_nobody_waits_for_is_not_seen():
    assert tsir.script(never_waited)(-1) == -1


def given_away(n: int) -> Tuple[Future[int], Future[str]]:
    future = torch.jit.fork(positive, n)
    return future, future.then(lambda f: str(f.wait()))


@feature("Concurrency", "futures as results and arguments: wait, value, done, then")
def test_futures_leave_the_program_as_torchs():
    number, text = tsir.script(given_away)(3)
    assert isinstance(number, torch.futures.Future)
    assert (number.wait(), number.value(), number.done(), torch.jit.wait(number)) == (6, 6, True, 6)
    assert text.wait() == "6"
    for future in tsir.script(given_away)(-3):
        with pytest.raises(ValueError, match="-3 is negative"):
            future.wait()


def taken(future: Future[Tensor], others: List[Future[int]]):
    return future.wait() + 1, [f.wait() for f in others], future


def test_torchs_futures_come_in_and_leave_as_they_are():
    future = torch.futures.Future()
    future.set_result(torch.ones(2))
    result, others, same = tsir.script(taken)(future, [torch.jit.fork(positive, 4)])
    assert (result.tolist(), others) == ([2.0, 2.0], [8])
    assert same is future
    with pytest.raises(TypeError, match="Future"):
        tsir.script(taken)(torch.ones(2), [])


class Parallel(nn.Module):
    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleList(nn.Linear(3, 3) for _ in range(3))
        self.calls = 0

    def count(self, x: Tensor) -> int:
        self.calls += 1
        return self.calls + x.shape[0]

    def forward(self, x: Tensor):
        futures = [torch.jit.fork(b, x) for b in self.branches]
        counted = torch.jit.fork(self.count, x)
        total = x
        for future in futures:
            total = total + torch.jit.wait(future)
        return total, counted.wait()


@feature("Concurrency", "forked submodules and methods")
def test_submodules_and_methods_are_forked():
    torch.manual_seed(0)
    model = Parallel()
    compiled = tsir.script(model)
    file = io.BytesIO()
    compiled.save(file)
    file.seek(0)
    loaded = tsir.load(file)
    for call in (1, 2):
        expected, count = model(X)
        for mine in (compiled, loaded):
            found, counted = mine(X)
            torch.testing.assert_close(found, expected)
            assert counted == count == call + 2


def lazily(x: Tensor, n: int):
    later = torch.jit._awaitable(scaled, x, n)
    now = torch.jit._awaitable_nowait(n)
    assert isinstance(later, torch._C._Await) and (isinstance(later, torch.jit._Await) or not torch.jit.is_scripting())
    return torch.jit._awaitable_wait(later), torch.jit._awaitable_wait(now)


@feature("Concurrency", "_awaitable and _awaitable_wait")
def test_awaitables():
    found, n = tsir.script(lazily)(X, 3)
    assert torch.equal(found, X * 3)
    assert n == 3


class Scaled:
    def __init__(self, x: Tensor, n: int):
        self.x, self.n = x, n

    def product(self) -> Tensor:
        return self.x * self.n


def make_scaled(x: Tensor, n: int) -> Scaled:
    return Scaled(x, n)


def of_await(later: torch.jit._Await[Tensor]) -> Tensor:
    return later.reshape(-1) * torch.jit._awaitable_wait(later).reshape(-1)


def taken_implicitly(x: Tensor, n: int):
    scale = torch.jit._awaitable(make_scaled, x, n)
    return scale.product(), scale.n, scale.x.shape[0], of_await(torch.jit._awaitable(scaled, x, n))


@feature("Concurrency", "attributes and methods of an _awaitable's result")
def test_results_of_awaitables():
    check(taken_implicitly, (X, 3))
    with pytest.raises(tsir.TsirError, match=r"Await\[Tensor\]"):

        def added(x: Tensor):
            return torch.add(torch.jit._awaitable(scaled, x, 2), 1)

        tsir.script(added)
