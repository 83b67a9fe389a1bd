"""Functions of `statistics`, which Python's own compute when the program runs: they are exact, by means that compiled code hasn't."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.values import Const, Run, Value

if TYPE_CHECKING:
    from tsir.frontend.script.emitter import Emitter

_OF_NUMBERS = ("mean", "median", "variance", "pvariance")
"""Of ints they may give an int or a float."""
_FLOATS = ("fmean", "geometric_mean", "harmonic_mean", "stdev", "pstdev")
_ELEMENTS = ("mode", "median_low", "median_high")
_NAMES: dict[Any, str] = {getattr(statistics, n): n for n in (*_OF_NUMBERS, *_FLOATS, *_ELEMENTS, "multimode")}


def call_statistics(e: Emitter, function: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """A call of a function of `statistics` with one argument; None for other calls."""
    from tsir.frontend.script.comprehensions import collect

    name = _NAMES.get(function)
    if name is None or len(args) != 1 or kwargs:
        return None
    values = materialise(e, collect(e, args[0]))
    element = values.type.element if isinstance(values.type, ts.ListType) else None
    kind = None if element is None else _result(name, element)
    if kind is None:
        return None
    return Run(e.emit(py_op("statistics")([materialise(e, Const(name)), values], [kind])))


def _result(name: str, element: Attribute) -> Attribute | None:
    if name == "multimode":
        return ts.ListType(element)
    if name in _ELEMENTS:
        return element
    if element not in (ts.INT, ts.FLOAT, ts.BOOL, ts.NumberType()):
        return None
    exact = name in _FLOATS or element == ts.FLOAT
    return ts.FLOAT if exact else ts.NumberType()
