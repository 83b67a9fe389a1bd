"""What the body of a class assigns: the first value of an attribute that each object has, or a variable that all of them share.

An annotated value is an attribute of each object, as dataclasses and TorchScript have it; lists, dicts and sets are the class's own,
unless a method assigns the name. A value that some object gets another one for is the first value of that attribute in all of them,
unless the program assigns the class's own: then an object without one has the class's.
"""

from __future__ import annotations

import dataclasses
import dis
import inspect
import types
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tsir.dialects.ts.structure import SetAttrOp, mark_part
from tsir.frontend.script.class_annotations import class_annotations, class_scope
from tsir.frontend.script.classes import AttributeInfo, ClassInfo
from tsir.frontend.script.convert import coerce
from tsir.frontend.script.decided import class_key, class_of_key, key_of
from tsir.frontend.script.global_names import is_written_in_class
from tsir.frontend.script.late_attributes import may_be_deleted
from tsir.frontend.script.values import Object

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.emitter import Emitter


def attributes_of_body(session: Session, cls: type, only_given: set[str]) -> dict[str, AttributeInfo]:
    """The attributes of a class's objects that its body and those of its bases say; `only_given` are arguments of `__init__` alone."""
    found: dict[str, AttributeInfo] = {}
    for name, (annotation, owner) in class_annotations(cls).items():
        if name in only_given or is_written_in_class(session, cls, name) or _is_shared(session, cls, name):
            continue
        kind = session.annotations.of_part(annotation, class_scope(owner))
        if kind is not None and "ClassVar" not in str(annotation):
            found[name] = AttributeInfo(kind, late=may_be_deleted(session, cls, name))
    for key, name in session.decisions.shadowed:
        if (owner := class_of_key(cls, key)) is not None and name not in found:
            decision = session.decisions.of(session, key_of(cls, name))
            kind = decision.type if decision is not None else session.type_of_object(vars(owner)[name])
            if kind is not None:
                found[name] = AttributeInfo(kind, inferred=True, late=is_written_in_class(session, cls, name))
    return found


def _is_shared(session: Session, cls: type, name: str) -> bool:
    """Whether a value of a class's body is a container that all objects share."""
    owner = next((c for c in cls.__mro__ if name in vars(c)), None)
    if owner is None or dataclasses.is_dataclass(cls) or (class_key(owner), name) in session.decisions.shadowed:
        return False
    is_container = isinstance(vars(owner)[name], list | dict | set | deque)
    return is_container and owner not in session.local_classes and name not in _stored(cls)


@lru_cache(maxsize=1024)
def _stored(cls: type) -> frozenset[str]:
    """The names of the attributes, of whichever object, that the methods of a class assign."""
    functions = [v for c in cls.__mro__ for v in vars(c).values() if inspect.isfunction(v)]
    pending: list[types.CodeType] = [f.__code__ for f in functions]
    stored: set[str] = set()
    while pending:
        code = pending.pop()
        pending += [c for c in code.co_consts if inspect.iscode(c)]
        stored |= {i.argval for i in dis.get_instructions(code) if i.opname == "STORE_ATTR"}
    return frozenset(stored)


def shadow_class_value(session: Session, info: ClassInfo, name: str) -> None:
    """Makes an attribute of each object of a value of the class, because an object gets another one. Raises Redecided."""
    found = info.lookup(name)
    if info.kind == "class" and found is not None and not is_descriptor(found[0]) and not session.complete:
        session.decisions.shadow(found[1], name)


def set_class_values(session: Session, e: Emitter, new: Object) -> None:
    """Attributes whose value is in the class's body begin with that."""
    if dataclasses.is_dataclass(new.info.python_class):
        return
    for name, attribute in new.info.attributes.items():
        found = new.info.lookup(name)
        if found is None or attribute.type is None or attribute.role != "attribute" or is_descriptor(found[0]):
            continue
        if attribute.late:
            continue  # the class has it until the object gets its own
        value = session.from_python(found[0], name)
        e.emit_void(mark_part(SetAttrOp(new.ssa, name, coerce(e, value, attribute.type, f"attribute '{name}'"))))


def is_descriptor(value: Any) -> bool:
    """Whether reading a value of a class of an object gives something else: methods, properties."""
    return hasattr(type(value), "__get__")
