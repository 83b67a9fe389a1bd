"""Norms of vectors and matrices, distances, and scaling by norms."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.errors import OperatorError
from tsir.ops.aten.precision import in_float32
from tsir.ops.aten.reductions import Dims, dims_of
from tsir.ops.core import reductions as core
from tsir.ops.core.elementwise import binary, convert, power, unary, where
from tsir.ops.core.host_calls import call_host_results
from tsir.ops.core.views import permute, reshape, squeeze
from tsir.ops.registry import aten
from tsir.ops.tensor import SymTensor, dtype_label, require_number, wrap_dim, wrap_dims


def vector_norm(x: SymTensor, order: Any, dims: Dims, keepdim: bool, dtype: DType | None) -> SymTensor:
    """`(sum |x| ** order) ** (1 / order)` over dimensions; for infinity the largest, for 0 the number of non-zeros."""
    if x.dtype.category <= Category.INT:
        raise OperatorError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {dtype_label(x.dtype)}"
        )
    if dtype is not None:
        x = convert(x, dtype)
    result = dtypes.to_real(x.dtype)
    found = _vector_norm(x, float(require_number(order, "ord")), dims, keepdim)
    return convert(found, result)


@in_float32
def _vector_norm(x: SymTensor, order: float, dims: Dims, keepdim: bool) -> SymTensor:
    chosen = dims_of(x, dims)
    if abs(order) == math.inf or order < 0:
        for d in chosen:
            if isinstance(x.shape[d], int) and x.shape[d] == 0:
                name = "inf" if order > 0 else "-inf" if order == -math.inf else f"{order:g}"
                raise OperatorError(
                    f"linalg.vector_norm cannot compute the {name} norm on the dimension {d} because this dimension is empty and "
                    "the operation does not have an identity"
                )
    if order == 2.0 and not x.is_complex:
        return unary("sqrt", core.sum(binary("mul", x, x), chosen, keepdim))
    size = unary("abs", x)
    if order == math.inf:
        return core.amax(size, chosen, keepdim)
    if order == -math.inf:
        return core.amin(size, chosen, keepdim)
    if order == 0.0:
        return core.sum(convert(binary("ne", size, 0), size.dtype), chosen, keepdim)
    if order == 1.0:
        return core.sum(size, chosen, keepdim)
    if order == 2.0:
        return unary("sqrt", core.sum(binary("mul", size, size), chosen, keepdim))
    return power(core.sum(power(size, order), chosen, keepdim), 1.0 / order)


@aten(
    "linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor"
)
def linalg_vector_norm(x: SymTensor, order: Any, dims: Dims, keepdim: bool, dtype: DType | None) -> SymTensor:
    """The norm of the elements over dimensions, all of them by default."""
    return vector_norm(x, order, dims, keepdim, dtype)


@aten("norm.Scalar(Tensor self, Scalar p=2) -> Tensor")
def norm(x: SymTensor, order: Any) -> SymTensor:
    """The norm of all elements."""
    return vector_norm(x, order, None, False, None)


@aten("norm.ScalarOpt_dim(Tensor self, Scalar? p, int[1] dim, bool keepdim=False) -> Tensor")
def norm_dim(x: SymTensor, order: Any, dims: Dims, keepdim: bool) -> SymTensor:
    """The norm over dimensions; the Euclidean one by default."""
    return vector_norm(x, 2 if order is None else order, dims, keepdim, None)


@aten("norm.ScalarOpt_dim_dtype(Tensor self, Scalar? p, int[1] dim, bool keepdim, *, ScalarType dtype) -> Tensor")
def norm_dim_dtype(x: SymTensor, order: Any, dims: Dims, keepdim: bool, dtype: DType) -> SymTensor:
    """The norm over dimensions, computed in another dtype."""
    return vector_norm(x, 2 if order is None else order, dims, keepdim, dtype)


@aten("norm.ScalarOpt_dtype(Tensor self, Scalar? p, *, ScalarType dtype) -> Tensor")
def norm_dtype(x: SymTensor, order: Any, dtype: DType) -> SymTensor:
    """The norm of all elements, computed in another dtype."""
    return vector_norm(x, 2 if order is None else order, None, False, dtype)


@aten("frobenius_norm.dim(Tensor self, int[1] dim, bool keepdim=False) -> Tensor")
def frobenius_norm(x: SymTensor, dims: Dims, keepdim: bool) -> SymTensor:
    """The Euclidean norm over dimensions."""
    return vector_norm(x, 2, dims, keepdim, None)


@aten(
    'linalg_matrix_norm.str_ord(Tensor self, str ord="fro", int[] dim=[-2, -1], bool keepdim=False, *, '
    "ScalarType? dtype=None) -> Tensor"
)
def linalg_matrix_norm_str(x: SymTensor, order: str, dims: Dims, keepdim: bool, dtype: DType | None) -> SymTensor:
    """The Frobenius ("fro") or the nuclear ("nuc") norm of matrices."""
    _require_matrix_dims(x, dims)
    if order == "fro":
        return vector_norm(x, 2, dims, keepdim, dtype)
    if order != "nuc":
        raise OperatorError(f"linalg.matrix_norm: Order {order} not supported.")
    return _of_singular_values(x, dims, keepdim, dtype, lambda s, last: core.sum(s, last, False))


@aten(
    "linalg_matrix_norm(Tensor self, Scalar ord, int[] dim=[-2, -1], bool keepdim=False, *, ScalarType? dtype=None) -> Tensor"
)
def linalg_matrix_norm(x: SymTensor, order: Any, dims: Sequence[int], keepdim: bool, dtype: DType | None) -> SymTensor:
    """The largest (or smallest) absolute row or column sum of matrices, or singular value for 2 and -2."""
    order = float(require_number(order, "ord"))
    _require_matrix_dims(x, dims)
    if abs(order) not in (1.0, 2.0, math.inf):
        raise OperatorError(f"linalg.matrix_norm: Order {order:g} not supported.")

    def extreme(values: SymTensor, over: tuple[int, ...], keep: bool) -> SymTensor:
        if order > 0 and any(isinstance(values.shape[d], int) and values.shape[d] == 0 for d in over):
            return core.sum(values, over, keep)  # the norm of an empty matrix is 0
        return (core.amax if order > 0 else core.amin)(values, over, keep)

    if abs(order) == 2.0:
        return _of_singular_values(x, dims, keepdim, dtype, lambda s, last: extreme(s, last, False))
    row, column = wrap_dims(tuple(dims), x.rank)
    summed, other = (row, column) if abs(order) == 1.0 else (column, row)
    sums = vector_norm(x, 1, (summed,), True, dtype)
    found = extreme(sums, (other,), True)
    return found if keepdim else squeeze(found, (row, column))


def _require_matrix_dims(x: SymTensor, dims: Any) -> None:
    if x.rank < 2:
        raise OperatorError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    if len(dims) != 2:
        raise OperatorError("linalg.matrix_norm: dim must be a 2-tuple")
    if x.dtype.category < Category.FLOAT:
        raise OperatorError(
            f"linalg.matrix_norm: Expected a floating point or complex tensor as input. Got {dtype_label(x.dtype)}"
        )
    wrap_dims(tuple(dims), x.rank)


def _of_singular_values(
    x: SymTensor, dims: Any, keepdim: bool, dtype: DType | None, combine: Callable[[SymTensor, tuple[int, ...]], SymTensor]
) -> SymTensor:
    chosen = wrap_dims(tuple(dims), x.rank)
    y = x if dtype is None else convert(x, dtype)
    y = permute(y, [*(d for d in range(x.rank) if d not in chosen), *chosen])
    singular = call_host_results("_linalg_svd", y, False, False, None)[1]
    found = combine(singular, (singular.rank - 1,))
    return reshape(found, [1 if d in chosen else x.shape[d] for d in range(x.rank)]) if keepdim else found


@aten("nuclear_norm(Tensor self, bool keepdim=False) -> Tensor")
def nuclear_norm(x: SymTensor, keepdim: bool) -> SymTensor:
    """The sum of a matrix's singular values."""
    return linalg_matrix_norm_str(x, "nuc", (-2, -1), keepdim, None)


@aten("nuclear_norm.dim(Tensor self, int[2] dim, bool keepdim=False) -> Tensor")
def nuclear_norm_dim(x: SymTensor, dims: Dims, keepdim: bool) -> SymTensor:
    """The sum of singular values of matrices in two dimensions."""
    return linalg_matrix_norm_str(x, "nuc", dims, keepdim, None)


@aten(
    "linalg_norm(Tensor self, Scalar? ord=None, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor"
)
def linalg_norm(x: SymTensor, order: Any, dims: Dims, keepdim: bool, dtype: DType | None) -> SymTensor:
    """A vector's norm, or a matrix's for two dimensions; the Euclidean one of all elements by default."""
    if order is None:
        return vector_norm(x, 2, dims, keepdim, dtype)
    if dims is None and x.rank not in (1, 2):
        raise OperatorError("linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. "
                            f"Got {x.rank}D.")  # fmt: skip
    chosen = tuple(range(x.rank)) if dims is None else wrap_dims(dims, x.rank)
    if len(chosen) not in (1, 2):
        raise OperatorError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(chosen)}")
    if len(chosen) == 1:
        return vector_norm(x, order, chosen, keepdim, dtype)
    return linalg_matrix_norm(x, order, chosen, keepdim, dtype)


@aten("linalg_norm.ord_str(Tensor self, str ord, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor")
def linalg_norm_str(x: SymTensor, order: str, dims: Dims, keepdim: bool, dtype: DType | None) -> SymTensor:
    """The Frobenius or the nuclear norm of matrices."""
    if dims is None and x.rank != 2:
        raise OperatorError(f"linalg.norm: If dim is not specified but ord is, the input must be 2D. Got {x.rank}D.")
    return linalg_matrix_norm_str(x, order, (-2, -1) if dims is None else dims, keepdim, dtype)


@aten("dist(Tensor self, Tensor other, Scalar p=2) -> Tensor")
def dist(x: SymTensor, other: SymTensor, order: Any) -> SymTensor:
    """The norm of the difference."""
    return vector_norm(binary("sub", x, other), order, None, False, None)


@aten("renorm(Tensor self, Scalar p, int dim, Scalar maxnorm) -> Tensor")
def renorm(x: SymTensor, order: Any, dim: int, limit: Any) -> SymTensor:
    """Sub-tensors along `dim` scaled down to a norm of at most `maxnorm`."""
    if x.rank < 2:
        raise OperatorError(f"renorm: input needs at least 2 dimensions, got {x.rank} dimensions")
    at = wrap_dim(dim, x.rank)
    size = vector_norm(x, order, [d for d in range(x.rank) if d != at], True, None)
    factor = where(binary("gt", size, limit), binary("div", limit, size + 1e-7), 1.0)
    return binary("mul", x, factor)
