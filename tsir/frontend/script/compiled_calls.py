"""Calls of compiled functions that have no Python source, because they were traced or loaded: their IR becomes the caller's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from xdsl.dialects import func
from xdsl.dialects.builtin import StringAttr

from tsir.dialects.program import EntryPoint, Program
from tsir.dialects.ts import types as ts
from tsir.frontend.imported import renamed_attribute, symbol_of
from tsir.frontend.script.argument_binding import bind_arguments
from tsir.frontend.script.convert import coerce
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.inlining import Given
from tsir.frontend.script.outside import outside_array, outside_module
from tsir.frontend.script.signatures import NO_DEFAULT, ParameterInfo, Signature
from tsir.frontend.script.values import ImportedMethod, Object, PyObject, Value
from tsir.ops.autocast import DECIDED


def imported_method(holder: Object, name: str) -> Value | None:
    """A method of a compiled module without Python source; None when the class has none of that name."""
    found = holder.info.imported.get(name)
    return None if found is None else PyObject(ImportedMethod(*found, holder), name)


def call_with_owner(e: Emitter, target: Any, shown: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """A call of a compiled function or method that works on an object: this becomes part of the program, like a module from outside.

    `shown` is what the caller calls the function.
    """
    from tsir.frontend.script.calls import call

    holder = outside_module(e, target._owner, shown)
    if holder is None:
        e.unsupported(f"a call of {shown}(), which is compiled and has tensors of its own, in this place")
    if target._owner.program.origins.get(id(target._owner.instance)) is not None:
        return call(e, e.session.get_attribute(e, holder, target.entry.name), args, kwargs)
    return call_compiled_function(e, target.program, target.entry, args, kwargs, holder)


def call_compiled_function(
    e: Emitter,
    program: Program,
    entry: EntryPoint,
    args: Sequence[Value],
    kwargs: Mapping[str, Value],
    receiver: Object | None = None,
) -> Value:
    """A call of a compiled function or method that has no Python source: one that was traced, loaded or exported."""
    if program.root is not None and receiver is None:
        e.unsupported(f"a call of {entry.name}() of a compiled module that isn't a submodule")
    if entry.trees is not None:
        from tsir.frontend.script.tree_calls import call_with_trees

        plain = replace(entry, trees=None)
        return call_with_trees(
            e, entry, args, kwargs, lambda leaves: call_compiled_function(e, program, plain, leaves, {}, receiver)
        )
    symbol = e.session.imported(program)[entry.symbol]
    function = next(op for op in program.module.body.block.ops if symbol_of(op) == entry.symbol)
    assert isinstance(function, func.FuncOp)
    kinds = function.function_type.inputs.data[0 if receiver is None else 1 :]
    parameters = [
        ParameterInfo(
            p.name,
            renamed_attribute(k, e.session.imported(program)),
            default=Given(e.session.from_python(p.default, p.name)) if p.has_default else NO_DEFAULT,
            kwarg_only=p.kwarg_only,
        )
        for p, k in zip(entry.parameters, kinds, strict=True)
    ]
    bound = bind_arguments(e, e.session, Signature(tuple(parameters), None), args, kwargs, entry.name)
    operands = [
        coerce(e, outside_array(e, bound[p.name]), p.type or ts.AnyType(), f"argument '{p.name}' of {entry.name}()")
        for p in parameters
    ]
    if receiver is not None:
        operands.insert(0, receiver.ssa)
    names = e.session.imported(program)
    results = [renamed_attribute(k, names) for k in function.function_type.outputs.data]
    called = func.CallOp(symbol, operands, results)
    if e.session.autocast.enabled:
        called.attributes[DECIDED] = StringAttr(
            e.session.autocast.dtype.name
        )  # `make_variants` casts in what is compiled already
    return e.session.object_or_run(e.emit(called))
