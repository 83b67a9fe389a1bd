"""`copy.copy` and `copy.deepcopy` of the program's values.

Objects are copied with all their attributes when the program runs, as Python does where a class says nothing else; `__copy__` and
`__deepcopy__` of a class are called. Tensors inside of what is copied deeply are copied, too.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from torch import nn
from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.frontend.script.builtin_bases import HELD, changes_in_place, held_value
from tsir.frontend.script.convert import materialise, tuple_elements
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.listed import as_object
from tsir.frontend.script.open_types import parts_of
from tsir.frontend.script.operator_calls import torch_call
from tsir.frontend.script.type_relations import members
from tsir.frontend.script.values import (
    Const,
    EnumValue,
    Object,
    PyFunction,
    PyObject,
    StaticDict,
    StaticList,
    StaticTuple,
    Value,
)

_OWN_WAYS = ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__")
"""What a class may define to be copied in another way than attribute by attribute."""

_UNCHANGING = (ts.INT, ts.FLOAT, ts.BOOL, ts.COMPLEX, ts.NONE, ts.StrType(), ts.BytesType(), ts.DTypeType(), ts.DeviceType())


def _copy(e: Emitter, value: Value) -> Value | None:
    if _stays(e, value):
        return value
    kind = e.session.type_of(value)
    if isinstance(value, Object):
        from tsir.frontend.script.objects import define_plainly

        if (own := value.info.own_function("__copy__")) is not None:
            return e.session.call_function(e, PyFunction(own, value, value.info), [], {})
        if value.info.kind == "module":
            e.unsupported(
                f"copy.copy() of module {value.info.python_class.__name__}, which shares its parameters",
                hint="write copy.deepcopy(...), or use the module itself",
            )
        _refuse_own_ways(e, value.info.python_class)
        made = e.session.object_or_run(e.py("copy_object", [value.ssa]))
        if changes_in_place(value) and isinstance(made, Object):
            held = _copy(e, held_value(e, value))
            assert held is not None
            define_plainly(e, made, HELD, held)
        return made
    if isinstance(kind, ts.TensorType):
        return torch_call(e, "detach", [value])
    if isinstance(kind, ts.ListType | ts.DictType | ts.SetType | ts.DequeType):
        return e.session.object_or_run(e.py("copy_object", [materialise(e, as_object(e, value))]))
    if isinstance(kind, ts.TupleType | ts.NamedTupleType | ts.TupleOfType | ts.FrozenSetType):
        return value
    return None


def _deepcopy(e: Emitter, value: Value) -> Value | None:
    if _stays(e, value):
        return value
    kind = e.session.type_of(value)
    if isinstance(value, Object) and (own := value.info.own_function("__deepcopy__")) is not None:
        memo = e.session.empty_dict(e, ts.DictType(ts.INT, value.type))
        return e.session.call_function(e, PyFunction(own, value, value.info), [memo], {})
    if isinstance(kind, ts.TensorType):
        return torch_call(e, "clone", [value])
    if isinstance(kind, ts.TupleType | ts.NamedTupleType):
        named = kind if isinstance(kind, ts.NamedTupleType) else None
        if not any(isinstance(m, ts.ClassType | ts.ListType | ts.DictType) for k in kind.elements.data for m in members(k)):
            parts = [_deepcopy(e, v) for v in tuple_elements(e, value) or []]
            known = [p for p in parts if p is not None]
            return StaticTuple(tuple(known), named) if len(known) == len(parts) else None
    if kind is None or isinstance(kind, ts.AnyType | ts.FutureType | ts.GeneratorType):
        return None
    for cls in _classes_in(e, kind):
        _refuse_own_ways(e, cls, "__copy__", "__deepcopy__")
    return e.session.object_or_run(e.py("deepcopy", [materialise(e, as_object(e, value))]))


def _stays(e: Emitter, value: Value) -> bool:
    """Whether a copy of a value is the value itself."""
    if isinstance(value, Const | EnumValue | PyFunction | PyObject):
        return True
    if isinstance(value, StaticTuple | StaticList | StaticDict):
        return False
    return e.session.type_of(value) in _UNCHANGING


def _classes_in(e: Emitter, kind: Attribute) -> Iterator[type]:
    """The classes whose objects may be in a value of a type, and what these may hold as far as their attributes say."""
    todo, seen = [kind], set[Attribute]()
    while todo:
        found = todo.pop()
        if found in seen:
            continue
        seen.add(found)
        if isinstance(found, ts.ClassType):
            info = e.session.info_of_symbol(found.symbol.string_value())
            if info.kind in ("class", "module"):
                yield info.python_class
            e.session.define_attributes(info)
            todo += [a.type for a in info.attributes.values() if a.type is not None]
        else:
            todo += parts_of(found)


def _refuse_own_ways(e: Emitter, cls: type, *more: str) -> None:
    for name in (*_OWN_WAYS, *more):
        owner = next((c for c in cls.__mro__ if name in vars(c)), object)
        if owner not in (object, nn.Module) and inspect.isfunction(vars(owner)[name]):
            e.unsupported(
                f"a copy of an object of {cls.__name__}, whose class defines {name},", hint="write a method that copies it"
            )


_COPIES: dict[Any, Callable[[Emitter, Value], Value | None]] = {copy.copy: _copy, copy.deepcopy: _deepcopy}


def copied(e: Emitter, function: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """A call of a function of `copy`; None for other functions, and for values that it leaves to the function's own source."""
    copy_of = _COPIES.get(function)
    return None if copy_of is None or len(args) != 1 or kwargs else copy_of(e, args[0])
