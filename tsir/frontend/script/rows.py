"""Calls of built-in functions and methods by the rows of their table, `ops/python.py`."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from xdsl.ir import Attribute

from tsir.dialects.builtin_bases import builtin_base
from tsir.dialects.ts import types as ts
from tsir.frontend.script.builtin_bases import plain as as_builtin
from tsir.frontend.script.call_arguments import spread_last
from tsir.frontend.script.convert import (
    as_python,
    materialise,
)
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.enums import extreme_member, plain
from tsir.frontend.script.generators import is_lazy
from tsir.frontend.script.listed import as_object
from tsir.frontend.script.numpy_calls import extreme, round_number
from tsir.frontend.script.numpy_scalars import as_text, kind_of, operate
from tsir.frontend.script.object_text import repr_of
from tsir.frontend.script.open_types import parts_of
from tsir.frontend.script.unknown_keywords import refuse_unknown_keywords
from tsir.frontend.script.values import (
    NONE,
    Const,
    Object,
    PyFunction,
    Range,
    Spread,
    StaticTuple,
    Value,
)
from tsir.ops import python
from tsir.ops.python import PyFunction as Row
from tsir.ops.python_types import shown_name, wrong_count

_SHOWING = ("str", "repr", "print", "format", "ascii", "hash", "id")
"""Built-in functions that take an iterator as the object that it is."""


_ITERATING = frozenset(
    """str_join dict_fromkeys
    list_extend deque_extend deque_extendleft set_update set_union set_intersection set_difference set_issubset
    set_issuperset set_isdisjoint set_symmetric_difference set_difference_update set_intersection_update""".split()
)
"""Methods that go over what they are given."""


def _as_builtins(e: Emitter, row: Row, values: list[Value]) -> list[Value]:
    """Operands of which those are what they are as built-in values that aren't put into, or looked for in, containers of objects."""
    if python.builtin(row.name) is row:
        return [as_builtin(e, v, "__iter__") for v in values]
    if any(isinstance(k, ts.ClassType) for v in values if not isinstance(v, Object) for k in _parts(e.session.type_of(v))):
        return values
    return [as_builtin(e, v, "__eq__", "__iter__") for v in values]


def _parts(kind: Attribute | None) -> list[Attribute]:
    if kind is None:
        return []
    return [kind, *(p for part in parts_of(kind) for p in _parts(part))]


def _texts(e: Emitter, values: Value) -> Value:
    """The texts that `str.join` puts together: of objects of a class derived from str what they are as a str."""
    from tsir.frontend.script import prelude

    kind = e.session.type_of(values)
    element = kind.element if isinstance(kind, ts.ListType | ts.SetType | ts.TupleOfType | ts.DequeType) else None
    if not isinstance(element, ts.ClassType) or builtin_base(e.session.class_of(element)) is not str:
        return values
    return e.session.call_function(e, PyFunction(prelude.plain_texts), [values], {})


def call_row(e: Emitter, row: Row, args: Sequence[Value], kwargs: Mapping[str, Value] | None = None) -> Value:
    """A call of a built-in of the table; keyword arguments go by the row's parameter names."""
    from tsir.frontend.script.comprehensions import collect

    values = [collect(e, a) if is_lazy(a) and row.name not in _SHOWING else a for a in args]
    if row.name not in _SHOWING:
        values = _as_builtins(e, row, values)
    if row.name == "str_join":
        values[1:] = [_texts(e, v) for v in values[1:]]
    if row.name in _ITERATING:
        first = 0 if row.name == "dict_fromkeys" else 1
        values = [collect(e, v) if i >= first and isinstance(v, Object) else v for i, v in enumerate(values)]
    names = row.parameters
    if any(isinstance(v, Spread) for v in values):
        return _spread_row(e, row, values, kwargs or {})
    refuse_unknown_keywords(e, shown_name(row), kwargs or {}, names)
    for name, value in (kwargs or {}).items():
        at = names.index(name)
        while len(values) < at and (default := row.defaults.get(names[len(values)])) is not None:
            values.append(Const(ast.literal_eval(default)))
        if at != len(values):
            e.unsupported(f"argument '{name}' of {shown_name(row)}() without those before it")
        values.append(value)
    if not row.accepts(len(values)):
        e.error(wrong_count(row, len(values)), code="TS401")
    if row.name in ("min", "max") and len(values) > 1 and (member := extreme_member(e, row.name, values)) is not None:
        return member
    if row.name not in ("str", "repr", "format", "hash") and row.name.partition("_")[0] not in _OF_CONTAINERS:
        values = [plain(e, v) for v in values]
    if (
        row.name in ("abs", "pow")
        and len(values) < 3
        and (found := operate(e, row.name, values, lambda known: call_row(e, row, known))) is not None
    ):
        return found
    if row.name == "divmod" and any(kind_of(v) is not None for v in values):
        from tsir.frontend.script.operators import binary

        return StaticTuple((binary(e, ast.FloorDiv(), *values), binary(e, ast.Mod(), *values)))
    if row.name == "round" and (found := round_number(e, values)) is not None:
        return found
    if row.name in ("min", "max") and len(values) > 1:
        found = extreme(e, row.name, values, lambda known: call_row(e, row, known))
        if found is not None:
            return found
    if row.name in ("str", "print"):
        values = [as_text(e, v) or v for v in values]
    if row.name in ("str", "repr", "format", "print"):
        values = [repr_of(e, v) or v if isinstance(v, Range) else as_object(e, v) for v in values]
    if row.name == "repr" and isinstance(args[0], Range):
        return values[0]
    if row.name == "repr" and (text := repr_of(e, values[0])) is not None:
        return text
    if row.name == "hash":
        values = [as_python(e, v) for v in values]
    operands = [materialise(e, v) for v in values]
    from tsir.ops.python_types import UNKNOWN

    constants = [v.value if isinstance(v, Const) else UNKNOWN for v in values]
    return e.session.object_or_run(e.py(row.name, operands, constants))


_OF_CONTAINERS = ("list", "tuple", "dict", "set", "frozenset", "deque", "counter", "ordereddict")
"""What the names of rows begin with whose operands are put into containers, or looked for there, as they are."""


def _spread_row(e: Emitter, row: Row, values: list[Value], kwargs: Mapping[str, Value]) -> Value:
    """A call of a built-in with `*values` of unknown length as its last argument."""
    form = python.lookup(row.name + python.SPREAD)
    whole = spread_last(e, values, e.node)
    operands = [materialise(e, v.values if isinstance(v, Spread) else v) for v in whole]
    if form is not None and not kwargs and len(values) == 1 and row.parameters[0] == "self":
        # `set.union(*sets)`: the first of them is the object.
        rest = e.py("getslice", [operands[0], e.int_constant(1), materialise(e, NONE)])
        return e.session.object_or_run(e.py(form.name, [e.py("getitem", [operands[0], e.int_constant(0)]), rest]))
    if form is None or kwargs or len(values) < len(row.parameters):
        e.error(
            f"{shown_name(row)}() can't be given values with * whose number isn't known while compiling",
            hint="pass the elements one by one",
            code="TS401",
        )
    return e.session.object_or_run(e.py(form.name, operands))


def ordered_keywords(e: Emitter, row: Row, given: Sequence[Value], kwargs: Mapping[str, Value]) -> list[Value]:
    """Keyword arguments in the order of the parameters, constants of None for skipped ones."""
    rest: list[Value] = []
    remaining = dict(kwargs)
    for name in row.parameters[len(given) :]:
        if not remaining:
            break
        rest.append(remaining.pop(name, Const(None)))
    refuse_unknown_keywords(e, shown_name(row), remaining, row.parameters[len(given) :])
    return rest
