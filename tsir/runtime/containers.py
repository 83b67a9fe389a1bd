"""Lists and dicts that `tsir.script` makes: a list or dict whose items stay of one type, as the compiled code that takes it needs.

They are Python's lists and dicts, and go into compiled functions by reference, as every list and dict does. What they add is
that an item of another type is refused where it is put in (or asked for), and not at the next call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, SupportsIndex

from tsir.errors import OperatorTypeError
from tsir.runtime.torch_adapter import adapter

Kind = tuple[Any, ...]
"""The type of a value: its name, and the kinds of what it contains; of nothing for an empty list or dict, which fits all."""


class _MissingKey(OperatorTypeError, KeyError):
    """A key of another type than the dict's."""

    __str__ = OperatorTypeError.__str__


def kind_of(value: Any) -> Kind:
    """The type of a value. Raises OperatorTypeError for a list or dict with items of several types."""
    torch = adapter()
    if torch is not None and isinstance(value, torch.Tensor):
        return ("Tensor",)
    if isinstance(value, list):
        return ("List", *_common(value, "an element"))  # type: ignore[arg-type]
    if isinstance(value, dict):
        return ("Dict", *_common(value, "a key"), *_common(value.values(), "a value"))  # type: ignore[arg-type]
    if type(value) is tuple:
        return ("Tuple", *(kind_of(v) for v in value))  # type: ignore[misc]
    return (type(value).__name__,)


def _common(values: Iterable[Any], what: str) -> tuple[Kind, ...]:
    found: Kind | None = None
    for value in values:
        kind = kind_of(value)
        if found is None or _fits(found, kind):
            found = kind
        elif not _fits(kind, found):
            raise OperatorTypeError(f"{what} is of type {_shown(kind)}, the ones before it are of type {_shown(found)}")
    return () if found is None else (found,)


def _fits(kind: Kind, wanted: Kind) -> bool:
    """Whether a value of one kind may stand where another is wanted. What an empty list is a list of is open."""
    if kind[0] != wanted[0]:
        return kind == ("int",) and wanted == ("float",)
    if len(kind) == 1 or len(wanted) == 1:
        return kind[0] in ("List", "Dict") or len(kind) == len(wanted)
    return len(kind) == len(wanted) and all(map(_fits, kind[1:], wanted[1:]))


def _shown(kind: Kind) -> str:
    return kind[0] if len(kind) == 1 else f"{kind[0]}[{', '.join(map(_shown, kind[1:]))}]"


def _checked(value: Any, wanted: Kind | None, what: str, error: type[OperatorTypeError] = OperatorTypeError) -> Any:
    if wanted is None:
        return value
    kind = kind_of(value)
    if not _fits(kind, wanted):
        raise error(f"{what} is of type {_shown(wanted)}, not {_shown(kind)}")
    return float(value) if wanted == ("float",) and kind == ("int",) else value


class ScriptList(list[Any]):
    """A list whose elements stay of one type; that of an empty one is its first element's. Raises TypeError for others."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        super().__init__(values)
        self._kind = next(iter(kind_of(self)[1:]), None)

    def _in(self, value: Any) -> Any:
        if self._kind is None:
            self._kind = kind_of(value)
        return _checked(value, self._kind, "an element of this list")

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(index, [self._in(v) for v in value] if isinstance(index, slice) else self._in(value))

    def append(self, value: Any) -> None:
        super().append(self._in(value))

    def insert(self, index: SupportsIndex, value: Any) -> None:
        super().insert(index, self._in(value))

    def extend(self, values: Iterable[Any]) -> None:
        super().extend([self._in(v) for v in values])

    def __iadd__(self, values: Iterable[Any]) -> ScriptList:  # type: ignore[override,misc]
        self.extend(values)
        return self

    def __contains__(self, value: object) -> bool:
        return super().__contains__(_checked(value, self._kind, "an element of this list"))

    def count(self, value: Any) -> int:
        return super().count(_checked(value, self._kind, "an element of this list"))

    def remove(self, value: Any) -> None:
        super().remove(_checked(value, self._kind, "an element of this list"))


class ScriptDict(dict[Any, Any]):
    """A dict whose keys and values stay of one type each. Raises TypeError for others, KeyError where such a key is looked up."""

    def __init__(self, items: Mapping[Any, Any] | None = None) -> None:
        super().__init__(items or {})
        kinds = kind_of(self)[1:]
        self._kinds = kinds if len(kinds) == 2 else (None, None)

    def __setitem__(self, key: Any, value: Any) -> None:
        if self._kinds[0] is None:
            self._kinds = kind_of(key), kind_of(value)
        key = _checked(key, self._kinds[0], "a key of this dict")
        super().__setitem__(key, _checked(value, self._kinds[1], "a value of this dict"))

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *others: Any, **named: Any) -> None:
        for key, value in dict(*others, **named).items():
            self[key] = value

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(_checked(key, self._kinds[0], "a key of this dict"))

    def __contains__(self, key: object) -> bool:
        return super().__contains__(_checked(key, self._kinds[0], "a key of this dict", _MissingKey))
