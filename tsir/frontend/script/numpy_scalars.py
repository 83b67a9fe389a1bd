"""NumPy's scalars in programs: `np.float32(x) + 1` is computed by NumPy's rules, and is a `np.float32` again.

They are numbers of the program whose class the compiler knows (`Run.tuple_like`, `Const.numpy`), and become NumPy's again where they
leave it. Containers, attributes, arguments of functions, and variables that are a NumPy scalar and a Python number by turns, hold them
as objects that compute by NumPy's rules (`ScalarObject`): what the class of such a number is asks the running program (`by_class`).
Arithmetic that gives the same numbers as Python's, as nearly all of 64 bits does, is Python's.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.type_relations import NUMBERS, members
from tsir.frontend.script.values import NUMPY_KINDS, Condition, Const, Run, Value

_SAMPLES: dict[Attribute, Any] = {ts.INT: 1, ts.FLOAT: 1.0, ts.BOOL: True, ts.COMPLEX: 1j}
_TYPES: dict[type, Attribute] = {int: ts.INT, float: ts.FLOAT, bool: ts.BOOL, complex: ts.COMPLEX}
_WIDE: frozenset[str | None] = frozenset((None, "bool", "int64", "float64"))
"""The classes whose arithmetic is mostly that of Python's numbers."""
_DIVISIONS = ("truediv", "floordiv", "mod")
_COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
_BITS = ("and_", "or_", "xor")


PYTHONS = "python"
"""The `Run.tuple_like` of a number that is none of NumPy's."""


def kind_of(value: Value) -> str | None:
    """The name of the NumPy class of a number; None for other values."""
    if isinstance(value, Const):
        return value.numpy or None
    return value.tuple_like if isinstance(value, Run) and value.tuple_like in NUMPY_KINDS else None


def class_named(kind: str) -> type[np.generic[Any]]:
    """The class of NumPy's scalars of a name."""
    return np.dtype(kind).type


def python_class(value: Value) -> type | None:
    """The NumPy class of a number; None for other values."""
    kind = kind_of(value)
    return None if kind is None else class_named(kind)


def type_of_kind(kind: str) -> Attribute:
    """The type that the numbers of a class have in the program."""
    return _TYPES[type(class_named(kind)(1).item())]


def constant(value: np.generic[Any]) -> Const:
    """A NumPy scalar that is known while compiling."""
    return Const(value.item(), value.dtype.name if value.dtype.name in NUMPY_KINDS else "")


def kept_class(value: Value, kind: Attribute) -> str | None:
    """The NumPy class that a number has in a variable of this type, which may have no other numbers; None where it may."""
    own = kind_of(value)
    return own if own is not None and type_of_kind(own) == kind else None


def labelled(value: Value, kind: str) -> Value:
    """A number as one of a NumPy class, which can have it."""
    if isinstance(value, Const):
        return Const(value.value, kind)
    return Run(value.ssa, kind) if isinstance(value, Run) else value


def plain(value: Value) -> Value:
    """A NumPy scalar as the Python number that it has; other values as they are."""
    if kind_of(value) is None:
        return value
    return Const(value.value) if isinstance(value, Const) else Run(value.ssa) if isinstance(value, Run) else value


def scalar(e: Emitter, value: Value, kind: str) -> Value:
    """`np.float32(value)` of a number that only the running program knows."""
    ssa = materialise(e, value)
    return Run(e.emit(py_op("numpy_number")([ssa, materialise(e, Const(kind))], [type_of_kind(kind)])), kind)


def operate(e: Emitter, name: str, values: Sequence[Value], compute: Callable[[list[Value]], Value]) -> Value | None:
    """An operator, of the module `operator`, of numbers of which one is NumPy's; None for other operands.

    `compute` is the operator of Python's numbers, for those that give the same number.
    """
    kinds = [kind_of(v) for v in values]
    function = getattr(operator, name)
    if not any(kinds) or (result := sample_result(e, values, function)) is None:
        return None
    if (found := known_result(e, values, function)) is not None:
        return found
    kind = str(result.dtype.name) if isinstance(result, np.generic) else ""
    if _is_pythons(name, kinds, [e.session.type_of(v) for v in values], kind, values[-1]):
        return labelled(compute([plain(v) for v in values]), kind)
    return computed(e, "numpy_operator", name, values, result)


def sample(e: Emitter, value: Value) -> Any:
    """A number of the class that a value is of, which says what NumPy gives for such; None for what is no number."""
    kind = kind_of(value)
    if kind is not None:
        return class_named(kind)(1)
    return _SAMPLES.get(e.session.type_of(value) or ts.NONE) if isinstance(value, Run | Const) else None


def sample_result(e: Emitter, values: Sequence[Value], function: Callable[..., Any]) -> Any:
    """What a function gives for numbers of the classes that the values are of; None where it takes none such, or gives no number."""
    samples = [sample(e, v) for v in values]
    if any(s is None for s in samples):
        return None
    with _silent():
        try:
            found = function(*samples)
        except (TypeError, ValueError):
            return None
    return found if isinstance(found, np.generic | bool | int | float | complex) else None


def known_result(e: Emitter, values: Sequence[Value], function: Callable[..., Any]) -> Value | None:
    """What a function gives for numbers that are all known while compiling; None for others, and where it raises: the running program
    does so then, and may catch it."""
    known = [class_named(v.numpy)(v.value) if v.numpy else v.value for v in values if isinstance(v, Const)]
    if len(known) < len(values):
        return None
    with _silent():
        try:
            return e.session.from_python(function(*known), "a number")
        except (ArithmeticError, ValueError):
            return None


@contextmanager
def _silent() -> Generator[None]:
    """Without NumPy's warnings."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def computed(e: Emitter, row: str, what: str, values: Sequence[Value], result: Any) -> Value:
    """What NumPy computes of numbers when the program runs; `result` is a sample of it."""
    number = result.item() if isinstance(result, np.generic) else result
    kind = str(result.dtype.name) if isinstance(result, np.generic) else ""
    names = [materialise(e, Const(n)) for n in (what, ",".join(kind_of(v) or "" for v in values))]
    made = e.emit(py_op(row)([*names, *(materialise(e, v) for v in values)], [_TYPES[type(number)]]))
    return Run(made, kind if kind in NUMPY_KINDS else None)


def _is_pythons(name: str, kinds: Sequence[str | None], types: Sequence[Attribute | None], result: str, last: Value) -> bool:
    """Whether Python's operator of the numbers gives the number that NumPy's of the scalars does, also with its overflow and without
    an exception."""
    if not _WIDE.issuperset([*kinds, result]):
        return False
    alike = all(t == types[0] for t in types)
    match name:
        case "add" | "sub" | "mul" | "neg" | "pos" | "abs":
            return result != "bool"
        case _ if name in _DIVISIONS:
            return isinstance(last, Const) and bool(last.value) and result in ("int64", "float64")
        case _:
            return alike and (name in _COMPARISONS or (name in _BITS and types[0] in (ts.INT, ts.BOOL)))


def as_text(e: Emitter, value: Value) -> Value | None:
    """`str(value)` of a NumPy scalar; None for other values."""
    kind = kind_of(value)
    return None if kind is None else Run(e.py("numpy_text", [materialise(e, value), materialise(e, Const(kind))]))


def as_result(e: Emitter, value: Value) -> Value | None:
    """A NumPy scalar as it leaves the program; None for other values."""
    kind = kind_of(value)
    return None if kind is None else Run(e.py("numpy_scalar", [materialise(e, value), materialise(e, Const(kind))]))


def as_held(e: Emitter, value: Value) -> Value:
    """A NumPy scalar as what may also have a Python number has it: a container, an attribute, a variable; other values as they are."""
    kind = kind_of(value)
    if kind is None:
        return value
    e.session.decisions.hold_numpy(e.session, kind)
    return Run(e.py("held_scalar", [materialise(e, value), materialise(e, Const(kind))]))


def by_class(e: Emitter, value: Value) -> tuple[Value, tuple[Value, ...]] | None:
    """Which of the values that follow a number of the program is: a scalar of each of the NumPy classes that it may be of, at last
    a Python number; None where it is certainly Python's, or of a class that is known."""
    from tsir.frontend.script.control import choose

    parts = members(value.type) if isinstance(value, Run) and value.tuple_like is None else ()
    if not any(p in NUMBERS for p in parts):
        return None
    e.session.asks_numpy = True
    known = (*parts, *_SAMPLES) if ts.NumberType() in parts else parts
    kinds = [k for k in sorted(e.session.decisions.held_numpy) if type_of_kind(k) in known]
    if not kinds:
        return None
    ssa = materialise(e, value)

    def number(at: int) -> Value:
        if at == len(kinds):
            return Const(at)
        test = e.py("is_numpy", [ssa, materialise(e, Const(kinds[at]))])
        return choose(e, Condition(test), lambda: Const(at), lambda: number(at + 1))

    options = [Run(e.py("scalar_number", [e.cast(ssa, type_of_kind(k)), materialise(e, Const(k))]), k) for k in kinds]
    return number(0), (*options, Run(ssa, PYTHONS))
