"""Classes derived from Python's own containers, numbers and texts: what their objects are beside their attributes.

In a program such an object has that as an attribute of its own, `HELD`; here is what it is in Python, and how an object gets it.
"""

from __future__ import annotations

import enum
from collections import Counter, OrderedDict, defaultdict, deque
from functools import lru_cache
from typing import Any

HELD = "builtin_value"
"""The attribute of an object that has what it is as one of a built-in class."""

BASES: tuple[type, ...] = (
    OrderedDict, defaultdict, Counter, deque, list, dict, set, frozenset, tuple, str, bytes, int, float, complex,
)  # fmt: skip
"""The classes that others may be derived from, derived ones first."""

MUTABLE: tuple[type, ...] = (OrderedDict, defaultdict, Counter, deque, list, dict, set)


@lru_cache(maxsize=1024)
def builtin_base(cls: Any) -> Any:
    """The built-in class that a user's class is derived from; None for other classes, enums, NamedTuples and built-in ones."""
    if not isinstance(cls, type) or cls in BASES or cls.__module__ in ("builtins", "collections"):
        return None
    if issubclass(cls, enum.Enum | BaseException) or (issubclass(cls, tuple) and hasattr(cls, "_fields")):
        return None
    return next((base for base in BASES if issubclass(cls, base)), None)


def value_as_builtin(value: Any) -> Any:
    """What an object of such a class is, as a value of the built-in class itself."""
    base = builtin_base(type(value))
    if issubclass(base, dict):
        items = {key: dict.__getitem__(value, key) for key in base.__iter__(value)}
        return defaultdict(value.default_factory, items) if base is defaultdict else base(items)
    if base is deque:
        return deque(deque.__iter__(value), value.maxlen)
    if base in (list, set, frozenset, tuple):
        return base(base.__iter__(value))
    return _PLAIN[base](value)


_PLAIN: dict[type, Any] = {
    str: lambda v: "".join(str.__iter__(v)), bytes: lambda v: bytes(bytes.__iter__(v)), int: int.__int__, float: float.__float__,
    complex: lambda v: complex(v.real, v.imag),
}  # fmt: skip


def object_with(cls: Any, held: Any) -> Any:
    """A new object of such a class, whose `__init__` isn't called."""
    base = builtin_base(cls)
    if base in MUTABLE:
        made = base.__new__(cls)
        set_held(made, held)
        return made
    return base.__new__(cls, held)


def set_held(value: Any, held: Any) -> None:
    """Makes an object of a class derived from a container have these elements or items, past what its class defines."""
    base = builtin_base(type(value))
    if base is deque:
        deque.__init__(value, held, held.maxlen)
        return
    base.clear(value)
    if issubclass(base, dict):
        if base is defaultdict:
            value.default_factory = held.default_factory
        for key, item in held.items():
            (OrderedDict if base is OrderedDict else dict).__setitem__(value, key, item)
    elif base is set:
        set.update(value, held)
    else:
        base.extend(value, held)
