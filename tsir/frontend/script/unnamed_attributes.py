"""Attributes that `setattr` gives an object by a name which the program nowhere says: of one type, that of what is stored.

Where the program reads `object.name` of such a class, that name is an attribute like any other which a method assigns late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn
from xdsl.ir import Attribute

from tsir.frontend.script.convert import coerce, materialise
from tsir.frontend.script.decided import key_of
from tsir.frontend.script.late_attributes import declare_late
from tsir.frontend.script.type_relations import join_types
from tsir.frontend.script.values import NONE, Object, Value

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.emitter import Emitter

_ANY_NAME = "*"


def unnamed_type(session: Session, cls: type) -> Attribute | None:
    """The type of the attributes that objects of a class get by names of run time; None where they get none."""
    decision = session.decisions.of(session, key_of(cls, _ANY_NAME))
    return None if decision is None else decision.type


def store_unnamed(e: Emitter, holder: Object, name: Value, value: Value) -> None:
    """`setattr(holder, name, value)` of an attribute that the program names nowhere. Raises Redecided where that is new."""
    cls = holder.info.python_class
    if holder.info.kind == "module" and issubclass(cls, nn.Module):
        e.unsupported("setattr() of a module with a name that isn't known while compiling", hint="write the names")
    kind = e.session.type_of(value) or materialise(e, value).type
    known = unnamed_type(e.session, cls)
    joined = kind if known is None else join_types(known, kind)
    if joined != known:
        e.session.decisions.decide(e.session, key_of(cls, _ANY_NAME), joined)
    e.py("set_unnamed", [holder.ssa, materialise(e, name), coerce(e, value, joined, "an attribute")])


def name_attribute(e: Emitter, holder: Object, name: str) -> None:
    """Lets `holder.name` be an attribute of a class whose objects get attributes by names of run time. Raises Redecided."""
    kind = unnamed_type(e.session, holder.info.python_class)
    if (
        kind is not None
        and not name.startswith("__")
        and name not in holder.info.attributes
        and holder.info.lookup(name) is None
    ):
        declare_late(e, holder.info.python_class, name, kind, NONE)


def read_unnamed(e: Emitter, holder: Object, name: Value, kind: Attribute) -> Value:
    """`getattr(holder, name)` of an attribute that the program names nowhere."""
    return e.session.object_or_run(e.cast(e.py("get_unnamed", [holder.ssa, materialise(e, name)]), kind))
