"""Programs whose printed form could go wrong: order of evaluation, aliases, exceptions on the way, jumps out of nested loops."""

from typing import Any, Dict, List, Set

import torch
from torch import Tensor

from tests.conformance.language.programs import Programs, check

programs = Programs()


def bump(xs: List[int]) -> int:
    xs.append(len(xs))
    return len(xs)


def fail(n: int) -> int:
    if n > 2:
        raise ValueError("too large")
    return n


@programs([1, 2])
def order_of_calls(xs: List[int]):
    a = len(xs)
    b = bump(xs)
    c = len(xs)
    return a, b, c, xs[0] + bump(xs) * len(xs)


def largest(n: int) -> int:
    return max(n, 5) + len([n]) + min(n, 3)


def _named_as_built_ins():
    def max(a: int, b: int) -> int:
        return a + b

    def len(n: int) -> int:
        return max(n, 2) * largest(n)

    return len


programs(7)(_named_as_built_ins())


@programs([1, 2, 3])
def reads_before_writes(xs: List[int]):
    first = xs[0]
    xs[0] = 10
    second = xs[0]
    t = (first, second)
    xs.clear()
    return t, len(xs)


@programs(1)
@programs(3)
def error_order(n: int):
    d: Dict[str, int] = {}
    a = fail(n)
    b = d["missing"]
    return a + b


@programs(1)
@programs(3)
def error_order2(n: int):
    d: Dict[str, int] = {"a": 1}
    return [d["b"] if n == 1 else 0, fail(n)]


@programs(5)
@programs(0)
@programs(12)
def early(n: int) -> str:
    for i in range(n):
        for j in range(n):
            if i * j == 6:
                return f"{i},{j}"
            if j > 4:
                break
            if (i + j) % 2 == 0:
                continue
            if i > 7:
                raise IndexError("i")
        else:
            if i == 3:
                return "else"
    return "end"


@programs([3, 1, 2])
@programs([])
@programs([1, -1])
def while_else(xs: List[int]):
    i = 0
    total = 0
    while i < len(xs):
        if xs[i] < 0:
            break
        total += xs[i]
        i += 1
    else:
        total += 100
    return total, i


@programs(0)
@programs(1)
@programs(2)
@programs(3)
def tries(n: int):
    out: List[str] = []
    for k in range(3):
        try:
            out.append("a")
            if n == 0:
                raise KeyError("k")
            if n == 1:
                raise ValueError("v")
            if n == 2 and k == 1:
                break
        except KeyError as e:
            out.append("key" + str(e))
            continue
        except ValueError:
            out.append("value")
            if k == 1:
                return out
        else:
            out.append("else")
        finally:
            out.append("finally")
        out.append("after")
    return out


@programs(0)
@programs(1)
@programs(2)
def nested_tries(n: int):
    log: List[int] = []
    x = 0
    try:
        x = 1
        try:
            x = 2
            log.append(10 // n)
            x = 3
            if n == 2:
                raise IndexError("i")
        finally:
            log.append(x)
            x += 10
    except ZeroDivisionError:
        log.append(x)
        x = -1
    except IndexError:
        log.append(x + 1000)
    return x, log


@programs(torch.ones(3))
def aliases(x: Tensor):
    y = x
    z = y[1:]
    y += 1
    w = z * 2
    z[0] = 7
    return x, y, z, w


@programs(4)
def fib(n: int) -> List[int]:
    a, b = 0, 1
    out: List[int] = []
    while True:
        out.append(a)
        a, b = b, a + b
        if len(out) >= n:
            return out


@programs(2)
@programs(0)
def boolops(n: int):
    def side(xs: List[int], v: int) -> bool:
        xs.append(v)
        return v > 1

    xs: List[int] = []
    a = (side(xs, n) and side(xs, n + 1)) or side(xs, 5)
    b = not side(xs, 0) and (side(xs, 2) or side(xs, 3))
    c = 0 < n < len(xs)
    return a, b, c, xs


@programs(torch.tensor(3.0))
@programs(torch.tensor(-3.0))
def tensor_if(x: Tensor):
    if x > 0 and x.item() < 5:
        y = x.sqrt()
    elif x < -2:
        y = -x
    else:
        return x
    return y + 1


class Point:
    def __init__(self, x: int, y: int):
        self.x = x
        self.y = y

    def add(self, o: "Point") -> "Point":
        return Point(self.x + o.x, self.y + o.y)

    def __eq__(self, o: "Point") -> bool:
        return self.x == o.x and self.y == o.y

    def bump(self) -> int:
        self.x += 1
        return self.x


@programs(2)
def objects(n: int):
    a = Point(n, 1)
    before = a.x
    b = a.bump()
    c = a.x + a.bump() + a.x
    q = a.add(Point(1, 1))
    return before, b, c, q.x, q.y, a == q, a == Point(a.x, 1)


@programs(3)
@programs(0)
def loop_values(n: int):
    last = -1
    for i in range(n):
        last = i
        sq = i * i
    if n > 0:
        return last, sq
    return last, 0


@programs(5)
def countdown(n: int):
    out: List[int] = []
    for i in range(n, 0, -2):
        out.append(i)
    for i in range(-n, n, 3):
        if i > 2:
            break
        out.append(i)
    i = 10
    while i > 0:
        i -= 3
        if i == 4:
            continue
        out.append(i)
    return out, i


@programs(2)
def raises_user(n: int):
    try:
        try:
            fail(n + 1)
        except ValueError as e:
            raise RuntimeError("outer " + str(e)) from e
    except RuntimeError as e:
        return str(e)
    return "none"


@programs(4)
def recursive(n: int) -> int:
    if n <= 1:
        return 1
    return n * recursive(n - 1)


@programs(True)
@programs(False)
def flags(v: bool):
    done = False
    found = False
    i = 0
    while not done:
        i += 1
        if i == 3 and v:
            found = True
            done = True
        elif i > 5:
            done = True
    return i, found, done


@programs(3)
def sharing(n: int):
    x = n
    y = x
    x = x + 1
    z = x
    x, y = y, x
    return x, y, z


@programs(6)
def collatz(n: int):
    steps = 0
    seen: Set[int] = set()
    while n != 1:
        if n in seen:
            return -1, seen
        seen.add(n)
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
        if steps > 50:
            break
    return steps, seen


@programs(3)
@programs(1)
def deep_break(n: int):
    out = 0
    for a in range(n):
        k = 0
        while True:
            k += 1
            for b in range(5):
                if b == n:
                    break
                out += b
                if out > 40:
                    return out
            if k > 3:
                break
            if k == n:
                continue
            out += 100
    return out


@programs(0)
@programs(1)
@programs(2)
def try_return(n: int):
    x = 5
    try:
        if n == 0:
            return x
        x = 7
        y = [1, 2][n]
        x = 9
    except IndexError:
        return -x
    finally:
        x += 100
    return x + y


@programs({"a": 1}, "a")
@programs({"a": 1}, "b")
def handler_order(d: Dict[str, int], k: str):
    log: List[str] = []
    try:
        v = d[k]
        log.append("got")
    except (KeyError, IndexError) as e:
        log.append(type(e).__name__)
        v = -1
    else:
        v += 1
    return v, log


@programs(10)
def early_continue_values(n: int):
    total = 0
    last = ""
    for i in range(n):
        if i % 3 == 0:
            continue
        last = str(i)
        if i % 4 == 0:
            total += 1
            continue
        if i == 7:
            last = "seven"
            break
        total += i
    return total, last


@programs.parametrized()
def test_same_as_python(function: Any, arguments: Any) -> None:
    check(function, arguments)
