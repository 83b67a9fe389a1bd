"""Calls: of functions, methods, torch's operators, Python's built-ins and classes."""

from __future__ import annotations

import ast
import builtins
import cmath
import functools
import itertools
import logging
import math
import re
import types
import typing
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NoReturn

import torch
from torch._jit_internal import boolean_dispatched

from tsir.dialects.ts import types as ts
from tsir.frontend.script import builtin_bases, lazy
from tsir.frontend.script.ambient import call_context_method, is_context_method
from tsir.frontend.script.annotations import is_named_tuple
from tsir.frontend.script.assignment import parts
from tsir.frontend.script.attribute_stores import call_of_object
from tsir.frontend.script.autocasting import QUERIES, decorated, is_autocast_entered
from tsir.frontend.script.builtin_calls import call_builtin
from tsir.frontend.script.builtins import BUILTINS
from tsir.frontend.script.call_arguments import Arguments, as_number
from tsir.frontend.script.class_calls import construct, named_tuple
from tsir.frontend.script.compiled_calls import call_compiled_function, call_with_owner
from tsir.frontend.script.comprehensions import collect
from tsir.frontend.script.conversions import special_method
from tsir.frontend.script.custom_operators import call_custom_operator, custom_overloads
from tsir.frontend.script.dataclass_functions import DATACLASS_FUNCTIONS, PLAIN_FUNCTIONS, is_of_dataclass
from tsir.frontend.script.dispatch import call_function_value, call_site, site_of
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.evaluated_arguments import argument_trees, evaluate_arguments
from tsir.frontend.script.evaluation import PURE, evaluate
from tsir.frontend.script.exception_values import is_exception_class, set_arguments
from tsir.frontend.script.function_values import Function
from tsir.frontend.script.generators import is_lazy
from tsir.frontend.script.hooks import call_with_hooks
from tsir.frontend.script.inlining import call_closure, emit_choice
from tsir.frontend.script.installing import registers_hooks
from tsir.frontend.script.legacy_tensors import LEGACY
from tsir.frontend.script.listings import listing_value
from tsir.frontend.script.local_functions import update_wrapper
from tsir.frontend.script.logging_calls import log
from tsir.frontend.script.made_modules import module_from_outside
from tsir.frontend.script.managers import call_manager_function
from tsir.frontend.script.method_calls import call_method
from tsir.frontend.script.misfits import describe_object
from tsir.frontend.script.missing_operators import NotCompilableError, raise_if_conditional
from tsir.frontend.script.numpy_calls import call_function as call_numpy_function
from tsir.frontend.script.object_copies import copied
from tsir.frontend.script.object_dicts import plain as plain_dict
from tsir.frontend.script.operator_calls import is_tensor, torch_call
from tsir.frontend.script.outside import outside_array
from tsir.frontend.script.outside_constants import call_method_of_container
from tsir.frontend.script.prelude import replaced
from tsir.frontend.script.regular_expressions import call_function as call_regular_expression
from tsir.frontend.script.rows import call_row
from tsir.frontend.script.several_types import members_of, use_by_type
from tsir.frontend.script.single_dispatch import call_dispatched, is_single_dispatch
from tsir.frontend.script.source import CONSUMERS, is_compiled_function, is_traced_function
from tsir.frontend.script.special_methods import call_own_method
from tsir.frontend.script.standard_containers import call_sorted_list_function
from tsir.frontend.script.static_objects import call_special, call_unbound, initialise_dataclass, is_generated_init
from tsir.frontend.script.statistics_calls import call_statistics
from tsir.frontend.script.torch_calls import TORCH_PYTHON
from tsir.frontend.script.values import (
    NONE,
    Builtin,
    Chain,
    Choice,
    Closure,
    Const,
    ImportedMethod,
    ManagerFunction,
    Method,
    Object,
    Partial,
    PyFunction,
    PyObject,
    Spread,
    StaticDict,
    StaticObject,
    Value,
)
from tsir.frontend.torch_names import operator_name
from tsir.ops import python


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


def call(e: Emitter, callee: Value, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """Calls a value."""
    args, kwargs = [plain_dict(e, a) for a in args], {k: plain_dict(e, v) for k, v in kwargs.items()}
    if any(is_lazy(a) for a in args) and _uses_all(e, callee):
        args = [collect(e, a) if is_lazy(a) else a for a in args]
    match callee:
        case Object() if callee.info.python_class is Function:
            return call_function_value(e, callee, args, kwargs)
        case Object() if (site := site_of(e, callee)) is not None:
            return call_site(e, site, callee.ssa, args, kwargs)
        case PyFunction():
            return _call_function(e, callee, args, kwargs)
        case Method() if members_of(e, callee.receiver):
            return _call_told_apart(e, callee, args, kwargs)
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


def _call_told_apart(e: Emitter, callee: Method, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """A call of a method that all of several types have, each its own."""
    from tsir.frontend.script.attributes import get_attribute
    from tsir.frontend.script.told_apart import use_told_apart

    def use(known: Sequence[Value]) -> Value:
        return call(e, get_attribute(e, known[0], callee.name), args, kwargs)

    def says(known: Sequence[Value]) -> str:
        return f"{callee.name}() of a {e.show(known[0])} doesn't take the arguments"

    return use_told_apart(e, [callee.receiver], use, says)


def _call_function(e: Emitter, callee: PyFunction, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    function = callee.function
    if is_autocast_entered(callee):
        e.unsupported(f"{function.__name__}() of an autocast", hint="write `with torch.autocast(...)`")
    if function in PLAIN_FUNCTIONS:
        return PLAIN_FUNCTIONS[function](e, args, kwargs)
    if callee.receiver is None and (matched := call_regular_expression(e, function, args, kwargs)) is not None:
        return matched
    if is_single_dispatch(function) and (found := call_dispatched(e, callee, args, kwargs, call)) is not None:
        return found
    if (made := copied(e, function, args, kwargs)) is not None:
        return made
    if function is functools.update_wrapper and (wrapper := update_wrapper(args, kwargs)) is not None:
        return wrapper
    if function in DATACLASS_FUNCTIONS and args and is_of_dataclass(args[0]):
        return DATACLASS_FUNCTIONS[function](e, args, kwargs)
    if e.session.dynamic or isinstance(callee.receiver, PyObject) or function in PURE:
        whole = function if callee.receiver is None else None
        receiver = callee.receiver
        if isinstance(receiver, PyObject) and not isinstance(receiver.value, torch.nn.Module | torch.Tensor):
            whole = types.MethodType(function, receiver.value)
            if isinstance(receiver.value, logging.Logger) and (logged := log(e, whole, args, kwargs)) is not None:
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
        return call_compiled_function(e, target.program, target.entry, args, kwargs, target.receiver)
    if is_traced_function(target):
        return call_with_owner(e, target._called, callee.name, args, kwargs)
    if is_compiled_function(target):
        if target.program.root is not None and target._owner is not None:
            return call_with_owner(e, target, callee.name, args, kwargs)
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
    if isinstance(target, torch.autocast):
        return decorated(e, callee, args[0])
    if (
        isinstance(target, Hashable)
        and (made := TORCH_PYTHON.get(target) or LEGACY.get(target) or QUERIES.get(target)) is not None
    ):
        return made(e, args, kwargs)
    if (found := call_sorted_list_function(e, target, args, kwargs)) is not None:
        return found
    instead = replaced(target)
    if target is itertools.chain and any(isinstance(a, Spread) for a in args):
        from tsir.frontend.script.expressions import joined

        return e.session.call_function(e, PyFunction(lazy.chain_from_iterable), [joined(e, args)], kwargs)
    if instead is not None:
        return e.session.call_function(e, PyFunction(instead), args, kwargs)
    if getattr(target, "__name__", "") == "__init__" and is_exception_class(getattr(target, "__objclass__", None)):
        if not isinstance(args[0], Object):
            e.error("an exception can only be initialised by a method of its class")
        set_arguments(e, args[0], args[1:])
        return NONE
    if isinstance(target, type):
        return construct(e, callee, target, args, kwargs)
    if (found := call_unbound(e, target, args, kwargs) or builtin_bases.call_unbound(e, target, args, kwargs)) is not None:
        return found
    of_object = target in (object.__init__, object.__setattr__, object.__delattr__)
    if of_object and (found := call_of_object(e, target, args)) is not None:
        return found
    if (
        isinstance(getattr(target, "__self__", None), logging.Logger)
        and (logged := log(e, target, args, kwargs)) is not None
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
        return named_tuple(e, owner, parts(e, args[0], len(owner._fields), []), {})
    name = operator_name(target)
    if name is not None:
        return torch_call(e, name, args, kwargs)
    row = python.of_process(target)
    if row is not None and row.accepts(len(args) + len(kwargs)) and set(kwargs) <= set(row.parameters):
        return call_row(e, row, args, kwargs)
    evaluated = evaluate(e, callee.value, args, kwargs, callee.name)
    if evaluated is not None:
        return evaluated
    if (number := call_numpy_function(e, target, args, kwargs)) is not None:
        return number
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
    error = NotCompilableError(
        f"a call of {callee.name}, which isn't written in Python, isn't supported yet",
        location=e.place,
        hint=_INSTEAD.get(package, "call it outside and pass the result, or write it with torch's operators"),
    )
    raise_if_conditional(e, error)
    raise error
