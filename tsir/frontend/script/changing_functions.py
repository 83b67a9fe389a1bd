"""`map` and `filter` with functions of the program that do more than give a value: they change variables of the function around,
ask an iterator for its next element, or raise StopIteration.

These are generators written in the language, whose loops see what the functions do; others need none (`iteration.py`).
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tsir.frontend.script import lazy
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.frames import framed
from tsir.frontend.script.generators import generator_of
from tsir.frontend.script.values import Closure, Coroutine, Partial, Value, Zip


def changing_map(e: Emitter, function: Value, iterables: Sequence[Value]) -> Value | None:
    """`map(function, *iterables)` of such a function; None for others."""
    changes, stops = _what_it_does(e, function)
    if not changes and not stops:
        return None
    if len(iterables) == 1:
        return generator_of(e, lazy.mapped_until_stop if stops else lazy.mapped, function, iterables[0])
    return generator_of(e, lazy.mapped_rows_until_stop if stops else lazy.mapped_rows, function, Zip(tuple(iterables)))


def changing_filter(e: Emitter, function: Value, iterable: Value) -> Value | None:
    """`filter(function, iterable)` of such a function; None for others."""
    changes, stops = _what_it_does(e, function)
    if not changes and not stops:
        return None
    return generator_of(e, lazy.kept_until_stop if stops else lazy.kept, function, iterable)


def _what_it_does(e: Emitter, function: Value) -> tuple[bool, bool]:
    """Whether a local function changes variables around it, and whether it may raise StopIteration, as far as its source says."""
    changes, stops = False, False
    pending, seen = [function], set[int]()
    while pending:
        found = pending.pop()
        if isinstance(found, Partial):
            pending += [found.function, *found.args, *found.kwargs.values()]
        if not isinstance(found, Closure) or id(found.source.node) in seen:
            continue
        seen.add(id(found.source.node))
        for node in ast.walk(found.source.node):
            match node:
                case ast.Nonlocal():
                    changes = True
                case ast.Call(func=ast.Name(id="next"), args=args):
                    changes, stops = True, stops or len(args) == 1
                case ast.Name(id="StopIteration"):
                    stops = True
                case ast.Name(id=name, ctx=ast.Load()):
                    outer = next((b.value for k in _keys(found, name) if (b := e.variables.get(k)) is not None), None)
                    changes = changes or isinstance(outer, Coroutine)
                    pending += [] if outer is None else [outer]
                case _:
                    pass
    return changes, stops


def _keys(function: Closure, name: str) -> list[str]:
    """The keys that a name of a local function may have among the variables."""
    keys, scope = [name], function.scope
    while scope is not None:
        keys.append(framed(name, scope.frame))
        scope = scope.outer
    return keys
