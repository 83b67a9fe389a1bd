"""Products of vectors and matrices, einsum, distances, triangles and diagonals; solvers are host operators."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tsir.dialects import dtypes
from tsir.dialects.dtypes import Category, DType
from tsir.errors import OperatorError, OperatorNotImplementedError
from tsir.ops.aten.precision import in_float32_to, promoted
from tsir.ops.core import reductions
from tsir.ops.core.contraction import contract
from tsir.ops.core.creation import iota
from tsir.ops.core.elementwise import binary, broadcast_shapes, clamp, conj, convert, copy, power, unary, where
from tsir.ops.core.host_calls import call_host_results
from tsir.ops.core.numbers import to_number
from tsir.ops.core.slices import select, slice
from tsir.ops.core.views import broadcast_to, diagonal, expand, movedim, permute, reshape, unsqueeze
from tsir.ops.promotion import result_type
from tsir.ops.registry import aten, host
from tsir.ops.sizes import Size
from tsir.ops.sizes import numel as numel_of
from tsir.ops.tensor import SymTensor, dtype_label, is_constant, require_int, wrap_dim, wrap_dims

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CPP_NAMES = {
    "bool": "bool", "uint8": "unsigned char", "int8": "signed char", "int16": "short", "int32": "int", "int64": "int64_t",
    "float16": "c10::Half", "bfloat16": "c10::BFloat16", "float32": "float", "float64": "double",
    "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
}  # fmt: skip


def _check_same_dtype(a: SymTensor, b: SymTensor) -> None:
    if a.dtype is not b.dtype:
        raise OperatorError(
            f"expected m1 and m2 to have the same dtype, but got: {_CPP_NAMES[a.dtype.name]} != {_CPP_NAMES[b.dtype.name]}"
        )
    if a.dtype is dtypes.bool_:
        raise OperatorNotImplementedError(f'"addmm_impl_cpu_" not implemented for {dtype_label(a.dtype)!r}')


def _check_rank(x: SymTensor, rank: int, name: str) -> None:
    if x.rank != rank:
        kind = {1: "vector", 2: "matrix"}.get(rank, "3D tensor")
        raise OperatorError(f"{name} must be a {kind}, got {x.rank}-D tensor")


@aten("mm(Tensor self, Tensor mat2) -> Tensor")
def mm(a: SymTensor, b: SymTensor) -> SymTensor:
    """The product of two matrices."""
    _check_rank(a, 2, "self")
    _check_rank(b, 2, "mat2")
    _check_same_dtype(a, b)
    if a.shape[1] != b.shape[0]:
        raise OperatorError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and {b.shape[0]}x{b.shape[1]})"
        )
    return contract("ik,kj->ij", a, b)


@aten("bmm(Tensor self, Tensor mat2) -> Tensor")
def bmm(a: SymTensor, b: SymTensor) -> SymTensor:
    """The products of two batches of matrices."""
    _check_rank(a, 3, "batch1")
    _check_rank(b, 3, "batch2")
    _check_same_dtype(a, b)
    if a.shape[0] != b.shape[0] or a.shape[2] != b.shape[1]:
        raise OperatorError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a.shape[0]}, {a.shape[2]}] but got: "
            f"[{b.shape[0]}, {b.shape[1]}]."
        )
    return contract("bik,bkj->bij", a, b)


@aten("mv(Tensor self, Tensor vec) -> Tensor")
def mv(a: SymTensor, b: SymTensor) -> SymTensor:
    """A matrix times a vector."""
    if a.rank != 2 or b.rank != 1:
        raise OperatorError(f"vector + matrix @ vector expected, got {a.rank}, {b.rank}")
    _check_same_dtype(a, b)
    if a.shape[1] != b.shape[0]:
        raise OperatorError(f"size mismatch, got input ({a.shape[0]}), mat ({a.shape[0]}x{a.shape[1]}), vec ({b.shape[0]})")
    return contract("ik,k->i", a, b)


@aten("dot(Tensor self, Tensor tensor) -> Tensor")
def dot(a: SymTensor, b: SymTensor) -> SymTensor:
    """The product of two vectors."""
    if a.rank != 1 or b.rank != 1:
        raise OperatorError(f"1D tensors expected, but got {a.rank}D and {b.rank}D tensors")
    if a.dtype is dtypes.bool_ and b.dtype is dtypes.bool_:
        raise OperatorNotImplementedError("\"dot\" not implemented for 'Bool'")
    if a.dtype is not b.dtype:
        raise OperatorError(
            f"dot : expected both vectors to have same dtype, but found {dtype_label(a.dtype)} and {dtype_label(b.dtype)}"
        )
    if a.shape[0] != b.shape[0]:
        raise OperatorError(
            f"inconsistent tensor size, expected tensor [{a.shape[0]}] and src [{b.shape[0]}] to have the same number of "
            f"elements, but got {a.shape[0]} and {b.shape[0]} elements respectively"
        )
    return contract("k,k->", a, b)


@aten("vdot(Tensor self, Tensor other) -> Tensor")
def vdot(a: SymTensor, b: SymTensor) -> SymTensor:
    """The product of the first vector's conjugate with the second."""
    return dot(conj(a), b)


def product(a: SymTensor, b: SymTensor) -> SymTensor:
    """`a @ b` for vectors, matrices and batches of matrices, batches broadcast."""
    if not a.shape or not b.shape:
        raise OperatorError(f"both arguments to matmul need to be at least 1D, but they are {a.rank}D and {b.rank}D")
    if a.rank == 1 and b.rank == 1:
        return dot(a, b)
    _check_same_dtype(a, b)
    inner_a, inner_b = a.shape[-1], b.shape[-2] if b.rank > 1 else b.shape[0]
    if inner_a != inner_b:
        if a.rank <= 2 and b.rank <= 2:
            left = a.shape if a.rank == 2 else (1, *a.shape)
            right = b.shape if b.rank == 2 else (*b.shape, 1)
            raise OperatorError(f"mat1 and mat2 shapes cannot be multiplied ({left[0]}x{left[1]} and {right[0]}x{right[1]})")
        raise OperatorError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a.shape[0]}, {inner_a}] but got: "
            f"[{b.shape[0]}, {inner_b}]."
        )
    if a.rank == 1:
        batch = _LETTERS[: b.rank - 2]
        return contract(f"y,{batch}yz->{batch}z", a, b)
    if b.rank <= 2:
        batch = _LETTERS[: a.rank - 1]
        return contract(f"{batch}y,y->{batch}" if b.rank == 1 else f"{batch}y,yz->{batch}z", a, b)
    if a.rank == 2:
        a = reshape(a, (*[1] * (b.rank - 2), *a.shape))
    batch_shape = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = broadcast_to(a, (*batch_shape, *a.shape[-2:]))
    b = broadcast_to(b, (*batch_shape, *b.shape[-2:]))
    batch = _LETTERS[: len(batch_shape)]
    return contract(f"{batch}xy,{batch}yz->{batch}xz", a, b)


@aten("matmul(Tensor self, Tensor other) -> Tensor", "linalg_matmul(Tensor self, Tensor other) -> Tensor")
def matmul(a: SymTensor, b: SymTensor) -> SymTensor:
    """`self @ other`: vectors, matrices, and batches of matrices, which are broadcast."""
    return product(a, b)


@aten("linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor")
def linear(x: SymTensor, weight: SymTensor, bias: SymTensor | None) -> SymTensor:
    """`input @ weight.T + bias`."""
    if not x.shape:
        raise OperatorError("both arguments to linear need to be at least 1D, but they are 0D and 2D")
    if weight.rank not in (1, 2):
        raise OperatorError(f"linear: weight must have one or two dimensions, got {weight.rank}")
    if x.dtype is not weight.dtype:
        raise OperatorError(
            f"mat1 and mat2 must have the same dtype, but got {dtype_label(x.dtype)} and {dtype_label(weight.dtype)}"
        )
    _check_same_dtype(x, weight)
    if x.shape[-1] != weight.shape[-1]:
        rows = numel_of(x.shape[:-1])
        columns = weight.shape[0] if weight.rank == 2 else 1
        raise OperatorError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{x.shape[-1]} and {weight.shape[-1]}x{columns})"
        )
    batch = _LETTERS[: x.rank - 1]
    result = contract(f"{batch}y,zy->{batch}z" if weight.rank == 2 else f"{batch}y,y->{batch}", x, weight)
    return result if bias is None else binary("add", result, bias)


def _plus_product(x: SymTensor, found: SymTensor, beta: Any, alpha: Any) -> SymTensor:
    """`beta * x + alpha * found`; x isn't looked at when beta is 0."""
    if x.dtype is not found.dtype:
        raise OperatorError(
            f"self and mat2 must have the same dtype, but got {dtype_label(x.dtype)} and {dtype_label(found.dtype)}"
        )
    if found.dtype.category is Category.INT:
        alpha, beta = to_number(alpha, "int"), to_number(beta, "int")
    if not (is_constant(alpha) and alpha == 1):
        found = convert(binary("mul", found, alpha), found.dtype)
    if beta == 0:
        expand(x, found.shape)
        return found
    if not (is_constant(beta) and beta == 1):
        x = convert(binary("mul", x, beta), x.dtype)
    return binary("add", expand(x, found.shape), found)


@aten("addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor")
def addmm(x: SymTensor, a: SymTensor, b: SymTensor, beta: Any, alpha: Any) -> SymTensor:
    """`beta * self + alpha * (mat1 @ mat2)`."""
    return _plus_product(x, mm(a, b), beta, alpha)


@aten("addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor")
def addmv(x: SymTensor, a: SymTensor, b: SymTensor, beta: Any, alpha: Any) -> SymTensor:
    """`beta * self + alpha * (mat @ vec)`."""
    return _plus_product(x, mv(a, b), beta, alpha)


@aten("baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor")
def baddbmm(x: SymTensor, a: SymTensor, b: SymTensor, beta: Any, alpha: Any) -> SymTensor:
    """`beta * self + alpha * (batch1 @ batch2)`."""
    return _plus_product(x, bmm(a, b), beta, alpha)


@aten("addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor")
def addbmm(x: SymTensor, a: SymTensor, b: SymTensor, beta: Any, alpha: Any) -> SymTensor:
    """`beta * self + alpha * sum over the batch of (batch1 @ batch2)`."""
    return _plus_product(x, reductions.sum(bmm(a, b), (0,), False), beta, alpha)


@aten("outer(Tensor self, Tensor vec2) -> Tensor", "ger(Tensor self, Tensor vec2) -> Tensor")
def outer(a: SymTensor, b: SymTensor) -> SymTensor:
    """All products of elements of two vectors."""
    for x, name in ((a, "self"), (b, "vec2")):
        if x.rank != 1:
            raise OperatorError(f"outer: Expected 1-D argument {name}, but got {x.rank}-D")
    return binary("mul", reshape(a, (a.shape[0], 1)), b)


@aten("addr(Tensor self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor")
def addr(x: SymTensor, a: SymTensor, b: SymTensor, beta: Any, alpha: Any) -> SymTensor:
    """`beta * self + alpha * outer(vec1, vec2)`."""
    dtype = result_type((x, a, b))
    return _plus_product(convert(x, dtype), convert(outer(a, b), dtype), beta, alpha)


@aten("inner(Tensor self, Tensor other) -> Tensor")
def inner(a: SymTensor, b: SymTensor) -> SymTensor:
    """The products over the last dimensions of both."""
    if not a.shape or not b.shape:
        return binary("mul", a, b)
    if a.shape[-1] != b.shape[-1]:
        raise OperatorError(
            f"inner() the last dimension must match on both input tensors but got shapes {list(a.shape)} and {list(b.shape)}"
        )
    return tensordot(a, b, [-1], [-1])


@aten("tensordot(Tensor self, Tensor other, int[] dims_self, int[] dims_other) -> Tensor")
def tensordot(a: SymTensor, b: SymTensor, dims_a: Sequence[int], dims_b: Sequence[int]) -> SymTensor:
    """The products over pairs of dimensions."""
    if len(dims_a) != len(dims_b):
        raise OperatorError("both dimension lists should have same length")
    _check_same_dtype(a, b)
    of_a, of_b = wrap_dims(tuple(dims_a), a.rank), wrap_dims(tuple(dims_b), b.rank)
    alone_a = [i for i, j in zip(of_a, of_b, strict=True) if b.shape[j] == 1 and a.shape[i] != 1]
    alone_b = [j for i, j in zip(of_a, of_b, strict=True) if a.shape[i] == 1 and b.shape[j] != 1]
    a = reductions.sum(a, alone_a, True) if alone_a else a
    b = reductions.sum(b, alone_b, True) if alone_b else b
    letters_a = list(_LETTERS[: a.rank])
    letters_b = list(_LETTERS[a.rank : a.rank + b.rank])
    for i, j in zip(of_a, of_b, strict=True):
        if a.shape[i] != b.shape[j]:
            raise OperatorError(
                f"contracted dimensions need to match, but first has size {a.shape[i]} in dim {i} and second has size "
                f"{b.shape[j]} in dim {j}"
            )
        letters_b[j] = letters_a[i]
    out = [v for i, v in enumerate(letters_a) if i not in of_a] + [v for j, v in enumerate(letters_b) if j not in of_b]
    return contract(f"{''.join(letters_a)},{''.join(letters_b)}->{''.join(out)}", a, b)


@host(
    "_grouped_mm(Tensor self, Tensor mat2, Tensor? offs=None, Tensor? bias=None, ScalarType? out_dtype=None) -> Tensor",
    implementation="tsir.ops.host_linear_algebra:grouped_product",
)
def grouped_mm(a: SymTensor, b: SymTensor, ends: SymTensor | None, bias: SymTensor | None, dtype: DType | None) -> SymTensor:
    """The products of groups of rows (of columns, of summands), whose ends are in `offs`, with a matrix for each group."""
    for name, x in (("mat_a", a), ("mat_b", b)):
        if x.rank not in (2, 3):
            raise OperatorError(f"{name} has to be 2 or 3d")
    if (ends is None) is not (a.rank == 3 and b.rank == 3):
        raise OperatorError("Have to provide offsets if there is a 2d matrix, or no offset if both matrices are 3d")
    if a.dtype not in (dtypes.float32, dtypes.float16, dtypes.bfloat16):
        raise OperatorError(f"Expected mat_a to be Float32, BFloat16 or Float16 matrix, got {dtype_label(a.dtype)}")
    _check_same_dtype(a, b)
    if dtype not in (None, a.dtype):
        raise OperatorError("Grouped gemm output dtype must match `mat_a` dtype")
    if bias is not None:
        raise OperatorError("Bias not supported yet")
    if a.shape[-1] != b.shape[-2]:
        raise OperatorError("contraction dimension of mat_a and mat_b must match")
    if ends is not None and (ends.rank != 1 or ends.dtype is not dtypes.int32):
        raise OperatorError("Offsets have to be int32")
    groups = [x.shape[0] for x in (a, b, ends) if x is not None and (x is ends or x.rank == 3)]
    if any(size != groups[0] for size in groups[1:]):
        raise OperatorError("matrix batch sizes have to match")
    batch = groups[:1] if a.rank == b.rank else []
    return SymTensor(a.dtype, (*batch, a.shape[-2], b.shape[-1]))


@aten("linalg_multi_dot(Tensor[] tensors) -> Tensor", "chain_matmul(Tensor[] matrices) -> Tensor")
def multi_dot(tensors: Sequence[SymTensor]) -> SymTensor:
    """The product of several matrices, from left to right."""
    if not tensors:
        raise OperatorError("multi_dot(): expected at least 2 tensors but got 0")
    result = tensors[0]
    for x in tensors[1:]:
        result = product(result, x)
    return copy(result) if len(tensors) == 1 else result


@aten("linalg_vecdot(Tensor x, Tensor y, *, int dim=-1) -> Tensor")
def vecdot(x: SymTensor, y: SymTensor, dim: int) -> SymTensor:
    """The products of vectors along a dimension."""
    if x.dtype.category < Category.FLOAT:
        raise OperatorError(
            f"linalg.vecdot: Expected a floating point or complex tensor as input. Got {dtype_label(x.dtype)}"
        )
    found = binary("mul", conj(x), y)
    return reductions.sum(found, (wrap_dim(dim, found.rank),), False)


@aten("bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None) -> Tensor", out=False)
def bilinear(a: SymTensor, b: SymTensor, weight: SymTensor, bias: SymTensor | None) -> SymTensor:
    """`input1 @ weight[k] @ input2` for every k, plus bias."""
    for i, (one, other) in enumerate(zip(a.shape[:-1], b.shape[:-1], strict=False)):
        if one != other:
            raise OperatorError(f"bilinear(): input batch dimensions do not match at dim {i}: got {one} and {other}")
    batch = _LETTERS[: a.rank - 1]
    left = contract(f"{batch}y,zyx->{batch}zx", a, weight)
    result = contract(f"{batch}zx,{batch}x->{batch}z", left, b)
    return result if bias is None else binary("add", result, bias)


# einsum ---------------------------------------------------------------------------------------------------------------


def _terms(equation: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """The operands' and the result's subscripts with ellipses replaced by letters that the equation doesn't use."""
    equation = equation.replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise OperatorError(
            f"einsum(): fewer operands were provided than specified in the equation: {len(terms)} and {len(ranks)}"
            if len(terms) > len(ranks)
            else "einsum(): more operands were provided than specified in the equation"
        )
    used = {c for c in equation if c.isalpha()}
    free = [c for c in _LETTERS if c not in used]
    widest = 0
    for i, (term, rank) in enumerate(zip(terms, ranks, strict=True)):
        named = len(term.replace("...", ""))
        if ("..." in term and named > rank) or ("..." not in term and named != rank):
            raise OperatorError(
                f"einsum(): the number of subscripts in the equation ({named}) does not match the number of dimensions "
                f"({rank}) for operand {i}" + (" and no ellipsis was given" if "..." not in term else "")
            )
        if "..." in term:
            widest = max(widest, rank - named)
    dots = "".join(free[:widest])
    expanded = [
        term.replace("...", dots[widest - (rank - len(term.replace("...", ""))) :])
        for term, rank in zip(terms, ranks, strict=True)
    ]
    if arrow:
        result = right.replace("...", dots)
    else:
        letters = [c for term in terms for c in term if c.isalpha()]
        result = dots + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    for c in result:
        if not any(c in term for term in expanded):
            raise OperatorError(f"einsum(): output subscript {c} does not appear in the equation for any input operand")
        if result.count(c) > 1:
            raise OperatorError(f"einsum(): output subscript {c} appears more than once in the output")
    return expanded, result


def _single(x: SymTensor, term: str, kept: str) -> tuple[SymTensor, str]:
    """One operand with repeated letters taken as diagonals and the letters not in `kept` summed."""
    i = 0
    while i < len(term):
        again = term.find(term[i], i + 1)
        if again < 0:
            i += 1
            continue
        if x.shape[i] != x.shape[again]:
            raise OperatorError(
                f"einsum(): subscript {term[i]} is repeated for an operand but the sizes don't match, {x.shape[again]} != {x.shape[i]}"
            )
        x = diagonal(x, 0, i, again)
        letter = term[i]
        term = term[:i] + term[i + 1 : again] + term[again + 1 :] + letter
    lost = tuple(i for i, c in enumerate(term) if c not in kept)
    if lost:
        x = reductions.sum(x, lost, False)
        term = "".join(c for c in term if c in kept)
    return x, term


@aten("einsum(str equation, Tensor[] tensors, *, int[]? path=None) -> Tensor", out=False)
def einsum(equation: str, tensors: Sequence[SymTensor], path: Any) -> SymTensor:
    """Einstein's summation, pair by pair from left to right."""
    if not tensors:
        raise OperatorError("einsum(): must provide at least one operand")
    terms, result = _terms(equation, [x.rank for x in tensors])
    sizes: dict[str, Size] = {}
    for term, x in zip(terms, tensors, strict=True):
        for letter, size in zip(term, x.shape, strict=True):
            known = sizes.get(letter, 1)
            if known == 1:
                sizes[letter] = size
            elif size != 1 and size != known:
                raise OperatorError(
                    f"einsum(): operands do not broadcast with remapped shapes [original->remapped]: subscript {letter} has "
                    f"sizes {known} and {size}"
                )
    first = tensors[0]
    if len(tensors) == 1 and first.dtype.category <= Category.INT and set(terms[0]) - set(result):
        first = convert(first, dtypes.int64)  # it is a sum
    current, letters = _single(first, terms[0], result + "".join(terms[1:]))
    for i in range(1, len(tensors)):
        later = result + "".join(terms[i + 1 :])
        other, other_letters = _single(tensors[i], terms[i], letters + later)
        current, letters = _pair(current, letters, other, other_letters, later)
    current, letters = _single(current, letters, result)
    order = [letters.index(c) for c in result]
    found = permute(current, order)
    return copy(found) if found is tensors[0] else found


def _pair(a: SymTensor, letters_a: str, b: SymTensor, letters_b: str, later: str) -> tuple[SymTensor, str]:
    _check_same_dtype(a, b) if a.dtype is not b.dtype else None
    # A size of 1 against a larger one broadcasts: leave it out where the other operand has the letter.
    for letter in [c for c in letters_a if c in letters_b]:
        i, j = letters_a.index(letter), letters_b.index(letter)
        if isinstance(a.shape[i], int) and a.shape[i] == 1 and not (isinstance(b.shape[j], int) and b.shape[j] == 1):
            a, letters_a = select(a, i, 0), letters_a[:i] + letters_a[i + 1 :]
        elif isinstance(b.shape[j], int) and b.shape[j] == 1 and not (isinstance(a.shape[i], int) and a.shape[i] == 1):
            b, letters_b = select(b, j, 0), letters_b[:j] + letters_b[j + 1 :]
    a, letters_a = _single(a, letters_a, letters_b + later)
    b, letters_b = _single(b, letters_b, letters_a + later)
    out = "".join(dict.fromkeys(c for c in letters_a + letters_b if c in later))
    batch = [c for c in out if c in letters_a and c in letters_b]
    out = "".join(batch + [c for c in out if c not in batch])
    return contract(f"{letters_a},{letters_b}->{out}", a, b), out


# Distances ------------------------------------------------------------------------------------------------------------


@aten("cdist(Tensor x1, Tensor x2, float p=2., int? compute_mode=None) -> Tensor", out=False)
@aten("_cdist_forward(Tensor x1, Tensor x2, float p, int? compute_mode) -> Tensor")
def cdist(a: SymTensor, b: SymTensor, p: float, compute_mode: Any) -> SymTensor:
    """The p-norm distances of all rows of one matrix from all rows of another, in batches."""
    if a.rank < 2 or b.rank < 2:
        raise OperatorError("cdist only supports at least 2D tensors")
    if a.shape[-1] != b.shape[-1]:
        raise OperatorError(f"X1 and X2 must have the same number of columns. X1: {a.shape[-1]} X2: {b.shape[-1]}")
    for x, name in ((a, "X1"), (b, "X2")):
        if x.dtype.category is not Category.FLOAT:
            raise OperatorError(f"cdist only supports floating-point dtypes, {name} got: {dtype_label(x.dtype)}")
    distance = unary("abs", binary("sub", unsqueeze(a, -2), unsqueeze(b, -3)))
    last = (distance.rank - 1,)
    if p == 2.0:
        return unary("sqrt", reductions.sum(binary("mul", distance, distance), last, False))
    if p == math.inf:
        return reductions.amax(distance, last, False)
    if p == 0.0:
        return reductions.sum(convert(binary("ne", distance, 0), distance.dtype), last, False)
    if p == 1.0:
        return reductions.sum(distance, last, False)
    return power(reductions.sum(power(distance, float(p)), last, False), 1.0 / float(p))


@aten(
    "pairwise_distance(Tensor x1, Tensor x2, float p=2., float eps=9.9999999999999995e-07, bool keepdim=False) -> Tensor",
    out=False,
)
def pairwise_distance(a: SymTensor, b: SymTensor, p: Any, eps: Any, keepdim: bool) -> SymTensor:
    """The norm of the difference along the last dimension, `eps` added to it."""
    from tsir.ops.aten.norms import vector_norm

    return vector_norm(binary("add", binary("sub", a, b), eps), p, (-1,), keepdim, None)


@aten("cosine_similarity(Tensor x1, Tensor x2, int dim=1, float eps=1e-08) -> Tensor", out=False)
@in_float32_to(promoted)
def cosine_similarity(a: SymTensor, b: SymTensor, dim: int, eps: Any) -> SymTensor:
    """The cosine of the angle between vectors along a dimension."""
    dtype = result_type((a, b))
    if dtype.category is not Category.FLOAT:
        raise OperatorError(f"expected common dtype to be floating point, yet common dtype is {dtype_label(dtype)}")
    shape = broadcast_shapes(a.shape, b.shape)
    a, b = broadcast_to(convert(a, dtype), shape), broadcast_to(convert(b, dtype), shape)
    at = (wrap_dim(dim, len(shape)),)

    def scaled(x: SymTensor) -> SymTensor:
        length = unary("sqrt", reductions.sum(binary("mul", x, x), at, True))
        return binary("div", x, clamp(length, eps, None))

    return reductions.sum(binary("mul", scaled(a), scaled(b)), at, False)


# Triangles and diagonals ----------------------------------------------------------------------------------------------


def _triangle(x: SymTensor, offset: Any, comparison: str) -> SymTensor:
    if x.rank < 2:
        raise OperatorError("tril: input tensor must have at least 2 dimensions")
    rows, columns = x.shape[-2:]
    row = reshape(iota(rows, dtypes.int64), (rows, 1))
    if not (is_constant(offset) and offset == 0):
        row = binary("add", row, offset)
    return convert(
        where(binary(comparison, row, iota(columns, dtypes.int64)), x, 0 if x.dtype is not dtypes.bool_ else False), x.dtype
    )


@aten("tril(Tensor self, SymInt diagonal=0) -> Tensor")
def tril(x: SymTensor, offset: Any) -> SymTensor:
    """The lower triangle of matrices, 0 elsewhere."""
    return _triangle(x, offset, "ge")


@aten("triu(Tensor self, SymInt diagonal=0) -> Tensor")
def triu(x: SymTensor, offset: Any) -> SymTensor:
    """The upper triangle of matrices, 0 elsewhere."""
    return _triangle(x, offset, "le")


@aten("fill_diagonal_(Tensor(a!) self, Scalar fill_value, bool wrap=False) -> Tensor(a!)")
def fill_diagonal(x: SymTensor, value: Any, wrap: bool) -> SymTensor:
    """A number on the main diagonal; of a tall matrix, with `wrap`, again after one row without."""
    if x.rank < 2:
        raise OperatorError("dimensions must larger than 1")
    rows, columns = x.shape[:2]
    if x.rank > 2 and any(size != rows for size in x.shape[1:]):
        raise OperatorError("all dimensions of input must be of equal length")
    row = iota(rows, dtypes.int64)
    if wrap and x.rank == 2:
        row = binary("remainder", row, columns + 1)
    places = [reshape(row, (rows, *[1] * (x.rank - 1)))]
    places += [reshape(iota(n, dtypes.int64), (n, *[1] * (x.rank - 2 - i))) for i, n in enumerate(x.shape[1:])]
    chosen = binary("eq", places[0], places[1])
    for place in places[2:]:
        chosen = binary("bitwise_and", chosen, binary("eq", places[0], place))
    return convert(where(chosen, value, x), x.dtype)


@aten("diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor")
def diag_embed(x: SymTensor, offset: int, dim1: int, dim2: int) -> SymTensor:
    """Matrices with the last dimension on a diagonal."""
    rank = x.rank + 1
    a, b = wrap_dim(dim1, rank), wrap_dim(dim2, rank)
    if a == b:
        raise OperatorError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    offset = require_int(offset, "offset")
    size = x.shape[-1] + abs(offset)
    # Element (i, j) of the matrix is x[i] on the diagonal j = i + offset for offset >= 0, else x[j].
    row = reshape(iota(size, dtypes.int64), (size, 1))
    on_diagonal = binary("eq", binary("add", row, offset), iota(size, dtypes.int64))
    from tsir.ops.core.slices import pad

    zeros = [0] * x.rank
    padded = pad(x, zeros, [*zeros[:-1], abs(offset)], False if x.dtype is dtypes.bool_ else 0) if offset else x
    spread = unsqueeze(padded, -1) if offset >= 0 else unsqueeze(padded, -2)
    matrix = convert(where(on_diagonal, spread, False if x.dtype is dtypes.bool_ else 0), x.dtype)
    return movedim(matrix, (-2, -1), (a, b))


@aten("diag(Tensor self, int diagonal=0) -> Tensor")
def diag(x: SymTensor, offset: int) -> SymTensor:
    """A matrix's diagonal, or a matrix with this diagonal."""
    if x.rank == 1:
        return diag_embed(x, offset, 0, 1)
    if x.rank != 2:
        raise OperatorError(f"diag(): Supports 1D or 2D tensors. Got {x.rank}D")
    return copy(diagonal(x, offset, 0, 1))


@aten("kron(Tensor self, Tensor other) -> Tensor")
def kron(a: SymTensor, b: SymTensor) -> SymTensor:
    """Kronecker's product."""
    rank = max(a.rank, b.rank)
    left = (*[1] * (rank - a.rank), *a.shape)
    right = (*[1] * (rank - b.rank), *b.shape)
    wide_a = reshape(a, [s for size in left for s in (size, 1)])
    wide_b = reshape(b, [s for size in right for s in (1, size)])
    return reshape(binary("mul", wide_a, wide_b), [p * q for p, q in zip(left, right, strict=True)])


@aten("matrix_power(Tensor self, int n) -> Tensor", "linalg_matrix_power(Tensor self, int n) -> Tensor")
def matrix_power(x: SymTensor, n: int) -> SymTensor:
    """A square matrix to an integer power; a negative one is a power of the inverse."""
    count = require_int(n, "n")
    if x.rank < 2 or x.shape[-1] != x.shape[-2]:
        raise OperatorError(f"linalg.matrix_power: A must be batches of square matrices, but they are {list(x.shape)}")
    if count < 0:
        return matrix_power(call_host_results("linalg_inv_ex", x, True)[0], -count)
    if count == 0:
        size = x.shape[-1]
        same = binary("eq", reshape(iota(size, dtypes.int64), (size, 1)), iota(size, dtypes.int64))
        return copy(broadcast_to(convert(same, x.dtype), x.shape))
    result: SymTensor | None = None
    square = x
    while count:
        if count & 1:
            result = square if result is None else product(result, square)
        count >>= 1
        if count:
            square = product(square, square)
    assert result is not None
    return copy(x) if result is x else result


@aten("linalg_cross(Tensor self, Tensor other, *, int dim=-1) -> Tensor")
def linalg_cross(a: SymTensor, b: SymTensor, dim: int) -> SymTensor:
    """The vector product along a dimension of size 3."""
    if a.rank != b.rank:
        raise OperatorError("linalg.cross: inputs must have the same number of dimensions.")
    shape = broadcast_shapes(a.shape, b.shape)
    at = wrap_dim(dim, len(shape))
    if a.shape[at] != 3 or b.shape[at] != 3:
        raise OperatorError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {a.shape[at]} and {b.shape[at]}")
    dtype = result_type((a, b))
    a, b = broadcast_to(convert(a, dtype), shape), broadcast_to(convert(b, dtype), shape)
    from tsir.ops.core.slices import concat

    def turned(x: SymTensor, by: int) -> SymTensor:
        return concat([slice(x, at, by, None, 1), slice(x, at, 0, by, 1)], at)

    return binary("sub", binary("mul", turned(a, 1), turned(b, 2)), binary("mul", turned(a, 2), turned(b, 1)))


@aten("cross(Tensor self, Tensor other, int? dim=None) -> Tensor")
def cross(a: SymTensor, b: SymTensor, dim: int | None) -> SymTensor:
    """The vector product, by default along the first dimension of size 3."""
    if dim is None:
        dim = next((i for i, size in enumerate(a.shape) if size == 3), None)
        if dim is None:
            raise OperatorError("no dimension of size 3 in input")
    return linalg_cross(a, b, dim)
