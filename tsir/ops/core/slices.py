"""Parts of tensors and their opposite: slices, single indices, concatenation, padding, reversal.

A slice is a `tensor.extract_slice`, which is a view for the backend; concatenation writes the parts into a new tensor by
`tensor.insert_slice`.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from xdsl.dialects import arith, tensor
from xdsl.dialects.builtin import DYNAMIC_INDEX, DenseArrayBase, i32, i64
from xdsl.ir import Block, Region, SSAValue

from tsir.dialects import dtypes
from tsir.dialects.ts.types import linalg_element_type
from tsir.errors import OperatorError, OperatorIndexError, OperatorValueError
from tsir.ops.builder import INDEX, Builder, current, tensor_type
from tsir.ops.core.checks import check_sizes
from tsir.ops.core.creation import iota, number_as
from tsir.ops.core.elementwise import binary
from tsir.ops.core.scalars import cmpi
from tsir.ops.core.scalars import select as select_scalar
from tsir.ops.core.views import expand, reshape
from tsir.ops.sizes import Size, SymInt, bounds, same_size, size_max, size_min
from tsir.ops.tensor import SymScalar, SymTensor, as_size, require_int, wrap_dim


def _span(size: Size, start: Any, end: Any, step: int) -> tuple[int, Size, Size]:
    """The step, first position and length of `start:end:step` in a dimension, with Python's clamping; the step is positive."""
    step = require_int(step, "step")
    if step <= 0:
        raise OperatorValueError("slice step must be positive")
    first = _clamped(0 if start is None else as_size(start), size)
    last = size if end is None else size_max(_clamped(as_size(end), size), first)
    length = last - first if step == 1 else (last - first + (step - 1)) // step
    return step, first, length


def slice(x: SymTensor, dim: int, start: Any, end: Any, step: int) -> SymTensor:
    """`x[..., start:end:step]` in one dimension, with Python's clamping; the step is positive."""
    step, first, length = _span(x.shape[dim], start, end, step)
    if isinstance(first, int) and first == 0 and step == 1 and same_size(length, x.shape[dim]):
        return x
    shape = (*x.shape[:dim], length, *x.shape[dim + 1 :])
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, shape)
    offsets: list[Size] = [0] * x.rank
    strides = [1] * x.rank
    offsets[dim], strides[dim] = first, step
    return SymTensor(x.dtype, shape, extract_slice(b, x.ssa, x.dtype, offsets, shape, strides))


def _clamped(bound: Size, size: Size) -> Size:
    """A slice's bound as a position from 0 to size."""
    if isinstance(bound, int) and bound >= _UNBOUNDED:
        return size
    if bound is size:
        return size
    if isinstance(bound, int) and isinstance(size, int):
        return min(max(bound + size if bound < 0 else bound, 0), size)
    low = bounds(bound)[0]
    if (low is not None and low >= 0) or bound >= 0:
        return size_min(bound, size)
    return size_max(bound + size, 0)


_UNBOUNDED = 2**62
"""torch writes an open end as the largest int64."""


def extract_slice(
    b: Builder,
    value: SSAValue,
    dtype: Any,
    offsets: Sequence[Any],
    sizes: Sequence[Size],
    strides: Sequence[int],
    shape: Sequence[Size] | None = None,
) -> SSAValue:
    """A `tensor.extract_slice`; offsets are sizes or SSA values of type `index`. `shape` leaves sizes of 1 out."""
    dynamic_offsets, static_offsets = _mixed(b, offsets)
    dynamic_sizes, static_sizes = b.dynamic(sizes)
    op = b.op(
        tensor.ExtractSliceOp,
        (value, *dynamic_offsets, *dynamic_sizes),
        (tensor_type(dtype, sizes if shape is None else shape),),
        {
            "static_offsets": static_offsets,
            "static_sizes": static_sizes,
            "static_strides": DenseArrayBase.from_list(i64, list(strides)),
            "operandSegmentSizes": DenseArrayBase.from_list(i32, (1, len(dynamic_offsets), len(dynamic_sizes), 0)),
        },
    )
    return op.results[0]


def insert_slice(
    b: Builder,
    part: SSAValue,
    into: SSAValue,
    offsets: Sequence[Any],
    sizes: Sequence[Size],
    strides: Sequence[int] | None = None,
) -> SSAValue:
    """A `tensor.insert_slice`; offsets are sizes or SSA values of type `index`."""
    dynamic_offsets, static_offsets = _mixed(b, offsets)
    dynamic_sizes, static_sizes = b.dynamic(sizes)
    op = b.op(
        tensor.InsertSliceOp,
        (part, into, *dynamic_offsets, *dynamic_sizes),
        (into.type,),
        {
            "static_offsets": static_offsets,
            "static_sizes": static_sizes,
            "static_strides": DenseArrayBase.from_list(i64, list(strides or [1] * len(sizes))),
            "operandSegmentSizes": DenseArrayBase.from_list(i32, (1, 1, len(dynamic_offsets), len(dynamic_sizes), 0)),
        },
    )
    return op.results[0]


def _mixed(b: Builder, offsets: Sequence[Any]) -> tuple[list[SSAValue], DenseArrayBase[Any]]:
    values = [o if isinstance(o, SSAValue) else b.size(o) for o in offsets if not isinstance(o, int)]
    return values, DenseArrayBase.from_list(i64, [o if isinstance(o, int) else DYNAMIC_INDEX for o in offsets])


def select(x: SymTensor, dim: int, index: Any) -> SymTensor:
    """`x[..., index]` in one dimension, which goes. The index may be known at run time only; it is checked in any case."""
    size = x.shape[dim]
    shape = (*x.shape[:dim], *x.shape[dim + 1 :])
    number = index if isinstance(index, SymScalar) else as_size(index)
    b = current()
    if isinstance(number, int) and isinstance(size, int):
        if not -size <= number < size:
            raise OperatorIndexError(f"index {number} is out of bounds for dimension {dim} with size {size}")
        offset: Any = number % size
        if not b.emitting:
            return SymTensor(x.dtype, shape)
    elif not b.emitting:
        return SymTensor(x.dtype, shape)
    else:
        offset = _checked_offset(b, number, size, dim)
    offsets: list[Any] = [0] * x.rank
    offsets[dim] = offset
    sizes = (*x.shape[:dim], 1, *x.shape[dim + 1 :])
    part = SymTensor(x.dtype, sizes, extract_slice(b, x.ssa, x.dtype, offsets, sizes, [1] * x.rank))
    return reshape(part, shape)


def write_at(x: SymTensor, part: SymTensor, dim: int, index: Any) -> SymTensor:
    """`x` with its part at one index of a dimension replaced; the part has the shape that `select` gives, and its dtype."""
    b = current()
    number = index if isinstance(index, SymScalar) else as_size(index)
    size = x.shape[dim]
    if isinstance(number, int) and isinstance(size, int):
        if not -size <= number < size:
            raise OperatorIndexError(f"index {number} is out of bounds for dimension {dim} with size {size}")
        offset: Any = number % size
    else:
        offset = _checked_offset(b, number, size, dim) if b.emitting else 0
    sizes = (*x.shape[:dim], 1, *x.shape[dim + 1 :])
    whole = reshape(part, sizes)
    if not b.emitting:
        return SymTensor(x.dtype, x.shape)
    offsets: list[Any] = [0] * x.rank
    offsets[dim] = offset
    return SymTensor(x.dtype, x.shape, insert_slice(b, whole.ssa, x.ssa, offsets, sizes))


def write_slice(x: SymTensor, part: SymTensor, dim: int, start: Any, end: Any, step: int) -> SymTensor:
    """`x` with a slice of a dimension replaced by a part that broadcasts to it, of its dtype."""
    b = current()
    step, first, length = _span(x.shape[dim], start, end, step)
    sizes = (*x.shape[:dim], length, *x.shape[dim + 1 :])
    part = expand(part, sizes)
    if not b.emitting:
        return SymTensor(x.dtype, x.shape)
    offsets: list[Any] = [0] * x.rank
    strides = [1] * x.rank
    offsets[dim], strides[dim] = first, step
    return SymTensor(x.dtype, x.shape, insert_slice(b, part.ssa, x.ssa, offsets, sizes, strides))


def _checked_offset(b: Builder, number: Any, size: Size, dim: int) -> SSAValue:
    """A run-time index as an offset: a negative one counts from the end, one out of range raises IndexError."""
    value = b.number_value(number)[0]
    index = value if value.type == INDEX else b.one(arith.IndexCastOp, (value,), INDEX)
    extent, zero = b.size(size), b.index(0)
    negative = cmpi(b, "slt", index, zero)
    wrapped = select_scalar(b, negative, b.one(arith.AddiOp, (index, extent), INDEX), index)
    inside = b.one(
        arith.AndIOp,
        (cmpi(b, "sge", wrapped, zero), cmpi(b, "slt", wrapped, extent)),
        linalg_element_type(dtypes.bool_),
    )
    b.check(inside, "IndexError", f"index {{0}} is out of bounds for dimension {dim} with size {{1}}", (index, extent))
    return wrapped


def concat(parts: Sequence[SymTensor], dim: int) -> SymTensor:
    """Joins tensors of one dtype along a dimension; the other sizes agree (OperatorError)."""
    first = parts[0]
    total: Size = 0
    for number, part in enumerate(parts):
        if part.rank != first.rank:
            raise OperatorError(f"Tensors must have same number of dimensions: got {first.rank} and {part.rank}")
        for i, (a, c) in enumerate(zip(first.shape, part.shape, strict=True)):
            if i != dim:
                check_sizes(
                    a,
                    "eq",
                    c,
                    f"Sizes of tensors must match except in dimension {dim}. Expected size {{0}} but got size {{1}} "
                    f"for tensor number {number} in the list.",
                )
        total = total + part.shape[dim]
    shape = (*first.shape[:dim], total, *first.shape[dim + 1 :])
    b = current()
    if not b.emitting:
        return SymTensor(first.dtype, shape)
    result = b.empty(first.dtype, shape)
    offsets: list[Any] = [0] * first.rank
    for part in parts:
        result = insert_slice(b, part.ssa, result, offsets, part.shape)
        offsets[dim] = offsets[dim] + part.shape[dim]
    return SymTensor(first.dtype, shape, result)


def stack(parts: Sequence[SymTensor], dim: int) -> SymTensor:
    """Joins tensors of one shape along a new dimension."""
    at = wrap_dim(dim, parts[0].rank + 1)
    return concat([reshape(p, (*p.shape[:at], 1, *p.shape[at:])) for p in parts], at)


def pad(x: SymTensor, low: Sequence[Size], high: Sequence[Size], value: Any) -> SymTensor:
    """Surrounds `x` with one number: `low[d]` before and `high[d]` behind in each dimension, none of them negative."""
    if all(isinstance(p, int) and p == 0 for p in (*low, *high)):
        return x
    shape = tuple(s + a + c for s, a, c in zip(x.shape, low, high, strict=True))
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, shape)
    dynamic_low, static_low = b.dynamic(low)
    dynamic_high, static_high = b.dynamic(high)
    number = number_as(b, value, x.dtype)
    sums = zip(shape, x.shape, low, high, strict=True)
    # Of sizes that aren't known the sum may be, which `tensor.pad` doesn't say.
    kind = tensor_type(x.dtype, [next((p for p in parts if isinstance(p, SymInt)), total) for total, *parts in sums])
    block = Block(arg_types=[INDEX] * x.rank)
    op = b.op(
        tensor.PadOp,
        (x.ssa, *dynamic_low, *dynamic_high),
        (kind,),
        {
            "static_low": static_low,
            "static_high": static_high,
            "operandSegmentSizes": DenseArrayBase.from_list(i32, (1, len(dynamic_low), len(dynamic_high))),
        },
        (Region(block),),
    )
    block.add_op(tensor.YieldOp(number))
    known = tensor_type(x.dtype, shape)
    return SymTensor(x.dtype, shape, op.results[0] if known == kind else b.one(tensor.CastOp, (op.results[0],), known))


def flip(x: SymTensor, dims: Sequence[int]) -> SymTensor:
    """A copy with the order of elements reversed in some dimensions."""
    from tsir.ops.core.indexing import index_select

    for dim in dims:
        size = x.shape[dim]
        backwards = binary("sub", size - 1 if isinstance(size, int | SymInt) else size, iota(size, dtypes.int64))
        x = index_select(x, dim, backwards)
    return x


def getitem(x: SymTensor, index: Any) -> SymTensor:
    """`x[index]` for ints, slices, None and Ellipsis: views, as in torch."""
    items = list(index) if isinstance(index, tuple) else [index]
    consumed = builtins.sum(i is not None and i is not Ellipsis for i in items)
    if consumed > x.rank:
        raise OperatorIndexError(f"too many indices for tensor of dimension {x.rank}")
    places = [n for n, i in enumerate(items) if i is Ellipsis]
    if places:
        items[places[0] : places[0] + 1] = [builtins.slice(None)] * (x.rank - consumed)
    dim = 0
    for item in items:
        if item is None:
            x = reshape(x, (*x.shape[:dim], 1, *x.shape[dim:]))
            dim += 1
        elif isinstance(item, builtins.slice):
            x = slice(x, dim, item.start, item.stop, 1 if item.step is None else item.step)
            dim += 1
        else:
            x = select(x, dim, item)
    return x
