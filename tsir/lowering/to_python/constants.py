"""Constants as Python source: attributes of the IR, and values of a running program (the defaults of parameters)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from xdsl.dialects.builtin import DenseIntOrFPElementsAttr, FloatAttr, IntegerAttr, StringAttr
from xdsl.ir import Attribute

from tsir.dialects.dtypes import DType, float32, from_numpy
from tsir.dialects.listed import ScalarObject
from tsir.dialects.ts import attributes, types
from tsir.dialects.values import Device, EnumMember, Layout, MemoryFormat

if TYPE_CHECKING:
    from tsir.lowering.to_python.names import Names


def member_text(cls: str, member: str) -> str:
    """A member of an enum; a combination of flags, whose name is its value, is made of that."""
    return f"{cls}.{member}" if member.isidentifier() else f"{cls}({member})"


def attribute_text(names: Names, value: Attribute) -> str:
    """A constant of the IR."""
    if isinstance(value, IntegerAttr):
        integer = cast(Any, value)
        return repr(bool(integer.value.data)) if integer.type == types.BOOL else int_text(int(integer.value.data))
    if isinstance(value, FloatAttr):
        return float_text(float(cast(Any, value).value.data))
    if isinstance(value, StringAttr):
        return repr(value.data)
    if isinstance(value, attributes.NoneValueAttr):
        return "None"
    if isinstance(value, attributes.DTypeAttr | attributes.LayoutAttr | attributes.MemoryFormatAttr):
        return f"{names.use('torch')}.{value.value.data}"
    if isinstance(value, attributes.DeviceAttr):
        return f"{names.use('torch')}.device({value.value.data!r})"
    if isinstance(value, attributes.ComplexValueAttr):
        return complex_text(value.value)
    if isinstance(value, attributes.BytesValueAttr):
        return repr(value.value)
    if isinstance(value, attributes.EnumValueAttr):
        return member_text(names.class_name(value.symbol.root_reference.data), value.member.data)
    if isinstance(value, DenseIntOrFPElementsAttr):
        return _tensor_text(names, value)
    return str(value)


def int_text(value: int) -> str:
    """An int; the least one of 64 bits isn't a literal, for its positive counterpart has more."""
    return repr(value) if value > -(2**63) else f"{value + 1} - 1"


def float_text(value: float) -> str:
    """A float, also where it has no literal."""
    return repr(value) if math.isfinite(value) else f"float({str(value)!r})"


def complex_text(value: complex) -> str:
    """A complex number: by its parts, which keeps zeros' signs."""
    return f"complex({float_text(value.real)}, {float_text(value.imag)})"


def numpy_class(kind: str) -> str:
    """The class of NumPy's scalars of a name, as source names it."""
    return "numpy.bool_" if kind == "bool" else f"numpy.{kind}"


def value_text(names: Names, value: Any) -> str:
    """A value as a running program has it."""
    match value:
        case ScalarObject() | np.generic():
            scalar = value.scalar if isinstance(value, ScalarObject) else value
            return f"{names.use('numpy')}.{numpy_class(scalar.dtype.name).partition('.')[2]}({value_text(names, scalar.item())})"
        case bool() | str() | bytes() | None:
            return repr(value)
        case int():
            return int_text(value)
        case float():
            return float_text(value)
        case complex():
            return complex_text(value)
        case DType() | Layout() | MemoryFormat():
            return f"{names.use('torch')}.{value.name}"
        case Device():
            return f"{names.use('torch')}.device({str(value)!r})"
        case EnumMember():
            return member_text(names.class_name(value.class_name), value.name)
        case list():
            return f"[{', '.join(value_text(names, v) for v in cast(list[Any], value))}]"
        case set():
            return f"{{{', '.join(value_text(names, v) for v in cast(set[Any], value))}}}" if value else "set()"
        case tuple():
            items = [value_text(names, v) for v in cast(tuple[Any, ...], value)]
            return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
        case dict():
            pairs = cast(dict[Any, Any], value).items()
            return f"{{{', '.join(f'{value_text(names, k)}: {value_text(names, v)}' for k, v in pairs)}}}"
        case np.ndarray():
            return _array_text(names, cast("np.ndarray[Any, Any]", value))
        case _:
            return repr(value)


def _array_text(names: Names, value: np.ndarray[Any, Any]) -> str:
    """A tensor of a running program as `torch.tensor(data, dtype=...)`."""
    held = names.constant(value)
    if held is not None:
        return held
    dtype = from_numpy(value.dtype.name)
    if not value.size and value.ndim > 1:
        return f"{names.use('torch')}.zeros({list(value.shape)}, dtype=torch.{dtype.name})"
    texts = [value_text(names, v) for v in value.reshape(-1).tolist()]
    return f"{names.use('torch')}.tensor({_nested(texts, list(value.shape))}, dtype=torch.{dtype.name})"


def _tensor_text(names: Names, value: Any) -> str:
    """A tensor constant as `torch.tensor(data, dtype=...)`."""
    kind = types.TensorType.from_builtin(value.type)
    shape = [int(d) for d in value.type.get_shape()]
    items = list(value.get_values())
    if names.constants is not None:
        made = [complex(*map(float, v)) if isinstance(v, tuple) else v for v in items]
        array = np.asarray(made, (kind.dtype or float32).numpy)
        return names.constant(np.broadcast_to(array, shape) if array.size == 1 else array.reshape(shape)) or ""
    if value.is_splat() and math.prod(shape) != 1:
        items = items[:1]
    texts = [_element_text(v, kind.dtype) for v in items]
    dtype = f"{names.use('torch')}.{kind.dtype.name if kind.dtype is not None else 'float32'}"
    if len(texts) < math.prod(shape):
        return f"torch.full({shape}, {texts[0]}, dtype={dtype})"
    if not math.prod(shape) and len(shape) > 1:
        return f"torch.zeros({shape}, dtype={dtype})"
    return f"torch.tensor({_nested(texts, shape)}, dtype={dtype})"


def _element_text(value: Any, dtype: DType | None) -> str:
    if isinstance(value, tuple):
        real, imaginary = cast(tuple[Any, Any], value)
        return complex_text(complex(float(real), float(imaginary)))
    if dtype is not None and dtype.name == "bool":
        return repr(bool(value))
    return float_text(value) if isinstance(value, float) else int_text(int(value))


def _nested(texts: list[str], shape: list[int]) -> str:
    if not shape:
        return texts[0]
    size = len(texts) // shape[0] if shape[0] else 0
    return f"[{', '.join(_nested(texts[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0]))}]"
