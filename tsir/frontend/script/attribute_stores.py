"""`__setattr__` and `__delattr__` of script classes, `del object.name`, and attributes that are set or deleted by a name that only the
running program knows."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Sequence
from typing import Any

from tsir.errors import UnsupportedError
from tsir.frontend.script.attributes import call_by_name, get_attribute, set_attribute, set_plainly
from tsir.frontend.script.classes import ClassInfo
from tsir.frontend.script.comparisons import compare
from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.control import choose, emit_branch
from tsir.frontend.script.convert import fits, materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.late_attributes import declare_deleted
from tsir.frontend.script.truth import truth
from tsir.frontend.script.unnamed_attributes import store_unnamed
from tsir.frontend.script.values import NONE, Condition, Const, Object, PyFunction, Value


def delete_attribute(e: Emitter, holder: Object, name: str) -> None:
    """`del holder.name`."""
    if (own := holder.info.own_function("__delattr__")) is not None:
        call_by_name(e, own, holder, [Const(name)])
        return
    descriptor = inspect.getattr_static(holder.info.python_class, name, None)
    if isinstance(descriptor, property):
        if descriptor.fdel is None:
            hint = f"give it a deleter: `@{name}.deleter`"
            e.error(f"property '{name}' can't be deleted", hint=hint, code="TS504")
        e.session.call_function(e, PyFunction(descriptor.fdel, holder, holder.info), [], {})
        return
    delete_plainly(e, holder, name)


def delete_plainly(e: Emitter, holder: Object, name: str) -> None:
    """What `object.__delattr__` does. Raises AttributeError where the object has no such attribute."""
    known = holder.info.attributes.get(name)
    if known is not None and (known.role != "attribute" or known.type is None):
        e.error(f"attribute '{name}' is a {known.role} and can't be deleted", code="TS504")
    declare_deleted(e, holder.info, [name])
    e.py("del_attribute", [holder.ssa, e.constant(name)])


def delete_by_name(e: Emitter, holder: Object, name: Value) -> None:
    """`delattr(holder, name)`."""
    _refuse_methods(holder, "__delattr__")
    declare_deleted(e, holder.info, _names(holder.info))
    e.py("del_attribute", [holder.ssa, materialise(e, name)])


def set_by_name(e: Emitter, holder: Object, name: Value, value: Value) -> None:
    """`setattr(holder, name, value)`: of an attribute that the program knows, or of one that only its name of run time tells."""
    _refuse_methods(holder, "__setattr__")

    def among(names: Sequence[str]) -> None:
        if not names:
            store_unnamed(e, holder, name, value)
            return
        emit_branch(
            e, _is(e, name, names[0]), lambda: set_attribute(e, holder, names[0], value), lambda: among(names[1:]), _end(e)
        )

    kinds = {n: a.type for n, a in holder.info.attributes.items()}
    among([n for n in _names(holder.info) if (kind := kinds[n]) is not None and fits(e, value, kind)])


def attribute_among(e: Emitter, holder: Object, name: Value, names: Sequence[str]) -> Value:
    """`getattr(holder, name)` where the object may be without some of the attributes of these names."""
    if len(names) == 1:
        return get_attribute(e, holder, names[0])
    test = _is(e, name, names[0])
    return choose(e, test, lambda: get_attribute(e, holder, names[0]), lambda: attribute_among(e, holder, name, names[1:]))


def call_of_object(e: Emitter, target: Any, args: Sequence[Value]) -> Value | None:
    """`object.__setattr__(self, "name", value)`, `object.__delattr__(self, "name")` and `object.__init__(self)`, which does nothing;
    None for other calls."""
    match args:
        case [Object()] if target is object.__init__:
            pass
        case [Object() as holder, Const(value=str(name)), value] if target is object.__setattr__:
            set_plainly(e, holder, name, value)
        case [Object() as holder, Const(value=str(name))] if target is object.__delattr__:
            delete_plainly(e, holder, name)
        case _:
            return None
    return NONE


def _is(e: Emitter, name: Value, known: str) -> Condition:
    return Condition(truth(e, compare(e, ast.Eq(), name, Const(known))))


def _names(info: ClassInfo) -> list[str]:
    return [n for n, a in info.attributes.items() if a.role == "attribute" and a.type is not None and n != "training"]


def _refuse_methods(holder: Object, method: str) -> None:
    if holder.info.own_function(method) is not None:
        name = holder.info.python_class.__name__
        raise UnsupportedError(
            f"an attribute by its name of an object of {name}, whose class defines {method}, isn't supported yet"
        )


def _end(e: Emitter) -> tuple[int, int]:
    return end_of(e.node or e.source.node)
