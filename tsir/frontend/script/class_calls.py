"""Calls of classes from outside: NamedTuples, enums, NumPy's scalars, torch.device and the like, and what stands for a function.

Objects of the program's own classes are made in `object_construction.py`, modules in `made_modules.py`, exceptions in
`exception_values.py`.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import operator
import sys
import typing
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from tsir.dialects.ts import types as ts
from tsir.errors import did_you_mean
from tsir.frontend.script import lazy
from tsir.frontend.script.annotations import is_named_tuple
from tsir.frontend.script.autocasting import is_autocast, make_autocast
from tsir.frontend.script.builtin_calls import call_builtin
from tsir.frontend.script.concurrency import FUTURE_CLASSES, make_future
from tsir.frontend.script.convert import coerce, materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.enums import member_of_value
from tsir.frontend.script.evaluation import evaluate
from tsir.frontend.script.exception_values import make_exception
from tsir.frontend.script.generators import generator_of
from tsir.frontend.script.made_modules import make_module
from tsir.frontend.script.managers import MADE_BEFORE
from tsir.frontend.script.numpy_scalars import constant, kind_of, labelled, scalar
from tsir.frontend.script.operator_calls import is_tensor, torch_call
from tsir.frontend.script.values import (
    NUMPY_KINDS,
    Builtin,
    Const,
    DTypeInfo,
    Manager,
    Partial,
    PyFunction,
    PyObject,
    Run,
    StaticTuple,
    Value,
)
from tsir.frontend.torch_names import DTYPES


def construct(e: Emitter, callee: PyObject, cls: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`cls(...)`."""
    if is_named_tuple(cls):
        return named_tuple(e, cls, args, kwargs)
    if is_autocast(cls):
        return make_autocast(e, cls, args, kwargs)
    if cls in MADE_BEFORE:
        return PyObject(torch.no_grad(), cls.__name__)  # any of them: they change nothing
    if typing.is_typeddict(cls):
        kind = e.session.annotations.of_object(cls, vars(sys.modules[cls.__module__]))
        made = e.session.dict_of(e, [(Const(k), v) for k, v in kwargs.items()], kind)
        if args:
            e.unsupported(f"{cls.__name__}() with a dict", hint="use keywords, or `dict(...)`")
        return made
    if issubclass(cls, enum.Enum):
        if len(args) != 1 or kwargs:
            e.error(f"{cls.__name__}() takes one value", hint="classes can't be made in compiled code", code="TS401")
        return member_of_value(e, cls, args[0])
    if issubclass(cls, np.number | np.bool_) and len(args) == 1 and not kwargs:
        return _numpy_scalar(e, cls, args[0])
    if cls in (np.finfo, np.iinfo, np.dtype) and (known := evaluate(e, cls, args, kwargs, callee.name)) is not None:
        return known
    if cls in (torch.finfo, torch.iinfo, torch.device):
        return _constant_object(e, callee, cls, args, kwargs)
    if cls is torch.Generator:
        return torch_call(e, "_generator", [])  # of the CPU, the only device there is
    if cls is torch.Size:
        return Run(coerce(e, args[0] if args else StaticTuple(()), ts.ListType(ts.INT), "torch.Size()"), "size")
    if cls in FUTURE_CLASSES:
        return make_future(e)
    if cls is contextlib.nullcontext and not args and not kwargs:
        return PyObject(contextlib.nullcontext(), "nullcontext")
    if cls in (contextlib.closing, contextlib.nullcontext):
        return Manager(
            generator_of(e, lazy.closing if cls is contextlib.closing else lazy.nullcontext, *args, *kwargs.values())
        )
    if cls is operator.itemgetter and args and not kwargs:
        if len(args) == 1:
            return Partial(PyFunction(lazy.item_at), (args[0],), {})
        return Partial(PyFunction(lazy.items_at), (StaticTuple(tuple(args)),), {})
    if cls is operator.attrgetter and len(args) == 1 and not kwargs:
        return Partial(PyFunction(lazy.attribute_of), (args[0],), {})
    if cls is functools.partial:
        return Partial(args[0], tuple(args[1:]), dict(kwargs))
    if issubclass(cls, BaseException):
        return make_exception(e, cls, args, kwargs)
    if issubclass(cls, torch.nn.Module):
        return make_module(e, cls, args, kwargs)
    return e.session.construct(e, cls, args, kwargs)


def _numpy_scalar(e: Emitter, cls: type[np.number[Any] | np.bool_], value: Value) -> Value:
    """`np.float32(value)`."""
    known: Any = value.value if isinstance(value, Const) else None
    if known is not None:
        return constant(cls(known))
    if is_tensor(e.session.type_of(value)):
        e.unsupported(f"np.{cls.__name__}() of a tensor", hint="use `x.to(dtype)`, or `x.item()` for a number")
    plain = bool if issubclass(cls, np.bool_) else int if issubclass(cls, np.integer) else float
    if issubclass(cls, np.complexfloating):
        plain = complex
    if kind_of(value) == np.dtype(cls).name:
        return value
    number = call_builtin(e, Builtin(plain.__name__), [value], {})
    name = np.dtype(cls).name
    if name in ("float64", "int64", "bool", "complex128"):
        return labelled(number, name)
    if name not in NUMPY_KINDS:
        e.unsupported(f"np.{cls.__name__}() of a value that isn't known while compiling", hint="write torch's operators")
    return scalar(e, number, name)


def _constant_object(e: Emitter, callee: PyObject, cls: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`torch.device("cpu")`, `torch.finfo(dtype)` on constants."""
    dtypes = {mine: theirs for theirs, mine in DTYPES.items()}
    values = [a.value for a in (*args, *kwargs.values()) if isinstance(a, Const)]
    if len(values) == len(args) + len(kwargs):
        plain = [dtypes[v] if v in dtypes else str(v) if not isinstance(v, str | int) else v for v in values]
        return e.session.from_python(cls(*plain), callee.name)
    if cls is torch.device and 1 <= len(args) + len(kwargs) <= 2 and set(kwargs) <= {"device", "type", "index"}:
        named = [kwargs[k] for k in ("device", "type", "index") if k in kwargs]
        return Run(e.py("device", [materialise(e, v) for v in (*args, *named)]))
    if cls in (torch.finfo, torch.iinfo):
        dtype = args[0] if args else kwargs["type" if "type" in kwargs else "dtype"]
        return DTypeInfo(coerce(e, dtype, ts.DTypeType(), f"{callee.name}()"), cls is torch.iinfo)
    e.error(f"{callee.name}() needs constants here", hint="write the values out", code="TS507")


def named_tuple(e: Emitter, cls: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """A NamedTuple of these fields."""
    kind = e.session.named_tuple(cls)
    annotated = {name for base in cls.__mro__ for name in vars(base).get("__annotations__", {})}
    given: dict[str, Value] = dict(zip(cls._fields, args, strict=False)) | dict(kwargs)
    if len(args) > len(cls._fields) or set(given) - set(cls._fields):
        wrong = next((k for k in kwargs if k not in cls._fields), None)
        if wrong is not None:
            hint = did_you_mean(wrong, cls._fields)
            message = f"{cls.__name__} has no field '{wrong}', it has {', '.join(cls._fields)}"
            e.error(message, value=kwargs[wrong], hint=hint, code="TS402")
        message = f"{cls.__name__} has {len(cls._fields)} fields ({', '.join(cls._fields)}), got {len(args)} values"
        e.error(message, value=args[-1], code="TS401")
    parts: list[Value] = []
    for field, wanted in zip(cls._fields, kind.elements.data, strict=True):
        value = given.get(field)
        if value is None:
            if field not in cls._field_defaults:
                e.error(f"{cls.__name__} needs a value for field '{field}'", code="TS401")
            value = e.session.from_python(cls._field_defaults[field], field)
        given_type = e.session.type_of(value)
        if field not in annotated and given_type is not None:
            wanted = given_type  # without an annotation a field may hold anything
        parts.append(e.session.object_or_run(coerce(e, value, wanted, f"field '{field}' of {cls.__name__}")))
    kinds = [e.session.type_of(p) or k for p, k in zip(parts, kind.elements.data, strict=True)]
    return StaticTuple(tuple(parts), ts.NamedTupleType(cls.__name__, list(cls._fields), kinds))
