"""Operators that arrange elements without computing: views, reshaping, splitting, joining, flipping, padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.errors import OperatorError, OperatorIndexError, OperatorNotImplementedError, OperatorValueError
from tsir.ops.core.elementwise import broadcast_shapes, conj, convert, copy
from tsir.ops.core.slices import concat, flip, pad, select, slice
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
from tsir.ops.registry import aten
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


@aten("broadcast_tensors(Tensor[] tensors) -> Tensor[]")
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
@aten("unsafe_split.Tensor(Tensor self, SymInt split_size, int dim=0) -> Tensor[]")
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
@aten("unsafe_split_with_sizes(Tensor self, SymInt[] split_sizes, int dim=0) -> Tensor[]")
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
@aten("unsafe_chunk(Tensor self, int chunks, int dim=0) -> Tensor[]")
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
        if x.shape[at] % count != 0:
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
        raise OperatorError(
            "torch.cat(): expected a non-empty list of Tensors",
        )
    for i, x in enumerate(tensors):
        if not x.shape:
            raise OperatorError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
    dtype = result_type(tensors)
    kept = [x for x in tensors if not (x.rank == 1 and isinstance(x.shape[0], int) and x.shape[0] == 0)]
    if not kept:
        return copy(convert(tensors[0], dtype))
    rank = kept[0].rank
    at = wrap_dim(dim, rank)
    for i, x in enumerate(kept):
        if x.rank != rank:
            raise OperatorError(f"Tensors must have same number of dimensions: got {rank} and {x.rank}")
        for d in range(rank):
            if d != at and x.shape[d] != kept[0].shape[d]:
                raise OperatorError(
                    f"Sizes of tensors must match except in dimension {at}. Expected size {kept[0].shape[d]} but got size "
                    f"{x.shape[d]} for tensor number {i} in the list."
                )
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


def _at_least(x: SymTensor, rank: int) -> SymTensor:
    if x.rank >= rank:
        return x
    shapes: dict[tuple[int, int], tuple[Size, ...]] = {
        (0, 1): (1,), (0, 2): (1, 1), (0, 3): (1, 1, 1), (1, 2): (1, *x.shape), (1, 3): (1, *x.shape, 1),
        (2, 3): (*x.shape, 1),
    }  # fmt: skip
    return reshape(x, shapes[x.rank, rank])


for _rank in (1, 2, 3):
    aten(f"atleast_{_rank}d(Tensor self) -> Tensor", out=False)(lambda x, rank=_rank: _at_least(x, rank))
    aten(f"atleast_{_rank}d.Sequence(Tensor[] tensors) -> Tensor[]")(
        lambda tensors, rank=_rank: [_at_least(x, rank) for x in tensors]
    )


@aten("hstack(Tensor[] tensors) -> Tensor")
def hstack(tensors: Sequence[SymTensor]) -> SymTensor:
    """Joined along the second dimension (the first for one-dimensional tensors)."""
    parts = [_at_least(x, 1) for x in tensors]
    return cat(parts, 0 if parts and parts[0].rank == 1 else 1)


@aten("vstack(Tensor[] tensors) -> Tensor", "row_stack(Tensor[] tensors) -> Tensor")
def vstack(tensors: Sequence[SymTensor]) -> SymTensor:
    """Joined along the first dimension, as rows."""
    return cat([_at_least(x, 2) for x in tensors], 0)


@aten("dstack(Tensor[] tensors) -> Tensor")
def dstack(tensors: Sequence[SymTensor]) -> SymTensor:
    """Joined along the third dimension."""
    return cat([_at_least(x, 3) for x in tensors], 2)


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


@aten("meshgrid(Tensor[] tensors) -> Tensor[]")
def meshgrid(tensors: Sequence[SymTensor]) -> list[SymTensor]:
    """Coordinates of all combinations, with `ij` indexing."""
    return meshgrid_indexing(tensors, "ij")


@aten("meshgrid.indexing(Tensor[] tensors, *, str indexing) -> Tensor[]")
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
    return copy(x) if not dims else flip(x, wrap_dims(tuple(dims), x.rank))


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


# Padding --------------------------------------------------------------------------------------------------------------


def _pairs(x: SymTensor, padding: Sequence[Any]) -> list[tuple[Size, Size]]:
    """torch's padding (last dimension first, before and after) as one pair for each dimension."""
    if len(padding) % 2:
        raise OperatorError("Padding length must be divisible by 2")
    if len(padding) // 2 > x.rank:
        raise OperatorError(
            "Length of pad should be no more than twice the number of dimensions of the input. "
            f"Pad length is {len(padding)} while the input has {x.rank} dimensions."
        )
    pairs: list[tuple[Size, Size]] = [(0, 0)] * x.rank
    for i in range(len(padding) // 2):
        pairs[x.rank - 1 - i] = (as_size(padding[2 * i]), as_size(padding[2 * i + 1]))
    return pairs


@aten("constant_pad_nd(Tensor self, SymInt[] pad, Scalar value=0) -> Tensor")
def constant_pad_nd(x: SymTensor, padding: Sequence[Any], value: Any) -> SymTensor:
    """Elements of one value around the tensor; negative padding cuts off."""
    pairs = _pairs(x, padding)
    for d, (before, after) in enumerate(pairs):
        size = x.shape[d]
        if size + before + after < 0:
            raise OperatorError(
                f"The input size {size}, plus negative padding {before} and {after} resulted in a negative output size, "
                f"which is invalid. Check dimension {d} of your input."
            )
        start, end = (0 - before if before < 0 else 0), (size + after if after < 0 else None)
        if before < 0 or after < 0:
            x = slice(x, d, start, end, 1)
    low = [0 if b < 0 else b for b, _ in pairs]
    high = [0 if a < 0 else a for _, a in pairs]
    if all(isinstance(p, int) and p == 0 for p in (*low, *high)):
        return copy(x)
    return pad(x, low, high, value)


def _mirrored(x: SymTensor, dim: int, before: Size, after: Size) -> SymTensor:
    size = x.shape[dim]
    if before >= size or after >= size:
        raise OperatorError(
            "Argument #4: Padding size should be less than the corresponding input dimension, but got: padding "
            f"({before}, {after}) at dimension {dim} of input {list(x.shape)}"
        )
    parts = [x]
    if before != 0:
        parts.insert(0, flip(slice(x, dim, 1, before + 1, 1), (dim,)))
    if after != 0:
        parts.append(flip(slice(x, dim, size - 1 - after, size - 1, 1), (dim,)))
    return concat(parts, dim) if len(parts) > 1 else x


def _replicated(x: SymTensor, dim: int, before: Size, after: Size) -> SymTensor:
    size = x.shape[dim]
    shape = list(x.shape)
    parts = [x]
    if before != 0:
        shape[dim] = before
        parts.insert(0, broadcast_to(slice(x, dim, 0, 1, 1), shape))
    if after != 0:
        shape[dim] = after
        parts.append(broadcast_to(slice(x, dim, size - 1, size, 1), shape))
    return concat(parts, dim) if len(parts) > 1 else x


def _wrapped(x: SymTensor, dim: int, before: Size, after: Size) -> SymTensor:
    size = x.shape[dim]
    if before > size or after > size:
        raise OperatorError("Padding value causes wrapping around more than once.")
    parts = [x]
    if before != 0:
        parts.insert(0, slice(x, dim, size - before, size, 1))
    if after != 0:
        parts.append(slice(x, dim, 0, after, 1))
    return concat(parts, dim) if len(parts) > 1 else x


_PADDING = {"reflect": _mirrored, "replicate": _replicated, "circular": _wrapped}


def pad_with(x: SymTensor, padding: Sequence[Any], mode: str) -> SymTensor:
    """Pads the last dimensions by elements of the tensor itself: `reflect`, `replicate` or `circular`."""
    result = x
    for dim, (before, after) in enumerate(_pairs(x, padding)):
        if isinstance(before, int) and isinstance(after, int) and before == 0 and after == 0:
            continue
        if before < 0 or after < 0:
            start, end = (0 - before if before < 0 else 0), (x.shape[dim] + after if after < 0 else None)
            result = slice(result, dim, start, end, 1)
            before, after = (0 if before < 0 else before), (0 if after < 0 else after)
        result = _PADDING[mode](result, dim, before, after)
    return copy(x) if result is x else result


@aten('pad(Tensor self, SymInt[] pad, str mode="constant", float? value=None) -> Tensor', out=False)
def pad_(x: SymTensor, padding: Sequence[Any], mode: str, value: Any) -> SymTensor:
    """Padding in one of four modes; all but `constant` pad the last one to three dimensions of a batch."""
    if mode == "constant":
        return constant_pad_nd(x, padding, 0 if value is None else value)
    if mode not in _PADDING:
        raise OperatorError(f"Unrecognised padding mode {mode}")
    if value is not None and value != 0:
        raise OperatorError(f'Padding mode "{mode}" doesn\'t take in value argument')
    spatial = len(padding) // 2
    if len(padding) % 2 or x.rank not in (spatial + 1, spatial + 2) or spatial > 3:
        raise OperatorNotImplementedError("Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now")
    return pad_with(x, padding, mode)


for _n in (1, 2, 3):
    for _mode, _prefix in (("reflect", "reflection"), ("replicate", "replication")):
        aten(f"{_prefix}_pad{_n}d(Tensor self, SymInt[{2 * _n}] padding) -> Tensor")(
            lambda x, padding, mode=_mode: pad_with(x, padding, mode)
        )


# Image-like arrangements ----------------------------------------------------------------------------------------------


@aten("pixel_shuffle(Tensor self, int upscale_factor) -> Tensor")
def pixel_shuffle(x: SymTensor, factor: int) -> SymTensor:
    """Channels to pixels: (..., C r^2, H, W) to (..., C, H r, W r)."""
    if x.rank < 3:
        raise OperatorError(
            f"pixel_shuffle expects input to have at least 3 dimensions, but got input with {x.rank} dimension(s)"
        )
    if factor <= 0:
        raise OperatorError(f"pixel_shuffle expects a positive upscale_factor, but got {factor}")
    *batch, channels, height, width = x.shape
    if channels % (factor * factor) != 0:
        raise OperatorError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={channels} is not divisible by {factor * factor}"
        )
    out = channels // (factor * factor)
    n = len(batch)
    y = reshape(x, (*batch, out, factor, factor, height, width))
    y = permute(y, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return reshape(copy(y), (*batch, out, height * factor, width * factor))


@aten("pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor")
def pixel_unshuffle(x: SymTensor, factor: int) -> SymTensor:
    """Pixels to channels: the inverse of `pixel_shuffle`."""
    if x.rank < 3:
        raise OperatorError(
            f"pixel_unshuffle expects input to have at least 3 dimensions, but got input with {x.rank} dimension(s)"
        )
    if factor <= 0:
        raise OperatorError(f"pixel_unshuffle expects a positive downscale_factor, but got {factor}")
    *batch, channels, height, width = x.shape
    for size, name in ((height, "height"), (width, "width")):
        if size % factor != 0:
            raise OperatorError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but {size} is not divisible by {factor}"
            )
    n = len(batch)
    y = reshape(x, (*batch, channels, height // factor, factor, width // factor, factor))
    y = permute(y, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return reshape(copy(y), (*batch, channels * factor * factor, height // factor, width // factor))


@aten("channel_shuffle(Tensor self, SymInt groups) -> Tensor")
def channel_shuffle(x: SymTensor, groups: Any) -> SymTensor:
    """The channels of several groups in turn."""
    count = require_int(groups, "groups")
    batch, channels, *rest = x.shape
    if channels % count != 0:
        raise OperatorError(f"Number of channels must be divisible by groups. Got {channels} channels and {count} groups.")
    y = reshape(x, (batch, count, channels // count, *rest))
    return reshape(copy(transpose(y, 1, 2)), x.shape)


@aten("view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a)")
def view_dtype(x: SymTensor, dtype: DType) -> SymTensor:
    """The tensor itself for its own dtype; reinterpreting bytes isn't expressed on values."""
    if x.dtype is dtype:
        return x
    from tsir.ops.sizes import CannotLower

    raise CannotLower(f"viewing {x.dtype} as {dtype} needs the bytes in memory")


@aten("block_diag(Tensor[] tensors) -> Tensor")
def block_diag(tensors: Sequence[SymTensor]) -> SymTensor:
    """The matrices along the diagonal of one matrix, zeros elsewhere."""
    if not tensors:
        raise OperatorValueError("block_diag needs at least one tensor")
    dtype = result_type(tensors)
    blocks = [_at_least(convert(x, dtype), 2) for x in tensors]
    width: Size = 0
    for block in blocks:
        width = width + block.shape[1]
    rows: list[SymTensor] = []
    left: Size = 0
    for block in blocks:
        right = width - left - block.shape[1]
        rows.append(pad(block, (0, left), (0, right), False if dtype is dtypes.bool_ else 0))
        left = left + block.shape[1]
    return cat(rows, 0)
