"""Attributes, methods and functions of NumPy's scalars: `np.float64(x).item()`, `np.sqrt(n)`.

What NumPy gives for a scalar of the class says of what class the result is. What is known while compiling NumPy computes then, else
the running program asks it. Arrays aren't here: calls on constants that make some are evaluated (`evaluation.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.frontend.script.convert import materialise, raise_in_program
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.numpy_scalars import (
    as_held,
    by_class,
    class_named,
    computed,
    constant,
    kind_of,
    known_result,
    labelled,
    plain,
    sample,
    sample_result,
    scalar,
)
from tsir.frontend.script.truth import as_bool
from tsir.frontend.script.type_relations import NUMBERS, members
from tsir.frontend.script.values import (
    NUMPY_KINDS,
    Builtin,
    Choice,
    Condition,
    Const,
    Method,
    PyObject,
    Run,
    StaticList,
    StaticTuple,
    Value,
)
from tsir.ops.numpy_scalars import FUNCTIONS, MEMBERS, METHODS, dtype_of_numbers


def round_number(e: Emitter, values: Sequence[Value]) -> Value | None:
    """`round(value, digits)` of a NumPy scalar; None of other numbers, and for an int."""
    if kind_of(values[0]) is None or len(values) < 2 or (isinstance(values[1], Const) and values[1].value is None):
        return None
    return _compute(e, "method.round", values, lambda given, digits: given.round(digits))


def extreme(e: Emitter, name: str, values: Sequence[Value], compute: Callable[[list[Value]], Value]) -> Value | None:
    """`min` or `max` of numbers of which some are NumPy's; None for others."""
    kinds = {kind_of(v) for v in values}
    if kinds == {None}:
        return None
    if len(kinds) == 1:
        return labelled(compute([plain(v) for v in values]), kinds.pop() or "")
    if all(isinstance(v, Const) for v in values):
        numbers: list[Any] = [v.value for v in values if isinstance(v, Const)]
        return values[numbers.index(min(numbers) if name == "min" else max(numbers))]
    return compute([as_held(e, v) for v in values])


def class_of_number(e: Emitter, value: Value) -> Value | None:
    """`type(value)` of a number that may be a NumPy scalar; None for one that is Python's, or of a class that is known."""
    from tsir.frontend.script.attributes import type_of_value
    from tsir.frontend.script.control import choose

    found = by_class(e, value)
    if found is None:
        return None
    number, (*scalars, python) = found
    classes = [class_named(kind_of(s) or "") for s in scalars]
    other = type_of_value(e, python)
    options: list[Value] = [PyObject(c, c.__name__) for c in classes]
    if isinstance(other, Choice):  # Python's number is one of several classes: its numbers follow
        count = e.int_constant(len(options))
        at = e.py("add", [count, other.number])
        chosen = choose(e, Condition(e.py("eq", [materialise(e, number), count])), lambda: Run(at), lambda: number)
        return Choice(materialise(e, chosen), (*options, *other.options))
    return Choice(materialise(e, number), (*options, other))


def is_of_class(
    e: Emitter, value: Value, candidates: Sequence[object], python: Callable[[Value], Condition]
) -> Condition | None:
    """`isinstance(value, candidates)` of a number that may be a NumPy scalar, with `python` for those that are Python's; None for one
    that can't be."""
    if not isinstance(value, Run) or (found := by_class(e, value)) is None:
        return None
    scalars = [class_named(kind_of(s) or "") for s in found[1][:-1]]
    answers = [any(isinstance(c, type) and issubclass(cls, c) for c in candidates) for cls in scalars]
    other = python(found[1][-1])
    if isinstance(other.value, bool) and {*answers, other.value} == {other.value}:
        return Condition(other.value)
    of_option = lambda o: as_bool(e, other.value) if o is found[1][-1] else Const(answers[found[1].index(o)])  # noqa: E731
    return Condition(materialise(e, _for_each(e, found, of_option)))


def _for_each(e: Emitter, found: tuple[Value, tuple[Value, ...]], use: Callable[[Value], Value]) -> Value:
    """Does the same with whichever of the classes a number is of."""
    from tsir.frontend.script.inlining import emit_choice

    return emit_choice(e, Choice(materialise(e, found[0]), found[1]), use)


def member(e: Emitter, value: Value, name: str) -> Value | None:
    """`value.name` of a NumPy scalar, or of a number that may be one; None where the name is a Python number's, or neither's."""
    kind = kind_of(value)
    if kind is not None:
        return _member(e, value, kind, name)
    if not hasattr(np.float64, name) or (found := _scalars_with(e, value, name)) is None:
        return None
    if callable(getattr(class_named(kind_of(found[1][0]) or ""), name)):
        return Method(value, name)
    return _for_each_scalar(e, found, name, lambda option: member(e, option, name))


def _scalars_with(e: Emitter, value: Value, name: str) -> tuple[Value, tuple[Value, ...]] | None:
    """`by_class` of a number that has a name only where it is a NumPy scalar; None for others."""
    own = sample(e, value)
    return None if own is None or hasattr(own, name) else by_class(e, value)


def _for_each_scalar(
    e: Emitter, found: tuple[Value, tuple[Value, ...]], name: str, use: Callable[[Value], Value | None]
) -> Value:
    """What `use` gives for whichever scalar a number is; AttributeError for Python's number, which has no such name."""
    python = type(sample(e, found[1][0]).item()).__name__

    def of_option(option: Value) -> Value:
        if kind_of(option) is None:
            raise_in_program(e, "AttributeError", f"'{python}' object has no attribute '{name}'")
        made = use(option)
        assert made is not None
        return made

    return _for_each(e, found, of_option)


def _member(e: Emitter, value: Value, kind: str, name: str) -> Value | None:
    sample: Any = class_named(kind)(1)
    if not hasattr(sample, name) or name.startswith("__"):
        return None
    if name == "dtype":
        return PyObject(sample.dtype, "dtype")
    found = getattr(sample, name)
    if callable(found):
        return Method(value, name)
    if not isinstance(found, np.generic):
        return e.session.from_python(found, name)  # of the class: its sizes
    if name not in MEMBERS:
        return value if name == "T" else None
    return _compute(e, f"member.{name}", [value], lambda given: getattr(given, name))


def call_method(e: Emitter, receiver: Value, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """`receiver.name(...)` of a NumPy scalar, or of a number that may be one; None for other receivers."""
    if kind_of(receiver) is None:
        found = _scalars_with(e, receiver, name)
        return None if found is None else _for_each_scalar(e, found, name, lambda o: call_method(e, o, name, args, kwargs))
    if name in ("item", "tolist") and not args and not kwargs:
        return plain(receiver)
    if name == "astype" and len(args) == 1 and not kwargs and (kind := _kind_named(args[0])) is not None:
        return as_kind(e, receiver, kind)
    if name not in METHODS or not hasattr(class_named(kind_of(receiver) or ""), name):
        return None
    values = [receiver, *args, *kwargs.values()]
    names = list(kwargs)

    def compute(given: Any, *others: Any) -> Any:
        count = len(others) - len(names)
        return getattr(given, name)(*others[:count], **dict(zip(names, others[count:], strict=True)))

    return _compute(e, f"method.{name}" + "".join(f",{n}" for n in names), values, compute)


def _kind_named(value: Value) -> str | None:
    """The kind that a dtype, a class of NumPy's or Python's, or a name of one is."""
    given = value.value if isinstance(value, PyObject | Const) else value.name if isinstance(value, Builtin) else None
    if not isinstance(given, type | str | np.dtype):
        return None
    try:
        found = np.dtype(given).name
    except TypeError:
        return None
    return found if found in NUMPY_KINDS else None


def as_kind(e: Emitter, value: Value, kind: str) -> Value:
    """A number as a scalar of another class of NumPy's, as `astype` makes it."""
    if isinstance(value, Const):
        with np.errstate(all="ignore"):
            return constant(class_named(kind_of(value) or "float64")(value.value).astype(kind))
    return _compute(e, f"astype.{kind}", [value], lambda given: given.astype(kind)) or scalar(e, plain(value), kind)


def call_function(e: Emitter, function: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """A call of a function of NumPy's on numbers of which some are only known by the running program; None for other calls."""
    name = getattr(function, "__name__", "")
    if getattr(np, name, None) is not function or not (isinstance(function, np.ufunc) or name in FUNCTIONS):
        return None
    return None if kwargs or not args else _compute(e, f"function.{name}", args, function)


def _compute(e: Emitter, what: str, values: Sequence[Value], function: Callable[..., Any]) -> Value | None:
    """What a function of NumPy's gives for numbers; None where that is no number."""
    result = sample_result(e, values, function)
    if result is None:
        return None
    return known_result(e, values, function) or computed(e, "numpy_call", what, values, result)


def dtype_of_data(e: Emitter, data: Value) -> Value | None:
    """The dtype of a tensor of data in which there are, or may be, NumPy's scalars, whose dtypes count; None for other data."""
    numbers = _numbers(data)
    if any(kind_of(n) is not None for n in numbers):
        samples = [sample(e, n) for n in numbers]
        return None if any(s is None for s in samples) else Const(dtype_of_numbers(samples))
    held = [n for n in numbers if isinstance(n, Run) and any(m in NUMBERS for m in members(_number_type(n.type)))]
    e.session.asks_numpy = e.session.asks_numpy or bool(held)
    if not held or not e.session.decisions.held_numpy:
        return None
    return Run(e.emit(py_op("numpy_dtype")([materialise(e, data)], [ts.optional_of(ts.DTypeType())])))


def _numbers(data: Value) -> list[Value]:
    if isinstance(data, StaticTuple | StaticList):
        return [n for part in data.elements for n in _numbers(part)]
    return [data]


def _number_type(kind: Attribute) -> Attribute:
    while isinstance(kind, ts.ListType):
        kind = kind.element
    return kind
