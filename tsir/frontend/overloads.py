"""Which overload of an ATen operator a call means, and the `ts.aten` operation for it.

The rules are torch.jit's: the overloads are tried in the order of their declaration, first without and then with implicit
conversions of the arguments, and the first one that takes them wins. What an operator is called in Python is
`torch_names.py`'s subject, not this module's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NoReturn, TypeAlias

from xdsl.builder import Builder
from xdsl.dialects.builtin import LocationAttr
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute, SSAValue

from tsir.dialects import dtypes
from tsir.dialects.defaults import default_constant
from tsir.dialects.locations import source_locations
from tsir.dialects.schema import Argument, Schema, SchemaRegistry, SchemaType
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import aten_op, py_op
from tsir.dialects.ts.structure import TupleGetOp
from tsir.dialects.ts.type_names import show_type
from tsir.dialects.values import CPU, Device, Layout, MemoryFormat
from tsir.errors import FrontendError, SourceLocation, UnsupportedError, did_you_mean
from tsir.frontend.constants import (
    INT64_MAX,
    INT64_MIN,
    Constant,
    emit_constant,
    emit_list,
    insert,
    is_constant,
    type_of_constant,
)

Value: TypeAlias = SSAValue | Constant | Sequence[Any]
"""An argument of a call: an SSA value, a constant, or a list or tuple of these."""


class Conversion(IntEnum):
    """How much a value may be converted for an argument; a match that needs less is preferred."""

    NONE = 0
    """Only what needs no conversion: a subtype, a number for a Scalar, one int for `int[2]`."""
    NUMBER = 1
    """Also int and bool to float, bool to int, a run-time number to int or float, a str to a Device."""
    TENSOR = 2
    """Also a tensor to a number."""


@dataclass(frozen=True)
class _Use:
    """A value as it is."""

    value: SSAValue


@dataclass(frozen=True)
class _Constant:
    value: Constant


@dataclass(frozen=True)
class _List:
    elements: tuple[_Plan, ...]
    element_type: Attribute


@dataclass(frozen=True)
class _Elements:
    """A tuple known by its SSA value, as a list."""

    value: SSAValue
    element_types: tuple[Attribute, ...]
    element_type: Attribute


@dataclass(frozen=True)
class _FromNumber:
    """A number converted by the built-in `int` or `float`."""

    function: str
    value: SSAValue


@dataclass(frozen=True)
class _FromTensor:
    """A tensor with one element, converted by one of ATen's operators for this."""

    schema: Schema
    value: SSAValue


_Plan: TypeAlias = _Use | _Constant | _List | _Elements | _FromNumber | _FromTensor


class _Refused(Exception):
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


class OverloadError(FrontendError, TypeError):
    """No overload takes a call's arguments: torch raises TypeError for it.

    `reason` says what is wrong with the overload that is nearest, and `argument` which argument that is: its position or its
    keyword. `given` are the types of the arguments.
    """

    code = "TS305"
    name: str = ""
    reason: str = ""
    argument: int | str | None = None
    given: tuple[str, ...] = ()


class MissingOperatorError(UnsupportedError):
    """An operator of torch's, of this `name`, that tsir has no definition of."""

    def __init__(self, name: str, message: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.name = name


_BASE_TYPES: dict[str, Attribute] = {
    "Tensor": ts.TensorType(), "Scalar": ts.NumberType(), "int": ts.INT, "SymInt": ts.INT, "float": ts.FLOAT,
    "bool": ts.BOOL, "complex": ts.COMPLEX, "str": ts.StrType(), "ScalarType": ts.DTypeType(), "Device": ts.DeviceType(),
    "Layout": ts.LayoutType(), "MemoryFormat": ts.MemoryFormatType(), "Generator": ts.GeneratorType(), "Any": ts.AnyType(),
}  # fmt: skip

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "Scalar": (bool, int, float, complex), "int": (int,), "SymInt": (int,), "float": (float,), "bool": (bool,),
    "complex": (complex,), "str": (str,), "ScalarType": (dtypes.DType,), "Device": (Device,), "Layout": (Layout,),
    "MemoryFormat": (MemoryFormat,),
    "Any": (bool, int, float, complex, str, dtypes.DType, Device, Layout, MemoryFormat),
}  # fmt: skip

_NUMBERS: tuple[Attribute, ...] = (ts.INT, ts.FLOAT, ts.BOOL, ts.COMPLEX, ts.NumberType())

_FROM_TENSOR: dict[str, tuple[str, ...]] = {
    "int": ("IntImplicit", "Int.Tensor"), "SymInt": ("IntImplicit", "Int.Tensor"), "float": ("FloatImplicit", "Float.Tensor"),
    "Scalar": ("ScalarImplicit", "item"), "complex": ("ComplexImplicit", "Complex.Tensor"),
}  # fmt: skip
"""The operators that make a number of a tensor; the first one that the registry has is used."""

_FROM_NUMBER: dict[str, tuple[str, tuple[Attribute, ...]]] = {
    "int": ("int", (ts.BOOL, ts.NumberType())), "SymInt": ("int", (ts.BOOL, ts.NumberType())),
    "float": ("float", (ts.INT, ts.BOOL, ts.NumberType())), "complex": ("complex", (ts.INT, ts.FLOAT, ts.BOOL)),
}  # fmt: skip
"""The built-in that converts to a type, and the types that it takes implicitly."""

_ALIASES = {"input": "self", "axis": "dim", "keepdims": "keepdim", "x": "self", "x1": "self", "a": "self", "x2": "other"}
"""Other names that torch accepts for an argument, where the schema has none of that name."""

_WITHOUT_EFFECT: dict[str, tuple[object, ...]] = {
    "requires_grad": (True, False, None), "names": (None,), "out": (None,), "generator": (None,), "pin_memory": (False, None),
    "device": (None, CPU), "layout": (None, Layout("strided")), "dtype": (None,), "memory_format": (None,),
}  # fmt: skip
"""Keyword arguments with values that mean nothing to a schema without that argument."""


def result_type(kind: SchemaType) -> Attribute:
    """The IR type of a value of a schema's type: `!ts.tensor` for Tensor, `!ts.list<i64>` for `int[]`..."""
    result = _BASE_TYPES.get(kind.base)
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
    for conversion in Conversion:
        for schema in candidates(registry, name):
            try:
                _match(registry, schema, args, kwargs, conversion)
            except _Refused:
                continue
            return schema
    return None


def fits(
    registry: SchemaRegistry, schema: Schema, args: Sequence[Value], kwargs: Mapping[str, Value], conversion: Conversion
) -> bool:
    """Whether an overload takes these arguments with no more than this conversion; emits nothing."""
    try:
        _match(registry, schema, args, kwargs, conversion)
    except _Refused:
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
            plans = _match(registry, schema, args, kwargs, conversion)
        except _Refused:
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
        raise FrontendError(f"aten::{name} gives {len(value)} values, not one", location=_place(location))
    return value


def emit_tensor_to_number(
    builder: Builder, registry: SchemaRegistry, base: str, tensor: SSAValue, location: LocationAttr
) -> SSAValue | None:
    """The number in a tensor with one element, as an `int` or `float`; None when the registry has no operator for it."""
    schema = next((s for key in _FROM_TENSOR[base] if (s := registry.get(key)) is not None), None)
    return None if schema is None else emit_schema(builder, schema, [tensor], location)[0]


def candidates(registry: SchemaRegistry, name: str) -> list[Schema]:
    """The overloads that `name` stands for: all of them, or the one it names."""
    overloads = registry.overloads(name)
    if overloads or "." not in name:
        return overloads
    schema = registry.get(name)
    return [] if schema is None else [schema]


def _place(location: LocationAttr) -> SourceLocation | None:
    return next(iter(source_locations(location)), None)


_INSTEAD = {
    "numpy": "compiled code has no NumPy arrays: return the tensor, and call numpy() on the result",
    "backward": "compiled code computes no gradients: return the loss, and call backward() outside",
    "register_hook": "hooks of tensors belong to eager code: register them outside",
    "share_memory_": "do it outside and pass the tensor",
}
"""What to do instead of calling an operator that compiled code can't have."""


def _select(
    registry: SchemaRegistry, name: str, args: Sequence[Value], kwargs: Mapping[str, Value], location: LocationAttr
) -> tuple[Schema, list[_Plan]]:
    schemas = candidates(registry, name)
    if not schemas:
        message = f"torch's operator {name}() isn't supported yet"
        raise MissingOperatorError(name, message, hint=_INSTEAD.get(name), location=_place(location), code="TS601")
    for conversion in Conversion:
        for schema in schemas:
            try:
                return schema, _match(registry, schema, args, kwargs, conversion)
            except _Refused:
                continue
    _fail(registry, name, schemas, args, kwargs, location)


_SHOWN_OVERLOADS = 4


def _fail(
    registry: SchemaRegistry,
    name: str,
    schemas: Sequence[Schema],
    args: Sequence[Value],
    kwargs: Mapping[str, Value],
    location: LocationAttr,
) -> NoReturn:
    """Raises OverloadError that lists the candidates, the one that fits best first."""
    shown = name.partition(".")[0]
    if "out" not in kwargs:
        schemas = [s for s in schemas if not any(a.type.is_write and a.kwarg_only for a in s.arguments)] or schemas
    refused: list[tuple[int, _Refused, Schema]] = []
    for schema in schemas:
        try:
            _match(registry, schema, args, kwargs, Conversion.TENSOR)
        except _Refused as problem:
            refused.append((_misfits(registry, schema, args, kwargs), problem, schema))
    refused.sort(key=lambda r: r[0])
    given = [show_value(a) for a in args] + [f"{k}={show_value(v)}" for k, v in kwargs.items()]
    nearest = refused[0][1]
    if len(refused) == 1:
        message = f"{shown}() doesn't take ({', '.join(given)}): {nearest}"
        listed = [f"it is declared as {show_schema(refused[0][2])}"]
    else:
        message = f"no overload of {shown}() takes ({', '.join(given)}): {nearest}"
        listed = [f"{show_schema(s)}: {problem}" for _, problem, s in refused[:_SHOWN_OVERLOADS]]
        if len(refused) > _SHOWN_OVERLOADS:
            listed.append(f"and {len(refused) - _SHOWN_OVERLOADS} more overloads")
    error = OverloadError(message, location=_place(location), notes=tuple((text, None) for text in listed))
    error.name, error.reason, error.argument, error.given = shown, str(nearest), nearest.argument, tuple(given)
    if nearest.missing_keyword is not None:
        known = {a.name for _, _, s in refused for a in s.arguments}
        error.hint = did_you_mean(nearest.missing_keyword, known)
    elif nearest.hint is not None:
        error.hint = nearest.hint
    raise error


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


def _misfits(registry: SchemaRegistry, schema: Schema, args: Sequence[Value], kwargs: Mapping[str, Value]) -> int:
    """How many arguments of a call don't fit an overload, those that are missing and those too many included."""
    positional = [a for a in schema.arguments if not a.kwarg_only]
    args = _gather_varargs(registry, positional, args, Conversion.TENSOR)
    given: dict[str, Value] = {a.name: v for a, v in zip(positional, args, strict=False)}
    count = 2 * max(0, len(args) - len(positional))
    names = {a.name: a for a in schema.arguments}
    for key, value in kwargs.items():
        name = key if key in names else _ALIASES.get(key, key)
        count += 2 * (name not in names or name in given)
        given.setdefault(name, value)
    for a in schema.arguments:
        if a.name not in given:
            count += not a.has_default
            continue
        try:
            _convert(registry, given[a.name], a.type, Conversion.TENSOR)
        except _Refused:
            count += 1
    return count


def show_schema(schema: Schema) -> str:
    """An overload as a Python programmer writes a signature: `add(self: Tensor, other: Tensor, *, alpha: number = 1)`."""
    parts: list[str] = []
    for a in schema.arguments:
        if a.kwarg_only and "*" not in parts:
            parts.append("*")
        default = f" = {_show_default(a.default)}" if a.has_default else ""
        parts.append(f"{a.name}: {_show_kind(a.type)}{default}")
    return f"{schema.name.partition('.')[0]}({', '.join(parts)})"


def _show_default(value: Any) -> str:
    return str(list(value)) if isinstance(value, tuple) else repr(value)


def _is_without_effect(key: str, value: Value) -> bool:
    """Whether a keyword that no schema has may be left out: tsir computes without gradients, whoever asks for them."""
    if isinstance(value, SSAValue):
        return key == "requires_grad" and value.type == ts.BOOL
    return any(value is v or value == v for v in _WITHOUT_EFFECT.get(key, ()))


def _match(
    registry: SchemaRegistry, schema: Schema, args: Sequence[Value], kwargs: Mapping[str, Value], conversion: Conversion
) -> list[_Plan]:
    """How each operand is made, or _Refused."""
    positional = [a for a in schema.arguments if not a.kwarg_only]
    args = _gather_varargs(registry, positional, args, conversion)
    if len(args) > len(positional):
        raise _too_many(schema, positional, args)
    given: dict[str, Value] = {a.name: value for a, value in zip(positional, args, strict=False)}
    names = {a.name for a in schema.arguments}
    for key, value in _spread_out(schema, kwargs).items():
        name = key if key in names else _ALIASES.get(key, key)
        if name not in names:
            if not _is_without_effect(key, value):
                raise _Refused(f"it has no argument '{key}'", key, missing_keyword=key)
        elif name in given:
            raise _Refused(f"it got two values for argument '{name}'", key)
        else:
            given[name] = value
    plans: list[_Plan] = []
    for argument in schema.arguments:
        if argument.name in given:
            try:
                plans.append(_convert(registry, given[argument.name], argument.type, conversion))
            except _Refused as refused:
                where = _position(argument, positional, kwargs)
                hint = _what_to_write(argument.type, given[argument.name])
                raise _Refused(f"argument '{argument.name}' {refused}", where, hint=hint) from None
        elif argument.has_default:
            plans.append(_default(argument))
        else:
            raise _Refused(f"argument '{argument.name}' is missing")
    return plans


def _position(argument: Argument, positional: Sequence[Argument], kwargs: Mapping[str, Value]) -> int | str | None:
    """Where an argument stands in a call."""
    keyword = next((k for k in kwargs if k == argument.name or _ALIASES.get(k) == argument.name), None)
    return keyword or next((i for i, a in enumerate(positional) if a is argument), None)


def _too_many(schema: Schema, positional: Sequence[Argument], args: Sequence[Value]) -> _Refused:
    last = positional[-1] if positional else None
    if last is not None and last.type.is_list and last.type.base in ("int", "SymInt"):
        first = len(positional) - 1
        wrong = next((i for i in range(first, len(args)) if not _is_number(args[i], Conversion.TENSOR)), first)
        return _Refused(f"argument '{last.name}' expects ints, found {show_value(args[wrong])}", wrong)
    count = len(positional)
    own = ", the tensor included" if positional and positional[0].name == "self" else ""
    return _Refused(f"it takes {count} positional argument{'s'[: count != 1]}{own}, got {len(args)}", count)


def _gather_varargs(
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


def _default(argument: Argument) -> _Plan:
    value, kind = argument.default, argument.type
    if value is None:
        return _Constant(None)
    if isinstance(value, tuple):
        return _List(tuple(_Constant(default_constant(e, kind)) for e in value), element_type(kind))
    return _Constant(default_constant(value, kind))


def element_type(kind: SchemaType) -> Attribute:
    """The IR type of the elements of a schema's list type."""
    base = _BASE_TYPES[kind.base]
    return ts.optional_of(base) if kind.element_optional else base


def _convert(registry: SchemaRegistry, value: Value, kind: SchemaType, conversion: Conversion) -> _Plan:
    """How a value becomes an operand of this type, or _Refused."""
    if value is None or (isinstance(value, SSAValue) and value.type == ts.NONE):
        if not kind.optional and kind.base != "Any":
            raise _Refused(f"expects {_show_kind(kind)}, found None")
        return _Constant(None)
    if isinstance(value, SSAValue) and isinstance(value.type, ts.OptionalType) and kind.optional:
        if not _is_subtype(value.type.element, kind):
            raise _Refused(f"expects {_show_kind(kind)}, found {show_type(value.type)}")
        return _Use(value)
    return (
        _convert_list(registry, value, kind, conversion) if kind.is_list else _convert_one(registry, value, kind, conversion)
    )


def _show_kind(kind: SchemaType) -> str:
    name = {"ScalarType": "dtype", "Scalar": "number", "SymInt": "int"}.get(kind.base, kind.base)
    name = f"List[{name}]" if kind.is_list else name
    return f"Optional[{name}]" if kind.optional else name


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
            return given == _BASE_TYPES.get(base)


def _convert_one(registry: SchemaRegistry, value: Value, kind: SchemaType, conversion: Conversion) -> _Plan:
    refused = _Refused(f"expects {_show_kind(kind)}, found {show_value(value)}")
    if isinstance(value, SSAValue):
        if _is_base(value.type, kind.base):
            return _Use(value)
        function, sources = _FROM_NUMBER.get(kind.base, ("", ()))
        if conversion >= Conversion.NUMBER and value.type in sources:
            return _FromNumber(function, value)
        if conversion >= Conversion.TENSOR and isinstance(value.type, ts.TensorType):
            for key in _FROM_TENSOR.get(kind.base, ()):
                if (schema := registry.get(key)) is not None:
                    return _FromTensor(schema, value)
        if isinstance(value.type, ts.OptionalType) and _is_base(value.type.element, kind.base):
            raise _Refused(f"{refused}, which may be None")
        raise refused
    if kind.base == "Any" and isinstance(value, list | tuple):
        return _any_list(value, refused)
    if not is_constant(value):
        raise refused
    return _Constant(_convert_constant(value, kind.base, conversion, refused))  # type: ignore[arg-type]


def _any_list(value: Sequence[Any], refused: _Refused) -> _List:
    """A list for an argument of any type: its element type is that of its elements, as in Python's `[1, 2.5]` a number's.

    Rectangular nesting of lists only; the nesting is the user's text's, so it is shallow.
    """
    elements = tuple(
        _any_list(e, refused) if isinstance(e, list | tuple) else _Use(e) if isinstance(e, SSAValue) else _Constant(e)
        for e in value
    )
    kinds = {ts.ListType(e.element_type) if isinstance(e, _List) else e.value.type if isinstance(e, _Use) else
             type_of_constant(e.value) for e in elements}  # fmt: skip
    if len(kinds) <= 1:
        return _List(elements, next(iter(kinds), ts.FLOAT))
    for wider in (ts.INT, ts.FLOAT, ts.COMPLEX):
        if kinds <= set(_FROM_NUMBER[show_type(wider)][1]) | {wider}:
            return _List(tuple(_widened(e, wider) for e in elements), wider)
    raise refused


def _widened(element: _Use | _Constant | _List, wider: Attribute) -> _Plan:
    function = show_type(wider)
    if isinstance(element, _Constant):
        return _Constant({"int": int, "float": float, "complex": complex}[function](element.value))  # type: ignore[arg-type]
    assert isinstance(element, _Use)
    return element if element.value.type == wider else _FromNumber(function, element.value)


def _convert_constant(value: Constant, base: str, conversion: Conversion, refused: _Refused) -> Constant:
    accepted = _PYTHON_TYPES.get(base, ())
    if isinstance(value, accepted) and not (isinstance(value, bool) and bool not in accepted):
        if type(value) is int and not INT64_MIN <= value <= INT64_MAX:
            raise _Refused(f"{value} doesn't fit into 64 bits")
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


def _convert_list(registry: SchemaRegistry, value: Value, kind: SchemaType, conversion: Conversion) -> _Plan:
    element = SchemaType(kind.base, optional=kind.element_optional)
    wanted = element_type(kind)
    if isinstance(value, SSAValue):
        if _is_subtype(value.type, kind):
            return _Use(value)
        if isinstance(value.type, ts.TupleType | ts.NamedTupleType):
            types = tuple(value.type.elements.data)
            if all(_is_element(t, kind) for t in types):
                return _Elements(value, types, wanted)
    if isinstance(value, list | tuple):
        return _List(tuple(_convert(registry, e, element, conversion) for e in value), wanted)
    if kind.list_size:
        try:
            plan = _convert_one(registry, value, element, conversion)
        except _Refused:
            pass
        else:
            return _List((plan,) * kind.list_size, wanted)
    raise _Refused(f"expects {_show_kind(kind)}, found {show_value(value)}")


def _materialise(builder: Builder, plan: _Plan, location: LocationAttr) -> SSAValue:
    match plan:
        case _Use():
            return plan.value
        case _Constant():
            return emit_constant(builder, plan.value, location)
        case _List():
            made: dict[int, SSAValue] = {}
            for element in plan.elements:
                if id(element) not in made:
                    made[id(element)] = _materialise(builder, element, location)
            return emit_list(builder, [made[id(e)] for e in plan.elements], plan.element_type, location)
        case _Elements():
            parts = [
                insert(builder, TupleGetOp(plan.value, i, t), location).result for i, t in enumerate(plan.element_types)
            ]
            return emit_list(builder, parts, plan.element_type, location)
        case _FromNumber():
            return insert(builder, py_op(plan.function)([plan.value], [_BASE_TYPES[plan.function]]), location).results[0]
        case _FromTensor():
            return emit_schema(builder, plan.schema, [plan.value], location)[0]


__all__ = [
    "Conversion", "Value", "candidates", "element_type", "emit_aten", "emit_one", "emit_overload", "emit_schema",
    "emit_tensor_to_number", "find_overload", "fits",
    "resolve", "result_type", "show_type", "show_value", "type_of",
]  # fmt: skip
