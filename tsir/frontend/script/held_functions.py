"""Attributes of modules that are lists, tuples or dicts of functions, methods and modules: `self.activations = {"relu": torch.relu}`.

They are constants of the module's class, in which the module itself and modules in it are named by their path, so that modules of
one class share them: what reading the attribute gives has the object's own methods and submodules in those places.
"""

from __future__ import annotations

import types
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.values import Instance, one_function
from tsir.errors import FrontendError
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.type_relations import join_all
from tsir.frontend.script.values import (
    Object,
    Origin,
    Partial,
    PyFunction,
    PyObject,
    StaticDict,
    StaticList,
    StaticTuple,
    Value,
)

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session

Paths = Mapping[int, str]
"""The modules in a module by their `id`, and what they are called there; the module itself is ''."""


@dataclass(frozen=True)
class _OwnModule:
    """In place of a module that is the holder of the attribute, or one in it."""

    path: str


def held_functions(session: Session, holder: nn.Module, name: str, value: Any) -> tuple[Value, Any] | None:
    """The constant for a container in which there are functions, modules or slices, and what tells it from others; None for other
    values."""
    if not isinstance(value, list | tuple | dict) or not (_has_functions(value) or _has_slices(value)):
        return None
    paths = {id(module): path for path, module in holder.named_modules()}
    try:
        return _constant(session, value, name, paths), _key(value, paths)
    except FrontendError:
        return None  # what else is in it can't be a constant


def own_functions(e: Emitter, holder: Object, value: Value) -> Value:
    """The constant as an object has it: with its own methods and submodules."""
    match value:
        case PyObject(value=_OwnModule(path)):
            from tsir.frontend.script.attributes import get_attribute

            found: Value = holder
            for name in path.split(".") if path else ():
                found = get_attribute(e, found, name)
            return found
        case PyFunction(receiver=PyObject(value=_OwnModule())):
            assert value.receiver is not None
            receiver = own_functions(e, holder, value.receiver)
            return replace(value, receiver=receiver, owner=receiver.info if isinstance(receiver, Object) else None)
        case Partial():
            args = tuple(own_functions(e, holder, v) for v in value.args)
            kwargs = {k: own_functions(e, holder, v) for k, v in value.kwargs.items()}
            return Partial(own_functions(e, holder, value.function), args, kwargs)
        case StaticTuple() | StaticList():
            return replace(value, elements=tuple(own_functions(e, holder, v) for v in value.elements))
        case StaticDict():
            return replace(value, items={k: own_functions(e, holder, v) for k, v in value.items.items()})
        case _:
            return value


def _has_functions(value: Any) -> bool:
    if isinstance(value, list | tuple | dict):
        return any(_has_functions(v) for v in (value.values() if isinstance(value, dict) else value))
    return callable(value) and not isinstance(value, torch.Tensor)


def _has_slices(value: Any) -> bool:
    if isinstance(value, list | tuple | dict):
        return any(_has_slices(v) for v in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, slice) or value is Ellipsis


def changing_functions(
    session: Session, holder: nn.Module, name: str, value: Any, declared: Attribute | None
) -> tuple[Attribute, Any] | None:
    """The type and the value at run time of functions in an attribute that the program changes; None for other attributes."""
    from tsir.frontend.script.reached_stores import reached_stores

    cls: Any = type(holder)
    is_container = isinstance(value, list | dict) and bool(value)
    if is_container and not session.decisions.is_taken(value):
        return None
    if not is_container and name not in reached_stores(cls, cls):
        return None
    found = _at_run_time(session, value)
    if found is None or (value is None and declared is None):
        return None
    kind, held = found
    if isinstance(declared, ts.OptionalType):
        return declared, held
    return (kind, held) if _has_functions(value) else None


def _at_run_time(session: Session, value: Any) -> tuple[Attribute, Any] | None:
    from tsir.frontend.script.function_values import function_type, site_of_python

    if isinstance(value, tuple | list | dict):
        return _container_at_run_time(session, value)
    if not callable(value) or isinstance(value, torch.Tensor | type | nn.Module):
        kind = session.type_of_object(value)
        return None if kind is None else (kind, session.to_runtime(value, kind))
    site = site_of_python(session, value, getattr(value, "__name__", "function"))
    if site is None:
        return None
    made = Instance(site.info.name)
    return function_type(session), one_function(made) if session.decisions.functions_are_told_apart else made


def _container_at_run_time(
    session: Session, value: tuple[Any, ...] | list[Any] | dict[Any, Any]
) -> tuple[Attribute, Any] | None:
    parts = [_at_run_time(session, v) for v in (value.values() if isinstance(value, dict) else value)]
    found = [part for part in parts if part is not None]
    if not found or len(found) < len(parts):
        return None
    kinds, held = [kind for kind, _ in found], [v for _, v in found]
    if isinstance(value, tuple):
        return (ts.TupleType(kinds), tuple(held)) if type(value) is tuple else None
    if isinstance(value, dict):
        key = session.type_of_object(list(value))
        if not isinstance(key, ts.ListType) or type(value) is not dict:
            return None
        kind, made = ts.DictType(key.element, join_all(kinds)), dict(zip(value, held, strict=True))
    else:
        kind, made = ts.ListType(join_all(kinds)), held
    session.reader.containers[id(value)] = (value, made)
    return kind, made


def _constant(session: Session, value: Any, name: str, paths: Paths) -> Value:
    match value:
        case nn.Module() if id(value) in paths:
            return PyObject(_OwnModule(paths[id(value)]), name)
        case types.MethodType() if id(value.__self__) in paths:
            return PyFunction(value.__func__, PyObject(_OwnModule(paths[id(value.__self__)]), name))
        case list() if type(value) is list:
            elements = tuple(_constant(session, v, f"{name}[{i}]", paths) for i, v in enumerate(value))
            return StaticList(elements, origin=Origin(value))
        case tuple() if type(value) is tuple:
            return StaticTuple(tuple(_constant(session, v, f"{name}[{i}]", paths) for i, v in enumerate(value)))
        case dict() if type(value) in (dict, OrderedDict) and all(isinstance(k, str | int) for k in value):
            items = {k: _constant(session, v, f"{name}[{k!r}]", paths) for k, v in value.items()}
            return StaticDict(items, origin=Origin(value))
        case _:
            return session.from_python(value, name)


def _key(value: Any, paths: Paths) -> Any:
    match value:
        case nn.Module() if id(value) in paths:
            return ("module", paths[id(value)])
        case types.MethodType() if id(value.__self__) in paths:
            return ("method", paths[id(value.__self__)], value.__func__)
        case slice():
            return ("slice", value.start, value.stop, value.step)
        case dict():
            return ("dict", tuple((k, _key(v, paths)) for k, v in value.items()))
        case list() | tuple():
            return (type(value).__name__, tuple(_key(v, paths) for v in value))
        case bool() | int() | float() | str() | None:
            return (type(value).__name__, repr(value))
        case _:
            return id(value)
