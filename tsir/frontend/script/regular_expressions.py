"""`re` on texts of run time: Python's own functions do the matching when the program runs (rows of `ops/python.py`).

A match is an object of a class for its pattern (`prelude_matches.py`), which says how many groups there are, how they are called and
which of them every match has: their texts are never None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.frontend.script.control import choose
from tsir.frontend.script.convert import coerce, materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.evaluation import NotConstant, as_python
from tsir.frontend.script.prelude_matches import Match, group_at, substituted
from tsir.frontend.script.python_errors import raise_in_program
from tsir.frontend.script.truth import truth
from tsir.frontend.script.values import (
    NONE,
    Closure,
    Condition,
    Const,
    Object,
    Partial,
    PyFunction,
    Run,
    Slice,
    StaticTuple,
    Value,
)

_SPAN = ts.ListType(ts.INT)


@lru_cache(maxsize=1024)
def _match_class(pattern: str, flags: int) -> type:
    """The class of the matches of a pattern."""
    return type("Match", (Match,), {"__module__": Match.__module__, "pattern": re.compile(pattern, flags)})


@lru_cache(maxsize=1024)
def _certain_groups(pattern: re.Pattern[str]) -> frozenset[int]:
    """The groups that are part of every match."""
    try:
        from re import _parser as parser  # pyright: ignore[reportAttributeAccessIssue]
    except ImportError:
        import sre_parse as parser
    found: set[int] = {0}

    def walk(items: Iterable[Any]) -> None:
        for operation, argument in items:
            match str(operation), argument:
                case "SUBPATTERN", (group, _, _, inside):
                    found.update([] if group is None else [group])
                    walk(inside)
                case (("MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT"), (least, _, inside)) if least > 0:
                    walk(inside)
                case "ATOMIC_GROUP", inside:
                    walk(inside)
                case "ASSERT", (_, inside):
                    walk(inside)
                case _:
                    pass

    parsed: Any = parser.parse(pattern.pattern, pattern.flags)
    walk(parsed)
    return frozenset(found)


def call_function(e: Emitter, function: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """`re.match(...)` and the like, and methods of compiled patterns; None for other functions."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, re.Pattern) and isinstance(owner.pattern, str):
        name, given = function.__name__, [Const(owner.pattern), *args]
        flags = Const(int(owner.flags & ~re.UNICODE))
    elif function in _FUNCTIONS and args:
        name, given = function.__name__, list(args)
        position = _FLAGS.get(name)
        if position is not None and len(given) > position:
            flags = _flags(e, given.pop(position))
        else:
            flags = _flags(e, kwargs.get("flags", Const(0)))
    else:
        return None
    named = {k: v for k, v in kwargs.items() if k != "flags"}
    order = _PARAMETERS.get(name)
    if order is None or not _is_text(e, given[0]) or any(k not in order for k in named):
        return None
    bound: dict[str, Value] = dict(zip(order, given[1:], strict=False)) | named
    if len(given) - 1 > len(order) or not _is_text(e, bound.get("string", given[0])):
        return None
    if name == "escape":
        return Run(e.py("re_escape", [materialise(e, given[0])]))
    return _called(e, name, given[0], flags, bound)


_FUNCTIONS = (re.match, re.search, re.fullmatch, re.findall, re.finditer, re.sub, re.subn, re.split, re.escape)
_FLAGS = {"match": 2, "search": 2, "fullmatch": 2, "findall": 2, "finditer": 2, "sub": 4, "subn": 4, "split": 3}
"""Where the flags are among the positional arguments."""
_PARAMETERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("match", "search", "fullmatch", "findall", "finditer"), ("string",)),
    "sub": ("repl", "string", "count"), "subn": ("repl", "string", "count"), "split": ("string", "maxsplit"), "escape": (),
}  # fmt: skip


def _flags(e: Emitter, value: Value) -> Const:
    try:
        return Const(int(as_python(value)))
    except (NotConstant, TypeError):
        e.error("the flags of a regular expression have to be constants", value=value, code="TS507")


def _is_text(e: Emitter, value: Value) -> bool:
    return e.session.type_of(value) == ts.StrType() or isinstance(value, Object)


def _pattern(pattern: Value, flags: Const) -> re.Pattern[str] | None:
    """The pattern, where it is a constant. Raises what Python raises for one that isn't right, in the program."""
    if not isinstance(pattern, Const):
        return None
    try:
        return re.compile(str(pattern.value), int(flags.value))  # pyright: ignore[reportArgumentType]
    except re.error:
        return None


def _called(e: Emitter, name: str, pattern: Value, flags: Const, bound: Mapping[str, Value]) -> Value:
    known = _pattern(pattern, flags)
    cls = Match if known is None else _match_class(known.pattern, int(known.flags))
    text = bound["string"]
    first = [coerce(e, pattern, ts.StrType(), "a pattern"), materialise(e, flags)]
    given = coerce(e, text, ts.StrType(), f"the text of re.{name}()")

    def made(spans: Value) -> Value:
        return e.session.construct(e, cls, [Run(given), spans], {})

    match name:
        case "match" | "search" | "fullmatch":
            spans = e.py("re_spans", [*first, materialise(e, Const(name)), given])
            found = Condition(truth(e, Run(e.py("len", [spans]))))
            return choose(e, found, lambda: made(Run(spans)), lambda: NONE)
        case "finditer":
            return _all_matches(e, first, given, cls)
        case "findall":
            return Run(e.cast(e.py("re_findall", [*first, given]), ts.ListType(_kind_of_found(e, known))))
        case "split":
            kind = (
                ts.StrType() if known is None or len(_certain_groups(known)) > known.groups else ts.optional_of(ts.StrType())
            )
            most = coerce(e, bound.get("maxsplit", Const(0)), ts.INT, "maxsplit")
            return Run(e.cast(e.py("re_split", [*first, given, most]), ts.ListType(kind)))
        case _:
            count = coerce(e, bound.get("count", Const(0)), ts.INT, "count")
            if isinstance(bound["repl"], Closure | PyFunction | Partial):
                if name == "subn":
                    e.unsupported("re.subn() with a function", hint="use re.sub()")
                matches = _all_matches(e, first, given, cls)
                return e.session.call_function(
                    e, PyFunction(substituted), [matches, Run(given), bound["repl"], Run(count)], {}
                )
            repl = coerce(e, bound["repl"], ts.StrType(), "what stands for a match")
            return Run(e.py(f"re_{name}", [*first, repl, given, count]))


def _all_matches(e: Emitter, first: list[Any], text: Any, cls: type) -> Value:
    from tsir.frontend.script.comprehensions import collect
    from tsir.frontend.script.values import Map, PyObject

    spans = Run(e.cast(e.py("re_all_spans", [*first, text]), ts.ListType(_SPAN)))
    made = Partial(PyObject(cls, "Match"), (Run(text),), {})
    return collect(e, Map(made, (spans,)))


def _kind_of_found(e: Emitter, known: re.Pattern[str] | None) -> Attribute:
    """The type of an element of what `re.findall` gives."""
    if known is None:
        e.error("re.findall() needs a pattern that is a constant", hint="use re.finditer()", code="TS507")
    return ts.StrType() if known.groups < 2 else ts.TupleType([ts.StrType()] * known.groups)


# Matches


def call_match(e: Emitter, function: Any, holder: Value | None, args: Sequence[Value]) -> Value | None:
    """A method of a match with groups that are constants; None for other calls, which are compiled as they are written."""
    if function not in _METHODS or not isinstance(holder, Object) or not issubclass(holder.info.python_class, Match):
        return None
    pattern = holder.info.python_class.pattern
    return (
        None
        if pattern is None and function not in (Match.group, Match.__getitem__)
        else _METHODS[function](e, holder, pattern, args)
    )


def _index(e: Emitter, pattern: re.Pattern[str] | None, group: Value) -> int | None:
    """The number of a group; None for one that only the running program knows. Raises IndexError in the program."""
    if not isinstance(group, Const):
        return None
    if pattern is None:
        return group.value if isinstance(group.value, int) and group.value == 0 else None
    index = pattern.groupindex.get(group.value) if isinstance(group.value, str) else group.value
    if not isinstance(index, int) or not 0 <= index <= pattern.groups:
        raise_in_program(e, "IndexError", "no such group")
    return index


def _text(e: Emitter, holder: Object, pattern: re.Pattern[str] | None, index: int, default: Value = NONE) -> Value:
    from tsir.frontend.script.subscripts import Subscript, get_item

    start, end = _bounds(e, holder, index)
    string = e.session.get_attribute(e, holder, "string")

    def text() -> Value:
        return get_item(e, string, Subscript([Slice(start, end, NONE)]))

    if pattern is None or index in _certain_groups(pattern):
        return text()
    there = e.py("ge", [materialise(e, start), e.int_constant(0)])
    return choose(e, Condition(there), text, lambda: default)


def _bounds(e: Emitter, holder: Object, index: int) -> tuple[Value, Value]:
    spans = materialise(e, e.session.get_attribute(e, holder, "spans"))
    start, end = (Run(e.py("getitem", [spans, e.int_constant(2 * index + i)])) for i in (0, 1))
    return start, end


def _group(e: Emitter, holder: Object, pattern: re.Pattern[str] | None, args: Sequence[Value]) -> Value:
    found: list[Value] = []
    for group in args or [Const(0)]:
        index = _index(e, pattern, group)
        if index is not None:
            found.append(_text(e, holder, pattern, index))
            continue
        if e.session.type_of(group) != ts.INT:
            e.unsupported("a group by a name that isn't known while compiling")
        parts = [e.session.get_attribute(e, holder, n) for n in ("string", "spans")]
        found.append(e.session.call_function(e, PyFunction(group_at), [*parts, group], {}))
    return found[0] if len(found) == 1 else StaticTuple(tuple(found))


def _groups(e: Emitter, holder: Object, pattern: re.Pattern[str], args: Sequence[Value]) -> Value:
    default = args[0] if args else NONE
    return StaticTuple(tuple(_text(e, holder, pattern, i, default) for i in range(1, pattern.groups + 1)))


def _group_dict(e: Emitter, holder: Object, pattern: re.Pattern[str], args: Sequence[Value]) -> Value:
    default = args[0] if args else NONE
    return e.session.dict_of(
        e, [(Const(n), _text(e, holder, pattern, i, default)) for n, i in pattern.groupindex.items()], None
    )


def _place(which: Callable[[tuple[Value, Value]], Value]) -> Callable[..., Value | None]:
    def emit(e: Emitter, holder: Object, pattern: re.Pattern[str], args: Sequence[Value]) -> Value | None:
        index = _index(e, pattern, args[0] if args else Const(0))
        return None if index is None else which(_bounds(e, holder, index))

    return emit


_METHODS: dict[Any, Callable[..., Value | None]] = {
    Match.group: _group, Match.__getitem__: _group, Match.groups: _groups, Match.groupdict: _group_dict, 
    Match.start: _place(lambda b: b[0]),
    Match.end: _place(lambda b: b[1]), Match.span: _place(StaticTuple),
}  # fmt: skip
