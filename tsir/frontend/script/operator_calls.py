"""Calls of torch's operators: values as arguments, the overload that takes them, what their results are in Python.

Where no overload takes a value for its type at compile time, the program looks when it runs: see `narrowing.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute, SSAValue

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.ts import types as ts
from tsir.errors import UnsupportedError
from tsir.frontend.constants import is_constant, type_of_constant
from tsir.frontend.overloads import find_overload
from tsir.frontend.refused_calls import OverloadError
from tsir.frontend.script import narrowing
from tsir.frontend.script.builtin_bases import has_builtin_base, is_based_on
from tsir.frontend.script.builtin_bases import plain as as_builtin
from tsir.frontend.script.convert import coerce, materialise, retype
from tsir.frontend.script.declared_dtypes import note_used
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.expected import looks_for_none
from tsir.frontend.script.missing_operators import raise_if_conditional
from tsir.frontend.script.narrowing import by_run_time_type
from tsir.frontend.script.python_errors import not_none, raise_in_program
from tsir.frontend.script.type_relations import members
from tsir.frontend.script.values import (
    Const,
    Object,
    PyObject,
    Run,
    StaticList,
    StaticTuple,
    Value,
)
from tsir.frontend.torch_names import Call, emit_call, rewrite

_PYTHON_DTYPES: dict[type, DType] = {
    int: dtypes.int64, float: dtypes.float64, bool: dtypes.bool_, complex: dtypes.complex128,
}  # fmt: skip


def is_operator_on_self(e: Emitter, name: str) -> bool:
    """Whether `x.name()` is a call of an operator, though Python's Tensor has no such method: torch.jit takes `x.zeros_like()`."""
    if e.dynamic or name.startswith("_"):
        return False
    return any(s.arguments and s.arguments[0].name == "self" for s in e.session.schemas.overloads(name))


def is_tensor(kind: Attribute | None) -> bool:
    """Whether a static type is a tensor's."""
    return isinstance(kind, ts.TensorType | BuiltinTensorType)


def argument(e: Emitter, value: Value) -> Any:
    """A value as an argument for an ATen operator: an SSA value, a constant, or a list of these."""
    match value:
        case Const():
            return value.value
        case StaticTuple() | StaticList():
            return [argument(e, v) for v in value.elements]
        case PyObject() if value.value is Ellipsis:
            return Ellipsis
        case PyObject() if isinstance(value.value, type) and value.value in _PYTHON_DTYPES:
            return _PYTHON_DTYPES[value.value]
        case Run() if isinstance(value.type, ts.TupleOfType):
            return e.py("list", [value.ssa])
        case Object() if value.info.own_function("__index__") is not None:
            return argument(e, as_index(e, value))
        case Object() if has_builtin_base(value):
            return argument(e, as_builtin(e, value))
        case _:
            return materialise(e, value)


def as_index(e: Emitter, value: Value) -> Value:
    """An object that stands for an int by its `__index__` as that int; other values as they are."""
    if not isinstance(value, Object) or value.info.own_function("__index__") is None:
        return as_builtin(e, value) if is_based_on(value, int) else value
    found = e.session.call_optional_method(e, value, ("__index__",))
    assert found is not None
    return found


def as_bound(e: Emitter, value: Value) -> Value:
    """A bound of a slice or range, as `as_index`; also what may be a tensor or an int."""
    kinds = members(value.type) if isinstance(value, Run) else ()
    if len(kinds) > 1 and all(k in (ts.INT, ts.BOOL) or is_tensor(k) for k in kinds):
        return Run(coerce(e, value, ts.INT, "a bound"))
    return as_index(e, value)


_WRITE_NOTHING_READ = ("kthvalue",)
"""The operators with several results that refuse what they read as `out=`; others write over it."""

_OVERLAP = (
    "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory location. "
    "Please clone() the tensor before performing the operation."
)


def _is_same(a: Value, b: Value) -> bool:
    return isinstance(a, Run) and isinstance(b, Run) and a.ssa is b.ssa


def torch_call(e: Emitter, name: str, args: Sequence[Value], kwargs: Mapping[str, Value] | None = None) -> Value:
    """A call of torch's function or tensor method `name`."""
    out = (kwargs or {}).get("out")
    if isinstance(out, StaticTuple | StaticList) and len(out.elements) > 1:
        if name in _WRITE_NOTHING_READ and any(v is o or _is_same(v, o) for v in args for o in out.elements):
            raise_in_program(e, "RuntimeError", _OVERLAP)
        found = torch_call(e, name, args, {k: v for k, v in (kwargs or {}).items() if k != "out"})
        assert isinstance(found, StaticTuple)
        pairs = zip(found.elements, out.elements, strict=True)
        return StaticTuple(tuple(torch_call(e, "clone", [v], {"out": o}) for v, o in pairs), found.named)
    operands = [argument(e, a) for a in args]
    keywords = {k: argument(e, v) for k, v in (kwargs or {}).items()}
    return _operator_call(e, name, operands, keywords, args, kwargs or {})


def _operator_call(
    e: Emitter, name: str, operands: list[Any], keywords: dict[str, Any], args: Sequence[Value], kwargs: Mapping[str, Value]
) -> Value:
    """A call with these operands. `args` and `kwargs` are the values that they come from, for messages."""
    if e.session.autocast.enabled:
        from tsir.frontend.script.autocasting import emit_cast

        emit = lambda given, named: _operator_call(e, name, given, named, args, kwargs)  # noqa: E731
        if (made := emit_cast(e, rewrite(name, operands, keywords), operands, keywords, emit)) is not None:
            return made
    with e.at(e.node):
        while True:
            call = rewrite(name, operands, keywords)
            try:
                result = emit_call(e.builder, e.session.schemas, call, e.location)
                break
            except UnsupportedError as error:
                raise_if_conditional(e, error)
                raise
            except OverloadError as error:
                if _empty_lists_of_ints(e, name, operands, keywords):
                    continue
                _note_dtypes(e, name, operands, keywords)
                if looks_for_none(e) and _unwrap_operand(e, name, error, operands, keywords):
                    continue
                if name in _TAKING_NUMBERS and operands and (made := _number_as_tensor(e, operands[0])) is not None:
                    operands[0] = made
                    continue
                found = by_run_time_type(
                    e,
                    narrowing.Call(name, (operands, keywords), lambda given: _resolved(rewrite(name, *given))),
                    lambda given: _operator_call(e, name, *given, args, kwargs),
                )
                if found is not None:
                    return found
                _place(e, error, call, args, kwargs, operands)
                raise
    if e.session.autocast.entered:
        from tsir.frontend.script.autocasting import mark_decided

        mark_decided(e, call.name, result)
    if isinstance(result, SSAValue):
        return Run(result, tuple_result(call.name, result))
    return e.session.operator_results(call.name, result)


def _empty_lists_of_ints(e: Emitter, name: str, operands: list[Any], keywords: dict[str, Any]) -> bool:
    """Makes empty lists of which nothing is known lists of ints, as sizes and dimensions are, where an overload takes these."""
    empty = [
        o
        for o in (*operands, *keywords.values())
        if isinstance(o, SSAValue) and o in e.session.assumed and o.type == ts.ListType(ts.TensorType())
    ]
    if not empty:
        return False
    call = rewrite(
        name, [[] if o in empty else o for o in operands], {k: [] if o in empty else o for k, o in keywords.items()}
    )
    if find_overload(e.session.schemas, call.name, call.args, call.kwargs) is None:
        return False
    retyped = [retype(e, o, ts.ListType(ts.INT)) for o in empty]
    return all(retyped)


def _note_dtypes(e: Emitter, name: str, operands: list[Any], keywords: dict[str, Any]) -> None:
    """Decides that a parameter declared as an int is a dtype, where an overload then takes the arguments. Raises Redecided."""

    def takes(values: list[Any]) -> bool:
        given = dict(zip(keywords, values[len(operands) :], strict=True))
        call = rewrite(name, values[: len(operands)], given)
        return find_overload(e.session.schemas, call.name, call.args, call.kwargs) is not None

    note_used(e, [*operands, *keywords.values()], takes)


def _resolved(call: Call) -> tuple[str, Sequence[Any], Mapping[str, Any]]:
    return call.name, call.args, call.kwargs


_TAKING_NUMBERS = frozenset(
    ("add", "sub", "subtract", "mul", "multiply", "div", "divide", "true_divide", "floor_divide"),
)  # fmt: skip
"""Functions of torch that take a number in place of their first tensor, also where the other operand is one."""


def _number_as_tensor(e: Emitter, operand: Any) -> SSAValue | None:
    """The tensor that torch makes of a number; None for anything else."""
    kind = operand.type if isinstance(operand, SSAValue) else type_of_constant(operand) if is_constant(operand) else None
    if kind not in _DTYPES_OF_NUMBERS:
        return None
    return e.aten_value("scalar_tensor", [operand], {"dtype": _DTYPES_OF_NUMBERS[kind]})


_DTYPES_OF_NUMBERS: dict[Attribute, DType | None] = {ts.INT: dtypes.int64, ts.BOOL: dtypes.bool_, ts.FLOAT: None}


def _unwrap_operand(e: Emitter, name: str, error: OverloadError, operands: list[Any], keywords: dict[str, Any]) -> bool:
    """Makes the operand that no overload takes, since it may be None, one that isn't: torch raises TypeError where it is."""
    message = f"{name}(): argument {error.argument!r} must not be None"
    for given in (*operands, *keywords.values()):
        for i, element in enumerate(given if isinstance(given, list) else ()):
            if isinstance(element, SSAValue) and isinstance(element.type, ts.OptionalType):
                given[i] = not_none(e, element, "TypeError", message)
                return True
    holder: Any = keywords if isinstance(error.argument, str) and error.argument in keywords else operands
    keys = [error.argument, *(i for i, o in enumerate(operands) if isinstance(o, SSAValue))]
    for key in keys:
        known = key in holder if holder is keywords else isinstance(key, int) and key < len(operands)
        value = holder[key] if known else None
        if isinstance(value, SSAValue) and isinstance(value.type, ts.OptionalType):
            holder[key] = not_none(e, value, "TypeError", f"{name}(): argument {key!r} must not be None")
            return True
    return False


def _place(
    e: Emitter, error: OverloadError, call: Call, args: Sequence[Value], kwargs: Mapping[str, Value], operands: list[Any]
) -> None:
    """Puts an error about one argument at that argument's place, and gives the operator the name that the program has for it."""
    found: Value | None = None
    if isinstance(error.argument, str):
        found = kwargs.get(error.argument)
    elif error.argument is not None and error.argument < len(call.args) and len(call.args) == len(operands):
        found = args[error.argument]
    node = e.argument_node(found)
    if node is not None:
        error.location = e.source.location(node)
        e.complete(error, node)


def tuple_result(name: str, result: SSAValue) -> str | None:
    """What Python has for an operator's result that is a list in ATen: a torch.Size, or a tuple of tensors."""
    if not isinstance(result.type, ts.ListType):
        return None
    if name.partition(".")[0] == "size":
        return "size"
    return "tuple" if is_tensor(result.type.element) or name.partition(".")[0] == "stride" else None
