"""Flags (`enum.Flag`, `enum.IntFlag`) that only the running program knows: combined, looked for, and made of numbers.

A program has a constant for each combination; which of them it is says the number.
"""

from __future__ import annotations

import ast
import enum
import operator
from collections.abc import Callable, Sequence
from typing import Any

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import DictOp, GetAttrOp
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.values import Const, EnumValue, Run, Value

MOST_COMBINATIONS = 1024
"""Flags with more combinations have to be known while compiling."""

_SYMBOLS: dict[Any, str] = {operator.or_: "|", operator.and_: "&", operator.xor: "^"}


def class_of_flags(e: Emitter, value: Value) -> Any:
    """The class of flags that a value is of; None for other values."""
    kind = value.type if isinstance(value, EnumValue | Run) else None
    cls = e.session.class_of(kind) if isinstance(kind, ts.ClassType) else None
    return cls if cls is not None and issubclass(cls, enum.Flag) else None


def number_of_flags(e: Emitter, value: Value) -> Value:
    """The number behind flags; an int as it is."""
    if isinstance(value, EnumValue):
        return Const(int(value.member.value))
    if class_of_flags(e, value) is None:
        return value
    return Run(e.emit(GetAttrOp(materialise(e, value), "value", ts.INT)))


def flags_of_number(e: Emitter, cls: Any, number: Value) -> Value:
    """`cls(number)` at run time, of a number that is one of a combination."""
    members = [(Const(m.value), e.session.from_python(m, cls.__name__)) for m in combinations(e, cls)]
    parts = [materialise(e, v) for pair in members for v in pair]
    known = e.emit(DictOp(parts, ts.DictType(ts.INT, e.session.class_type(cls))))
    return Run(e.py("getitem", [known, materialise(e, number)]))


def combinations(e: Emitter, cls: Any) -> list[Any]:
    """All flags of a class. Raises UnsupportedError for a class with too many."""
    mask = _mask(cls)
    if mask >= MOST_COMBINATIONS:
        e.unsupported(
            f"a {cls.__name__} of so many bits that isn't known while compiling", hint="use its value: `flags.value`"
        )
    return [cls(n) for n in range(mask + 1) if n & ~mask == 0]


def combined_at_run_time(e: Emitter, operands: Sequence[Value], meaning: Callable[..., Any]) -> Value | None:
    """`|`, `&`, `^` and `~` of flags; None for other operators and values."""
    from tsir.frontend.script.rows import call_row
    from tsir.ops import python

    cls = next((c for v in operands if (c := class_of_flags(e, v)) is not None), None)
    if cls is None or not all(class_of_flags(e, v) is cls or _is_number(e, cls, v) for v in operands):
        return None
    numbers = [number_of_flags(e, v) for v in operands]
    if meaning is operator.invert:
        numbers, meaning = [numbers[0], Const(_mask(cls))], operator.xor
    row = python.operator(_SYMBOLS[meaning], [ts.INT, ts.INT]) if meaning in _SYMBOLS else None
    if row is None:
        return None
    return flags_of_number(e, cls, call_row(e, row, numbers))


def has_flags(e: Emitter, container: Value, item: Value) -> Value | None:
    """`item in container` of two flags of one class; None for other values."""
    from tsir.frontend.script.comparisons import compare
    from tsir.frontend.script.operators import binary

    cls = class_of_flags(e, container)
    if cls is None or class_of_flags(e, item) is not cls:
        return None
    wanted = number_of_flags(e, item)
    common = binary(e, ast.BitAnd(), number_of_flags(e, container), wanted)
    return compare(e, ast.Eq(), common, wanted)


def _is_number(e: Emitter, cls: Any, value: Value) -> bool:
    return issubclass(cls, enum.IntFlag) and e.session.type_of(value) in (ts.INT, ts.BOOL)


def _mask(cls: Any) -> int:
    mask = 0
    for member in cls.__members__.values():
        mask |= member.value
    return mask


__all__ = ["class_of_flags", "combined_at_run_time", "flags_of_number", "has_flags", "number_of_flags"]
