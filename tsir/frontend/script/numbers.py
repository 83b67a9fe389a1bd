"""Values that are used as numbers: tensors without dimensions, and unions of several kinds of numbers."""

from __future__ import annotations

from dataclasses import replace

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.type_relations import NUMBERS, members
from tsir.frontend.script.values import Run, StaticTuple, Value

_NUMBER_IN_TENSOR: dict[Attribute, str] = {
    ts.INT: "IntImplicit", ts.FLOAT: "FloatImplicit", ts.COMPLEX: "ComplexImplicit", ts.NumberType(): "ScalarImplicit",
}  # fmt: skip


def number_in(e: Emitter, value: Value, wanted: Attribute | None) -> Value:
    """A tensor without dimensions as the number in it, where an argument or a variable is declared as a number.

    torch.jit converts so in calls, in annotated assignments, in `annotate` and in `return`, there also in tuples; any other value
    is given back as it is.
    """
    if isinstance(value, StaticTuple) and isinstance(wanted, ts.TupleType) and len(wanted.elements) == len(value.elements):
        elements = tuple(number_in(e, v, k) for v, k in zip(value.elements, wanted.elements.data, strict=True))
        return (
            value
            if all(a is b for a, b in zip(elements, value.elements, strict=True))
            else replace(value, elements=elements)
        )
    kinds = () if wanted is None else members(wanted)
    if isinstance(e.session.type_of(value), ts.TensorType) and not any(
        isinstance(k, ts.TensorType | ts.AnyType) for k in kinds
    ):
        operator = next((_NUMBER_IN_TENSOR[k] for k in kinds if k in _NUMBER_IN_TENSOR), None)
        if operator is not None:
            return Run(e.aten_value(operator, [materialise(e, value)]))
    return value


def number_of(e: Emitter, value: Value) -> Value:
    """A value that may be of several kinds of numbers, and of no other type, as a number."""
    kind = e.session.type_of(value)
    if isinstance(kind, ts.UnionType) and all(m in NUMBERS for m in kind.members.data):
        return Run(e.cast(materialise(e, value), ts.NumberType()))
    return value
