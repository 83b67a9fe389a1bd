"""How values look as text: `str`, `repr`, `format`, `%` and `print` for values that may contain tensors.

An array is written as torch writes a tensor, with torch's default print options; everything else as Python writes it. Generated
code calls these as `rt.str` and so on. Source of the format: what torch 2 prints.
"""

from __future__ import annotations

import builtins
import math
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tsir.backend.numpy.tracebacks import place_around
from tsir.dialects import dtypes
from tsir.dialects.listed import Listed, ScalarObject
from tsir.dialects.tensor_keys import TensorDict, TensorSet
from tsir.dialects.values import EnumMember, Instance

PRECISION = 4
THRESHOLD = 1000
EDGE_ITEMS = 3
LINE_WIDTH = 80

Array = np.ndarray[Any, Any]
_UNMARKED = frozenset(("float32", "int64", "bool", "complex64"))
_SHORTENED = object()


def tensor_text(array: Array) -> builtins.str:
    """`repr` of a tensor: `tensor([1., 2.])`, with the dtype where it isn't a default one."""
    prefix = "tensor("
    marks: list[builtins.str] = []
    dtype = dtypes.from_numpy(array.dtype.name)
    if array.size == 0:
        body = "[]"
        if array.ndim != 1:
            marks.append(f"size={array.shape}")
        if dtype.name != "float32":
            marks.append(f"dtype={dtype!r}")
    else:
        body = _body(array, len(prefix))
        if dtype.name not in _UNMARKED:
            marks.append(f"dtype={dtype!r}")
    text = prefix + body
    last_line = len(text) - text.rfind("\n") + 1
    for mark in marks:
        if last_line + len(mark) + 2 > LINE_WIDTH:
            text += ",\n" + " " * len(prefix) + mark
            last_line = len(prefix) + len(mark)
        else:
            text += ", " + mark
            last_line += len(mark) + 2
    return text + ")"


def _body(array: Array, indent: int) -> builtins.str:
    shown = _corners(array) if array.size > THRESHOLD else array
    if array.dtype.kind == "c":
        real, imaginary = _number_format(shown.real), _number_format(shown.imag)
        one = lambda z: real(z.real) + ("-" if _negative(z.imag) else "+") + imaginary(abs(z.imag)).strip() + "j"  # noqa: E731
        one = _padded(one, shown)
    else:
        one = _number_format(shown)
    return _nested(array, indent, one)


def _negative(value: float) -> bool:
    return math.copysign(1.0, value) < 0


def _padded(one: Callable[[Any], builtins.str], shown: Array) -> Callable[[Any], builtins.str]:
    width = max(len(one(z)) for z in shown.reshape(-1).tolist())
    return lambda z: one(z).rjust(width)


def _corners(array: Array) -> Array:
    """The elements that a summary shows: the edges of every dimension."""
    for axis, size in enumerate(array.shape):
        if size > 2 * EDGE_ITEMS:
            array = np.take(array, [*range(EDGE_ITEMS), *range(size - EDGE_ITEMS, size)], axis)
    return array


def _number_format(shown: Array) -> Callable[[Any], builtins.str]:
    """A function that writes one element, all with the same width; `shown` are the elements that will be written."""
    if shown.dtype.kind in "biu":
        width = max(len(builtins.str(v)) for v in shown.reshape(-1).tolist())
        return lambda v: builtins.str(v).rjust(width)
    values = shown.reshape(-1).astype(np.float64)
    counted = values[np.isfinite(values) & (values != 0)]  # torch doesn't make room for others
    finite = np.abs(counted)
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (1.0, 1.0)
    integers = bool((finite == np.ceil(finite)).all())
    scientific = high / low > 1000.0 or high > 1.0e8 or (not integers and low < 1.0e-4)
    if not finite.size:
        write = _integral
        scientific = False
    elif scientific:
        write = lambda v: f"{v:.{PRECISION}e}"  # noqa: E731
    elif integers:
        write = _integral
    else:
        write = lambda v: f"{v:.{PRECISION}f}"  # noqa: E731
    width = max((len(write(v)) for v in counted.tolist()), default=1)
    return lambda v: write(float(v)).rjust(width)


def _integral(value: float) -> builtins.str:
    return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"


def _nested(array: Array, indent: int, one: Callable[[Any], builtins.str]) -> builtins.str:
    if array.ndim == 0:
        return one(array.item())
    return _rows(array, indent, one, array.size > THRESHOLD)


def _rows(array: Array, indent: int, one: Callable[[Any], builtins.str], summarise: bool) -> builtins.str:
    """The brackets and numbers; the depth of the recursion is the rank, which NumPy bounds at 64."""
    size = array.shape[0]
    cut = summarise and size > 2 * EDGE_ITEMS
    picked: Sequence[Any] = [*range(EDGE_ITEMS), _SHORTENED, *range(size - EDGE_ITEMS, size)] if cut else range(size)
    if array.ndim == 1:
        cells = [" ..." if i is _SHORTENED else one(array[i].item()) for i in picked]
        width = max(len(c) for c in cells) + 2
        each = max(1, (LINE_WIDTH - indent) // width)
        lines = [", ".join(cells[i : i + each]) for i in range(0, len(cells), each)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    parts = ["..." if i is _SHORTENED else _rows(array[i], indent + 1, one, summarise) for i in picked]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


class Shown:
    """A value that writes itself as torch's user expects; Python's own formatting sees it instead of the value."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> builtins.str:
        value = self.value
        if isinstance(value, np.ndarray):
            return tensor_text(value)
        if isinstance(value, EnumMember):
            return f"<{_short(value.class_name)}.{value.name}: {presentable(value.value)!r}>"
        return f"<{value.class_name} object>"

    def __str__(self) -> builtins.str:
        if isinstance(self.value, EnumMember):
            return f"{_short(self.value.class_name)}.{self.value.name}"
        return self.__repr__()

    def __format__(self, spec: builtins.str) -> builtins.str:
        value = self.value
        if isinstance(value, np.ndarray) and value.ndim == 0:
            return builtins.format(value.item(), spec)
        if spec:
            name = "Tensor" if isinstance(value, np.ndarray) else _short(value.class_name)
            raise TypeError(f"unsupported format string passed to {name}.__format__")
        return builtins.str(self)

    def __int__(self) -> int:
        return int(self.value.item())

    def __float__(self) -> float:
        return float(self.value.item())

    __index__ = __int__


def _short(class_name: builtins.str) -> builtins.str:
    return class_name.rpartition(".")[2]


def presentable(value: Any) -> Any:
    """The value with every tensor, enum member and object in it replaced by its `Shown`; the value itself without these."""
    if isinstance(value, np.ndarray | EnumMember | Instance):
        return Shown(value)
    if isinstance(value, Listed | ScalarObject):
        return value.outside(presentable)
    if isinstance(value, dict | TensorDict):
        return {presentable(k): presentable(v) for k, v in value.items()}
    if isinstance(value, TensorSet):
        return {presentable(v) for v in value}
    if isinstance(value, list | set | tuple):
        items = [presentable(v) for v in value]
        if all(a is b for a, b in zip(items, value, strict=True)):
            return value
        return type(value)._make(items) if hasattr(value, "_make") else type(value)(items)  # type: ignore[attr-defined]
    return value


def str(value: Any) -> builtins.str:
    """`str(value)`."""
    return builtins.str(presentable(value))


def repr(value: Any) -> builtins.str:
    """`repr(value)`."""
    return builtins.repr(presentable(value))


def format(value: Any, spec: builtins.str = "") -> builtins.str:
    """`format(value, spec)`. A 0-d tensor is formatted as its number, as torch does."""
    return builtins.format(presentable(value), spec)


def percent(template: builtins.str, values: Any) -> builtins.str:
    """`template % values`."""
    return template % presentable(values)


def str_format(template: builtins.str, *values: Any) -> builtins.str:
    """`template.format(*values)`."""
    return template.format(*_presentable_all(values))


def print(*values: Any, sep: builtins.str = " ", end: builtins.str = "\n") -> None:
    """`print(*values, sep=sep, end=end)`."""
    builtins.print(*_presentable_all(values), sep=sep, end=end)


def _presentable_all(values: Iterable[Any]) -> list[Any]:
    return [presentable(v) for v in values]


def warn(message: Any, category: builtins.str = "UserWarning", stacklevel: int = 1) -> None:
    """`warnings.warn(message, category, stacklevel)`, with the name of the category."""
    frame = sys._getframe(1)
    place = place_around(frame, stacklevel)
    kind = getattr(builtins, category)
    if place is None:
        warnings.warn(str(message), kind, stacklevel=stacklevel + 1)
        return
    file, line, module = place
    seen = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(str(message), kind, file, line, module, seen)
