"""Operators that arrange elements without computing: views, reshaping, splitting, joining, flipping, padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tsir.dialects import dtypes
from tsir.errors import OperatorError, OperatorIndexError, OperatorValueError
from tsir.ops.builder import current
from tsir.ops.core.elementwise import broadcast_shapes, conj, convert, copy
from tsir.ops.core.slices import concat, flip, select, slice
from tsir.ops.core.views import (
    broadcast_to,
    diagonal,
    expand,
    flatten,
    movedim,
    permute,
    reshape,
    squeeze,
    transpose,
    unsqueeze,
)
from tsir.ops.promotion import result_type
from tsir.ops.registry import aten, host
from tsir.ops.sizes import Size, numel
from tsir.ops.tensor import SymTensor, as_size, require_int, wrap_dim, wrap_dims

# Reshaping ------------------------------------------------------------------------------------------------------------


@aten(
    "view(Tensor(a) self, SymInt[] size) -> Tensor(a)",
    "reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)",
    "_unsafe_view(Tensor self, SymInt[] size) -> Tensor",
)
def reshape_(x: SymTensor, shape: Sequence[Any]) -> SymTensor:
    """The same elements in row-major order in another shape; one size may be -1."""
    return reshape(x, shape)


@aten("view_as(Tensor(a) self, Tensor other) -> Tensor(a)", "reshape_as(Tensor(a) self, Tensor other) -> Tensor(a)")
def reshape_as(x: SymTensor, other: SymTensor) -> SymTensor:
    """Reshaped to another tensor's shape."""
    return reshape(x, other.shape)


@aten("flatten.using_ints(Tensor(a) self, int start_dim=0, int end_dim=-1) -> Tensor(a)")
def flatten_(x: SymTensor, start: int, end: int) -> SymTensor:
    """Merges the dimensions from `start_dim` to `end_dim`."""
    return flatten(x, start, end)


@aten("ravel(Tensor(a) self) -> Tensor(a)")
def ravel(x: SymTensor) -> SymTensor:
    """All elements in one dimension."""
    return reshape(x, (-1,)) if x.rank != 1 else x


@aten("unflatten.int(Tensor(a) self, int dim, SymInt[] sizes) -> Tensor(a)")
def unflatten(x: SymTensor, dim: int, sizes: Sequence[Any]) -> SymTensor:
    """Splits a dimension into several; one size may be -1."""
    if not sizes:
        raise OperatorError("unflatten: sizes must be non-empty")
    at = wrap_dim(dim, x.rank)
    if not x.rank:
        raise OperatorError("unflatten: a tensor without dimensions has none to split")
    known = [as_size(s) for s in sizes]
    unknown = [i for i, s in enumerate(known) if isinstance(s, int) and s == -1]
    rest = numel([s for i, s in enumerate(known) if i not in unknown])
    if len(unknown) == 1:
        known[unknown[0]] = x.shape[at] // rest
        rest = rest * known[unknown[0]]
    if rest != x.shape[at]:
        raise OperatorError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({x.shape[at]}) in the input tensor"
        )
    return reshape(x, (*x.shape[:at], *known, *x.shape[at + 1 :]))


@aten("permute(Tensor(a) self, int[] dims) -> Tensor(a)")
def permute_(x: SymTensor, dims: Sequence[int]) -> SymTensor:
    """Orders the dimensions anew."""
    return permute(x, dims)


@aten(
    "transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)",
    "swapaxes(Tensor(a) self, int axis0, int axis1) -> Tensor(a)",
    "swapdims(Tensor(a) self, int dim0, int dim1) -> Tensor(a)",
)
def transpose_(x: SymTensor, dim0: int, dim1: int) -> SymTensor:
    """Swaps two dimensions."""
    return transpose(x, dim0, dim1)


@aten("t(Tensor(a) self) -> Tensor(a)")
def t(x: SymTensor) -> SymTensor:
    """The transposed matrix; a tensor of fewer dimensions is given back."""
    if x.rank > 2:
        raise OperatorError(f"t() expects a tensor with <= 2 dimensions, but self is {x.rank}D")
    return x if x.rank < 2 else transpose(x, 0, 1)


@aten("numpy_T(Tensor(a) self) -> Tensor(a)")
def numpy_t(x: SymTensor) -> SymTensor:
    """All dimensions in reverse order."""
    return permute(x, tuple(reversed(range(x.rank))))


@aten("mT(Tensor(a) self) -> Tensor(a)")
def matrix_t(x: SymTensor) -> SymTensor:
    """The last two dimensions swapped."""
    if not x.rank:
        return x
    if x.rank < 2:
        raise OperatorError("tensor.mT is only supported on matrices or batches of matrices. Got 1-D tensor.")
    return transpose(x, -2, -1)


@aten("matrix_H(Tensor(a) self) -> Tensor(a)")
def conjugate_matrix(x: SymTensor) -> SymTensor:
    """The conjugate of the transposed matrix."""
    if x.rank not in (0, 2):
        raise OperatorError(f"tensor.H is only supported on matrices (2-D tensors). Got {x.rank}-D tensor.")
    return matrix_h(x)


@aten("mH(Tensor(a) self) -> Tensor(a)", "adjoint(Tensor(a) self) -> Tensor(a)")
def matrix_h(x: SymTensor) -> SymTensor:
    """The conjugate of the last two dimensions swapped."""
    return conj(matrix_t(x)) if x.rank else x


@aten("unsqueeze(Tensor(a) self, int dim) -> Tensor(a)")
def unsqueeze_(x: SymTensor, dim: int) -> SymTensor:
    """A new dimension of size 1."""
    return unsqueeze(x, dim)


@aten("squeeze(Tensor(a) self) -> Tensor(a)")
def squeeze_all(x: SymTensor) -> SymTensor:
    """Without the dimensions of size 1."""
    return squeeze(x)


@aten("squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)")
def squeeze_dim(x: SymTensor, dim: int) -> SymTensor:
    """Without this dimension, if its size is 1."""
    return squeeze(x, (wrap_dim(dim, x.rank),))


@aten("squeeze.dims(Tensor(a) self, int[] dim) -> Tensor(a)")
def squeeze_dims(x: SymTensor, dims: Sequence[int]) -> SymTensor:
    """Without those of these dimensions whose size is 1."""
    return squeeze(x, dims)


@aten(
    "movedim.int(Tensor(a) self, int source, int destination) -> Tensor(a)",
    "movedim.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)",
    "moveaxis.int(Tensor(a) self, int source, int destination) -> Tensor(a)",
    "moveaxis.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)",
)
def movedim_(x: SymTensor, source: int | Sequence[int], destination: int | Sequence[int]) -> SymTensor:
    """Moves dimensions to other places."""
    return movedim(x, source, destination)


@aten("expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)")
def expand_(x: SymTensor, size: Sequence[Any], implicit: bool) -> SymTensor:
    """Stretches dimensions of size 1; -1 keeps a size."""
    return expand(x, size)


@aten("expand_as(Tensor(a) self, Tensor other) -> Tensor(a)")
def expand_as(x: SymTensor, other: SymTensor) -> SymTensor:
    """Stretched to another tensor's shape."""
    return expand(x, other.shape)


@aten("broadcast_to(Tensor(a) self, SymInt[] size) -> Tensor(a)")
def broadcast_to_(x: SymTensor, size: Sequence[Any]) -> SymTensor:
    """Stretched to this shape."""
    return expand(x, size)


@aten("broadcast_tensors(Tensor(a)[] tensors) -> Tensor(a)[]")
def broadcast_tensors(tensors: Sequence[SymTensor]) -> list[SymTensor]:
    """All stretched to their common shape."""
    shape = broadcast_shapes(*[x.shape for x in tensors])
    return [broadcast_to(x, shape) for x in tensors]


@aten("contiguous(Tensor(a) self, *, MemoryFormat memory_format=contiguous_format) -> Tensor(a)")
def contiguous(x: SymTensor, memory_format: Any) -> SymTensor:
    """The tensor itself: how it lies in memory has no meaning for values."""
    return x


@aten("detach(Tensor(a) self) -> Tensor(a)", "alias(Tensor(a) self) -> Tensor(a)", "lift_fresh(Tensor(a) self) -> Tensor(a)")
def alias(x: SymTensor) -> SymTensor:
    """The same tensor."""
    return x


@aten("clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor")
def clone(x: SymTensor, memory_format: Any) -> SymTensor:
    """A fresh tensor of the same contents."""
    return copy(x)


# Parts ----------------------------------------------------------------------------------------------------------------


@aten("slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)")
def slice_(x: SymTensor, dim: int, start: Any, end: Any, step: Any) -> SymTensor:
    """`self[start:end:step]` along a dimension."""
    if not x.shape:
        raise OperatorIndexError("slice() cannot be applied to a 0-dim tensor.")
    if require_int(step, "step") <= 0:
        raise OperatorError("slice step must be positive")
    return slice(x, wrap_dim(dim, x.rank), start, end, step)


@aten("select.int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)")
def select_(x: SymTensor, dim: int, index: Any) -> SymTensor:
    """The part at one index of a dimension."""
    if not x.shape:
        raise OperatorIndexError("select() cannot be applied to a 0-dim tensor.")
    return select(x, wrap_dim(dim, x.rank), index)


@aten("narrow(Tensor(a) self, int dim, SymInt start, SymInt length) -> Tensor(a)")
def narrow(x: SymTensor, dim: int, start: Any, length: Any) -> SymTensor:
    """`length` indices of a dimension from `start`."""
    if not x.shape:
        raise OperatorError("narrow() cannot be applied to a 0-dim tensor.")
    at = wrap_dim(dim, x.rank)
    first, count, size = as_size(start), as_size(length), x.shape[at]
    if count < 0:
        raise OperatorError("narrow(): length must be non-negative.")
    if first < 0:
        first = first + size
    if first < 0 or first > size:
        raise OperatorIndexError(f"start out of range (expected to be in range of [{-size}, {size}], but got {start})")
    if first + count > size:
        raise OperatorError(f"start ({first}) + length ({count}) exceeds dimension size ({size}).")
    return slice(x, at, first, first + count, 1)


@aten("narrow_copy(Tensor self, int dim, SymInt start, SymInt length) -> Tensor")
def narrow_copy(x: SymTensor, dim: int, start: Any, length: Any) -> SymTensor:
    """`narrow`, as a new tensor."""
    return copy(narrow(x, dim, start, length))


@aten("unbind.int(Tensor(a -> *) self, int dim=0) -> Tensor(a)[]")
def unbind(x: SymTensor, dim: int) -> list[SymTensor]:
    """The parts at all indices of a dimension."""
    if not x.shape:
        raise OperatorIndexError("Dimension specified as 0 but tensor has no dimensions")
    at = wrap_dim(dim, x.rank)
    return [select(x, at, i) for i in range(require_int(x.shape[at], "the size to unbind"))]


def _pieces(x: SymTensor, dim: int, sizes: Sequence[Size]) -> list[SymTensor]:
    parts: list[SymTensor] = []
    start: Size = 0
    for size in sizes:
        parts.append(slice(x, dim, start, start + size, 1))
        start = start + size
    return parts


@aten("split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]")
@aten("unsafe_split.Tensor(Tensor(a) self, SymInt split_size, int dim=0) -> Tensor(a)[]")
def split(x: SymTensor, split_size: Any, dim: int) -> list[SymTensor]:
    """Pieces of this size; the last one may be smaller."""
    if not x.shape:
        raise OperatorError("split expects at least a 1-dimensional tensor")
    at = wrap_dim(dim, x.rank)
    total, each = x.shape[at], as_size(split_size)
    if each < 0:
        raise OperatorError(f"split expects split_size be non-negative, but got split_size={split_size}")
    if each == 0:
        if total != 0:
            raise OperatorError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {total}")
        return [x]
    count = max(1, require_int((total + each - 1) // each, "the number of pieces"))
    return _pieces(x, at, [*[each] * (count - 1), total - each * (count - 1)])


@aten("split_with_sizes(Tensor(a -> *) self, SymInt[] split_sizes, int dim=0) -> Tensor(a)[]")
@aten("split.sizes(Tensor(a -> *) self, SymInt[] split_size, int dim=0) -> Tensor(a)[]")
@aten("unsafe_split_with_sizes(Tensor(a) self, SymInt[] split_sizes, int dim=0) -> Tensor(a)[]")
def split_with_sizes(x: SymTensor, sizes: Sequence[Any], dim: int) -> list[SymTensor]:
    """Pieces of these sizes, which must add up."""
    if not x.shape:
        raise OperatorError("split expects at least a 1-dimensional tensor")
    at = wrap_dim(dim, x.rank)
    known = [as_size(s) for s in sizes]
    total: Size = 0
    for size in known:
        if size < 0:
            raise OperatorError(
                f"split_with_sizes expects split_sizes have only non-negative entries, but got {list(sizes)}"
            )
        total = total + size
    if total != x.shape[at]:
        raise OperatorError(
            f"split_with_sizes expects split_sizes to sum exactly to {x.shape[at]} (input tensor's size at dimension "
            f"{dim}), but got split_sizes={list(sizes)}"
        )
    return _pieces(x, at, known)


@aten("chunk(Tensor(a -> *) self, int chunks, int dim=0) -> Tensor(a)[]")
@aten("unsafe_chunk(Tensor(a) self, int chunks, int dim=0) -> Tensor(a)[]")
def chunk(x: SymTensor, chunks: int, dim: int) -> list[SymTensor]:
    """At most `chunks` pieces of equal size, the last one smaller if need be."""
    if not x.shape:
        raise OperatorError("chunk expects at least a 1-dimensional tensor")
    if require_int(chunks, "chunks") <= 0:
        raise OperatorError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    at = wrap_dim(dim, x.rank)
    each = (x.shape[at] + chunks - 1) // chunks
    if each == 0:
        return _pieces(x, at, [0] * chunks)
    return split(x, each, at)


@aten("tensor_split.sections(Tensor(a -> *) self, SymInt sections, int dim=0) -> Tensor(a)[]")
def tensor_split(x: SymTensor, sections: Any, dim: int) -> list[SymTensor]:
    """Exactly this many pieces, the first ones larger by one if need be."""
    if not x.shape:
        raise OperatorError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    at, count = wrap_dim(dim, x.rank), require_int(sections, "sections")
    if count <= 0:
        raise OperatorError(f"number of sections must be larger than 0, got {count}")
    least, extra = x.shape[at] // count, x.shape[at] % count
    return _pieces(x, at, [least + 1 if extra > i else least for i in range(count)])


@aten("tensor_split.indices(Tensor(a -> *) self, SymInt[] indices, int dim=0) -> Tensor(a)[]")
def tensor_split_indices(x: SymTensor, indices: Sequence[Any], dim: int) -> list[SymTensor]:
    """The pieces between these indices."""
    if not x.shape:
        raise OperatorError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    at = wrap_dim(dim, x.rank)
    edges = [None, *indices, None]
    return [slice(x, at, edges[i], edges[i + 1], 1) for i in range(len(edges) - 1)]


def _split_at(name: str, dims: tuple[int, int], least: int) -> None:
    def which(x: SymTensor) -> int:
        if x.rank < least:
            raise OperatorError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {x.rank} dimensions!"
            )
        return dims[0] if x.rank == 1 else dims[1]

    def sections(x: SymTensor, count: int) -> list[SymTensor]:
        at = which(x)
        if count == 0 or x.shape[at] % count != 0:
            raise OperatorError(
                f"torch.{name} attempted to split along dimension {at}, but the size of the dimension {x.shape[at]} is not "
                f"divisible by the split_size {count}!"
            )
        return tensor_split(x, count, at)

    aten(f"{name}.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]")(sections)
    aten(f"{name}.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]")(
        lambda x, indices: tensor_split_indices(x, indices, which(x))
    )


_split_at("hsplit", (0, 1), 1)
_split_at("vsplit", (0, 0), 2)
_split_at("dsplit", (2, 2), 3)


@aten("diagonal(Tensor(a) self, int offset=0, int dim1=0, int dim2=1) -> Tensor(a)")
def diagonal_(x: SymTensor, offset: int, dim1: int, dim2: int) -> SymTensor:
    """The diagonal of two dimensions, as the last dimension."""
    return diagonal(x, offset, dim1, dim2)


# Joining --------------------------------------------------------------------------------------------------------------


@aten(
    "cat(Tensor[] tensors, int dim=0) -> Tensor",
    "concat(Tensor[] tensors, int dim=0) -> Tensor",
    "concatenate(Tensor[] tensors, int dim=0) -> Tensor",
)
def cat(tensors: Sequence[SymTensor], dim: int) -> SymTensor:
    """The tensors one after another along a dimension; tensors of shape (0,) are skipped."""
    if not tensors:
        raise OperatorValueError("torch.cat(): expected a non-empty list of Tensors")
    for i, x in enumerate(tensors):
        if not x.shape:
            raise OperatorError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
    dtype = result_type(tensors)
    kept = [x for x in tensors if not (x.rank == 1 and isinstance(x.shape[0], int) and x.shape[0] == 0)]
    if not kept:
        return copy(convert(tensors[0], dtype))
    rank = kept[0].rank
    at = wrap_dim(dim, rank)
    for x in kept:
        if x.rank != rank:
            raise OperatorError(f"Tensors must have same number of dimensions: got {rank} and {x.rank}")
    if len(kept) == 1:
        return copy(convert(kept[0], dtype)) if kept[0].dtype is dtype else convert(kept[0], dtype)
    return concat([convert(x, dtype) for x in kept], at)


@aten("stack(Tensor[] tensors, int dim=0) -> Tensor")
def stack(tensors: Sequence[SymTensor], dim: int) -> SymTensor:
    """The tensors side by side along a new dimension."""
    if not tensors:
        raise OperatorError("stack expects a non-empty TensorList")
    at = wrap_dim(dim, tensors[0].rank + 1)
    for i, x in enumerate(tensors):
        if x.rank != tensors[0].rank or any(a != b for a, b in zip(x.shape, tensors[0].shape, strict=True)):
            raise OperatorError(
                f"stack expects each tensor to be equal size, but got {list(tensors[0].shape)} at entry 0 and "
                f"{list(x.shape)} at entry {i}"
            )
    return cat([unsqueeze(x, at) for x in tensors], at)


def at_least(x: SymTensor, rank: int) -> SymTensor:
    """The tensor with dimensions of size 1 added until it has `rank`, where torch's atleast functions add them."""
    if x.rank >= rank:
        return x
    shapes: dict[tuple[int, int], tuple[Size, ...]] = {
        (0, 1): (1,), (0, 2): (1, 1), (0, 3): (1, 1, 1), (1, 2): (1, *x.shape), (1, 3): (1, *x.shape, 1),
        (2, 3): (*x.shape, 1),
    }  # fmt: skip
    return reshape(x, shapes[x.rank, rank])


for _rank in (1, 2, 3):
    aten(f"atleast_{_rank}d(Tensor(a) self) -> Tensor(a)", out=False)(lambda x, rank=_rank: at_least(x, rank))
    aten(f"atleast_{_rank}d.Sequence(Tensor(a)[] tensors) -> Tensor(a)[]")(
        lambda tensors, rank=_rank: [at_least(x, rank) for x in tensors]
    )


@aten("hstack(Tensor[] tensors) -> Tensor")
def hstack(tensors: Sequence[SymTensor]) -> SymTensor:
    """Joined along the second dimension (the first for one-dimensional tensors)."""
    parts = [at_least(x, 1) for x in tensors]
    return cat(parts, 0 if parts and parts[0].rank == 1 else 1)


@aten("vstack(Tensor[] tensors) -> Tensor", "row_stack(Tensor[] tensors) -> Tensor")
def vstack(tensors: Sequence[SymTensor]) -> SymTensor:
    """Joined along the first dimension, as rows."""
    return cat([at_least(x, 2) for x in tensors], 0)


@aten("dstack(Tensor[] tensors) -> Tensor")
def dstack(tensors: Sequence[SymTensor]) -> SymTensor:
    """Joined along the third dimension."""
    return cat([at_least(x, 3) for x in tensors], 2)


@aten("column_stack(Tensor[] tensors) -> Tensor")
def column_stack(tensors: Sequence[SymTensor]) -> SymTensor:
    """Joined along the second dimension, as columns."""
    return cat([reshape(x, (x.numel(), 1)) if x.rank < 2 else x for x in tensors], 1)


@aten("repeat(Tensor self, SymInt[] repeats) -> Tensor")
def repeat(x: SymTensor, repeats: Sequence[Any]) -> SymTensor:
    """The tensor repeated along each dimension; further leading ones are new."""
    counts = [as_size(r) for r in repeats]
    if len(counts) < x.rank:
        raise OperatorError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    if any(isinstance(c, int) and c < 0 for c in counts):
        raise OperatorError(f"Trying to create tensor with negative dimension: {list(repeats)}")
    shape = (*[1] * (len(counts) - x.rank), *x.shape)
    if all(isinstance(c, int) and c == 1 for c in counts):
        return copy(reshape(x, shape))
    split_shape = [s for size in shape for s in (1, size)]
    wide_shape = [s for count, size in zip(counts, shape, strict=True) for s in (count, size)]
    wide = broadcast_to(reshape(x, split_shape), wide_shape)
    return copy(reshape(copy(wide), [c * s for c, s in zip(counts, shape, strict=True)]))


@aten("tile(Tensor self, SymInt[] dims) -> Tensor", out=False)
def tile(x: SymTensor, dims: Sequence[Any]) -> SymTensor:
    """`repeat` with missing leading counts of 1."""
    return repeat(x, [*[1] * (x.rank - len(dims)), *dims])


@aten(
    "repeat_interleave.self_int(Tensor self, SymInt repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor",
    out=False,
)
def repeat_interleave(x: SymTensor, repeats: Any, dim: int | None, output_size: Any) -> SymTensor:
    """Each element repeated, next to itself."""
    if dim is None:
        x, dim = ravel(x), 0
    x = reshape(x, (1,)) if not x.rank else x
    at, count = wrap_dim(dim, x.rank), as_size(repeats)
    if count < 0:
        raise OperatorError("Repeats must be non-negative")
    shape = [*x.shape[: at + 1], count, *x.shape[at + 1 :]]
    wide = copy(broadcast_to(unsqueeze(x, at + 1), shape))
    return reshape(wide, [*x.shape[:at], x.shape[at] * count, *x.shape[at + 1 :]])


@host(
    "repeat_interleave.self_Tensor(Tensor self, Tensor repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor",
    implementation="tsir.ops.host_tensors:repeat_interleave",
)
def repeat_interleave_by(x: SymTensor, repeats: SymTensor, dim: int | None, output_size: Any) -> SymTensor:
    """Each element (or part of a dimension) repeated as often as a tensor says."""
    at = 0 if dim is None else wrap_dim(dim, x.rank)
    if repeats.rank > 1:
        raise OperatorError("repeat_interleave only accept 1D vector as repeat")
    if repeats.dtype not in (dtypes.int64, dtypes.int32):
        raise OperatorError("repeats has to be Long or Int tensor")
    total = current().env.atom("repeats", lower=0) if output_size is None else as_size(output_size)
    return SymTensor(x.dtype, (total,) if dim is None else (*x.shape[:at], total, *x.shape[at + 1 :]))


@host(
    "repeat_interleave.Tensor(Tensor repeats, *, SymInt? output_size=None) -> Tensor",
    implementation="tsir.ops.host_tensors:repeated_positions",
)
def repeat_interleave_positions(repeats: SymTensor, output_size: Any) -> SymTensor:
    """Each position repeated as often as a tensor says."""
    if repeats.rank != 1:
        raise OperatorError("repeat_interleave only accept 1D vector as repeat")
    total = current().env.atom("repeats", lower=0) if output_size is None else as_size(output_size)
    return SymTensor(dtypes.int64 if repeats.dtype is dtypes.int64 else repeats.dtype, (total,))


@host(
    "tensor_split.tensor_indices_or_sections(Tensor(a -> *) self, Tensor tensor_indices_or_sections, int dim=0) -> Tensor(a)[]",
    implementation="tsir.ops.host_tensors:tensor_split",
)
def tensor_split_by(x: SymTensor, places: SymTensor, dim: int) -> None:
    """Parts of a dimension between positions that a tensor holds, or as many equal ones as it says."""
    if not x.shape:
        raise OperatorError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    wrap_dim(dim, x.rank)
    if places.rank > 1 or places.dtype is not dtypes.int64:
        raise OperatorError("tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor "
                            "of dtype long")  # fmt: skip


@aten("meshgrid(Tensor(a)[] tensors) -> Tensor(a)[]")
def meshgrid(tensors: Sequence[SymTensor]) -> list[SymTensor]:
    """Coordinates of all combinations, with `ij` indexing."""
    return meshgrid_indexing(tensors, "ij")


@aten("meshgrid.indexing(Tensor(a)[] tensors, *, str indexing) -> Tensor(a)[]")
def meshgrid_indexing(tensors: Sequence[SymTensor], indexing: str) -> list[SymTensor]:
    """Coordinates of all combinations; `xy` swaps the first two dimensions."""
    if not tensors:
        raise OperatorError("meshgrid expects a non-empty TensorList")
    if indexing not in ("ij", "xy"):
        raise OperatorError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    for x in tensors:
        if x.rank > 1:
            raise OperatorError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {list(x.shape)}")
        if x.dtype is not tensors[0].dtype:
            raise OperatorError("torch.meshgrid expects all tensors to have the same dtype")
    swap = indexing == "xy" and len(tensors) > 1
    shape = tuple(x.numel() for x in tensors)
    grids = [
        broadcast_to(reshape(x, [*[1] * i, x.numel(), *[1] * (len(tensors) - i - 1)]), shape) for i, x in enumerate(tensors)
    ]
    return [transpose(g, 0, 1) for g in grids] if swap else grids


# Moving ---------------------------------------------------------------------------------------------------------------


@aten("flip(Tensor self, int[] dims) -> Tensor")
def flip_(x: SymTensor, dims: Sequence[int]) -> SymTensor:
    """The order reversed along these dimensions."""
    axes = wrap_dims(tuple(dims), x.rank)
    return flip(x, axes) if axes and x.rank else copy(x)


@aten("fliplr(Tensor self) -> Tensor", out=False)
def fliplr(x: SymTensor) -> SymTensor:
    """The second dimension reversed."""
    if x.rank < 2:
        raise OperatorError("Input must be >= 2-d.")
    return flip(x, (1,))


@aten("flipud(Tensor self) -> Tensor", out=False)
def flipud(x: SymTensor) -> SymTensor:
    """The first dimension reversed."""
    if x.rank < 1:
        raise OperatorError("Input must be >= 1-d.")
    return flip(x, (0,))


@aten("rot90(Tensor self, int k=1, int[] dims=[0,1]) -> Tensor")
def rot90(x: SymTensor, k: int, dims: Sequence[int]) -> SymTensor:
    """Turned by 90 degrees k times in the plane of two dimensions."""
    if len(dims) != 2:
        raise OperatorError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if x.rank < 2:
        raise OperatorError(f"expected total dims >= 2, but got total dims = {x.rank}")
    a, b = wrap_dims(tuple(dims), x.rank)
    match require_int(k, "k") % 4:
        case 1:
            return transpose(flip(x, (b,)), a, b)
        case 2:
            return flip(x, (a, b))
        case 3:
            return transpose(flip(x, (a,)), a, b)
        case _:
            return copy(x)


@aten("roll(Tensor self, SymInt[1] shifts, int[1] dims=[]) -> Tensor")
def roll(x: SymTensor, shifts: Sequence[Any], dims: Sequence[int]) -> SymTensor:
    """Elements moved along dimensions; what falls off the end comes in at the start."""
    if not shifts:
        raise OperatorError("`shifts` required")
    if not dims:
        if len(shifts) != 1:
            raise OperatorError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
        return reshape(roll(ravel(x), shifts, (0,)), x.shape)
    if len(shifts) != len(dims):
        raise OperatorError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    result = x
    for shift, dim in zip(shifts, dims, strict=True):
        at = wrap_dim(dim, x.rank)
        size = x.shape[at]
        if size == 0:
            continue
        start = (0 - as_size(shift)) % size
        if isinstance(start, int) and start == 0:
            continue
        result = concat([slice(result, at, start, None, 1), slice(result, at, 0, start, 1)], at)
    return copy(x) if result is x else result
