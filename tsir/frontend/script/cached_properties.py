"""`functools.cached_property` of script classes: an attribute that is None until it is read, of the type that its function gives."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING

from xdsl.dialects import scf
from xdsl.dialects.builtin import StringAttr

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import CACHED, GetAttrOp, SetAttrOp, mark_part
from tsir.frontend.script.classes import AttributeInfo, ClassInfo
from tsir.frontend.script.conditions import none_test
from tsir.frontend.script.convert import coerce, materialise
from tsir.frontend.script.decided import key_of
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.values import NONE, Object, PyFunction, Run, Value

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session


def cached_property(info: ClassInfo, name: str) -> functools.cached_property[object] | None:
    """The cached property of a class with this name, if there is one."""
    found = inspect.getattr_static(info.python_class, name, None)
    return found if isinstance(found, functools.cached_property) else None


def begin_cached_properties(e: Emitter, new: Object) -> None:
    """Nothing is cached in a new object."""
    for name in dir(new.info.python_class):
        attribute = None if cached_property(new.info, name) is None else _attribute(e.session, new.info, name)
        if attribute is not None and attribute.type is not None:
            nothing = coerce(e, NONE, attribute.type, f"attribute '{name}'")
            e.emit_void(mark_part(SetAttrOp(new.ssa, name, nothing)))


def _attribute(session: Session, info: ClassInfo, name: str) -> AttributeInfo | None:
    """The attribute that holds the value; None as long as its type isn't known."""
    known = info.attributes.get(name)
    decision = session.decisions.of(session, key_of(info.python_class, name))
    if known is None and decision is not None:
        known = info.attributes[name] = AttributeInfo(ts.optional_of(decision.type))
    return known


def read_cached(e: Emitter, holder: Object, name: str, found: functools.cached_property[object]) -> Value:
    """`holder.name`: what was computed when it was read first."""
    from tsir.frontend.script.control import choose

    session, info = e.session, holder.info
    if info.kind != "class":
        e.unsupported("a cached_property of a module", hint="compute it in __init__, or make it a property")
    attribute = _attribute(session, info, name)

    def compute() -> Value:
        return session.call_function(e, PyFunction(found.func, holder, info), [], {})

    if attribute is None or attribute.type is None:
        kind = session.type_of(compute())
        if kind is not None:
            session.decisions.decide(session, key_of(info.python_class, name), kind)
        e.unsupported(f"the cached property '{name}', whose value isn't one of run time,", hint="make it a property")
    kind = attribute.type
    assert isinstance(kind, ts.OptionalType)
    held = Run(e.emit(GetAttrOp(holder.ssa, name, kind)))

    def keep() -> Value:
        value = session.object_or_run(coerce(e, compute(), kind.element, f"the cached property '{name}'"))
        e.emit_void(SetAttrOp(holder.ssa, name, coerce(e, value, kind, f"attribute '{name}'")))
        return value

    value = choose(
        e, none_test(e, held, None, negate=False), keep, lambda: session.object_or_run(e.cast(held.ssa, kind.element))
    )
    found_or_made = materialise(e, value).owner
    if isinstance(found_or_made, scf.IfOp) and len(found_or_made.results) == 1:
        found_or_made.attributes[CACHED] = StringAttr(name)
    return value
