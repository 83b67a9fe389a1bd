"""Objects of script classes as they are made: `cls(...)` by `__new__` and `__init__`, or by what `dataclass` has generated.

Objects that only exist while compiling are made in `static_objects.py`, modules in `made_modules.py`.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xdsl.ir import Attribute

from tsir.dialects.ts.structure import NewOp, SetAttrOp
from tsir.frontend.script.builtin_bases import begin, has_builtin_base, is_of_builtin
from tsir.frontend.script.cached_properties import begin_cached_properties
from tsir.frontend.script.class_protocol import made_by_class
from tsir.frontend.script.class_values import set_class_values
from tsir.frontend.script.classes import ClassInfo
from tsir.frontend.script.convert import coerce
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.numpy_scalars import as_held
from tsir.frontend.script.source import function_source, unwrap
from tsir.frontend.script.unknown_keywords import refuse_unknown_keywords
from tsir.frontend.script.values import (
    Const,
    Object,
    PyFunction,
    Value,
)

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session
from tsir.frontend.script.calls import call
from tsir.frontend.script.objects import define_attributes, has_source


def construct(session: Session, e: Emitter, cls: Any, args: Sequence[Value], kwargs: dict[str, Value]) -> Value:
    """`cls(...)` for a class of the user's."""
    info = session.info_of_class(cls)
    first = not info.attributes and not info.methods
    own = made_by_class(e, info, args, kwargs)
    if own is not None and not (isinstance(own, Object) and issubclass(own.info.python_class, cls)):
        return own
    new = new_object(session, e, info) if own is None else own
    is_dataclass: bool = dataclasses.is_dataclass(cls)
    generated: Any = vars(cls).get("__init__") if is_dataclass else None
    if generated is not None and not has_source(generated):
        _initialise_dataclass(session, e, new, cls, args, kwargs)
        return new
    found = info.lookup("__init__")
    of_builtin = has_builtin_base(new)
    if of_builtin and own is None:
        begin(e, new, args, kwargs)
    if found is not None and inspect.isfunction(found[0]) and not is_of_builtin(found[1]):
        if first and any(isinstance(v, Const) and v.value is None for v in (*args, *kwargs.values())):
            _define_declared(session, info, found[0])  # what is None now may be something else in other objects
        info.open = info.open or first or "__init__" not in info.methods
        try:
            session.call_function(e, PyFunction(found[0], new, info), args, kwargs)
        finally:
            info.open = False
    elif (args or kwargs) and own is None and not of_builtin:
        e.error(f"{getattr(cls, '__name__', cls)}() takes no arguments", hint="define __init__ in it", code="TS401")
    return new


def new_object(session: Session, e: Emitter, info: ClassInfo) -> Object:
    """An object of a class whose `__init__` hasn't run."""
    new = Object(e.emit(NewOp(info.type)), info)
    set_class_values(session, e, new)
    begin_cached_properties(e, new)
    return new


def _define_declared(session: Session, info: ClassInfo, init: Any) -> None:
    """Finds out which attributes objects of a class have where all parameters of `__init__` say their types."""
    if has_source(init):
        own = session.signature(function_source(unwrap(init))).parameters[1:]
        if own and all(p.type is not None for p in own):
            define_attributes(session, info)


def _initialise_dataclass(
    session: Session, e: Emitter, new: Object, cls: Any, args: Sequence[Value], kwargs: dict[str, Value]
) -> None:
    init_only = init_variables(cls)
    declared = [f for f in cls.__dataclass_fields__.values() if f in (*init_only, *dataclasses.fields(cls))]
    fields = [f for f in declared if f.init]
    positional = [f for f in fields if not f.kw_only]
    if len(args) > len(positional):
        e.error(f"{cls.__name__}() takes {len(positional)} positional arguments, got {len(args)}", code="TS401")
    for_post_init: list[Value] = []
    given: dict[str, Value] = dict(zip([f.name for f in positional], args, strict=False)) | dict(kwargs)
    refuse_unknown_keywords(e, cls.__name__, kwargs, [f.name for f in fields])
    for f in declared:
        value = given.get(f.name)
        if value is None:
            if f.default is not dataclasses.MISSING:
                value = session.from_python(f.default, f.name)
            elif f.default_factory is not dataclasses.MISSING:
                value = _of_factory(session, e, f.default_factory, new.info.attributes[f.name].type)
            elif not f.init:
                continue  # __post_init__ assigns it
            else:
                e.error(f"{cls.__name__}() is called without argument '{f.name}'", code="TS401")
        if f in init_only:
            for_post_init.append(value)
            continue
        kind = new.info.attributes[f.name].type
        assert kind is not None
        e.emit_void(SetAttrOp(new.ssa, f.name, coerce(e, as_held(e, value), kind, f"field '{f.name}' of {cls.__name__}")))
    post = new.info.lookup("__post_init__")
    if post is not None:
        was_open = new.info.open
        new.info.open = was_open or "__post_init__" not in new.info.methods
        try:
            session.call_function(e, PyFunction(post[0], new, new.info), for_post_init, {})
        finally:
            new.info.open = was_open


def _of_factory(session: Session, e: Emitter, factory: Any, kind: Attribute | None) -> Value:
    """The default that a factory makes, anew for each object."""
    if factory is list:
        return session.empty_list(e, kind)
    if factory is dict:
        return session.empty_dict(e, kind)
    outer, e.want = e.want, kind
    try:
        return call(e, session.from_python(factory, "default_factory"), [], {})
    finally:
        e.want = outer


def init_variables(cls: Any) -> list[Any]:
    """The `InitVar`s of a dataclass: arguments that only `__post_init__` gets."""
    fields: dict[str, Any] = getattr(cls, "__dataclass_fields__", {})
    return [f for f in fields.values() if f._field_type is dataclasses._FIELD_INITVAR]  # pyright: ignore[reportAttributeAccessIssue]
