"""Dicts and sets of tensors: a tensor is a key by which tensor it is, not by what it holds, as torch hashes it.

An array of NumPy's has no hash, so these keep each tensor under its `id`, as long as they hold the tensor itself. Where they
leave the program for torch they become Python's own dict and set, whose keys are torch's tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, MutableSet
from typing import Any


class TensorDict(MutableMapping[Any, Any]):
    """A dict from tensors; also what OrderedDict and defaultdict can do with them."""

    __slots__ = ("_items", "default_factory")

    def __init__(self, items: Any = (), default_factory: Callable[[], Any] | None = None) -> None:
        self._items: dict[int, tuple[Any, Any]] = {}
        self.default_factory = default_factory
        self.update(items)

    @classmethod
    def fromkeys(cls, keys: Iterable[Any], value: Any = None) -> TensorDict:
        """A dict that has one value under each of these tensors."""
        return cls([(k, value) for k in keys])

    def __getitem__(self, key: Any) -> Any:
        if (found := self._items.get(id(key))) is not None:
            return found[1]
        if self.default_factory is None:
            raise KeyError(key)
        self[key] = made = self.default_factory()
        return made

    def __setitem__(self, key: Any, value: Any) -> None:
        self._items[id(key)] = (key, value)

    def __delitem__(self, key: Any) -> None:
        if id(key) not in self._items:
            raise KeyError(key)
        del self._items[id(key)]

    def __contains__(self, key: object) -> bool:
        return id(key) in self._items

    def __iter__(self) -> Iterator[Any]:
        return iter([k for k, _ in self._items.values()])

    def __reversed__(self) -> Iterator[Any]:
        return iter([k for k, _ in reversed(self._items.values())])

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: Any, default: Any = None) -> Any:
        """The value under a tensor, else the default, which isn't kept."""
        found = self._items.get(id(key))
        return default if found is None else found[1]

    def popitem(self, last: bool = True) -> tuple[Any, Any]:
        """The last (or first) item, which is no more in it."""
        if not self._items:
            raise KeyError("popitem(): dictionary is empty")
        return self._items.pop(next(reversed(self._items) if last else iter(self._items)))

    def move_to_end(self, key: Any, last: bool = True) -> None:
        """Moves the item of a tensor to one end."""
        if id(key) not in self._items:
            raise KeyError(key)
        moved = {id(key): self._items.pop(id(key))}
        self._items = {**self._items, **moved} if last else {**moved, **self._items}

    def copy(self) -> TensorDict:
        """A new dict with the same items."""
        return TensorDict(self, self.default_factory)

    def __or__(self, other: Mapping[Any, Any]) -> TensorDict:
        made = self.copy()
        made.update(other)
        return made

    def __ior__(self, other: Mapping[Any, Any]) -> TensorDict:
        self.update(other)
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorDict) and {k: v for k, (_, v) in self._items.items()} == {
            k: v for k, (_, v) in other._items.items()
        }

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{k!r}: {v!r}' for k, v in self._items.values())}}}"


class TensorSet(MutableSet[Any]):
    """A set of tensors."""

    __slots__ = ("_items",)

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self._items: dict[int, Any] = {id(v): v for v in items}

    def __contains__(self, item: object) -> bool:
        return id(item) in self._items

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._items.values()))

    def __len__(self) -> int:
        return len(self._items)

    def add(self, value: Any) -> None:
        """Puts a tensor in."""
        self._items[id(value)] = value

    def discard(self, value: Any) -> None:
        """Takes a tensor out if it is there."""
        self._items.pop(id(value), None)

    def copy(self) -> TensorSet:
        """A new set of the same tensors."""
        return TensorSet(self)

    def update(self, *others: Iterable[Any]) -> None:
        """Puts in what the others have."""
        for other in others:
            self._items.update({id(v): v for v in other})

    def union(self, *others: Iterable[Any]) -> TensorSet:
        """What is in any of them."""
        made = self.copy()
        made.update(*others)
        return made

    def intersection(self, *others: Iterable[Any]) -> TensorSet:
        """What is in all of them."""
        kept = [TensorSet(o) for o in others]
        return TensorSet(v for v in self if all(v in o for o in kept))

    def difference(self, *others: Iterable[Any]) -> TensorSet:
        """What is in none of the others."""
        gone = TensorSet().union(*others)
        return TensorSet(v for v in self if v not in gone)

    def symmetric_difference(self, other: Iterable[Any]) -> TensorSet:
        """What is in one of the two."""
        found = TensorSet(other)
        return self.difference(found).union(found.difference(self))

    def intersection_update(self, *others: Iterable[Any]) -> None:
        """Keeps what the others have, too."""
        self._items = self.intersection(*others)._items

    def difference_update(self, *others: Iterable[Any]) -> None:
        """Takes out what the others have."""
        self._items = self.difference(*others)._items

    def symmetric_difference_update(self, other: Iterable[Any]) -> None:
        """Keeps what is in one of the two."""
        self._items = self.symmetric_difference(other)._items

    def issubset(self, other: Iterable[Any]) -> bool:
        """Whether all of its tensors are in the other."""
        found = TensorSet(other)
        return all(v in found for v in self)

    def issuperset(self, other: Iterable[Any]) -> bool:
        """Whether all tensors of the other are in it."""
        return all(v in self for v in other)

    def __repr__(self) -> str:
        return f"{{{', '.join(map(repr, self))}}}" if self._items else "set()"


def tensor_dict(made: Any) -> TensorDict:
    """A dict of tensors that makes its missing values as a defaultdict does."""
    return TensorDict(made, made.default_factory)


def same_tensor(a: Any, b: Any) -> bool:
    """Whether two values are one tensor."""
    return a is b


tensor_hash = id
"""The hash of a tensor: torch's is by which tensor it is."""


__all__ = ["TensorDict", "TensorSet", "same_tensor", "tensor_dict", "tensor_hash"]
