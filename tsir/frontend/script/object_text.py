"""Texts of containers that hold objects whose class says how they are written: `repr([point])`, `print({"a": point})`.

What a method of the program gives can't be left to the texts of the values of a running program. So tuples are written element by
element here, lists and dicts by functions of the prelude, which are compiled for their types.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tsir.dialects.ts import types as ts
from tsir.frontend.script import numpy_scalars, prelude
from tsir.frontend.script.class_texts import text_of_class
from tsir.frontend.script.container_comparisons import compares_objects
from tsir.frontend.script.convert import list_of, materialise, tuple_elements
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.several_types import text_by_type
from tsir.frontend.script.type_relations import Tuples
from tsir.frontend.script.values import Const, Object, PyFunction, Range, Run, Value

_METHODS = ("__repr__",)


def repr_of(e: Emitter, value: Value) -> Value | None:
    """`repr(value)` of a class, or of an object or a container of objects whose class defines it; None for other values."""
    if (text := text_of_class(e, value)) is not None:
        return text
    if isinstance(value, Object):
        return e.session.call_optional_method(e, value, _METHODS)
    if isinstance(value, Range):
        parts = [value.start, value.stop, value.step]
        return e.session.call_function(e, PyFunction(prelude.text_of_range), parts, {})
    if (scalar := numpy_scalars.as_result(e, value)) is not None:
        return Run(e.py("repr", [materialise(e, scalar)]))
    kind = e.session.type_of(value)
    if not compares_objects(e, kind, _METHODS):
        return None
    if isinstance(kind, Tuples):
        return _tuple(e, value, kind)
    function: Callable[..., Any] | None = None
    match kind:
        case ts.ListType():
            function = prelude.text_of_list
        case ts.DictType() if not kind.container.data:
            function = prelude.text_of_dict
        case ts.OptionalType():
            function = prelude.text_unless_none
        case ts.UnionType() if (text := text_by_type(e, value, lambda known: _repr(e, known))) is not None:
            return text
        case _:
            e.unsupported(
                f"the text of a {e.show(value)}, whose objects define __repr__,", hint="write its elements one by one"
            )
    return e.session.call_function(e, PyFunction(function), [value], {})


def _repr(e: Emitter, value: Value) -> Value:
    return repr_of(e, value) or Run(e.py("repr", [materialise(e, value)]))


def _tuple(e: Emitter, value: Value, kind: ts.TupleType | ts.NamedTupleType) -> Value:
    elements = tuple_elements(e, value) or []
    fields = [f"{f.data}=" for f in kind.fields.data] if isinstance(kind, ts.NamedTupleType) else [""] * len(elements)
    start = kind.class_name.data if isinstance(kind, ts.NamedTupleType) else ""
    parts: list[Value] = [Const(f"{start}(")]
    for i, (name, element) in enumerate(zip(fields, elements, strict=True)):
        parts += [Const(f"{', ' if i else ''}{name}"), _repr(e, element)]
    parts.append(Const(",)" if len(elements) == 1 and not start else ")"))
    return Run(e.py("str_join", [materialise(e, Const("")), list_of(e, parts)]))
