"""Methods of built-in types: `receiver.name(...)` for lists, dicts, texts, tuples, tensors."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from xdsl.ir import SSAValue

from tsir.dialects.ts import types as ts
from tsir.errors import did_you_mean
from tsir.frontend.script import object_dicts
from tsir.frontend.script.any_methods import call_method_of_any
from tsir.frontend.script.builtin_bases import call_unbound, delegated, has_builtin_base
from tsir.frontend.script.concurrency import chain, notify
from tsir.frontend.script.convert import coerce, held, is_taken_for_empty, materialise, retype, tuple_elements
from tsir.frontend.script.coroutines import call_generator_method, start
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.evaluation import NotConstant, as_python, evaluate
from tsir.frontend.script.expected import raise_if_expected
from tsir.frontend.script.function_identity import compares_functions
from tsir.frontend.script.keyed_types import item_if_present
from tsir.frontend.script.keys import as_key, refuse_objects_of_set
from tsir.frontend.script.listed import VIEWS
from tsir.frontend.script.numpy_calls import call_method as call_method_of_number
from tsir.frontend.script.open_types import unify
from tsir.frontend.script.operator_calls import argument, is_operator_on_self, is_tensor, torch_call, tuple_result
from tsir.frontend.script.prelude import SPECIAL_METHODS
from tsir.frontend.script.reductions import sorted_items
from tsir.frontend.script.rows import call_row, ordered_keywords
from tsir.frontend.script.standard_containers import adopt_item, counted, elements_of_deque
from tsir.frontend.script.static_objects import call_built_in
from tsir.frontend.script.static_state import MUTATING, dict_method, list_method, new_dict
from tsir.frontend.script.templates import in_format
from tsir.frontend.script.values import (
    NONE,
    Builtin,
    Const,
    Coroutine,
    GeneratorCall,
    Object,
    ObjectDict,
    PyFunction,
    Range,
    Run,
    Slice,
    Spread,
    StaticDict,
    StaticList,
    StaticObject,
    StaticTuple,
    Value,
)
from tsir.frontend.torch_names import GENERATOR_METHODS, PYTHON_METHODS, apply_rewrite, emit_call
from tsir.ops import python

_FORMATTED = (ts.INT, ts.FLOAT, ts.BOOL, ts.COMPLEX, ts.StrType(), ts.NONE)
"""The types of values that a template of run time formats as Python does, whatever it asks for."""


def call_method(e: Emitter, receiver: Value, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`receiver.name(...)` for tensors, strings, lists, dicts, tuples."""
    from tsir.frontend.script.calls import call
    from tsir.frontend.script.container_comparisons import call_by_equality

    if isinstance(receiver, Builtin):
        if (
            name == "__new__"
            and (made := call_unbound(e, getattr(builtins, receiver.name).__new__, args, kwargs)) is not None
        ):
            return made
        if receiver.name == "type" and name == "__call__":
            return call(e, Builtin("type.__call__"), args, kwargs)
        row = python.lookup(f"{receiver.name}_{name}")
        if e.dynamic and (receiver.name, name) == ("dict", "fromkeys") and (made := _dict_of_keys(e, args)) is not None:
            return made
        if row is not None and row.name in STATIC_METHODS:
            return call_row(e, row, args, kwargs)
        if row is not None and any(isinstance(a, Spread) for a in args):
            return call_row(e, row, args, kwargs)
        if row is None and name in SPECIAL_METHODS:
            return call(e, PyFunction(SPECIAL_METHODS[name]), args, kwargs)
        if not args:
            e.error(f"{receiver.name}.{name}() needs the value that it is a method of", code="TS401")
        return call_method(e, args[0], name, args[1:], kwargs)
    if isinstance(receiver, Object) and has_builtin_base(receiver):
        return call(e, delegated(e, receiver, name), args, kwargs)
    if isinstance(receiver, ObjectDict):
        return object_dicts.call_method(e, receiver, name, args, kwargs)
    if isinstance(receiver, Slice) and name == "indices" and len(args) == 1:
        parts = [materialise(e, v) for v in (receiver.start, receiver.stop, receiver.step, *args)]
        return Run(e.py("slice_indices", parts))
    if isinstance(receiver, StaticDict):
        known = receiver.ref is not None or (name not in MUTATING and not any(isinstance(a, Run) for a in args[:1]))
        found = dict_method(e, receiver, name, args, kwargs) if known else None
        return found if found is not None else call_method(e, Run(materialise(e, receiver)), name, args, kwargs)
    if isinstance(receiver, StaticList) and receiver.ref is not None:
        found = list_method(e, receiver, name, args)
        if found is not None:
            return found
    if isinstance(receiver, GeneratorCall | Coroutine):
        return call_generator_method(e, start(e, receiver), name, args)
    if isinstance(receiver, StaticObject):
        return call_built_in(e, receiver, name, args, kwargs)
    if isinstance(receiver, StaticTuple) and receiver.named is not None and name in ("_replace", "_asdict"):
        return _named_tuple_method(e, receiver, name, kwargs)
    if isinstance(receiver, Const) and isinstance(receiver.value, str) and e.dynamic:
        found = evaluate(e, getattr(receiver.value, name), args, kwargs, name) if hasattr(str, name) else None
        if found is not None:
            return found
    if (
        isinstance(receiver, Run | Const)
        and (of_number := call_method_of_number(e, receiver, name, args, kwargs)) is not None
    ):
        return of_number
    ssa = materialise(e, receiver)
    kind = ssa.type
    if isinstance(kind, ts.FutureType) and name in ("then", "add_done_callback") and len(args) == 1:
        return chain(e, Run(ssa), args[0]) if name == "then" else notify(e, Run(ssa), args[0])
    if is_tensor(kind):
        by_operator = _special_method(e, Run(ssa), name, args, kwargs) if name in _BY_INDEX else None
        return by_operator or tensor_method(e, Run(ssa), name, args, kwargs)
    if isinstance(kind, ts.GeneratorType) and name in GENERATOR_METHODS:
        return torch_call(e, name, [Run(ssa), *args], kwargs)
    if isinstance(kind, ts.NamedTupleType) and name in ("_replace", "_asdict"):
        return _named_tuple_method(e, StaticTuple(tuple(tuple_elements(e, Run(ssa)) or ()), kind), name, kwargs)
    row = python.method(kind, name)
    if row is None and (by_operator := _special_method(e, Run(ssa), name, args, kwargs)) is not None:
        return by_operator
    if isinstance(kind, ts.AnyType) and (by_type := call_method_of_any(e, ssa, name, args, kwargs)) is not None:
        return by_type
    if row is None:
        raise_if_expected(e, "AttributeError", [kind], f"'{{0}}' object has no attribute '{name}'")
        hint = did_you_mean(name, python.names_of(kind))
        e.error(f"a value of type {e.show(receiver)} has no method '{name}'", hint=hint, code="TS203")
    if row.name in STATIC_METHODS:
        return call_row(e, row, args, kwargs)
    if row.name in ("counter_update", "counter_subtract"):
        return call_row(e, row, [Run(ssa), *counted(e, ssa, args, kwargs)])
    if row.name == "dict_update":
        return _update(e, ssa, args, kwargs)
    if row.name == "str_format" and kwargs and not args and not isinstance(receiver, Const):
        kinds = [e.session.type_of(v) for v in kwargs.values()]
        if all(k in _FORMATTED for k in kinds):
            items = e.session.dict_of(e, [(Const(k), v) for k, v in kwargs.items()], None)
            return call_method(e, receiver, "format_map", [items], {})
    if row.name == "str_format":
        template, args = in_format(e, receiver, args, kwargs)
        ssa, kwargs = materialise(e, template), {}
    if row.name == "list_sort":
        return _sort(e, ssa, args, kwargs)
    if row.name == "list_extend" and len(args) == 1 and is_taken_for_empty(e, args[0]):
        return NONE  # by an empty list, whose element type isn't known
    values = [Run(ssa), *_element_arguments(e, ssa, name, args)]
    ordered = ordered_keywords(e, row, values, kwargs)
    if (found := call_by_equality(e, row.name, values + ordered)) is not None:
        return found
    if row.name in VIEWS:
        return Run(materialise(e, call_row(e, row, values)), VIEWS[row.name])
    result = call_row(e, row, values + ordered)
    return item_if_present(e, ssa, args[0], result) if row.name == "dict_get" and len(args) == 1 and not kwargs else result


_BY_INDEX = ("__getitem__", "__len__", "__contains__")
"""Special methods of tensors that are no operators of ATen's."""


def _special_method(
    e: Emitter, receiver: Value, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]
) -> Value | None:
    """`value.__add__(other)` and the like: the operator. None for other methods."""
    if kwargs:
        return None
    if name == "__len__" and not args:
        from tsir.frontend.script.builtin_calls import call_builtin

        return call_builtin(e, Builtin("len"), [receiver], {})
    replaced = SPECIAL_METHODS.get(name)
    if replaced is None or replaced.__code__.co_argcount != 1 + len(args):
        return None
    return e.session.call_function(e, PyFunction(replaced), [receiver, *args], {})


def _sort(e: Emitter, items: SSAValue, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`list.sort`. In torch.jit `reverse` may be given by position, which Python doesn't take."""
    keywords = dict(kwargs)
    if args and (len(args) > 1 or keywords or e.session.type_of(args[0]) != ts.BOOL):
        e.error("list.sort() takes no positional arguments", code="TS401", hint="reverse=... and key=... are keywords")
    if args:
        keywords["reverse"] = args[0]
    none = materialise(e, Const(None))
    e.py("setslice", [items, none, none, none, materialise(e, sorted_items(e, Run(items), keywords))])
    return Const(None)


_MOST_KEYS = 256
"""So many keys a dict that only exists while compiling is made with at most."""


def _dict_of_keys(e: Emitter, args: Sequence[Value]) -> Value | None:
    """`dict.fromkeys(keys, value)` for keys that are known while compiling; None for others."""
    if not 1 <= len(args) <= 2:
        return None
    keys, value = args[0], args[1] if len(args) > 1 else NONE
    if isinstance(keys, Range):
        bounds = [b.value for b in (keys.start, keys.stop, keys.step) if isinstance(b, Const) and isinstance(b.value, int)]
        known: Any = range(*bounds) if len(bounds) == 3 and bounds[2] != 0 else None
    else:
        try:
            known = as_python(keys)
        except NotConstant:
            return None
    if not isinstance(known, range | list | tuple | dict | str) or len(known) > _MOST_KEYS:
        return None
    return new_dict(e, dict.fromkeys(known, value)) if all(isinstance(k, str | int) for k in known) else None


STATIC_METHODS = frozenset({
    "dict_fromkeys", "str_maketrans", "bytes_maketrans", "bytes_fromhex", "int_from_bytes", "float_fromhex",
})  # fmt: skip
"""The rows of static and class methods, whose first operand is their first argument."""


def _update(e: Emitter, target: SSAValue, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """`target.update(other, **named)`: another dict or pairs, then the keyword arguments."""
    if len(args) > 1:
        e.error(f"dict.update() takes at most 1 positional argument, got {len(args)}", code="TS401")
    others = list(args)
    if kwargs:
        wanted = None if target in e.session.assumed else target.type
        others.append(e.session.dict_of(e, [(Const(k), v) for k, v in kwargs.items()], wanted))
    for other in others:
        if not isinstance(e.session.type_of(other), ts.DictType):
            from tsir.frontend.script.builtin_calls import call_builtin

            other = call_builtin(e, Builtin("dict"), [other], {})
        given = materialise(e, other)
        retype(e, target, given.type)
        e.py("dict_update", [target, coerce(e, Run(given), target.type, "dict.update()")])
    return Const(None)


def _element_arguments(e: Emitter, target: SSAValue, name: str, args: Sequence[Value]) -> list[Value]:
    """Arguments that have to be of a container's element type, converted to it."""
    kind = target.type
    is_container = isinstance(kind, ts.ListType | ts.DictType | ts.SetType | ts.FrozenSetType)
    if isinstance(kind, ts.DequeType):
        return elements_of_deque(e, target, name, args)
    keyed = isinstance(kind, ts.SetType | ts.FrozenSetType) or (
        isinstance(kind, ts.DictType) and name in ("get", "pop", "setdefault", "__contains__")
    )
    values = [held(e, v) for v in args] if is_container else list(args)
    if name not in ("add", "remove", "discard", "clear", "copy", "pop"):
        refuse_objects_of_set(e, kind, f"{name}()")
    if keyed and values:
        values[0] = as_key(e, values[0], target)
    if isinstance(kind, ts.SetType) and name == "add" and (given := e.session.type_of(values[0])) is not None:
        retype(e, target, ts.SetType(given))
    if isinstance(kind, ts.ListType):
        position = {"append": 0, "insert": 1, "remove": 0, "index": 0, "count": 0}.get(name)
        if name in ("remove", "index", "count"):
            compares_functions(e, values[0])
        if position is not None and position < len(values):
            given = e.session.type_of(values[position])
            if given is not None and name in ("append", "insert"):
                retype(e, target, ts.ListType(given))
            assert isinstance(target.type, ts.ListType)
            values[position] = e.session.object_or_run(
                coerce(e, values[position], target.type.element, f"list.{name}() on {e.show(Run(target))}")
            )
        if name == "extend" and values:
            given = e.session.type_of(values[0])
            if isinstance(given, ts.ListType):
                retype(e, target, given)
            if isinstance(values[0], StaticTuple | StaticList) or isinstance(given, ts.ListType | ts.TupleType):
                values[0] = Run(coerce(e, values[0], target.type, "list.extend()"))
    if isinstance(kind, ts.DictType) and name in ("get", "pop", "setdefault") and values:
        adopt_item(e, target, values, puts_in=name == "setdefault")
        assert isinstance(target.type, ts.DictType)
        kind = target.type
        values[0] = Run(coerce(e, values[0], kind.key, f"dict.{name}()"))
        if name in ("get", "pop") and len(values) > 1 and isinstance(values[1], Run):
            unify(kind.value, values[1].type)
            retype(e, values[1].ssa, kind.value)
        if name == "setdefault" and len(values) > 1:
            values[1] = e.session.object_or_run(coerce(e, values[1], kind.value, "dict.setdefault()"))
    return values


def _named_tuple_method(e: Emitter, receiver: StaticTuple, name: str, kwargs: Mapping[str, Value]) -> Value:
    assert receiver.named is not None
    fields = [f.data for f in receiver.named.fields.data]
    if name == "_asdict":
        return StaticDict(dict(zip(fields, receiver.elements, strict=True)))
    if set(kwargs) - set(fields):
        wrong = next(iter(set(kwargs) - set(fields)))
        hint = did_you_mean(wrong, fields) or f"its fields are {', '.join(fields)}"
        e.error(f"there is no field '{wrong}'", value=kwargs[wrong], hint=hint, code="TS402")
    kinds = receiver.named.elements.data
    parts = [
        e.session.object_or_run(coerce(e, kwargs[f], k, f"field '{f}'")) if f in kwargs else v
        for f, v, k in zip(fields, receiver.elements, kinds, strict=True)
    ]
    return StaticTuple(tuple(parts), receiver.named)


_AS_FUNCTIONS = frozenset(("unique", "unique_consecutive", "stft", "istft"))
"""Tensor methods that torch writes in Python as calls of its functions of the same names."""


def tensor_method(e: Emitter, receiver: Run, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    if name == "tolist":
        wanted = e.want if isinstance(e.want, ts.ListType) or e.want in (ts.INT, ts.FLOAT, ts.BOOL, ts.COMPLEX) else None
        result = e.aten_value("tolist", [receiver.ssa])
        return Run(e.cast(result, ts.AnyType() if wanted is None else wanted))
    if name in PYTHON_METHODS:
        operands = [argument(e, v) for v in (receiver, *args)]
        keywords = {k: argument(e, v) for k, v in kwargs.items()}
        made = apply_rewrite(PYTHON_METHODS[name], name, operands, keywords)
        result = emit_call(e.builder, e.session.schemas, made, e.location)
        if isinstance(result, SSAValue):
            return Run(result, tuple_result(made.name, result))
        return e.session.operator_results(made.name, result)
    if name in _AS_FUNCTIONS:
        from tsir.frontend.script.calls import call

        return call(e, e.session.from_python(getattr(torch, name), f"torch.{name}"), [receiver, *args], kwargs)
    if not hasattr(torch.Tensor, name) and not is_operator_on_self(e, name):
        e.error(f"Tensor has no attribute or method '{name}'", hint=did_you_mean(name, dir(torch.Tensor)), code="TS203")
    return torch_call(e, name, [receiver, *args], kwargs)
