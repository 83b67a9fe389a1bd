"""Host operators on strides: views of a tensor's memory by sizes, strides and an offset, as torch counts them."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.errors import OperatorError
from tsir.ops import layouts
from tsir.ops.host_tensors import numpy_dtype

Array = NDArray[Any]


def storage_offset(x: Array) -> int:
    """`Tensor.storage_offset()`: where the first element lies in the memory that the tensor is a part of."""
    owner: Any = x
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    within = (x.__array_interface__["data"][0] - owner.__array_interface__["data"][0]) // x.itemsize
    count = getattr(owner.base, "storage_offset", None)  # memory of a torch tensor, which may itself be a part
    return within + (count() if callable(count) else 0)


def _storage_size(x: Array) -> int | None:
    """How many elements the memory has; None when that isn't known."""
    owner: Any = x
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    storage = getattr(owner.base, "untyped_storage", None)
    if callable(storage):
        size: Any = storage()
        return int(size.nbytes()) // x.itemsize
    return owner.size if owner.base is None else None


class _Memory:
    """What NumPy makes an array of: an address, with the array that keeps it alive."""

    def __init__(self, interface: dict[str, Any], owner: Array) -> None:
        self.__array_interface__ = interface
        self.owner = owner


def as_strided(x: Array, size: Sequence[int], stride: Sequence[int], offset: int | None) -> Array:
    """`torch.as_strided`. Raises RuntimeError for a view that isn't within the memory."""
    if len(size) != len(stride):
        raise OperatorError("mismatch in length of strides and shape")
    if any(s < 0 for s in stride):
        raise OperatorError(f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}")
    own = storage_offset(x)
    start = own if offset is None else offset
    if start < 0:
        raise OperatorError(f"Tensor: invalid storage offset {start}")
    last = start + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) + 1
    room = _storage_size(x)
    if math.prod(size) and room is not None and last > room:
        raise OperatorError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {start}, and itemsize {x.itemsize} requiring "
            f"a storage size of {last * x.itemsize} are out of bounds for storage of size {room * x.itemsize}"
        )
    interface = dict(x.__array_interface__)
    interface["data"] = (interface["data"][0] + (start - own) * x.itemsize, not x.flags.writeable)
    interface["shape"], interface["strides"] = tuple(size), tuple(s * x.itemsize for s in stride)
    if x.dtype.kind == "V" or x.dtype.name == "bfloat16":
        interface["typestr"] = "<u2"
    return np.asarray(_Memory(interface, x)).view(x.dtype)


def view_as_dtype(x: Array, dtype: DType) -> Array:
    """`Tensor.view(dtype)`. Raises RuntimeError where elements of another size don't fit the strides."""
    wanted = numpy_dtype(dtype)
    own, size = x.itemsize, wanted.itemsize
    if own != size:
        where = f"to view {dtypes.from_numpy(x.dtype.name).name} as {dtype.name} (different element sizes)"
        if not x.ndim or (x.shape[-1] > 1 and x.strides[-1] != own):
            raise OperatorError(f"self.stride(-1) must be 1 {where}, but got {x.strides[-1] // own if x.ndim else 0}")
        if size > own:
            times = size // own
            offset = storage_offset(x)
            if (
                x.shape[-1] % times
                or offset % times
                or any(s % size for s, n in zip(x.strides[:-1], x.shape, strict=False) if n > 1)
            ):
                raise OperatorError(f"self.size(-1), the strides and the offset must be divisible by {times} {where}")
    return x.view(wanted)


def resized(x: Array, size: Sequence[int]) -> Array:
    """What `torch.Tensor.resize_` makes of a tensor: a view of its memory, or a copy with zeros behind where that is too small."""
    if x.shape == tuple(size):
        return x
    strides = [math.prod(size[i + 1 :]) for i in range(len(size))]
    count, room = math.prod(size), _storage_size(x)
    if room is None or storage_offset(x) + count <= room:
        return as_strided(x, size, strides, None)
    left = room - storage_offset(x)
    grown = np.zeros(count, x.dtype)
    grown[:left] = as_strided(x, [left], [1], None)
    return grown.reshape(tuple(size))


def resized_as(x: Array, other: Array) -> Array:
    """`resized` to another tensor's shape."""
    return resized(x, other.shape)


def resize_array(array: Array, now: Array) -> None:
    """Gives an array itself the sizes and strides of a view of it. Raises OperatorError where NumPy can't."""
    try:
        if array.__array_interface__["data"] != now.__array_interface__["data"]:
            raise ValueError
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            in_order = [math.prod(array.shape[i + 1 :]) * array.itemsize for i in range(array.ndim)]
            steps = [("strides", in_order), ("shape", now.shape)] if array.shape != now.shape else []
            for name, value in [*steps, ("strides", now.strides)]:
                setattr(array, name, value)
    except (AttributeError, ValueError):
        raise OperatorError(
            f"an array of shape {list(array.shape)} can't get the shape {list(now.shape)} in place",
            hint="call it with a torch tensor, or with a contiguous copy",
        ) from None


def resize_object(x: Array, now: Array) -> Array:
    """The tensor itself, which gets the sizes and strides of `now`, a view of it, for all that know it.

    Raises OperatorError for another number of elements, as `resize_` may ask for: NumPy's arrays can't get that.
    """
    if x.size != now.size:
        raise OperatorError(
            f"a tensor of shape {list(x.shape)} that a list, an object or another variable knows too can't get the shape "
            f"{list(now.shape)} in place: that is another number of elements",
            hint="assign the resized tensor to each of them instead",
        )
    resize_array(x, now)
    _resized.pairs.append((x, x))
    return x


class _Resized(threading.local):
    """The arrays that the current thread's call has resized, each with what it is now."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Array, Array]] = []


_resized = _Resized()


def note_resized(x: Array, now: Array) -> None:
    """Notes that the caller's `x` is `now` from now on; see `take_resized`."""
    _resized.pairs.append((x, now))


def take_resized() -> list[tuple[Array, Array]]:
    """The arrays that were noted as resized since the last time, oldest first, each with what it is now."""
    found = _resized.pairs
    if found:
        _resized.pairs = []
    return found


def as_strided_scatter(x: Array, source: Array, size: Sequence[int], stride: Sequence[int], offset: int | None) -> Array:
    """`torch.as_strided_scatter`: a copy of `x` with that view of it written."""
    result = np.array(x, order="C")
    target = as_strided(result, size, stride, 0 if offset is None else offset)
    if target.shape != source.shape:
        raise OperatorError(f"expected src to have a size equal to the slice of self. src size = {list(source.shape)}, slice size = "
                            f"{list(target.shape)}")  # fmt: skip
    target[...] = source
    return result


def as_strided_copy(x: Array, size: Sequence[int], stride: Sequence[int], offset: int | None) -> Array:
    """`torch.as_strided_copy`."""
    return as_strided(x, size, stride, offset).copy("C")


def in_order(x: Array, order: Sequence[int]) -> Array:
    """A fresh tensor itself, or a copy, so that its dimensions lie in memory in this order, that of adjacent elements first."""
    expected = x.itemsize
    for d in order:
        if x.shape[d] != 1 and x.strides[d] != expected:
            break
        expected *= x.shape[d]
    else:
        return x
    outer = list(order)[::-1]
    made = np.empty([x.shape[d] for d in outer], x.dtype).transpose([outer.index(d) for d in range(x.ndim)])
    made[...] = x
    return made


def in_order_of(x: Array, key: str, operands: Sequence[Array]) -> Array:
    """`in_order` as torch's rules have it for the operator that gives `x` for these operands, which lie in memory as torch's do."""
    known = [(a.shape, tuple(s // a.itemsize for s in a.strides)) for a in operands]
    strides = layouts.fresh(key, x.shape, known)
    return x if strides is None else in_order(x, sorted(range(x.ndim), key=lambda d: (strides[d], x.shape[d])))
