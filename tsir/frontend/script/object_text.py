"""Texts of containers that hold objects whose class says how they are written: `repr([point])`, `print({"a": point})`.

What a method of the program gives can't be left to the texts of the values of a running program. So tuples are written element by
element here, lists and dicts by functions of the prelude, which are compiled for their types.
"""

from __future__ import annotations

import itertools
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tsir.dialects.ts import types as ts
from tsir.frontend.script import numpy_scalars, prelude
from tsir.frontend.script.comparing import compares_objects
from tsir.frontend.script.convert import list_of, materialise, tuple_elements
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.listed import as_object
from tsir.frontend.script.several_types import text_by_type
from tsir.frontend.script.type_relations import Tuples
from tsir.frontend.script.values import Const, Object, PyFunction, Range, Run, Value

_METHODS = ("__repr__",)


def repr_of(e: Emitter, value: Value) -> Value | None:
    """`repr(value)` of an object, or of a container of objects, whose class defines it; None for other values."""
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


def written(e: Emitter, template: Value, values: Sequence[Value]) -> list[Value]:
    """What is put into a template, with objects that say how they are written as their texts."""
    shown = [_text(e, template, v) if isinstance(v, Object) else v for v in values]
    if any(isinstance(v, Range) for v in shown):
        text = template.value if isinstance(template, Const) else None
        if not isinstance(text, str) or any(r in text for r in ("%r", "!r", "!a")):
            e.unsupported("the repr() of a range in a template", hint="write repr(...) for it")
    return [repr_of(e, v) or v if isinstance(v, Range) else as_object(e, v) for v in shown]


def formatted(e: Emitter, template: Value, args: Sequence[Value], kwargs: Mapping[str, Value]) -> tuple[Value, list[Value]]:
    """A template and its arguments, where objects with `__format__` are written by that: their texts are further arguments."""
    values = list(args)
    given = [*args, *kwargs.values()]
    if (
        not isinstance(template, Const)
        or not isinstance(template.value, str)
        or not any(isinstance(v, Object) for v in given)
    ):
        return template, values
    parts, automatic = list[str](), itertools.count()
    for text, name, spec, conversion in string.Formatter().parse(template.value):
        parts.append(text.replace("{", "{{").replace("}", "}}"))
        if name is None:
            continue
        name = str(next(automatic)) if name == "" else name
        value = args[int(name)] if name.isdigit() and int(name) < len(args) else kwargs.get(name)
        found = None
        if isinstance(value, Object) and not conversion and "{" not in (spec or ""):
            found = e.session.call_optional_method(e, value, ("__format__",), [Const(spec or "")])
        if found is not None:
            parts.append(f"{{{len(values)}}}")
            values.append(found)
        else:
            parts.append(f"{{{name}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}}}")
    return (Const("".join(parts)), values) if len(values) > len(args) else (template, values)


def _text(e: Emitter, template: Value, value: Object) -> Value:
    text = template.value if isinstance(template, Const) else None
    found = e.session.call_optional_method(e, value, ("__str__", "__repr__"))
    if found is None:
        return value
    if not isinstance(text, str) or "%r" in text or "!r" in text or "!a" in text:
        e.unsupported("an object in a template that isn't a constant, or that asks for its repr()", hint="use an f-string")
    return found
