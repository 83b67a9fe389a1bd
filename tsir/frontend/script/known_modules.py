"""Which of a class's modules an object is, where the way to it from the program's root says so: each layer of a model that is
compiled into one function has its own constants then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.ir import SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import GetAttrOp
from tsir.dialects.values import Instance

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session


def known_module(session: Session, ssa: SSAValue) -> Instance | None:
    """The module that a value is: the only one of its class, or a submodule, which isn't assigned, of one that is known."""
    if not isinstance(ssa.type, ts.ClassType):
        return None
    info = session.info_of_symbol(ssa.type.symbol.string_value())
    if info.kind != "module":
        return None
    if len(info.instances) == 1:
        return info.instances[0]
    read = ssa.owner
    if not isinstance(read, GetAttrOp):
        return None
    holder = known_module(session, read.operands[0])
    found = None if holder is None else holder.attributes.get(read.attr_name.data)
    return found if isinstance(found, Instance) and found.class_name == info.name else None


__all__ = ["known_module"]
