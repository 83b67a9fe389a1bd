"""Whether one overload of an ATen operator takes the arguments of a call, and what each of its operands then is made of.

Which overload a call means is in `overloads.py`, what is said where none takes it in `refused_calls.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute, SSAValue

from tsir.dialects import dtypes
from tsir.dialects.defaults import default_constant
from tsir.dialects.schema import Argument, Schema, SchemaRegistry, SchemaType
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.type_names import show_type
from tsir.dialects.values import CPU, Device, Layout, MemoryFormat
from tsir.frontend.constants import (
    INT64_MAX,
    INT64_MIN,
    Constant,
    is_constant,
    type_of_constant,
)
from tsir.frontend.schema_types import (
    BASE_TYPES,
    Value,
    element_type,
    show_kind,
    show_value,
    type_of,
)


class Conversion(IntEnum):
    """How much a value may be converted for an argument; a match that needs less is preferred."""

    NONE = 0
    """Only what needs no conversion: a subtype, a number for a Scalar, one int for `int[2]`."""
    NUMBER = 1
    """Also int and bool to float, bool to int, a run-time number to int or float, a str to a Device."""
    TENSOR = 2
    """Also a tensor to a number."""


@dataclass(frozen=True)
class AsItIs:
    """A value as it is."""

    value: SSAValue


@dataclass(frozen=True)
class OfConstant:
    value: Constant


@dataclass(frozen=True)
class OfList:
    elements: tuple[Plan, ...]
    element_type: Attribute


@dataclass(frozen=True)
class OfElements:
    """A tuple known by its SSA value, as a list."""

    value: SSAValue
    element_types: tuple[Attribute, ...]
    element_type: Attribute


@dataclass(frozen=True)
class ByBuiltIn:
    """A value converted to a schema's type by the built-in for it: `int`, `float`, `complex` or `device`."""

    base: str
    value: SSAValue

    @property
    def function(self) -> str:
        """The built-in's name."""
        return _BUILT_IN[self.base][0]


@dataclass(frozen=True)
class FromTensor:
    """A tensor with one element, converted by one of ATen's operators for this."""

    schema: Schema
    value: SSAValue


Plan: TypeAlias = AsItIs | OfConstant | OfList | OfElements | ByBuiltIn | FromTensor


class Refused(Exception):
    """An argument doesn't fit; the text says why.

    `argument` is its position in the call, or its keyword; `missing_keyword` is a keyword that the schema doesn't have. `hint`
    says what to write, where that is known.
    """

    def __init__(
        self,
        why: str,
        argument: int | str | None = None,
        *,
        missing_keyword: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(why)
        self.argument = argument
        self.missing_keyword = missing_keyword
        self.hint = hint


_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "Scalar": (bool, int, float, complex), "int": (int,), "SymInt": (int,), "float": (float,), "bool": (bool,),
    "complex": (complex,), "str": (str,), "ScalarType": (dtypes.DType,), "Device": (Device,), "Layout": (Layout,),
    "MemoryFormat": (MemoryFormat,),
    "Any": (bool, int, float, complex, str, dtypes.DType, Device, Layout, MemoryFormat),
}  # fmt: skip


_NUMBERS: tuple[Attribute, ...] = (ts.INT, ts.FLOAT, ts.BOOL, ts.COMPLEX, ts.NumberType())


FROM_TENSOR: dict[str, tuple[str, ...]] = {
    "int": ("IntImplicit", "Int.Tensor"), "SymInt": ("IntImplicit", "Int.Tensor"), "float": ("FloatImplicit", "Float.Tensor"),
    "Scalar": ("ScalarImplicit", "item"), "complex": ("ComplexImplicit", "Complex.Tensor"),
}  # fmt: skip
"""The operators that make a number of a tensor; the first one that the registry has is used."""


_BUILT_IN: dict[str, tuple[str, tuple[Attribute, ...]]] = {
    "int": ("int", (ts.BOOL, ts.NumberType())), "SymInt": ("int", (ts.BOOL, ts.NumberType())),
    "float": ("float", (ts.INT, ts.BOOL, ts.NumberType())), "complex": ("complex", (ts.INT, ts.FLOAT, ts.BOOL)),
    "Device": ("device", (ts.StrType(),)),
}  # fmt: skip
"""The built-in that converts to a type, and the types that it takes implicitly."""


ALIASES = {"input": "self", "axis": "dim", "keepdims": "keepdim", "x": "self", "x1": "self", "a": "self", "x2": "other"}
"""Other names that torch accepts for an argument, where the schema has none of that name."""


_WITHOUT_EFFECT: dict[str, tuple[object, ...]] = {
    "requires_grad": (True, False, None), "names": (None,), "out": (None,), "generator": (None,), "pin_memory": (False, None),
    "device": (None, CPU), "layout": (None, Layout("strided")), "dtype": (None,), "memory_format": (None,),
}  # fmt: skip
"""Keyword arguments with values that mean nothing to a schema without that argument."""


def _what_to_write(wanted: SchemaType, given: Value) -> str | None:
    """How to make what an operator takes of a value of another type, where there is an obvious way."""
    kind = type_of(given)
    is_one_tensor = isinstance(kind, ts.TensorType)
    match wanted.base:
        case "ScalarType" if isinstance(given, str):
            return (
                f"write torch.{given}"
                if any(d.name == given for d in dtypes.named())
                else "write one of torch's dtypes, as torch.float32"
            )
        case "Tensor" if wanted.is_list and is_one_tensor:
            return "write `[...]` for a list of tensors"
        case "Tensor" if not wanted.is_list and (
            kind in (ts.INT, ts.FLOAT, ts.BOOL) or isinstance(given, bool | int | float)
        ):
            return "write torch.tensor(...) to make a tensor of it"
        case "Tensor" if not wanted.is_list and isinstance(kind, ts.ListType) and isinstance(kind.element, ts.TensorType):
            return "write torch.stack(...) or torch.cat(...) to make one tensor of them"
        case "int" | "SymInt" if not wanted.is_list and (kind == ts.FLOAT or isinstance(given, float)):
            return "write int(...) to round it towards zero"
        case _:
            return None


def _is_without_effect(key: str, value: Value) -> bool:
    """Whether a keyword that no schema has may be left out: tsir computes without gradients, whoever asks for them."""
    if isinstance(value, SSAValue):
        return key == "requires_grad" and value.type == ts.BOOL
    return any(value is v or value == v for v in _WITHOUT_EFFECT.get(key, ()))


def match_arguments(
    registry: SchemaRegistry, schema: Schema, args: Sequence[Value], kwargs: Mapping[str, Value], conversion: Conversion
) -> list[Plan]:
    """How each operand is made, or Refused."""
    positional = [a for a in schema.arguments if not a.kwarg_only]
    args = gather_varargs(registry, positional, args, conversion)
    if len(args) > len(positional):
        raise _too_many(schema, positional, args)
    given: dict[str, Value] = {a.name: value for a, value in zip(positional, args, strict=False)}
    names = {a.name for a in schema.arguments}
    for key, value in _spread_out(schema, kwargs).items():
        name = key if key in names else ALIASES.get(key, key)
        if name not in names:
            if not _is_without_effect(key, value):
                raise Refused(f"it has no argument '{key}'", key, missing_keyword=key)
        elif name in given:
            raise Refused(f"it got two values for argument '{name}'", key)
        else:
            given[name] = value
    plans: list[Plan] = []
    for argument in schema.arguments:
        if argument.name in given:
            try:
                plans.append(convert_argument(registry, given[argument.name], argument.type, conversion))
            except Refused as refused:
                where = _position(argument, positional, kwargs)
                hint = _what_to_write(argument.type, given[argument.name])
                raise Refused(f"argument '{argument.name}' {refused}", where, hint=hint) from None
        elif argument.has_default:
            plans.append(_default(argument))
        else:
            raise Refused(f"argument '{argument.name}' is missing")
    return plans


def _position(argument: Argument, positional: Sequence[Argument], kwargs: Mapping[str, Value]) -> int | str | None:
    """Where an argument stands in a call."""
    keyword = next((k for k in kwargs if k == argument.name or ALIASES.get(k) == argument.name), None)
    return keyword or next((i for i, a in enumerate(positional) if a is argument), None)


def _too_many(schema: Schema, positional: Sequence[Argument], args: Sequence[Value]) -> Refused:
    last = positional[-1] if positional else None
    if last is not None and last.type.is_list and last.type.base in ("int", "SymInt"):
        first = len(positional) - 1
        wrong = next((i for i in range(first, len(args)) if not _is_number(args[i], Conversion.TENSOR)), first)
        return Refused(f"argument '{last.name}' expects ints, found {show_value(args[wrong])}", wrong)
    count = len(positional)
    own = ", the tensor included" if positional and positional[0].name == "self" else ""
    return Refused(f"it takes {count} positional argument{'s'[: count != 1]}{own}, got {len(args)}", count)


def gather_varargs(
    registry: SchemaRegistry, positional: Sequence[Argument], args: Sequence[Value], conversion: Conversion
) -> Sequence[Value]:
    """`x.view(2, 3)` as `x.view([2, 3])`: where the last positional argument is a list of ints, the rest makes that list."""
    last = len(positional) - 1
    if (
        last < 0
        or len(args) <= last
        or not positional[last].type.is_list
        or positional[last].type.base not in ("int", "SymInt")
    ):
        return args
    if len(args) == last + 1 and (positional[last].type.list_size or not _is_number(args[last], conversion)):
        return args
    if not all(_is_number(a, conversion) for a in args[last:]):
        return args
    return [*args[:last], list(args[last:])]


def _is_number(value: Value, conversion: Conversion) -> bool:
    kind = type_of(value)
    return kind == ts.INT or (conversion is Conversion.TENSOR and isinstance(kind, ts.TensorType))


def _spread_out(schema: Schema, kwargs: Mapping[str, Value]) -> Mapping[str, Value]:
    """`out=(values, indices)` as the arguments that the schema has for them."""
    out = kwargs.get("out")
    if not isinstance(out, list | tuple):
        return kwargs
    written = [a.name for a in schema.arguments if a.type.is_write and not a.type.is_list]
    if len(written) != len(out):
        return kwargs
    return {k: v for k, v in kwargs.items() if k != "out"} | dict(zip(written, out, strict=True))


def _default(argument: Argument) -> Plan:
    value, kind = argument.default, argument.type
    if value is None:
        return OfConstant(None)
    if isinstance(value, tuple):
        return OfList(tuple(OfConstant(default_constant(e, kind)) for e in value), element_type(kind))
    return OfConstant(default_constant(value, kind))


def convert_argument(registry: SchemaRegistry, value: Value, kind: SchemaType, conversion: Conversion) -> Plan:
    """How a value becomes an operand of this type, or Refused."""
    if value is None or (isinstance(value, SSAValue) and value.type == ts.NONE):
        if not kind.optional and kind.base != "Any":
            raise Refused(f"expects {show_kind(kind)}, found None")
        return OfConstant(None)
    if isinstance(value, SSAValue) and isinstance(value.type, ts.OptionalType) and kind.optional:
        if not _is_subtype(value.type.element, kind):
            raise Refused(f"expects {show_kind(kind)}, found {show_type(value.type)}")
        return AsItIs(value)
    return (
        _convert_list(registry, value, kind, conversion) if kind.is_list else _convert_one(registry, value, kind, conversion)
    )


def _is_subtype(given: Attribute, kind: SchemaType) -> bool:
    """Whether an SSA value of type `given` is a value of the (unoptional) type without conversion."""
    if kind.is_list:
        return isinstance(given, ts.ListType) and _is_element(given.element, kind)
    return _is_base(given, kind.base)


def _is_element(given: Attribute, kind: SchemaType) -> bool:
    if kind.element_optional:
        given = given.element if isinstance(given, ts.OptionalType) else given
        return given == ts.NONE or _is_base(given, kind.base)
    return _is_base(given, kind.base)


def _is_base(given: Attribute, base: str) -> bool:
    match base:
        case "Tensor":
            return isinstance(given, ts.TensorType | BuiltinTensorType)
        case "Scalar":
            return given in _NUMBERS
        case "Any":
            return True
        case _:
            return given == BASE_TYPES.get(base)


def _convert_one(registry: SchemaRegistry, value: Value, kind: SchemaType, conversion: Conversion) -> Plan:
    refused = Refused(f"expects {show_kind(kind)}, found {show_value(value)}")
    if isinstance(value, SSAValue):
        if _is_base(value.type, kind.base):
            return AsItIs(value)
        _, sources = _BUILT_IN.get(kind.base, ("", ()))
        if conversion >= Conversion.NUMBER and value.type in sources:
            return ByBuiltIn(kind.base, value)
        if conversion >= Conversion.TENSOR and isinstance(value.type, ts.TensorType):
            for key in FROM_TENSOR.get(kind.base, ()):
                if (schema := registry.get(key)) is not None:
                    return FromTensor(schema, value)
        if isinstance(value.type, ts.OptionalType) and _is_base(value.type.element, kind.base):
            raise Refused(f"{refused}, which may be None")
        raise refused
    if kind.base == "Any" and isinstance(value, list | tuple):
        return _any_list(value, refused)
    if not is_constant(value):
        raise refused
    return OfConstant(_convert_constant(value, kind.base, conversion, refused))  # type: ignore[arg-type]


def _any_list(value: Sequence[Any], refused: Refused) -> OfList:
    """A list for an argument of any type: its element type is that of its elements, as in Python's `[1, 2.5]` a number's.

    Rectangular nesting of lists only; the nesting is the user's text's, so it is shallow.
    """
    elements = tuple(
        _any_list(e, refused) if isinstance(e, list | tuple) else AsItIs(e) if isinstance(e, SSAValue) else OfConstant(e)
        for e in value
    )
    kinds = {ts.ListType(e.element_type) if isinstance(e, OfList) else e.value.type if isinstance(e, AsItIs) else
             type_of_constant(e.value) for e in elements}  # fmt: skip
    if len(kinds) <= 1:
        return OfList(elements, next(iter(kinds), ts.FLOAT))
    for wider in (ts.INT, ts.FLOAT, ts.COMPLEX):
        if kinds <= set(_BUILT_IN[show_type(wider)][1]) | {wider}:
            return OfList(tuple(_widened(e, wider) for e in elements), wider)
    raise refused


def _widened(element: AsItIs | OfConstant | OfList, wider: Attribute) -> Plan:
    function = show_type(wider)
    if isinstance(element, OfConstant):
        return OfConstant({"int": int, "float": float, "complex": complex}[function](element.value))  # type: ignore[arg-type]
    assert isinstance(element, AsItIs)
    return element if element.value.type == wider else ByBuiltIn(function, element.value)


def _convert_constant(value: Constant, base: str, conversion: Conversion, refused: Refused) -> Constant:
    accepted = _PYTHON_TYPES.get(base, ())
    if isinstance(value, accepted) and not (isinstance(value, bool) and bool not in accepted):
        if type(value) is int and not INT64_MIN <= value <= INT64_MAX:
            raise Refused(f"{value} doesn't fit into 64 bits")
        return value
    if conversion >= Conversion.NUMBER:
        match base, value:
            case "int" | "SymInt", bool():
                return int(value)
            case "float", bool() | int():
                return float(value)
            case "complex", bool() | int() | float():
                return complex(value)
            case "Device", str():
                return Device.parse(value)
            case _:
                pass
    raise refused


def _convert_list(registry: SchemaRegistry, value: Value, kind: SchemaType, conversion: Conversion) -> Plan:
    element = SchemaType(kind.base, optional=kind.element_optional)
    wanted = element_type(kind)
    if isinstance(value, SSAValue):
        if _is_subtype(value.type, kind):
            return AsItIs(value)
        if isinstance(value.type, ts.TupleType | ts.NamedTupleType):
            types = tuple(value.type.elements.data)
            if all(_is_element(t, kind) for t in types):
                return OfElements(value, types, wanted)
    if isinstance(value, list | tuple):
        return OfList(tuple(convert_argument(registry, e, element, conversion) for e in value), wanted)
    if kind.list_size:
        try:
            plan = _convert_one(registry, value, element, conversion)
        except Refused:
            pass
        else:
            return OfList((plan,) * kind.list_size, wanted)
    raise Refused(f"expects {show_kind(kind)}, found {show_value(value)}")
