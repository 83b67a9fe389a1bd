"""Covariance, histograms, finite differences, combinations of elements, distances of all pairs of rows."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.aten.linear_algebra import cdist, diag, product
from tsir.ops.aten.reductions import total
from tsir.ops.core import reductions, searching
from tsir.ops.core.checks import check_elements_at_least_zero
from tsir.ops.core.creation import full, iota
from tsir.ops.core.elementwise import binary, clamp, complex, conj, convert, copy, imag, real, unary, where
from tsir.ops.core.indexing import index_select, scatter_rows
from tsir.ops.core.slices import concat, slice
from tsir.ops.core.views import broadcast_to, diagonal, reshape, transpose, unsqueeze
from tsir.ops.promotion import result_type
from tsir.ops.registry import aten
from tsir.ops.tensor import SymTensor, as_size, dtype_label, require_int, require_number, wrap_dims

# Covariance -----------------------------------------------------------------------------------------------------------


@aten("cov(Tensor self, *, int correction=1, Tensor? fweights=None, Tensor? aweights=None) -> Tensor", out=False)
def cov(x: SymTensor, correction: int, frequencies: SymTensor | None, importance: SymTensor | None) -> SymTensor:
    """The covariances of rows, with frequencies and importances of the columns as weights."""
    if x.rank > 2:
        raise OperatorError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {x.rank} dimensions"
        )
    if x.dtype is dtypes.bool_:
        raise OperatorError("cov(): bool dtype is not supported for input")
    rows = x if x.rank == 2 else reshape(x, (1, x.numel()))
    count = rows.shape[1]
    weights: SymTensor | None = None
    for given, name in ((frequencies, "fweights"), (importance, "aweights")):
        if given is None:
            continue
        if given.rank > 1:
            raise OperatorError(
                f"cov(): expected {name} to have one or fewer dimensions but got {name} with {given.rank} dimensions"
            )
        if given.numel() != count:
            raise OperatorError(f"cov(): expected {name} to have the same numel as there are observations in the input but got "
                                f"{given.numel()} != {count}")  # fmt: skip
        if (given.dtype.category is not Category.INT) == (name == "fweights"):
            raise OperatorError(f"cov(): expected {name} to have {'integral' if name == 'fweights' else 'floating point'} dtype but "
                                f"got {name} with {dtype_label(given.dtype)} dtype")  # fmt: skip
        check_elements_at_least_zero(given, f"cov(): {name} cannot be negative")
        given = reshape(given, (count,))
        weights = given if weights is None else binary("mul", weights, given)
    if x.dtype.category <= Category.INT:
        rows = convert(rows, dtypes.float32)
    if weights is None:
        total: Any = count
        mean = binary("div", reductions.sum(rows, (1,), True), count)
    else:
        total = reductions.sum(weights, (0,), False)
        wide = binary("mul", rows, weights)
        mean = binary("div", reductions.sum(wide, (1,), True), total)
    norm: Any = total
    if importance is not None and require_int(correction, "correction") != 0:
        assert weights is not None
        squares = reductions.sum(binary("mul", weights, reshape(importance, (count,))), (0,), False)
        norm = binary("sub", total, binary("div", binary("mul", squares, correction), total))
    elif isinstance(total, SymTensor):
        norm = binary("sub", total, correction)
    else:
        norm = max(require_int(total) - require_int(correction), 0)
    if isinstance(norm, SymTensor):
        norm = where(binary("gt", norm, 0), norm, 0)
    centred = binary("sub", rows, mean)
    weighted = centred if weights is None else binary("mul", centred, weights)
    found = product(centred, conj(transpose(convert(weighted, centred.dtype), 0, 1)))
    found = binary("div", found, norm)
    return reshape(found, ()) if isinstance(found.shape[0], int) and found.shape[0] == 1 else found


@aten("corrcoef(Tensor self) -> Tensor", out=False)
def corrcoef(x: SymTensor) -> SymTensor:
    """The correlations of rows."""
    if x.rank > 2:
        raise OperatorError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {x.rank} dimensions"
        )
    found = cov(x, 1, None, None)
    if not found.shape:
        return binary("div", found, found)
    variances = diagonal(found, 0, 0, 1)
    deviation = unary("sqrt", real(variances) if found.is_complex else variances)
    scaled = binary("div", binary("div", found, unsqueeze(deviation, 1)), unsqueeze(deviation, 0))
    if scaled.is_complex:
        return complex(clamp(real(scaled), -1, 1), clamp(imag(scaled), -1, 1))
    return clamp(scaled, -1, 1)


# Histograms -----------------------------------------------------------------------------------------------------------


def _require_histogram(x: SymTensor, weight: SymTensor | None) -> None:
    if x.dtype not in (dtypes.float32, dtypes.float64):
        raise OperatorNotImplementedError(f'"histogram_cpu" not implemented for {dtype_label(x.dtype)!r}')
    if weight is not None and (weight.dtype is not x.dtype or weight.numel() != x.numel()):
        raise OperatorError(
            "torch.histogram(): if weight tensor is provided it should have the same shape and dtype as input"
        )


def _counted(x: SymTensor, edges: SymTensor, weight: SymTensor | None, density: bool) -> SymTensor:
    """The sums of weights in the intervals between edges, of which the last is closed."""
    count = edges.shape[0] - 1
    flat = reshape(x, (x.numel(),))
    values = full((x.numel(),), 1.0, x.dtype) if weight is None else reshape(weight, (x.numel(),))
    place = binary("sub", searching.searchsorted(edges, flat, right=True, sorter=None), 1)
    last = index_select(edges, 0, full((1,), count, dtypes.int64))
    place = where(binary("eq", flat, last), count - 1, place)
    inside = binary("logical_and", binary("ge", place, 0), binary("lt", place, count))
    index = where(inside, place, 0)
    found = scatter_rows(full((count,), 0.0, x.dtype), index, where(inside, values, 0.0), "add")
    if density:
        widths = binary("sub", slice(edges, 0, 1, None, 1), slice(edges, 0, 0, count, 1))
        found = binary("div", binary("div", found, reductions.sum(found, (0,), False)), widths)
    return found


@aten(
    "histogram.bins_tensor(Tensor self, Tensor bins, *, Tensor? weight=None, bool density=False) -> "
    "(Tensor hist, Tensor bin_edges)"
)
def histogram(x: SymTensor, bins: SymTensor, weight: SymTensor | None, density: bool) -> tuple[SymTensor, SymTensor]:
    """How many elements (or how much weight) lie between the edges."""
    _require_histogram(x, weight)
    if bins.rank != 1 or bins.dtype is not x.dtype:
        raise OperatorError("torch.histogramdd(): bins tensor should have one dimension and the dtype of the input")
    return _counted(x, bins, weight, density), copy(bins)


@aten(
    "histogram.bin_ct(Tensor self, int bins=100, *, float[]? range=None, Tensor? weight=None, bool density=False) -> "
    "(Tensor hist, Tensor bin_edges)"
)
def histogram_count(
    x: SymTensor, bins: int, limits: Sequence[float] | None, weight: SymTensor | None, density: bool
) -> tuple[SymTensor, SymTensor]:
    """How many elements lie in equal intervals of a range, which is that of the elements by default."""
    _require_histogram(x, weight)
    edges = _edges(x, require_int(bins, "bins"), limits)
    return _counted(x, edges, weight, density), edges


def _edges(x: SymTensor, count: int, limits: Sequence[float] | None) -> SymTensor:
    if count <= 0:
        raise OperatorError(f"torch.histogram(): bins must be > 0, but got {count}")
    steps = convert(iota(count + 1, dtypes.int64), x.dtype)
    if limits is not None:
        low, high = (float(require_number(v, "range")) for v in limits)
        if low > high:
            raise OperatorError("torch.histogram(): max must be larger than min")
        if low == high:
            low, high = low - 0.5, high + 0.5
        return _spaced(steps, count, low, high, (high - low) / count)
    flat = reshape(x, (x.numel(),))
    if isinstance(x.numel(), int) and x.numel() == 0:
        return binary("div", steps, count)
    least, most = reductions.amin(flat, (0,), False), reductions.amax(flat, (0,), False)
    equal = binary("eq", least, most)
    least, most = where(equal, binary("sub", least, 0.5), least), where(equal, binary("add", most, 0.5), most)
    return _spaced(steps, count, least, most, binary("div", binary("sub", most, least), count))


def _spaced(steps: SymTensor, count: int, low: Any, high: Any, width: Any) -> SymTensor:
    """Equal steps from both ends towards the middle, as `linspace` goes."""
    up = binary("add", binary("mul", steps, width), low)
    down = binary("sub", high, binary("mul", binary("sub", count, steps), width))
    return where(binary("lt", steps, (count + 1) // 2), up, down)


# Differences ----------------------------------------------------------------------------------------------------------


def _gradient(x: SymTensor, dims: Sequence[int], spacing: Sequence[Any], order: int) -> list[SymTensor]:
    if order not in (1, 2):
        raise OperatorError("torch.gradient only supports edge_order=1 and edge_order=2.")
    if len(spacing) != len(dims):
        raise OperatorError(f"torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to "
                            f"{len(dims)}, but got a list of length {len(spacing)}")  # fmt: skip
    if x.dtype is dtypes.uint8:
        raise OperatorError("torch.gradient does not support uint8 input.")
    if x.dtype is dtypes.bool_ and dims:
        binary("sub", x, x)  # raises
    if x.dtype.category is Category.INT:
        x = convert(x, dtypes.float32)
    return [_along(x, d, step, order) for d, step in zip(wrap_dims(dims, x.rank), spacing, strict=True)]


def _along(x: SymTensor, dim: int, spacing: Any, order: int) -> SymTensor:
    """Second order differences inside, and at the ends of this order."""
    size = require_int(x.shape[dim]) if x.shape else 1
    if size < order + 1:
        raise OperatorError("torch.gradient expected each dimension size to be at least edge_order+1")

    def part(start: int, end: int) -> SymTensor:
        return slice(x, dim, start, end, 1)

    if isinstance(spacing, SymTensor):
        if spacing.rank != 1:
            raise OperatorError("torch.gradient expected each element of spacing to have one dimension")
        steps = binary("sub", slice(spacing, 0, 1, None, 1), slice(spacing, 0, 0, spacing.shape[0] - 1, 1))
        shape = [1] * x.rank

        def step(start: int, end: int) -> Any:
            shape[dim] = end - start
            return reshape(slice(steps, 0, start, end, 1), shape)
    else:

        def step(start: int, end: int) -> Any:
            return spacing

    def over(numerator: SymTensor, denominator: Any) -> SymTensor:
        return binary("div", numerator, denominator)

    parts: list[SymTensor] = []
    points = require_int(spacing.shape[0]) if isinstance(spacing, SymTensor) else size
    first, last = step(0, 1), step(points - 2, points - 1)
    if order == 1:
        begin = over(binary("sub", part(1, 2), part(0, 1)), first)
        end = over(binary("sub", part(size - 1, size), part(size - 2, size - 1)), last)
    else:
        h1, h2 = first, step(1, 2)
        total = h1 + h2
        begin = (
            part(0, 1) * -((h1 * 2.0 + h2) / (h1 * total))
            + part(1, 2) * (total / (h1 * h2))
            + part(2, 3) * -(h1 / (h2 * total))
        )
        h1, h2 = step(size - 3, size - 2), last
        total = h1 + h2
        end = (
            part(size - 3, size - 2) * (h2 / (h1 * total)) + part(size - 2, size - 1) * -(total / (h1 * h2))
            + part(size - 1, size) * ((h2 * 2.0 + h1) / (h2 * total))
        )  # fmt: skip
    parts.append(begin)
    if size > 2:
        before, after = step(0, size - 2), step(1, size - 1)
        total = before + after
        left, middle, right = part(0, size - 2), part(1, size - 1), part(2, size)
        inside = (
            left * -(after / (before * total))
            + middle * ((after - before) / (before * after))
            + right * (before / (after * total))
        )
        parts.append(inside)
    parts.append(end)
    return convert(concat([convert(p, x.dtype) for p in parts], dim), x.dtype)


def _dims(x: SymTensor, dim: Any) -> list[int]:
    return list(range(x.rank)) if dim is None else list(dim) if isinstance(dim, list | tuple) else [dim]


@aten("gradient.scalarint(Tensor self, *, Scalar? spacing=None, int? dim=None, int edge_order=1) -> Tensor[]")
@aten("gradient.scalararray(Tensor self, *, Scalar spacing, int[] dim, int edge_order=1) -> Tensor[]")
def gradient(x: SymTensor, spacing: Any, dim: Any, order: int) -> list[SymTensor]:
    """Differences of neighbours by an equal distance, along each of the dimensions."""
    chosen = _dims(x, dim)
    return _gradient(x, chosen, [1.0 if spacing is None else spacing] * len(chosen), order)


@aten("gradient.array(Tensor self, *, int[] dim, int edge_order=1) -> Tensor[]")
def gradient_dims(x: SymTensor, dim: Any, order: int) -> list[SymTensor]:
    """Differences of neighbours along the dimensions."""
    return _gradient(x, _dims(x, dim), [1.0] * len(_dims(x, dim)), order)


@aten(
    "gradient.scalarrayint(Tensor self, *, Scalar[] spacing, int? dim=None, int edge_order=1) -> Tensor[]",
    "gradient.scalarrayarray(Tensor self, *, Scalar[] spacing, int[] dim, int edge_order=1) -> Tensor[]",
    "gradient.tensorarrayint(Tensor self, *, Tensor[] spacing, int? dim=None, int edge_order=1) -> Tensor[]",
    "gradient.tensorarray(Tensor self, *, Tensor[] spacing, int[] dim, int edge_order=1) -> Tensor[]",
)
def gradient_spaced(x: SymTensor, spacing: Sequence[Any], dim: Any, order: int) -> list[SymTensor]:
    """Differences of neighbours by a distance, or the coordinates, for each of the dimensions."""
    return _gradient(x, _dims(x, dim), list(spacing), order)


# Combinations ---------------------------------------------------------------------------------------------------------


def _constant_index(values: Sequence[int]) -> SymTensor:
    parts = [full((1,), int(v), dtypes.int64) for v in values]
    return concat(parts, 0) if len(parts) > 1 else parts[0]


@aten("combinations(Tensor self, int r=2, bool with_replacement=False) -> Tensor", out=False)
def combinations(x: SymTensor, count: int, replacement: bool) -> SymTensor:
    """All combinations of r elements, in the order of `itertools.combinations`."""
    if x.rank != 1:
        raise OperatorError(f"Expect a 1D vector, but got shape {list(x.shape)}")
    r = require_int(count, "r")
    if r < 0:
        raise OperatorError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return full((0,), 0, x.dtype)
    if replacement or r > 2:
        pick = itertools.combinations_with_replacement if replacement else itertools.combinations
        found = np.array(list(pick(range(require_int(x.shape[0])), r)), np.int64).reshape(-1, r)
        if not found.size:
            return full((0, r), 0, x.dtype)
        return reshape(index_select(x, 0, _constant_index(found.reshape(-1).tolist())), found.shape)
    size = require_int(x.shape[0])
    pairs = list(itertools.combinations(range(size), r))
    if not pairs:
        return full((0, r), 0, x.dtype)
    return reshape(index_select(x, 0, _constant_index([i for pair in pairs for i in pair])), (len(pairs), r))


@aten("cartesian_prod(Tensor(a)[] tensors) -> Tensor(a)", out=False)
def cartesian_prod(tensors: Sequence[SymTensor]) -> SymTensor:
    """All combinations of elements, one of each tensor, as rows."""
    if any(t.rank != 1 for t in tensors):
        raise OperatorError("Expect a 1D vector, but got another rank")
    if len(tensors) == 1:
        return tensors[0]
    shape = tuple(t.shape[0] for t in tensors)
    columns = [
        reshape(broadcast_to(reshape(t, [t.shape[0] if i == d else 1 for d in range(len(shape))]), shape), (-1, 1))
        for i, t in enumerate(tensors)
    ]
    dtype = result_type(tensors)
    return concat([convert(c, dtype) for c in columns], 1)


@aten("diagflat(Tensor self, int offset=0) -> Tensor", out=False)
def diagflat(x: SymTensor, offset: int) -> SymTensor:
    """A matrix with all elements on a diagonal."""
    return diag(reshape(x, (x.numel(),)), offset)


@aten("sum_to_size(Tensor(a) self, SymInt[] size) -> Tensor(a)", out=False)
def sum_to_size(x: SymTensor, size: Sequence[Any]) -> SymTensor:
    """The sum over the dimensions in which this size would be broadcast to the tensor's."""
    wanted = [as_size(s) for s in size]
    lead = x.rank - len(wanted)
    if lead < 0 or any(s != 1 and s != x.shape[lead + i] for i, s in enumerate(wanted)):
        raise OperatorError(f"size {{{wanted}}} is not expandable to size {{{list(x.shape)}}}.")
    if not wanted:
        return total(x, None)
    dims = [*range(lead), *(lead + i for i, s in enumerate(wanted) if s == 1 and x.shape[lead + i] != 1)]
    return reshape(total(x, dims), wanted) if dims else x


@aten("pdist(Tensor self, float p=2.) -> Tensor", out=False)
def pdist(x: SymTensor, p: float) -> SymTensor:
    """The distances of all pairs of rows, the first row's first."""
    if x.rank != 2:
        raise OperatorError(f"pdist only supports 2D tensors, got: {x.rank}D")
    if x.dtype.category is not Category.FLOAT:
        raise OperatorError("pdist only supports floating-point dtypes")
    if p < 0:
        raise OperatorError("pdist only supports non-negative p values")
    size = require_int(x.shape[0])
    places = [i * size + j for i in range(size) for j in range(i + 1, size)]
    if not places:
        return full((0,), 0, x.dtype)
    if x.shape[1] == 0:
        return full((len(places),), 0, x.dtype)
    return index_select(reshape(cdist(x, x, float(p), None), (size * size,)), 0, _constant_index(places))
