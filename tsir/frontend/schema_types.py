"""The types of ATen's schemas, of the arguments of calls, and how messages show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from xdsl.ir import Attribute, SSAValue

from tsir.dialects.schema import Schema, SchemaType
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.type_names import show_type
from tsir.errors import UnsupportedError
from tsir.frontend.constants import (
    Constant,
    is_constant,
    type_of_constant,
)

Value: TypeAlias = SSAValue | Constant | Sequence[Any]
"""An argument of a call: an SSA value, a constant, or a list or tuple of these."""


BASE_TYPES: dict[str, Attribute] = {
    "Tensor": ts.TensorType(), "Scalar": ts.NumberType(), "int": ts.INT, "SymInt": ts.INT, "float": ts.FLOAT,
    "bool": ts.BOOL, "complex": ts.COMPLEX, "str": ts.StrType(), "ScalarType": ts.DTypeType(), "Device": ts.DeviceType(),
    "Layout": ts.LayoutType(), "MemoryFormat": ts.MemoryFormatType(), "Generator": ts.GeneratorType(), "Any": ts.AnyType(),
}  # fmt: skip


def result_type(kind: SchemaType) -> Attribute:
    """The IR type of a value of a schema's type: `!ts.tensor` for Tensor, `!ts.list<i64>` for `int[]`..."""
    result = BASE_TYPES.get(kind.base)
    if result is None:
        raise UnsupportedError(f"values of ATen's type {kind.base} aren't supported yet")
    if kind.is_list:
        result = ts.ListType(ts.optional_of(result) if kind.element_optional else result)
    return ts.optional_of(result) if kind.optional else result


def type_of(value: Value) -> Attribute | None:
    """The IR type of an argument; None for a list or tuple, whose type depends on what it is used for."""
    if isinstance(value, SSAValue):
        return value.type
    return type_of_constant(value) if is_constant(value) else None  # type: ignore[arg-type]


def show_value(value: Value) -> str:
    """An argument's type for a message: `int`, `Tensor`, `List[int]`."""
    if isinstance(value, list | tuple):
        inner = ", ".join(show_value(e) for e in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    kind = type_of(value)
    return type(value).__name__ if kind is None else show_type(kind)


def show_schema(schema: Schema) -> str:
    """An overload as a Python programmer writes a signature: `add(self: Tensor, other: Tensor, *, alpha: number = 1)`."""
    parts: list[str] = []
    for a in schema.arguments:
        if a.kwarg_only and "*" not in parts:
            parts.append("*")
        default = f" = {_show_default(a.default)}" if a.has_default else ""
        parts.append(f"{a.name}: {show_kind(a.type)}{default}")
    return f"{schema.name.partition('.')[0]}({', '.join(parts)})"


def _show_default(value: Any) -> str:
    return str(list(value)) if isinstance(value, tuple) else repr(value)


def element_type(kind: SchemaType) -> Attribute:
    """The IR type of the elements of a schema's list type."""
    base = BASE_TYPES[kind.base]
    return ts.optional_of(base) if kind.element_optional else base


def show_kind(kind: SchemaType) -> str:
    """A schema's type as programs annotate it."""
    name = {"ScalarType": "dtype", "Scalar": "number", "SymInt": "int"}.get(kind.base, kind.base)
    name = f"List[{name}]" if kind.is_list else name
    return f"Optional[{name}]" if kind.optional else name
