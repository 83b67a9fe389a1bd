"""NumPy kernels for the operations of `linalg_ext`, as generated code calls them. Each gives new arrays.

`int8` arrays hold uint8 numbers where `unsigned` says so, as in the IR. Neither xDSL nor torch is needed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from tsir.errors import (
    OperatorError,
    OperatorIndexError,
    OperatorNotImplementedError,
    OperatorTypeError,
    OperatorValueError,
    OperatorZeroDivisionError,
)

Array: TypeAlias = "np.ndarray[Any, Any]"

_EXCEPTIONS: dict[str, type[OperatorError]] = {
    "RuntimeError": OperatorError,
    "IndexError": OperatorIndexError,
    "TypeError": OperatorTypeError,
    "ValueError": OperatorValueError,
    "ZeroDivisionError": OperatorZeroDivisionError,
    "NotImplementedError": OperatorNotImplementedError,
}


def failed_check(exception: str, message: str, *arguments: Any) -> OperatorError:
    """The exception that a failed `linalg_ext.check` raises; `{0}` in the message stands for the first argument."""
    return _EXCEPTIONS.get(exception, OperatorError)(message.format(*arguments))


def failed_assertion(message: str) -> OperatorError:
    """The exception that a failed `cf.assert` raises: the one that its message names first (`IndexError: ...`), if any."""
    name, colon, rest = message.partition(": ")
    return _EXCEPTIONS[name](rest) if colon and name in _EXCEPTIONS else OperatorError(message)


def _comparable(x: Array, unsigned: bool) -> Array:
    """The array in a dtype that NumPy orders as torch does."""
    if unsigned:
        return x.view(np.uint8)
    return x.astype(np.float32) if x.dtype.name == "bfloat16" else x


def _order(x: Array, dim: int, descending: bool) -> Array:
    """The stable order along a dimension; NaN is the greatest."""
    if not descending:
        return np.argsort(x, axis=dim, kind="stable")
    backwards = np.argsort(np.flip(x, dim), axis=dim, kind="stable")
    return np.flip(x.shape[dim] - 1 - backwards, dim)


def sort(
    x: Array, *, dim: int, descending: bool = False, stable: bool = False, unsigned: bool = False
) -> tuple[Array, Array]:
    """The elements in order, and where they were. Always stable, which torch's unstable sort allows."""
    order = _order(_comparable(x, unsigned), dim, descending)
    return np.take_along_axis(x, order, dim), np.ascontiguousarray(order, np.int64)


def topk(
    x: Array, *, dim: int, k: int, largest: bool = False, sorted: bool = False, unsigned: bool = False
) -> tuple[Array, Array]:
    """The k greatest (or least) elements in order, and where they were. Raises OperatorError when there are fewer."""
    count = x.shape[dim]
    if k > count:
        raise OperatorError(f"selected index k out of range: {k} of {count}")
    keys = _comparable(x, unsigned)
    if count > 64 and 0 < 4 * k < count:
        part = np.argpartition(keys, count - k if largest else k - 1, axis=dim)
        part = part[(*[slice(None)] * dim, slice(count - k, None) if largest else slice(0, k))]
        order = np.take_along_axis(part, _order(np.take_along_axis(keys, part, dim), dim, largest), dim)
    else:
        order = _order(keys, dim, largest)[(*[slice(None)] * dim, slice(0, k))]
    return np.take_along_axis(x, order, dim), np.ascontiguousarray(order, np.int64)


_SCANS: dict[str, np.ufunc] = {
    "add": np.add,
    "mul": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "logaddexp": np.logaddexp,
}
_BOOL_SCANS: dict[str, np.ufunc] = {"add": np.logical_or, "mul": np.logical_and, "max": np.logical_or, "min": np.logical_and}
_WIDER = {"float16": np.float32, "bfloat16": np.float32, "float32": np.float64}


def scan(x: Array, *, kind: str, dim: int, indices: bool = False, unsigned: bool = False) -> Any:
    """Running sums, products or extremes; with `indices` also where the running extreme was last seen.

    Sums and products of floats are kept in the next wider dtype, as torch does.
    """
    if x.dtype == np.bool_:
        running = _BOOL_SCANS[kind].accumulate(x, axis=dim)
    elif kind in ("add", "mul"):
        running = _SCANS[kind].accumulate(x, axis=dim, dtype=_WIDER.get(x.dtype.name, x.dtype)).astype(x.dtype)
    else:
        keys = _comparable(x, unsigned)
        running = _SCANS[kind].accumulate(keys, axis=dim)
        running = running.view(x.dtype) if unsigned else running.astype(x.dtype, copy=False)
    if not indices:
        return running
    seen = x == running
    if x.dtype.kind == "f" or x.dtype.name == "bfloat16":
        seen |= (x != x) & (running != running)
    shape = [1] * x.ndim
    shape[dim] = x.shape[dim]
    places = np.where(seen, np.arange(x.shape[dim]).reshape(shape), 0)
    return running, np.maximum.accumulate(places, axis=dim)


def _columns(indices: Array, shape: Sequence[int], dims: Sequence[int], wrap: bool) -> tuple[Array, ...]:
    """The columns of combined indices, verified. Raises OperatorIndexError for one out of range."""
    columns = tuple(indices[..., i] for i in range(len(dims)))
    for column, dim in zip(columns, dims, strict=True):
        size = shape[dim]
        wrong = (column < (-size if wrap else 0)) | (column >= size)
        if wrong.any():
            first = int(column[wrong].ravel()[0]) if column.ndim else int(column)
            raise OperatorIndexError(f"index {first} is out of bounds for dimension {dim} with size {size}")
    return columns


def gather(x: Array, indices: Array, *, dims: Sequence[int], batch_pos: int = 0, wrap: bool = False) -> Array:
    """Slices of `x` at the positions that the rows of `indices` name; the rows' dimensions come at `batch_pos`."""
    columns = _columns(indices, x.shape, dims, wrap)
    batch = indices.ndim - 1
    if len(dims) == 1 and dims[0] == batch_pos:
        return np.asarray(x.take(columns[0], axis=dims[0]))
    kept = [d for d in range(x.ndim) if d not in dims]
    found = np.asarray(x.transpose(*dims, *kept)[columns])
    if batch_pos == 0 or batch == 0:
        return found
    return np.ascontiguousarray(np.moveaxis(found, range(batch), range(batch_pos, batch_pos + batch)))


_COMBINE: dict[str, np.ufunc] = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


def scatter(
    updates: Array,
    indices: Array,
    *,
    init: Array,
    kind: str,
    dims: Sequence[int],
    batch_pos: int = 0,
    wrap: bool = False,
    unsigned: bool = False,
) -> Array:
    """`init` with slices replaced (the last of equal positions wins) or combined."""
    columns = _columns(indices, init.shape, dims, wrap)
    result = np.array(init, order="C")
    target = result.view(np.uint8) if unsigned else result
    updates = updates.view(np.uint8) if unsigned else updates
    kept = [d for d in range(init.ndim) if d not in dims]
    target = target.transpose(*dims, *kept)
    batch = indices.ndim - 1
    if batch_pos and batch:
        updates = np.moveaxis(updates, range(batch_pos, batch_pos + batch), range(batch))
    if kind == "set":
        target[columns] = updates
    else:
        combine = _BOOL_SCANS[kind] if init.dtype == np.bool_ else _COMBINE[kind]
        combine.at(target, columns, updates)
    return result


def nonzero(x: Array) -> Array:
    """The positions of the elements that aren't zero, one in each row."""
    return np.argwhere(x)


def unique(
    x: Array, *, dim: int | None = None, sorted: bool = False, consecutive: bool = False, unsigned: bool = False
) -> tuple[Array, Array, Array]:
    """The distinct elements or slices, the place of each input among them, and how often each occurs. NaNs are distinct."""
    keys = _comparable(x, unsigned)
    if consecutive:
        return _unique_consecutive(x, keys, dim)
    values, first, inverse, counts = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True, axis=dim, equal_nan=False
    )
    if values.dtype != x.dtype:
        values = np.take(x.ravel() if dim is None else x, first, axis=0 if dim is None else dim)
    shape = x.shape if dim is None else (x.shape[dim],)
    return values, inverse.reshape(shape).astype(np.int64), counts.astype(np.int64)


def _unique_consecutive(x: Array, keys: Array, dim: int | None) -> tuple[Array, Array, Array]:
    length = keys.size if dim is None else keys.shape[dim]
    lines = keys.reshape(-1, 1) if dim is None else np.moveaxis(keys, dim, 0)
    rows = lines.reshape(length, keys.size // max(length, 1))
    count = len(rows)
    begins = np.ones(count, bool)
    if count:
        begins[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    starts = np.flatnonzero(begins)
    inverse = np.cumsum(begins) - 1
    counts = np.diff(np.append(starts, count))
    values = x.ravel()[starts] if dim is None else np.take(x, starts, axis=dim)
    return values, inverse.reshape(x.shape if dim is None else (count,)).astype(np.int64), counts.astype(np.int64)


def searchsorted(
    boundaries: Array,
    values: Array,
    sorter: Array | None = None,
    *,
    right: bool = False,
    unsigned: bool = False,
    dtype: str = "int64",
) -> Array:
    """Where each value would be inserted into the sorted boundaries, along the last dimension."""
    side = "right" if right else "left"
    edges, wanted = _comparable(boundaries, unsigned), _comparable(values, unsigned)
    if sorter is not None:
        edges = np.take_along_axis(edges, sorter, -1)
    if edges.ndim == 1:
        found = np.asarray(np.searchsorted(edges, wanted, side))
    elif not edges.size or not wanted.size:
        found = np.zeros(wanted.shape, np.int64)
    else:
        rows = wanted.reshape(-1, wanted.shape[-1])
        lines = edges.reshape(-1, edges.shape[-1])
        found = np.stack([np.searchsorted(line, row, side) for line, row in zip(lines, rows, strict=True)])
        found = found.reshape(wanted.shape)
    if wanted.dtype.kind == "f":
        found = np.where(np.isnan(wanted), edges.shape[-1], found)  # torch puts NaN behind everything
    return found.astype(dtype)


def bincount(x: Array, weights: Array | None = None, *, minlength: int = 0) -> Array:
    """How often each number occurs, or the sums of the weights. Raises OperatorError for a negative one."""
    if x.size and int(x.min()) < 0:
        raise OperatorError("bincount only supports 1-d non-negative integral inputs.")
    found = np.bincount(x, weights, minlength)
    return found.astype(np.int64 if weights is None else weights.dtype)


def fft(x: Array, *, kind: str, dims: Sequence[int], norm: str, inverse: bool = False, samples: int | None = None) -> Array:
    """The discrete Fourier transform over `dims`, in the precision of `x`."""
    from scipy import fft as transforms

    if not dims:
        return x.copy()
    names = {"c2c": ("fftn", "ifftn"), "r2c": ("rfftn", "rfftn"), "c2r": ("irfftn", "irfftn")}
    sizes = [x.shape[d] for d in dims]
    if kind == "c2r":
        assert samples is not None
        sizes[-1] = samples
    forward = kind != "c2r" and (not inverse or kind == "r2c")
    scale = {
        "none": "backward" if forward else "forward",
        "by_n": "forward" if forward else "backward",
        "by_root_n": "ortho",
    }
    found = getattr(transforms, names[kind][inverse])(x, s=sizes, axes=tuple(dims), norm=scale[norm])
    if kind == "r2c" and inverse:
        found = np.conj(found)
    if kind == "c2r" and not inverse:
        found = transforms.irfftn(np.conj(x), s=sizes, axes=tuple(dims), norm=scale[norm])
    return np.ascontiguousarray(found)


def argreduce(x: Array, *, kind: str, dim: int, unsigned: bool = False) -> Array:
    """The position of the first greatest or least element along a dimension; the first NaN wins."""
    keys = _comparable(x, unsigned)
    return np.asarray(keys.argmax(dim) if kind == "max" else keys.argmin(dim))
