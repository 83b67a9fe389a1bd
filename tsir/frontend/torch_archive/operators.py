"""Calls of ATen's operators in serialised code: which overload they mean.

Serialised code names operators without their overload, and has ints for dtypes, layouts and memory formats; the overload is the
first one of the registry that takes the arguments, read so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xdsl.ir import SSAValue

from tsir.dialects import type_codes
from tsir.dialects.dtypes import float32
from tsir.dialects.schema import Schema, SchemaType
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.compatibility import members
from tsir.dialects.values import CPU, Layout, MemoryFormat
from tsir.errors import did_you_mean
from tsir.frontend.argument_matching import Conversion
from tsir.frontend.overloads import candidates, emit_aten, fits
from tsir.frontend.torch_archive.body import Body, ListValue, TensorConstant, TupleValue, Value
from tsir.ops.registry import SCHEMAS

_FROM_CODES: Mapping[str, Any] = {
    "ScalarType": type_codes.dtype_from_code, "Layout": type_codes.layout_from_code,
    "MemoryFormat": type_codes.memory_format_from_code,
}  # fmt: skip
_CODED_TYPES = {"ScalarType": ts.DTypeType(), "Layout": ts.LayoutType(), "MemoryFormat": ts.MemoryFormatType()}
_EXAMPLES: Mapping[str, Any] = {
    "ScalarType": float32, "Layout": Layout("strided"), "MemoryFormat": MemoryFormat("contiguous_format"),
}  # fmt: skip


Call = tuple[Sequence[Value], Mapping[str, Value], str]


def _to(b: Body, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Call:
    """`to(x, device, dtype, non_blocking, copy)`, of which TorchScript has forms where either may be left out or None."""
    rest = list(args[1:])
    if len(rest) > 4 or not rest or kwargs:
        return args, kwargs, "to"
    kinds = [b.type_of(v) for v in rest]
    if isinstance(kinds[0], ts.TensorType):
        return args, kwargs, "to"
    named: dict[str, Value] = {}
    if any(isinstance(m, ts.DeviceType) for m in members(kinds[0])) or (len(rest) > 1 and kinds[0] == ts.NONE):
        named["device"] = rest.pop(0)
    if rest and b.type_of(rest[0]) != ts.BOOL:
        named["dtype"] = rest.pop(0)
    named.update(zip(("non_blocking", "copy", "memory_format"), rest, strict=False))
    return args[:1], named, "to.dtype_layout"


def _as_tensor(b: Body, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Call | None:
    """`as_tensor(data, dtype)`: a tensor of the right dtype is given back as it is."""
    if not args or not isinstance(b.type_of(args[0]), ts.TensorType):
        return args, kwargs, "as_tensor"
    dtype = kwargs.get("dtype", args[1] if len(args) > 1 else None)
    return None if dtype is None else (args[:1], {"dtype": dtype}, "to.dtype_layout")


_NESTED = ("_nested_tensor_from_mask_left_aligned",)
"""Operators that ask whether nested tensors can be used, which tsir hasn't: torch then goes the way that it goes with gradients."""

_REWRITTEN: Mapping[str, Callable[[Body, Sequence[Value], Mapping[str, Value]], Call | None]] = {
    "to": _to,
    "as_tensor": _as_tensor,
    "cpu": lambda b, args, kwargs: (args, {"device": CPU}, "to.dtype_layout"),
}
"""Operators of TorchScript's that are written as others, or that are their first argument."""


def _generator(b: Body, kwargs: Mapping[str, Value]) -> Value:
    """`torch.Generator(device=..., seed=...)`."""
    made = emit_operator(b, "_generator", [], {})
    if kwargs.get("seed") is not None:
        emit_operator(b, "manual_seed", [made, kwargs["seed"]], {})
    return made


def emit_operator(b: Body, name: str, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """A call of `aten::<name>`. Raises UnsupportedError for an operator that tsir hasn't, FrontendError for wrong arguments."""
    if name in _NESTED:
        return False
    if name == "Generator":
        return _generator(b, kwargs)
    if (rewrite := _REWRITTEN.get(name)) is not None:
        written = rewrite(b, args, kwargs)
        if written is None:
            return args[0]
        args, kwargs, name = written
    schemas = candidates(SCHEMAS, name)
    if not schemas:
        keys = SCHEMAS.keys()
        hint = did_you_mean(name, {k.partition(".")[0] for k in keys})
        b.unsupported(f"torch's operator aten::{name}", hint)
    given, named = [_argument(b, a) for a in args], {k: _argument(b, a) for k, a in kwargs.items()}
    schema = _chosen(schemas, given, named)
    if schema is None:
        name_or_key, made, made_named = name, given, named
    else:
        name_or_key = schema.key
        made, made_named = _read(b, schema, given, named)
    result = emit_aten(b.builder, SCHEMAS, name_or_key, made, made_named, b.location)
    if isinstance(result, SSAValue):
        return result
    return TupleValue(tuple(result)) if result else None


def _argument(b: Body, value: Value) -> Any:
    """A value as `overloads.py` takes it."""
    match value:
        case ListValue():
            return [_argument(b, e) for e in value.elements]
        case TupleValue():
            return tuple(_argument(b, e) for e in value.elements)
        case TensorConstant():
            return b.value(value)
        case _:
            return value


def _chosen(schemas: Sequence[Schema], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Schema | None:
    for conversion in Conversion:
        for schema in schemas:
            read = _pairs(schema, args, kwargs, _example)
            if fits(SCHEMAS, schema, *read, conversion):
                return schema
    return None


def _pairs(schema: Schema, args: Sequence[Any], kwargs: Mapping[str, Any], read: Any) -> tuple[list[Any], dict[str, Any]]:
    """The arguments with `read(value, type)` for each that the schema has a type for."""
    positional = [a for a in schema.arguments if not a.kwarg_only]
    kinds = {a.name: a.type for a in schema.arguments}
    made = [read(v, positional[i].type) if i < len(positional) else v for i, v in enumerate(args)]
    return made, {k: read(v, kinds[k]) if k in kinds else v for k, v in kwargs.items()}


def _is_code(value: Any, kind: SchemaType) -> bool:
    if kind.base not in _FROM_CODES or kind.is_list or isinstance(value, bool):
        return False
    if isinstance(value, SSAValue):
        return value.type == ts.INT or (kind.optional and value.type == ts.OptionalType(ts.INT))
    return isinstance(value, int)


def _example(value: Any, kind: SchemaType) -> Any:
    return _EXAMPLES[kind.base] if _is_code(value, kind) else value


def _read(b: Body, schema: Schema, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    def read(value: Any, kind: SchemaType) -> Any:
        if not _is_code(value, kind):
            return b.uncoded(value) if isinstance(value, SSAValue) and kind.base in ("Scalar", "int", "SymInt") else value
        if isinstance(value, int):
            return _FROM_CODES[kind.base](value)
        assert isinstance(value, SSAValue)
        wanted = _CODED_TYPES[kind.base]
        if value.type == ts.INT:
            return b.cast(value, wanted)
        is_none = b.py("is", [value, None])
        return b.choose(is_none, ts.OptionalType(wanted), lambda: None, lambda: b.cast(b.cast(value, ts.INT), wanted))

    return _pairs(schema, args, kwargs, read)
