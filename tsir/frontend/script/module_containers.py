"""Modules that hold others: their submodules and parameters in order, indexing, and iteration over them and over other objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from tsir.dialects.ts import types as ts
from tsir.errors import did_you_mean
from tsir.frontend.script import lazy
from tsir.frontend.script.choices import choice, choice_by_key
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.generators import generator_of
from tsir.frontend.script.iteration import Items, constant_items, items_of
from tsir.frontend.script.listings import Listing
from tsir.frontend.script.prelude import position_in_container
from tsir.frontend.script.subscripts import Subscript
from tsir.frontend.script.values import (
    Chain,
    Const,
    Object,
    PyFunction,
    PyObject,
    Slice,
    StaticTuple,
    Value,
)

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session

_LISTS = (nn.ModuleList, nn.Sequential)


_PARAMETER_LISTS = (nn.ParameterList,)


_DICTS = (nn.ModuleDict,)


def children(session: Session, e: Emitter, holder: Object) -> dict[str, Value]:
    """The submodules by name."""
    return {n: session.get_attribute(e, holder, n) for n in holder.info.children}


def _parameters(session: Session, e: Emitter, holder: Object, role: str, prefix: str = "") -> dict[str, Value]:
    """The parameters or buffers of a module and of those in it, by path."""
    found: dict[str, Value] = {}
    for name, info in holder.info.attributes.items():
        if info.role == role and info.type is not None and info.type != ts.NONE:
            found[prefix + name] = session.get_attribute(e, holder, name)
    for name in holder.info.children:
        child = session.get_attribute(e, holder, name)
        if isinstance(child, Object):
            found |= _parameters(session, e, child, role, f"{prefix}{name}.")
    return found


def _modules(session: Session, e: Emitter, holder: Object, prefix: str = "") -> dict[str, Value]:
    found: dict[str, Value] = {prefix.rstrip("."): holder}
    for name in holder.info.children:
        child = session.get_attribute(e, holder, name)
        if isinstance(child, Object):
            found |= _modules(session, e, child, f"{prefix}{name}.")
    return found


_LISTINGS = {
    "children": (children, False), "named_children": (children, True),
    "modules": (_modules, False), "named_modules": (_modules, True),
    "parameters": (lambda s, e, h: _parameters(s, e, h, "parameter"), False),
    "named_parameters": (lambda s, e, h: _parameters(s, e, h, "parameter"), True),
    "buffers": (lambda s, e, h: _parameters(s, e, h, "buffer"), False),
    "named_buffers": (lambda s, e, h: _parameters(s, e, h, "buffer"), True),
}  # fmt: skip


LISTINGS = frozenset(_LISTINGS)
"""The methods that list what is in a module."""


def module_methods(session: Session, e: Emitter, holder: Object, name: str) -> Value | None:
    """Methods of torch's module classes that list what is in a module, as functions of no arguments."""
    if holder.info.kind != "module":
        return None
    if name in _LISTINGS and getattr(holder.info.python_class, name, None) is getattr(nn.Module, name):
        listing, named = _LISTINGS[name]
        return PyObject(Listing(listing(session, e, holder), named), name)
    if _is(holder, (nn.ParameterDict,)) and name in ("items", "keys", "values"):
        held = {n: session.get_attribute(e, holder, n) for n in keys(holder) or ()}
        return PyObject(Listing(held, name == "items", name == "keys"), name)
    if _is(holder, _DICTS) and name in ("items", "keys", "values"):
        return PyObject(Listing(children(session, e, holder), name == "items", name == "keys"), name)
    return None


def _is(holder: Object, classes: tuple[type, ...]) -> bool:
    return holder.info.kind == "module" and issubclass(holder.info.python_class, classes)


def elements(session: Session, e: Emitter, holder: Object) -> list[Value] | None:
    """The elements of a ModuleList, Sequential or ParameterList; None for other objects."""
    if _is(holder, _LISTS):
        return list(children(session, e, holder).values())
    if _is(holder, _PARAMETER_LISTS):
        names = [n for n in holder.info.attributes if n.isdigit()]
        return [session.get_attribute(e, holder, n) for n in sorted(names, key=int)]
    return None


def keys(holder: Object) -> list[str] | None:
    """The keys of a ModuleDict or ParameterDict; None for other objects."""
    if _is(holder, _DICTS):
        return holder.info.children
    if _is(holder, (nn.ParameterDict,)):
        return [n for n, a in holder.info.attributes.items() if a.role == "parameter"]
    return None


def length(holder: Object) -> int | None:
    """How many modules or parameters a container has; None for other objects, and where `__len__` is the user's."""
    own = holder.info.lookup("__len__")
    if own is not None and not own[1].__module__.startswith("torch."):
        return None
    names = keys(holder)
    if names is not None:
        return len(names)
    cls = holder.info.python_class
    if holder.info.kind == "module" and issubclass(cls, nn.ModuleList | nn.Sequential):
        return len(holder.info.children)
    if holder.info.kind == "module" and issubclass(cls, nn.ParameterList):
        return len([n for n in holder.info.attributes if n.isdigit()])
    return None


def iterate(session: Session, e: Emitter, holder: Object) -> Items | None:
    """The items of an object that can be iterated over."""
    found = elements(session, e, holder)
    if found is not None:
        return constant_items(found)
    names = keys(holder)
    if names is not None:
        return constant_items([Const(n) for n in names])
    made = iterator(session, e, holder)
    if made is None:
        return None
    return items_of(e, made)


def iterator(session: Session, e: Emitter, holder: Object) -> Value | None:
    """What `__iter__`, or `__getitem__` from 0 on, gives of an object of a script class; None for another object."""
    found = asked_iterator(session, e, holder)
    if isinstance(found, Object) and found.info.lookup("__next__") is not None:
        return generator_of(e, lazy.by_next, found)
    return found


def asked_iterator(session: Session, e: Emitter, holder: Object) -> Value | None:
    """As `iterator`; an object with `__next__` as it is, which a loop over it asks for its iterator again."""
    if holder.info.kind == "module" and (elements(session, e, holder) is not None or keys(holder) is not None):
        return None
    found = session.call_optional_method(e, holder, ("__iter__",))
    if found is not None or holder.info.kind == "module" or holder.info.lookup("__getitem__") is None:
        return found
    return generator_of(e, lazy.by_index, holder)


def item(session: Session, e: Emitter, holder: Object, index: Subscript) -> Value:
    """`holder[index]`."""
    found = elements(session, e, holder)
    names = keys(holder)
    if found is None and names is None:
        result = session.call_optional_method(e, holder, ("__getitem__",), [index.given])
        if result is None:
            e.error(
                f"an object of {holder.info.description} can't be indexed", hint="define __getitem__ in it", code="TS307"
            )
        return result
    first = index.items[0]
    if found is not None and isinstance(first, Slice) and first.constant is not None:
        part = tuple(found[first.constant])
        return Chain(part) if issubclass(holder.info.python_class, nn.Sequential) else StaticTuple(part)
    key = index.value(e)
    if not isinstance(key, Const):
        from tsir.frontend.script.calls import call

        if found is not None:
            return choice(e, found, call(e, PyFunction(position_in_container), [key, Const(len(found))], {}))
        return choice_by_key(e, {n: session.get_attribute(e, holder, n) for n in names or ()}, key)
    if names is not None and key.value in names:
        return session.get_attribute(e, holder, str(key.value))
    if found is not None and isinstance(key.value, int) and -len(found) <= key.value < len(found):
        return found[key.value]
    hint = (
        f"it has {len(found)} module{'s'[: len(found) != 1]}"
        if found is not None
        else f"its keys are {', '.join(map(repr, names or ()))}"
    )
    hint = did_you_mean(str(key.value), names or ()) or hint
    e.error(f"{key.value!r} isn't in this container of modules", hint=hint, code="TS203")
