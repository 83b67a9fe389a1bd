"""Calls of compiled functions that have no Python source, because they were traced or loaded: their IR becomes the caller's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.dialects import func

from tsir.dialects.program import EntryPoint, Program
from tsir.dialects.ts import types as ts
from tsir.frontend.imported import symbol_of
from tsir.frontend.script.convert import coerce
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.functions import NO_DEFAULT, ParameterInfo, Signature, bind_arguments
from tsir.frontend.script.inlining import Given
from tsir.frontend.script.values import Value


def call_compiled_function(
    e: Emitter, program: Program, entry: EntryPoint, args: Sequence[Value], kwargs: Mapping[str, Value]
) -> Value:
    """A call of a compiled function that has no Python source: one that was traced or loaded."""
    if program.root is not None:
        e.unsupported(f"a call of {entry.name}() of a compiled module that isn't a submodule")
    symbol = e.session.imported(program)[entry.symbol]
    function = next(op for op in program.module.body.block.ops if symbol_of(op) == entry.symbol)
    assert isinstance(function, func.FuncOp)
    kinds = function.function_type.inputs.data
    parameters = [
        ParameterInfo(
            p.name,
            k,
            default=Given(e.session.from_python(p.default, p.name)) if p.has_default else NO_DEFAULT,
            kwarg_only=p.kwarg_only,
        )
        for p, k in zip(entry.parameters, kinds, strict=True)
    ]
    bound = bind_arguments(e, e.session, Signature(tuple(parameters), None), args, kwargs, entry.name)
    operands = [
        coerce(e, bound[p.name], p.type or ts.AnyType(), f"argument '{p.name}' of {entry.name}()") for p in parameters
    ]
    result = e.emit(func.CallOp(symbol, operands, list(function.function_type.outputs.data)))
    return e.session.object_or_run(result)
