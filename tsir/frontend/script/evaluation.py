"""Calls that Python evaluates while compiling: of functions without effects, on constants.

A call is evaluated when all that it is given are constants (numbers, strings, Python objects such as a configuration, functions,
classes, and tuples, lists and dicts of these), and what is called is

- a function or method of Python's own that changes nothing, by the tables here (`inspect.signature`, `dataclasses.fields`,
  methods of strings, dicts and lists that change nothing, `os.environ.get`...),
- a function under `functools.lru_cache`, which says itself that it may be called once for all calls,
- a function or method written in Python whose code, with that of the functions it calls, assigns nothing outside of its own
  variables, calls nothing that has effects, and makes no tensors, as far as `is_pure` can see. Such a function may be given tensors
  of the program's where it only asks what they are (`probing.py`).

Everything else is compiled, or refused. What an evaluated call sees is the state of its objects at the time of compiling.
"""

from __future__ import annotations

import ast
import builtins
import collections
import collections.abc
import contextvars
import dataclasses
import dis
import enum
import functools
import inspect
import logging
import operator
import os
import random
import re
import sys
import types
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import _jit_internal as jit_internal

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import ListOp
from tsir.errors import FrontendError
from tsir.frontend.script.ambient import attributes_set
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.outside import is_plain_object
from tsir.frontend.script.probing import STAND_IN, NothingSaid, probe
from tsir.frontend.script.source import function_source, outer_name, unwrap
from tsir.frontend.script.values import (
    Builtin,
    Const,
    EnumValue,
    PyFunction,
    PyObject,
    Run,
    StaticDict,
    StaticList,
    StaticObject,
    StaticTuple,
    Value,
)
from tsir.frontend.torch_names import is_torch_constant, python_constant
from tsir.passes.constants import constant_of


class NotConstant(Exception):
    """A value isn't known while compiling."""


def as_python(value: Value) -> Any:
    """The Python object that a value is. Raises NotConstant for one that isn't known while compiling."""
    match value:
        case Const() if value.numpy:
            return np.dtype(value.numpy).type(value.value)
        case Const():
            return python_constant(value.value)
        case EnumValue():
            return value.member
        case PyObject():
            if isinstance(value.value, torch.Tensor | torch.nn.Module | logging.Logger) or _may_change(value.value):
                raise NotConstant
            return value.value
        case Builtin() if hasattr(builtins, value.name):
            return getattr(builtins, value.name)
        case PyFunction():
            if value.receiver is None:
                return value.function
            return types.MethodType(value.function, as_python(value.receiver))
        case StaticTuple() if value.named is None:
            return tuple(as_python(v) for v in value.elements)
        case StaticList():
            return [as_python(v) for v in value.elements]
        case StaticDict():
            return {k: as_python(v) for k, v in value.items.items()}
        case _:
            raise NotConstant


def _of_numpy() -> list[Any]:
    """NumPy's functions that make what they give of what they are given."""
    names = """all any allclose amax amin arange argmax argmin argsort around array array_equal asarray average
    broadcast_shapes ceil clip concatenate convolve cross cumprod cumsum diag diff dot dtype empty eye fix flip full
    full_like geomspace hanning hamming blackman bartlett kaiser histogram identity imag inner interp isclose iscomplex
    isreal isscalar linspace logspace max mean median meshgrid min nan_to_num ndim ones ones_like outer percentile prod
    ptp quantile ravel real repeat reshape roll round shape size sort squeeze stack std sum take tile trace transpose
    tri tril triu trunc unique unravel_index var vstack hstack where zeros zeros_like promote_types result_type can_cast
    isdtype expand_dims swapaxes moveaxis polyval digitize searchsorted""".split()
    ufuncs = [f for f in vars(np).values() if isinstance(f, np.ufunc)]
    return [*ufuncs, *(f for n in names if (f := getattr(np, n, None)) is not None)]


PURE: frozenset[Any] = frozenset([
    logging.getLogger, inspect.signature, inspect.isfunction, inspect.ismethod, inspect.isclass, inspect.getmro, inspect.unwrap,
    dataclasses.fields, dataclasses.is_dataclass, dataclasses.asdict, dataclasses.astuple,
    os.environ.get, os.getenv, os.path.join, os.path.basename, os.path.dirname, os.path.exists, operator.attrgetter,
    re.match, re.search, re.fullmatch, re.sub, re.split, re.findall, re.compile, sys.getsizeof, issubclass, callable, repr, str,
    type, vars, dir, ascii, format, isinstance, getattr, hasattr, len, sorted, min, max, sum, any, all, abs, round, divmod, pow,
    ord, chr, bin, hex, oct, id, int, float, bool, complex, list, tuple, dict, set, frozenset, range, enumerate, zip, reversed, map,
    filter, iter, slice, object, functools.partial, collections.namedtuple, next, property, super,
    np.finfo, np.iinfo, np.dtype, *_of_numpy(),
])  # fmt: skip
"""Functions of Python's that change nothing."""

_OF_CLASS = (dataclasses.fields, dataclasses.is_dataclass)
"""Functions that say the same of an object as of its class."""

_OF_CODE = (inspect.signature, inspect.isfunction, inspect.ismethod, callable)
"""Functions that say the same of a method whatever object it is bound to."""

_PURE_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(n for n in dir(str) if not n.startswith("__")) | {"__contains__", "__len__", "__getitem__"},
    bytes: frozenset(("decode", "hex", "startswith", "endswith")),
    dict: frozenset(("get", "keys", "values", "items", "copy", "__getitem__", "__contains__", "__len__", "__iter__", "fromkeys")),
    list: frozenset(("index", "count", "copy", "__getitem__", "__contains__", "__len__", "__iter__")),
    tuple: frozenset(("index", "count", "__getitem__", "__contains__", "__len__", "__iter__")),
    set: frozenset(("union", "intersection", "difference", "issubset", "issuperset", "copy", "isdisjoint", "__contains__", "__len__")),
    frozenset: frozenset(("union", "intersection", "difference", "issubset", "issuperset", "copy", "isdisjoint", "__contains__")),
    type: frozenset(("mro", "__subclasses__")), re.Pattern: frozenset(("match", "search", "fullmatch", "sub", "split", "findall")),
    re.Match: frozenset(("group", "groups", "start", "end", "span", "groupdict")),
    np.ndarray: frozenset("all any argmax argmin argsort astype clip copy cumprod cumsum diagonal dot flatten item max mean min "
                          "nonzero prod ravel repeat reshape round std squeeze sum tolist trace transpose var".split()),
    types.MappingProxyType: frozenset(("get", "keys", "values", "items", "copy", "__getitem__", "__contains__", "__len__")),
}  # fmt: skip
"""Methods, written in C, of Python's types that change nothing."""

_CHANGING = frozenset(
    ("append", "extend", "insert", "remove", "clear", "update", "pop", "popitem", "setdefault", "add", "discard", "sort", "reverse",
     "write", "writelines", "read", "send", "close", "acquire", "release", "start", "run", "set", "reset", "register", "warn",
     "warning", "info", "debug", "error", "exception", "log", "critical", "warning_once", "info_once", "seed", "shuffle", "random",
     "put", "flush", "open", "load", "save", "backward", "step", "zero_grad", "register_buffer", "register_parameter"),
)  # fmt: skip
"""Names of methods that change something, of whichever object."""

_STORES = (
    "STORE_ATTR",
    "STORE_GLOBAL",
    "DELETE_ATTR",
    "DELETE_GLOBAL",
    "STORE_SUBSCR",
    "DELETE_SUBSCR",
    "STORE_DEREF",
    "IMPORT_STAR",
)
_COMPILED_OTHERWISE = (jit_internal.is_scripting,)
"""Functions that say something else in compiled code than in Python."""


@functools.lru_cache(maxsize=4096)
def is_pure(function: Any) -> bool:
    """Whether a function written in Python has no effects, as far as its code and that of the functions it calls show."""
    return _is_pure(function, set())


def _is_pure(function: Any, seen: set[Any]) -> bool:
    function = unwrap(function)
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    if code in seen:
        return True
    seen.add(code)
    if len(seen) > 100 or not isinstance(function, types.FunctionType):
        return False
    if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        return False
    return all(_is_pure_code(c, function, seen) for c in _codes(code))


def _codes(code: types.CodeType) -> list[types.CodeType]:
    """The code of a function and of the functions and comprehensions in it."""
    return [code, *(c for inner in code.co_consts if inspect.iscode(inner) for c in _codes(inner))]


def _is_pure_code(code: types.CodeType, function: types.FunctionType, seen: set[Any]) -> bool:
    holder: Any = None
    own = _own_containers(function) if code is function.__code__ else frozenset[str]()
    local: str | None = None
    for i in dis.get_instructions(code):
        if i.opname in _STORES and not (i.opname == "STORE_DEREF" and i.argval in code.co_cellvars):
            return False
        is_local = i.opname.startswith("LOAD_FAST") or (i.opname == "LOAD_DEREF" and i.argval in code.co_cellvars)
        before, local = local, i.argval if is_local else None
        if i.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF") and isinstance(i.argval, str):
            holder = outer_name(function, i.argval) if i.opname != "LOAD_DEREF" or i.argval in code.co_freevars else None
            if not _may_be_read(holder, seen):
                return False
        elif i.opname in ("LOAD_ATTR", "LOAD_METHOD") and isinstance(i.argval, str):
            if i.argval in _CHANGING and before not in own:
                return False
            holder = getattr(holder, i.argval, None) if isinstance(holder, types.ModuleType | type) else None
            if holder is not None and not _may_be_read(holder, seen):
                return False
        elif i.opname not in ("PUSH_NULL", "PRECALL", "CACHE", "EXTENDED_ARG", "NOP", "RESUME"):
            holder = None
    return True


def _own_containers(function: types.FunctionType) -> frozenset[str]:
    """The variables of a function that only hold lists, dicts and sets which it has made itself."""
    try:
        node = function_source(function).node
    except FrontendError:
        return frozenset()
    fresh, others = set[str](), {a.arg for a in ast.walk(node) if isinstance(a, ast.arg)}
    for n in ast.walk(node):
        if isinstance(n, ast.Assign) and all(isinstance(t, ast.Name) for t in n.targets):
            names = {t.id for t in n.targets if isinstance(t, ast.Name)}
            (fresh if len(names) == 1 and _is_new_container(n.value) else others).update(names)
        elif isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name) and n.value is not None:
            (fresh if _is_new_container(n.value) else others).add(n.target.id)
    kept = {id(t) for n in ast.walk(node) for t in (n.targets if isinstance(n, ast.Assign) else ())}
    kept |= {id(n.target) for n in ast.walk(node) if isinstance(n, ast.AnnAssign)}
    stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and id(n) not in kept}
    return frozenset(fresh - others - stored)


def _is_new_container(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return _is_new_container(node.body) and _is_new_container(node.orelse)
    return isinstance(node, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)


def _may_be_read(value: Any, seen: set[Any]) -> bool:
    """Whether code without effects may name a value: it may be called then."""
    if isinstance(value, types.ModuleType):
        return value.__name__.partition(".")[0] not in ("random", "time", "subprocess", "socket", "threading", "secrets")
    if not callable(value):
        return not isinstance(value, torch.Tensor)
    if isinstance(value, type):
        return (
            value is torch.Tensor
            or value.__module__ == "builtins"
            or issubclass(value, BaseException | enum.Enum)
            or not _has_init(value)
        )
    try:
        if value in PURE:
            return True
        if value in _COMPILED_OTHERWISE:
            return False
    except TypeError:
        return False
    if isinstance(value, functools._lru_cache_wrapper):
        return True
    return isinstance(value, types.FunctionType) and _is_pure(value, seen)


def _has_init(cls: type) -> bool:
    return issubclass(cls, torch.nn.Module | torch.Tensor) or inspect.isfunction(getattr(cls, "__init__", None))


def may_be_evaluated(function: Any) -> bool:
    """Whether calls of a Python object on constants are evaluated while compiling."""
    if isinstance(function, functools._lru_cache_wrapper):
        return True
    if isinstance(function, types.MethodType):
        held = getattr(function.__self__, "__dict__", {}).values()
        if any(isinstance(v, contextvars.ContextVar) for v in held):
            return False  # what it says depends on what the program has set
        if _may_change(function.__self__):
            return False
        return may_be_evaluated(function.__func__)
    if isinstance(function, types.FunctionType):
        return function in PURE or _is_of_mapping(function) or is_pure(function)
    receiver = getattr(function, "__self__", None)
    if _may_change(receiver):
        return False
    if receiver is not None and not isinstance(receiver, types.ModuleType):
        name = getattr(function, "__name__", "")
        known = [t for t in _PURE_METHODS if isinstance(receiver, t) or receiver is t]
        return any(name in _PURE_METHODS[t] for t in known)
    try:
        return function in PURE
    except TypeError:
        return False


def _is_of_mapping(function: types.FunctionType) -> bool:
    """Whether a function is one of `Mapping`'s own, which only reads."""
    bases = (collections.abc.Mapping, collections.abc.Sequence, collections.abc.Set)
    return any(function is vars(b).get(function.__name__) for b in bases)


def evaluate(
    e: Emitter, function: Callable[..., Any], args: Sequence[Value], kwargs: Mapping[str, Value], name: str
) -> Value | None:
    """What a call gives, when it may be evaluated and all arguments are constants; None for others, which have to be compiled."""
    if not may_be_evaluated(function):
        return None
    if function in _OF_CLASS and args and isinstance(args[0], StaticObject):
        args = [PyObject(args[0].cls, args[0].cls.__name__), *args[1:]]
    if function in _OF_CODE and args and isinstance(args[0], PyFunction) and args[0].receiver is not None:
        args = [PyObject(types.MethodType(args[0].function, object()), "a method"), *args[1:]]
    try:
        given = [_as_given(e, a) for a in args]
        named = {k: _as_given(e, v) for k, v in kwargs.items()}
    except NotConstant:
        return None
    if any(v is STAND_IN for v in (*given, *named.values())):
        try:
            with applied(e):
                return e.session.from_python(probe(function, given, named), name)
        except (NothingSaid, NotConstant):
            return None
    try:
        with applied(e):
            result = function(*given, **named)
    except NotConstant:
        return None
    except Exception as error:  # noqa: BLE001  (the program raises it where it makes the call)
        return _raise(e, error)
    if isinstance(result, torch.Tensor):
        return None
    if not e.session.dynamic and is_plain_object(result) and sys.getrefcount(result) <= _REFERENCES:
        return None  # an object made by the call, which the program may change
    return of_result(e, result, name)


def _display(e: Emitter, value: Value) -> Any:
    """The Python object that an argument is, as `as_python` has it; also that of a display of constants, which nothing else has."""
    if isinstance(value, Run) and isinstance(value.ssa.owner, ListOp) and isinstance(e.argument_node(value), ast.List):
        return _items(value.ssa.owner)
    return as_python(value)


def _items(display: ListOp) -> list[Any]:
    """What a display of constants has. Raises NotConstant for one of other values."""
    found: list[Any] = []
    for operand in display.operands:
        known = _items(operand.owner) if isinstance(operand.owner, ListOp) else constant_of(operand)
        if not isinstance(known, list | int | float | str):
            raise NotConstant
        found.append(known)
    return found


def _as_given(e: Emitter, value: Value) -> Any:
    """As `as_python`, with a tensor that says nothing in place of each tensor of the program where Python's reading holds."""
    if e.session.dynamic and isinstance(value, Run) and isinstance(value.type, ts.TensorType):
        return STAND_IN
    return _display(e, value)


_REFERENCES = 2
"""How often a new object is referred to: by the variable that it is the value of, and as an argument."""


@contextmanager
def applied(e: Emitter) -> Generator[None]:
    """Inside, constant objects have the attributes that the program has set so far. Raises NotConstant for values of run time."""
    now = [(holder, name, as_python(value)) for holder, name, value in attributes_set(e)]
    before = [(holder, name, vars(holder).get(name, _MISSING)) for holder, name, _ in now]
    for holder, name, value in now:
        setattr(holder, name, value)
    try:
        yield
    finally:
        for holder, name, value in before:
            if value is _MISSING:
                delattr(holder, name)
            else:
                setattr(holder, name, value)


_MISSING = object()


def _raise(e: Emitter, error: Exception) -> Value | None:
    """The exception that an evaluated call raises, raised by the program; None for one that isn't of Python's own."""
    from tsir.frontend.script.python_errors import raise_in_program

    name = type(error).__name__
    if getattr(builtins, name, None) is not type(error):
        return None
    raise_in_program(e, name, str(error.args[0]) if error.args else "")


def _may_change(value: object) -> bool:
    """Whether a value is an array that someone may write to, not one that an evaluated call has made, or gives other numbers at each
    call."""
    return (isinstance(value, np.ndarray) and bool(value.flags.writeable)) or isinstance(value, random.Random)


_VIEWS = (type({}.keys()), type({}.values()), type({}.items()), map, filter, zip, enumerate, type(iter([])), type(iter({})))


def of_result(e: Emitter, result: Any, name: str) -> Value:
    """What an evaluated call has given, as a value: a new list or dict may be changed."""
    from tsir.frontend.script.static_state import new_dict

    if isinstance(result, _VIEWS):
        result = tuple(result)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if _may_change(result):
        result = result.copy()
        result.setflags(write=False)
    made = e.session.from_python(result, name)
    return new_dict(e, made.items) if isinstance(made, StaticDict) and type(result) is dict else made


__all__ = ["PURE", "NotConstant", "as_python", "evaluate", "is_pure", "is_torch_constant", "may_be_evaluated", "of_result"]
