"""Host operators of linear algebra: LAPACK's decompositions and solvers, through NumPy and SciPy, with torch's errors.

Matrices are the last two dimensions, the ones before are batches. What follows from these by arithmetic (pseudo-inverses,
determinants of factors, norms) is in `aten/`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsir.errors import OperatorError

Array = NDArray[Any]


class LinAlgError(OperatorError):
    """A matrix that is singular or not positive definite; torch raises `torch.linalg.LinAlgError` there."""


def _lapack(name: str, x: Array) -> Callable[..., Any]:
    """LAPACK's function for the dtype; `orgqr|ungqr` names that for real and that for complex numbers."""
    from scipy.linalg import get_lapack_funcs

    names = name.split("|")
    return get_lapack_funcs((names[-1] if np.iscomplexobj(x) else names[0],), (x,))[0]


def _each(
    function: Callable[..., Sequence[Any]], arrays: Sequence[Array], shapes: Sequence[Any], dtypes: Sequence[Any]
) -> Any:
    """A function of matrices for each of a batch (the arrays' own, broadcast): results of these shapes and dtypes."""
    batch = np.broadcast_shapes(*(a.shape[:-2] for a in arrays))
    spread = [np.broadcast_to(a, (*batch, *a.shape[-2:])) for a in arrays]
    results = [np.zeros((*batch, *shape), dtype) for shape, dtype in zip(shapes, dtypes, strict=True)]
    for at in np.ndindex(*batch):
        for result, found in zip(results, function(*(a[at] for a in spread)), strict=True):
            result[at] = found
    return results


def _matrix_batch(pivots: Array) -> Array:
    """Vectors as matrices of one row, for `_each`."""
    return pivots[..., None, :]


def _require_success(info: Array, message: str) -> None:
    """Raises LinAlgError for the first matrix of a batch that LAPACK reports about."""
    if np.any(info != 0):
        at = np.argwhere(np.atleast_1d(info) != 0)[0]
        code = int(np.atleast_1d(info)[tuple(at)])
        where = f"(Batch element {int(at[0])}): " if info.ndim else ""
        name, _, reason = message.partition(": ")
        raise LinAlgError(f"{name}: {where}{reason.format(code)}")


# Eigenvalues and singular values --------------------------------------------------------------------------------------


def eig(x: Array) -> tuple[Array, Array]:
    """`torch.linalg.eig`: eigenvalues and eigenvectors, always complex."""
    _require_finite(x, "linalg.eig")
    values, vectors = np.linalg.eig(x)
    kind = np.result_type(x.dtype, np.complex64)
    return values.astype(kind), vectors.astype(kind)


def eigenvalues(x: Array) -> Array:
    """`torch.linalg.eigvals`."""
    _require_finite(x, "linalg.eigvals")
    return np.linalg.eigvals(x).astype(np.result_type(x.dtype, np.complex64))


def _require_finite(x: Array, name: str) -> None:
    if not np.isfinite(x).all():
        raise OperatorError(f"{name}: input tensor should not contain infs or NaNs.")


def eigh(x: Array, triangle: str, vectors: bool) -> tuple[Array, Array]:
    """`_linalg_eigh`: eigenvalues in ascending order, and eigenvectors if they are wanted, of a Hermitian matrix."""
    side: Any = triangle.upper()
    try:
        if vectors:
            found = np.linalg.eigh(x, side)
            return found[0], found[1]
        return np.linalg.eigvalsh(x, side), np.empty((0,), x.dtype)
    except np.linalg.LinAlgError:
        raise LinAlgError(
            "linalg.eigh: The algorithm failed to converge because the input matrix is ill-conditioned"
        ) from None


def svd(x: Array, full: bool, vectors: bool, driver: Any) -> tuple[Array, Array, Array]:
    """`_linalg_svd`: U, the singular values in descending order, and V's conjugate transpose."""
    try:
        if vectors:
            u, s, v = np.linalg.svd(x, full_matrices=full)
            return u, s, v
        return np.empty((0,), x.dtype), np.linalg.svd(x, compute_uv=False), np.empty((0,), x.dtype)
    except np.linalg.LinAlgError:
        raise LinAlgError(
            "linalg.svd: The algorithm failed to converge because the input matrix contained non-finite values."
        ) from None


# Orthogonal factors ---------------------------------------------------------------------------------------------------


def qr(x: Array, mode: str) -> tuple[Array, Array]:
    """`torch.linalg.qr` in the modes reduced, complete and r."""
    if mode == "r":
        return np.empty((0,), x.dtype), np.asarray(np.linalg.qr(x, "r"))
    q, r = np.linalg.qr(x, "complete" if mode == "complete" else "reduced")
    return q, r


def geqrf(x: Array) -> tuple[Array, Array]:
    """`torch.geqrf`: R and Householder's vectors in one matrix, and their factors."""
    rows, columns = x.shape[-2:]
    count = min(rows, columns)
    if not x.size:
        return x.copy(), np.zeros((*x.shape[:-2], count), x.dtype)
    run = _lapack("geqrf", x)
    return tuple(_each(lambda a: run(a)[:2], [x], [(rows, columns), (count,)], [x.dtype, x.dtype]))


def householder_product(x: Array, tau: Array) -> Array:
    """`torch.linalg.householder_product`: the first columns of the product of Householder's matrices."""
    if not x.size:
        return x.copy()
    run = _lapack("orgqr|ungqr", x)

    def product(a: Array, factors: Array) -> Sequence[Any]:
        if not factors.size:
            return (np.eye(*a.shape, dtype=a.dtype),)
        return (run(a, factors[0])[0],)

    return _each(product, [x, _matrix_batch(tau)], [x.shape[-2:]], [x.dtype])[0]


def ormqr(x: Array, tau: Array, other: Array, left: bool, transpose: bool) -> Array:
    """`torch.ormqr`: a matrix times the product of Householder's matrices, which isn't formed."""
    run = _lapack("ormqr|unmqr", x)
    side = "L" if left else "R"
    how = "N" if not transpose else "C" if np.iscomplexobj(x) else "T"

    def product(a: Array, factors: Array, c: Array) -> Sequence[Any]:
        if not factors.size or not c.size:
            return (c,)
        return (run(side, how, a[:, : factors.shape[1]], factors[0], c, max(1, 64 * max(c.shape)))[0],)

    return _each(product, [x, _matrix_batch(tau), other], [other.shape[-2:]], [other.dtype])[0]


# Triangular factors ---------------------------------------------------------------------------------------------------


def lu_factor(x: Array, pivot: bool, check_errors: bool) -> tuple[Array, Array, Array]:
    """`torch.linalg.lu_factor_ex`: L and U in one matrix, the rows swapped (from 1), and LAPACK's report."""
    if not pivot:
        raise OperatorError("linalg.lu_factor: LU without pivoting is not implemented on the CPU")
    rows, columns = x.shape[-2:]
    count = min(rows, columns)
    batch = x.shape[:-2]
    if not x.size:
        return x.copy(), np.zeros((*batch, count), np.int32), np.zeros(batch, np.int32)
    run = _lapack("getrf", x)

    def factor(a: Array) -> Sequence[Any]:
        found, pivots, info = run(a)
        return found, pivots + 1, info

    result = _each(factor, [x], [(rows, columns), (count,), ()], [x.dtype, np.int32, np.int32])
    if check_errors:
        _require_success(result[2], "torch.linalg.lu_factor_ex: U[{0},{0}] is zero and using it on lu_solve would result in a "
                         "division by zero. If you still want to perform the factorization, consider calling "
                         "linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)")  # fmt: skip
    return tuple(result)


def cholesky_factor(x: Array, upper: bool, check_errors: bool) -> tuple[Array, Array]:
    """`torch.linalg.cholesky_ex`: the triangular factor, and LAPACK's report."""
    if not x.size:
        return x.copy(), np.zeros(x.shape[:-2], np.int32)
    run = _lapack("potrf", x)
    result = _each(lambda a: run(a, lower=not upper, clean=1), [x], [x.shape[-2:], ()], [x.dtype, np.int32])
    if check_errors:
        _require_success(result[1], "linalg.cholesky: The factorization could not be completed because the input is not "
                         "positive-definite (the leading minor of order {0} is not positive-definite).")  # fmt: skip
    return tuple(result)


def cholesky(x: Array, upper: bool) -> Array:
    """`torch.linalg.cholesky`."""
    return cholesky_factor(x, upper, True)[0]


def cholesky_inverse(x: Array, upper: bool) -> Array:
    """`torch.cholesky_inverse`: the inverse of a matrix by its triangular factor."""
    factor = np.triu(x) if upper else np.tril(x)
    inverse = _each(lambda a: (np.linalg.inv(a),), [factor], [x.shape[-2:]], [x.dtype])[0]
    adjoint = inverse.swapaxes(-1, -2).conj()
    return np.ascontiguousarray(inverse @ adjoint if upper else adjoint @ inverse)


def ldl_factor(x: Array, hermitian: bool, check_errors: bool) -> tuple[Array, Array, Array]:
    """`torch.linalg.ldl_factor_ex`: L and D of a symmetric or Hermitian matrix in one, the pivots, LAPACK's report."""
    size = x.shape[-1]
    batch = x.shape[:-2]
    if not x.size:
        return x.copy(), np.zeros((*batch, size), np.int32), np.zeros(batch, np.int32)
    run = _lapack("sytrf|hetrf" if hermitian else "sytrf", x)

    def factor(a: Array) -> Sequence[Any]:
        found, pivots, info = run(a, lower=1)
        return np.tril(found), pivots, info

    result = _each(factor, [x], [(size, size), (size,), ()], [x.dtype, np.int32, np.int32])
    if check_errors:
        _require_success(result[2], "torch.linalg.ldl_factor_ex: The factorization failed with code {0}.")
    return tuple(result)


def ldl_solve(factors: Array, pivots: Array, b: Array, hermitian: bool) -> Array:
    """`torch.linalg.ldl_solve`: X of `A X = B` by the factors of `ldl_factor`."""
    run = _lapack("sytrs|hetrs" if hermitian else "sytrs", factors)

    def solved(a: Array, order: Array, right: Array) -> Sequence[Any]:
        return (run(a, order[0].astype(np.int32), right, lower=1)[0] if right.size else right,)

    return _each(solved, [factors, _matrix_batch(pivots), b], [b.shape[-2:]], [b.dtype])[0]


# Solvers --------------------------------------------------------------------------------------------------------------


def inverse_with_info(x: Array, check_errors: bool) -> tuple[Array, Array]:
    """`torch.linalg.inv_ex`: the inverse, and LAPACK's report."""
    if not x.size:
        return x.copy(), np.zeros(x.shape[:-2], np.int32)
    factor, invert = _lapack("getrf", x), _lapack("getri", x)

    def inverted(a: Array) -> Sequence[Any]:
        found, pivots, info = factor(a)
        return (found, info) if info else invert(found, pivots)

    result = _each(inverted, [x], [x.shape[-2:], ()], [x.dtype, np.int32])
    if check_errors:
        _require_success(result[1], "linalg.inv: The diagonal element {0} is zero, the inversion could not be completed "
                         "because the input matrix is singular.")  # fmt: skip
    return tuple(result)


def inverse(x: Array) -> Array:
    """`torch.linalg.inv`."""
    return inverse_with_info(x, True)[0]


def solve_with_info(a: Array, b: Array, left: bool, check_errors: bool) -> tuple[Array, Array]:
    """`torch.linalg.solve_ex`: X of `A X = B`, or of `X A = B` without `left`, and LAPACK's report."""
    is_vector = b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape == a.shape[:-1])
    right = b[..., None] if is_vector else b
    if not left:
        a, right = a.swapaxes(-1, -2), right if is_vector else right.swapaxes(-1, -2)
    batch = np.broadcast_shapes(a.shape[:-2], right.shape[:-2])
    if a.size and right.size:
        run = _lapack("gesv", a)

        def solved(m: Array, v: Array) -> Sequence[Any]:
            _, _, x, info = run(m, v)
            return x, info

        found, info = _each(solved, [a, right], [right.shape[-2:], ()], [b.dtype, np.int32])
    else:
        found, info = np.zeros((*batch, *right.shape[-2:]), b.dtype), np.zeros(batch, np.int32)
    if check_errors:
        _require_success(info, "torch.linalg.solve_ex: The solver failed because the input matrix is singular.")
    if is_vector:
        return found[..., 0], info
    return (found if left else np.ascontiguousarray(found.swapaxes(-1, -2))), info


def solve(a: Array, b: Array, left: bool) -> Array:
    """`torch.linalg.solve`: X of `A X = B`, or of `X A = B` without `left`."""
    return solve_with_info(a, b, left, True)[0]


def solve_triangular(a: Array, b: Array, upper: bool, left: bool, unitriangular: bool) -> Array:
    """`torch.linalg.solve_triangular`: X of `A X = B` or `X A = B` for triangular A; infinite where A is singular."""
    from scipy.linalg import get_blas_funcs

    run = get_blas_funcs(("trsm",), (a, b))[0]

    def solved(m: Array, right: Array) -> Sequence[Any]:
        if not right.size:
            return (right,)
        return (run(1.0, m, right, side=int(not left), lower=int(not upper), diag=int(unitriangular)),)

    return _each(solved, [a, b], [b.shape[-2:]], [b.dtype])[0]


def least_squares(a: Array, b: Array, rcond: float | None, driver: str | None) -> tuple[Array, Array, Array, Array]:
    """`torch.linalg.lstsq`: the solution, squared residuals, ranks, singular values (the last three may be empty)."""
    name = driver or "gelsy"
    is_vector = b.ndim == a.ndim - 1
    right = b[..., None] if is_vector else b
    rows, columns = a.shape[-2:]
    count = right.shape[-1]
    batch = np.broadcast_shapes(a.shape[:-2], right.shape[:-2])
    small = min(rows, columns)
    real = np.real(a).dtype
    limit = float(np.finfo(a.dtype).eps) * max(rows, columns) if rcond is None else rcond

    def solved(m: Array, v: Array) -> Sequence[Any]:
        from scipy import linalg

        lstsq: Any = linalg.lstsq
        if not m.size or not v.size:
            return np.zeros((columns, count), a.dtype), np.zeros(count, real), 0, np.zeros(small, real)
        if name == "gels":
            x, rank, values = lstsq(m, v, limit, lapack_driver="gelsd")[0], small, None
        else:
            x, _, rank, values = lstsq(m, v, limit, lapack_driver=name)
        return x, (np.abs(v - m @ x) ** 2).sum(0), rank, np.zeros(small, real) if values is None else values

    found = _each(solved, [a, right], [(columns, count), (count,), (), (small,)], [a.dtype, real, np.int64, real])
    solution = found[0][..., 0] if is_vector else found[0]
    full_rank = name == "gels" or (name != "gelsy" and bool(np.all(found[2] == columns)))
    residuals = found[1] if rows > columns and full_rank else np.zeros((0,), real)
    ranks = np.zeros((0,), np.int64) if name == "gels" else found[2]
    values = found[3] if name in ("gelsd", "gelss") else np.zeros((0,), real)
    return solution, residuals, ranks.reshape(batch) if name != "gels" else ranks, values


def determinant(x: Array) -> Array:
    """`torch.linalg.det`."""
    return np.asarray(np.linalg.det(x), x.dtype)


def sign_and_log(x: Array) -> tuple[Array, Array]:
    """`torch.linalg.slogdet`: a determinant's sign and the logarithm of its absolute value."""
    sign, size = np.linalg.slogdet(x)
    return np.asarray(sign, x.dtype), np.asarray(size, np.real(x).dtype)


def matrix_exponential(x: Array) -> Array:
    """`torch.linalg.matrix_exp`."""
    from scipy.linalg import expm

    return np.asarray(expm(x)).astype(x.dtype) if x.size else x.copy()


def permutation(pivots: Array, rows: int) -> Array:
    """The order of `rows` rows after swapping row i with row `pivots[i] - 1`, one after the other."""
    order = np.broadcast_to(np.arange(rows), (*pivots.shape[:-1], rows)).copy()
    for at in np.ndindex(*pivots.shape[:-1]):
        for i, other in enumerate(pivots[at]):
            order[at][[i, other - 1]] = order[at][[other - 1, i]]
    return order


def lu_solve(lu: Array, pivots: Array, b: Array, left: bool, adjoint: bool) -> Array:
    """`torch.linalg.lu_solve`: X of `A X = B` (`X A = B` without `left`) by A's factors; `adjoint` takes A's adjoint."""
    run = _lapack("getrs", lu)

    def solved(a: Array, order: Array, right: Array) -> Sequence[Any]:
        if not right.size:
            return (right,)
        swaps = order[0].astype(np.int32) - 1
        if left:
            return (run(a, swaps, right, trans=2 if adjoint else 0)[0],)
        # X A = B means A^H X^H = B^H, and with A^H in A's place A X^H = B^H.
        return (run(a, swaps, right.conj().T, trans=0 if adjoint else 2)[0].conj().T,)

    return _each(solved, [lu, _matrix_batch(pivots), b], [b.shape[-2:]], [b.dtype])[0]


# Products of groups ---------------------------------------------------------------------------------------------------


def grouped_product(a: Array, b: Array, ends: Array | None, bias: Array | None, dtype: Any) -> Array:
    """`torch._grouped_mm`: the products of groups of rows, columns or summands, whose ends a tensor holds.

    What belongs to no group is zero; torch leaves it undefined. float16 and bfloat16 are added up in float32.
    """
    if ends is None:
        return _summed_wide(a, b)
    bounds = [0, *(int(end) for end in ends)]
    parts = [slice(start, end) for start, end in pairwise(bounds)]
    if a.ndim == 2 and b.ndim == 2:
        return np.stack([_summed_wide(a[:, part], b[part]) for part in parts])
    if a.ndim == 2:
        result = np.zeros((a.shape[0], b.shape[2]), a.dtype)
        for part, matrix in zip(parts, b, strict=True):
            result[part] = _summed_wide(a[part], matrix)
        return result
    result = np.zeros((a.shape[1], b.shape[1]), a.dtype)
    for part, matrix in zip(parts, a, strict=True):
        result[:, part] = _summed_wide(matrix, b[:, part])
    return result


def _summed_wide(a: Array, b: Array) -> Array:
    if a.dtype == np.float32:
        return np.matmul(a, b)
    return np.matmul(a.astype(np.float32), b.astype(np.float32)).astype(a.dtype)
