"""Values: numbers, strings, lists, dicts, tuples and tensors, with Python's operators, methods, built-ins and exceptions."""

# ruff: noqa  (how users write is the point here)
import collections
import dataclasses
import enum
import functools
import itertools
import math
import operator
import warnings
from collections import OrderedDict, defaultdict, namedtuple
from typing import *

import torch
import torch.nn.functional as F
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check
from torch import Tensor

programs = Programs()
X = torch.arange(6.0).reshape(2, 3)

S = torch.tensor(2.5)


@feature("Tensors in programs", "shapes as tuples: torch.Size")
@programs(X)
def shapes(x):
    return (
        x.shape,
        x.size(),
        x.shape[1:],
        x.shape + (4,),
        len(x.shape),
        x.shape == (2, 3),
        tuple(x.shape),
        list(x.shape),
        x.shape[0],
        (x.shape, 1),
    )


@programs(torch.empty(7, dtype=torch.float64), torch.zeros(7, dtype=torch.int64), 7)
@programs(torch.zeros(7), torch.zeros(7, dtype=torch.int32), 7)
def factories_fill_given_tensors(o, i, n: int):
    found = [torch.linspace(0, 1, n, out=o).clone(), torch.logspace(-1, 2, n, 3.0, out=o).clone()]
    torch.arange(1, 15, 2, out=o)
    found += [o.clone(), torch.arange(n, out=i).clone(), torch.full([n], 2.5, out=i) + torch.zeros(n, out=o)]
    torch.ones(n, out=o[:n])
    return found, torch.eye(2, out=torch.empty(2, 2)), o, i


def turned(x, times: int = 1):
    for _ in range(times):
        x.transpose_(0, 1)
    return x.shape


@programs(X)
def called_functions_change_sizes(x):
    y = x * 2
    first = turned(y)
    padded = torch.nn.utils.rnn.pad_sequence([x[0], x[1, :2]])
    return first, y, turned(x + 1, times=2), torch.nn.utils.rnn.unpad_sequence(padded, torch.tensor([3, 2])), x.new()


@programs(True, False)
@programs(False, True)
def what_the_last_operand_decides(a: bool, b: bool):
    distributed = a and b and torch.distributed.is_initialized()
    if distributed:
        return torch.no_such_function(1)
    alone = a or not torch.distributed.is_initialized()
    return alone, distributed, a and b and True, a or b or False


@programs(1 + 2j, 5)
def spaced_complex_numbers(a: complex, n: int):
    return (
        torch.linspace(a, 2, n),
        torch.linspace(0, a, n, dtype=torch.complex128),
        torch.logspace(a, 1, n),
        torch.linspace(a, 1j, 1),
    )


@programs(X)
def what_tensors_say_of_themselves(x):
    where = [x.is_xla, x.is_ipu, x.is_mtia, x.is_maia, x.is_mps, x.is_xpu, x.is_vulkan, x.is_sparse_csr, x.retains_grad]
    return where, x.grad_fn is None, x.name, x.grad_dtype, x.is_cpu


@feature("Built-in functions", "tuple of any iterable")
@programs([1, 2])
def tuple_of(l: List[int]):
    return (tuple(l), tuple((v * 2 for v in l)), tuple("ab"), tuple(range(3)))


@feature("Lists and tuples", "empty lists typed by their use")
@programs(3)
def grow(n: int):
    l = []
    for i in range(n):
        l = l + [i]
    m = []
    for i in range(n):
        m += [i]
    d = {}
    for i in range(n):
        d[i] = str(i)
    return (l, m, d)


@feature("Lists and tuples", "lists of lists")
@programs(3)
def nested_lists(n: int):
    g = [[0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            g[i][j] = i * j
    rows: List[List[int]] = []
    for i in range(n):
        row = []
        for j in range(i):
            row.append(j)
        rows.append(row)
    return (g, rows)


@feature("Strings", "methods, repetition, comparison, slices")
@programs("hello world foo")
def strings(s: str):
    words = s.split()
    counts: Dict[str, int] = {}
    for w in words:
        for c in w:
            counts[c] = counts.get(c, 0) + 1
    return (
        [w.capitalize() for w in words],
        sorted(counts.items(), key=lambda p: (-p[1], p[0])),
        " ".join(reversed(words)),
        s.replace("o", "0", 1),
        s.find("w"),
        s.count("o"),
        s.title(),
        s[::-1],
        "x" in s,
        s.startswith("he"),
        s.split("o", 1),
        s.partition(" "),
    )


@feature("Strings", "f-strings: conversions, format specs, nested specs", "`%` formatting", "str.format by index and name")
@programs(3, 2.5)
def fmt(n: int, f: float):
    return (
        f"{n!r:>5}|{f:.2f}|{n:03d}|{f!s}|n={n!r}",
        "{:>5}|{:<4}|{0}".replace("{0}", "z").format(n, f),
        "%5.1f|%s|%r" % (f, n, "q"),
        "{a}-{b}".format(a=n, b=f),
        "{1}{0}".format(n, f),
        f"{n:{n}d}",
        f"{('a' if n > 2 else 'b')}",
        f"ab{n}",
        "%d%%" % n,
    )


@feature("Built-in functions", "divmod, pow with modulus, hex, bin, round, int with base")
@feature("Expressions", "integer operators with Python's signs")
@programs(7, 3)
@programs(-7, 3)
@programs(7, -3)
def ints(a: int, b: int):
    return (
        a // b,
        a % b,
        divmod(a, b),
        a**2,
        -a // b,
        a / b,
        a & b,
        a | b,
        a ^ b,
        ~a,
        a << 2,
        a >> 1,
        abs(a),
        pow(a, 2),
        pow(a, 2, 5),
        int(a / b),
        round(a / b, 2),
        float(a),
        bool(a),
        hex(a),
        bin(a),
        a == 7.0,
        max(a, b, 0),
        min([a, b]),
        sum([a, b]),
        str(a),
        complex(a, b),
        a.bit_length(),
        int("12"),
        int("ff", 16),
        int(3.9),
    )


@feature("Standard library", "math")
@feature("Expressions", "float operators")
@programs(2.5)
@programs(-3.5)
def floats(x: float):
    return (
        round(x),
        int(x),
        math.floor(x),
        math.ceil(x),
        math.trunc(x),
        x // 1,
        x % 1,
        divmod(x, 2.0),
        x.is_integer(),
        abs(x),
        x**2,
        math.copysign(1.0, x),
        str(x),
        repr(x),
        math.isnan(x),
        x == x,
        float("inf") > x,
        math.hypot(x, 2.0),
        math.isclose(x, 2.5),
        math.fsum([x, x]),
        math.prod([2, 3]),
        math.comb(5, 2),
        math.perm(5, 2),
        math.lcm(4, 6),
    )


@feature("Expressions", "ZeroDivisionError")
@programs(0)
def zero_div(a: int):
    return 1 // a


@feature("Expressions", "ZeroDivisionError")
@programs(0)
def zero_mod(a: int):
    return 1 % a


@feature("Lists and tuples", "IndexError")
@programs([1])
def index_error(l: List[int]):
    return l[5]


@feature("Dicts and sets", "KeyError")
@programs({"a": 1})
def key_error(d: Dict[str, int]):
    return d["b"]


@feature("Built-in functions", "ValueError of int('x')")
@programs("x")
def value_error(s: str):
    return int(s)


@feature("Lists and tuples", "ValueError of remove")
@programs([1])
def remove_error(l: List[int]):
    l.remove(3)


@feature("Lists and tuples", "IndexError")
@programs([])
def pop_error(l: List[int]):
    return l.pop()


@feature("Assignment", "ValueError of unpacking")
@programs([1, 2, 3])
def unpack_error(l: List[int]):
    a, b = l
    return a


@feature("Assignment", "unpacking tensors, nested and starred")
@programs(X)
def tensor_unpack(x):
    a, b = x
    (c, d, e), f = x
    first, *rest = x
    return (a, b, c, e, f, first, rest)


@feature("Tensors in programs", "iteration over rows")
@programs(X)
def tensor_iter(x):
    return (
        [r.sum() for r in x],
        [v for r in x for v in r],
        list(x),
        sum(x),
        max(x[0]),
        len(x),
        [i for i, r in enumerate(x)],
        [a + b for a, b in zip(x, x)],
        torch.stack([r for r in x]),
    )


@feature("Lists and tuples", "slice assignment and deletion with steps")
@programs([5, 3, 9])
def slices(l: List[int]):
    l[1:2] = [7, 8]
    l[::2] = [0, 0]
    del l[0]
    l[len(l) :] = [4]
    l *= 2
    l += (1, 2)
    del l[1:3]
    return (l, l[-1], l[:-1], l[::-1], l[5:1:-1])


@feature("Dicts and sets", "methods, merging, `**` displays, comprehensions")
@programs(2)
def dictcomp(n: int):
    d = {i: i * i for i in range(n)}
    e = {**d, 5: 6}
    e.update({7: 8})
    e.update(d)
    f = d | e
    e |= {9: 9}
    return (
        d,
        e,
        f,
        list(e.keys()),
        list(e.values()),
        list(e.items()),
        {k: v for k, v in e.items() if k > 1},
        {v: k for k, v in d.items()},
        e.pop(5),
        e.pop(100, -1),
        e.setdefault(3, 4),
        3 in e,
        len(e),
        dict(zip(["a", "b"], [1, 2])),
        dict(a=1),
        min(d),
        sorted(e, reverse=True),
    )


@feature("Lists and tuples", "sort with key")
@programs([3, 1, 2])
def sorting(l: List[int]):
    m = sorted(l)
    n = sorted(l, reverse=True)
    l.sort(reverse=True)
    t = sorted([(1, "b"), (0, "a")])
    u = sorted(["b", "A"], key=str.lower)
    w = sorted(l, key=abs)
    return (l, m, n, t, u, w, sorted(range(3), key=lambda i: -l[i]))


@feature("Arguments", "mutable defaults")
@programs(3)
def default_mutable(n: int):

    def f(x, acc=[]):
        acc = acc + [x]
        return acc

    return (f(n), f(n))


@feature("Expressions", "ternaries, `and`/`or` values, chained comparison")
@programs(2)
def cond_expr(n: int):
    return (
        "a" if n == 1 else "b" if n == 2 else "c",
        n and 5,
        n or 7,
        0 or n,
        not n,
        None or "x",
        [] or [1],
        n > 1 and n < 5,
        1 < n <= 2 < 3,
    )


@feature("Expressions", "bools as numbers")
@programs(True, 3)
def bools(b: bool, n: int):
    return (
        b + 1,
        b * n,
        b and n > 2,
        b | False,
        b & True,
        b ^ True,
        int(b),
        float(b),
        str(b),
        sum([b, b]),
        b == 1,
        True if b else False,
        isinstance(b, int),
        ~n,
    )


@feature("Expressions", "complex numbers")
@programs(1 + 2j)
def complexes(z: complex):
    return (z * 2, z + 1, z.real, z.imag, abs(z), z.conjugate(), z == 1 + 2j, z**2, -z, complex(1), z / 2)


@feature("Control flow", "break, continue and return in nested loops")
@programs(5)
def early(n: int):
    for i in range(n):
        for j in range(n):
            if i * j == 6:
                break
        else:
            continue
        return (i, j)
    return (-1, -1)


@feature("Control flow", "break, continue and return in nested loops")
@programs(5)
def whiles(n: int):
    a = []
    while True:
        n -= 1
        if n < 0:
            break
        if n == 2:
            continue
        a.append(n)
    while n < 3:
        n += 1
        while n % 2:
            n += 1
    return (a, n)


@feature("Lists and tuples", "tuples of mixed types: unrolled loops, slices, methods")
@programs((1, "a", 2.0))
def hetero(t: Tuple[int, str, float]):
    out = []
    for v in t:
        out.append(str(v))
    a, *b = t
    return (
        out,
        t + (1,),
        t[1:],
        a,
        b,
        t * 2,
        len(t),
        t.index(1),
        t.count("a"),
        "a" in t,
        t == (1, "a", 2.0),
        t[-1],
        max(t[0], 3),
        (1, 2) < (1, 3),
        tuple((x for x in t)),
    )


@feature("Type refinement", "truth of Optional values")
@programs(X, 1)
@programs(X, None)
def optional_chain(x, n: Optional[int]):
    y = x * (n or 5)
    if n:
        y = y + n
    k = n if n is not None else -1
    if n is None or n > 5:
        return (y, k)
    return (y + n, k)


@feature("Type refinement", "Optional containers")
@programs({"a": [1, 2]}, None)
def opt_containers(d: Dict[str, List[int]], e: Optional[Dict[str, int]]):
    d["a"].append(3)
    d.setdefault("b", []).append(4)
    v = d.get("zz")
    if v is None:
        v = [0]
    if e is None:
        e = {}
    e["k"] = 1
    return (d, v, e, d.get("a", []))


@feature("Lists and tuples", "lists of tensors")
@programs([X, X + 1])
def tensor_lists(l: List[Tensor]):
    l[0] = l[0] * 2
    l.append(l[1])
    l[1].add_(1)
    l.extend([t + 1 for t in l[:1]])
    l.insert(0, torch.zeros(1))
    l.reverse()
    out = torch.cat([t.flatten() for t in l])
    t = l.pop()
    return (out, l, t, sum([v.sum() for v in l]))


@feature("Assignment", "every augmented form")
@feature("Aliasing and mutation", "views and in-place operators")
@programs(X)
def inplace(x):
    y = x.clone()
    z = y.view(-1)
    z[0] = 100
    y += 1
    y[1] *= 2
    y[:, 1] -= 5
    y /= 2
    w = y
    w = w + 1
    y.mul_(2)
    a = y[0]
    a.zero_()
    y **= 2
    y //= 3
    y %= 4
    return (x, y, z, w, a)


@feature("Tensors in programs", "dtype, device, finfo, iinfo, properties")
@programs(X)
def dtypes_(x):
    return (
        x.dtype,
        x.dtype == torch.float32,
        x.int().dtype,
        x.to(torch.float64).dtype.is_floating_point,
        x.device,
        x.device.type,
        str(x.dtype),
        x.long() / 2,
        x.is_floating_point(),
        torch.finfo(x.dtype).eps,
        torch.iinfo(torch.int32).max,
        x.element_size(),
        x.ndim,
        x.numel(),
        x.requires_grad,
        x.layout,
    )


@feature("Tensors in programs", "calls by keyword, overloads, NamedTuple results")
@programs(X)
def kwargs_(x):
    return (
        F.softmax(x, dim=-1),
        torch.sum(x, dim=(0, 1)),
        x.sum(1, keepdim=True),
        torch.full((2, 2), 3),
        torch.arange(0, 10, 2),
        torch.linspace(0, 1, steps=3),
        x.max(1)[0],
        x.max(dim=1).values,
        x.sort(descending=True).indices,
        torch.where(x > 2, x, -x),
        F.pad(x, (1, 1)),
        x.masked_fill(x > 2, 0.0),
        torch.zeros(2, 3, dtype=torch.int64),
        torch.ones_like(x),
        x.new_zeros(2),
        x.clamp(min=1),
        torch.topk(x, 2).values,
        x.split(1, dim=1),
        x.chunk(3, -1),
        torch.einsum("ij,kj->ik", x, x),
        torch.cat((x, x), 0),
    )


@feature("Types and annotations", "empty lists and dicts as one of several types")
@programs(True)
@programs(False)
def empty_or_other(c: bool) -> Tuple[Any, Union[str, List[int]], Optional[List[int]]]:
    x: Any = [] if c else "a"
    y: Union[str, List[int]] = "a" if c else []
    return (x, "b" if c else {}), y, None if c else []


@feature("Tensors in programs", "a torch.Size as result")
@programs(torch.ones(2, 3))
def sizes(x):
    s = x.shape
    return s, s[1:], s + (1,), str(s), f"{s}", torch.Size([1, 2]), torch.Size((len(s),)), list(s), s.numel(), (1, x.size())


@feature("Built-in functions", "any, all, min, max, reversed of tensors")
@programs(torch.tensor([0.0, 2.0, 1.0]))
@programs(torch.tensor([[1.0], [2.0]]))
@programs(torch.tensor([1.0, float("nan"), 0.0]))
def rows_of_a_tensor(x):
    return any(x), all(x > 0), max(x), min(x), sum(x), list(reversed(x))


@programs(torch.ones(2, 2))
def max_of_rows(x):
    return max(x)


@programs(torch.ones(0))
def max_of_none(x):
    return max(x)


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)
