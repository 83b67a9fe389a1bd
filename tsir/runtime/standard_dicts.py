"""Dicts of `collections` that go in and out of a program: a Counter, an OrderedDict or a defaultdict stays one."""

from __future__ import annotations

import collections
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from tsir.dialects.tensor_keys import TensorDict

DICTS = (dict, Counter, OrderedDict, defaultdict, TensorDict)
"""The classes of dicts that are the same in the program and outside."""

_FACTORIES = (int, float, bool, str, complex)
"""The classes whose new values are the same in the program and outside."""


def class_named(name: str) -> type[Any]:
    """The class of dicts that a type names: `Counter`; dict for none."""
    return getattr(collections, name) if name else dict


def converted_dict(
    value: Any, key: Callable[[Any], Any], item: Callable[[Any], Any], *, by_tensor: bool = False
) -> dict[Any, Any]:
    """A dict of the same class with keys and items converted, also those that a defaultdict adds; of tensors for `by_tensor`."""
    if by_tensor:
        factory = getattr(value, "default_factory", None)
        made: Any = TensorDict((), factory if factory is None or factory in _FACTORIES else lambda: item(factory()))
    elif isinstance(value, defaultdict):
        factory = value.default_factory
        kept = factory is None or factory in _FACTORIES
        made = defaultdict(factory if factory is None or kept else lambda: item(factory()))
    else:
        made = next((c() for c in (Counter, OrderedDict) if isinstance(value, c)), {})
    fill(made, [(key(k), item(v)) for k, v in value.items()])
    return made


def fill(target: dict[Any, Any], items: Iterable[tuple[Any, Any]]) -> None:
    """Puts the items into a dict: a Counter's own `update` would add them to what it has."""
    for key, value in items:
        target[key] = value
