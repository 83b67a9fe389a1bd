"""Ranges, views of dicts and iterators as values: kept in variables and containers, asked later, printed, and returned."""

from collections.abc import Iterator
from typing import Dict, List

import tsir
from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


class Held:
    def __init__(self, d: Dict[str, int]):
        self.keys = d.keys()
        self.places = range(len(d))


@feature("Lists and tuples", "ranges as values: indexed, sliced, compared, unpacked, in containers and results")
@programs(4, True)
@programs(5, False)
def ranges(n: int, flag: bool):
    def numbers():
        return range(n)

    r = range(n) if flag else range(1, n, 2)
    q = numbers()
    first, *rest = q
    texts = str(r), f"{q} {range(2)!r}", repr([r])
    asked = (
        isinstance(r, range),
        isinstance(q, list),
        type(q) is range,
        q == range(n),
        q == list(q),
        hash(q) == hash(range(n)),
    )
    parts = q[1:], r[::-1], q[-1], len(r), q.start, q.stop, 2 in q, sum(q), first, rest
    return r, [range(i) for i in range(n)], {"a": q}, (r,), list(r), texts, asked, parts


@feature("Dicts and sets", "keys(), values() and items() kept, which see what is put in later")
@programs({"a": 1, "b": 2}, True)
@programs({"a": 1, "b": 2}, False)
def views(d: Dict[str, int], flag: bool):
    def both(given: Dict[str, int]):
        return given.keys(), given.items()

    held = Held(d)
    k, v = d.keys(), d.values()
    keys, items = both(d)
    chosen = d.keys() if flag else {"q": 1}.keys()
    seen = []
    for i in range(2):
        d[str(i)] = i
        seen.append((len(k), sum(v)))
    texts = str(k), f"{v} {d.items()}", f"{k} {items!r}", repr(held.keys)
    asked = isinstance(k, list), isinstance(k, type({}.keys())), type(v).__name__, k == d.keys(), "1" in k
    return seen, texts, asked, sorted(k), list(keys), len(items), len(chosen), held.places, [x for x in held.keys]


@programs({"a": 1})
def changed_while_gone_over(d: Dict[str, int]):
    k = d.keys()
    for x in k:
        d[x + "z"] = 1
    return len(k)


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)


def test_results_are_what_python_has():
    def listed(d: Dict[str, List[int]]):
        return d.keys(), [d.values()], d.items()

    given = {"a": [1]}
    keys, (values,), items = tsir.script(listed)(given)
    given["b"] = [2]
    assert (repr(keys), repr(values), repr(items)) == (repr(given.keys()), repr(given.values()), repr(given.items()))


def test_iterators_leave_the_program_as_iterators():
    def iterators(xs: List[int]):
        return reversed(xs), enumerate(xs, 2), zip(xs, xs), map(lambda v: v * 2, xs), filter(lambda v: v > 1, xs), iter(xs)

    found = tsir.script(iterators)([1, 2])
    assert all(isinstance(f, Iterator) for f in found)
    assert [list(f) for f in found] == [list(f) for f in iterators([1, 2])]
    assert next(found[0], None) is None


def test_a_view_that_is_changed_is_a_list_as_in_torchscript():
    def in_order(d: Dict[str, int]):
        keys, values = d.keys(), d.values()
        keys.sort()
        values[0] = 7
        return keys, values, d

    given = {"b": 1, "a": 2}
    assert tsir.script(in_order)(given) == (["a", "b"], [7, 2], given) and given == {"b": 1, "a": 2}
