"""Python constants as IR: what both frontends emit wherever a value is known while compiling.

Choosing an operator's overload is `overloads.py`'s work, and names of torch objects are `torch_names.py`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from xdsl.builder import Builder
from xdsl.dialects.arith import ConstantOp as ArithConstantOp
from xdsl.dialects.builtin import FloatAttr, IntegerAttr, LocationAttr, StringAttr
from xdsl.ir import Attribute, Operation, SSAValue

from tsir.dialects.dtypes import DType
from tsir.dialects.ts import attributes as ts_attributes
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import ConstantOp, ListOp
from tsir.dialects.values import Device, Layout, MemoryFormat

Constant: TypeAlias = bool | int | float | complex | str | bytes | DType | Device | Layout | MemoryFormat | None
"""A Python value that is one constant operation. Integers must fit into 64 bits."""

_CONSTANT_TYPES = (bool, int, float, complex, str, bytes, type(None), DType, Device, Layout, MemoryFormat)

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

_Op = TypeVar("_Op", bound=Operation)


def is_constant(value: object) -> bool:
    """Whether `emit_constant` takes this value."""
    return isinstance(value, _CONSTANT_TYPES)


def type_of_constant(value: Constant) -> Attribute:
    """The IR type of a constant: `i64` for an int, `!ts.str` for a string..."""
    match value:
        case bool():
            return ts.BOOL
        case int():
            return ts.INT
        case float():
            return ts.FLOAT
        case complex():
            return ts.COMPLEX
        case str():
            return ts.StrType()
        case bytes():
            return ts.BytesType()
        case None:
            return ts.NONE
        case DType():
            return ts.DTypeType()
        case Device():
            return ts.DeviceType()
        case Layout():
            return ts.LayoutType()
        case MemoryFormat():
            return ts.MemoryFormatType()


def attribute_of_constant(value: Constant) -> Attribute:
    """The attribute that holds a constant, as `arith.constant`, `ts.constant` and `ts.attribute` do."""
    match value:
        case bool():
            return IntegerAttr(int(value), 1)
        case int():
            return IntegerAttr(value, 64)
        case float():
            return FloatAttr(value, 64)
        case complex():
            return ts_attributes.ComplexValueAttr(value)
        case str():
            return StringAttr(value)
        case bytes():
            return ts_attributes.BytesValueAttr(value)
        case None:
            return ts_attributes.NoneValueAttr()
        case DType():
            return ts_attributes.DTypeAttr.new((StringAttr(value.name),))
        case Device():
            return ts_attributes.DeviceAttr.new((StringAttr(str(value)),))
        case Layout():
            return ts_attributes.LayoutAttr.new((StringAttr(value.name),))
        case MemoryFormat():
            return ts_attributes.MemoryFormatAttr.new((StringAttr(value.name),))


def insert(builder: Builder, operation: _Op, location: LocationAttr) -> _Op:
    """Inserts an operation and gives it (not what is in its regions) a location."""
    operation.location = location
    return builder.insert(operation)


def emit_constant(builder: Builder, value: Constant, location: LocationAttr) -> SSAValue:
    """One constant: `arith.constant` for bool, int and float, `ts.constant` for the others."""
    attribute = attribute_of_constant(value)
    if isinstance(value, bool | int | float):
        assert isinstance(attribute, IntegerAttr | FloatAttr)
        return insert(builder, ArithConstantOp(attribute), location).result
    return insert(builder, ConstantOp(attribute, type_of_constant(value)), location).result


def emit_list(builder: Builder, elements: Sequence[SSAValue], element_type: Attribute, location: LocationAttr) -> SSAValue:
    """A new list of these values: `ts.list`."""
    return insert(builder, ListOp(elements, ts.ListType(element_type)), location).result


def known_ints(value: object) -> list[int] | None:
    """The ints of a list that was made of constants and hasn't been used since, or None."""
    if not isinstance(value, SSAValue) or not isinstance(value.owner, ListOp) or value.uses.get_length():
        return None
    attributes = [o.owner.value for o in value.owner.operands if isinstance(o.owner, ArithConstantOp)]
    ints = [a.value.data for a in attributes if isinstance(a, IntegerAttr) and a.type == ts.INT]
    return ints if len(ints) == len(value.owner.operands) else None
