"""Functions that the compiler itself carries out: Python's and torch.jit's that look at types, names or trees.

`BUILTINS` maps their names to what emits them, `named_builtin` a Python object to its name here.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import types
import typing
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import _jit_internal as jit_internal
from xdsl.ir import Block, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.dialects.values import one_function, uninitialized
from tsir.frontend.script import ambient, static_objects
from tsir.frontend.script.attribute_stores import delete_attribute, delete_by_name, set_by_name
from tsir.frontend.script.attributes import class_of_value, get_attribute, set_attribute
from tsir.frontend.script.call_arguments import Arguments, spread_last
from tsir.frontend.script.changing_functions import changing_filter, changing_map
from tsir.frontend.script.concurrency import emit_await, emit_fork, emit_no_wait, emit_wait
from tsir.frontend.script.conversions import CONVERSIONS, text_of
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.enums import plain
from tsir.frontend.script.expected import raise_if_expected
from tsir.frontend.script.jit_builtins import JIT_BUILTINS
from tsir.frontend.script.late_attributes import has_late_attribute, is_late, late_attribute_or
from tsir.frontend.script.object_dicts import names_of, object_dict
from tsir.frontend.script.operator_calls import as_bound, is_tensor, torch_call
from tsir.frontend.script.raising import raise_error
from tsir.frontend.script.reductions import REDUCTIONS
from tsir.frontend.script.run_time_names import attribute_of_name, has_attribute_of_name
from tsir.frontend.script.several_types import for_each_type, members_of, use_by_type
from tsir.frontend.script.special_methods import call_own_method
from tsir.frontend.script.static_state import note_asked
from tsir.frontend.script.truth import as_bool
from tsir.frontend.script.type_relations import Tuples
from tsir.frontend.script.unnamed_attributes import name_attribute
from tsir.frontend.script.values import (
    FALSE,
    NONE,
    Builtin,
    Choice,
    Condition,
    Const,
    Coroutine,
    Enumerate,
    ExceptionClass,
    ExceptionValue,
    Filter,
    GeneratorCall,
    Map,
    Object,
    ObjectDict,
    PyFunction,
    PyObject,
    Range,
    Reversed,
    Run,
    Slice,
    Spread,
    StaticDict,
    StaticList,
    StaticObject,
    StaticTuple,
    Super,
    Value,
    Zip,
)
from tsir.ops import python
from tsir.ops.python_types import UNKNOWN

_LITERAL_NAME = "write the name as a str literal, or keep the values in a dict"


def _isinstance(a: Arguments) -> Value:
    from tsir.frontend.script.conditions import condition

    a.exactly(2)
    return as_bool(a.e, condition(a.e, a.node).value)


def _range(a: Arguments) -> Value:
    a.exactly(1, 3)
    given = [as_bound(a.e, v) for v in a.values()]
    values = [Run(_to_int(a.e, v)) if is_tensor(a.e.session.type_of(v)) else plain(a.e, v) for v in given]
    start, stop = (Const(0), values[0]) if len(values) == 1 else values[:2]
    return Range(start, stop, values[2] if len(values) == 3 else Const(1))


def _to_int(e: Emitter, value: Value) -> Any:
    return e.aten_value("_python_index", [materialise(e, value)])


def _enumerate(a: Arguments) -> Value:
    a.exactly(1, 2)
    values = a.values()
    start = a.keywords().get("start", values[1] if len(values) > 1 else Const(0))
    return Enumerate(_iterated(a.e, values[0]), start)


def _iterated(e: Emitter, value: Value) -> Value:
    """What is gone through of an iterable: of an object what its `__iter__` gives."""
    return (e.session.iterator_of_object(e, value) or value) if isinstance(value, Object) else value


def _zip(a: Arguments) -> Value:
    values, strict = a.values(spread=True), a.keywords().get("strict", FALSE)
    if any(isinstance(v, Spread) for v in values):
        return _zip_of_rows(a, values)
    values = [_iterated(a.e, v) for v in values]
    if isinstance(strict, Const) and not strict.value:
        return Zip(tuple(values))
    if isinstance(strict, Const):
        return Zip(tuple(values), strict)
    a.e.unsupported("an argument 'strict' of zip() that isn't a constant", node=a.node)


def _zip_of_rows(a: Arguments, values: list[Value]) -> Value:
    """`zip(*rows)`: of tuples of mixed types the columns, which are as many as the tuples have elements; of other rows a list."""
    from tsir.frontend.script.comprehensions import collect

    e = a.e
    if len(values) != 1 or not isinstance(values[0], Spread):
        e.unsupported("zip() of a list of unknown length and more", node=a.node, hint="put all rows into one list")
    rows = materialise(e, collect(e, values[0].values))
    kind = rows.type
    if (
        not isinstance(kind, ts.ListType)
        or not isinstance(kind.element, Tuples)
        or len(set(kind.element.elements.data)) == 1
    ):
        return Run(e.py("zip_rows", [rows]))
    count = len(kind.element.elements.data)
    _refuse_empty(e, rows, count)
    return StaticTuple(tuple(Run(e.py("column", [rows, e.int_constant(i)], [UNKNOWN, i]), "tuple") for i in range(count)))


def _refuse_empty(e: Emitter, rows: SSAValue, count: int) -> None:
    from tsir.frontend.script.constructs import end_of
    from tsir.frontend.script.control import emit_branch

    message = f"not enough values to unpack (expected {count}, got 0)"
    empty = Condition(e.emit(py_op("not")([e.py("bool", [rows])], [ts.BOOL])))
    assert isinstance(e.node, ast.stmt | ast.expr)
    emit_branch(e, empty, lambda: raise_error(e, "ValueError", message), lambda: None, end_of(e.node))


def _reversed(a: Arguments) -> Value:
    a.exactly(1)
    value = a.values()[0]
    if isinstance(value, Object) and (found := a.e.session.call_optional_method(a.e, value, ("__reversed__",))) is not None:
        return found
    if isinstance(value, Run) and is_tensor(value.type):
        return torch_call(a.e, "flip", [value, StaticList((Const(0),))])
    return Reversed(value)


def _len(a: Arguments) -> Value:
    a.exactly(1)
    return length_of(a.e, a.values()[0])


def length_of(e: Emitter, value: Value) -> Value:
    if isinstance(value, ObjectDict):
        return Const(len(names_of(e, value)))
    if (found := call_own_method(e, value, "__len__", [])) is not None:
        return found
    if isinstance(value, StaticTuple | StaticList):
        return Const(len(value.elements))
    if isinstance(value, StaticDict):
        note_asked(e, value.items)
        return Const(len(value.items))
    if isinstance(value, StaticObject) and (found := static_objects.call_special(e, value, "__len__", [])) is not None:
        return found
    if isinstance(value, Const) and isinstance(value.value, str):
        return Const(len(value.value))
    if isinstance(value, Run) and isinstance(value.type, Tuples):
        return Const(len(value.type.elements.data))
    if isinstance(value, Object):
        static = e.session.object_length(value)
        if static is not None:
            return Const(static)
        found = e.session.call_optional_method(e, value, ("__len__",))
        if found is not None:
            return found
        name = value.info.python_class.__name__
        raise_if_expected(e, "TypeError", [value.type], "object of type '{0}' has no len()")
        e.error(f"an object of {name} has no len()", hint=f"define __len__ in class {name}", code="TS307")
    if isinstance(value, PyObject) and hasattr(value.value, "__len__"):
        return Const(len(value.value))
    if (by_type := use_by_type(e, value, "len", lambda known: length_of(e, known))) is not None:
        return by_type
    ssa = materialise(e, plain(e, value))
    return Run(e.aten_value("size", [ssa, 0])) if is_tensor(ssa.type) else Run(e.py("len", [ssa]))


def _print(a: Arguments) -> Value:
    values = a.values(spread=True)
    spread = "" if not any(isinstance(v, Spread) for v in values) else python.SPREAD
    if spread:
        values = spread_last(a.e, values, a.node)
    operands = [materialise(a.e, v.values if isinstance(v, Spread) else text_of(a.e, v)) for v in values]
    keywords = a.keywords()
    if set(keywords) - {"sep", "end"}:
        a.e.unsupported(f"argument '{next(iter(set(keywords) - {'sep', 'end'}))}' of print()", node=a.node)
    if keywords:
        parts = [materialise(a.e, keywords.get(n, Const(d))) for n, d in (("sep", " "), ("end", "\n"))]
        a.e.py("print_with" + spread, [*parts, *operands])
    else:
        a.e.py("print" + spread, operands)
    return NONE


def _hasattr(a: Arguments) -> Value:
    a.exactly(2)
    holder, name = a.values()
    if not isinstance(name, Const) or not isinstance(name.value, str):
        if (found := has_attribute_of_name(a.e, holder, name, a.node.args[1])) is not None:
            return found
        a.e.error("the name in hasattr() has to be a constant", value=name, hint=_LITERAL_NAME, code="TS507")
    if isinstance(holder, Object):
        name_attribute(a.e, holder, name.value)
    return _has_attribute(a.e, holder, name.value)


def _has_attribute(e: Emitter, holder: Value, name: str) -> Value:
    found = has_attribute(e, holder, name)
    if isinstance(holder, Object) and is_late(holder.info, name):
        return has_late_attribute(e, holder, name)
    kinds = [e.session.object_or_run(Block(arg_types=[kind]).args[0]) for kind in members_of(e, holder)]
    if len({has_attribute(e, known, name) for known in kinds}) > 1:
        return for_each_type(e, holder, lambda known: _has_attribute(e, known, name))
    return Const(has_attribute(e, kinds[0], name) if kinds else found)


def has_attribute(e: Emitter, holder: Value, name: str) -> bool:
    """`hasattr(holder, name)`, decided while compiling."""
    if isinstance(holder, Object):
        return e.session.has_attribute(holder, name)
    if isinstance(holder, StaticObject):
        return static_objects.has_attribute(e, holder, name)
    if isinstance(holder, PyObject):
        return hasattr(holder.value, name) or ambient.attribute(e, holder, name) is not None
    if isinstance(holder, PyFunction):
        return hasattr(holder.function, name)
    if isinstance(holder, StaticTuple):
        return hasattr(tuple, name) or (holder.named is not None and name in [f.data for f in holder.named.fields.data])
    if isinstance(holder, StaticDict | StaticList):
        return hasattr(dict if isinstance(holder, StaticDict) else list, name)
    kind = e.session.type_of(holder)
    if isinstance(kind, ts.NamedTupleType):
        return name in [f.data for f in kind.fields.data] or hasattr(tuple, name)
    if is_tensor(kind):
        return hasattr(torch.Tensor, name)
    python_class = None if kind is None else e.session.python_class(kind)
    return python_class is not None and hasattr(python_class, name)


def _getattr(a: Arguments) -> Value:
    a.exactly(2, 3)
    holder, name, *default = a.values()
    if not isinstance(name, Const) or not isinstance(name.value, str):
        found = attribute_of_name(a.e, holder, name, a.node.args[1], default[0] if default else None)
        if found is not None:
            return found
        a.e.error(
            "the name in getattr() has to be a constant",
            value=name,
            hint=_LITERAL_NAME,
            code="TS507",
        )
    if isinstance(holder, Object):
        name_attribute(a.e, holder, name.value)
    return _attribute_or(a.e, holder, name.value, default[0]) if default else get_attribute(a.e, holder, name.value)


def _attribute_or(e: Emitter, holder: Value, name: str, default: Value) -> Value:
    """`getattr(holder, name, default)`."""
    if members_of(e, holder):
        return for_each_type(e, holder, lambda known: _attribute_or(e, known, name, default))
    if not has_attribute(e, holder, name):
        return default
    if isinstance(holder, Object) and is_late(holder.info, name):
        return late_attribute_or(e, holder, name, default)
    return get_attribute(e, holder, name)


def _setattr(a: Arguments) -> Value:
    a.exactly(3)
    holder, name, value = a.values()
    if isinstance(holder, Object) and isinstance(a.e.session.type_of(name), ts.StrType) and not isinstance(name, Const):
        set_by_name(a.e, holder, name, value)
        return NONE
    if not isinstance(name, Const) or not isinstance(name.value, str):
        a.e.error(
            "the name in setattr() has to be a constant",
            value=name,
            hint=_LITERAL_NAME,
            code="TS507",
        )
    set_attribute(a.e, holder, name.value, value)
    return NONE


def _delattr(a: Arguments) -> Value:
    a.exactly(2)
    holder, name = a.values()
    if not isinstance(holder, Object) or not isinstance(a.e.session.type_of(name), ts.StrType):
        a.e.unsupported(f"delattr() of a value of type {a.e.show(holder)}")
    if isinstance(name, Const):
        delete_attribute(a.e, holder, str(name.value))
    else:
        delete_by_name(a.e, holder, name)
    return NONE


def _super(a: Arguments) -> Value:
    e = a.e
    function = e.source.function
    if len(a.node.args) == 2:
        cls = a.values()[0]
        after = cls.value if isinstance(cls, PyObject) else None
    else:
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=False))
        after = cells["__class__"].cell_contents if "__class__" in cells else None
    first = e.source.node.args.args[0].arg if e.source.node.args.args else ""
    receiver = e.variables.get(first)
    if after is None or receiver is None or not isinstance(receiver.value, Object | StaticObject | PyObject):
        e.error("super() can only be used in a method")
    return Super(receiver.value, after)


def _type(a: Arguments) -> Value:
    a.exactly(1)
    return class_of_value(a.e, a.values()[0])


# Conversions


def _slice(a: Arguments) -> Value:
    a.exactly(1, 3)
    values = a.values()
    start, stop = (NONE, values[0]) if len(values) == 1 else values[:2]
    return Slice(start, stop, values[2] if len(values) == 3 else NONE)


def _row(name: str) -> Callable[[Arguments], Value]:
    def emit(a: Arguments) -> Value:
        from tsir.frontend.script.rows import call_row

        row = python.builtin(name)
        assert row is not None
        return call_row(a.e, row, a.values(), a.keywords())

    return emit


def _vars(a: Arguments) -> Value:
    a.exactly(1)
    return object_dict(a.e, a.values()[0], "vars()")


def _issubclass(a: Arguments) -> Value:
    a.exactly(2)
    given, wanted = a.values()
    kind = a.e.session.type_of(given)
    if isinstance(given, ExceptionClass) or isinstance(kind, ts.AnyType):
        from tsir.frontend.script.exceptions import catches

        error = given.ssa if isinstance(given, ExceptionClass) else a.e.py("exception_of", [materialise(a.e, given)])
        return as_bool(a.e, catches(a.e, error, wanted, a.node))
    cls, bases = (_class_behind(a.e, v) for v in a.values())
    try:
        return Const(issubclass(cls, bases))
    except TypeError as error:
        a.e.error(str(error), code="TS507")


def _class_behind(e: Emitter, value: Value) -> Any:
    """The class or tuple of classes that a value stands for."""
    match value:
        case Builtin():
            return getattr(builtins, value.name, None)
        case PyObject():
            return value.value
        case StaticTuple():
            return tuple(_class_behind(e, v) for v in value.elements)
        case _:
            return None


def _map(a: Arguments) -> Value:
    function, *iterables = a.values()
    return changing_map(a.e, function, iterables) or Map(function, tuple(iterables))


def _filter(a: Arguments) -> Value:
    a.exactly(2)
    function, iterable = a.values()
    if (changing := changing_filter(a.e, function, iterable)) is not None:
        return changing
    return Filter(function, iterable)


def _iter(a: Arguments) -> Value:
    from tsir.frontend.script import lazy
    from tsir.frontend.script.coroutines import iterator_of
    from tsir.frontend.script.generators import generator_of
    from tsir.frontend.script.module_containers import asked_iterator

    a.exactly(1, 2)
    values = a.values()
    if len(values) == 2:
        return generator_of(a.e, lazy.called_until, *values)
    value = values[0]
    if isinstance(value, Object) and (found := asked_iterator(a.e.session, a.e, value)) is not None:
        value = found
    is_iterator = isinstance(value, GeneratorCall) or (
        isinstance(value, Object) and value.info.lookup("__next__") is not None
    )
    return value if is_iterator else iterator_of(a.e, value)


def _is_listing(node: ast.expr) -> bool:
    """Whether this is a call of a method that lists what is in a module: an iterator in Python, all of it here."""
    from tsir.frontend.script.module_containers import LISTINGS

    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LISTINGS


def _next(a: Arguments) -> Value:
    from tsir.frontend.script import lazy, prelude
    from tsir.frontend.script.calls import call
    from tsir.frontend.script.comprehensions import first_of_generator
    from tsir.frontend.script.coroutines import next_of

    a.exactly(1, 2)
    e, node = a.e, a.node
    if isinstance(node.args[0], ast.GeneratorExp):
        return first_of_generator(e, node.args[0], node.args[1] if len(node.args) == 2 else None)
    source, *default = a.values()
    if isinstance(source, Coroutine | Choice):
        return next_of(e, source, default[0] if default else None)
    if isinstance(source, GeneratorCall | Enumerate | Zip | Map | Filter | Reversed):
        return call(e, PyFunction(prelude.first_or if default else prelude.first), [source, *default], {})
    if isinstance(source, StaticTuple) and _is_listing(node.args[0]):
        return call(e, PyFunction(prelude.first_or if default else prelude.first), [source, *default], {})
    if isinstance(source, Object) and source.info.lookup("__next__") is not None:
        if default:
            return call(e, PyFunction(lazy.next_or), [source, *default], {})
        return call(e, get_attribute(e, source, "__next__"), [], {})
    e.error(f"a value of type {e.show(source)} isn't an iterator", value=source, hint="write next(iter(...))", code="TS307")


# torch.jit's own


def _assert(a: Arguments) -> Value:
    from tsir.frontend.script.statements import emit_assertion

    a.exactly(2)
    emit_assertion(a.e, a.node.args[0], a.node.args[1])
    return NONE


def _warn(a: Arguments) -> Value:
    given = dict(zip(("message", "category", "stacklevel"), a.values(), strict=False)) | a.keywords()
    category, level = given.get("category"), given.get("stacklevel", Const(1))
    if isinstance(made := given["message"], ExceptionValue):
        category, given["message"] = PyObject(made.cls, made.cls.__name__), made.arguments[0]
    cls = category.value if isinstance(category, PyObject) and isinstance(category.value, type) else UserWarning
    known = next(c.__name__ for c in cls.__mro__ if getattr(builtins, c.__name__, None) is c)
    parts = [text_of(a.e, given["message"]), Const(known), level]
    while len(parts) > 1 and isinstance(parts[-1], Const) and parts[-1].value == (None, "UserWarning", 1)[len(parts) - 1]:
        parts.pop()
    a.e.py("warn", [materialise(a.e, p) for p in parts])
    return NONE


def _constant(value: Value) -> Callable[[Arguments], Value]:
    def emit(a: Arguments) -> Value:
        return value

    return emit


def _callable(a: Arguments) -> Value:
    from tsir.frontend.script.function_values import can_be_called, is_function

    value = a.values()[0]
    return Const(is_function(value) or (isinstance(value, Object) and can_be_called(value)))


def _unsupported(what: str, hint: str) -> Callable[[Arguments], Value]:
    def emit(a: Arguments) -> Value:
        a.e.unsupported(what, node=a.node, hint=hint, code="TS502")

    return emit


def _default_dtype(a: Arguments) -> Value:
    """The default dtype when the program runs: that of a tensor that is made without saying one."""
    return get_attribute(a.e, a.e.aten("tensor", [materialise(a.e, Const(0.0))]), "dtype")


def _asked_now(function: Callable[[], Any]) -> Callable[[Arguments], Value]:
    return lambda a: Const(function())


_ASKED_NOW: dict[str, Callable[[], Any]] = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module, name in (
        (torch.distributed, "is_initialized"),
        (torch._C, "_get_privateuse1_backend_name"),
        (torch, "get_autocast_gpu_dtype"),
    )
    if hasattr(module, name)
}
"""Functions that ask about the process: they have the answer that they give while compiling."""


BUILTINS: dict[str, Callable[[Arguments], Value]] = {
    "isinstance": _isinstance, "torch.jit.isinstance": _isinstance, "range": _range, "enumerate": _enumerate, "zip": _zip,
    "reversed": _reversed, "len": _len, "print": _print, "hasattr": _hasattr, "getattr": _getattr, "setattr": _setattr,
    "delattr": _delattr,
    "super": _super, "type": _type, "callable": _callable, "iter": _iter, "next": _next, "map": _map, "filter": _filter,
    "bytes": _row("bytes"), "one_function": _row("one_function"), "slice": _slice, "issubclass": _issubclass,
    "vars": _vars,
    **CONVERSIONS, **REDUCTIONS, **JIT_BUILTINS,
    "open": _unsupported("open()", "read the file outside and pass what is in it"),
    "eval": _unsupported("eval()", "write the expression as code"), "exec": _unsupported("exec()", "write the statements as code"),
    "assert": _assert, "warn": _warn, "torch.get_default_dtype": _default_dtype, "false": _constant(FALSE),
    "fork": emit_fork, "awaitable": emit_await, "wait": emit_wait, "no wait": emit_no_wait,
    **{name: _asked_now(function) for name, function in _ASKED_NOW.items()},
}  # fmt: skip
"""What emits each of these functions."""


def _table() -> dict[Any, str]:
    table: dict[Any, str] = {getattr(builtins, name): name for name in BUILTINS if hasattr(builtins, name)}
    table |= {
        torch.jit.isinstance: "torch.jit.isinstance", torch.jit.annotate: "torch.jit.annotate", typing.cast: "typing.cast",
        uninitialized: "uninitialized", one_function: "one_function", object.__new__: "object.__new__",
        type.__call__: "type.__call__",
        torch._assert: "assert", warnings.warn: "warn",
        torch.tensor: "torch.tensor",
        torch.as_tensor: "torch.as_tensor", torch.jit.fork: "fork", torch.jit.wait: "wait",
        torch.is_tensor: "is_tensor", torch.get_default_dtype: "torch.get_default_dtype",
        inspect.unwrap(torch.manual_seed): "torch.manual_seed", torch.is_grad_enabled: "false",
        torch.are_deterministic_algorithms_enabled: "deterministic",
        torch.initial_seed: "torch.initial_seed",
    }  # fmt: skip
    table |= {function: name for name, function in _ASKED_NOW.items()}
    for module, names in (
        (torch.overrides, ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")),
        (torch._C, ("_get_tracing_state", "_is_tracing")),
        (torch.compiler, ("is_compiling", "is_dynamo_compiling", "is_exporting")),
        (jit_internal, ("is_tracing",)),
        (torch.backends.cuda, ("is_built",)), (torch.backends.mha, ("get_fastpath_enabled",)), (torch.cuda, ("is_available",)),
        (getattr(torch._C, "_functorch", None), ("is_functorch_wrapped_tensor",)),
    ):  # fmt: skip
        table |= {getattr(module, n): "false" for n in names if hasattr(module, n)}
    awaitables = {"_awaitable": "awaitable", "_awaitable_wait": "wait", "_awaitable_nowait": "no wait"}
    named = awaitables | {"_unwrap_optional": "unwrap_optional", "is_scripting": "is_scripting", "is_tracing": "false"}
    for module in (torch.jit, jit_internal):
        table |= {getattr(module, n): meaning for n, meaning in named.items() if hasattr(module, n)}
    from tsir.frontend.script import lazy

    return table | {lazy.advance: "<advance>", lazy.current: "<current>", lazy.begun: "<begin>"}


_NAMES = _table()


def _is_tensor(a: Arguments) -> Value:
    kinds = [a.e.session.type_of(v) for v in a.values()]
    return Const(is_tensor(kinds[0]))


BUILTINS["is_tensor"] = _is_tensor


def _intrinsic(name: str) -> Callable[[Arguments], Value]:
    def emit(a: Arguments) -> Value:
        from tsir.frontend.script.coroutines import INTRINSICS

        return INTRINSICS[name](a)

    return emit


INTRINSICS = ("<elements>", "<within>", "<iterate>", "<more>", "<item>", "<returned>", "<advance>", "<current>", "<begin>")
"""Functions that the trees of generators call which the compiler makes."""

BUILTINS.update((name, _intrinsic(name)) for name in INTRINSICS)


def named_builtin(value: Any) -> str | None:
    """The name in `BUILTINS` of a Python function, or None."""
    # Namespaces of torch.ops have any attribute that they are asked for: only functions are looked into.
    if isinstance(value, types.FunctionType) and value.__globals__.get("__name__", "").startswith("torch."):
        value = getattr(value, "__wrapped__", value)  # importing torch._dynamo wraps functions of torch
    try:
        return _NAMES.get(value)
    except TypeError:
        return None
