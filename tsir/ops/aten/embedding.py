"""Look-ups of rows by number."""

from __future__ import annotations

from typing import Any

from tsir.dialects import dtypes
from tsir.errors import OperatorError
from tsir.ops.aten.precision import require_float
from tsir.ops.builder import current
from tsir.ops.core import reductions
from tsir.ops.core.creation import full, iota
from tsir.ops.core.elementwise import binary, clamp, convert, where
from tsir.ops.core.host_calls import call_host
from tsir.ops.core.indexing import index_select, scatter_rows
from tsir.ops.core.slices import concat, slice
from tsir.ops.core.views import broadcast_to, unsqueeze
from tsir.ops.registry import aten, host
from tsir.ops.tensor import SymTensor, dtype_label, require_bool, require_int

SUM, MEAN, MAX = 0, 1, 2


def _check_indices(indices: SymTensor, name: str) -> None:
    if indices.dtype not in (dtypes.int64, dtypes.int32):
        raise OperatorError(
            f"Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"torch.{dtype_label(indices.dtype)}Tensor instead (while checking arguments for {name})"
        )


@aten(
    "embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor"
)
def embedding(weight: SymTensor, indices: SymTensor, padding_idx: Any, scale_grad: bool, sparse: bool) -> SymTensor:
    """The rows of `weight` that the indices name; they must be in range and not negative."""
    if weight.rank != 2:
        raise OperatorError("'weight' must be 2-D")
    _check_indices(indices, "embedding")
    return index_select(weight, 0, indices)


@aten(
    "embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, "
    "bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False) -> (Tensor, Tensor, Tensor, Tensor)"
)
def embedding_bag(
    weight: SymTensor,
    indices: SymTensor,
    offsets: SymTensor,
    scale_grad: bool,
    mode: int,
    sparse: bool,
    sample_weights: SymTensor | None,
    include_last: bool,
) -> tuple[SymTensor, SymTensor, SymTensor, SymTensor]:
    """Sums, means or maxima of the rows of each bag; see `embedding_bag.padding_idx`."""
    return embedding_bag_padding(weight, indices, offsets, scale_grad, mode, sparse, sample_weights, include_last, None)


@aten(
    "embedding_bag.padding_idx(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq, int mode, bool sparse, "
    "Tensor? per_sample_weights, bool include_last_offset, int? padding_idx) -> (Tensor, Tensor, Tensor, Tensor)"
)
def embedding_bag_padding(
    weight: SymTensor,
    indices: SymTensor,
    offsets: SymTensor,
    scale_grad: bool,
    mode: int,
    sparse: bool,
    sample_weights: SymTensor | None,
    include_last: bool,
    padding_idx: int | None,
) -> tuple[SymTensor, SymTensor, SymTensor, SymTensor]:
    """Sums (mode 0), means (1) or maxima (2) of the rows of each bag; bag i starts at `offsets[i]`.

    The other results are what torch keeps for the backward pass; they are empty here.
    """
    _check_indices(indices, "embedding_bag")
    if indices.rank != 1 or offsets.rank != 1:
        raise OperatorError("input has to be a 1D or 2D Tensor")
    require_float(weight, "embedding_bag")
    kind = require_int(mode, "mode")
    if sample_weights is not None and kind != SUM:
        raise OperatorError("embedding_bag: per_sample_weights was not None, but mode is not 'sum'")
    count = indices.shape[0]
    starts = convert(offsets, dtypes.int64)
    if require_bool(include_last, "include_last_offset"):
        starts = slice(starts, 0, 0, starts.shape[0] - 1, 1)
    bags = starts.shape[0]
    # The bag of position p is the number of bags that start at p or before, less one.
    position = iota(count, dtypes.int64)
    begun = binary("le", starts, unsqueeze(position, 1))
    bag = binary("sub", reductions.sum(convert(begun, dtypes.int64), (1,), False), 1)
    rows = index_select(weight, 0, indices)
    kept: SymTensor | None = None
    if padding_idx is not None:
        padding = require_int(padding_idx, "padding_idx")
        kept = binary("ne", convert(indices, dtypes.int64), padding if padding >= 0 else weight.shape[0] + padding)
    if sample_weights is not None:
        rows = binary("mul", rows, unsqueeze(sample_weights, 1))
    ends = concat([slice(starts, 0, 1, None, 1), broadcast_to(full((1,), count, dtypes.int64), (1,))], 0)
    sizes = binary("sub", ends, starts)
    if kept is not None:
        ones = convert(kept, dtypes.int64)
        sizes = scatter_rows(full((bags,), 0, dtypes.int64), bag, ones, "add")
    shape = (bags, weight.shape[1])
    if kind == MAX:
        lowest = float("-inf")
        rows = rows if kept is None else where(unsqueeze(kept, 1), rows, lowest)
        found = scatter_rows(full(shape, lowest, weight.dtype), bag, rows, "max")
        result = where(binary("eq", unsqueeze(sizes, 1), 0), 0.0, found)
    else:
        rows = rows if kept is None else where(unsqueeze(kept, 1), rows, 0.0)
        result = scatter_rows(full(shape, 0.0, weight.dtype), bag, rows, "add")
        if kind == MEAN:
            divisor = convert(clamp(sizes, 1, None), weight.dtype)
            result = binary("div", result, unsqueeze(divisor, 1))
    empty = full((0,), 0, dtypes.int64)
    return result, empty, empty, empty


@host("_one_hot_by_data(Tensor self, int num_classes) -> Tensor", implementation="tsir.ops.host_tensors:one_hot")
def one_hot_by_data(x: SymTensor, num_classes: int) -> SymTensor:
    """`one_hot` with as many classes as the largest number asks for."""
    return SymTensor(dtypes.int64, (*x.shape, current().env.atom("classes", lower=0)))


@aten("one_hot(Tensor self, int num_classes=-1) -> Tensor", out=False)
def one_hot(x: SymTensor, num_classes: int) -> SymTensor:
    """1 at each element's number in a new last dimension, else 0."""
    from tsir.ops.core.indexing import check_range

    if x.dtype is not dtypes.int64:
        raise OperatorError("one_hot is only applicable to index tensor of type LongTensor.")
    classes = require_int(num_classes, "num_classes")
    if classes == -1:
        return call_host("_one_hot_by_data", x, -1)
    if classes <= 0:
        raise OperatorError("num_classes should be positive")
    check_range(x, 0, classes, "RuntimeError", "Class values must be non-negative and smaller than num_classes.")
    return convert(binary("eq", unsqueeze(x, x.rank), iota(classes, dtypes.int64)), dtypes.int64)


host(
    "embedding_renorm_(Tensor(a!) self, Tensor indices, float max_norm, float norm_type) -> Tensor(a!)",
    implementation="tsir.ops.host_tensors:embedding_renorm_",
    infer=lambda weight, indices, max_norm, norm_type: weight,
)
