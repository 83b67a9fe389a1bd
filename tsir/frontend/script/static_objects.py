"""Objects of classes that can't be script classes, such as those derived from dict: their attributes are known one by one.

Their methods are Python's own, inlined where they are called; what they have of built-in classes is carried out here. Where such
an object leaves the program it becomes an object of a class of the program's, which is the same class in Python.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import inspect
import types
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from xdsl.ir import SSAValue

from tsir.dialects.builtin_bases import HELD, builtin_base
from tsir.dialects.ts.structure import NewOp, SetAttrOp
from tsir.dialects.values import ITEM
from tsir.errors import did_you_mean
from tsir.frontend.script.classes import AttributeInfo, ClassInfo
from tsir.frontend.script.construction import mark_part, say_how_object_is_made
from tsir.frontend.script.convert import held, materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.evaluation import as_python
from tsir.frontend.script.inlining import is_static
from tsir.frontend.script.source import innermost
from tsir.frontend.script.static_state import changed, dict_method, fresh, new_ref, set_dict_item, store
from tsir.frontend.script.unknown_keywords import refuse_unknown_keywords
from tsir.frontend.script.values import (
    NONE,
    Const,
    Method,
    PyFunction,
    PyObject,
    StaticDict,
    StaticObject,
    Super,
    Value,
)

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session

_BUILT_IN = (dict, collections.OrderedDict, object)
"""The classes whose methods, written in C, are known here."""


def is_static_class(session: Session, cls: Any) -> bool:
    """Whether objects of a class are static ones: it is derived from dict, as long as the program only names keys that are constants,
    or, in a program that is read as Python reads it, has methods with `*args` or `**kwargs`, as no script class has."""
    if not isinstance(cls, type) or cls in _BUILT_IN or cls.__module__ == "collections":
        return False
    if issubclass(cls, dict) and not session.dynamic:
        if not is_taken_for_dict(session, cls):
            return False
        session.decisions.has_static_dicts = True
        return True
    return issubclass(cls, dict) or (session.dynamic and not session.is_script_class(cls) and _takes_anything(cls))


def is_taken_for_dict(session: Session, cls: type) -> bool:
    """Whether objects of a class derived from dict are static ones, so that an annotation with it means any dict."""
    if session.dynamic or not issubclass(cls, dict):
        return issubclass(cls, dict)
    own = hasattr(cls, "__missing__") or builtin_base(cls) in (defaultdict, Counter)
    return not session.decisions.held_dicts and not own


@functools.lru_cache(maxsize=1024)
def _takes_anything(cls: type) -> bool:
    if issubclass(cls, torch.nn.Module | torch.Tensor | BaseException | enum.Enum | tuple):
        return False
    flags = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
    methods = [
        v for c in cls.__mro__ for v in vars(c).values() if inspect.isfunction(v) and v.__name__ != "__init_subclass__"
    ]
    return any(v.__code__.co_flags & flags for v in methods)


def construct(e: Emitter, cls: type, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`cls(...)`."""
    from tsir.frontend.script.calls import call

    new = StaticObject(cls, {}, new_ref(e), {} if issubclass(cls, dict) else None)
    store(e, new)
    init = _found(cls, "__init__")
    if is_generated_init(init[0]):
        initialise_dataclass(e, init[0], new, args, kwargs)
    elif inspect.isfunction(init[0]):
        call(e, PyFunction(init[0], new), args, kwargs)
    elif issubclass(cls, dict):
        _update(e, new, args, kwargs)
    return fresh(e, new)


def _update(e: Emitter, holder: StaticObject, args: Sequence[Value], kwargs: Mapping[str, Value]) -> None:
    """`holder.update(...)`. Raises UnsupportedError where what is put in isn't known while compiling."""
    if dict_method(e, holder, "update", args, kwargs) is None:
        e.unsupported(f"items of run time in a {holder.cls.__name__} that only exists while compiling")


def new_object(e: Emitter, cls: type) -> Value:
    """`cls.__new__(cls)`: an object without attributes."""
    new = StaticObject(cls, {}, new_ref(e), {} if issubclass(cls, dict) else None)
    store(e, new)
    return new


def call_unbound(e: Emitter, target: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """`dict.__new__(cls)`, and `dict.update(holder, ...)` of a static object: what a built-in class has; None for other calls."""
    if not args:
        return None
    if getattr(target, "__name__", "") == "__new__" and getattr(target, "__self__", None) in _BUILT_IN:
        cls = args[0].value if isinstance(args[0], PyObject) else None
        return new_object(e, cls) if cls is not None and is_static_class(e.session, cls) else None
    if getattr(target, "__objclass__", None) in _BUILT_IN and isinstance(args[0], StaticObject):
        return call_built_in(e, args[0], target.__name__, args[1:], kwargs)
    return None


def is_generated_init(function: Any) -> bool:
    """Whether a function is the `__init__` that `dataclass` has made for a class."""
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename == "<string>" and code.co_name == "__init__"


def initialise_dataclass(
    e: Emitter, init: Any, new: StaticObject, args: Sequence[Value], kwargs: Mapping[str, Value]
) -> None:
    """What the generated `__init__` of the object's class, or of a base of it, does."""
    from tsir.frontend.script.calls import call

    owner: Any = next((c for c in new.cls.__mro__ if innermost(vars(c).get("__init__")) is init), new.cls)
    fields = [f for f in dataclasses.fields(owner) if f.init]
    names = [f.name for f in fields]
    if len(args) > len(fields):
        e.error(f"{new.cls.__name__}() takes {len(fields)} positional arguments, got {len(args)}", code="TS401")
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    refuse_unknown_keywords(e, new.cls.__name__, kwargs, names)
    for f in dataclasses.fields(owner):
        if f.name in given:
            value = given[f.name]
        elif f.default is not dataclasses.MISSING:
            value = e.session.from_python(f.default, f.name)
        elif f.default_factory is not dataclasses.MISSING:
            value = e.session.from_python(f.default_factory(), f.name)
        elif f.init:
            e.error(f"{new.cls.__name__}() is called without argument '{f.name}'", code="TS401")
        else:
            continue  # __post_init__ assigns it
        set_attribute(e, new, f.name, value)
    post = getattr(new.cls, "__post_init__", None)
    if post is not None:
        call(e, PyFunction(post, new), [], {})


def _found(cls: type, name: str, after: type | None = None) -> tuple[Any, type | None]:
    """A name in the classes of an object, behind `after`, and the class that has it; None and None."""
    classes = cls.__mro__
    for base in classes if after is None else classes[classes.index(after) + 1 :]:
        if name in vars(base):
            return vars(base)[name], base
    return None, None


def get_attribute(e: Emitter, holder: StaticObject, name: str, after: type | None = None) -> Value:
    """`holder.name`, or `super().name` in a method of the class `after`."""
    from tsir.frontend.script.calls import call

    holder = _now(e, holder)
    if name == "__class__":
        return PyObject(holder.cls, holder.cls.__name__)
    found, owner = _found(holder.cls, name, after)
    if isinstance(found, property):
        return call(e, PyFunction(found.fget, holder), [], {})
    if after is None and name in holder.attributes:
        return holder.attributes[name]
    if after is None and name == "__dict__":
        return StaticDict(dict(holder.attributes))
    if isinstance(found, staticmethod):
        return PyFunction(found.__func__)
    if isinstance(found, classmethod):
        return PyFunction(found.__func__, PyObject(holder.cls, holder.cls.__name__))
    if inspect.isfunction(found):
        return PyFunction(found, holder)
    if owner in _BUILT_IN and callable(found):
        return Method(holder, name)
    if owner is None and inspect.isfunction(dynamic := _found(holder.cls, "__getattr__")[0]):
        return call(e, PyFunction(dynamic, holder), [Const(name)], {})
    if owner is None:
        hint = did_you_mean(name, [*holder.attributes, *dir(holder.cls)])
        e.error(f"an object of {holder.cls.__name__} has no attribute '{name}'", hint=hint, code="TS203")
    return e.session.from_python(getattr(holder.cls, name), name)


def _now(e: Emitter, holder: StaticObject) -> StaticObject:
    now = fresh(e, holder)
    assert isinstance(now, StaticObject)
    return now


def has_attribute(e: Emitter, holder: StaticObject, name: str) -> bool:
    """`hasattr(holder, name)`."""
    return name in _now(e, holder).attributes or _found(holder.cls, name)[1] is not None


def set_attribute(e: Emitter, holder: StaticObject, name: str, value: Value) -> None:
    """`holder.name = value`."""
    from tsir.frontend.script.calls import call

    found, owner = _found(holder.cls, "__setattr__")
    if owner is not object and inspect.isfunction(found):
        call(e, PyFunction(found, holder), [Const(name), value], {})
        return
    _set_plainly(e, holder, name, value)


def _set_plainly(e: Emitter, holder: StaticObject, name: str, value: Value) -> None:
    from tsir.frontend.script.calls import call

    if name == HELD:
        e.unsupported(f"the items of a {holder.cls.__name__} that only exists while compiling")
    descriptor = _found(holder.cls, name)[0]
    if isinstance(descriptor, property):
        if descriptor.fset is None:
            e.error(f"property '{name}' can't be assigned", hint=f"give it a setter: `@{name}.setter`", code="TS504")
        call(e, PyFunction(descriptor.fset, holder), [value], {})
        return
    now = _now(e, holder)
    changed(e, now, attributes={**now.attributes, name: value})


def call_built_in(e: Emitter, holder: StaticObject, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """A method that the object has of a built-in class."""

    if name == "__setattr__" and isinstance(args[0], Const):
        _set_plainly(e, holder, str(args[0].value), args[1])
        return NONE
    if name == "__init__":
        if holder.items is not None:
            _update(e, holder, args, kwargs)
        return NONE
    found = dict_method(e, holder, name, args, kwargs) if holder.items is not None else None
    if found is None:
        e.unsupported(f"{holder.cls.__name__}.{name}() of an object that only exists while compiling")
    return found


def call_special(e: Emitter, holder: StaticObject, name: str, args: Sequence[Value]) -> Value | None:
    """A special method such as `__getitem__` that the object's class has; None where it has none."""
    from tsir.frontend.script.calls import call

    if _found(holder.cls, name)[1] in (None, object):
        return None
    return call(e, get_attribute(e, holder, name), args, {})


def super_attribute(e: Emitter, value: Super, name: str) -> Value:
    """`super().name` of a static object or of a constant Python object."""
    if isinstance(value.receiver, StaticObject):
        return get_attribute(e, value.receiver, name, value.after)
    from tsir.frontend.script.outside_lookup import base_method

    assert isinstance(value.receiver, PyObject)
    receiver: Any = value.receiver.value
    found = getattr(super(value.after, receiver), name, None)
    if found is None:
        e.error(f"no base class of {value.after.__name__} has '{name}'", code="TS203")
    if isinstance(found, types.MethodType):
        return PyFunction(found.__func__, value.receiver)
    return base_method(e, value.receiver, name) or PyObject(found, name)


def as_object(e: Emitter, value: StaticObject) -> SSAValue:
    """The object as one of the program's: what leaves it."""
    if e.leaving is not None and value.ref in e.leaving:
        return e.leaving[value.ref]
    now = _now(e, value)
    if not all(isinstance(k, str) for k in now.items or ()):
        e.unsupported(f"a {now.cls.__name__} with keys that aren't strings, as a value of run time")
    state = {**now.attributes, **{f"{ITEM}{k}": v for k, v in (now.items or {}).items()}}
    constants = {n: v for n, v in state.items() if is_static(v)}
    parts = {n: materialise(e, held(e, fresh(e, v))) for n, v in state.items() if n not in constants}
    info = _class_of(e.session, now, {n: p.type for n, p in parts.items()}, constants)
    new = e.emit(NewOp(info.type))
    say_how_object_is_made(e, new, now.cls, now.attributes, now.items)
    if e.leaving is not None:
        e.leaving[value.ref] = new
    for name, part in parts.items():
        e.emit_void(mark_part(SetAttrOp(new, name, part)))
    return new


def _class_of(session: Session, value: StaticObject, kinds: Mapping[str, Any], constants: Mapping[str, Value]) -> ClassInfo:
    """The class of the program's for objects with attributes of these types; what else they have only exists in Python."""
    known = {n: as_python(v) for n, v in constants.items()}
    key = (value.cls, tuple(kinds.items()), tuple((n, id(v)) for n, v in known.items()))
    found = session.static_classes.get(key)
    if found is None:
        found = session.static_classes[key] = ClassInfo(session.symbol(value.cls.__name__), value.cls, "class")
        found.attributes = {n: AttributeInfo(k) for n, k in kinds.items()}
        found.defined = True
        session.add_class(found)
        session.keep_alive.append(known)
        if known:
            session.python_attributes[found.name] = known
    return found


__all__ = [
    "as_object", "call_built_in", "call_special", "call_unbound", "construct", "get_attribute", "has_attribute",
    "initialise_dataclass", "is_generated_init", "is_static_class", "new_object", "set_attribute", "set_dict_item", "super_attribute",
]  # fmt: skip
