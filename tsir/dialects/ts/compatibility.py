"""Which static types agree: what the verifiers ask. The types themselves are in `types.py`.

A type is accepted where another is expected when it is a subtype of it: `T` of `Optional[T]`, a member of a union, everything
of `Any`, a NamedTuple of the tuple of its elements. What isn't known of a tensor yet (rank, dimension, dtype) contradicts
nothing, so that IR stays valid while types are being refined. Classes are compared by the caller, who can look them up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects.builtin import NoneType
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute

from tsir.dialects import dtypes
from tsir.dialects.schema import SchemaType
from tsir.dialects.ts import types as ts

SubclassTest = Callable[[ts.ClassType, ts.ClassType], bool]
"""Whether the first class is, or may be used as, the second; asked for different ones only."""


def _may_be_subclass(_found: ts.ClassType, _expected: ts.ClassType) -> bool:
    return True


def accepts(expected: Attribute, found: Attribute, is_subclass: SubclassTest = _may_be_subclass) -> bool:
    """Whether a value of type `found` can be used where one of type `expected` is wanted."""
    if expected == found:
        return True

    def all_accepted(wanted: Sequence[Attribute], given: Sequence[Attribute]) -> bool:
        return len(wanted) == len(given) and all(accepts(w, g, is_subclass) for w, g in zip(wanted, given, strict=True))

    match expected, found:
        case ts.AnyType(), _:
            return True
        case _, ts.UnionType() | ts.OptionalType():
            return all(accepts(expected, member, is_subclass) for member in members(found))
        case ts.UnionType() | ts.OptionalType(), _:
            return any(accepts(member, found, is_subclass) for member in members(expected))
        case ts.TensorType(), ts.TensorType():
            return tensors_agree(expected, found)
        case ts.NumberType(), _:
            return found in NUMBERS
        case ts.NamedTupleType(), ts.NamedTupleType():
            return expected.class_name == found.class_name and all_accepted(expected.elements.data, found.elements.data)
        case ts.TupleOfType(), ts.TupleType() | ts.NamedTupleType():
            return all(accepts(expected.element, given, is_subclass) for given in found.elements.data)
        case ts.TupleType(), ts.TupleType() | ts.NamedTupleType():
            return all_accepted(expected.elements.data, found.elements.data)
        case ts.DictType(), ts.DictType():
            return expected.container.data in ("", found.container.data) and all_accepted(
                (expected.key, expected.value), (found.key, found.value)
            )
        case (
            (ts.ListType(), ts.ListType())
            | (ts.SetType(), ts.SetType())
            | (ts.FrozenSetType(), ts.FrozenSetType())
            | (ts.DequeType(), ts.DequeType())
            | (ts.TupleOfType(), ts.TupleOfType())
        ):
            return accepts(expected.element, found.element, is_subclass)
        case ts.FutureType(), ts.FutureType():
            return expected.kind == found.kind and accepts(expected.element, found.element, is_subclass)
        case ts.ClassType(), ts.ClassType():
            return is_subclass(found, expected)
        case _:
            return False


NUMBERS: tuple[Attribute, ...] = (ts.INT, ts.FLOAT, ts.BOOL, ts.COMPLEX, ts.NumberType())


def members(type_: Attribute) -> Sequence[Attribute]:
    """The types that a value of this type may have: the members of a union or Optional, else the type alone."""
    match type_:
        case ts.UnionType():
            return type_.members.data
        case ts.OptionalType():
            return (type_.element, ts.NONE)
        case _:
            return (type_,)


def tensors_agree(a: ts.TensorType, b: ts.TensorType) -> bool:
    """Whether one tensor can be of both types: what both know is the same."""
    if a.element_type != b.element_type and ts.NONE not in (a.element_type, b.element_type):
        return False
    left, right = a.dims, b.dims
    if left is None or right is None:
        return True
    return len(left) == len(right) and all(x == y or x is None or y is None for x, y in zip(left, right, strict=True))


def value_agrees(reference: Attribute, value: Attribute) -> bool:
    """Whether a reference can hold this builtin tensor; uint8 is `i8` in linalg-level IR."""
    if not isinstance(reference, ts.TensorType) or not isinstance(value, BuiltinTensorType):
        return False
    agrees = tensors_agree(reference, ts.TensorType.from_builtin(value))
    if not agrees and reference.dtype is dtypes.uint8 and value.get_element_type() == ts.linalg_element_type(dtypes.uint8):
        retyped = BuiltinTensorType(reference.element_type, list(value.get_shape()))
        return tensors_agree(reference, ts.TensorType.from_builtin(retyped))
    return agrees


_BASES: dict[str, tuple[Attribute, ...]] = {
    "Scalar": NUMBERS, "int": (ts.INT,), "SymInt": (ts.INT,), "float": (ts.FLOAT,), "bool": (ts.BOOL,),
    "complex": (ts.COMPLEX,), "str": (ts.StrType(),), "ScalarType": (ts.DTypeType(),), "Device": (ts.DeviceType(),),
    "Layout": (ts.LayoutType(),), "MemoryFormat": (ts.MemoryFormatType(),), "Generator": (ts.GeneratorType(),),
    "Dimname": (ts.StrType(),),
}  # fmt: skip
"""The IR types that an argument of a schema's base type may have; one that isn't listed may have any. Tensors: see below."""


def schema_accepts(kind: SchemaType, found: Attribute) -> bool:
    """Whether an operand (or a result) of this type fits an argument (or return) of a schema."""
    if kind.optional:
        if isinstance(found, NoneType):
            return True
        if isinstance(found, ts.OptionalType):
            found = found.element
    if not kind.is_list:
        return _base_accepts(kind.base, found)
    if not isinstance(found, ts.ListType):
        return kind.base not in _BASES and kind.base != "Tensor"
    element = found.element
    if kind.element_optional:
        if isinstance(element, NoneType):
            return True
        if isinstance(element, ts.OptionalType):
            element = element.element
    return _base_accepts(kind.base, element)


def _base_accepts(base: str, found: Attribute) -> bool:
    if base == "Tensor":
        return isinstance(found, ts.TensorType | BuiltinTensorType)
    allowed = _BASES.get(base)
    return allowed is None or found in allowed


def describe(kind: SchemaType) -> str:
    """The IR types that a schema's type stands for: `i64`, `!ts.list<i64>`, `none or !ts.tensor`."""
    shown = " or ".join(map(str, _BASES[kind.base])) if kind.base in _BASES else "!ts.tensor"
    if kind.base not in _BASES and kind.base != "Tensor":
        shown = "any type"
    if kind.is_list:
        shown = f"!ts.list<{f'!ts.optional<{shown}>' if kind.element_optional else shown}>"
    return f"{shown} or none" if kind.optional else shown
