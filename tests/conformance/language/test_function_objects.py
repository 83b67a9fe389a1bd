"""Functions that are values of run time: in lists and dicts that loops fill, in attributes, chosen by what the program computes."""

# ruff: noqa: E731
import functools
import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Dict, List, NamedTuple, Optional

import pytest
import torch

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


@feature("Functions and closures", "functions in lists that loops fill, with their variables as Python sees them")
@programs(3)
def append_default(n: int):
    fs = []
    for i in range(n):
        fs.append(lambda x, i=i: x + i)
    return [f(10) for f in fs]


@programs(3)
def append_late(n: int):
    fs = []
    for i in range(n):
        fs.append(lambda x: x + i)
    return [f(10) for f in fs]


@programs(3)
def append_def(n: int):
    fs = []
    for i in range(n):

        def g(x, k=i * 2):
            return x * k

        fs.append(g)
    s = 0
    for f in fs:
        s += f(3)
    return s


def make(k: int):
    def inner(x: int):
        return x + k

    return inner


@programs(4)
def append_made(n: int):
    fs = []
    for i in range(n):
        fs.append(make(i))
    return [f(1) for f in fs], fs[-1](5), len(fs)


@feature("Comprehensions", "functions made in a comprehension of run time")
@programs(4)
def comp_runtime(n: int):
    fs = [lambda x, i=i: x * i for i in range(n)]
    return [f(2) for f in fs]


@programs(4)
def comp_made(n: int):
    fs = [make(i) for i in range(n)]
    return sum(f(1) for f in fs)


@programs(5)
@programs(-5)
def branch(n: int):
    if n > 0:
        f = lambda x: x + 1
    else:
        f = lambda x: x - 1
    return f(n)


@feature("Functions and closures", "functions assigned under conditions of run time, in branches and loops")
@programs(5)
def loop_assign(n: int):
    f = lambda x: x
    for i in range(n):
        if i % 2 == 0:
            f = lambda x: x + 10
    return f(n)


@programs(4)
def compose_loop(n: int):
    f = lambda x: x
    for i in range(n):
        f = (lambda g, k: lambda x: g(x) + k)(f, i)
    return f(1)


@programs(2)
@programs(0)
def optional_fn(n: int):
    f = None
    if n > 1:
        f = lambda x: x * 2
    if f is not None:
        return f(n)
    return -1


@feature("Functions and closures", "dicts of functions that are filled at run time")
@programs(3, "b")
def dict_runtime(n: int, k: str):
    table = {}
    for i, name in enumerate(["a", "b", "c"]):
        table[name] = lambda x, i=i: x + i
    return table[k](n)


@programs(3)
def dict_comp(n: int):
    table = {i: (lambda x, i=i: x**i) for i in range(n)}
    return [table[j](2) for j in range(n)]


@programs(3)
def registry(n: int):
    handlers: Dict[str, List[Callable[[int], int]]] = {}

    def register(name: str, f):
        handlers.setdefault(name, []).append(f)

    register("x", lambda v: v + 1)
    register("y", lambda v: v * 2)
    register("x", lambda v: v - 3)
    return [f(n) for f in handlers["x"]], [f(n) for f in handlers["y"]]


@programs(torch.ones(2))
def pipeline(x):
    stages = []
    stages.append(torch.relu)
    stages.append(lambda t: t * 3)
    stages.append(torch.tanh)
    for s in stages:
        x = s(x)
    return x


@programs(torch.ones(2), ["relu", "tanh"])
def pipeline_names(x, names: List[str]):
    table = {"relu": torch.relu, "tanh": torch.tanh, "sq": lambda t: t * t}
    fs = [table[n] for n in names]
    for f in fs:
        x = f(x)
    return x


@feature("Standard library", "functools.reduce of functions")
@programs(5)
def reduce_compose(n: int):
    fs = [lambda x: x + 1, lambda x: x * 2]
    h = functools.reduce(lambda f, g: lambda x: g(f(x)), fs)
    return h(n)


@programs(5)
def stack_pop(n: int):
    todo = [lambda: 1, lambda: 2]
    todo.append(lambda: n)
    r = []
    while todo:
        f = todo.pop()
        r.append(f())
    return r


class Node:
    def __init__(self, f: Callable[[int], int]):
        self.f = f
        self.n = 0

    def run(self, x: int):
        self.n += 1
        return self.f(x)


@feature("Classes", "functions as attributes, which change")
@programs(3)
def attr_fn(n: int):
    a = Node(lambda x: x + n)
    b = Node(lambda x: x * n)
    return a.run(2), b.run(2), a.n


@programs(3)
def attr_change(n: int):
    a = Node(lambda x: x + 1)
    r = a.run(n)
    a.f = lambda x: x * 5
    return r, a.run(n)


@programs(3)
def attr_list(n: int):
    items = [Node(lambda x: x + 1), Node(lambda x: x * 2)]
    return [i.run(n) for i in items]


@programs(3)
def returned_choice(n: int):
    def pick(k: int):
        if k == 0:
            return lambda x: x + 1
        elif k == 1:
            return lambda x: x * 2
        return lambda x: x - 5

    return [pick(i)(10) for i in range(n)]


def pick_global(k: int):
    if k == 0:
        return math.sqrt
    return math.exp


@programs(0)
@programs(1)
def picked(k: int):
    return pick_global(k)(4.0)


@programs(4)
def counter_nonlocal(n: int):
    def counter():
        c = 0

        def inc():
            nonlocal c
            c += 1
            return c

        return inc

    a = counter()
    b = counter()
    r = []
    for i in range(n):
        r.append(a())
        if i % 2 == 0:
            r.append(b())
    return r


@feature("Functions and closures", "functions with variables of their own (nonlocal) in lists")
@programs(3)
def counters_list(n: int):
    def counter(c: int):
        def inc():
            nonlocal c
            c += 1
            return c

        return inc

    cs = [counter(i * 10) for i in range(n)]
    return [c() for c in cs] + [c() for c in cs]


@programs([3, 1, 2], True)
def sort_key(xs: List[int], rev: bool):
    key = (lambda v: -v) if rev else (lambda v: v)
    return sorted(xs, key=key)


@programs([3, 1, 2], 1)
def sort_keys(xs: List[int], k: int):
    keys = [lambda v: v, lambda v: -v, lambda v: v % 2]
    ks = []
    for f in keys:
        ks.append(f)
    return sorted(xs, key=ks[k]), list(map(ks[k], xs)), [x for x in filter(ks[2], xs)]


@feature("Functions and closures", "partials, bound methods and built-in functions in lists")
@programs(4)
def partials(n: int):
    fs = [functools.partial(pow, i) for i in range(n)]
    return [f(2) for f in fs]


@programs(4)
def partials_append(n: int):
    fs = []
    for i in range(n):
        fs.append(functools.partial(operator.add, i))
    return [f(2) for f in fs]


@programs(3)
def bound_methods(n: int):
    class A:
        def __init__(self, v: int):
            self.v = v

        def add(self, x: int):
            self.v += x
            return self.v

    fs = []
    for i in range(n):
        fs.append(A(i).add)
    return [f(1) for f in fs], [f(1) for f in fs]


@programs(3)
def list_methods(n: int):
    fs = [lambda: 1]
    fs.insert(0, lambda: n)
    fs += [lambda: 7]
    fs.extend([lambda: 8, lambda: 9])
    fs[1] = lambda: 100
    return [f() for f in fs]


@programs(3)
def callbacks(n: int):
    log = []
    cbs = []
    cbs.append(lambda v: log.append(v))
    cbs.append(lambda v: log.append(v * 10))
    for i in range(n):
        for cb in cbs:
            cb(i)
    return log


def apply_all(fs: List[Callable[[int], int]], x: int):
    r = []
    for f in fs:
        r.append(f(x))
    return r


@programs(3)
def passed_list(n: int):
    fs = []
    for i in range(n):
        fs.append(make(i))
    return apply_all(fs, 5)


@programs(3)
def tuples_of_fn(n: int):
    ops = [("add", operator.add), ("mul", operator.mul), ("sub", lambda a, b: a - b)]
    r = []
    for name, op in ops:
        r.append(name + str(op(n, 2)))
    return r


@programs(3)
def tuples_append(n: int):
    ops = []
    ops.append(("add", operator.add))
    ops.append(("sub", lambda a, b: a - b))
    return [name + str(op(n, 2)) for name, op in ops]


@programs(6)
def recursive_fn_in_list(n: int):
    def fact(k: int) -> int:
        return 1 if k <= 1 else k * fact(k - 1)

    fs = []
    fs.append(fact)
    return fs[0](n)


@programs(3)
def truthy(n: int):
    f = (lambda x: x) if n > 2 else None
    return f(n) if f else 0


@programs(2)
@programs(3)
def while_swap(n: int):
    f = lambda x: x + 1
    g = lambda x: x * 2
    r = 1
    while n > 0:
        r = f(r)
        f, g = g, f
        n -= 1
    return r


@programs(4)
def even_odd(n: int):
    return [is_even(k) for k in range(n)]


def is_even(n: int):
    if n == 0:
        return True
    return is_odd(n - 1)


def is_odd(n: int):
    if n == 0:
        return False
    return is_even(n - 1)


@dataclass
class Op:
    name: str
    fn: Callable[[int], int]

    def apply(self, x: int):
        return self.fn(x)


@feature("Enums, NamedTuples and dataclasses", "fields that are functions")
@programs(5)
def dataclass_fn(n: int):
    ops = [Op("inc", lambda x: x + 1), Op("dbl", lambda x: x * 2)]
    r = {}
    for op in ops:
        r[op.name] = op.apply(n)
    return r


class Pair(NamedTuple):
    a: int
    f: Callable[[int], int]


@programs(5)
def namedtuple_fn(n: int):
    p = Pair(1, lambda x: x + n)
    return p.f(p.a)


class Emitter:
    def __init__(self):
        self.handlers: Dict[str, List[Callable[[int], int]]] = {}

    def on(self, name: str, f):
        if name not in self.handlers:
            self.handlers[name] = []
        self.handlers[name].append(f)

    def emit(self, name: str, v: int):
        return [h(v) for h in self.handlers.get(name, [])]


@programs(5)
def events(n: int):
    e = Emitter()
    e.on("a", lambda v: v + 1)
    e.on("a", lambda v: v * n)
    e.on("b", lambda v: -v)
    return e.emit("a", 3), e.emit("b", 3), e.emit("c", 3)


def twice(f):
    return lambda x: f(f(x))


@programs(3)
def decorated_list(n: int):
    fs = []
    for i in range(n):
        fs.append(twice(lambda x, i=i: x + i))
    return [f(1) for f in fs]


@programs(3)
def local_decorator(n: int):
    registry = {}

    def register(name: str):
        def deco(f):
            registry[name] = f
            return f

        return deco

    @register("a")
    def fa(x: int):
        return x + 1

    @register("b")
    def fb(x: int):
        return x * 2

    r = []
    for k in ["a", "b"]:
        r.append(registry[k](n))
    return r


@programs(3)
def memo(n: int):
    cache: Dict[int, int] = {}

    def wrap(f):
        def g(x: int) -> int:
            if x not in cache:
                cache[x] = f(x)
            return cache[x]

        return g

    fs = []
    for i in range(n):
        fs.append(wrap(lambda x, i=i: x * x + i))
    return [f(3) for f in fs], len(cache)


@programs(3)
def getset(n: int):
    def box(v: int):
        def get():
            return v

        def put(x: int):
            nonlocal v
            v = x
            return 0

        return get, put

    gs = []
    ps = []
    for i in range(n):
        g, p = box(i)
        gs.append(g)
        ps.append(p)
    ps[1](100)
    return [g() for g in gs]


@programs(torch.arange(4.0), 2)
def tensor_closures(x, n: int):
    fs = []
    for i in range(n):
        w = x * i
        fs.append(lambda t, w=w: t + w)
    for f in fs:
        x = f(x)
    return x


@programs(torch.arange(4.0), 2)
def tensor_late(x, n: int):
    fs = []
    for i in range(n):
        w = x * (i + 1)
        fs.append(lambda t: t + w)
    return [f(x) for f in fs]


@programs(torch.arange(4.0))
def grad_tape(x):
    tape = []
    y = x * 2
    tape.append(lambda g: g * 2)
    z = y.sin()
    tape.append(lambda g: g * y.cos())
    g = torch.ones_like(z)
    for back in reversed(tape):
        g = back(g)
    return g


@programs([1, 2, 3, 4])
def strategy(xs: List[int]):
    rules = [(lambda x: x % 2 == 0, lambda x: x // 2), (lambda x: True, lambda x: 3 * x + 1)]
    out = []
    for x in xs:
        for test, act in rules:
            if test(x):
                out.append(act(x))
                break
    return out


@programs([1, 2, 3, 4])
def strategy2(xs: List[int]):
    rules = []
    rules.append((lambda x: x % 2 == 0, lambda x: x // 2))
    rules.append((lambda x: True, lambda x: 3 * x + 1))
    out = []
    for x in xs:
        for test, act in rules:
            if test(x):
                out.append(act(x))
                break
    return out


@programs(3)
def kwargs_call(n: int):
    fs = []
    for i in range(n):
        fs.append(lambda x, *, scale=2, i=i: x * scale + i)
    return [f(3, scale=5) for f in fs] + [f(3) for f in fs]


@programs("1 2 + 3 *")
def rpn(text: str):
    ops = {"+": lambda a, b: a + b, "*": lambda a, b: a * b, "-": operator.sub}
    stack: List[int] = []
    for t in text.split():
        if t in ops:
            b = stack.pop()
            a = stack.pop()
            stack.append(ops[t](a, b))
        else:
            stack.append(int(t))
    return stack[-1]


@programs(3)
def rpn2(n: int):
    ops: Dict[str, Callable[[int, int], int]] = {}
    ops["+"] = operator.add
    ops["*"] = operator.mul
    return ops["+"](n, 4), ops["*"](n, 4), "+" in ops, len(ops)


@programs(3)
def raising(n: int):
    fs = []
    fs.append(lambda x: x + 1)
    fs.append(lambda x: 1 // (x - 3))
    try:
        return [f(n) for f in fs]
    except ZeroDivisionError:
        return [-1]


@programs(3)
def map_list(n: int):
    fs = []
    for i in range(n):
        fs.append(lambda x, i=i: x + i)
    return (
        list(map(lambda f: f(1), fs)),
        sum(f(2) for f in fs),
        max(fs, key=lambda f: f(0))(10),
        sorted(fs, key=lambda f: -f(0))[0](5),
    )


@programs(3)
def zip_fns(n: int):
    fs = []
    for i in range(n):
        fs.append(lambda x, i=i: x * i)
    return [f(v) for f, v in zip(fs, [5, 6, 7])], [k * f(1) for k, f in enumerate(fs)]


@programs(4)
def y_comb(n: int):
    def fix(f):
        return lambda x: f(fix(f), x)

    return (lambda g: g)(n)


@programs(5)
def thunks(n: int):
    def lazy(k: int):
        return lambda: k * k

    ts = [lazy(i) for i in range(n)]
    total = 0
    while ts:
        total += ts.pop(0)()
    return total


@programs(3)
def nested_defs(n: int):
    def outer(a: int):
        def mid(b: int):
            def inner(c: int):
                return a * 100 + b * 10 + c

            return inner

        return mid

    fs = []
    for i in range(n):
        for j in range(2):
            fs.append(outer(i)(j))
    return [f(k) for k, f in enumerate(fs)]


@programs(3)
def swap_attr(n: int):
    class Box:
        def __init__(self, f: Callable[[int], int]):
            self.f = f

    b = Box(lambda x: x)
    for i in range(n):
        old = b.f
        b.f = lambda x, old=old, i=i: old(x) + i
    return b.f(1)


@programs(3)
def optional_cb(n: int):
    def run(x: int, cb: Optional[Callable[[int], int]] = None):
        if cb is not None:
            return cb(x)
        return x

    return run(n), run(n, lambda v: v * 3)


@programs(3)
def defaults_fn(n: int):
    def apply(x: int, f=lambda v: v + 1):
        return f(x)

    fs = [lambda v: v, lambda v: -v]
    fs.append(lambda v: v * v)
    return [apply(n, f) for f in fs] + [apply(n)]


@programs(3)
def str_fns(n: int):
    fs = [str.upper, str.title]
    fs.append(str.lower)
    return [f("aBc d") for f in fs]


@programs([3.0, 4.0])
def math_fns(xs: List[float]):
    fs = []
    fs.append(math.sqrt)
    fs.append(math.exp)
    fs.append(abs)
    return [[f(x) for f in fs] for x in xs]


@programs(torch.arange(4.0))
def methods_fns(x):
    fs = []
    fs.append(torch.Tensor.relu)
    fs.append(x.add)
    return [fs[0](x), fs[1](1.0)]


@feature("Functions and closures", "comparing functions of run time with named ones")
@programs(True)
@programs(False)
def is_test(b: bool):
    fs = []
    fs.append(torch.relu)
    fs.append(torch.tanh)
    f = fs[0] if b else fs[1]
    return f is torch.relu, f is not torch.tanh, f == torch.relu


@programs(3)
def class_ctor_list(n: int):
    class A:
        def __init__(self, v: int):
            self.v = v

    makers = [A]
    makers.append(A)
    return [m(n).v for m in makers]


@feature("Classes", "objects with __call__ in lists, among functions")
@programs(3)
def callable_objects(n: int):
    class Add:
        def __init__(self, k: int):
            self.k = k

        def __call__(self, x: int):
            return x + self.k

    fs = []
    for i in range(n):
        fs.append(Add(i))
    return [f(10) for f in fs]


@programs(3)
def mixed_objects(n: int):
    class Add:
        def __init__(self, k: int):
            self.k = k

        def __call__(self, x: int):
            return x + self.k

    fs: List[Callable[[int], int]] = []
    fs.append(lambda x: x * 2)
    for i in range(n):
        fs.append(Add(i))
    return [f(10) for f in fs]


@programs(3)
def late_changes(n: int):
    k = 1
    fs = []
    fs.append(lambda x: x + k)
    a = fs[0](10)
    k = n * 5
    return a, fs[0](10)


@programs(3)
def late_two(n: int):
    fs = []
    total = 0
    for i in range(n):
        fs.append(lambda: total)
        total += i
    a = [f() for f in fs]
    total = 99
    return a, [f() for f in fs]


@programs(3)
def nonlocal_running(n: int):
    count = 0

    def inc(k: int):
        nonlocal count
        count += k
        return count

    fs = []
    fs.append(inc)
    fs.append(lambda k: -k)
    r = []
    for i in range(n):
        for f in fs:
            r.append(f(i + 1))
    return r, count, inc(10), count


@programs(3)
def mutate_in_callee(n: int):
    def add(fs: List[Callable[[int], int]], k: int):
        fs.append(lambda x, k=k: x * k)

    fs: List[Callable[[int], int]] = []
    for i in range(n):
        add(fs, i)
    return [f(7) for f in fs]


def g_add(fs: List[Callable[[int], int]], k: int):
    fs.append(lambda x, k=k: x * k)


@programs(3)
def mutate_in_global(n: int):
    fs: List[Callable[[int], int]] = []
    for i in range(n):
        g_add(fs, i)
    fs.append(lambda x: -x)
    return [f(7) for f in fs]


@programs(2)
def call_before_make(n: int):
    fs = []
    fs.append(lambda x: x + 1)
    r = []
    for i in range(n):
        r.append(fs[-1](i))
        fs.append(lambda x, i=i: x * 10 + i)
    return r, [f(1) for f in fs]


@programs(3)
def different_results(n: int):
    ints = []
    strs = []
    for i in range(n):
        ints.append(lambda x, i=i: x + i)
        strs.append(lambda x, i=i: "s" + str(x + i))
    return [f(1) for f in ints], [g(1) for g in strs]


@programs(3)
def float_int(n: int):
    fs = []
    fs.append(lambda x: x + 1)
    fs.append(lambda x: x * 0.5)
    return [f(n) for f in fs]


@programs(3)
def none_results(n: int):
    out: List[int] = []
    fs = []
    fs.append(lambda x: out.append(x))
    fs.append(lambda x: out.insert(0, x))
    for f in fs:
        f(n)
    return out


@programs(3)
def while_late(n: int):
    fs = []
    i = 0
    while i < n:
        j = i * 2
        fs.append(lambda: (i, j))
        i += 1
    return [f() for f in fs]


@programs(4)
def recursion_list(n: int):
    def build(k: int) -> List[Callable[[int], int]]:
        if k == 0:
            return []
        fs = build(k - 1)
        fs.append(lambda x, k=k: x + k)
        return fs

    return [f(10) for f in build(n)]


@programs([1, 2, 3])
def closures_over_args(xs: List[int]):
    fs = []
    for x in xs:
        fs.append(lambda: xs)
    xs.append(4)
    return [len(f()) for f in fs], fs[0]() is xs


@programs(2)
def try_in(n: int):
    fs = []
    for i in range(3):
        try:
            if i == n:
                raise ValueError("x")
            fs.append(lambda i=i: i)
        except ValueError:
            fs.append(lambda i=i: -i)
    return [f() for f in fs]


@programs(3)
def branch_capture(n: int):
    if n > 2:
        a = n * 2
        f = lambda x: x + a
    else:
        a = 0
        f = lambda x: x - a
    a = 1000
    return f(1)


@programs(3)
def branch_none_loop(n: int):
    best = None
    for i in range(n):
        if i == 1:
            best = lambda x, i=i: x + i
    if best is None:
        return -1
    return best(10)


@programs(3)
def attr_late(n: int):
    class B:
        def __init__(self, f: Callable[[int], int]):
            self.f = f

    k = 1
    b = B(lambda x: x + k)
    k = 50
    return b.f(n)


@programs(3)
def compose_many(n: int):
    def compose(*fs):
        def inner(x: int):
            for f in fs:
                x = f(x)
            return x

        return inner

    fs = []
    for i in range(n):
        fs.append(compose(lambda x, i=i: x + i, lambda x: x * 2))
    return [f(1) for f in fs]


@programs(torch.arange(3.0))
def inplace_capture(x):
    acc = torch.zeros(3)
    fs = []
    for i in range(3):
        fs.append(lambda t: acc.add_(t))
    for f in fs:
        f(x)
    return acc


@programs(3)
def default_mutable(n: int):
    fs = []
    for i in range(n):

        def f(x: int, seen=[0]):
            seen.append(x)
            return len(seen)

        fs.append(f)
    return [f(1) for f in fs], [f(1) for f in fs], fs[0](5)


@programs(3)
def dict_of_lists(n: int):
    table: Dict[str, List[Callable[[int], int]]] = {}
    for i in range(n):
        table.setdefault("even" if i % 2 == 0 else "odd", []).append(lambda x, i=i: x + i)
    return {k: [f(1) for f in v] for k, v in table.items()}


@programs(5)
def sorted_fns(n: int):
    fs = []
    for i in range(n):
        fs.append(lambda x, i=i: (x * 7 + i * 3) % 5)
    fs.sort(key=lambda f: f(1))
    return [f(2) for f in fs], [f(1) for f in reversed(fs)], [f(0) for f in fs[1:3]], len(fs + fs), (fs * 2)[-1](1)


@programs(3)
def pop_swap(n: int):
    fs = []
    for i in range(n):
        fs.append(lambda x, i=i: x + i)
    fs[0], fs[-1] = fs[-1], fs[0]
    g = fs.pop(1)
    del fs[0]
    return g(1), [f(1) for f in fs], bool(fs)


@programs(3)
def ternary_fn(n: int):
    return [(operator.add if i % 2 else operator.mul)(i, 10) for i in range(n)], (lambda a: a if n > 2 else -a)(5)


@programs(3)
def while_fn_state(n: int):
    state = lambda k: ("a", k + 1)
    names = []
    k = 0

    def b(k: int):
        return ("b", k + 2)

    while k < 8:
        name, k = state(k)
        names.append(name)
        if name == "a":
            state = b
        else:
            state = lambda k: ("c", k + 3)
    return names


@programs(3)
def raise_in_fn(n: int):
    fs = []
    fs.append(lambda x: [1, 2][x])
    fs.append(lambda x: {0: 1}[x])
    r = []
    for f in fs:
        try:
            r.append(f(n))
        except (IndexError, KeyError) as e:
            r.append(-1 if isinstance(e, IndexError) else -2)
    return r


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)


def wrong_arity(n: int):
    fs = []
    fs.append(lambda: 1)
    fs.append(lambda x: x)
    return fs[n]()


def test_a_function_that_takes_other_arguments():
    compiled = tsir.script(wrong_arity)
    assert compiled(0) == wrong_arity(0)
    with pytest.raises(TypeError):
        compiled(1)


def gives_functions(n: int):
    fs = []
    for i in range(n):
        fs.append(lambda x, i=i: x + i)
    return fs


def reads_what_is_gone(n: int):
    def make_list(k: int):
        fs = []
        for i in range(2):
            fs.append(lambda x: x + i * 100 + k)
        return fs

    found = []
    for k in range(n):
        for f in make_list(k):
            found.append(f)
    return [f(1) for f in found]


@feature("Messages for what isn't supported", "functions that leave the program, or are looked for")
@pytest.mark.parametrize(
    ("function", "message"),
    [
        (gives_functions, "returns a function, which isn't a value that compiled code can give"),
        (reads_what_is_gone, "reads 'i' of a function that has returned"),
    ],
)
def test_refused(function, message):
    with pytest.raises(tsir.TsirError, match=message):
        tsir.script(function)
