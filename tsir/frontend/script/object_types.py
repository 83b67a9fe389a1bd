"""The types that Python objects have as values of attributes, and the attributes that an object gives its script class.

What the objects are in a running program is in `runtime_objects.py`; the types that annotations say are in `annotations.py`.
"""

from __future__ import annotations

import enum
import inspect
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from xdsl.ir import Attribute

from tsir.dialects.builtin_bases import HELD, builtin_base, value_as_builtin
from tsir.dialects.ts import types as ts
from tsir.frontend.constants import is_constant
from tsir.frontend.script.annotations import is_named_tuple
from tsir.frontend.script.classes import AttributeInfo
from tsir.frontend.script.decided import is_open
from tsir.frontend.script.prelude_slices import OBJECTS_OF_INDICES
from tsir.frontend.script.run_time_slices import index_type
from tsir.frontend.script.type_relations import join_types
from tsir.frontend.torch_names import is_torch_constant

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session


_BY_ELEMENT: dict[type, tuple[Callable[[Attribute], Attribute], Attribute]] = {
    set: (ts.SetType, ts.StrType()), frozenset: (ts.FrozenSetType, ts.StrType()), deque: (ts.DequeType, ts.TensorType()),
}  # fmt: skip
"""Containers with elements of one type, and what is assumed of those that are empty."""


def type_of_object(session: Session, value: Any) -> Attribute | None:
    """The IR type of a Python object as an attribute's value, or None for one that compiled code can't hold."""
    if isinstance(value, torch.Tensor):
        return ts.TensorType()
    if type(value) in OBJECTS_OF_INDICES:
        bounds = [value.start, value.stop, value.step] if isinstance(value, slice) else []
        known = all(b is None or type(b) is int for b in bounds)
        return session.class_type(OBJECTS_OF_INDICES[type(value)]) if known else None
    if is_torch_constant(value) or is_constant(value):
        found = session.type_of(session.from_python(value, "value"))
        return found
    if isinstance(value, enum.Enum):
        return session.class_type(type(value))
    if (base := builtin_base(type(value))) is not None and _has_methods(type(value)):
        if issubclass(base, dict) and not session.decisions.is_taken(value):
            return None
        define_by_object(session, value)
        return session.class_type(type(value))
    if is_named_tuple(type(value)):
        return session.named_tuple(type(value)) if session.holds_named_tuple(value) else None
    if isinstance(value, torch.Size):
        return ts.TupleType([ts.INT] * len(value))
    if type(value) is tuple:
        parts = [type_of_object(session, v) for v in value]
        return None if None in parts else ts.TupleType([p for p in parts if p is not None])
    if type(value) is list:
        return None if (element := _common(session, value)) is None else ts.ListType(element)
    if type(value) in _BY_ELEMENT:
        made, assumed = _BY_ELEMENT[type(value)]
        return None if (element := _common(session, list(value), assumed)) is None else made(element)
    if isinstance(value, dict):
        container = type(value).__name__ if type(value) in (OrderedDict, Counter, defaultdict) else ""
        made = value.default_factory() if isinstance(value, defaultdict) and value.default_factory is not None else None
        assumed = ts.INT if container == "Counter" else None if made is None else type_of_object(session, made)
        key, item = _common(session, list(value), ts.StrType()), _common(session, list(value.values()), assumed)
        return None if key is None or item is None else ts.DictType(key, item, container)
    if session.is_script_class(type(value)):
        define_by_object(session, value)
        return session.class_type(type(value))
    return None


@lru_cache(maxsize=1024)
def _has_methods(cls: type) -> bool:
    """Whether a class derived from a built-in one, or a base of it, defines methods or properties of its own."""
    own = [c for c in cls.__mro__ if c.__module__ not in ("builtins", "collections", "typing")]
    return any(
        inspect.isfunction(v) or isinstance(v, property | classmethod | staticmethod) for c in own for v in vars(c).values()
    )


def define_by_object(session: Session, value: Any) -> None:
    """Lets a script class have the attributes of an object of it: of the types that its `__init__` says, else of those it has."""
    info = session.info_of_class(type(value))
    init = vars(type(value)).get("__init__")
    parameters = list(inspect.signature(init).parameters.values())[1:] if inspect.isfunction(init) else []
    if all(p.annotation is not p.empty for p in parameters):
        session.define_attributes(info)
    info.defined = True
    if builtin_base(type(value)) is not None and HELD not in info.attributes:
        held = value_as_builtin(value)
        info.attributes[HELD] = AttributeInfo(type_of_object(session, held), inferred=True, open=is_open(held))
    for name, item in info.attributes.items():
        if item.type is not None and not item.late and not hasattr(value, name) and name != HELD:
            item.late = True  # declared in the class's body, and assigned later
    for name, item in vars(value).items() if hasattr(value, "__dict__") else ():
        if name not in info.attributes:
            kind = type_of_object(session, item)
            static = None if kind is not None else session.from_python(item, name)
            info.attributes[name] = AttributeInfo(kind, "attribute" if kind is not None else "constant", static)


def _common(session: Session, values: list[Any], empty: Attribute | None = None) -> Attribute | None:
    if not values:
        return empty or ts.TensorType()
    found: Attribute | None = None
    of_something = [v for v in values if not is_open(v)]
    said = {type(v) for v in of_something}
    for value in [*of_something, *(v for v in values if is_open(v) and type(v) not in said)]:
        kind = type_of_object(session, value)
        if kind is None:
            return None
        found = kind if found is None else join_types(found, kind)
    return index_type(session) if any(type(v) in OBJECTS_OF_INDICES for v in values) else found
