"""Element types: torch's names, NumPy's, MLIR's spelling, and torch's promotion rules.

A `DType` is a plain value without xDSL or torch behind it, so that generated code and the archive can use it when neither is
loaded. The conversion from and to xDSL's types is in `dialects/ts/types.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from tsir.errors import OperatorError


class Category(IntEnum):
    """torch's dtype categories; a higher one wins in promotion."""

    BOOL = 0
    INT = 1
    FLOAT = 2
    COMPLEX = 3


@dataclass(frozen=True, eq=False)
class DType:
    """One element type. Compared by identity: there is exactly one object for each."""

    name: str
    """torch's name without the module, such as `float32`."""
    mlir: str
    """MLIR's spelling, such as `f32`; unsigned integers are `ui8` in `ts`, `i8` in linalg."""
    numpy: str
    """What `numpy.dtype` takes; `bfloat16` is `ml_dtypes`'."""
    category: Category
    itemsize: int
    signed: bool = True

    @property
    def is_floating_point(self) -> bool:
        """As `torch.dtype.is_floating_point`: real floating point only."""
        return self.category is Category.FLOAT

    @property
    def is_complex(self) -> bool:
        """As `torch.dtype.is_complex`."""
        return self.category is Category.COMPLEX

    @property
    def is_signed(self) -> bool:
        """As `torch.dtype.is_signed`."""
        return self.signed

    def limit(self, name: str) -> Any:
        """An attribute of `torch.finfo` or `torch.iinfo` of this dtype. Raises AttributeError for another name."""
        if self.category is Category.INT:
            bits = 8 * self.itemsize
            least = -(2 ** (bits - 1)) if self.signed else 0
            values: dict[str, Any] = {"bits": bits, "min": least, "max": 2**bits - 1 + least, "dtype": self.name}
        else:
            fraction, exponent = _FLOAT_BITS[_REAL.get(self.name, self.name)]
            largest = (2.0 - 2.0**-fraction) * 2.0**exponent
            values = {
                "bits": 8 * self.itemsize // (2 if self.is_complex else 1), "eps": 2.0**-fraction, "max": largest,
                "min": -largest, "tiny": 2.0 ** (1 - exponent), "smallest_normal": 2.0 ** (1 - exponent),
                "resolution": float(f"1e-{int(fraction * math.log10(2))}"), "dtype": _REAL.get(self.name, self.name),
            }  # fmt: skip
        if name not in values:
            raise AttributeError(f"the limits of {self} have no attribute '{name}'")
        return values[name]

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[object, ...]:
        return (dtype, (self.name,))


_FLOAT_BITS = {"float16": (10, 15), "bfloat16": (7, 127), "float32": (23, 127), "float64": (52, 1023)}
"""Bits of the fraction and the largest exponent of each floating-point dtype."""
_REAL = {"complex64": "float32", "complex128": "float64"}

bool_ = DType("bool", "i1", "bool", Category.BOOL, 1, signed=False)
uint8 = DType("uint8", "ui8", "uint8", Category.INT, 1, signed=False)
int8 = DType("int8", "i8", "int8", Category.INT, 1)
int16 = DType("int16", "i16", "int16", Category.INT, 2)
int32 = DType("int32", "i32", "int32", Category.INT, 4)
int64 = DType("int64", "i64", "int64", Category.INT, 8)
float16 = DType("float16", "f16", "float16", Category.FLOAT, 2)
bfloat16 = DType("bfloat16", "bf16", "bfloat16", Category.FLOAT, 2)
float32 = DType("float32", "f32", "float32", Category.FLOAT, 4)
float64 = DType("float64", "f64", "float64", Category.FLOAT, 8)
complex64 = DType("complex64", "complex<f32>", "complex64", Category.COMPLEX, 8)
complex128 = DType("complex128", "complex<f64>", "complex128", Category.COMPLEX, 16)

ALL: tuple[DType, ...] = (
    bool_, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64, complex64, complex128,
)  # fmt: skip

_NAMES_ONLY: tuple[DType, ...] = (
    DType("complex32", "", "", Category.COMPLEX, 4),
    *(DType(f"uint{n}", "", "", Category.INT, n // 8, signed=False) for n in (16, 32, 64)),
    *(DType(f"float8_{n}", "", "", Category.FLOAT, 1) for n in ("e4m3fn", "e4m3fnuz", "e5m2", "e5m2fnuz", "e8m0fnu")),
    DType("qint8", "", "", Category.INT, 1), DType("quint8", "", "", Category.INT, 1, signed=False),
    DType("qint32", "", "", Category.INT, 4),
)  # fmt: skip
"""dtypes that programs name, compare and return, but that no tensor of theirs can have."""

_ALIASES = {"half": "float16", "float": "float32", "double": "float64", "short": "int16", "int": "int32",
            "long": "int64", "cfloat": "complex64", "cdouble": "complex128", "chalf": "complex32"}  # fmt: skip
_NAMED = {d.name: d for d in (*ALL, *_NAMES_ONLY)}
_BY_NAME = _NAMED | {alias: _NAMED[name] for alias, name in _ALIASES.items()}
_BY_MLIR = {d.mlir: d for d in ALL}
_BY_NUMPY = {d.numpy: d for d in ALL}


def dtype(name: str) -> DType:
    """The dtype with torch's name (`float32`, `long`, with or without `torch.`). Raises KeyError for others."""
    return _BY_NAME[name.removeprefix("torch.")]


def named() -> tuple[DType, ...]:
    """All dtypes that programs can name."""
    return (*ALL, *_NAMES_ONLY)


def of_tensors(dtype: DType) -> DType:
    """The dtype itself. Raises OperatorError for one that tensors can't have here."""
    if not dtype.numpy:
        raise OperatorError(f"tensors of dtype {dtype} aren't supported")
    return dtype


def from_mlir(spelling: str) -> DType:
    """The dtype that MLIR spells so (`f32`, `ui8`, `complex<f32>`). Raises KeyError for others."""
    return _BY_MLIR[spelling]


def from_numpy(name: str) -> DType:
    """The dtype of NumPy's `dtype.name`. Raises KeyError for one that torch has not (or that tsir doesn't do)."""
    return _BY_NUMPY[name]


_SIGNED_RANK = {int8: 0, int16: 1, int32: 2, int64: 3}
_COMPLEX_OF = {float16: complex64, bfloat16: complex64, float32: complex64, float64: complex128}


def promote(a: DType, b: DType) -> DType:
    """`torch.promote_types(a, b)`."""
    if a is b:
        return a
    low, high = (a, b) if a.category <= b.category else (b, a)
    if low.category is not high.category:
        if low.category is Category.FLOAT:
            return promote(_COMPLEX_OF[low], high)
        return high
    if low.category is Category.INT:
        if uint8 in (a, b):
            other = b if a is uint8 else a
            return int16 if other is int8 else other
        return a if _SIGNED_RANK[a] >= _SIGNED_RANK[b] else b
    if low.category is Category.FLOAT and {a, b} == {float16, bfloat16}:
        return float32
    return a if a.itemsize >= b.itemsize else b


def to_complex(d: DType) -> DType:
    """The complex dtype whose parts are `d` (complex64 for half precisions, as promotion gives)."""
    return _COMPLEX_OF.get(d, d if d.category is Category.COMPLEX else complex64)


def to_real(d: DType) -> DType:
    """The dtype of the real part of `d`; `d` itself when it isn't complex."""
    return {complex64: float32, complex128: float64}.get(d, d)
