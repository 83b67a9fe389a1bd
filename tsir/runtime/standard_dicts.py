"""Dicts of `collections` that go in and out of a program: a Counter, an OrderedDict or a defaultdict stays one."""

from __future__ import annotations

import collections
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from typing import Any

DICTS = (dict, Counter, OrderedDict, defaultdict)
"""The classes of dicts that are the same in the program and outside."""

_FACTORIES = (int, float, bool, str, complex)
"""The classes whose new values are the same in the program and outside."""


def class_named(name: str) -> type[Any]:
    """The class of dicts that a type names: `Counter`; dict for none."""
    return getattr(collections, name) if name else dict


def converted_dict(value: Any, key: Callable[[Any], Any], item: Callable[[Any], Any]) -> dict[Any, Any]:
    """A dict of the same class with keys and items converted; also those that a defaultdict adds."""
    if isinstance(value, defaultdict):
        factory = value.default_factory
        kept = factory is None or factory in _FACTORIES
        made: dict[Any, Any] = defaultdict(factory if factory is None or kept else lambda: item(factory()))
    else:
        made = next((c() for c in (Counter, OrderedDict) if isinstance(value, c)), {})
    fill(made, {key(k): item(v) for k, v in value.items()})
    return made


def fill(target: dict[Any, Any], items: Mapping[Any, Any]) -> None:
    """Puts the items into a dict: a Counter's own `update` would add them to what it has."""
    for key, value in items.items():
        target[key] = value
