"""Lists, dicts and sets that change while a loop goes over them: Python looks again before each round."""

from typing import Dict, List, Set

import torch
from torch import Tensor

from tests.conformance.language.features import feature
from tests.conformance.language.programs import Programs, check

programs = Programs()


@feature("Control flow", "lists that change while they are looped over")
@programs([1, 2], 6)
@programs([5], 1)
def grown(l: List[int], n: int):
    seen: List[int] = []
    for x in l:
        seen.append(x)
        if len(l) < n:
            l.append(x + 1)
    return seen


@programs(1, [1])
def rebound_in_try(a: int, log: List[int]):
    l = [3, 1]
    for x in l:
        l.insert(0, x)
        try:
            l = [1, 7, a]
        except ValueError:
            pass
        else:
            log.append(x)
    return l


@programs(2)
def renamed_in_an_outer_loop(n: int):
    m = [1, 2]
    l = m
    seen: List[int] = []
    for i in range(n):
        for x in m:
            seen.append(x)
            if len(l) < 4:
                l.append(x + i)
        l = [i]
    return seen, l, m


@programs([1, 2, 3, 4, 5])
@programs([])
def shortened(l: List[int]):
    seen: List[int] = []
    for i, x in enumerate(l):
        seen.append(x * 10 + i)
        l.pop(0)
    return seen


@programs([1, 2, 3, 4, 5])
@programs([1, 2, 3, 4])
def shortened_from_the_end(l: List[int]):
    seen: List[int] = []
    for x in reversed(l):
        seen.append(x)
        l.pop()
        if len(seen) == 1:
            l.pop()
    return seen


@programs([1, 2, 3, 4, 5])
def in_a_comprehension(l: List[int]):
    return [l.pop() + x for x in l]


@programs([1, 2, 3, 4], [1, 2, 3, 4, 5])
def zipped(l: List[int], m: List[int]):
    seen: List[int] = []
    for a, b in zip(l, m):
        seen.append(a - b)
        if len(m) > 2:
            del m[-1]
    return seen


def drop_last(l: List[int]):
    l.pop()


@programs([1, 2, 3, 4])
def by_a_function(l: List[int]):
    n = 0
    for x in l:
        n += x
        drop_last(l)
    return n


@programs([1, 2])
@programs([1] * 9)
def with_break_and_else(l: List[int]):
    for x in l:
        l.insert(0, x)
        if len(l) > 6:
            break
    else:
        l.append(100)
    return l


@programs([1])
def by_another_name(l: List[int]):
    m = l
    for x in m:
        if x < 5:
            l.append(x + 3)
    return m is l


@programs([[1], [2, 3]])
def in_a_list_of_lists(rows: List[List[int]]):
    row = rows[0]
    for x in row:
        if x < 4:
            rows[0].append(x + 1)
        rows[1] = row
    return rows


@programs([torch.ones(2)])
def of_tensors(l: List[Tensor]):
    for t in l:
        t.add_(1)
        if len(l) < 4:
            l.append(t * 2)
    return l


@feature("Exceptions", "RuntimeError of dicts and sets that change their size while they are looped over")
@programs({"a": 1, "b": 2})
@programs({"a": 1})
@programs({})
def grown_dict(d: Dict[str, int]):
    n = 0
    try:
        for k in d:
            n += 1
            d[k + "x"] = n
    except RuntimeError as error:
        return n, str(error)
    return n, ""


@programs({"a": 1, "b": 2})
def values_assigned(d: Dict[str, int]):
    n = 0
    for k, v in d.items():
        d[k] = v + 1
        n += d[k]
    return n


@programs({"a": 1, "b": 2})
@programs({})
def shortened_dict(d: Dict[str, int]):
    for k, v in d.items():
        d.pop(k)
    return d


@programs({"a": 1, "b": 2})
def copied_keys(d: Dict[str, int]):
    for k in list(d):
        del d[k]
    return d


@programs({1, 2})
def shortened_set(s: Set[int]):
    for x in s:
        s.discard(x)
    return s


@programs.parametrized()
def test_same_as_python(function, arguments):
    check(function, arguments)


def kept_apart(l: List[Tensor]):
    made: List[Tensor] = []
    for x in l:
        made.append(x * 2)
    return made


def test_loops_that_change_another_list_count_to_a_known_number():
    import tsir

    assert "scf.for" in str(tsir.script(kept_apart).graph)
