"""Iterators of Python's library, written as generators in the scripted language: `enumerate`, `zip`, `map` of generators, `itertools`.

They are compiled with the program that uses them, and give an element only when it is asked for, as Python's do. What a program
calls by these names is in `prelude.REPLACED`; `generators.py` uses the others.
"""

from __future__ import annotations

# ruff: noqa: UP028
# `yield from` is emitted as a loop in any case.
import operator
from typing import Any

# pyright: reportMissingParameterType=false
# The functions have no annotations: each call is compiled for the types that it has.


def advance(iterator: Any) -> bool:
    """Whether an iterator has one more element, to which it goes on. The compiler carries it out (`builtins.py`)."""
    raise NotImplementedError


def begun(items: Any) -> Any:
    """`iter(items)`, which `advance` and `current` take: also of an object that is its own iterator. The compiler carries it out."""
    raise NotImplementedError


def current(iterator: Any) -> Any:
    """The element that `advance` has come to. The compiler carries it out."""
    raise NotImplementedError


def each(items):
    """`iter(items)`."""
    for item in items:
        yield item


def nothing():
    """`zip()`."""
    for item in range(0):
        yield (item,)


def enumerated(items, start):
    """`enumerate(items, start)`."""
    number = start
    for item in items:
        yield number, item
        number = number + 1


def mapped(function, items):
    """`map(function, items)`."""
    for item in items:
        yield function(item)


def mapped_rows(function, rows):
    """`map(function, *iterables)`, of their zip."""
    for row in rows:
        yield function(*row)


def filtered(function, items):
    """`filter(function, items)`."""
    for item in items:
        if function(item):
            yield item


def filtered_truth(items):
    """`filter(None, items)`."""
    for item in items:
        if item:
            yield item


def zipped(before, items, behind):
    """`zip(*before, items, *behind)`, which asks them in this order."""
    return _zipped(tuple(begun(b) for b in before), items, tuple(begun(b) for b in behind))


def _zipped(before, items, behind):
    first = ()
    for iterator in before:
        if not advance(iterator):
            return
        first = (*first, current(iterator))
    for item in items:
        row = (*first, item)
        for iterator in behind:
            if not advance(iterator):
                return
            row = (*row, current(iterator))
        yield row
        first = ()
        for iterator in before:
            if not advance(iterator):
                return
            first = (*first, current(iterator))


def zipped_strictly(before, items, behind):
    """`zip(..., strict=True)`."""
    return _zipped_strictly(tuple(begun(b) for b in before) + (begun(items),) + tuple(begun(b) for b in behind))  # noqa: RUF005


def _zipped_strictly(iterators):
    first, rest = iterators[0], iterators[1:]
    while advance(first):
        row = (current(first),)
        number = 2
        for iterator in rest:
            if not advance(iterator):
                others = "argument 1" if number == 2 else f"arguments 1-{number - 1}"
                raise ValueError(f"zip() argument {number} is shorter than {others}")
            row = (*row, current(iterator))
            number = number + 1
        yield row
    number = 2
    for iterator in rest:
        if advance(iterator):
            others = "argument 1" if number == 2 else f"arguments 1-{number - 1}"
            raise ValueError(f"zip() argument {number} is longer than {others}")
        number = number + 1


def by_next(iterator):
    """The elements of an object that defines `__next__`."""
    while True:
        try:
            item = iterator.__next__()
        except StopIteration:
            return
        yield item


def next_or(iterator, default):
    """`next(iterator, default)` of such an object."""
    try:
        return iterator.__next__()
    except StopIteration:
        return default


def by_index(sequence):
    """The elements of an object that defines `__getitem__` and no `__iter__`."""
    position = 0
    while True:
        try:
            item = sequence[position]
        except IndexError:
            return
        yield item
        position = position + 1


def mapped_until_stop(function, items):
    """`map(function, items)` of a function that may raise StopIteration, which ends the elements."""
    for item in items:
        try:
            value = function(item)
        except StopIteration:
            return
        yield value


def mapped_rows_until_stop(function, rows):
    """`map(function, *iterables)` of such a function, of their zip."""
    for row in rows:
        try:
            value = function(*row)
        except StopIteration:
            return
        yield value


def kept(function, items):
    """`filter(function, items)` of a function that changes variables around it."""
    for item in items:
        if function(item):
            yield item


def kept_until_stop(function, items):
    """The same of a function that may raise StopIteration."""
    for item in items:
        try:
            keeps = function(item)
        except StopIteration:
            return
        if keeps:
            yield item


def called_until(function, sentinel):
    """`iter(function, sentinel)`."""
    while True:
        item = function()
        if item == sentinel:
            return
        yield item


# operator


def item_at(key, items):
    """`operator.itemgetter(key)(items)`."""
    return items[key]


def items_at(keys, items):
    """`operator.itemgetter(*keys)(items)`."""
    return tuple(items[key] for key in keys)


def attribute_of(name, value):
    """`operator.attrgetter(name)(value)`."""
    return getattr(value, name)


# contextlib


def closing(thing):
    """`contextlib.closing`."""
    try:
        yield thing
    finally:
        thing.close()


def nullcontext(enter_result=None):
    """`contextlib.nullcontext`."""
    yield enter_result


# itertools


def count(start=0, step=1):
    """`itertools.count`."""
    number = start
    while True:
        yield number
        number = number + step


def cycle(items):
    """`itertools.cycle`."""
    saved = []
    for item in items:
        saved.append(item)
        yield item
    while len(saved) > 0:
        for item in saved:
            yield item


def repeat(item, *times):
    """`itertools.repeat`."""
    return _repeated(item, *times) if len(times) > 0 else _endlessly(item)


def _endlessly(item):
    while True:
        yield item


def _repeated(item, times):
    for _ in range(times):
        yield item


def chain(*iterables):
    """`itertools.chain`."""
    if len(iterables) == 0:
        return nothing()
    if len(iterables) == 1:
        return each(iterables[0])
    return _two(iterables[0], chain(*iterables[1:]))


def _two(first, second):
    for item in first:
        yield item
    for item in second:
        yield item


def chain_from_iterable(iterables):
    """`itertools.chain.from_iterable`."""
    for items in iterables:
        for item in items:
            yield item


def islice(items, *bounds):
    """`itertools.islice`."""
    if len(bounds) == 1:
        return _sliced(items, 0, bounds[0], 1)
    step = 1 if len(bounds) == 2 or bounds[2] is None else bounds[2]
    start = 0 if bounds[0] is None else bounds[0]
    if bounds[1] is None:
        return _from(items, start, step)
    return _sliced(items, start, bounds[1], step)


def _sliced(items, start, stop, step):
    if start < 0 or stop < 0 or step < 1:
        raise ValueError("Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.")
    position = 0
    following = start
    if stop == 0 and start == 0:
        return
    for item in items:
        position = position + 1
        if position == following + 1 and following < stop:
            yield item
            following = min(following + step, stop)
        if position == following and position >= stop:
            return


def _from(items, start, step):
    position = 0
    following = start
    for item in items:
        if position == following:
            yield item
            following = following + step
        position = position + 1


def takewhile(function, items):
    """`itertools.takewhile`."""
    for item in items:
        if not function(item):
            return
        yield item


def dropwhile(function, items):
    """`itertools.dropwhile`."""
    begun = False
    for item in items:
        if not begun and function(item):
            continue
        begun = True
        yield item


def filterfalse(function, items):
    """`itertools.filterfalse`."""
    for item in items:
        if not function(item):
            yield item


def compress(items, selectors):
    """`itertools.compress`."""
    for item, selected in zip(items, selectors, strict=False):
        if selected:
            yield item


def starmap(function, rows):
    """`itertools.starmap`."""
    for row in rows:
        yield function(*row)


def accumulate(iterable, func=operator.add, *, initial=None):
    """`itertools.accumulate`."""
    if initial is None:
        return _accumulated(iterable, operator.add if func is None else func)
    return _accumulated_from(iterable, operator.add if func is None else func, initial)


def _accumulated(items, function):
    iterator = begun(items)
    if not advance(iterator):
        return
    total = current(iterator)
    yield total
    while advance(iterator):
        total = function(total, current(iterator))
        yield total


def _accumulated_from(items, function, initial):
    total = initial
    yield total
    for item in items:
        total = function(total, item)
        yield total


def pairwise(items):
    """`itertools.pairwise`."""
    iterator = begun(items)
    if not advance(iterator):
        return
    previous = current(iterator)
    while advance(iterator):
        item = current(iterator)
        yield previous, item
        previous = item


def batched(items, n):
    """`itertools.batched`."""
    if n < 1:
        raise ValueError("n must be at least one")
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) == n:
            yield tuple(batch)
            batch = []
    if len(batch) > 0:
        yield tuple(batch)


def product(*iterables, repeat=1):
    """`itertools.product`, which reads its arguments first."""
    pools = tuple(list(items) for items in iterables) * repeat
    rows = _empty_row()
    for pool in pools:
        rows = _longer(rows, pool)
    return rows


def _empty_row():
    yield ()


def _longer(rows, pool):
    for row in rows:
        for item in pool:
            yield (*row, item)


def combinations(items, r):
    """`itertools.combinations`."""
    pool = list(items)
    if r == 2:
        return _pairs(pool)
    if r == 3:
        return _triples(pool)
    return _combined(pool, r)


def _pairs(pool):
    for i in range(len(pool)):
        for j in range(i + 1, len(pool)):
            yield pool[i], pool[j]


def _triples(pool):
    for i in range(len(pool)):
        for j in range(i + 1, len(pool)):
            for k in range(j + 1, len(pool)):
                yield pool[i], pool[j], pool[k]


def _combined(pool, r: int):
    if r < 0:
        raise ValueError("r must be non-negative")
    n = len(pool)
    if r > n:
        return
    chosen = list(range(r))
    yield tuple([pool[i] for i in chosen])
    while True:
        at = r - 1
        while at >= 0 and chosen[at] == at + n - r:
            at = at - 1
        if at < 0:
            return
        chosen[at] = chosen[at] + 1
        for j in range(at + 1, r):
            chosen[j] = chosen[j - 1] + 1
        yield tuple([pool[i] for i in chosen])


def combinations_with_replacement(items, r: int):
    """`itertools.combinations_with_replacement`."""
    pool = list(items)
    if r < 0:
        raise ValueError("r must be non-negative")
    n = len(pool)
    if n == 0 and r > 0:
        return
    chosen = [0] * r
    yield tuple([pool[i] for i in chosen])
    while True:
        at = r - 1
        while at >= 0 and chosen[at] == n - 1:
            at = at - 1
        if at < 0:
            return
        following = chosen[at] + 1
        for j in range(at, r):
            chosen[j] = following
        yield tuple([pool[i] for i in chosen])


def permutations(items, r=None):
    """`itertools.permutations`."""
    pool = list(items)
    return _permuted(pool, len(pool) if r is None else r)


def _permuted(pool, r: int):
    if r < 0:
        raise ValueError("r must be non-negative")
    n = len(pool)
    if r > n:
        return
    order = list(range(n))
    cycles = [n - i for i in range(r)]
    yield tuple([pool[i] for i in order[:r]])
    while n > 0:
        at = r - 1
        while at >= 0:
            cycles[at] = cycles[at] - 1
            if cycles[at] > 0:
                break
            order = [*order[:at], *order[at + 1 :], order[at]]
            cycles[at] = n - at
            at = at - 1
        if at < 0:
            return
        other = n - cycles[at]
        kept = order[at]
        order[at] = order[other]
        order[other] = kept
        yield tuple([pool[i] for i in order[:r]])


def zip_longest(*iterables, fillvalue=None):
    """`itertools.zip_longest`."""
    return _longest(tuple(begun(items) for items in iterables), fillvalue)


def _longest(iterators, fillvalue):
    while True:
        row = ()
        some = False
        for iterator in iterators:
            if advance(iterator):
                row = (*row, current(iterator))
                some = True
            else:
                row = (*row, fillvalue)
        if not some:
            return
        yield row


def groupby(items, key=None):
    """`itertools.groupby`, which reads a group when it comes to it."""
    return _grouped(items, _same if key is None else key)


def _same(item):
    return item


def _grouped(items, key):
    iterator = begun(items)
    more = advance(iterator)
    while more:
        item = current(iterator)
        of_group = key(item)
        group = [item]
        more = advance(iterator)
        while more and key(current(iterator)) == of_group:
            group.append(current(iterator))
            more = advance(iterator)
        yield of_group, each(group)
