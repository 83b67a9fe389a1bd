"""Templates: `template % values` and `template.format(...)`. Values whose class says how they are
written, not the running program, come into the template as their texts."""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Iterable, Mapping, Sequence

from tsir.frontend.script.class_texts import text_of_class
from tsir.frontend.script.conversions import text_of
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.listed import as_object
from tsir.frontend.script.numpy_scalars import as_text, kind_of
from tsir.frontend.script.object_text import repr_of
from tsir.frontend.script.values import Const, Object, Range, Run, Value

_PERCENT = re.compile(r"%(?:\([^)]*\))?[#0\- +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[hlL]?(?P<kind>.)", re.DOTALL)
"""A conversion of a `%` template, after https://docs.python.org/3/library/stdtypes.html#printf-style-string-formatting."""


def in_percent(e: Emitter, template: Value, values: Sequence[Value]) -> tuple[Value, list[Value]]:
    """The template and the values of `template % values`, where values that say how they are written are their texts: `%r` of
    these is `%s`."""
    known = template.value if isinstance(template, Const) and isinstance(template.value, str) else None
    places = {} if known is None else dict(_conversions(known))
    texts, edits = list[Value](), list[int]()
    for i, value in enumerate(values):
        place = places.get(i)
        kind = "" if known is None or place is None else known[place]
        text = _own_text(e, value, kind or "s") if kind in ("", *"sra") else None
        if text is not None and kind in ("r", "a") and place is not None:
            edits.append(place)
        elif text is not None and known is None:
            e.unsupported("an object in a template that isn't a constant", hint="use an f-string")
        texts.append(as_object(e, value) if text is None else text)
    for place in edits:
        assert known is not None
        known = f"{known[:place]}s{known[place + 1 :]}"
    return (Const(known) if edits else template), texts


def _conversions(template: str) -> Iterable[tuple[int, int]]:
    """For each value that a `%` template takes, in order: which of them it is, and where its conversion's letter stands."""
    position = 0
    for match in _PERCENT.finditer(template):
        if match["kind"] != "%":
            position += match[0].count("*")
            yield position, match.start("kind")
            position += 1


def _own_text(e: Emitter, value: Value, conversion: str) -> Value | None:
    """`str`, `repr` or `ascii` of a value that says how it is written; None for other values."""
    if not _writes_itself(e, value):
        return None
    if isinstance(value, Object):
        names = ("__str__", "__repr__") if conversion == "s" else ("__repr__",)
        found = e.session.call_optional_method(e, value, names)
    elif kind_of(value) is not None and conversion == "s":
        found = as_text(e, value)
    else:
        found = text_of(e, value) if isinstance(value, Run) and value.tuple_like else repr_of(e, value)
    return Run(e.py("ascii_text", [materialise(e, found)])) if found is not None and conversion == "a" else found


def in_format(e: Emitter, template: Value, args: Sequence[Value], kwargs: Mapping[str, Value]) -> tuple[Value, list[Value]]:
    """The template and the values of `template.format(*args, **kwargs)`: named fields are numbered behind the others."""
    values = [*args, *kwargs.values()]
    if not kwargs and not any(_writes_itself(e, v) for v in values):
        return template, [as_object(e, v) for v in values]
    if not isinstance(template, Const) or not isinstance(template.value, str):
        what = "keyword arguments" if kwargs else "values that say themselves how they are written"
        e.unsupported(f"str.format() with {what} on a string that isn't a constant", hint="use an f-string")
    parts, kept = list[str](), set[int]()
    for text, field, spec, conversion in _numbered(e, template.value, len(args), list(kwargs)):
        parts.append(text.replace("{", "{{").replace("}", "}}"))
        if field is None:
            continue
        found = None
        if field.isdigit() and int(field) < len(values):
            found, spec = _field(e, values[int(field)], conversion, spec or "")
            if found is None:
                kept.add(int(field))
        if found is not None:
            field, conversion = str(len(values)), None
            values.append(found)
        parts.append(f"{{{field}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}}}")
    shown = [as_object(e, Const("") if i not in kept and _writes_itself(e, v) else v) for i, v in enumerate(values)]
    return Const("".join(parts)), shown


def _field(e: Emitter, value: Value, conversion: str | None, spec: str) -> tuple[Value | None, str]:
    """The text of a value that says how it is written, and the format that is left for it; None for other values."""
    if isinstance(value, Object) and not conversion and "{" not in spec:
        found = e.session.call_optional_method(e, value, ("__format__",), [Const(spec)])
        if found is not None:
            return found, ""
    return (_own_text(e, value, conversion or "s") if conversion or not spec else None), spec


_Field = tuple[str, str | None, str | None, str | None]


def _numbered(e: Emitter, template: str, count: int, names: Sequence[str]) -> list[_Field]:
    """The fields of a template as `string.Formatter.parse` gives them, each with the number of its value."""
    automatic = itertools.count()

    def parse(template: str) -> Iterable[_Field]:
        for text, field, spec, conversion in string.Formatter().parse(template):
            if field is None:
                yield text, None, None, None
                continue
            first = re.split(r"[.\[]", field, maxsplit=1)[0]
            if first == "":
                number = next(automatic)
            elif first in names:
                number = count + names.index(first)
            elif first.isdigit():
                number = int(first)
            else:
                e.error(f"format() is called without argument '{first}'", code="TS401")
            inner = "".join(map(_written, parse(spec))) if spec else ""
            yield text, f"{number}{field[len(first) :]}", inner, conversion

    return list(parse(template))


def _written(field: _Field) -> str:
    text, name, spec, conversion = field
    before = text.replace("{", "{{").replace("}", "}}")
    if name is None:
        return before
    return f"{before}{{{name}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}}}"


def _writes_itself(e: Emitter, value: Value) -> bool:
    if isinstance(value, Object | Range) or kind_of(value) is not None or (isinstance(value, Run) and value.tuple_like):
        return True
    return text_of_class(e, value) is not None
