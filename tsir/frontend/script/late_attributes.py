"""Attributes that methods other than `__init__` assign first, so that an object may have them or not.

The program's stores say of what types they are (`decided.py`); reading one that isn't there raises AttributeError, and `hasattr()`
asks the object.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import nn
from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.frontend.script.classes import AttributeInfo, ClassInfo
from tsir.frontend.script.constructs import end_of, start_of
from tsir.frontend.script.control import choose
from tsir.frontend.script.decided import Redecided, class_key, class_of_key, key_of
from tsir.frontend.script.truth import truth
from tsir.frontend.script.values import Condition, Object, Run, Value

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.emitter import Emitter


def declare_late(e: Emitter, cls: type, name: str, kind: Attribute, value: Value) -> None:
    """Lets the objects of a class have an attribute that is assigned here, if they can. Raises Redecided."""
    session = e.session
    if not _takes_attributes(cls) or _is_of_module(session, kind) or name.startswith("__"):
        return
    is_open = isinstance(value, Run) and value.ssa in session.assumed and not session.decisions.opening
    owner = next((c for c in cls.__mro__ if e.source.function in vars(c).values()), cls)
    session.decisions.late.add((class_key(owner), name))
    session.decisions.decide(session, key_of(owner, name), kind, is_open)


def declare_deleted(e: Emitter, info: ClassInfo, names: Sequence[str]) -> None:
    """Notes that the program deletes attributes, which objects may be without then. Raises Redecided where it is new."""
    decisions, cls = e.session.decisions, info.python_class
    new = [n for n in names if n in info.attributes and not may_be_deleted(e.session, cls, n)]
    if new and not e.session.complete:
        decisions.deleted.update((tuple(map(class_key, cls.__mro__)), n) for n in new)
        raise Redecided


def may_be_deleted(session: Session, cls: type, name: str) -> bool:
    """Whether the program deletes an attribute of objects of a class, or of one derived from it."""
    own = class_key(cls)
    return any(
        n == name and (own in classes or class_of_key(cls, classes[0]) is not None)
        for classes, n in session.decisions.deleted
    )


def is_conditional(e: Emitter) -> bool:
    """Whether the statement that is being compiled is in a branch or loop of its function."""
    at = start_of(e.node or e.source.node)
    inside = (s for s in e.source.node.body if isinstance(s, ast.If | ast.For | ast.While | ast.Try | ast.Match))
    return any(start_of(s) <= at < end_of(s) for s in inside)


def late_attributes(session: Session, cls: type) -> dict[str, AttributeInfo]:
    """The attributes of objects of a class that aren't there from the beginning."""
    found: dict[str, AttributeInfo] = {}
    for key, name in session.decisions.late:
        owner = class_of_key(cls, key)
        decision = None if owner is None else session.decisions.of(session, key_of(owner, name))
        if decision is not None:
            found[name] = AttributeInfo(decision.type, key="late", inferred=True, open=decision.open, late=True)
    return found


def is_late(info: ClassInfo, name: str) -> bool:
    """Whether an object of the class may have no such attribute, and nothing of its class by that name."""
    known = info.attributes.get(name)
    return known is not None and known.late and info.lookup(name) is None


def has_late_attribute(e: Emitter, holder: Object, name: str) -> Value:
    """Whether an object has the attribute now."""
    return Run(e.py("has_attribute", [holder.ssa, e.constant(name)]))


def late_attribute_or(e: Emitter, holder: Object, name: str, default: Value) -> Value:
    """`getattr(holder, name, default)`."""
    there = Condition(truth(e, has_late_attribute(e, holder, name)))
    return choose(e, there, lambda: e.session.get_attribute(e, holder, name), lambda: default)


def _takes_attributes(cls: Any) -> bool:
    """Whether Python lets objects of a class have attributes that the class doesn't name."""
    if issubclass(cls, nn.Module):
        return not cls.__module__.startswith("torch.") and cls.__setattr__ is nn.Module.__setattr__
    own = [c for c in cls.__mro__ if c is not object]
    return cls.__setattr__ is object.__setattr__ and any("__slots__" not in vars(c) for c in own)


def _is_of_module(session: Session, kind: Attribute) -> bool:
    """Whether a value is a module, which becomes part of the module that it is assigned to."""
    cls = session.class_of(kind) if isinstance(kind, ts.ClassType) else None
    return cls is not None and issubclass(cls, nn.Module)
