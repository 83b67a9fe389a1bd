"""What Python objects from outside are to compiled code: constants, functions, tuples of these, or objects that are only asked.

What the program changes of them is in `outside.py`.
"""

from __future__ import annotations

import collections
import enum
import functools
import sys
import types
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tsir.dialects.ts import types as ts
from tsir.errors import FrontendError
from tsir.frontend.constants import INT64_MAX, INT64_MIN
from tsir.frontend.script import (
    numpy_scalars,
)
from tsir.frontend.script.annotations import is_named_tuple
from tsir.frontend.script.builtins import named_builtin
from tsir.frontend.script.source import stand_in, was_python
from tsir.frontend.script.values import (
    Builtin,
    Const,
    EnumValue,
    Partial,
    PyFunction,
    PyObject,
    Slice,
    StaticDict,
    StaticList,
    StaticTuple,
    Value,
)
from tsir.frontend.torch_names import is_torch_constant, torch_constant
from tsir.ops import python

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session

_PLAIN_DICTS = (dict, collections.OrderedDict, collections.defaultdict, collections.Counter)


_VERSION_INFO = ts.NamedTupleType(
    "version_info", ["major", "minor", "micro", "releaselevel", "serial"], [ts.INT, ts.INT, ts.INT, ts.StrType(), ts.INT]
)


def value_of_object(session: Session, value: Any, name: str, owner: Any = None) -> Value:
    """What a Python object from outside is to compiled code."""
    if isinstance(value, enum.Enum):
        return EnumValue(value, session.class_type(type(value)))
    if isinstance(value, np.number | np.bool_):
        return numpy_scalars.constant(value)
    if value is None or type(value) in (bool, float, complex, str, bytes):
        return Const(value)
    if isinstance(value, int):
        if not INT64_MIN <= value <= INT64_MAX:
            raise FrontendError(f"{value} doesn't fit into 64 bits", hint="make it a float", code="TS301")
        return Const(int(value))
    if is_torch_constant(value):
        return Const(torch_constant(value))
    if isinstance(value, slice):
        return Slice(*(value_of_object(session, v, name) for v in (value.start, value.stop, value.step)))
    if value is sys.version_info:
        return StaticTuple(tuple(Const(v) for v in sys.version_info), _VERSION_INFO)
    if type(value) in (tuple, torch.Size) or session.holds_named_tuple(value):
        named = session.named_tuple(type(value)) if is_named_tuple(type(value)) else None
        return StaticTuple(tuple(value_of_object(session, v, name) for v in value), named)
    if isinstance(value, list):
        return StaticList(tuple(value_of_object(session, v, name) for v in value))
    if isinstance(value, types.MappingProxyType):
        value = dict(value)
    if isinstance(value, dict) and type(value) in _PLAIN_DICTS and all(isinstance(k, str | int) for k in value):
        return StaticDict({k: value_of_object(session, v, f"{name}[{k!r}]") for k, v in value.items()})
    if isinstance(value, functools.partial):
        bound = {k: value_of_object(session, v, k) for k, v in value.keywords.items()}
        return Partial(
            value_of_object(session, value.func, name), tuple(value_of_object(session, v, name) for v in value.args), bound
        )
    builtin = named_builtin(value)
    if builtin is not None:
        return Builtin(builtin)
    if isinstance(value, types.FunctionType | torch.jit.ScriptFunction) or was_python(value):
        return PyFunction(value)
    if isinstance(value, types.MethodType) and python.of_process(value) is not None:
        return PyObject(value, name)  # a function of `random`, which is a method of a hidden object
    if isinstance(value, types.MethodType) and isinstance(value.__func__, types.FunctionType):
        bound = value.__self__
        info = session.info_in_use(bound) if isinstance(bound, type) else None
        return PyFunction(value.__func__, PyObject(bound, getattr(bound, "__name__", name)), info)
    if isinstance(value, torch.Tensor):
        raise FrontendError(
            f"tensor '{name}' is a global variable or a constant of the function",
            hint="pass it as an argument, or make it a buffer of the module",
            code="TS506",
        )
    return PyObject(stand_in(value) if isinstance(value, type) else value, name)
