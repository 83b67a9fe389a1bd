"""The numbers by which TorchScript's serialised code and its programs know dtypes, layouts and memory formats."""

from __future__ import annotations

from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.values import Layout, MemoryFormat
from tsir.errors import OperatorError

_DTYPES: dict[int, DType] = {
    code: dtypes.dtype(name)
    for code, name in {
        0: "uint8", 1: "int8", 2: "int16", 3: "int32", 4: "int64", 5: "float16", 6: "float32", 7: "float64", 8: "complex32",
        9: "complex64", 10: "complex128", 11: "bool", 12: "qint8", 13: "quint8", 14: "qint32", 15: "bfloat16", 23: "float8_e5m2",
        24: "float8_e4m3fn", 25: "float8_e5m2fnuz", 26: "float8_e4m3fnuz", 27: "uint16", 28: "uint32", 29: "uint64",
        44: "float8_e8m0fnu",
    }.items()
}  # fmt: skip
_LAYOUTS = ("strided", "sparse_coo", "sparse_csr", "_mkldnn", "sparse_csc", "sparse_bsr", "sparse_bsc", "jagged")
_MEMORY_FORMATS = ("contiguous_format", "preserve_format", "channels_last", "channels_last_3d")
_DTYPE_CODES = {d: code for code, d in _DTYPES.items()}


def type_code(value: Any) -> int:
    """The number of a dtype, layout or memory format."""
    match value:
        case DType():
            return _DTYPE_CODES[value]
        case Layout():
            return _LAYOUTS.index(value.name)
        case MemoryFormat():
            return _MEMORY_FORMATS.index(value.name)
        case _:
            return int(value)


def dtype_from_code(code: int) -> DType:
    """The dtype of a number. Raises OperatorError for a number that none has."""
    if code not in _DTYPES:
        raise OperatorError(f"no dtype has number {code}")
    return _DTYPES[code]


def layout_from_code(code: int) -> Layout:
    """The layout of a number. Raises OperatorError for a number that none has."""
    if not 0 <= code < len(_LAYOUTS):
        raise OperatorError(f"no layout has number {code}")
    return Layout(_LAYOUTS[code])


def memory_format_from_code(code: int) -> MemoryFormat:
    """The memory format of a number. Raises OperatorError for a number that none has."""
    if not 0 <= code < len(_MEMORY_FORMATS):
        raise OperatorError(f"no memory format has number {code}")
    return MemoryFormat(_MEMORY_FORMATS[code])
