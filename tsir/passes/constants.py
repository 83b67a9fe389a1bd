"""Constants: Python values to constant operations and back.

ints, floats and bools are `arith.constant`, None, strings, dtypes and the like `ts.constant`, tuples of these `ts.tuple`.
"""

from __future__ import annotations

from typing import Any, Final, cast

from xdsl.dialects import arith
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, IntegerType, LocationAttr, StringAttr
from xdsl.ir import Attribute, Operation, OpResult, SSAValue

from tsir.dialects.dtypes import DType
from tsir.dialects.ts.attributes import (
    BytesValueAttr,
    ComplexValueAttr,
    DeviceAttr,
    DTypeAttr,
    EnumValueAttr,
    LayoutAttr,
    MemoryFormatAttr,
    NoneValueAttr,
)
from tsir.dialects.ts.structure import ConstantOp, TupleOp
from tsir.dialects.ts.types import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    NONE,
    BytesType,
    ClassType,
    DeviceType,
    DTypeType,
    LayoutType,
    MemoryFormatType,
    NamedTupleType,
    StrType,
    TupleType,
)
from tsir.dialects.values import Device, EnumMember, Layout, MemoryFormat, named_tuple_class


class Unknown:
    """The type of `UNKNOWN`: a value that isn't known at compile time."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


def attribute_of(value: Any) -> tuple[Attribute, Attribute] | None:
    """The attribute that holds a Python value, and its type; None for a value that no attribute holds."""
    match value:
        case bool():
            return IntegerAttr.from_bool(value), BOOL
        case int():
            return (IntegerAttr(value, 64), INT) if -(2**63) <= value < 2**63 else None
        case float():
            return FloatAttr(value, 64), FLOAT
        case None:
            return NoneValueAttr(), NONE
        case str():
            return StringAttr(value), StrType()
        case bytes():
            return BytesValueAttr(value), BytesType()
        case complex():
            return ComplexValueAttr(value), COMPLEX
        case DType():
            return DTypeAttr.new([StringAttr(value.name)]), DTypeType()
        case Device():
            return DeviceAttr.new([StringAttr(str(value))]), DeviceType()
        case Layout():
            return LayoutAttr.new([StringAttr(value.name)]), LayoutType()
        case MemoryFormat():
            return MemoryFormatAttr.new([StringAttr(value.name)]), MemoryFormatType()
        case EnumMember():
            return EnumValueAttr(value.class_name, value.name), ClassType(value.class_name)
        case _:
            return None


def constant_ops(value: Any, location: LocationAttr) -> list[Operation] | None:
    """Operations that make a constant, the last one gives it; None for a value that can't be a constant (a list, a tensor)."""
    found = attribute_of(value)
    if found is not None:
        attribute, kind = found
        op: Operation
        if isinstance(attribute, IntegerAttr | FloatAttr):
            op = arith.ConstantOp(cast("IntegerAttr[Any]", attribute))
        else:
            op = ConstantOp(attribute, kind)
        op.location = location
        return [op]
    if not isinstance(value, tuple):
        return None
    ops: list[Operation] = []
    elements: list[SSAValue] = []
    for element in cast("tuple[Any, ...]", value):
        made = constant_ops(element, location)
        if made is None:
            return None
        ops += made
        elements.append(made[-1].results[0])
    types = [e.type for e in elements]
    fields = getattr(cast(Any, value), "_fields", None)
    kind = TupleType(types) if fields is None else NamedTupleType(type(cast(Any, value)).__name__, fields, types)
    tuple_op = TupleOp(elements, kind)
    tuple_op.location = location
    return [*ops, tuple_op]


def value_of_attribute(attribute: Attribute) -> Any:
    """The Python value that an attribute holds, or UNKNOWN (enum members: their value isn't in the attribute)."""
    match attribute:
        case IntegerAttr():
            data = attribute.value.data
            return bool(data) if attribute.type == IntegerType(1) else data
        case FloatAttr():
            return attribute.value.data
        case NoneValueAttr():
            return None
        case StringAttr():
            return attribute.data
        case BytesValueAttr():
            return attribute.value
        case ComplexValueAttr():
            return attribute.value
        case DTypeAttr():
            return attribute.dtype
        case DeviceAttr():
            return Device.parse(attribute.value.data)
        case LayoutAttr():
            return Layout(attribute.value.data)
        case MemoryFormatAttr():
            return MemoryFormat(attribute.value.data)
        case EnumValueAttr():
            return EnumMember(attribute.symbol.string_value(), attribute.member.data, UNKNOWN)
        case _:
            return UNKNOWN


def constant_of(value: SSAValue) -> Any:
    """The Python value of an SSA value that a constant operation (or a tuple of such) gives, or UNKNOWN."""
    if not isinstance(value, OpResult):
        return UNKNOWN
    op = value.op
    if isinstance(op, arith.ConstantOp | ConstantOp):
        if isinstance(op, arith.ConstantOp) and value.type not in (INT, FLOAT, BOOL):
            return UNKNOWN
        return value_of_attribute(op.value)
    if isinstance(op, TupleOp):
        # A tuple of tuples is as deep as the type that the user wrote.
        elements = tuple(map(constant_of, op.elements))
        if any(e is UNKNOWN for e in elements):
            return UNKNOWN
        if isinstance(value.type, NamedTupleType):
            return named_tuple_class(value.type.class_name.data, tuple(f.data for f in value.type.fields.data))(*elements)
        return elements
    return UNKNOWN
