"""Factors of matrices: eigenvalues, singular values, QR, LU, Cholesky, LDL. What LAPACK does is host (`host_linear_algebra.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category
from tsir.errors import OperatorError
from tsir.ops.aten.linear_algebra import tril, triu
from tsir.ops.core.creation import iota
from tsir.ops.core.elementwise import binary, broadcast_shapes, conj, convert, copy
from tsir.ops.core.host_calls import call_host, call_host_results
from tsir.ops.core.slices import slice
from tsir.ops.core.views import reshape, transpose
from tsir.ops.registry import aten, host
from tsir.ops.sizes import Size, size_min
from tsir.ops.tensor import SymTensor, dtype_label

_HOST = "tsir.ops.host_linear_algebra"
Tensors = tuple[SymTensor, ...]


def require_matrices(x: SymTensor, name: str, *, square: bool = True) -> None:
    """Raises OperatorError unless these are floating point or complex matrices (square ones)."""
    if x.rank < 2:
        raise OperatorError(f"{name}: The input tensor A must have at least 2 dimensions.")
    if square and x.shape[-1] != x.shape[-2]:
        raise OperatorError(
            f"{name}: A must be batches of square matrices, but they are {x.shape[-2]} by {x.shape[-1]} matrices"
        )
    if x.dtype.category < Category.FLOAT:
        raise OperatorError(f"{name}: Expected a floating point or complex tensor as input. Got {dtype_label(x.dtype)}")
    if x.dtype in (dtypes.float16, dtypes.bfloat16):
        raise OperatorError(f"{name}: Low precision dtypes not supported. Got {dtype_label(x.dtype)}")


def _host(schema: str, function: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return host(schema, implementation=f"{_HOST}:{function}")


def _smaller(x: SymTensor) -> Size:
    rows, columns = x.shape[-2:]
    return size_min(rows, columns)


def _info(x: SymTensor) -> SymTensor:
    return SymTensor(dtypes.int32, x.shape[:-2])


# Eigenvalues and singular values --------------------------------------------------------------------------------------


@_host("linalg_eig(Tensor self) -> (Tensor eigenvalues, Tensor eigenvectors)", "eig")
def linalg_eig(x: SymTensor) -> Tensors:
    """Eigenvalues and eigenvectors, complex."""
    require_matrices(x, "linalg.eig")
    kind = dtypes.to_complex(x.dtype)
    return SymTensor(kind, x.shape[:-1]), SymTensor(kind, x.shape)


@_host("linalg_eigvals(Tensor self) -> Tensor", "eigenvalues")
def linalg_eigvals(x: SymTensor) -> SymTensor:
    """Eigenvalues, complex."""
    require_matrices(x, "linalg.eigvals")
    return SymTensor(dtypes.to_complex(x.dtype), x.shape[:-1])


@_host('_linalg_eigh(Tensor A, str UPLO="L", bool compute_v=True) -> (Tensor eigenvalues, Tensor eigenvectors)', "eigh")
def hermitian_eigen(x: SymTensor, triangle: str, vectors: bool) -> Tensors:
    """Eigenvalues of a Hermitian matrix, and its eigenvectors if wanted."""
    require_matrices(x, "linalg.eigh")
    if triangle.upper() not in ("U", "L"):
        raise OperatorError(f"Expected UPLO argument to be 'L' or 'U', but got {triangle}")
    return SymTensor(dtypes.to_real(x.dtype), x.shape[:-1]), SymTensor(x.dtype, x.shape if vectors else (0,))


@aten('linalg_eigh(Tensor self, str UPLO="L") -> (Tensor eigenvalues, Tensor eigenvectors)')
def linalg_eigh(x: SymTensor, triangle: str) -> Tensors:
    """Eigenvalues, ascending, and eigenvectors of a Hermitian matrix."""
    return call_host_results("_linalg_eigh", x, triangle, True)


@aten('linalg_eigvalsh(Tensor self, str UPLO="L") -> Tensor')
def linalg_eigvalsh(x: SymTensor, triangle: str) -> SymTensor:
    """Eigenvalues of a Hermitian matrix, ascending."""
    return call_host_results("_linalg_eigh", x, triangle, False)[0]


@_host(
    "_linalg_svd(Tensor A, bool full_matrices=False, bool compute_uv=True, *, str? driver=None) -> "
    "(Tensor U, Tensor S, Tensor Vh)",
    "svd",
)
def singular_values(x: SymTensor, full: bool, vectors: bool, driver: str | None) -> Tensors:
    """Singular values, and the vectors if wanted."""
    require_matrices(x, "linalg.svd", square=False)
    if driver is not None:
        raise OperatorError("torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER "
                            "backend.")  # fmt: skip
    batch, (rows, columns), count = x.shape[:-2], x.shape[-2:], _smaller(x)
    s = SymTensor(dtypes.to_real(x.dtype), (*batch, count))
    if not vectors:
        return SymTensor(x.dtype, (0,)), s, SymTensor(x.dtype, (0,))
    u = SymTensor(x.dtype, (*batch, rows, rows if full else count))
    return u, s, SymTensor(x.dtype, (*batch, columns if full else count, columns))


@aten("linalg_svd(Tensor A, bool full_matrices=True, *, str? driver=None) -> (Tensor U, Tensor S, Tensor Vh)")
def linalg_svd(x: SymTensor, full: bool, driver: str | None) -> Tensors:
    """The singular value decomposition."""
    return call_host_results("_linalg_svd", x, full, True, driver)


@aten("svd(Tensor self, bool some=True, bool compute_uv=True) -> (Tensor U, Tensor S, Tensor V)")
def svd(x: SymTensor, some: bool, vectors: bool) -> Tensors:
    """The singular value decomposition, with V instead of its conjugate transpose; zeros for vectors that aren't wanted."""
    if x.rank < 2:
        raise OperatorError(f"linalg.svd: input should have at least 2 dimensions, but has {x.rank} dimensions instead")
    if vectors:
        u, s, v = call_host_results("_linalg_svd", x, not some, True, None)
        return u, s, conj(transpose(v, -2, -1)) if x.is_complex else copy(transpose(v, -2, -1))
    from tsir.ops.core.creation import full as filled

    s = call_host_results("_linalg_svd", x, False, False, None)[1]
    batch, (rows, columns) = x.shape[:-2], x.shape[-2:]
    return filled((*batch, rows, rows), 0, x.dtype), s, filled((*batch, columns, columns), 0, x.dtype)


@aten("linalg_svdvals(Tensor A, *, str? driver=None) -> Tensor")
def linalg_svdvals(x: SymTensor, driver: str | None) -> SymTensor:
    """The singular values, descending."""
    return call_host_results("_linalg_svd", x, False, False, driver)[1]


# QR -------------------------------------------------------------------------------------------------------------------


@_host('linalg_qr(Tensor A, str mode="reduced") -> (Tensor Q, Tensor R)', "qr")
def linalg_qr(x: SymTensor, mode: str) -> Tensors:
    """A unitary and an upper triangular factor."""
    require_matrices(x, "linalg.qr", square=False)
    if mode not in ("reduced", "complete", "r"):
        raise OperatorError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    batch, (rows, columns), count = x.shape[:-2], x.shape[-2:], _smaller(x)
    if mode == "r":
        return SymTensor(x.dtype, (0,)), SymTensor(x.dtype, (*batch, count, columns))
    inner = rows if mode == "complete" else count
    return SymTensor(x.dtype, (*batch, rows, inner)), SymTensor(x.dtype, (*batch, inner, columns))


@aten("qr(Tensor self, bool some=True) -> (Tensor Q, Tensor R)")
def qr(x: SymTensor, some: bool) -> Tensors:
    """`linalg.qr`, reduced or complete."""
    return call_host_results("linalg_qr", x, "reduced" if some else "complete")


@_host("geqrf(Tensor self) -> (Tensor a, Tensor tau)", "geqrf")
def geqrf(x: SymTensor) -> Tensors:
    """R and Householder's vectors in one matrix, and their factors."""
    require_matrices(x, "torch.geqrf", square=False)
    return SymTensor(x.dtype, x.shape), SymTensor(x.dtype, (*x.shape[:-2], _smaller(x)))


def _householder(x: SymTensor, tau: SymTensor) -> SymTensor:
    require_matrices(x, "torch.linalg.householder_product", square=False)
    if x.shape[-2] < x.shape[-1]:
        raise OperatorError(
            "torch.linalg.householder_product: input.shape[-2] must be greater than or equal to input.shape[-1]"
        )
    if tau.rank != x.rank - 1 or x.shape[-1] < tau.shape[-1]:
        raise OperatorError(
            "torch.linalg.householder_product: input.shape[-1] must be greater than or equal to tau.shape[-1]"
        )
    if x.dtype is not tau.dtype:
        raise OperatorError(f"torch.linalg.householder_product: tau dtype {dtype_label(tau.dtype)} does not match input dtype "
                            f"{dtype_label(x.dtype)}")  # fmt: skip
    return SymTensor(x.dtype, x.shape)


host(
    "linalg_householder_product(Tensor input, Tensor tau) -> Tensor",
    "orgqr(Tensor self, Tensor input2) -> Tensor",
    implementation=f"{_HOST}:householder_product",
    infer=_householder,
)


@_host("ormqr(Tensor self, Tensor input2, Tensor input3, bool left=True, bool transpose=False) -> Tensor", "ormqr")
def ormqr(x: SymTensor, tau: SymTensor, other: SymTensor, left: bool, transposed: bool) -> SymTensor:
    """A matrix times the product of Householder's matrices."""
    require_matrices(x, "torch.ormqr", square=False)
    if other.rank < 2:
        raise OperatorError("torch.ormqr: other must have at least 2 dimensions.")
    if other.shape[-2 if left else -1] != x.shape[-2]:
        raise OperatorError(f"torch.ormqr: other.shape[{-2 if left else -1}] must be equal to input.shape[-2]")
    if tau.rank != x.rank - 1:
        raise OperatorError("torch.ormqr: tau must have one dimension less than input")
    if tau.shape[-1] > x.shape[-1] or tau.shape[-1] != size_min(other.shape[-2 if left else -1], x.shape[-1]):
        raise OperatorError("torch.ormqr: tau.shape[-1] must be equal to min(other.shape[-2], input.shape[-1])")
    return SymTensor(x.dtype, other.shape)


# LU -------------------------------------------------------------------------------------------------------------------


@_host(
    "linalg_lu_factor_ex(Tensor A, *, bool pivot=True, bool check_errors=False) -> (Tensor LU, Tensor pivots, Tensor info)",
    "lu_factor",
)
def lu_factor_ex(x: SymTensor, pivot: bool, check_errors: bool) -> Tensors:
    """Both triangular factors in one matrix, the swapped rows, and whether it is singular."""
    require_matrices(x, "torch.lu_factor", square=False)
    return SymTensor(x.dtype, x.shape), SymTensor(dtypes.int32, (*x.shape[:-2], _smaller(x))), _info(x)


@aten("_lu_with_info(Tensor self, bool pivot=True, bool check_errors=True) -> (Tensor LU, Tensor pivots, Tensor info)")
def lu_with_info(x: SymTensor, pivot: bool, check_errors: bool) -> Tensors:
    """`lu_factor_ex` under its older name."""
    return call_host_results("linalg_lu_factor_ex", x, pivot, check_errors)


@aten("linalg_lu_factor(Tensor A, *, bool pivot=True) -> (Tensor LU, Tensor pivots)")
def lu_factor(x: SymTensor, pivot: bool) -> Tensors:
    """Both triangular factors in one matrix, and the swapped rows. Raises for a singular matrix."""
    return call_host_results("linalg_lu_factor_ex", x, pivot, True)[:2]


@_host("_lu_permutation(Tensor pivots, SymInt rows) -> Tensor", "permutation")
def lu_permutation(pivots: SymTensor, rows: Any) -> SymTensor:
    """The order of the rows that swapping them one after the other gives."""
    return SymTensor(dtypes.int64, (*pivots.shape[:-1], rows))


def _unpacked(lu: SymTensor, pivots: SymTensor) -> Tensors:
    rows = lu.shape[-2]
    order = call_host("_lu_permutation", pivots, rows)
    # P[i, j] is 1 where row j of L U is row i of A.
    permutation = binary("eq", reshape(iota(rows, dtypes.int64), (rows, 1)), reshape(order, (*order.shape[:-1], 1, rows)))
    count = _smaller(lu)
    left = slice(lu, lu.rank - 1, 0, count, 1)
    diagonal = binary("eq", reshape(iota(rows, dtypes.int64), (rows, 1)), iota(count, dtypes.int64))
    lower = binary("add", tril(left, -1), convert(diagonal, lu.dtype))
    return convert(permutation, lu.dtype), lower, triu(slice(lu, lu.rank - 2, 0, count, 1), 0)


@aten(
    "lu_unpack(Tensor LU_data, Tensor LU_pivots, bool unpack_data=True, bool unpack_pivots=True) -> (Tensor P, Tensor L, Tensor U)"
)
def lu_unpack(lu: SymTensor, pivots: SymTensor, data: bool, order: bool) -> Tensors:
    """The permutation and the factors from what `lu_factor` gave; empty ones where they aren't wanted."""
    if pivots.dtype is not dtypes.int32 and order:
        raise OperatorError("torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype")
    from tsir.ops.core.creation import full

    empty = full((0,), 0, lu.dtype)
    p, lower, upper = _unpacked(lu, pivots)
    return p if order else empty, lower if data else empty, upper if data else empty


@aten("linalg_lu(Tensor A, *, bool pivot=True) -> (Tensor P, Tensor L, Tensor U)")
def linalg_lu(x: SymTensor, pivot: bool) -> Tensors:
    """A permutation, a lower and an upper triangular factor."""
    lu, pivots, _ = call_host_results("linalg_lu_factor_ex", x, pivot, False)
    return _unpacked(lu, pivots)


@_host("linalg_lu_solve(Tensor LU, Tensor pivots, Tensor B, *, bool left=True, bool adjoint=False) -> Tensor", "lu_solve")
def lu_solve(lu: SymTensor, pivots: SymTensor, b: SymTensor, left: bool, adjoint: bool) -> SymTensor:
    """X of `A X = B` by the factors of A."""
    require_matrices(lu, "torch.linalg.lu_solve")
    if lu.dtype is not b.dtype:
        raise OperatorError("linalg.lu_solve: Expected LU and B to have the same dtype")
    if pivots.dtype is not dtypes.int32:
        raise OperatorError("linalg.lu_solve: pivots should be a Tensor of scalar type torch.int32")
    if b.rank < 2 or b.shape[-2 if left else -1] != lu.shape[-1]:
        raise OperatorError("linalg.lu_solve: Incompatible shapes of A and B for the equation")
    return SymTensor(b.dtype, (*broadcast_shapes(lu.shape[:-2], b.shape[:-2]), *b.shape[-2:]))


@aten("lu_solve(Tensor self, Tensor LU_data, Tensor LU_pivots) -> Tensor")
def lu_solve_of(b: SymTensor, lu: SymTensor, pivots: SymTensor) -> SymTensor:
    """`linalg.lu_solve` under its older name."""
    return call_host("linalg_lu_solve", lu, pivots, b, True, False)


# Cholesky and LDL -----------------------------------------------------------------------------------------------------


@_host(
    "linalg_cholesky_ex(Tensor self, *, bool upper=False, bool check_errors=False) -> (Tensor L, Tensor info)",
    "cholesky_factor",
)
def cholesky_ex(x: SymTensor, upper: bool, check_errors: bool) -> Tensors:
    """The triangular factor of a positive definite matrix, and where it isn't one."""
    require_matrices(x, "linalg.cholesky")
    return SymTensor(x.dtype, x.shape), _info(x)


@aten("cholesky(Tensor self, bool upper=False) -> Tensor")
def cholesky_of(x: SymTensor, upper: bool) -> SymTensor:
    """`linalg.cholesky` under its older name, which takes empty tensors of any shape."""
    return copy(x) if x.numel() == 0 else cholesky(x, upper)


@aten("linalg_cholesky(Tensor self, *, bool upper=False) -> Tensor")
def cholesky(x: SymTensor, upper: bool) -> SymTensor:
    """The triangular factor of a positive definite matrix. Raises for another one."""
    return call_host_results("linalg_cholesky_ex", x, upper, True)[0]


@_host("cholesky_inverse(Tensor self, bool upper=False) -> Tensor", "cholesky_inverse")
def cholesky_inverse(x: SymTensor, upper: bool) -> SymTensor:
    """The inverse of a matrix by its triangular factor."""
    require_matrices(x, "cholesky_inverse")
    return SymTensor(x.dtype, x.shape)


@aten("cholesky_solve(Tensor self, Tensor input2, bool upper=False) -> Tensor")
def cholesky_solve(b: SymTensor, factor: SymTensor, upper: bool) -> SymTensor:
    """X of `A X = B` by A's triangular factor: two triangular systems."""
    require_matrices(factor, "cholesky_solve")
    if b.rank < 2 or b.shape[-2] != factor.shape[-1]:
        raise OperatorError(f"Incompatible matrix sizes for cholesky_solve: each A matrix is {factor.shape[-1]} by "
                            f"{factor.shape[-1]} but each b matrix is {b.shape[-2:]}")  # fmt: skip
    adjoint = conj(transpose(factor, -2, -1))
    first, second = (adjoint, factor) if upper else (factor, adjoint)
    half = call_host("linalg_solve_triangular", first, b, False, True, False)
    return call_host("linalg_solve_triangular", second, half, True, True, False)


@_host(
    "linalg_ldl_factor_ex(Tensor self, *, bool hermitian=False, bool check_errors=False) -> "
    "(Tensor LD, Tensor pivots, Tensor info)",
    "ldl_factor",
)
def ldl_factor_ex(x: SymTensor, hermitian: bool, check_errors: bool) -> Tensors:
    """L and D of a symmetric or Hermitian matrix in one matrix, the pivots, and whether it is singular."""
    require_matrices(x, "torch.linalg.ldl_factor_ex")
    return SymTensor(x.dtype, x.shape), SymTensor(dtypes.int32, x.shape[:-1]), _info(x)


@aten("linalg_ldl_factor(Tensor self, *, bool hermitian=False) -> (Tensor LD, Tensor pivots)")
def ldl_factor(x: SymTensor, hermitian: bool) -> Tensors:
    """`ldl_factor_ex` that raises for a singular matrix."""
    return call_host_results("linalg_ldl_factor_ex", x, hermitian, True)[:2]


@_host("linalg_ldl_solve(Tensor LD, Tensor pivots, Tensor B, *, bool hermitian=False) -> Tensor", "ldl_solve")
def ldl_solve(factors: SymTensor, pivots: SymTensor, b: SymTensor, hermitian: bool) -> SymTensor:
    """X of `A X = B` by the factors of `ldl_factor`."""
    require_matrices(factors, "torch.linalg.ldl_solve")
    if b.rank < 2:
        raise OperatorError("torch.linalg.ldl_solve: Expected B to have at least 2 dimensions")
    return SymTensor(b.dtype, (*broadcast_shapes(factors.shape[:-2], b.shape[:-2]), *b.shape[-2:]))
