"""Reductions over dimensions, as `linalg.generic` with one combining operation; positions of extremes as `linalg_ext.argreduce`.

The dtype stays: what torch computes in another one (integer sums in int64, half precisions in float32) is for the caller to
convert. NaN wins in `amax` and `amin`, as in torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xdsl.dialects import arith
from xdsl.dialects.complex import AddOp as ComplexAddOp
from xdsl.dialects.complex import MulOp as ComplexMulOp
from xdsl.ir import Operation

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.linalg_ext import ArgReduceOp
from tsir.dialects.ts.types import linalg_element_type
from tsir.errors import OperatorNotImplementedError
from tsir.ops.builder import affine_map, current, identity_map
from tsir.ops.core.checks import check_sizes
from tsir.ops.core.elementwise import fill_value
from tsir.ops.core.scalars import dtype_class
from tsir.ops.core.views import reshape
from tsir.ops.sizes import Size
from tsir.ops.tensor import SymTensor

_INT_BITS = {dtypes.int8: 8, dtypes.int16: 16, dtypes.int32: 32, dtypes.int64: 64}


def _lowest(dtype: DType) -> float | int | bool:
    return (
        float("-inf")
        if dtype.is_floating_point
        else 0
        if dtype in (dtypes.bool_, dtypes.uint8)
        else -(2 ** (_INT_BITS[dtype] - 1))
    )


def _highest(dtype: DType) -> float | int | bool:
    if dtype.is_floating_point:
        return float("inf")
    return 1 if dtype is dtypes.bool_ else 255 if dtype is dtypes.uint8 else 2 ** (_INT_BITS[dtype] - 1) - 1


# For each reduction: the combining operation by dtype class (f, i, u, b, c of `dtype_class`), and the neutral element.
_COMBINE: dict[str, dict[str, type[Operation]]] = {
    "sum": {"f": arith.AddfOp, "i": arith.AddiOp, "u": arith.AddiOp, "b": arith.OrIOp, "c": ComplexAddOp},
    "prod": {"f": arith.MulfOp, "i": arith.MuliOp, "u": arith.MuliOp, "b": arith.AndIOp, "c": ComplexMulOp},
    "amax": {"f": arith.MaximumfOp, "i": arith.MaxSIOp, "u": arith.MaxUIOp, "b": arith.OrIOp},
    "amin": {"f": arith.MinimumfOp, "i": arith.MinSIOp, "u": arith.MinUIOp, "b": arith.AndIOp},
}
_NEUTRAL: dict[str, Callable[[DType], Any]] = {
    "sum": lambda d: 0,
    "prod": lambda d: 1,
    "amax": _lowest,
    "amin": _highest,
}


def reduce(kind: str, x: SymTensor, dims: Sequence[int], keepdim: bool) -> SymTensor:
    """`sum`, `prod`, `amax` or `amin` over the dimensions, which have size 1 afterwards or go."""
    reduced = set(dims)
    kept = [d for d in range(x.rank) if d not in reduced]
    shape = tuple(x.shape[d] for d in kept)
    final: tuple[Size, ...] = tuple(1 if d in reduced else x.shape[d] for d in range(x.rank)) if keepdim else shape
    cls = _COMBINE[kind].get(dtype_class(x.dtype))
    if cls is None:
        raise OperatorNotImplementedError(f"{kind} is not implemented for {x.dtype.name}")
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, final)
    element = linalg_element_type(x.dtype)
    start = fill_value(b, b.empty(x.dtype, shape), b.constant(_NEUTRAL[kind](x.dtype), element))
    (result,) = b.generic(
        (x.ssa,),
        (identity_map(x.rank),),
        (start,),
        (affine_map(x.rank, kept),),
        "".join("r" if d in reduced else "p" for d in range(x.rank)),
        lambda e, v: (e.one(cls, (v[1], v[0]), element),),
    )
    found = SymTensor(x.dtype, shape, result)
    return reshape(found, final) if keepdim and reduced else found


def check_not_empty(name: str, x: SymTensor, dims: Sequence[int]) -> None:
    """Raises OperatorIndexError for a dimension of size 0 among those that `name()` reduces."""
    for d in sorted(dims) if x.shape else ():
        message = f"{name}(): Expected reduction dim {d} to have non-zero size."
        check_sizes(x.shape[d], "ge", 1, message, exception="IndexError")


def sum(x: SymTensor, dims: Sequence[int], keepdim: bool = False) -> SymTensor:
    """The sum in `x`'s dtype; of bools it is "any"."""
    return reduce("sum", x, dims, keepdim)


def prod(x: SymTensor, dims: Sequence[int], keepdim: bool = False) -> SymTensor:
    """The product in `x`'s dtype."""
    return reduce("prod", x, dims, keepdim)


def amax(x: SymTensor, dims: Sequence[int], keepdim: bool = False) -> SymTensor:
    """The maximum. Raises OperatorIndexError over a dimension of size 0, when the program runs where only that can tell."""
    check_not_empty("amax", x, dims)
    return reduce("amax", x, dims, keepdim)


def peak(x: SymTensor, dims: Sequence[int], keepdim: bool = False) -> SymTensor:
    """The maximum; the least number of the dtype, minus infinity, over a dimension of size 0."""
    return reduce("amax", x, dims, keepdim)


def amin(x: SymTensor, dims: Sequence[int], keepdim: bool = False) -> SymTensor:
    """The minimum. Raises as `amax` does."""
    check_not_empty("amin", x, dims)
    return reduce("amin", x, dims, keepdim)


def any(x: SymTensor, dims: Sequence[int], keepdim: bool = False) -> SymTensor:
    """Whether an element holds; `x` is bool."""
    return reduce("sum", x, dims, keepdim)


def all(x: SymTensor, dims: Sequence[int], keepdim: bool = False) -> SymTensor:
    """Whether all elements hold; `x` is bool."""
    return reduce("prod", x, dims, keepdim)


def arg_extreme(kind: str, x: SymTensor, dim: int, keepdim: bool) -> SymTensor:
    """The position (int64) of the first maximum (`max`) or minimum (`min`) along a dimension; the first NaN wins."""
    shape = (*x.shape[:dim], *x.shape[dim + 1 :])
    final: tuple[Size, ...] = (*x.shape[:dim], 1, *x.shape[dim + 1 :]) if keepdim else shape
    b = current()
    if not b.emitting:
        return SymTensor(dtypes.int64, final)
    op = b.insert(ArgReduceOp((x.ssa,), (b.empty(dtypes.int64, shape),), kind=kind, dim=dim, **unsigned_flag(x.dtype)))
    found = SymTensor(dtypes.int64, shape, op.results[0])
    return reshape(found, final) if keepdim else found


def unsigned_flag(dtype: DType) -> dict[str, Any]:
    """`unsigned=True` for the extension operations on uint8, whose element type doesn't tell."""
    return {"unsigned": True} if dtype is dtypes.uint8 else {}


def argmax(x: SymTensor, dim: int, keepdim: bool = False) -> SymTensor:
    """The position of the first maximum along a dimension."""
    return arg_extreme("max", x, dim, keepdim)


def argmin(x: SymTensor, dim: int, keepdim: bool = False) -> SymTensor:
    """The position of the first minimum along a dimension."""
    return arg_extreme("min", x, dim, keepdim)
