"""`copy.copy` and `copy.deepcopy`."""

from __future__ import annotations

from tsir.frontend.script.call_arguments import Arguments
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.function_values import is_function, is_function_object
from tsir.frontend.script.operators import is_tensor, torch_call
from tsir.frontend.script.values import Const, EnumValue, Object, PyObject, Run, StaticDict, Value


def emit_copy(a: Arguments) -> Value:
    """`copy.copy(value)`: another object that has the same things in it."""
    a.exactly(1)
    value = a.values()[0]
    if is_tensor(a.e.session.type_of(value)):
        return torch_call(a.e, "view_as", [value, value])
    return _copied(a.e, value, "__copy__", "shallow_copy", [])


def emit_deep_copy(a: Arguments) -> Value:
    """`copy.deepcopy(value)`: another object with copies of all that is in it, in which what was shared is shared."""
    a.exactly(1)
    value = a.values()[0]
    if is_tensor(a.e.session.type_of(value)):
        return torch_call(a.e, "clone", [value])
    return _copied(a.e, value, "__deepcopy__", "deep_copy", [StaticDict({})])


def _copied(e: Emitter, value: Value, method: str, row: str, extra: list[Value]) -> Value:
    if isinstance(value, Const | EnumValue | PyObject) or is_function(value) or is_function_object(value):
        return value
    if isinstance(value, Object):
        if value.info.kind == "module":
            e.unsupported("a copy of a module", hint="copy the module outside, and keep the copy as another submodule")
        if (made := e.session.call_optional_method(e, value, (method,), extra)) is not None:
            return made
    made = e.py(row, [materialise(e, value)])
    return Run(made, value.tuple_like) if isinstance(value, Run) else e.session.object_or_run(made)


__all__ = ["emit_copy", "emit_deep_copy"]
