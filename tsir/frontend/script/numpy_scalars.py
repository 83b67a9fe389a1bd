"""NumPy's scalars in programs: `np.float32(x) + 1` is computed by NumPy's rules, and is a `np.float32` again.

They are numbers of the program whose class the compiler knows (`Run.tuple_like`, `Const.numpy`), and become NumPy's again where they
leave it, or are put into containers and attributes, which hold them as objects that compute by NumPy's rules (`ScalarObject`).
Those of 64 bits are Python's numbers: they have the same values. So are arguments of functions that aren't inlined.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.values import NUMPY_KINDS, Const, Run, Value

_SAMPLES: dict[Attribute, Any] = {ts.INT: 1, ts.FLOAT: 1.0, ts.BOOL: True, ts.COMPLEX: 1j}
_TYPES: dict[type, Attribute] = {int: ts.INT, float: ts.FLOAT, bool: ts.BOOL, complex: ts.COMPLEX}


def kind_of(value: Value) -> str | None:
    """The name of the NumPy class of a number; None for other values."""
    if isinstance(value, Const):
        return value.numpy or None
    return value.tuple_like if isinstance(value, Run) and value.tuple_like in NUMPY_KINDS else None


def python_class(value: Value) -> type | None:
    """The NumPy class of a number; None for other values."""
    kind = kind_of(value)
    return None if kind is None else np.dtype(kind).type


def constant(value: np.generic[Any]) -> Const:
    """A NumPy scalar that is known while compiling."""
    return Const(value.item(), value.dtype.name if value.dtype.name in NUMPY_KINDS else "")


def scalar(e: Emitter, value: Value, kind: str) -> Value:
    """`np.float32(value)` of a number that only the running program knows."""
    ssa = materialise(e, value)
    made = e.emit(py_op("numpy_number")([ssa, materialise(e, Const(kind))], [_TYPES[type(np.dtype(kind).type(1).item())]]))
    return Run(made, kind if kind in NUMPY_KINDS else None)


def operate(e: Emitter, name: str, values: Sequence[Value]) -> Value | None:
    """An operator, of the module `operator`, of numbers of which one is NumPy's; None for other operands."""
    kinds = [kind_of(v) for v in values]
    types = [e.session.type_of(v) for v in values]
    if not any(kinds) or any(t not in _SAMPLES for t in types):
        return None
    function = getattr(operator, name)
    samples = [np.dtype(k).type(1) if k else _SAMPLES[t] for k, t in zip(kinds, types, strict=True) if t is not None]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            result = function(*samples)
        except TypeError:
            return None
        if all(isinstance(v, Const) for v in values):
            known = [v.value for v in values if isinstance(v, Const)]
            try:
                found = function(*(np.dtype(k).type(v) if k else v for k, v in zip(kinds, known, strict=True)))
            except (ArithmeticError, ValueError):
                found = None  # at run time
            if found is not None:
                return constant(found)
    names = [materialise(e, Const(n)) for n in (name, ",".join(k or "" for k in kinds))]
    kind = _TYPES[type(result.item())]
    made = e.emit(py_op("numpy_operator")([*names, *(materialise(e, v) for v in values)], [kind]))
    return Run(made, result.dtype.name if result.dtype.name in NUMPY_KINDS else None)


def as_text(e: Emitter, value: Value) -> Value | None:
    """`str(value)` of a NumPy scalar; None for other values."""
    kind = kind_of(value)
    return None if kind is None else Run(e.py("numpy_text", [materialise(e, value), materialise(e, Const(kind))]))


def as_result(e: Emitter, value: Value) -> Value | None:
    """A NumPy scalar as it leaves the program; None for other values."""
    kind = kind_of(value)
    return None if kind is None else Run(e.py("numpy_scalar", [materialise(e, value), materialise(e, Const(kind))]))


def as_held(e: Emitter, value: Value) -> Value:
    """A NumPy scalar as a container or attribute has it; other values as they are."""
    kind = kind_of(value)
    return value if kind is None else Run(e.py("held_scalar", [materialise(e, value), materialise(e, Const(kind))]))
