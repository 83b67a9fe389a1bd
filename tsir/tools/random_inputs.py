"""Random values of IR types, as a running program works with them (`dialects/values.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from xdsl.dialects.builtin import (
    DYNAMIC_INDEX,
    ComplexType,
    Float16Type,
    Float32Type,
    Float64Type,
    IndexType,
    IntegerType,
    NoneType,
)
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.ir import Attribute

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.dialects.ts import types as ts
from tsir.dialects.values import CPU
from tsir.errors import TsirError

SPECIAL = (float("nan"), float("inf"), float("-inf"), 0.0, -0.0)
"""What floating-point tensors are strewn with when special values are asked for."""


@dataclass(eq=False)
class Draw:
    """Draws values: `size` is what unknown dimensions have, `shape` that of tensors of unknown rank."""

    rng: np.random.Generator
    size: int = 3
    shape: tuple[int, ...] = (2, 3)
    special: bool = False

    def value(self, kind: Attribute) -> Any:
        """A value of a type. Raises TsirError for types that nothing can be made of, such as objects."""
        match kind:
            case ts.TensorType() | BuiltinTensorType():
                return self._tensor(kind)
            case IntegerType() if kind.width.data == 1:
                return bool(self.rng.integers(2))
            case IntegerType() | IndexType():
                return int(self.rng.integers(-3 if self.special and isinstance(kind, IntegerType) else 0, 5))
            case Float16Type() | Float32Type() | Float64Type():
                return float(self.rng.choice(SPECIAL)) if self.special and self.rng.random() < 0.3 else self._number()
            case ComplexType():
                return complex(self._number(), self._number())
            case NoneType():
                return None
            case ts.NumberType() | ts.AnyType():
                return self._number()
            case ts.StrType():
                return "".join(self.rng.choice(list("abc "), 4))
            case ts.BytesType():
                return bytes(self.rng.integers(0, 256, 4).tolist())
            case ts.DTypeType():
                return dtypes.float32
            case ts.DeviceType():
                return CPU
            case _:
                return self._container(kind)

    def _container(self, kind: Attribute) -> Any:
        match kind:
            case ts.OptionalType():
                return None if self.rng.random() < 0.3 else self.value(kind.element)
            case ts.UnionType():
                return self.value(kind.members.data[int(self.rng.integers(len(kind.members.data)))])
            case ts.ListType():
                return [self.value(kind.element) for _ in range(self.size)]
            case ts.TupleOfType():
                return tuple(self.value(kind.element) for _ in range(self.size))
            case ts.SetType():
                return {self.value(kind.element) for _ in range(self.size)}
            case ts.FrozenSetType():
                return frozenset(self.value(kind.element) for _ in range(self.size))
            case ts.DictType():
                return {self.value(kind.key): self.value(kind.value) for _ in range(self.size)}
            case ts.TupleType():
                return tuple(self.value(e) for e in kind.elements.data)
            case _:
                raise TsirError(f"there are no random values of type {kind}")

    def _number(self) -> float:
        return round(float(self.rng.standard_normal()) * 2, 3)

    def _tensor(self, kind: ts.TensorType | BuiltinTensorType[Any]) -> Any:
        if isinstance(kind, ts.TensorType):
            dtype, dims = kind.dtype or dtypes.float32, kind.dims
        else:
            found = ts.dtype_of(kind.element_type)
            dtype = dtypes.int64 if isinstance(kind.element_type, IndexType) else found
            dims = tuple(None if d == DYNAMIC_INDEX else d for d in kind.get_shape())
        if dtype is None:
            raise TsirError(f"there are no random values of type {kind}")
        shape = self.shape if dims is None else tuple(self.size if d is None else d for d in dims)
        return self.array(dtype, shape)

    def array(self, dtype: DType, shape: tuple[int, ...]) -> Any:
        """A tensor of this dtype and shape: standard normal, small integers, or bools."""
        if dtype.numpy == "bfloat16":
            import ml_dtypes  # its dtype is known to NumPy by being imported

            numpy_dtype = np.dtype(ml_dtypes.bfloat16)
        else:
            numpy_dtype = np.dtype(dtype.numpy)
        if dtype.category is Category.BOOL:
            return self.rng.integers(0, 2, shape).astype(bool)
        if dtype.category is Category.INT:
            return self.rng.integers(-3 if self.special and dtype.signed else 0, 5, shape).astype(numpy_dtype)
        values = np.asarray(self.rng.standard_normal(shape))
        if self.special and values.size:
            # A third of the elements, so that in few elements most special values come, too.
            at = self.rng.permutation(values.size)[: max(1, -(-values.size // 3))]
            values = values.reshape(-1)
            values[at] = np.resize(self.rng.permutation(SPECIAL), len(at))
            values = values.reshape(shape)
        if dtype.category is Category.COMPLEX:
            return (values + 1j * self.rng.standard_normal(shape)).astype(numpy_dtype)
        return values.astype(numpy_dtype)
