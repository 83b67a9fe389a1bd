"""Bytes, frozensets, slices, views of dicts, special methods by name, and arguments of unknown number, next to plain Python."""

# ruff: noqa  (how users write is the point here)
import itertools
import math
from typing import *

import pytest
import torch
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

import tsir

programs = Programs()
X = torch.arange(6.0).reshape(2, 3)


@feature("Strings", "bytes: constants, indexing, methods, encode and decode")
@programs(b"abc\xff", "h\u00e9", 2)
def of_bytes(b: bytes, s: str, n: int):
    return (
        b, len(b), b[0], b[-1], b[1:], b[::-1], b + b"x", b * n, b == b"abc", b < b"b", 97 in b, b"bc" in b, list(b), [v + 1 for v in b],
        sum(b), b.hex(), bytes([1, 2]), bytes(n), bytes(s, "utf-8"), bytes(), bytes.fromhex("0aff"), s.encode(),
        s.encode("utf-8").decode("utf-8"), b.decode("latin-1"), b.decode("utf-8", "ignore"), b.split(b"b"), b.replace(b"a", b"z"),
        b.startswith(b"ab"), b"-".join([b, b]), str(b), f"{b}", bool(b), isinstance(b, bytes), {b: 1}, b.partition(b"b"),
        int.from_bytes(b[:2], "little"), (258).to_bytes(2, byteorder="little"), str(b"ab", "ascii"), b.translate(None, b"a"),
    )  # fmt: skip


@feature("Exceptions", "UnicodeDecodeError and IndexError of bytes")
@programs(b"abc\xff", 0)
@programs(b"abc", 9)
def bytes_errors(b: bytes, i: int):
    return b[i], b.decode("utf-8")


@feature("Dicts and sets", "frozensets: as elements, keys, results of operators")
@programs({1, 2, 3}, {2, 9})
def frozen(s: Set[int], o: Set[int]):
    f = frozenset(s)
    return (
        f, f | o, f & o, f - o, f ^ o, o | f, f == s, f <= s, {f: 2}, {f, frozenset([1, 2, 3])}, f.union([7]), f.issubset(s), f.copy(),
        isinstance(f, set), isinstance(f, frozenset), type(f) is frozenset, sorted(f), len(f), 2 in f, str(frozenset([1])), frozenset(),
    )  # fmt: skip


@feature("Arguments", "frozensets as arguments")
@programs(frozenset([1, 2]))
def frozen_argument(f: FrozenSet[int]) -> FrozenSet[int]:
    return f | {3}


@feature("Lists and tuples", "slice objects")
@programs([1, 2, 3, 4], 2, X)
def slices(l: List[int], n: int, x):
    s, back = slice(1, n + 1), slice(None, None, -1)
    l[slice(0, 1)] = [7, 8]
    return (
        l[s],
        l[back],
        l[slice(n)],
        s.start,
        s.stop,
        s.step,
        s.indices(10),
        "hello"[s],
        x[:, s],
        x[slice(1)],
        x[(slice(None), 0)],
    )


class Window:
    def __init__(self, values: List[int]):
        self.values = values

    def __getitem__(self, where):
        return self.values[where]


@feature("Classes", "__getitem__ with a slice")
@programs([1, 2, 3, 4], 1)
def sliced_object(l: List[int], n: int):
    w = Window(l)
    return w[n : n + 2], w[0]


@feature("Dicts and sets", "set operators of keys and items")
@programs({"a": 1, "b": 2}, {"b": 2, "c": 4})
def views(d: Dict[str, int], o: Dict[str, int]):
    return (
        d.keys() | {"z"}, d.keys() & o.keys(), d.keys() - o.keys(), d.keys() ^ {"a"}, d.keys() == {"a", "b"}, d.keys() <= o.keys(),
        d.items() & o.items(), d.keys().isdisjoint({"q"}), {"a"} | d.keys(), sorted(d.keys()), list(d.keys())[0], len(d.items()),
    )  # fmt: skip


@feature("Dicts and sets", "update with keywords and with pairs")
@programs({"a": 1}, 5)
def updates(d: Dict[str, int], n: int):
    d.update(q=n)
    d.update({"a": 7}, r=2)
    d.update([("x", 1)])
    d.update(zip("yz", [1, 2]))
    d.update()
    e = {}
    e.update(a=1.5)
    return d, e


@feature("Strings", "maketrans and translate in all forms")
@programs("hello")
def translated(s: str):
    return (
        s.translate(str.maketrans("lo", "01")), s.translate(str.maketrans({"l": "L", "o": None})), s.translate(str.maketrans("", "", "l")),
        s.translate({108: "X", 111: None}), s.translate({ord("l"): "LL"}), str.maketrans("a", "b"),
    )  # fmt: skip


@feature("Arguments", "*tensors of a list in torch's functions of any number of tensors")
@programs(X, [torch.ones(3), torch.ones(2, 1)])
def spread_tensors(x, l: List[torch.Tensor]):
    l.append(x.sum())
    whole, equation = torch.broadcast_tensors(*l), torch.einsum("ij,kj->ik", *[x, x])
    return [t.shape for t in whole], torch.block_diag(*l[:2]), torch.cartesian_prod(*[x[0], x[1]]), equation


@feature("Arguments", "*values of a list in calls of functions, methods and built-ins")
@programs([3, 1, 2], [[1, 2], [3, 4], [5, 6]], [(1, "a"), (2, "b")], X)
def spread(l: List[int], rows: List[List[int]], pairs: List[Tuple[int, str]], x):
    def three(a: int, b: int, c: int):
        return a * 100 + b * 10 + c

    def some(first: int, *rest: int):
        return first, len(rest), sum(rest)

    numbers, letters = zip(*pairs)
    print(*l)
    print("a", *l, sep="-")
    return (
        three(*l), some(*l), some(9, *l), max(*l), min(0, *l), list(zip(*rows)), numbers, letters, math.gcd(*l), "{}-{}-{}".format(*l),
        x.reshape(*l[1:2], *[6]), x.view(6, *[1]), (*l, 4), [*l, *l], set().union(*rows), torch.zeros(*l).shape, x.permute(*[1, 0]),
    )  # fmt: skip


@feature("Exceptions", "TypeError for a wrong number of values with *")
def test_a_wrong_number_of_values_raises() -> None:
    def f(l: List[int]):
        def two(a: int, b: int):
            return a + b

        return two(*l)

    compiled = tsir.script(f)
    assert compiled([1, 2]) == 3
    with pytest.raises(TypeError):
        compiled([1, 2, 3])


@feature("Built-in functions", "special methods by name")
@programs([3, 1, 2], {"a": 1}, 2.5)
def special_methods(l: List[int], d: Dict[str, int], f: float):
    l.__setitem__(0, 9)
    d.__delitem__("a")
    return (
        l.__len__(), l.__getitem__(1), l.__contains__(1), "ab".__add__("c"), f.__mul__(2.0), (-7).__abs__(), f.__int__(), f.__floor__(),
        l.__class__ is list, f.__class__.__name__, (1).__lt__(2), list.__len__(l), d.__len__(), (1, 2).__len__(),
    )  # fmt: skip


@feature("Built-in functions", "sum of lists, issubclass, zip(strict=True), math.isclose with keywords")
@programs([1, 2], [3, 4])
def more_builtins(a: List[int], b: List[int]):
    return (
        sum([a, b], []), sum([a, b], [0]), sum([]), issubclass(bool, int), issubclass(int, (float, str)), list(zip(a, b, strict=True)),
        math.isclose(1.0, 1.1, rel_tol=0.2), math.isclose(1.0, 1.1, abs_tol=0.01), math.prod(a, start=3), range(3, 9, 2).start,
        hash(tuple(a)) == hash((1, 2)), list(zip()), "{a}-{b}".format(**{"a": 1, "b": 2}),
    )  # fmt: skip


@feature("Exceptions", "ValueError of zip(strict=True)")
@programs([1, 2], [3])
@programs([1], [3, 4])
def strict_zip(a: List[int], b: List[int]):
    return [x + y for x, y in zip(a, b, strict=True)]


@feature("Dicts and sets", "tuples of unknown length as keys and elements")
@programs([3, 1, 2])
def tuples_as_keys(l: List[int]):
    seen = {tuple(l)}
    counts = {tuple(sorted(l)): 1}
    counts[tuple(l)] = 2
    seen.add(tuple(reversed(l)))
    return seen, counts, tuple(l) in seen, (3, 1, 2) in counts, [tuple(l), tuple(l[1:])], counts.get(tuple(l)), l == tuple(l)


@feature("Exceptions", "IndexError of a tuple where it may not be reached")
@programs(0)
@programs(1)
def tuple_index(n: int):
    t = (1, 2)
    if n > 0:
        return t[5]
    return t[1]


@feature("Assignment", "+= on a list with any iterable")
@programs([1], "ab", {"k": 1})
def list_plus(l: List[int], s: str, d: Dict[str, int]):
    letters = ["x"]
    letters += s
    letters += d
    letters += {"q"}
    l += range(3)
    l += (7, 8)
    l += (v * 2 for v in [1, 2])
    return l, letters


@programs.parametrized()
def test_program(function: Any, arguments: tuple[Any, ...]) -> None:
    check(function, arguments)
