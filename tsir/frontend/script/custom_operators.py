"""Calls of operators that other libraries registered with torch (`torch.ops.torchvision.nms`): they run in Python, by torch.

What such an operator needs and gives is in its registration; what it does isn't known here, so it is called as it is. ATen's own
operators are `operators.py`'s subject.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from tsir.dialects.program import add_python_function
from tsir.dialects.schema import Schema, SchemaRegistry, parse_schema
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import CallPythonOp
from tsir.frontend.overloads import resolve
from tsir.frontend.schema_types import result_type
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.operator_calls import argument
from tsir.frontend.script.values import NONE, Value

_TORCH_OWN = ("aten", "prim", "prims")
_CONVERSIONS = ("IntImplicit", "FloatImplicit", "ComplexImplicit", "ScalarImplicit")


def custom_overloads(value: object) -> Sequence[Any] | None:
    """The overloads of an operator that isn't one of torch's own; None for anything else."""
    if isinstance(value, torch._ops.OpOverload):
        found = [value]
    elif isinstance(value, torch._ops.OpOverloadPacket):
        found = [getattr(value, name) for name in value.overloads()]
    else:
        return None
    return None if found[0].namespace in _TORCH_OWN else found


def call_custom_operator(e: Emitter, overloads: Sequence[Any], args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """The call of the overload that takes the arguments. Raises FrontendError when none does, and for types in its
    registration that compiled code doesn't have."""
    by_key: dict[str, Any] = {}
    schemas: dict[str, Schema] = {k: s for k in _CONVERSIONS if (s := e.session.schemas.get(k)) is not None}
    for overload in overloads:
        schema = parse_schema(str(overload._schema).partition("::")[2])
        by_key[schema.key], schemas[schema.key] = overload, schema
    operands, keywords = [argument(e, a) for a in args], {k: argument(e, v) for k, v in kwargs.items()}
    name = overloads[0]._schema.name.partition("::")[2]
    with e.at(e.node):
        schema, values = resolve(e.builder, SchemaRegistry(lambda: schemas), name, operands, keywords, e.location)
    kinds = [result_type(r) for r in schema.returns]
    result = ts.NONE if not kinds else kinds[0] if len(kinds) == 1 else ts.TupleType(kinds)
    chosen = by_key[schema.key]
    keywords = [a.name if a.kwarg_only else None for a in schema.arguments]
    made = add_python_function(f"torch.ops.{chosen.namespace}.{name}", chosen, str(result), keywords)
    e.session.python_functions.append(made)
    ssa = e.emit(CallPythonOp(made.key, values, result))
    return NONE if result == ts.NONE else e.session.object_or_run(ssa)
