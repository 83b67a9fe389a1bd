"""What Python keeps with a local function besides its code: its name and docstring, and those that `functools.wraps` gives it."""

from __future__ import annotations

import ast
import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.values import NONE, Closure, Const, PyFunction, PyObject, StaticTuple, Value

WRAPPED = "__wrapped__"
_NAMES = ("__name__", "__qualname__")
_ASSIGNED = (*_NAMES, "__doc__", "__module__")


def update_wrapper(args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """`functools.update_wrapper(wrapper, wrapped)` of a local function; None for other ones, and where it says what is updated."""
    given = dict(zip(("wrapper", "wrapped"), args, strict=False)) | dict(kwargs)
    if not _is_default(given.pop("assigned", None), functools.WRAPPER_ASSIGNMENTS):
        return None
    if not _is_default(given.pop("updated", None), functools.WRAPPER_UPDATES):
        return None
    wrapper = given.get("wrapper")
    if len(args) > 2 or given.keys() != {"wrapper", "wrapped"} or not isinstance(wrapper, Closure):
        return None
    return replace(wrapper, wrapped=given["wrapped"])


def function_attribute(e: Emitter, function: Closure, name: str) -> Value | None:
    """An attribute of a local function; None where it has none of this name."""
    from tsir.frontend.script.attributes import get_attribute

    wrapped = function.wrapped
    if wrapped is not None and name == WRAPPED:
        return wrapped
    if name not in _ASSIGNED:
        return None
    if isinstance(wrapped, Closure | PyFunction):
        return get_attribute(e, wrapped, name)
    if wrapped is not None and name not in _NAMES:
        return None  # what a class or object says of itself
    node = function.source.node
    match name:
        case "__name__":
            return Const(node.name)
        case "__doc__":
            text = ast.get_docstring(node, clean=False)
            return NONE if text is None else Const(text)
        case "__module__":
            return e.session.from_python(function.source.function.__module__, name)
        case _:
            return Const(f"{function.source.function.__qualname__}.<locals>.{node.name}")


def _is_default(value: Value | None, names: tuple[str, ...]) -> bool:
    match value:
        case None:
            return True
        case PyObject():
            return value.value == names
        case StaticTuple():
            return tuple(v.value if isinstance(v, Const) else None for v in value.elements) == names
        case _:
            return False
