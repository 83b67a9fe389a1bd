"""Python objects as the values that a running program works with; what is shared stays shared."""

from __future__ import annotations

import enum
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from xdsl.ir import Attribute

from tsir.dialects.builtin_bases import HELD, builtin_base, value_as_builtin
from tsir.dialects.listed import scalar_object
from tsir.dialects.ts import types as ts
from tsir.dialects.values import EnumMember, Instance, name_of_member, named_tuple_class
from tsir.frontend.script.annotations import is_named_tuple
from tsir.frontend.script.object_types import define_by_object
from tsir.frontend.script.prelude_slices import OBJECTS_OF_INDICES, Rest, Slice
from tsir.frontend.torch_names import is_torch_constant, torch_constant
from tsir.ops import python_text

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session


def to_runtime(session: Session, value: Any, kind: Attribute) -> Any:
    """A Python object as the value that a running program works with."""
    if isinstance(value, torch.Tensor):
        return session.reader.arrays.array(value)
    if type(value) in OBJECTS_OF_INDICES:
        return _object_to_runtime(
            session, Slice(value.start, value.stop, value.step) if isinstance(value, slice) else Rest()
        )
    if is_torch_constant(value):
        return torch_constant(value)
    if isinstance(value, enum.Enum):
        return EnumMember(session.info_of_class(type(value)).name, name_of_member(value), value.value)
    if builtin_base(type(value)) is not None and session.class_in_use(type(value)):
        return _object_to_runtime(session, value)
    if isinstance(value, tuple):
        parts = [to_runtime(session, v, ts.AnyType()) for v in value]
        if is_named_tuple(type(value)):
            return named_tuple_class(type(value).__name__, tuple(type(value)._fields))(*parts)  # type: ignore[attr-defined]
        return tuple(parts)
    if isinstance(value, list | dict | set | deque):
        known = session.reader.containers.get(id(value))
        if known is None:
            known = session.reader.containers[id(value)] = (value, _container(session, value))
        return known[1]
    if isinstance(value, np.number | np.bool_):
        session.decisions.hold_numpy(session, value.dtype.name)
        return scalar_object(value)
    if kind == ts.FLOAT:
        return float(value) if value is not None else None
    if session.is_script_class(type(value)):
        return _object_to_runtime(session, value)
    return value


def _object_to_runtime(session: Session, value: Any) -> Instance:
    """An object of a script class; one that is met again is the same again."""
    found = session.reader.objects.get(id(value))
    if found is None:
        define_by_object(session, value)
        info = session.info_of_class(type(value))
        found = session.reader.objects[id(value)] = (value, Instance(info.name))
        found[1].attributes = {
            n: to_runtime(session, value_as_builtin(value) if n == HELD else getattr(value, n), a.type)
            for n, a in info.attributes.items()
            if a.type is not None and not a.late
        }
    return found[1]


def _factory(session: Session, made_by: Callable[[], Any] | None) -> Callable[[], Any] | None:
    """What makes the values of a defaultdict in the program."""
    if made_by is None or made_by in python_text.FACTORIES.values():
        return made_by
    return lambda: to_runtime(session, made_by(), ts.AnyType())


def _container(session: Session, value: Any) -> Any:
    if isinstance(value, dict):
        items = {to_runtime(session, k, ts.AnyType()): to_runtime(session, v, ts.AnyType()) for k, v in value.items()}
        if isinstance(value, defaultdict):
            return defaultdict(_factory(session, value.default_factory), items)
        return type(value)(items) if type(value) in (OrderedDict, Counter) else items
    parts = [to_runtime(session, v, ts.AnyType()) for v in value]
    return parts if isinstance(value, list) else set(parts) if isinstance(value, set) else deque(parts, value.maxlen)
