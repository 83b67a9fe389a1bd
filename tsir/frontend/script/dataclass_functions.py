"""What Python generates for dataclasses beside `__init__`, and the functions of `dataclasses` on their objects."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.frontend.script import prelude
from tsir.frontend.script.convert import list_of, materialise, tuple_elements
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.operator_calls import torch_call
from tsir.frontend.script.values import Const, Object, PyFunction, PyObject, Run, StaticTuple, Value


def _fields(holder: Object) -> list[Any]:
    return list(dataclasses.fields(holder.info.python_class))


def _read(e: Emitter, holder: Object) -> list[tuple[Any, Value]]:
    return [(f, e.session.get_attribute(e, holder, f.name)) for f in _fields(holder)]


def has_generated_repr(cls: Any, found: Any) -> bool:
    """Whether a class's `__repr__` is the one that `dataclass` makes."""
    return dataclasses.is_dataclass(cls) and found.__code__.co_filename in ("<string>", dataclasses.__file__)


def dataclass_repr(e: Emitter, holder: Object) -> Value:
    """`repr(holder)`: the class's name and its fields."""
    parts: list[Value] = []
    for f, value in _read(e, holder):
        if f.repr:
            prefix = f"{', ' if parts else ''}{f.name}="
            from tsir.frontend.script.object_text import repr_of

            parts += [Const(prefix), repr_of(e, value) or Run(e.py("repr", [materialise(e, value)]))]
    name = holder.info.python_class.__qualname__
    return Run(e.py("str_join", [materialise(e, Const("")), list_of(e, [Const(f"{name}("), *parts, Const(")")])]))


def dataclass_hash(e: Emitter, holder: Object) -> Value:
    """`hash(holder)` of a frozen dataclass."""
    fields = [v for f, v in _read(e, holder) if (f.compare if f.hash is None else f.hash)]
    return Run(e.py("hash", [materialise(e, StaticTuple(tuple(fields)))]))


def is_of_dataclass(value: Value) -> bool:
    """Whether a value is an object of a dataclass at run time, or a dataclass itself."""
    cls: Any = value.info.python_class if isinstance(value, Object) else value.value if isinstance(value, PyObject) else None
    return isinstance(cls, type) and dataclasses.is_dataclass(cls)


def _object(e: Emitter, values: Sequence[Value], name: str) -> Object:
    if not values or not isinstance(values[0], Object) or not dataclasses.is_dataclass(values[0].info.python_class):
        e.error(f"{name}() takes an object of a dataclass", code="TS403")
    return values[0]


def _replace(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    holder = _object(e, args, "replace")
    given = {f.name: v for f, v in _read(e, holder) if f.init and f.name not in kwargs} | dict(kwargs)
    return e.session.construct(e, holder.info.python_class, [], given)


def _plain(e: Emitter, value: Value, name: str) -> Value:
    """A field's value with the dataclass objects in it taken apart, and with containers and tensors copied."""
    if isinstance(value, Object) and dataclasses.is_dataclass(value.info.python_class):
        return DATACLASS_FUNCTIONS[getattr(dataclasses, name)](e, [value], {})
    kind = e.session.type_of(value)
    match kind:
        case ts.TensorType():
            return torch_call(e, "clone", [value])
        case ts.TupleType():
            return StaticTuple(tuple(_plain(e, v, name) for v in tuple_elements(e, value) or ()))
        case ts.ListType() | ts.DictType():
            function = _COPIED[name, type(kind)]
            return e.session.call_function(e, PyFunction(function), [value], {})
        case _:
            return value


def _plain_as(name: str) -> Callable[[Emitter, Sequence[Value], Mapping[str, Value]], Value]:
    return lambda e, args, kwargs: _plain(e, args[0], name)


_COPIED: dict[tuple[str, type[Attribute]], Callable[..., Any]] = {
    ("asdict", ts.ListType): prelude.list_as_dicts, ("asdict", ts.DictType): prelude.dict_as_dicts,
    ("astuple", ts.ListType): prelude.list_as_tuples, ("astuple", ts.DictType): prelude.dict_as_tuples,
}  # fmt: skip


def _as_dict(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    holder = _object(e, args, "asdict")
    return e.session.dict_of(e, [(Const(f.name), _plain(e, v, "asdict")) for f, v in _read(e, holder)], None)


def _as_tuple(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    return StaticTuple(tuple(_plain(e, v, "astuple") for _, v in _read(e, _object(e, args, "astuple"))))


def _list_fields(e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    value = args[0] if args else None
    cls = value.info.python_class if isinstance(value, Object) else value.value if isinstance(value, PyObject) else None
    if not dataclasses.is_dataclass(cls):
        e.error("fields() takes a dataclass or an object of one", code="TS403")
    return StaticTuple(tuple(PyObject(f, f.name) for f in dataclasses.fields(cls)))


DATACLASS_FUNCTIONS: dict[Any, Callable[[Emitter, Sequence[Value], Mapping[str, Value]], Value]] = {
    dataclasses.replace: _replace, dataclasses.asdict: _as_dict, dataclasses.astuple: _as_tuple, dataclasses.fields: _list_fields,
}  # fmt: skip
"""The functions of `dataclasses` that the compiler carries out itself."""

PLAIN_FUNCTIONS = {prelude.plain_as_dict: _plain_as("asdict"), prelude.plain_as_tuple: _plain_as("astuple")}
"""Functions of the prelude that stand for what these do with a value."""
