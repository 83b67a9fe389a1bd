"""Exceptions that leave a program: what they hold (`args`, attributes of a user's class) becomes what the caller knows.

Where the exception came from is `tsir.backend.numpy.tracebacks`'s subject.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tsir.ops.python_text import OBJECT
from tsir.runtime.arguments import Conversion

_PLAIN = frozenset((str, int, float, bool, complex, bytes, type(None)))


def holds_values(error: BaseException) -> bool:
    """Whether an exception, its cause or one that it came from holds more than texts and numbers."""
    return any(not _PLAIN.issuperset(map(type, (*e.args, *vars(e).values()))) for e in _chain(error))


def give_out(error: BaseException, conversion: Conversion) -> None:
    """Converts what an exception holds, and those that it came from, in place: arrays become the caller's tensors."""
    for one in _chain(error):
        held = vars(one)
        held.pop(OBJECT, None)
        held.update({name: conversion.value_out(value) for name, value in held.items() if type(value) not in _PLAIN})
        if not _PLAIN.issuperset(map(type, one.args)):
            one.args = tuple(map(conversion.value_out, one.args))


def _chain(error: BaseException) -> Iterator[Any]:
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or found.__context__
