"""What torch.jit adds to Python's built-ins: `annotate`, `unchecked_cast`, `is_scripting` and others."""

from __future__ import annotations

from collections.abc import Callable

import torch

from tsir.dialects.ts import types as ts
from tsir.frontend.script.call_arguments import Arguments
from tsir.frontend.script.convert import (
    coerce,
    materialise,
)
from tsir.frontend.script.convert import uninitialized as uninitialized_value
from tsir.frontend.script.names import annotation_scope
from tsir.frontend.script.numbers import number_in
from tsir.frontend.script.numpy_calls import dtype_of_data
from tsir.frontend.script.numpy_scalars import plain
from tsir.frontend.script.operator_calls import is_tensor, torch_call
from tsir.frontend.script.outside import outside_array
from tsir.frontend.script.raising import raise_error
from tsir.frontend.script.static_objects import is_static_class, new_object
from tsir.frontend.script.values import (
    NONE,
    Const,
    PyObject,
    Run,
    Value,
)
from tsir.passes.constants import constant_of
from tsir.passes.facts import strip_casts


def _annotate(a: Arguments) -> Value:
    a.exactly(2)
    found = a.e.session.annotations.of_node(a.node.args[0], annotation_scope(a.e), a.e.place)
    value = a.e.expression(a.node.args[1], found.type)
    if found.type is None:
        return value
    value = number_in(a.e, value, found.type)
    return a.e.session.object_or_run(coerce(a.e, value, found.type, "torch.jit.annotate()"))


def _typing_cast(a: Arguments) -> Value:
    a.exactly(2)
    found = a.e.session.annotations.of_node(a.node.args[0], annotation_scope(a.e), a.e.place)
    value = a.e.expression(a.node.args[1], found.type)
    kind = a.e.session.type_of(value)
    if found.type is None or kind is None or kind == found.type:
        return value
    return a.e.session.object_or_run(a.e.cast(materialise(a.e, value), found.type))


def _uninitialized(a: Arguments) -> Value:
    a.exactly(1)
    found = a.e.session.annotations.of_node(a.node.args[0], annotation_scope(a.e), a.e.place, generic=True)
    if found.type is None:
        a.e.error("uninitialized() takes a concrete type")
    return a.e.session.object_or_run(uninitialized_value(a.e, found.type))


def _new_object(a: Arguments) -> Value:
    """`C.__new__(C)`: an object without attributes."""
    a.exactly(1)
    value = a.values()[0]
    if not isinstance(value, PyObject) or not isinstance(value.value, type):
        a.e.error("__new__() takes a class")
    if is_static_class(a.e.session, value.value):
        return new_object(a.e, value.value)
    return a.e.session.new_object(a.e, value.value)


def _made_plainly(a: Arguments) -> Value:
    """`type.__call__(cls, ...)`: what `cls(...)` does but for a metaclass."""
    cls, *args = a.values()
    if not isinstance(cls, PyObject) or not isinstance(cls.value, type):
        a.e.error("type.__call__() takes a class")
    return a.e.session.construct_plainly(a.e, cls.value, args, a.keywords())


def _unwrap_optional(a: Arguments) -> Value:
    from tsir.frontend.script.conditions import none_test
    from tsir.frontend.script.constructs import end_of
    from tsir.frontend.script.control import emit_branch

    a.exactly(1)
    e = a.e
    value = a.values()[0]
    kind = e.session.type_of(value)
    test = none_test(e, value, None, negate=False)
    if test.value is True:
        e.error("the value is None here", code="TS306")
    if not isinstance(test.value, bool):
        emit_branch(
            e, test, lambda: raise_error(e, "AssertionError", "Unwrapping null optional"), lambda: None, end_of(a.node)
        )
    if isinstance(kind, ts.OptionalType):
        return e.session.object_or_run(e.cast(materialise(e, value), kind.element))
    return value


def _is_scripting(a: Arguments) -> Value:
    # There it stands before errors that say what torch.jit can't do.
    return Const(a.e.source.function.__module__ != "torch.nn.utils.parametrize")


def _nothing(a: Arguments) -> Value:
    a.values()
    return NONE


def _as_tensor(a: Arguments) -> Value:
    """`torch.as_tensor(data)`: a tensor of the right dtype is given back as it is."""
    values, keywords = a.values(), a.keywords()
    data = keywords.get("data", values[0] if values else None)
    data = None if data is None else outside_array(a.e, data)
    if data is None or not is_tensor(a.e.session.type_of(data)):
        return _tensor(a)
    dtype = keywords.get("dtype", values[1] if len(values) > 1 else NONE)
    return data if isinstance(dtype, Const) and dtype.value is None else torch_call(a.e, "to", [data, dtype])


def _tensor(a: Arguments) -> Value:
    """`torch.tensor(data)`."""
    e = a.e
    values, keywords = a.values(), a.keywords()
    data = keywords.pop("data", values[0] if values else None)
    if data is None:
        e.error("torch.tensor() needs data", code="TS401")
    data = outside_array(e, data)
    keywords.pop("requires_grad", None)
    keywords.pop("pin_memory", None)
    if len(values) > 1:
        keywords["dtype"] = values[1]
    if is_tensor(e.session.type_of(data)):
        return torch_call(e, "to", [torch_call(e, "clone", [data]), *([keywords["dtype"]] if "dtype" in keywords else [])])
    given = keywords.get("dtype", NONE)
    none = (
        constant_of(strip_casts(given.ssa)) is None
        if isinstance(given, Run)
        else isinstance(given, Const) and given.value is None
    )
    if none and (dtype := dtype_of_data(e, data)) is not None:
        keywords["dtype"] = dtype
    return torch_call(e, "tensor", [plain(data)], keywords)


def _manual_seed(a: Arguments) -> Value:
    a.exactly(1)
    return torch_call(a.e, "manual_seed", a.values())


def _initial_seed(a: Arguments) -> Value:
    a.exactly(0)
    return torch_call(a.e, "initial_seed", [])


def _deterministic(a: Arguments) -> Value:
    """A setting of torch's as it is when the program is compiled: tsir's operators have one algorithm each."""
    a.exactly(0)
    return Const(torch.are_deterministic_algorithms_enabled())


JIT_BUILTINS: dict[str, Callable[[Arguments], Value]] = {
    "torch.jit.annotate": _annotate, "typing.cast": _typing_cast, "uninitialized": _uninitialized, "object.__new__": _new_object,
    "type.__call__": _made_plainly,
    "unwrap_optional": _unwrap_optional, "is_scripting": _is_scripting, "nothing": _nothing, "torch.tensor": _tensor,
    "torch.as_tensor": _as_tensor, "torch.manual_seed": _manual_seed, "torch.initial_seed": _initial_seed,
    "deterministic": _deterministic,
}  # fmt: skip
"""What emits each of these functions."""
