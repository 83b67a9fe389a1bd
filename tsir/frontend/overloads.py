"""Which overload of an ATen operator a call means, and the `ts.aten` operation for it.

The rules are torch.jit's: the overloads are tried in the order of their declaration, first without and then with implicit
conversions of the arguments, and the first one that takes them wins; where tensors have to become numbers, the first one of
those that convert the fewest. What an operator is called in Python is
`torch_names.py`'s subject, not this module's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xdsl.builder import Builder
from xdsl.dialects.builtin import LocationAttr
from xdsl.ir import Attribute, SSAValue

from tsir.dialects.schema import Schema, SchemaRegistry
from tsir.dialects.ts.families import aten_op, py_op
from tsir.dialects.ts.structure import TupleGetOp
from tsir.errors import FrontendError
from tsir.frontend.argument_matching import (
    FROM_TENSOR,
    AsItIs,
    ByBuiltIn,
    Conversion,
    FromTensor,
    OfConstant,
    OfElements,
    OfList,
    Plan,
    Refused,
    match_arguments,
)
from tsir.frontend.constants import (
    emit_constant,
    emit_list,
    insert,
)
from tsir.frontend.refused_calls import INSTEAD, MissingOperatorError, place_of, refuse_call
from tsir.frontend.schema_types import (
    BASE_TYPES,
    Value,
    result_type,
)


def resolve(
    builder: Builder,
    registry: SchemaRegistry,
    name: str,
    args: Sequence[Value],
    kwargs: Mapping[str, Value],
    location: LocationAttr,
) -> tuple[Schema, list[SSAValue]]:
    """The overload of `name` that a call means, and its operands: all arguments of the schema, in order.

    `name` is ATen's (`add`), or one overload's (`add.Tensor`), which then is the only candidate. Constants and conversions
    are emitted at the builder's insertion point. Raises UnsupportedError for an unknown operator and FrontendError, with
    the reason why each candidate was refused, when none takes the arguments.
    """
    schema, plans = _select(registry, name, args, kwargs, location)
    return schema, [_materialise(builder, plan, location) for plan in plans]


def find_overload(registry: SchemaRegistry, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Schema | None:
    """The overload that `resolve` would take, or None; emits nothing."""
    found = _first_match(registry, candidates(registry, name), args, kwargs)
    return None if found is None else found[0]


def fits(
    registry: SchemaRegistry, schema: Schema, args: Sequence[Value], kwargs: Mapping[str, Value], conversion: Conversion
) -> bool:
    """Whether an overload takes these arguments with no more than this conversion; emits nothing."""
    try:
        match_arguments(registry, schema, args, kwargs, conversion)
    except Refused:
        return False
    return True


def emit_schema(
    builder: Builder,
    schema: Schema,
    operands: Sequence[SSAValue],
    location: LocationAttr,
    results: Sequence[Attribute] | None = None,
) -> tuple[SSAValue, ...]:
    """The operation of one overload on these operands; result types by schema unless given."""
    types = [result_type(r) for r in schema.returns] if results is None else results
    return tuple(insert(builder, aten_op(schema)(operands, types), location).results)


def emit_aten(
    builder: Builder,
    registry: SchemaRegistry,
    name: str,
    args: Sequence[Value],
    kwargs: Mapping[str, Value],
    location: LocationAttr,
    results: Sequence[Attribute] | None = None,
) -> SSAValue | tuple[SSAValue, ...]:
    """Resolves a call of an ATen operator and emits it. One result is given as such, none or several as a tuple.

    Raises what `resolve` raises.
    """
    schema, operands = resolve(builder, registry, name, args, kwargs, location)
    values = emit_schema(builder, schema, operands, location, results)
    return values[0] if len(values) == 1 else values


def emit_overload(
    builder: Builder,
    registry: SchemaRegistry,
    schema: Schema,
    args: Sequence[Value],
    kwargs: Mapping[str, Value],
    location: LocationAttr,
) -> tuple[SSAValue, ...] | None:
    """The operation of this very overload with these arguments, converted as far as a call converts them; None if it takes no such."""
    for conversion in Conversion:
        try:
            plans = match_arguments(registry, schema, args, kwargs, conversion)
        except Refused:
            continue
        return emit_schema(builder, schema, [_materialise(builder, plan, location) for plan in plans], location)
    return None


def emit_one(
    builder: Builder,
    registry: SchemaRegistry,
    name: str,
    args: Sequence[Value],
    kwargs: Mapping[str, Value],
    location: LocationAttr,
) -> SSAValue:
    """As `emit_aten`, for an operator with exactly one result."""
    value = emit_aten(builder, registry, name, args, kwargs, location)
    if not isinstance(value, SSAValue):
        raise FrontendError(f"aten::{name} gives {len(value)} values, not one", location=place_of(location))
    return value


def emit_tensor_to_number(
    builder: Builder, registry: SchemaRegistry, base: str, tensor: SSAValue, location: LocationAttr
) -> SSAValue | None:
    """The number in a tensor with one element, as an `int` or `float`; None when the registry has no operator for it."""
    schema = next((s for key in FROM_TENSOR[base] if (s := registry.get(key)) is not None), None)
    return None if schema is None else emit_schema(builder, schema, [tensor], location)[0]


def candidates(registry: SchemaRegistry, name: str) -> list[Schema]:
    """The overloads that `name` stands for: all of them, or the one it names."""
    overloads = registry.overloads(name)
    if overloads or "." not in name:
        return overloads
    schema = registry.get(name)
    return [] if schema is None else [schema]


def _select(
    registry: SchemaRegistry, name: str, args: Sequence[Value], kwargs: Mapping[str, Value], location: LocationAttr
) -> tuple[Schema, list[Plan]]:
    schemas = candidates(registry, name)
    if not schemas:
        message = f"torch's operator {name}() isn't supported yet"
        raise MissingOperatorError(name, message, hint=INSTEAD.get(name), location=place_of(location), code="TS601")
    found = _first_match(registry, schemas, args, kwargs)
    if found is None:
        refuse_call(registry, name, schemas, args, kwargs, location)
    return found


def _first_match(
    registry: SchemaRegistry, schemas: Sequence[Schema], args: Sequence[Value], kwargs: Mapping[str, Value]
) -> tuple[Schema, list[Plan]] | None:
    """The overload that takes the arguments, and how."""
    for conversion in Conversion:
        matches: list[tuple[Schema, list[Plan]]] = []
        for schema in schemas:
            try:
                matches.append((schema, match_arguments(registry, schema, args, kwargs, conversion)))
            except Refused:
                continue
            if conversion is not Conversion.TENSOR:
                break
        if matches:
            return min(matches, key=lambda match: sum(isinstance(plan, FromTensor) for plan in match[1]))
    return None


def _materialise(builder: Builder, plan: Plan, location: LocationAttr) -> SSAValue:
    match plan:
        case AsItIs():
            return plan.value
        case OfConstant():
            return emit_constant(builder, plan.value, location)
        case OfList():
            made: dict[int, SSAValue] = {}
            for element in plan.elements:
                if id(element) not in made:
                    made[id(element)] = _materialise(builder, element, location)
            return emit_list(builder, [made[id(e)] for e in plan.elements], plan.element_type, location)
        case OfElements():
            parts = [
                insert(builder, TupleGetOp(plan.value, i, t), location).result for i, t in enumerate(plan.element_types)
            ]
            return emit_list(builder, parts, plan.element_type, location)
        case ByBuiltIn():
            return insert(builder, py_op(plan.function)([plan.value], [BASE_TYPES[plan.base]]), location).results[0]
        case FromTensor():
            return emit_schema(builder, plan.schema, [plan.value], location)[0]
