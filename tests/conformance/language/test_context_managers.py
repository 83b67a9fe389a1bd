"""Context managers: generators with `@contextmanager`, ExitStack, suppress, closing, classes, and how bodies are left."""

# ruff: noqa: UP028
import contextlib
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Dict, List, Optional, Type

import pytest
import torch

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check, outcome

programs = Programs()
X = torch.arange(6.0).reshape(2, 3)


@contextmanager
def logged(name: str):
    print("enter", name)
    try:
        yield name + "!"
    finally:
        print("exit", name)


@feature("Context managers", "generators with `@contextlib.contextmanager`")
@programs(3)
def cm_simple(n: int):
    with logged("a") as s:
        print("body", s, n)
        k = n * 2
    return k, s


@feature("Context managers", "`return`, `break` and `continue` inside of generator managers")
@programs(0)
@programs(3)
def cm_return(n: int):
    with logged("a") as s:
        if n > 1:
            return "early" + s
        print("late")
    return "end"


@programs(3)
def cm_loop_break(n: int):
    t = 0
    for i in range(n + 3):
        with logged(str(i)):
            if i == 1:
                continue
            if i == n:
                break
            t += i
    return t


@programs(0)
@programs(1)
def cm_raise(n: int):
    with logged("a"):
        if n:
            raise ValueError("bad")
    return n


@contextmanager
def swallowing(log: List[str]):
    try:
        yield
    except ValueError as e:
        log.append(str(e))
    else:
        log.append("fine")


@feature("Context managers", "managers that handle exceptions of the body")
@programs(0)
@programs(1)
@programs(2)
def cm_swallow(n: int):
    log: List[str] = []
    k = 0
    with swallowing(log):
        k = 1
        if n == 1:
            raise ValueError("bad")
        if n == 2:
            raise KeyError("worse")
        k = 2
    return log, k


@feature("Context managers", "several managers in one `with`")
@programs(2)
def cm_several(n: int):
    with logged("a") as a, logged("b") as b:
        print(a, b)
    with logged("c"):
        with logged("d") as d:
            print(d)
    return n


@contextmanager
def doubled(x):
    y = x * 2
    yield y
    y.zero_()


@programs(X)
def cm_tensor(x):
    with doubled(x) as y:
        z = y.sum()
    return z, y


@feature("Context managers", "local managers that assign `nonlocal` variables")
@programs(2)
def cm_local(n: int):
    depth = 0

    @contextlib.contextmanager
    def nest():
        nonlocal depth
        depth += 1
        try:
            yield depth
        finally:
            depth -= 1

    out = []
    with nest() as a:
        out.append(a)
        with nest() as b:
            out.append(b)
        out.append(depth)
    return out, depth


class Store:
    def __init__(self):
        self.mode = 0
        self.log: List[int] = []

    @contextmanager
    def using(self, m: int):
        old = self.mode
        self.mode = m
        try:
            yield self
        finally:
            self.mode = old

    def note(self):
        self.log.append(self.mode)


@feature("Context managers", "methods with `@contextmanager`")
@programs(5)
def cm_method(n: int):
    s = Store()
    with s.using(n) as t:
        s.note()
        with s.using(n + 1):
            t.note()
        s.note()
    s.note()
    return s.log


@contextmanager
def maybe(n: int):
    if n > 1:
        yield "big"
    elif n > 0:
        yield "small"


@programs(0)
@programs(1)
@programs(2)
def cm_maybe(n: int):
    with maybe(n) as s:
        print(s)
    return n


@feature("Context managers", "`contextlib.ExitStack`: enter_context() and callback()")
@programs(2)
def stack_simple(n: int):
    with contextlib.ExitStack() as stack:
        a = stack.enter_context(logged("a"))
        print(a)
        stack.callback(print, "called", n)
        b = stack.enter_context(logged("b"))
        print(b)
    return n


@programs(0)
@programs(1)
def stack_exc(n: int):
    log: List[str] = []
    with contextlib.ExitStack() as stack:
        stack.enter_context(swallowing(log))
        stack.callback(log.append, "cb")
        if n:
            raise ValueError("x")
    return log


@feature("Context managers", "`contextlib.suppress`")
@programs(0)
@programs(1)
@programs(2)
def suppress(n: int):
    k = 0
    with contextlib.suppress(ValueError, KeyError):
        if n == 1:
            raise ValueError("a")
        if n == 2:
            raise KeyError("b")
        k = 1
    return k


class Res:
    def __init__(self, log: List[str]):
        self.log = log

    def close(self):
        self.log.append("closed")


@feature("Context managers", "`contextlib.closing`")
@programs(2)
def closing(n: int):
    log: List[str] = []
    with contextlib.closing(Res(log)) as r:
        r.log.append("used")
    return log


class Guard:
    def __init__(self, log: List[str]):
        self.log = log

    def __enter__(self):
        self.log.append("in")
        return self

    def __exit__(self, t: Any, v: Any, tb: Any) -> bool:
        self.log.append("out")
        return True


@feature("Context managers", "`__exit__` that stops exceptions")
@programs(0)
@programs(1)
def user_swallow(n: int):
    log: List[str] = []
    k = 0
    with Guard(log):
        k = 1
        if n:
            raise ValueError("x")
        k = 2
    return log, k


@programs(0)
@programs(5)
def user_loop(n: int):
    log: List[str] = []
    for i in range(3):
        with Guard(log):
            if i == 1:
                break
            if n == 5:
                return log, i
    return log, -1


@contextmanager
def timing(acc: Dict[str, int], key: str):
    acc[key] = acc.get(key, 0) + 1
    yield
    acc[key] += 10


@programs(3)
def cm_dict(n: int):
    acc: Dict[str, int] = {}
    for i in range(n):
        with timing(acc, "a"):
            with timing(acc, "b" + str(i % 2)):
                pass
    return acc


@feature("Generators", "`with` around `yield`, left by `break` of the loop")
@programs(3)
def cm_in_gen(n: int):
    def g():
        with logged("g"):
            for i in range(n):
                yield i

    t = 0
    for v in g():
        t += v
        if v == 1:
            break
    return t


@feature("Generators", "exceptions of the loop's body pass by handlers of the generator")
@programs(3)
def cm_in_gen_raise(n: int):
    def g():
        try:
            for i in range(n):
                yield i
        except ValueError:
            print("never")
        finally:
            print("closed")

    t = 0
    try:
        for v in g():
            t += v
            if v == 1:
                raise ValueError("mine")
    except ValueError as e:
        print("got", e)
    return t


class Seeing:
    def __init__(self, log: List[str]):
        self.log = log

    def __enter__(self):
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> bool:
        self.log.append(f"{kind is None} {error is None} {trace is None} {bool(trace)}")
        return kind is IndexError


@feature("Context managers", "`__exit__` that looks whether there is a traceback")
@programs(0)
@programs(3)
def traces(n: int):
    log: List[str] = []
    with Seeing(log):
        log.append(str([1][n]))
    try:
        with Seeing(log):
            raise ValueError(str(n))
    except ValueError as error:
        log.append(str(error.__traceback__ is None))
    return log


@feature("Context managers", "`contextlib.nullcontext` in a variable")
@programs(3)
def with_twice(n: int):
    m = contextlib.nullcontext(n)
    with m as k:
        return k * 2


@programs(1)
def cm_first_assigned(n: int):
    with logged("x"):
        if n > 0:
            v = 5
        else:
            v = 6
    return v


@programs(0)
@programs(1)
def cm_exception_var(n: int):
    caught = "none"

    @contextmanager
    def cap():
        nonlocal caught
        try:
            yield
        except (ValueError, KeyError) as e:
            caught = type(e).__name__

    with cap():
        if n:
            raise KeyError("k")
    return caught


@programs(X)
def no_grad_mix(x):
    with torch.no_grad(), logged("t") as s:
        y = x * 2
    return y, s


@programs.parametrized()
def test_same_as_python(function, arguments, capsys):
    outcome(function, arguments)
    expected = capsys.readouterr().out
    check(function, arguments)
    assert capsys.readouterr().out == expected * 2


@contextmanager
def looping(n: int):
    for i in range(n):
        yield i


def yields_in_loop(n: int):
    with looping(n) as i:
        return i


def stack_in_branch(n: int):
    with contextlib.ExitStack() as stack:
        if n > 1:
            stack.enter_context(looping(n))
    return n


def sees_the_end(n: int):
    def g():
        try:
            yield n
        except GeneratorExit:
            print("ended")

    for v in g():
        if v:
            break
    return n


@feature("Messages for what isn't supported", "context managers")
@pytest.mark.parametrize(
    ("function", "message"),
    [
        (yields_in_loop, "`yield` of a context manager in a loop"),
        (stack_in_branch, "'stack', an ExitStack, in another place"),
        (sees_the_end, "catches GeneratorExit"),
    ],
)
def test_refused(function, message):
    with pytest.raises(tsir.TsirError, match=message):
        tsir.script(function)
