"""Inverses, determinants, systems of equations, and what is made of singular values: rank, condition, pseudo-inverse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category
from tsir.errors import OperatorError
from tsir.ops.aten.decompositions import require_matrices
from tsir.ops.aten.linear_algebra import product
from tsir.ops.aten.norms import linalg_matrix_norm, linalg_matrix_norm_str
from tsir.ops.aten.reductions import cumprod
from tsir.ops.core import reductions
from tsir.ops.core.creation import full
from tsir.ops.core.elementwise import binary, broadcast_shapes, conj, convert, unary, where
from tsir.ops.core.host_calls import call_host, call_host_results
from tsir.ops.core.slices import concat
from tsir.ops.core.views import broadcast_to, diagonal, movedim, reshape, transpose, unsqueeze
from tsir.ops.registry import aten, host
from tsir.ops.sizes import numel
from tsir.ops.tensor import SymTensor, as_size, dtype_label, require_int, require_number, wrap_dims

_HOST = "tsir.ops.host_linear_algebra"
Tensors = tuple[SymTensor, ...]


# Inverses and determinants --------------------------------------------------------------------------------------------


@host(
    "linalg_inv_ex(Tensor A, *, bool check_errors=False) -> (Tensor inverse, Tensor info)",
    implementation=f"{_HOST}:inverse_with_info",
)
def inv_ex(x: SymTensor, check_errors: bool) -> Tensors:
    """The inverse, and whether the matrix is singular."""
    require_matrices(x, "linalg.inv")
    return SymTensor(x.dtype, x.shape), SymTensor(dtypes.int32, x.shape[:-2])


@aten("inverse(Tensor self) -> Tensor", "linalg_inv(Tensor A) -> Tensor")
def inverse(x: SymTensor) -> SymTensor:
    """The inverse of a square matrix. Raises for a singular one."""
    return call_host_results("linalg_inv_ex", x, True)[0]


@host("_determinant(Tensor A) -> Tensor", implementation=f"{_HOST}:determinant")
def host_determinant(x: SymTensor) -> SymTensor:
    """The determinant."""
    require_matrices(x, "linalg.det")
    return SymTensor(x.dtype, x.shape[:-2])


@aten("linalg_det(Tensor A) -> Tensor")
@aten("det(Tensor self) -> Tensor", out=False)
def det(x: SymTensor) -> SymTensor:
    """The determinant."""
    return call_host("_determinant", x)


@host("_sign_and_log_determinant(Tensor A) -> (Tensor, Tensor)", implementation=f"{_HOST}:sign_and_log")
def host_slogdet(x: SymTensor) -> Tensors:
    """The sign of the determinant, and the logarithm of its absolute value."""
    require_matrices(x, "linalg.slogdet")
    return SymTensor(x.dtype, x.shape[:-2]), SymTensor(dtypes.to_real(x.dtype), x.shape[:-2])


@aten(
    "linalg_slogdet(Tensor A) -> (Tensor sign, Tensor logabsdet)", "slogdet(Tensor self) -> (Tensor sign, Tensor logabsdet)"
)
def slogdet(x: SymTensor) -> Tensors:
    """The sign of the determinant, and the logarithm of its absolute value."""
    return call_host_results("_sign_and_log_determinant", x)


@aten("logdet(Tensor self) -> Tensor", out=False)
def logdet(x: SymTensor) -> SymTensor:
    """The logarithm of the determinant; NaN for a negative one."""
    sign, size = call_host_results("_sign_and_log_determinant", x)
    if x.is_complex:
        return binary("add", unary("log", sign), size)
    return where(binary("lt", sign, 0), math.nan, size)


@host("linalg_matrix_exp(Tensor self) -> Tensor", implementation=f"{_HOST}:matrix_exponential")
def linalg_matrix_exp(x: SymTensor) -> SymTensor:
    """The matrix exponential."""
    require_matrices(x, "linalg.matrix_exp")
    return SymTensor(x.dtype, x.shape)


@aten("matrix_exp(Tensor self) -> Tensor", out=False)
def matrix_exp(x: SymTensor) -> SymTensor:
    """The matrix exponential."""
    return call_host("linalg_matrix_exp", x)


# Systems of equations -------------------------------------------------------------------------------------------------


def _solution(a: SymTensor, b: SymTensor, left: bool) -> tuple[SymTensor, tuple[Any, ...]]:
    """The type of X in `A X = B`, and the batch's shape."""
    require_matrices(a, "linalg.solve")
    if a.dtype is not b.dtype:
        raise OperatorError(f"linalg.solve: Expected A and B to have the same dtype, but found A of type {dtype_label(a.dtype)} "
                            f"and B of type {dtype_label(b.dtype)} instead")  # fmt: skip
    is_vector = b.rank == 1 or (b.rank == a.rank - 1 and all(p == q for p, q in zip(b.shape, a.shape[:-1], strict=True)))
    if is_vector and not left:
        raise OperatorError("linalg.solve: Vector broadcasting of the left hand side is not supported for left=False. In this "
                            "case linalg.solve is equivalent to B / A.squeeze(-1)")  # fmt: skip
    right = (*b.shape, 1) if is_vector else b.shape
    if len(right) < 2 or right[-2 if left else -1] != a.shape[-1]:
        raise OperatorError(f"linalg.solve: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'} "
                            f"({list(a.shape)} and {list(b.shape)})")  # fmt: skip
    batch = broadcast_shapes(a.shape[:-2], right[:-2])
    return SymTensor(b.dtype, (*batch, right[-2]) if is_vector else (*batch, *right[-2:])), batch


@host(
    "linalg_solve_ex(Tensor A, Tensor B, *, bool left=True, bool check_errors=False) -> (Tensor result, Tensor info)",
    implementation=f"{_HOST}:solve_with_info",
)
def solve_ex(a: SymTensor, b: SymTensor, left: bool, check_errors: bool) -> Tensors:
    """The solution of `A X = B` (or `X A = B`), and whether A is singular."""
    found, batch = _solution(a, b, left)
    return found, SymTensor(dtypes.int32, tuple(batch))


@aten("linalg_solve(Tensor A, Tensor B, *, bool left=True) -> Tensor")
def linalg_solve(a: SymTensor, b: SymTensor, left: bool) -> SymTensor:
    """The solution of `A X = B` (or `X A = B`). Raises for a singular A."""
    return call_host_results("linalg_solve_ex", a, b, left, True)[0]


@host(
    "linalg_solve_triangular(Tensor self, Tensor B, *, bool upper, bool left=True, bool unitriangular=False) -> Tensor",
    implementation=f"{_HOST}:solve_triangular",
)
def solve_triangular(a: SymTensor, b: SymTensor, upper: bool, left: bool, unitriangular: bool) -> SymTensor:
    """The solution of `A X = B` (or `X A = B`) for a triangular A."""
    require_matrices(a, "linalg.solve_triangular")
    if a.dtype is not b.dtype:
        raise OperatorError(f"linalg.solve_triangular: Expected A and B to have the same dtype, but found A of type "
                            f"{dtype_label(a.dtype)} and B of type {dtype_label(b.dtype)} instead")  # fmt: skip
    if b.rank < 2 or b.shape[-2 if left else -1] != a.shape[-1]:
        raise OperatorError(f"linalg.solve_triangular: Incompatible shapes of A and B for the equation "
                            f"({list(a.shape)} and {list(b.shape)})")  # fmt: skip
    return SymTensor(b.dtype, (*broadcast_shapes(a.shape[:-2], b.shape[:-2]), *b.shape[-2:]))


@aten(
    "triangular_solve(Tensor self, Tensor A, bool upper=True, bool transpose=False, bool unitriangular=False) -> "
    "(Tensor solution, Tensor cloned_coefficient)"
)
def triangular_solve(b: SymTensor, a: SymTensor, upper: bool, transposed: bool, unitriangular: bool) -> Tensors:
    """`solve_triangular` under its older name, of which A's copy is a second result."""
    require_matrices(a, "triangular_solve")
    if b.rank < 2:
        raise OperatorError("torch.triangular_solve: Expected b to have at least 2 dimensions")
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    matrix = conj(transpose(a, -2, -1)) if transposed else a
    found = call_host("linalg_solve_triangular", matrix, b, bool(upper) != bool(transposed), True, unitriangular)
    from tsir.ops.core.elementwise import copy

    return found, copy(broadcast_to(a, (*batch, *a.shape[-2:])))


@host(
    "linalg_lstsq(Tensor self, Tensor b, float? rcond=None, *, str? driver=None) -> "
    "(Tensor solution, Tensor residuals, Tensor rank, Tensor singular_values)",
    implementation=f"{_HOST}:least_squares",
)
def lstsq(a: SymTensor, b: SymTensor, rcond: float | None, driver: str | None) -> tuple[Any, ...]:
    """The least squares solution; the residuals are known at run time only to be wanted or not."""
    require_matrices(a, "torch.linalg.lstsq", square=False)
    if a.dtype is not b.dtype:
        raise OperatorError("torch.linalg.lstsq: Expected input and other to have the same dtype")
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise OperatorError("torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    if b.rank < 1 or a.rank - b.rank > 1:
        raise OperatorError("torch.linalg.lstsq: input.dim() must be greater or equal to other.dim() and "
                            "(input.dim() - other.dim()) <= 1")  # fmt: skip
    is_vector = b.rank == a.rank - 1
    if a.shape[-2] != b.shape[-1 if is_vector else -2]:
        raise OperatorError("torch.linalg.lstsq: input.size(-2) should match other.size(-2)")
    right = (*b.shape, 1) if is_vector else b.shape
    batch = broadcast_shapes(a.shape[:-2], right[:-2])
    shape = (*batch, a.shape[-1]) if is_vector else (*batch, a.shape[-1], right[-1])
    return SymTensor(a.dtype, shape), None, None, None


@aten("linalg_tensorinv(Tensor self, int ind=2) -> Tensor")
def tensorinv(x: SymTensor, split: int) -> SymTensor:
    """The inverse of a tensor as a matrix of its first `ind` dimensions by the rest."""
    count = require_int(split, "ind")
    if count <= 0:
        raise OperatorError("Expected a strictly positive integer for 'ind'")
    if count > x.rank:
        raise OperatorError(f"tensorinv: 'ind' is {count} but the tensor has {x.rank} dimensions")
    head, tail = x.shape[:count], x.shape[count:]
    if numel(head) != numel(tail):
        raise OperatorError(f"Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), "
                            f"but got {numel(tail)} != {numel(head)}")  # fmt: skip
    found = call_host_results("linalg_inv_ex", reshape(x, (numel(head), numel(tail))), True)[0]
    return reshape(found, (*tail, *head))


@aten("linalg_tensorsolve(Tensor self, Tensor other, int[]? dims=None) -> Tensor")
def tensorsolve(a: SymTensor, b: SymTensor, dims: Sequence[int] | None) -> SymTensor:
    """The solution of `tensordot(A, X) = B`."""
    if dims is not None:
        chosen = wrap_dims(tuple(dims), a.rank)
        a = movedim(a, chosen, tuple(range(a.rank - len(chosen), a.rank)))
    shape = a.shape[b.rank :]
    if numel(shape) != numel(a.shape[: b.rank]):
        raise OperatorError("Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
                            "prod(self.shape[:other.ndim])")  # fmt: skip
    matrix = reshape(a, (numel(b.shape), numel(shape)))
    found = call_host_results("linalg_solve_ex", matrix, reshape(b, (numel(b.shape),)), True, True)[0]
    return reshape(found, shape)


# Singular values ------------------------------------------------------------------------------------------------------


def _spectrum(x: SymTensor, hermitian: bool) -> SymTensor:
    """The singular values: the absolute eigenvalues of a Hermitian matrix."""
    if hermitian:
        return unary("abs", call_host_results("_linalg_eigh", x, "L", False)[0])
    return call_host_results("_linalg_svd", x, False, False, None)[1]


def _limits(x: SymTensor, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """The absolute and the relative bound under which a singular value counts as 0."""
    relative = rtol
    if rtol is None:
        default = _EPSILON[dtypes.to_real(x.dtype).name] * max(require_int(x.shape[-2]), require_int(x.shape[-1]))
        relative = default
        if isinstance(atol, SymTensor):
            relative = where(binary("gt", atol, 0), 0.0, default)
        elif atol is not None and require_number(atol, "atol") > 0:
            relative = 0.0
    return 0.0 if atol is None else atol, relative


_EPSILON = {"float32": 2.0**-23, "float64": 2.0**-52}


def _bound(singular: SymTensor, atol: Any, rtol: Any) -> SymTensor:
    largest = reductions.amax(singular, (singular.rank - 1,), False)
    relative = binary("mul", largest, rtol)
    absolute = atol if isinstance(atol, SymTensor) else binary("add", binary("mul", relative, 0.0), atol)
    return unsqueeze(binary("maximum", absolute, relative), -1)


def _rank(x: SymTensor, atol: Any, rtol: Any, hermitian: bool) -> SymTensor:
    require_matrices(x, "linalg.matrix_rank", square=bool(hermitian))
    if x.numel() == 0:
        return full(x.shape[:-2], 0, dtypes.int64)
    singular = _spectrum(x, hermitian)
    above = binary("gt", singular, _bound(singular, *_limits(x, atol, rtol)))
    return reductions.sum(convert(above, dtypes.int64), (above.rank - 1,), False)


@aten("linalg_matrix_rank(Tensor self, float tol, bool hermitian=False) -> Tensor")
@aten("linalg_matrix_rank.tol_tensor(Tensor input, Tensor tol, bool hermitian=False) -> Tensor")
def matrix_rank(x: SymTensor, tol: Any, hermitian: bool) -> SymTensor:
    """How many singular values are greater than `tol`."""
    return _rank(x, tol, 0.0, hermitian)


@aten(
    "linalg_matrix_rank.atol_rtol_float(Tensor self, *, float? atol=None, float? rtol=None, bool hermitian=False) -> Tensor",
    "linalg_matrix_rank.atol_rtol_tensor(Tensor input, *, Tensor? atol=None, Tensor? rtol=None, bool hermitian=False) -> "
    "Tensor",
)
def matrix_rank_bounds(x: SymTensor, atol: Any, rtol: Any, hermitian: bool) -> SymTensor:
    """How many singular values are greater than `atol` and than `rtol` times the largest."""
    return _rank(x, atol, rtol, hermitian)


def _pseudo_inverse(x: SymTensor, atol: Any, rtol: Any, hermitian: bool) -> SymTensor:
    require_matrices(x, "linalg.pinv", square=bool(hermitian))
    rows, columns = x.shape[-2:]
    if x.numel() == 0:
        return full((*x.shape[:-2], columns, rows), 0, x.dtype)
    limits = _limits(x, atol, rtol)
    if hermitian:
        values, vectors = call_host_results("_linalg_eigh", x, "L", True)
        size = unary("abs", values)
        keep = binary("gt", size, _bound(size, *limits))
        inverse_values = where(keep, unary("reciprocal", values), 0.0)
        return product(binary("mul", vectors, unsqueeze(inverse_values, -2)), conj(transpose(vectors, -2, -1)))
    u, s, vh = call_host_results("_linalg_svd", x, False, True, None)
    keep = binary("gt", s, _bound(s, *limits))
    inverse_values = where(keep, unary("reciprocal", s), 0.0)
    scaled = binary("mul", conj(transpose(vh, -2, -1)), unsqueeze(inverse_values, -2))
    return product(scaled, conj(transpose(u, -2, -1)))


@aten("linalg_pinv(Tensor self, float rcond, bool hermitian=False) -> Tensor")
@aten("linalg_pinv.rcond_tensor(Tensor self, Tensor rcond, bool hermitian=False) -> Tensor")
def pinv(x: SymTensor, rcond: Any, hermitian: bool) -> SymTensor:
    """The pseudo-inverse; singular values up to `rcond` times the largest count as 0."""
    return _pseudo_inverse(x, 0.0, rcond, hermitian)


@aten(
    "linalg_pinv.atol_rtol_float(Tensor self, *, float? atol=None, float? rtol=None, bool hermitian=False) -> Tensor",
    "linalg_pinv.atol_rtol_tensor(Tensor self, *, Tensor? atol=None, Tensor? rtol=None, bool hermitian=False) -> Tensor",
)
def pinv_bounds(x: SymTensor, atol: Any, rtol: Any, hermitian: bool) -> SymTensor:
    """The pseudo-inverse; singular values up to `atol`, or `rtol` times the largest, count as 0."""
    return _pseudo_inverse(x, atol, rtol, hermitian)


@aten("pinverse(Tensor self, float rcond=1.0000000000000001e-15) -> Tensor", out=False)
def pinverse(x: SymTensor, rcond: Any) -> SymTensor:
    """`linalg.pinv` under its older name."""
    return _pseudo_inverse(x, 0.0, rcond, False)


@aten("linalg_cond(Tensor self, Scalar? p=None) -> Tensor")
def cond(x: SymTensor, order: Any) -> SymTensor:
    """The condition number: the quotient of extreme singular values, or by the norm of an order and that of the inverse."""
    value = 2.0 if order is None else float(require_number(order, "p"))
    if abs(value) == 2.0:
        require_matrices(x, "linalg.cond", square=False)
        singular = _spectrum(x, False)
        last = (singular.rank - 1,)
        if x.numel() == 0:
            return full(x.shape[:-2], 0, singular.dtype)
        high, low = reductions.amax(singular, last, False), reductions.amin(singular, last, False)
        return binary("div", high, low) if value > 0 else binary("div", low, high)
    return _by_inverse(x, value)


@aten("linalg_cond.p_str(Tensor self, str p) -> Tensor")
def cond_str(x: SymTensor, order: str) -> SymTensor:
    """The condition number by the Frobenius or the nuclear norm."""
    return _by_inverse(x, order)


def _by_inverse(x: SymTensor, order: float | str) -> SymTensor:
    require_matrices(x, "linalg.cond")
    if x.numel() == 0:
        return full(x.shape[:-2], 0, dtypes.to_real(x.dtype))
    inverted, info = call_host_results("linalg_inv_ex", x, False)

    def norm(y: SymTensor) -> SymTensor:
        if isinstance(order, str):
            return linalg_matrix_norm_str(y, order, (-2, -1), False, None)
        return linalg_matrix_norm(y, order, (-2, -1), False, None)

    singular = unsqueeze(unsqueeze(binary("ne", info, 0), -1), -1)
    return binary("mul", norm(x), norm(where(singular, math.inf, inverted)))


# Special matrices -----------------------------------------------------------------------------------------------------


@aten("linalg_vander(Tensor x, *, SymInt? N=None) -> Tensor", out=False)
def vander(x: SymTensor, columns: Any) -> SymTensor:
    """Vandermonde's matrices: the powers 0, 1, ... of each element."""
    if x.dtype is dtypes.bool_:
        raise OperatorError("torch.linalg.vander: bool isn't supported")
    if not x.shape:
        x = reshape(x, (1,))
    count = x.shape[-1] if columns is None else as_size(columns)
    if count <= 1:
        raise OperatorError("N must be greater than 1.")
    dtype = dtypes.int64 if x.dtype.category <= Category.INT else x.dtype
    first = full((*x.shape, 1), 1, dtype)
    rest = broadcast_to(unsqueeze(convert(x, dtype), -1), (*x.shape, count - 1))
    return concat([first, cumprod(rest, -1, None)], x.rank)


@aten("linalg_diagonal(Tensor(a) A, *, int offset=0, int dim1=-2, int dim2=-1) -> Tensor(a)")
def linalg_diagonal(x: SymTensor, offset: int, dim1: int, dim2: int) -> SymTensor:
    """The diagonal of matrices, as a view."""
    return diagonal(x, offset, dim1, dim2)
