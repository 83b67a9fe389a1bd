"""Ranges, views of dicts and iterators where a program holds them as values: lists that are something else for Python.

A view of a dict is asked for its elements wherever it is used, so that it has what the dict has then; in containers and results it
is an object of run time (`tsir/dialects/listed.py`), as are ranges, and iterators that leave the program.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import lru_cache

from xdsl.ir import Attribute, Operation

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import PyOp
from tsir.frontend.script import numpy_scalars
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.values import ITERATORS, Coroutine, DictView, GeneratorCall, Range, Run, StaticTuple, Value

VIEWS = {"dict_keys": "keys", "dict_values": "values", "dict_items": "items"}
"""What `Run.tuple_like` is for what these functions list of a dict."""

_CLASSES: dict[str, type] = {
    "range": range, "keys": type({}.keys()), "values": type({}.values()), "items": type({}.items()),
}  # fmt: skip


def view_of(value: Value) -> DictView | None:
    """The view of a dict that a value is; None for other values."""
    if isinstance(value, DictView):
        return value
    if isinstance(value, Run) and isinstance(value.ssa.owner, PyOp) and value.ssa.owner.FUNCTION in VIEWS:
        return DictView(value.ssa.owner.operands[0], VIEWS[value.ssa.owner.FUNCTION])
    return None


def is_values(value: Value) -> bool:
    """Whether a value is a dict's `values()`, which is equal to nothing but itself."""
    view = view_of(value)
    return view is not None and view.name == "values"


_CHANGES = frozenset("append extend insert pop remove sort reverse clear".split())


@lru_cache(maxsize=256)
def _changed_names(function: ast.AST) -> frozenset[str]:
    """The variables that a function changes as lists."""
    found: set[str] = set()
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _CHANGES:
                found.add(name)
            case (
                ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()) | ast.AugAssign(target=ast.Name(id=name))
            ):
                found.add(name)
            case _:
                pass
    return frozenset(found)


def kept(e: Emitter, name: str, value: Run) -> Value:
    """A dict's view as a variable holds it. Where the function changes it, as only TorchScript allows, the list that it is there."""
    view = view_of(value)
    if view is not None and name in _changed_names(e.source.node):
        return Run(e.py("list", [value.ssa]))
    return view or value


def now(e: Emitter, view: DictView) -> Run:
    """What a dict's view has now."""
    return Run(e.py(f"dict_{view.name}", [view.container]), view.name)


def type_of_view(view: DictView) -> Attribute:
    """The type of the list that a view is here."""
    kind = view.container.type
    assert isinstance(kind, ts.DictType)
    match view.name:
        case "keys":
            return ts.ListType(kind.key)
        case "values":
            return ts.ListType(kind.value)
        case _:
            return ts.ListType(ts.TupleType([kind.key, kind.value]))


def as_object(e: Emitter, value: Value) -> Value:
    """A range or view as the object of run time that containers have, also in a tuple; other values as they are."""
    if isinstance(value, StaticTuple):
        made = tuple(as_object(e, v) for v in value.elements)
        same = all(a is b for a, b in zip(made, value.elements, strict=True))
        return value if same else replace(value, elements=made)
    if isinstance(value, Range):
        return Run(materialise(e, value), "range")
    view = view_of(value)
    return value if view is None else Run(e.py(f"{view.name}_view", [view.container]), view.name)


def as_result(e: Emitter, value: Value) -> Value:
    """As `as_object`; also iterators, which the program goes through, for the caller."""
    from tsir.frontend.script.comprehensions import collect

    if (scalar := numpy_scalars.as_result(e, value)) is not None:
        return scalar
    is_over = isinstance(value, Coroutine) and value.step is None
    if is_over or (isinstance(value, ITERATORS) and not isinstance(value, GeneratorCall)):
        return Run(e.py("iterator_object", [materialise(e, collect(e, value))]))
    return as_object(e, value)


def drop_unused_views(function: Operation) -> None:
    """Takes out what lists a dict's view that wasn't used as a list."""
    for operation in list(function.walk()):
        if isinstance(operation, PyOp) and operation.FUNCTION in VIEWS and operation.results[0].first_use is None:
            operation.detach()
            operation.erase()


def python_class(value: Value) -> type | None:
    """The class of a range, a view or one of NumPy's numbers; None for other values."""
    if isinstance(value, Range):
        return range
    if (scalar := numpy_scalars.python_class(value)) is not None:
        return scalar
    view = view_of(value)
    name = view.name if view is not None else value.tuple_like if isinstance(value, Run) else None
    return _CLASSES.get(name or "")
