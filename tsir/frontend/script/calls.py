"""Calls: of functions, methods, torch's operators, Python's built-ins and classes."""

from __future__ import annotations

import ast
import builtins
import cmath
import contextlib
import copy
import enum
import functools
import itertools
import logging
import math
import operator
import re
import sys
import types
import typing
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import torch
from torch._jit_internal import boolean_dispatched
from xdsl.dialects.builtin import StringAttr
from xdsl.ir import SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import PyOp
from tsir.dialects.ts.structure import CastOp, ConstantOp, DictOp
from tsir.errors import did_you_mean
from tsir.frontend.script import builtin_bases, lazy
from tsir.frontend.script.ambient import call_context_method, is_context_method
from tsir.frontend.script.annotations import is_named_tuple
from tsir.frontend.script.builtins import BUILTINS
from tsir.frontend.script.call_arguments import Arguments, as_number
from tsir.frontend.script.concurrency import FUTURE_CLASSES, make_future
from tsir.frontend.script.conversions import special_method, text_of
from tsir.frontend.script.convert import coerce, materialise
from tsir.frontend.script.custom_operators import call_custom_operator, custom_overloads
from tsir.frontend.script.dataclass_functions import DATACLASS_FUNCTIONS, PLAIN_FUNCTIONS, is_of_dataclass
from tsir.frontend.script.dispatch import call_function_value, call_site, site_of
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.enums import member_of_value
from tsir.frontend.script.evaluation import PURE, evaluate
from tsir.frontend.script.exception_values import is_exception_class, make_exception, set_arguments
from tsir.frontend.script.function_values import Function
from tsir.frontend.script.generators import generator_of, is_lazy
from tsir.frontend.script.hooks import call_with_hooks
from tsir.frontend.script.inlining import call_closure, emit_choice
from tsir.frontend.script.installing import registers_hooks
from tsir.frontend.script.legacy_tensors import LEGACY
from tsir.frontend.script.listings import listing_value
from tsir.frontend.script.made_modules import make_module, module_from_outside
from tsir.frontend.script.managers import call_manager_function
from tsir.frontend.script.method_calls import call_method
from tsir.frontend.script.misfits import describe_object
from tsir.frontend.script.numpy_scalars import constant, kind_of, scalar
from tsir.frontend.script.object_copies import copied
from tsir.frontend.script.object_dicts import plain as plain_dict
from tsir.frontend.script.operators import is_tensor, torch_call
from tsir.frontend.script.outside import outside_array
from tsir.frontend.script.outside_constants import call_method_of_container
from tsir.frontend.script.prelude import REPLACED
from tsir.frontend.script.regular_expressions import call_function as call_regular_expression
from tsir.frontend.script.rows import call_row
from tsir.frontend.script.several_types import use_by_type
from tsir.frontend.script.single_dispatch import call_dispatched, is_single_dispatch
from tsir.frontend.script.source import CONSUMERS, is_compiled_function
from tsir.frontend.script.special_methods import call_own_method
from tsir.frontend.script.standard_containers import call_sorted_list_function
from tsir.frontend.script.static_objects import call_special, call_unbound, initialise_dataclass, is_generated_init
from tsir.frontend.script.statistics_calls import call_statistics
from tsir.frontend.script.torch_calls import TORCH_PYTHON
from tsir.frontend.script.values import (
    NONE,
    NUMPY_KINDS,
    Binding,
    Builtin,
    Chain,
    Choice,
    Closure,
    Const,
    DTypeInfo,
    ImportedMethod,
    Manager,
    ManagerFunction,
    Method,
    Object,
    Partial,
    PyFunction,
    PyObject,
    Run,
    Spread,
    StaticDict,
    StaticObject,
    StaticTuple,
    Value,
)
from tsir.frontend.torch_names import DTYPES, operator_name
from tsir.ops import python

Keywords = dict[str, Value]


def emit_call_expression(e: Emitter, node: ast.Call, want: Any) -> Value:
    """A call."""
    callee = e.expression(node.func)
    if node.args and isinstance(node.args[-1], ast.GeneratorExp) and _uses_all(e, callee):
        e.session.consumed.add(id(node.args[-1]))
    if isinstance(callee, Builtin):
        with e.calling([]):
            return BUILTINS[callee.name](Arguments(e, node, want))
    if (formatted := _format_with_dict(e, node, callee)) is not None:
        return formatted
    args, kwargs = evaluate_arguments(e, node, takes_sizes=_takes_sizes(e, callee))
    trees = argument_trees(node, args, kwargs)
    with e.at(node), e.calling(trees):
        return call(e, callee, args, kwargs)


_CONSUMING = frozenset((
    "join", "extend", "update", "union", "intersection", "difference", "symmetric_difference", "intersection_update",
    "difference_update", "symmetric_difference_update", "isdisjoint", "issubset", "issuperset", "fromkeys",
))  # fmt: skip
"""Methods that use all elements of an iterator."""


def _uses_all(e: Emitter, callee: Value) -> bool:
    """Whether a function or method of Python's or torch's uses all elements of an iterator that it is given."""
    match callee:
        case Builtin():
            return callee.name in CONSUMERS
        case Method():
            return callee.name in _CONSUMING or is_tensor(e.session.type_of(callee.receiver))
        case PyObject():
            return operator_name(callee.value) is not None
        case _:
            return False


def _format_with_dict(e: Emitter, node: ast.Call, callee: Value) -> Value | None:
    """`template.format(**d)` with a dict of the program's: `template.format_map(d)`. None for other calls."""
    if not isinstance(callee, Method) or callee.name != "format" or node.args or len(node.keywords) != 1:
        return None
    if node.keywords[0].arg is not None:
        return None
    values = e.expression(node.keywords[0].value)
    if not isinstance(e.session.type_of(values), ts.DictType) or isinstance(values, StaticDict):
        return None
    return call_method(e, callee.receiver, "format_map", [values], {})


def argument_trees(node: ast.Call, args: list[Value], kwargs: Keywords) -> list[tuple[Value, ast.AST]]:
    """The trees of a call's arguments. One value that is passed twice is made two, so that each has its own."""
    trees: list[tuple[Value, ast.AST]] = []
    holders: list[tuple[list[Value] | Keywords, Any, ast.AST]] = []
    if not any(isinstance(a, ast.Starred) for a in node.args):
        holders += [(args, i, a) for i, a in enumerate(node.args)]
    holders += [(kwargs, k.arg, k.value) for k in node.keywords if k.arg is not None]
    for holder, key, tree in holders:
        value = holder[key]
        if any(known is value for known, _ in trees):
            value = holder[key] = copy.copy(value)
        trees.append((value, tree))
    return trees


_SIZES = frozenset(
    ("view", "reshape", "expand", "permute", "repeat", "tile", "flip", "new_zeros", "new_ones", "new_empty", "zeros", "ones", "empty",
     "rand", "randn"),
)  # fmt: skip
"""Functions and methods of torch that take sizes or dimensions one by one or in one tuple."""


def _takes_sizes(e: Emitter, callee: Value) -> bool:
    """Whether all positional arguments of a call are sizes, which may come as one list."""
    if isinstance(callee, Method):
        return callee.name in _SIZES and is_tensor(e.session.type_of(callee.receiver))
    return isinstance(callee, PyObject) and operator_name(callee.value) in _SIZES


def evaluate_arguments(e: Emitter, node: ast.Call, *, takes_sizes: bool = False) -> tuple[list[Value], Keywords]:
    """The arguments of a call, `*` and `**` taken apart. Where it takes sizes they become one list if their number isn't known."""
    from tsir.frontend.script.expressions import evaluated_elements, joined_lists

    found = evaluated_elements(e, node.args)
    if takes_sizes and any(tree is not None for _, tree in found):
        args = [joined_lists(e, found, ts.INT)]
    else:
        args = [v if tree is None else Spread(v) for v, tree in found]
    kwargs: Keywords = {}
    for keyword in node.keywords:
        value = plain_dict(e, e.expression(keyword.value))
        if keyword.arg is not None:
            kwargs[keyword.arg] = value
        elif isinstance(value, StaticDict | StaticObject) and value.items is not None:
            kwargs |= value.items
        elif (literal := _literal_items(e, value)) is not None:
            kwargs |= literal
        else:
            e.error(
                f"only a dict that is known while compiling can be passed with **, not a {e.show(value)}",
                node=keyword.value,
                hint="pass the arguments by name, one by one",
                code="TS402",
            )
    return args, kwargs


def _literal_items(e: Emitter, value: Value) -> Keywords | None:
    """The items of a dict literal with constant keys that nothing has changed since."""
    owner = value.ssa.owner if isinstance(value, Run) else None
    if not isinstance(owner, DictOp) or any(
        not isinstance(u.operation, PyOp) or _mutates(u.operation) for u in owner.result.uses
    ):
        return None
    keys = [k.owner.value if isinstance(k.owner, ConstantOp) else None for k in owner.items[::2]]
    names = [k.data for k in keys if isinstance(k, StringAttr)]
    values = [e.session.object_or_run(_before_casts(v)) for v in owner.items[1::2]]
    return dict(zip(names, values, strict=True)) if len(names) == len(keys) else None


def _before_casts(value: SSAValue) -> SSAValue:
    """The value under the type that it had before it became one of several types of items."""
    while isinstance(value.owner, CastOp) and isinstance(
        value.type, ts.NumberType | ts.UnionType | ts.OptionalType | ts.AnyType
    ):
        value = value.owner.operands[0]
    return value


def _mutates(op: PyOp) -> bool:
    row = python.lookup(op.FUNCTION)
    return row is None or row.mutates


def call(e: Emitter, callee: Value, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """Calls a value."""
    args, kwargs = [plain_dict(e, a) for a in args], {k: plain_dict(e, v) for k, v in kwargs.items()}
    if any(is_lazy(a) for a in args) and _uses_all(e, callee):
        from tsir.frontend.script.comprehensions import collect

        args = [collect(e, a) if is_lazy(a) else a for a in args]
    match callee:
        case Object() if callee.info.python_class is Function:
            return call_function_value(e, callee, args, kwargs)
        case Object() if (site := site_of(e, callee)) is not None:
            return call_site(e, site, callee.ssa, args, kwargs)
        case PyFunction():
            return _call_function(e, callee, args, kwargs)
        case Method():
            return call_method(e, callee.receiver, callee.name, args, kwargs)
        case Object():
            is_module = callee.info.kind == "module" or issubclass(callee.info.python_class, torch.nn.Module)
            own_call = not is_module or "__call__" in callee.info.imported
            name = "__call__" if own_call else "forward"
            if callee.info.hooks:
                return call_with_hooks(e, callee, args, kwargs)
            return call(e, e.session.get_attribute(e, callee, name), args, kwargs)
        case PyObject():
            return _call_python(e, callee, args, kwargs)
        case StaticObject() if (made := call_special(e, callee, "__call__", args)) is not None:
            return made
        case Closure():
            return call_closure(e, callee, args, kwargs)
        case ManagerFunction():
            return call_manager_function(e, callee, args, kwargs)
        case Partial():
            return call(e, callee.function, [*callee.args, *args], callee.kwargs | dict(kwargs))
        case Choice():
            return emit_choice(e, callee, lambda chosen: call(e, chosen, args, kwargs))
        case Chain() if len(args) == 1 and not kwargs:
            return functools.reduce(lambda value, module: call(e, module, [value], {}), callee.elements, args[0])
        case Builtin():
            return call_builtin(e, callee, args, kwargs)
        case _:
            if (found := call_own_method(e, callee, "__call__", args, kwargs)) is not None:
                return found
            if (by_type := use_by_type(e, callee, "call", lambda known: call(e, known, args, kwargs))) is not None:
                return by_type
            kind = e.session.type_of(callee)
            hint = "index it with []" if isinstance(kind, ts.ListType | ts.DictType | ts.TupleType) else None
            called = e.node.func if isinstance(e.node, ast.Call) else None
            if isinstance(called, ast.Attribute) and not args and not kwargs:
                hint = f"{called.attr} isn't a method: leave out the `()`"
            e.error(
                f"a value of type {e.show(callee)} can't be called",
                hint=hint,
                code="TS306" if isinstance(kind, ts.OptionalType) or kind == ts.NONE else "TS307",
            )


def call_builtin(e: Emitter, callee: Builtin, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """Calls a built-in function with values that have been evaluated: `map(len, items)`."""
    names = [f"$argument{i}" for i in range(len(args) + len(kwargs))]
    for name, value in zip(names, [*args, *kwargs.values()], strict=True):
        e.variables[name] = Binding(value)
    trees: list[ast.expr] = [ast.Name(n, ast.Load()) for n in names]
    keywords = [ast.keyword(k, t) for k, t in zip(kwargs, trees[len(args) :], strict=True)]
    node = ast.Call(ast.Name(callee.name, ast.Load()), trees[: len(args)], keywords)
    for tree in ast.walk(node):
        ast.copy_location(tree, e.node or e.source.node)
    try:
        return BUILTINS[callee.name](Arguments(e, node, None))
    finally:
        for name in names:
            e.variables.pop(name, None)


def _call_function(e: Emitter, callee: PyFunction, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    function = callee.function
    if function in PLAIN_FUNCTIONS:
        return PLAIN_FUNCTIONS[function](e, args, kwargs)
    if callee.receiver is None and (matched := call_regular_expression(e, function, args, kwargs)) is not None:
        return matched
    if is_single_dispatch(function) and (found := call_dispatched(e, function, args, kwargs, call)) is not None:
        return found
    if (made := copied(e, function, args, kwargs)) is not None:
        return made
    if function in DATACLASS_FUNCTIONS and args and is_of_dataclass(args[0]):
        return DATACLASS_FUNCTIONS[function](e, args, kwargs)
    if e.session.dynamic or isinstance(callee.receiver, PyObject) or function in PURE:
        whole = function if callee.receiver is None else None
        receiver = callee.receiver
        if isinstance(receiver, PyObject) and not isinstance(receiver.value, torch.nn.Module | torch.Tensor):
            whole = types.MethodType(function, receiver.value)
            if isinstance(receiver.value, logging.Logger) and (logged := _log(e, whole, args, kwargs)) is not None:
                return logged
        evaluated = None if whole is None else evaluate(e, whole, args, kwargs, getattr(function, "__name__", "a call"))
        if evaluated is not None:
            return evaluated
    if e.session.dynamic and registers_hooks(e, callee, args, kwargs):
        return NONE
    if function in TORCH_PYTHON:
        return TORCH_PYTHON[function](e, args, kwargs)
    if (
        found := call_sorted_list_function(e, function, args, kwargs) or call_statistics(e, function, args, kwargs)
    ) is not None:
        return found
    given = args if callee.receiver is None else [callee.receiver, *args]
    if is_generated_init(function) and given and isinstance(given[0], StaticObject):
        initialise_dataclass(e, function, given[0], given[1:], kwargs)
        return NONE
    dispatch = boolean_dispatched.get(function)
    if dispatch is not None:
        return _boolean_dispatch(e, dispatch, args, kwargs)
    return e.session.call_function(e, callee, args, kwargs)


def _boolean_dispatch(e: Emitter, dispatch: dict[str, Any], args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """Functions of torch.nn.functional that are one of two, by a flag that has to be constant."""
    name, index = dispatch["arg_name"], dispatch["index"]
    flag: Value = kwargs.get(name, args[index] if index < len(args) else Const(dispatch["default"]))
    if not isinstance(flag, Const):
        hint = f"pass True or False for it, or branch: `if {name}: ... else: ...`"
        e.error(f"'{name}' has to be a constant here", value=flag, hint=hint, code="TS507")
    chosen = dispatch["if_true" if flag.value else "if_false"]
    return e.session.call_function(e, PyFunction(chosen), args, kwargs)


# Python objects


def _call_python(e: Emitter, callee: PyObject, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    target = callee.value
    if isinstance(target, ImportedMethod):
        from tsir.frontend.script.compiled_calls import call_compiled_function

        return call_compiled_function(e, target.program, target.entry, args, kwargs, target.receiver)
    if is_compiled_function(target):
        from tsir.frontend.script.compiled_calls import call_compiled_function

        return call_compiled_function(e, target.program, target.entry, args, kwargs)
    listing = listing_value(target)
    if listing is not None:
        return listing
    if isinstance(target, typing.NewType) and len(args) == 1 and not kwargs:
        return args[0]
    if isinstance(of_alias := typing.get_origin(target), type):  # `typing.OrderedDict(...)`, `Stack[int](...)`
        return _call_python(e, PyObject(of_alias, callee.name), args, kwargs)
    if target is torch.from_numpy and len(args) == 1 and is_tensor(e.session.type_of(made := outside_array(e, args[0]))):
        return made
    if isinstance(target, Hashable) and (made := TORCH_PYTHON.get(target) or LEGACY.get(target)) is not None:
        return made(e, args, kwargs)
    if (found := call_sorted_list_function(e, target, args, kwargs)) is not None:
        return found
    replaced = REPLACED.get(target) if isinstance(target, Hashable) else None
    if target is itertools.chain and any(isinstance(a, Spread) for a in args):
        from tsir.frontend.script.expressions import joined

        return e.session.call_function(e, PyFunction(lazy.chain_from_iterable), [joined(e, args)], kwargs)
    if replaced is not None:
        return e.session.call_function(e, PyFunction(replaced), args, kwargs)
    if getattr(target, "__name__", "") == "__init__" and is_exception_class(getattr(target, "__objclass__", None)):
        if not isinstance(args[0], Object):
            e.error("an exception can only be initialised by a method of its class")
        set_arguments(e, args[0], args[1:])
        return NONE
    if isinstance(target, type):
        return _construct(e, callee, target, args, kwargs)
    if (found := call_unbound(e, target, args, kwargs) or builtin_bases.call_unbound(e, target, args, kwargs)) is not None:
        return found
    if target in (object.__init__, object.__setattr__, object.__delattr__):
        from tsir.frontend.script.attribute_stores import call_of_object

        if (found := call_of_object(e, target, args)) is not None:
            return found
    if (
        isinstance(getattr(target, "__self__", None), logging.Logger)
        and (logged := _log(e, target, args, kwargs)) is not None
    ):
        return logged
    if is_context_method(target):
        return call_context_method(e, target, args)
    overloads = custom_overloads(target)
    if overloads is not None:
        return call_custom_operator(e, overloads, args, kwargs)
    owner: Any = getattr(target, "__self__", None)
    if (
        isinstance(getattr(target, "__self__", None), re.Pattern)
        and (matched := call_regular_expression(e, target, args, kwargs)) is not None
    ):
        return matched
    if getattr(target, "__name__", "") == "_make" and is_named_tuple(owner) and len(args) == 1:
        from tsir.frontend.script.assignment import parts

        return _named_tuple(e, owner, parts(e, args[0], len(owner._fields), []), {})
    name = operator_name(target)
    if name is not None:
        return torch_call(e, name, args, kwargs)
    evaluated = evaluate(e, callee.value, args, kwargs, callee.name)
    if evaluated is not None:
        return evaluated
    if (found := call_method_of_container(e, target, args, kwargs)) is not None:
        return found
    if isinstance(target, functools._lru_cache_wrapper):
        return e.session.call_function(e, PyFunction(target.__wrapped__), args, kwargs)
    plain = getattr(target, "__name__", "")
    for module in (math, cmath):
        row = python.builtin(f"{module.__name__}.{plain}") if getattr(module, plain, None) is target else None
        if row is not None:
            return call_row(e, row, [as_number(e, a, plain) for a in args], kwargs)
    if getattr(builtins, plain, None) is target:
        reflected = plain in ("divmod", "pow") and len(args) == 2 and not isinstance(args[0], Object)
        if reflected and (found := special_method(e, args[1], f"r{plain}", args[:1])) is not None:
            return found
        rest = [Const("")] if plain == "format" and len(args) == 1 else args[1:]
        if args and (found := special_method(e, args[0], plain, rest)) is not None:
            return found
        row = python.builtin(plain)
        if row is not None:
            return call_row(e, row, args, kwargs)
    if isinstance(target, torch.nn.Module):
        return call(e, module_from_outside(e, target, callee.name), args, kwargs)
    method = vars(type(target)).get("__call__")
    if method is not None and hasattr(method, "__code__"):
        return e.session.call_function(e, PyFunction(method, callee), args, kwargs)
    _not_compilable(e, callee)


def _log(e: Emitter, target: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value | None:
    """A call of a logger's method that takes a message, which is logged at run time by the logger of that name; None for other
    methods. Keywords such as `extra` are left out."""
    function = target.__func__
    once = isinstance(function, functools._lru_cache_wrapper)
    name = getattr(function, "__name__", "").removesuffix("_once")
    level = {"warn": "WARNING", "exception": "ERROR", "fatal": "CRITICAL"}.get(name, name.upper())
    known = getattr(logging, level, None)
    number: Value = Const(known if isinstance(known, int) else None)
    if name == "log":
        number, *args = args
    if not args or (isinstance(number, Const) and number.value is None):
        return None
    message, *values = args
    text = materialise(e, text_of(e, message))
    if not isinstance(text.type, ts.StrType):
        text = e.py("str", [text])
    if values:
        text = e.py("percent", [text, materialise(e, StaticTuple(tuple(values)))])
    e.py("log", [materialise(e, Const(target.__self__.name)), materialise(e, number), text, e.bool_constant(once)])
    return NONE


_INSTEAD: dict[str, str] = {
    "numpy": "use torch's function of that name", "random": "use torch.rand() or torch.randint()",
    "time": "measure around the compiled call", "os": "do it outside and pass the result", "sys": "do it outside and pass the result",
    "threading": "lock around the compiled call",
}  # fmt: skip
"""What to do instead of calling a function of one of these packages."""


def _not_compilable(e: Emitter, callee: PyObject) -> NoReturn:
    """A call of something that has no Python source: a function written in C, an object that can't be called."""
    target = callee.value
    if not callable(target):
        e.error(f"'{callee.name}' is a {describe_object(target)}, which can't be called", code="TS307")
    package = str(getattr(target, "__module__", None) or type(target).__module__).partition(".")[0]
    package = (
        "numpy" if type(target).__module__ == "numpy" else {"posix": "os", "_thread": "threading"}.get(package, package)
    )
    e.unsupported(
        f"a call of {callee.name}, which isn't written in Python,",
        hint=_INSTEAD.get(package, "call it outside and pass the result, or write it with torch's operators"),
        code="TS502",
    )


def _construct(e: Emitter, callee: PyObject, cls: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    if is_named_tuple(cls):
        return _named_tuple(e, cls, args, kwargs)
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
    if cls in (torch.finfo, torch.iinfo, torch.device):
        return _constant_object(e, callee, cls, args, kwargs)
    if cls is torch.Generator:
        return torch_call(e, "_generator", [])  # of the CPU, the only device there is
    if cls is torch.Size:
        return Run(coerce(e, args[0] if args else StaticTuple(()), ts.ListType(ts.INT), "torch.Size()"), "size")
    if cls in FUTURE_CLASSES:
        return make_future(e)
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
    if kind_of(value) == cls.__name__:
        return value
    number = call(e, Builtin(plain.__name__), [value], {})
    if cls in (np.float64, np.int64, np.bool_):
        return number
    if cls.__name__ not in NUMPY_KINDS:
        e.unsupported(f"np.{cls.__name__}() of a value that isn't known while compiling", hint="write torch's operators")
    return scalar(e, number, cls.__name__)


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


def _named_tuple(e: Emitter, cls: Any, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
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


# Rows of the table of built-ins


# Methods of built-in types


# Functions of torch that are written in Python and stand for one operator, or whose own types say too little
