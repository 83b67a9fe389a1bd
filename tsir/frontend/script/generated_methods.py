"""Special methods of objects that other parts of the compiler call: the user's, and those that `dataclass` has made."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import nn

from tsir.frontend.script.builtin_bases import call_special, has_builtin_base, is_of_builtin
from tsir.frontend.script.dataclass_comparisons import ORDER, dataclass_equality, dataclass_order
from tsir.frontend.script.dataclass_functions import dataclass_hash, dataclass_repr, has_generated_repr
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.overriding import by_class, is_overridden
from tsir.frontend.script.values import (
    Object,
    PyFunction,
    Value,
)

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session


def call_optional_method(
    session: Session, e: Emitter, holder: Object, names: Sequence[str], args: Sequence[Value] = ()
) -> Value | None:
    """Calls the first of these methods that the object's class has; None when it has none of them."""
    for name in names:
        found = holder.info.lookup(name)
        if found is not None and is_of_builtin(found[1]) and has_builtin_base(holder):
            if found[0] is not None and (special := call_special(e, holder, name, args)) is not None:
                return special
            continue
        if found is None or not inspect.isfunction(found[0]) or found[1] is nn.Module:
            continue
        if _is_generated(session, holder, name, found[0]) and is_overridden(holder, name):
            return by_class(e, holder, name, lambda of, name=name: _call_of_class(session, e, of, name, args))
        if (made := _generated(session, e, holder, name, found[0], args)) is not None:
            return made
        if found[0].__code__.co_filename == "<string>":
            continue
        overridden = name if is_overridden(holder, name) else None
        return session.call_function(e, PyFunction(found[0], holder, holder.info, overridden), args, {})
    return None


def _is_generated(session: Session, holder: Object, name: str, function: Any) -> bool:
    """Whether a special method is one that `dataclass` has made and the compiler carries out."""
    if name == "__repr__":
        return has_generated_repr(holder.info.python_class, function)
    known = name in ("__eq__", "__hash__") or name in ORDER
    return known and function.__code__.co_filename == "<string>"


def _generated(
    session: Session, e: Emitter, holder: Object, name: str, function: Any, args: Sequence[Value]
) -> Value | None:
    """What such a method gives of an object of this class; None for other methods."""
    if not _is_generated(session, holder, name, function):
        return None
    if name == "__eq__":
        return dataclass_equality(session, e, holder, args[0])
    if name in ORDER:
        return dataclass_order(session, e, name, holder, args[0])
    return dataclass_hash(e, holder) if name == "__hash__" else dataclass_repr(e, holder)


def _call_of_class(session: Session, e: Emitter, holder: Object, name: str, args: Sequence[Value]) -> Value:
    """A special method as the object's static class has it."""
    found = holder.info.lookup(name)
    assert found is not None
    made = _generated(session, e, holder, name, found[0], args)
    return session.call_function(e, PyFunction(found[0], holder, holder.info), args, {}) if made is None else made
