"""Reductions: sums, extrema, means, variances, norms, and cumulative forms. Order statistics are in sorting.py."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.errors import OperatorError, OperatorIndexError, OperatorNotImplementedError
from tsir.ops.aten.precision import in_float32
from tsir.ops.core import reductions as core
from tsir.ops.core.checks import check_sizes
from tsir.ops.core.elementwise import binary, convert, copy, real, unary, where
from tsir.ops.core.slices import concat, slice
from tsir.ops.core.sorting import scan
from tsir.ops.core.views import diagonal, reshape
from tsir.ops.promotion import is_half, result_type
from tsir.ops.registry import aten
from tsir.ops.sizes import Size, SymInt, size_max
from tsir.ops.sizes import numel as numel_of
from tsir.ops.tensor import SymTensor, dtype_label, require_number, wrap_dim, wrap_dims

Dims = Sequence[int] | int | None


def dims_of(x: SymTensor, dims: Dims) -> tuple[int, ...]:
    """The dimensions of a reduction: None and the empty list mean all."""
    if dims is None or (not isinstance(dims, int) and not dims):
        return tuple(range(x.rank))
    wrapped = wrap_dims(dims, x.rank)
    return wrapped if x.rank else ()


def _count(x: SymTensor, dims: Sequence[int]) -> Size:
    return numel_of([x.shape[d] for d in dims])


def _sum_dtype(x: SymTensor, dtype: DType | None) -> DType:
    if dtype is not None:
        return dtype
    return dtypes.int64 if x.dtype.category <= Category.INT else x.dtype


def total(x: SymTensor, dims: Dims, keepdim: bool = False, dtype: DType | None = None) -> SymTensor:
    """`torch.sum`: integers and bool are added in int64."""
    return core.sum(convert(x, _sum_dtype(x, dtype)), dims_of(x, dims), keepdim)


@aten("sum(Tensor self, *, ScalarType? dtype=None) -> Tensor")
def sum_all(x: SymTensor, dtype: DType | None) -> SymTensor:
    """The sum of all elements."""
    return total(x, None, False, dtype)


@aten("sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor")
def sum_dim(x: SymTensor, dims: Dims, keepdim: bool, dtype: DType | None) -> SymTensor:
    """The sum over dimensions."""
    return total(x, dims, keepdim, dtype)


@aten("nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor")
def nansum(x: SymTensor, dims: Dims, keepdim: bool, dtype: DType | None) -> SymTensor:
    """The sum over dimensions, NaN counted as 0."""
    if x.is_complex:
        raise OperatorError("nansum on CPU does not support complex inputs")
    return total(where(unary("isnan", x), 0, x) if x.dtype.category is Category.FLOAT else x, dims, keepdim, dtype)


@aten("prod(Tensor self, *, ScalarType? dtype=None) -> Tensor")
def prod(x: SymTensor, dtype: DType | None) -> SymTensor:
    """The product of all elements."""
    return core.prod(convert(x, _sum_dtype(x, dtype)), dims_of(x, None), False)


@aten("prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor")
def prod_dim(x: SymTensor, dim: int, keepdim: bool, dtype: DType | None) -> SymTensor:
    """The product over a dimension."""
    return core.prod(convert(x, _sum_dtype(x, dtype)), dims_of(x, dim), keepdim)


@in_float32
def average(x: SymTensor, dims: Dims, keepdim: bool = False) -> SymTensor:
    """The mean of a float tensor over dimensions."""
    chosen = dims_of(x, dims)
    return binary("div", core.sum(x, chosen, keepdim), _count(x, chosen))


def _mean_input(x: SymTensor, dtype: DType | None) -> SymTensor:
    if (dtype or x.dtype).category <= Category.INT:
        what = "Input dtype" if dtype is None else "Optional dtype"
        raise OperatorError(
            f"mean(): could not infer output dtype. {what} must be either a floating point or complex dtype. Got: "
            f"{dtype_label(dtype or x.dtype)}"
        )
    return convert(x, dtype or x.dtype)


@aten("mean(Tensor self, *, ScalarType? dtype=None) -> Tensor")
def mean(x: SymTensor, dtype: DType | None) -> SymTensor:
    """The mean of all elements."""
    return average(_mean_input(x, dtype), None)


@aten("mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor")
def mean_dim(x: SymTensor, dims: Dims, keepdim: bool, dtype: DType | None) -> SymTensor:
    """The mean over dimensions."""
    return average(_mean_input(x, dtype), dims, keepdim)


@aten("nanmean(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor")
def nanmean(x: SymTensor, dims: Dims, keepdim: bool, dtype: DType | None) -> SymTensor:
    """The mean over dimensions of the elements that aren't NaN."""
    if x.dtype.category <= Category.INT:
        raise OperatorError(
            "nanmean(): expected input to have floating point or complex dtype but got " + dtype_label(x.dtype)
        )
    count = core.sum(convert(unary("logical_not", unary("isnan", x)), dtypes.int64), dims_of(x, dims), keepdim)
    return binary("div", nansum(x, dims, keepdim, dtype), count)


# Variance -------------------------------------------------------------------------------------------------------------


def variance(x: SymTensor, dims: Dims, correction: Any, keepdim: bool) -> tuple[SymTensor, SymTensor]:
    """Variance and mean over dimensions, the squares' sum divided by `count - correction`."""
    if x.dtype.category <= Category.INT:
        raise OperatorError("std and var only support floating point and complex dtypes")
    correction = 1 if correction is None else require_number(correction, "correction")
    return _variance(x, dims, correction, keepdim)


@in_float32
def _variance(x: SymTensor, dims: Dims, correction: Any, keepdim: bool) -> tuple[SymTensor, SymTensor]:
    chosen = dims_of(x, dims)
    count = _count(x, chosen)
    centre = binary("div", core.sum(x, chosen, True), count)
    distance = binary("sub", x, centre)
    if distance.is_complex:
        distance = unary("abs", distance)
    squares = core.sum(binary("mul", distance, distance), chosen, keepdim)
    freedom = count - correction if isinstance(correction, int) else binary("sub", count, correction)
    if isinstance(freedom, int | float) and freedom < 0:
        freedom = 0
    elif isinstance(freedom, SymInt):
        freedom = size_max(freedom, 0)
    mean_ = centre if keepdim or not chosen else reshape(centre, squares.shape)
    return binary("div", squares, freedom), mean_


def _declare_variances(name: str, result: Callable[[SymTensor, SymTensor], Any], returns: str) -> None:
    def body(x: SymTensor, dims: Dims, correction: Any, keepdim: bool) -> Any:
        return result(*variance(x, dims, correction, keepdim))

    aten(f"{name}(Tensor self, bool unbiased=True) -> {returns}", out=False)(
        lambda x, unbiased: body(x, None, int(unbiased), False)
    )
    aten(f"{name}.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> {returns}")(
        lambda x, dims, unbiased, keepdim: body(x, dims, int(unbiased), keepdim)
    )
    aten(f"{name}.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> {returns}")(
        body
    )


_declare_variances("var", lambda v, m: v, "Tensor")
_declare_variances("std", lambda v, m: unary("sqrt", v), "Tensor")
_declare_variances("var_mean", lambda v, m: (v, m), "(Tensor, Tensor)")
_declare_variances("std_mean", lambda v, m: (unary("sqrt", v), m), "(Tensor, Tensor)")


# Extrema --------------------------------------------------------------------------------------------------------------


def _check_real(x: SymTensor, name: str) -> None:
    if x.is_complex:
        raise OperatorNotImplementedError(f'"{name}" not implemented for {dtype_label(x.dtype)!r}')


def extreme(x: SymTensor, dims: Dims, keepdim: bool, largest: bool) -> SymTensor:
    """The largest or smallest elements over dimensions; NaN wins."""
    name = "amax" if largest else "amin"
    _check_real(x, name)
    chosen = dims_of(x, dims)
    return (core.amax if largest else core.amin)(x, chosen, keepdim)


for _name, _largest in (("amax", True), ("amin", False)):
    aten(f"{_name}(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor")(
        lambda x, dims, keepdim, largest=_largest: extreme(x, dims, keepdim, largest)
    )


_NO_DIM = "Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument."


def _extreme_of_all(x: SymTensor, largest: bool) -> SymTensor:
    check_sizes(x.numel(), "ge", 1, f"{'max' if largest else 'min'}(): {_NO_DIM}")
    return extreme(x, None, False, largest)


def _extreme_with_index(x: SymTensor, dim: int, keepdim: bool, largest: bool) -> tuple[SymTensor, SymTensor]:
    name = "max" if largest else "min"
    _check_real(x, name)
    at = wrap_dim(dim, x.rank)
    core.check_not_empty(name, x, (at,))
    index = _arg(x, at, keepdim, largest)
    value = core.reduce("amax" if largest else "amin", x, (at,) if x.rank else (), keepdim)
    return value, index


def _arg(x: SymTensor, dim: int | None, keepdim: bool, largest: bool) -> SymTensor:
    """The index of the largest or smallest element, of all (None) or along a dimension; the first among equals."""
    function = core.argmax if largest else core.argmin
    if not x.shape:
        return function(reshape(x, (1,)), 0, False)
    if dim is None:
        found = function(reshape(x, (x.numel(),)), 0, False)
        return reshape(found, (1,) * x.rank) if keepdim else found
    return function(x, dim, keepdim)


for _name, _largest in (("max", True), ("min", False)):
    aten(f"{_name}(Tensor self) -> Tensor")(lambda x, largest=_largest: _extreme_of_all(x, largest))
    aten(f"{_name}.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)")(
        lambda x, dim, keepdim, largest=_largest: _extreme_with_index(x, dim, keepdim, largest)
    )


def _argument(x: SymTensor, dim: int | None, keepdim: bool, largest: bool) -> SymTensor:
    name = "argmax" if largest else "argmin"
    if x.dtype is dtypes.bool_ or x.is_complex:
        raise OperatorNotImplementedError(f'"{name}_cpu" not implemented for {dtype_label(x.dtype)!r}')
    if dim is None:
        check_sizes(x.numel(), "ge", 1, f"{name}(): {_NO_DIM}", exception="IndexError")
        return _arg(x, None, keepdim, largest)
    at = wrap_dim(dim, x.rank)
    core.check_not_empty(name, x, (at,))
    return _arg(x, at, keepdim, largest)


for _name, _largest in (("argmax", True), ("argmin", False)):
    aten(f"{_name}(Tensor self, int? dim=None, bool keepdim=False) -> Tensor")(
        lambda x, dim, keepdim, largest=_largest: _argument(x, dim, keepdim, largest)
    )


@aten("aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)")
def aminmax(x: SymTensor, dim: int | None, keepdim: bool) -> tuple[SymTensor, SymTensor]:
    """The smallest and the largest elements, of all or over a dimension."""
    return extreme(x, dim, keepdim, False), extreme(x, dim, keepdim, True)


# Logic ----------------------------------------------------------------------------------------------------------------


def _logic(x: SymTensor, dims: Sequence[int], keepdim: bool, name: str) -> SymTensor:
    found = (core.all if name == "all" else core.any)(convert(x, dtypes.bool_), dims, keepdim)
    return convert(found, dtypes.uint8) if x.dtype is dtypes.uint8 else found


for _name in ("all", "any"):
    aten(f"{_name}(Tensor self) -> Tensor")(lambda x, name=_name: _logic(x, tuple(range(x.rank)), False, name))
    aten(f"{_name}.dim(Tensor self, int dim, bool keepdim=False) -> Tensor")(
        lambda x, dim, keepdim, name=_name: _logic(x, dims_of(x, wrap_dim(dim, x.rank)), keepdim, name)
    )
    aten(f"{_name}.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor", out=False)(
        lambda x, dims, keepdim, name=_name: _logic(
            x, tuple(range(x.rank)) if dims is None else wrap_dims(tuple(dims), x.rank), keepdim, name
        )
    )


for _name in ("all", "any"):
    aten(f"_is_{_name}_true(Tensor self) -> Tensor", out=False)(
        lambda x, name=_name: _logic(x, tuple(range(x.rank)), False, name)
    )


@aten("count_nonzero(Tensor self, int? dim=None) -> Tensor")
@aten("count_nonzero.dim_IntList(Tensor self, int[] dim) -> Tensor")
def count_nonzero(x: SymTensor, dims: Dims) -> SymTensor:
    """How many elements aren't 0."""
    return core.sum(convert(convert(x, dtypes.bool_), dtypes.int64), dims_of(x, dims), False)


# Logarithms of sums ---------------------------------------------------------------------------------------------------


@aten("logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor")
@aten("special_logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor")
@in_float32
def logsumexp(x: SymTensor, dims: Dims, keepdim: bool) -> SymTensor:
    """`log(sum(exp(x)))`, without overflow."""
    if x.dtype.category <= Category.INT:
        x = convert(x, dtypes.float32)
    chosen = dims_of(x, dims)
    if isinstance(x.numel(), int) and x.numel() == 0:
        return unary("log", core.sum(unary("exp", x), chosen, keepdim))
    peak = core.peak(real(x) if x.is_complex else x, chosen, True)
    peak = where(binary("eq", unary("abs", peak), math.inf), 0.0, peak)
    total_ = unary("log", core.sum(unary("exp", binary("sub", x, peak)), chosen, keepdim))
    return binary("add", total_, peak if keepdim or not chosen else reshape(peak, total_.shape))


# Cumulative -----------------------------------------------------------------------------------------------------------


def _cumulate(x: SymTensor, dim: int, dtype: DType | None, function: str) -> SymTensor:
    at = wrap_dim(dim, x.rank)
    result = _sum_dtype(x, dtype)
    wide = dtypes.float32 if is_half(result) else result
    y = convert(x, wide)
    found = scan(y, at, function) if x.shape else reshape(scan(reshape(y, (1,)), 0, function), ())
    return convert(found, result)


@aten("cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor")
def cumsum(x: SymTensor, dim: int, dtype: DType | None) -> SymTensor:
    """Sums of all elements up to each one."""
    return _cumulate(x, dim, dtype, "add")


@aten("cumprod(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor")
def cumprod(x: SymTensor, dim: int, dtype: DType | None) -> SymTensor:
    """Products of all elements up to each one."""
    return _cumulate(x, dim, dtype, "mul")


@aten("logcumsumexp(Tensor self, int dim) -> Tensor")
def logcumsumexp(x: SymTensor, dim: int) -> SymTensor:
    """`log(cumsum(exp(x)))`, without overflow."""
    if not x.is_complex and not x.is_floating_point:
        raise OperatorNotImplementedError(f'"logcumsumexp_out_cpu" not implemented for {dtype_label(x.dtype)!r}')
    if x.is_complex and x.shape:
        at = wrap_dim(dim, x.rank)
        if x.shape[at] == 0:
            return copy(x)
        peak = core.peak(real(x), (at,), True)
        peak = where(binary("eq", unary("abs", peak), math.inf), 0.0, peak)
        return unary("log", _cumulate(unary("exp", binary("sub", x, peak)), at, None, "add")) + peak
    if x.is_complex:
        return copy(x)
    return _cumulate(x, dim, None, "logaddexp")


# Combinations ---------------------------------------------------------------------------------------------------------


@aten("trace(Tensor self) -> Tensor")
def trace(x: SymTensor) -> SymTensor:
    """The sum of a matrix's diagonal."""
    if x.rank != 2:
        raise OperatorError("trace: expected a matrix")
    return total(diagonal(x, 0, 0, 1), None)


@aten("diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor")
def diff(x: SymTensor, n: int, dim: int, prepend: SymTensor | None, append: SymTensor | None) -> SymTensor:
    """Differences of neighbours along a dimension, n times."""
    if not x.shape:
        raise OperatorError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise OperatorError(f"order must be non-negative but got {n}")
    if n == 0:
        return copy(x)
    at = wrap_dim(dim, x.rank)
    parts = [part for part in (prepend, x, append) if part is not None]
    dtype = result_type(parts)
    y = concat([convert(part, dtype) for part in parts], at) if len(parts) > 1 else x
    for _ in range(n):
        size = y.shape[at]
        if isinstance(size, int) and size == 0:
            break
        later, earlier = slice(y, at, 1, None, 1), slice(y, at, 0, size - 1, 1)
        y = binary("logical_xor", later, earlier) if y.dtype is dtypes.bool_ else binary("sub", later, earlier)
    return copy(x) if y is x else y


def _trapezoids(y: SymTensor, dim: int, spacing: Any) -> SymTensor:
    if not y.shape:
        raise OperatorIndexError("trapezoid needs at least one dimension")
    if y.dtype is dtypes.bool_:
        raise OperatorError("trapezoid: received a bool input for `y`, but bool is not supported")
    at = wrap_dim(dim, y.rank)
    pairs = binary("add", slice(y, at, 1, None, 1), slice(y, at, 0, y.shape[at] - 1, 1))
    return binary("div", binary("mul", pairs, spacing), 2.0)


def _widths(x: SymTensor, y: SymTensor, dim: int) -> SymTensor:
    at = wrap_dim(dim, y.rank)
    if x.rank == 1:
        found = binary("sub", slice(x, 0, 1, None, 1), slice(x, 0, 0, x.shape[0] - 1, 1))
        return reshape(found, [found.shape[0] if d == at else 1 for d in range(y.rank)])
    return binary("sub", slice(x, at, 1, None, 1), slice(x, at, 0, x.shape[at] - 1, 1))


@aten(
    "trapezoid.dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor",
    "trapz.dx(Tensor y, *, float dx=1, int dim=-1) -> Tensor",
    out=False,
)
def trapezoid_dx(y: SymTensor, dx: Any, dim: int) -> SymTensor:
    """The integral by the trapezoidal rule, with equal spacing."""
    return total(_trapezoids(y, dim, dx), dim)


@aten(
    "trapezoid.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor",
    "trapz.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor",
    out=False,
)
def trapezoid_x(y: SymTensor, x: SymTensor, dim: int) -> SymTensor:
    """The integral by the trapezoidal rule, with the points given."""
    return total(_trapezoids(y, dim, _widths(x, y, dim)), dim)


@aten("cumulative_trapezoid.dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor", out=False)
def cumulative_trapezoid_dx(y: SymTensor, dx: Any, dim: int) -> SymTensor:
    """The integral up to each point, with equal spacing."""
    return cumsum(_trapezoids(y, dim, dx), dim, None)


@aten("cumulative_trapezoid.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor", out=False)
def cumulative_trapezoid_x(y: SymTensor, x: SymTensor, dim: int) -> SymTensor:
    """The integral up to each point, with the points given."""
    return cumsum(_trapezoids(y, dim, _widths(x, y, dim)), dim, None)
