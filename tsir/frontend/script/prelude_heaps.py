"""Heaps and sorted lists of objects that define comparisons, in the scripted language: what `heapq` and `bisect.insort` do.

For values that Python itself compares, calls of these functions are rows of `ops/python.py`. The order of the items in a heap is
that of CPython: an item that is taken out is replaced by the last, which goes down to a leaf first and up again from there.
"""

from __future__ import annotations

# pyright: reportMissingParameterType=false
# The functions have no annotations: each call is compiled for the types that it has.


def _up(heap, start, at):
    """Moves the item at a place up to where it belongs, at most to `start`."""
    item = heap[at]
    while at > start:
        parent = (at - 1) >> 1
        if not (item < heap[parent]):
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = item


def _down(heap, at):
    """Moves the item at a place to a leaf along the lesser children, then up to where it belongs."""
    start = at
    item = heap[at]
    child = 2 * at + 1
    while child < len(heap):
        if child + 1 < len(heap) and not (heap[child] < heap[child + 1]):
            child += 1
        heap[at] = heap[child]
        at = child
        child = 2 * at + 1
    heap[at] = item
    _up(heap, start, at)


def heappush(heap, item):
    """`heapq.heappush`."""
    heap.append(item)
    _up(heap, 0, len(heap) - 1)


def heappop(heap):
    """`heapq.heappop`."""
    if len(heap) == 0:
        raise IndexError("index out of range")
    last = heap.pop()
    if len(heap) == 0:
        return last
    first = heap[0]
    heap[0] = last
    _down(heap, 0)
    return first


def heapreplace(heap, item):
    """`heapq.heapreplace`."""
    if len(heap) == 0:
        raise IndexError("index out of range")
    first = heap[0]
    heap[0] = item
    _down(heap, 0)
    return first


def heappushpop(heap, item):
    """`heapq.heappushpop`."""
    if len(heap) > 0 and heap[0] < item:
        first = heap[0]
        heap[0] = item
        _down(heap, 0)
        return first
    return item


def heapify(heap):
    """`heapq.heapify`."""
    for i in range(len(heap) // 2 - 1, -1, -1):
        _down(heap, i)


def nlargest(n, values, key=None):
    """`heapq.nlargest`."""
    return sorted(values, key=key, reverse=True)[: max(n, 0)]


def nsmallest(n, values, key=None):
    """`heapq.nsmallest`."""
    return sorted(values, key=key)[: max(n, 0)]


def bisect_left(values, item, lo=0, hi=None, *, key=None):
    """`bisect.bisect_left`."""
    if lo < 0:
        raise ValueError("lo must be non-negative")
    high = len(values) if hi is None else hi
    while lo < high:
        middle = (lo + high) // 2
        found = values[middle] if key is None else key(values[middle])
        if found < item:
            lo = middle + 1
        else:
            high = middle
    return lo


def bisect_right(values, item, lo=0, hi=None, *, key=None):
    """`bisect.bisect_right`."""
    if lo < 0:
        raise ValueError("lo must be non-negative")
    high = len(values) if hi is None else hi
    while lo < high:
        middle = (lo + high) // 2
        found = values[middle] if key is None else key(values[middle])
        if item < found:
            high = middle
        else:
            lo = middle + 1
    return lo


def insort_left(values, item, lo=0, hi=None):
    """`bisect.insort_left`."""
    values.insert(bisect_left(values, item, lo, hi), item)


def insort_right(values, item, lo=0, hi=None):
    """`bisect.insort_right`."""
    values.insert(bisect_right(values, item, lo, hi), item)
