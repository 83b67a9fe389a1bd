"""Host operators on NumPy arrays: tensors from Python data and back, and how an array lies in memory.

What random operators do is in `host_random_operators.py`. Arguments come as the schema has them: arrays, Python values, `DType`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.dialects.listed import ScalarObject
from tsir.errors import OperatorError, OperatorTypeError, OperatorValueError
from tsir.ops.promotion import default_dtype

Array = NDArray[Any]


def numpy_dtype(dtype: DType) -> np.dtype[Any]:
    """NumPy's dtype; bfloat16 is `ml_dtypes`'."""
    if dtype is dtypes.bfloat16:
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(dtypes.of_tensors(dtype).numpy)


def _data_shape(data: Any) -> tuple[tuple[int, ...], list[Any]]:
    """The shape of nested lists of numbers and 0-d arrays, and all numbers in order. Raises ValueError for ragged ones."""
    shape: list[int] = []
    level: list[Any] = [data]
    while level and isinstance(level[0], list | tuple):
        size = len(level[0])
        following: list[Any] = []
        for part in level:
            if not isinstance(part, list | tuple) or len(part) != size:
                found = len(part) if isinstance(part, list | tuple) else 0
                raise OperatorValueError(f"expected sequence of length {size} at dim {len(shape)} (got {found})")
            following.extend(part)
        shape.append(size)
        level = following
    for part in level:
        if isinstance(part, list | tuple):
            raise OperatorTypeError("not a sequence of equal depth")
    return tuple(shape), level


def data_dtype(numbers: list[Any]) -> DType:
    """The dtype that torch gives to data: complex, the default dtype, int64 or bool, the highest category wins."""
    found = dtypes.bool_ if numbers else default_dtype()
    for number in numbers:
        if isinstance(number, np.ndarray):
            kind = dtypes.from_numpy(number.dtype.name)
        elif isinstance(number, bool):
            kind = dtypes.bool_
        elif isinstance(number, int):
            kind = dtypes.int64
        elif isinstance(number, complex):
            kind = dtypes.to_complex(default_dtype())
        else:
            kind = default_dtype()
        found = dtypes.promote(found, kind)
    return found


def tensor(data: Any, dtype: DType | None, device: Any, requires_grad: bool = False) -> Array:
    """`torch.tensor`: a new array of nested lists of numbers, of a number, or of an array."""
    if isinstance(data, np.ndarray):
        return np.array(data, dtype=None if dtype is None else numpy_dtype(dtype), order="K")
    shape, numbers = _data_shape(data)
    if numbers and all(isinstance(n, np.ndarray) for n in numbers):
        if any(n.size != 1 for n in numbers):
            raise OperatorValueError("only one element tensors can be converted to Python scalars")
        numbers = [n.reshape(())[()] for n in numbers]
        own = dtypes.from_numpy(numbers[0].dtype.name)
        values = [n.item() for n in numbers]
        target = data_dtype(values) if dtype is None and own.category is not Category.FLOAT else dtype or data_dtype(values)
        return _array(values, shape, target)
    values = [
        n.item() if isinstance(n, np.ndarray) else n.scalar.item() if isinstance(n, ScalarObject) else n for n in numbers
    ]
    for value in values:
        if not isinstance(value, int | float | complex):
            raise OperatorTypeError(f"new(): invalid data type {type(value).__name__!r}")
    return _array(values, shape, dtype or data_dtype(numbers))


def _array(values: list[Any], shape: tuple[int, ...], dtype: DType) -> Array:
    target = numpy_dtype(dtype)
    if dtype.category is Category.INT:
        limits = np.iinfo(target)
        whole = [int(v) for v in values]
        for value in whole:
            if not limits.min <= value <= limits.max and not (limits.min == 0 and -limits.max - 1 <= value < 0):
                raise OperatorError(f"value cannot be converted to type {dtype.name} without overflow")
        return np.array(whole, np.int64 if whole and min(whole) < 0 else None).astype(target).reshape(shape)
    if dtype.category is not Category.COMPLEX and any(isinstance(v, complex) for v in values):
        raise OperatorError(f"value cannot be converted to type {dtype.name} without overflow")
    with np.errstate(all="ignore"):
        wide = np.complex128 if dtype.category is Category.COMPLEX else np.float64
        if dtype.category is Category.BOOL:
            return np.array([bool(v) for v in values], np.bool_).reshape(shape)
        return np.array(values, wide).astype(target).reshape(shape)


def as_tensor(data: Any, dtype: DType | None, device: Any) -> Array:
    """`torch.as_tensor`: an array of the right dtype is given back as it is."""
    if isinstance(data, np.ndarray) and (dtype is None or data.dtype == numpy_dtype(dtype)):
        return data
    return tensor(data, dtype, device)


def tolist(x: Array) -> Any:
    """`Tensor.tolist`: nested lists of Python numbers; a number for a 0-d tensor."""
    if x.dtype.name == "bfloat16":
        x = x.astype(np.float32)
    return x.tolist()


def strides(x: Array) -> list[int]:
    """`Tensor.stride()`, as torch counts: in elements, and of what the shape implies where there is one element or none."""
    if x.size == 0 or x.flags.c_contiguous:
        result: list[int] = []
        step = 1
        for size in reversed(x.shape):
            result.append(step)
            step *= max(size, 1)
        return result[::-1]
    return [s // x.itemsize for s in x.strides]


def stride(x: Array, dim: int) -> int:
    """`Tensor.stride(dim)`."""
    return strides(x)[dim]


def is_contiguous(x: Array, memory_format: Any = None) -> bool:
    """`Tensor.is_contiguous()`."""
    name = getattr(memory_format, "name", "contiguous_format")
    if name == "channels_last" and x.ndim == 4:
        return bool(x.transpose(0, 2, 3, 1).flags.c_contiguous)
    if name == "channels_last_3d" and x.ndim == 5:
        return bool(x.transpose(0, 2, 3, 4, 1).flags.c_contiguous)
    return bool(x.flags.c_contiguous) and name != "channels_last"


def one_hot(x: Array, num_classes: int) -> Array:
    """`torch.nn.functional.one_hot` where the number of classes follows from the data (-1)."""
    if x.dtype != np.int64:
        raise OperatorError("one_hot is only applicable to index tensor of type LongTensor.")
    if x.size == 0:
        if num_classes <= 0:
            raise OperatorError("Can not infer total number of classes from empty tensor.")
        return np.zeros((*x.shape, num_classes), np.int64)
    if x.min() < 0:
        raise OperatorError("Class values must be non-negative.")
    count = int(x.max()) + 1 if num_classes == -1 else num_classes
    if num_classes < -1 or num_classes == 0:
        raise OperatorError("num_classes should be positive")
    if x.max() >= count:
        raise OperatorError("Class values must be smaller than num_classes.")
    return (x[..., None] == np.arange(count)).astype(np.int64)


def scalar(x: Array) -> Any:
    """`Tensor.item()`. Raises RuntimeError for any other number of elements than one."""
    if x.size != 1:
        raise OperatorError(f"a Tensor with {x.size} elements cannot be converted to Scalar")
    return x.reshape(()).astype(np.float32).item() if x.dtype.name == "bfloat16" else x.item()


def embedding_renorm_(weight: Any, indices: Any, max_norm: float, norm_type: float) -> Any:
    """Scales the rows of `weight` that `indices` name and whose norm is greater than `max_norm` down to it, in place."""
    for row in np.unique(indices):
        norm = float(np.linalg.norm(weight[row], norm_type))
        if norm > max_norm:
            weight[row] *= weight.dtype.type(max_norm / (norm + 1e-7))
    return weight


def repeat_interleave(x: Array, repeats: Array, dim: int | None, output_size: int | None) -> Array:
    """`torch.repeat_interleave` with a tensor of repeats."""
    source = x.reshape(-1) if dim is None else x
    if repeats.size and int(repeats.min()) < 0:
        raise OperatorError("repeats can not be negative")
    length = source.shape[0 if dim is None else dim] if source.ndim else 1
    if repeats.size not in (1, length):
        raise OperatorError("repeats must have the same size as input along dim, but got repeats.size(0) = "
                            f"{repeats.size} and input.size({dim or 0}) = {length}")  # fmt: skip
    return np.repeat(source, repeats.reshape(-1), 0 if dim is None else dim)


def repeated_positions(repeats: Array, output_size: int | None) -> Array:
    """`torch.repeat_interleave` of a tensor of repeats alone: the positions."""
    if repeats.size and int(repeats.min()) < 0:
        raise OperatorError("repeats can not be negative")
    return np.repeat(np.arange(repeats.size, dtype=repeats.dtype), repeats)


def tensor_split(x: Array, places: Array, dim: int) -> list[Array]:
    """`torch.tensor_split` at positions, or into a number of parts, that a tensor holds."""
    if places.ndim == 0 and int(places) < 1:
        raise OperatorError(f"number of sections must be larger than 0, got {int(places)}")
    return np.array_split(x, int(places) if places.ndim == 0 else places.tolist(), dim)
