"""The methods that classes get of `Mapping`, `MutableMapping`, `Sequence` and `MutableSequence` of `collections.abc`, whose source
is part of the interpreter.

They go by what the class itself defines, as Python's do: `update` calls its `__setitem__`, `get` its `__contains__` and
`__getitem__`. Views are lists here.
"""

from __future__ import annotations

from collections import ChainMap, UserDict, UserList
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

from tsir.frontend.script import lazy

# pyright: reportMissingParameterType=false
# The functions have no annotations: each call is compiled for the types that it has.


def _get(self, key, default=None):
    try:
        return self[key]
    except KeyError:
        return default


def _contains(self, key):
    return any(known == key for known in self)


def _keys(self):
    return list(self)


def _values(self):
    return [self[key] for key in self]


def _items(self):
    return [(key, self[key]) for key in self]


def _equal(self, other):
    return dict(self.items()) == dict(other.items())


def _update(self, other=(), **given):
    if hasattr(other, "keys"):
        for key in other:
            self[key] = other[key]
    else:
        for key, value in other:
            self[key] = value
    for key, value in given.items():
        self[key] = value


def _pop(self, key, *default):
    if len(default) == 0:
        value = self[key]
    else:
        try:
            value = self[key]
        except KeyError:
            return default[0]
    del self[key]
    return value


def _popitem(self):
    for key in self:
        value = self[key]
        del self[key]
        return key, value
    raise KeyError


def _clear(self):
    for key in list(self):
        del self[key]


def _setdefault(self, key, default=None):
    try:
        return self[key]
    except KeyError:
        self[key] = default
    return default


def _reversed(self):
    for i in range(len(self) - 1, -1, -1):
        yield self[i]


def _index(self, value):
    for i in range(len(self)):
        if self[i] == value:
            return i
    raise ValueError


def _count(self, value):
    return sum(1 for item in self if item == value)


def _append(self, value):
    self.insert(len(self), value)


def _extend(self, values):
    for value in values:
        self.append(value)


def _pop_at(self, index=-1):
    value = self[index]
    del self[index]
    return value


def _remove(self, value):
    del self[self.index(value)]


def _clear_all(self):
    while len(self) > 0:
        self.pop()


COLLECTION_METHODS: dict[Any, Callable[..., Any]] = {
    Mapping.get: _get, Mapping.__contains__: _contains, Mapping.keys: _keys, Mapping.values: _values, Mapping.items: _items,
    Mapping.__eq__: _equal, MutableMapping.update: _update, MutableMapping.pop: _pop, MutableMapping.popitem: _popitem,
    MutableMapping.clear: _clear, MutableMapping.setdefault: _setdefault,
    Sequence.__iter__: lazy.by_index, Sequence.__contains__: _contains, Sequence.__reversed__: _reversed, Sequence.index: _index,
    Sequence.count: _count, MutableSequence.append: _append, MutableSequence.extend: _extend, MutableSequence.pop: _pop_at,
    MutableSequence.remove: _remove, MutableSequence.clear: _clear_all,
}  # fmt: skip
"""What stands for each of these methods."""

WRITTEN_IN_PYTHON: frozenset[type] = frozenset({ChainMap, UserDict, UserList})
"""The classes of `collections` that are compiled from their source."""
