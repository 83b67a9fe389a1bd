"""The static types of values while compiling, and the Python classes of what has a type."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

import torch
from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.frontend.script import (
    outside_constants,
)
from tsir.frontend.script.listed import type_of_view
from tsir.frontend.script.type_relations import join_types
from tsir.frontend.script.values import (
    Const,
    DictView,
    EnumValue,
    ExceptionValue,
    Object,
    PyObject,
    RaisedException,
    Range,
    Run,
    StaticDict,
    StaticList,
    StaticTuple,
    Value,
)

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session

_CONTAINER_CLASSES: dict[type[Attribute], type] = {
    ts.TensorType: torch.Tensor, ts.ListType: list, ts.DictType: dict, ts.SetType: set, ts.FrozenSetType: frozenset,
    ts.TupleType: tuple, ts.TupleOfType: tuple, ts.DequeType: collections.deque,
    ts.FutureType: torch.futures.Future,
}  # fmt: skip


_PYTHON_CLASSES: dict[Attribute, type] = {
    ts.INT: int, ts.FLOAT: float, ts.BOOL: bool, ts.COMPLEX: complex, ts.StrType(): str, ts.BytesType(): bytes, ts.NONE: type(None),
    ts.DTypeType(): torch.dtype, ts.DeviceType(): torch.device,
}  # fmt: skip


def type_of(session: Session, value: Value) -> Attribute | None:
    """The static type of a value, or None for what has no run-time value."""
    match value:
        case Run() | Object() | Const() | EnumValue():
            return value.type
        case StaticTuple():
            if value.named is not None:
                return value.named
            kinds = [type_of(session, v) for v in value.elements]
            return None if None in kinds else ts.TupleType([k for k in kinds if k is not None])
        case StaticList():
            found: Attribute | None = None
            for v in value.elements:
                kind = type_of(session, v)
                if kind is None:
                    return None
                found = kind if found is None else join_types(found, kind)
            return ts.ListType(found or ts.TensorType())
        case StaticDict() if value.ref is not None:
            return None
        case StaticDict():
            kinds = [type_of(session, v) for v in value.items.values()]
            key = next((type_of(session, Const(k)) for k in value.items), None)
            known = [k for k in kinds if k is not None]
            return None if len(known) < len(kinds) or key is None else ts.DictType(key, known[0])
        case Range():
            return ts.ListType(ts.INT)
        case DictView():
            return type_of_view(value)
        case RaisedException() | ExceptionValue():
            return ts.AnyType()
        case PyObject():
            return outside_constants.type_of_container(session, value)
        case _:
            return None


def python_class(session: Session, kind: Attribute) -> type | None:
    """The Python class of values of a type, where there is one."""
    if isinstance(kind, ts.ClassType):
        return session.class_of(kind)
    if isinstance(kind, ts.NamedTupleType):
        return session.named_tuples.get(kind.class_name.data)
    if isinstance(kind, ts.DictType) and kind.container.data:
        return getattr(collections, kind.container.data)
    return _PYTHON_CLASSES.get(kind) or _CONTAINER_CLASSES.get(type(kind))
