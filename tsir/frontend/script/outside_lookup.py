"""`container[key]` and `key in container` of objects from outside, at a key that only the running program knows.

A registry is a constant: what it has under each of its keys is looked up while compiling, and the key of run time chooses among these.
Where its class says in Python how it looks up, that method is compiled. Plain dicts are `subscripts.py`'s subject.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from typing import Any

from xdsl.ir import BlockArgument

from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.outside_constants import materialise_container
from tsir.frontend.script.source import function_source
from tsir.frontend.script.static_state import NeedsInlining
from tsir.frontend.script.values import Method, PyFunction, PyObject, Run, StaticDict, StaticList, StaticTuple, Value

MOST_KEYS = 256
"""A container with more keys isn't looked up in while compiling."""


def item_of_object(e: Emitter, container: PyObject, key: Value) -> Value | None:
    """The item of an object from outside at a key of run time; None for one that can't be looked up in."""
    from tsir.frontend.script import prelude
    from tsir.frontend.script.calls import call
    from tsir.frontend.script.subscripts import Subscript, get_item

    if (ssa := materialise_container(e, container)) is not None:
        return get_item(e, Run(ssa), Subscript([key]))
    method = method_in_python(container.value, "__getitem__")
    items = _items(e, container) if method is None or _passes_key_on(method) else None
    if items is not None and any(e.session.type_of(v) is None for v in items.values()):
        _ask_caller(e, key)
    if items is not None:
        missing = method_in_python(container.value, "__missing__")
        if missing is None and all(isinstance(k, str) for k in items):
            return get_item(e, StaticDict(items), Subscript([key]))
        if missing is None:
            keys = tuple(e.session.from_python(k, "a key") for k in items)
            position = call(e, PyFunction(prelude.position_of_key), [StaticTuple(keys), key], {})
            return get_item(e, StaticList(tuple(items.values())), Subscript([position]))
        return call(e, PyFunction(prelude.item_or_missing), [StaticDict(items), key, PyFunction(missing, container)], {})
    return None if method is None else call(e, PyFunction(method, container), [key], {})


def _ask_caller(e: Emitter, key: Value) -> None:
    """Raises NeedsInlining where a key is an argument of the function that is being compiled, which its callers may know."""
    if e.dynamic and isinstance(key, Run) and isinstance(key.ssa, BlockArgument) and not e.is_root:
        raise NeedsInlining


def is_in_object(e: Emitter, container: PyObject, key: Value) -> Value | None:
    """`key in container` of an object from outside for a key of run time; None for one that doesn't say what it contains."""
    from tsir.frontend.script.calls import call
    from tsir.frontend.script.comparisons import compare

    method = method_in_python(container.value, "__contains__")
    if method is not None:
        return call(e, PyFunction(method, container), [key], {})
    if not isinstance(container.value, Mapping) or len(container.value) > MOST_KEYS:
        return None
    keys = StaticTuple(tuple(e.session.from_python(k, "a key") for k in container.value))
    return compare(e, ast.In(), key, keys)


def base_method(e: Emitter, receiver: PyObject, name: str) -> Value | None:
    """`super().name` of a dict from outside, for the methods of dict that look something up; None for others."""
    from tsir.frontend.script.prelude import SPECIAL_METHODS

    known = receiver.value
    if not isinstance(known, dict) or not 0 < len(known) <= MOST_KEYS:  # pyright: ignore[reportUnknownArgumentType]
        return None
    held = StaticDict({k: e.session.from_python(v, f"{receiver.name}[{k!r}]") for k, v in dict.items(known)})  # pyright: ignore
    if name == "get":
        return Method(held, name)
    return PyFunction(SPECIAL_METHODS[name], held) if name in ("__getitem__", "__contains__", "__len__") else None


def method_in_python(value: Any, name: str) -> Any:
    """A method of an object's class that is written in Python; None for one that isn't, or is of a standard class."""
    if isinstance(value, type):
        return None
    found = inspect.getattr_static(type(value), name, None)
    is_own = inspect.isfunction(found) and (found.__module__ or "").partition(".")[0] not in (
        "collections",
        "torch",
        "os",
        "types",
    )
    return found if is_own else None


def _items(e: Emitter, container: PyObject) -> dict[Any, Value] | None:
    """What a mapping has under each of its keys; None for other objects."""
    known = container.value
    if not isinstance(known, Mapping) or not 0 < len(known) <= MOST_KEYS:  # pyright: ignore[reportUnknownArgumentType]
        return None
    found: dict[Any, Value] = {}
    for key in known:  # pyright: ignore[reportUnknownVariableType]
        try:
            value = known[key]
        except (KeyError, TypeError, ValueError, ImportError):
            return None
        found[key] = e.session.from_python(value, f"{container.name}[{key!r}]")
    return found


def _passes_key_on(method: Any) -> bool:
    """Whether `__getitem__` uses its key only to look it up, so that it has what there is under the keys, and nothing else."""
    node = function_source(method).node
    parameters = [a.arg for a in node.args.args]
    if len(parameters) != 2 or any(isinstance(n, ast.Try) for n in ast.walk(node)):
        return False
    looked_up: set[ast.AST] = set()
    for n in ast.walk(node):
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == "__getitem__":
            looked_up.update(n.args)
        elif isinstance(n, ast.Subscript) and isinstance(n.value, ast.Attribute):
            looked_up.add(n.slice)
    uses = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == parameters[1]]
    return all(n in looked_up for n in uses)


__all__ = ["base_method", "is_in_object", "item_of_object", "method_in_python"]
