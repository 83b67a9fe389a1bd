"""Writing a tensor in place: what torch forbids, and how memory that elements share is written.

torch refuses to write a tensor whose elements share memory, and to compute from a tensor that overlaps the written one in
part; these errors are raised here, before anything is written. No xDSL here.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from tsir.errors import OperatorError

Array: TypeAlias = np.ndarray[Any, Any]

SHARED = frozenset(("fill_", "zero_", "masked_fill_", "index_fill_", "index_put_", "_index_put_impl_", "tril_", "triu_"))
"""The in-place operators that write tensors whose elements share memory, too."""

DISJOINT = frozenset(
    ("index_put_", "_index_put_impl_", "index_add_", "index_copy_", "index_reduce_", "scatter_", "scatter_add_", "scatter_reduce_",
     "put_", "cat", "concat", "concatenate", "stack")
)  # fmt: skip
"""The operators whose written tensor may not even be the very one that they read."""

UNCHECKED = frozenset(
    ("masked_scatter_", "addmm_", "addmv_", "addr_", "baddbmm_", "addbmm_", "mm", "matmul", "bmm", "mv", "dot", "addmm", "sum",
     "mean", "amax", "amin", "prod", "all", "any", "argmax", "argmin", "max", "min")
)  # fmt: skip
"""The operators that torch lets overlap what they read and what they write."""


def write(target: Array, value: Array) -> Array:
    """Writes a value into a tensor and gives that tensor. Raises RuntimeError for memory that elements share."""
    if target.size and 0 in target.strides and _shares_memory(target):
        raise OperatorError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation."
        )
    _make_writeable(target)
    np.copyto(target, value)
    return target


def write_shared(target: Array, value: Array) -> Array:
    """`write` into memory that elements may share: an element that keeps its value isn't written."""
    _make_writeable(target)
    if target.size and 0 in target.strides and _shares_memory(target):
        changed = value != target
        target[changed] = value[changed]
    else:
        np.copyto(target, value)
    return target


def write_out(target: Array, value: Array) -> Array:
    """Writes a value into an `out=` tensor, which gets the value's shape. Raises RuntimeError where it can't."""
    if target.shape != value.shape:
        try:
            target.resize(value.shape, refcheck=False)
        except ValueError:
            raise OperatorError(
                f"out has shape {list(target.shape)}, which doesn't match the required output shape {list(value.shape)}, "
                "and it can't be resized"
            ) from None
    return write(target, value)


def check_overlap(target: Array, source: Array) -> None:
    """Raises RuntimeError where a tensor that is read and the one that is written share a part of their memory."""
    if source is not target and np.may_share_memory(target, source) and _overlap(target, source) == "partial":
        raise _overlaps()


def check_copied(target: Array, source: Array) -> None:
    """`check_overlap` for an assignment: `x[1:] = x[:1]` expands what it reads, which torch doesn't check then.

    So does `x[:] = x[0]`: where `x` has one row, that row is copied onto itself.
    """
    if source.size == target.size:
        if source.ndim < target.ndim:
            source = source.reshape((1,) * (target.ndim - source.ndim) + source.shape)
        check_overlap(target, source)


def check_disjoint(target: Array, source: Array) -> None:
    """Raises RuntimeError where a tensor that is read and the one that is written share memory."""
    if np.may_share_memory(target, source) and _overlap(target, source) is not None:
        raise _overlaps()


def _overlaps() -> OperatorError:
    return OperatorError(
        "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory location. "
        "Please clone() the tensor before performing the operation."
    )


def _overlap(a: Array, b: Array) -> str | None:
    """How two tensors whose memory ranges meet overlap: `full`, `partial`; None where torch can't tell either."""
    if not (_is_dense(a) and _is_dense(b)):
        return None
    same = a.__array_interface__["data"][0] == b.__array_interface__["data"][0] and a.nbytes == b.nbytes
    return "full" if same and a.ndim == b.ndim and _walk(a) == _walk(b) else "partial"


def _walk(a: Array) -> list[tuple[int, int]]:
    return [(s, n) for s, n in zip(a.strides, a.shape, strict=True) if n != 1]


def _is_dense(a: Array) -> bool:
    """Whether a tensor's elements fill a range of memory, each at a place of its own."""
    if a.flags.c_contiguous or a.flags.f_contiguous:
        return True
    expected = a.itemsize
    for stride, size in sorted(_walk(a)):
        if stride != expected:
            return False
        expected *= size
    return True


def _shares_memory(target: Array) -> bool:
    return any(s == 0 and n > 1 for s, n in zip(target.strides, target.shape, strict=True))


def _make_writeable(target: Array) -> None:
    """NumPy marks broadcast arrays, and views of them, as read-only; torch's are not, unless their memory is."""
    if not target.flags.writeable:
        try:
            if target.base is None:
                raise ValueError
            target.flags.writeable = True
        except ValueError:
            raise OperatorError(
                "the tensor is read-only memory: it can't be written in place", hint="clone() it first"
            ) from None
