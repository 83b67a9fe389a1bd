"""What a running program holds as a list or a number, and what is something else for Python: ranges, views of dicts, iterators,
NumPy's scalars.

They are lists with the elements, so that every operator on lists takes them, and become the Python object where they leave the
program. A variable of a view doesn't hold one: the compiler asks the dict again wherever the variable is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Literal

import numpy as np


class Listed(list[Any]):
    """A list that stands for a Python object which isn't one."""

    __slots__ = ()

    def outside(self, convert: Callable[[Any], Any]) -> Any:
        """The Python object; `convert` makes values that leave the program of those inside."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return repr(self.outside(_same))


class RangeObject(Listed):
    """`range(start, stop, step)`."""

    __slots__ = ("range",)

    def __init__(self, *bounds: int) -> None:
        self.range = range(*bounds)
        super().__init__(self.range)

    def outside(self, convert: Callable[[Any], Any]) -> range:
        return self.range

    def __getitem__(self, index: Any) -> Any:
        found = self.range[index]
        return RangeObject(found.start, found.stop, found.step) if isinstance(found, range) else found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RangeObject) and self.range == other.range

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return hash(self.range)


class View(Listed):
    """`d.keys()`, `d.values()` or `d.items()`: has what the dict has when it is asked; outside that of the dict."""

    __slots__ = ("container", "name")

    def __init__(self, container: dict[Any, Any], name: Literal["keys", "values", "items"]) -> None:
        self.container = container
        self.name = name
        super().__init__(self.view)

    @property
    def view(self) -> Any:
        """The dict's view."""
        return getattr(self.container, self.name)()

    def outside(self, convert: Callable[[Any], Any]) -> Any:
        return getattr(convert(self.container), self.name)()

    def __len__(self) -> int:
        return len(self.container)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.view)

    def __contains__(self, item: object) -> bool:
        return item in self.view

    def __getitem__(self, index: Any) -> Any:
        if index == 0 or len(self.container) != list.__len__(self):
            self[:] = self.view  # a loop goes over what there is when it begins
        return list.__getitem__(self, index)


class IteratorObject(Listed):
    """An iterator that leaves the program, which has gone through it: `zip(a, b)`, `map(f, a)`."""

    __slots__ = ()

    def outside(self, convert: Callable[[Any], Any]) -> Any:
        return iter([convert(v) for v in self])

    def __repr__(self) -> str:
        return list.__repr__(self)


class ScalarObject:
    """A scalar of NumPy's: a number for the program, of which operators make NumPy's scalars, too."""

    __slots__ = ()

    @property
    def scalar(self) -> Any:
        """The scalar."""
        raise NotImplementedError

    def outside(self, convert: Callable[[Any], Any]) -> Any:
        """The scalar."""
        return self.scalar

    def __repr__(self) -> str:
        return repr(self.scalar)

    def __str__(self) -> str:
        return str(self.scalar)

    def __format__(self, spec: str) -> str:
        return format(self.scalar, spec)

    def __round__(self, digits: int | None = None) -> Any:
        return scalar_object(round(self.scalar, digits))


class BoolObject(ScalarObject):
    """`np.bool_`, which isn't derived from bool: there are no such classes."""

    __slots__ = ("_scalar",)

    def __init__(self, value: Any) -> None:
        self._scalar = value

    @property
    def scalar(self) -> Any:
        return self._scalar

    def __bool__(self) -> bool:
        return bool(self._scalar)

    def __int__(self) -> int:
        return int(self._scalar)

    def __float__(self) -> float:
        return float(self._scalar)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self._scalar, dtype)


def scalar_object(value: Any) -> Any:
    """A scalar of NumPy's as the program holds it; what is none as it is."""
    if isinstance(value, np.bool_):
        return BoolObject(value)
    return _number_class(type(value))(value) if isinstance(value, np.number) else value


def with_scalars(value: Any) -> Any:
    """A value with NumPy's scalars as callers have them: containers are changed in place."""
    if isinstance(value, ScalarObject):
        return value.scalar
    if type(value) is list and any(isinstance(v, ScalarObject | list | dict | tuple) for v in value):
        value[:] = [with_scalars(v) for v in value]
    elif type(value) is dict and any(isinstance(v, ScalarObject | list | dict | tuple) for v in value.values()):
        value |= {k: with_scalars(v) for k, v in value.items()}
    elif type(value) is tuple:
        return tuple(with_scalars(v) for v in value)
    return value


_OPERATORS = """add sub mul truediv floordiv mod pow divmod radd rsub rmul rtruediv rfloordiv rmod rpow rdivmod
    and or xor lshift rshift rand ror rxor rlshift rrshift neg pos abs invert lt le gt ge eq ne""".split()


def _operation(name: str) -> Any:
    """An operator's method of numbers that stand for NumPy's."""

    def operate(self: Any, *others: Any) -> Any:
        given = [o.scalar if isinstance(o, ScalarObject) else o for o in others]
        with np.errstate(all="ignore"):
            found = getattr(self.scalar, name)(*given)
        return tuple(map(scalar_object, found)) if isinstance(found, tuple) else scalar_object(found)

    return operate


def _operations(kind: type[np.generic[Any]], base: type) -> dict[str, Any]:
    names = [f"__{n}__" for n in _OPERATORS if hasattr(kind, f"__{n}__") and hasattr(base, f"__{n}__")]
    return {n: _operation(n) for n in names} | {"__hash__": base.__hash__}


for _name, _method in _operations(np.bool_, np.bool_).items():
    if _name != "__hash__":
        setattr(BoolObject, _name, _method)
BoolObject.__hash__ = lambda self: hash(self.scalar)


@cache
def _number_class(kind: type[np.number[Any]]) -> type:
    """The class of numbers that stand for NumPy's of a class."""
    base: Any = type(kind(1).item())

    def scalar(self: Any) -> Any:
        return kind(base(self))

    members = _operations(kind, base) | {"__slots__": (), "scalar": property(scalar)}
    return type(kind.__name__, (ScalarObject, base), members)


def _same(value: Any) -> Any:
    return value
