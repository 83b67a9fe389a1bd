"""Reductions over sliding windows: what pooling is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.dialects import arith
from xdsl.ir import Operation
from xdsl.ir.affine import AffineExpr

from tsir.dialects.ts.types import linalg_element_type
from tsir.errors import OperatorError
from tsir.ops.builder import affine_map, current
from tsir.ops.core.contraction import window_size
from tsir.ops.core.elementwise import fill_value
from tsir.ops.core.scalars import dtype_class
from tsir.ops.core.slices import pad
from tsir.ops.sizes import Size
from tsir.ops.tensor import SymTensor

_COMBINE: dict[str, dict[str, type[Operation]]] = {
    "max": {"f": arith.MaximumfOp, "i": arith.MaxSIOp, "u": arith.MaxUIOp, "b": arith.OrIOp},
    "sum": {"f": arith.AddfOp, "i": arith.AddiOp, "u": arith.AddiOp, "b": arith.OrIOp},
}


def reduce_windows(
    kind: str,
    x: SymTensor,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[tuple[Size, Size]],
    dilation: Sequence[int],
    neutral: Any,
) -> SymTensor:
    """`max` or `sum` over windows of the last `len(kernel)` dimensions; `neutral` pads and starts."""
    spatial, lead = len(kernel), x.rank - len(kernel)
    x = pad(x, [0] * lead + [p[0] for p in padding], [0] * lead + [p[1] for p in padding], neutral)
    out = tuple(window_size(x.shape[lead + i], kernel[i], stride[i], dilation[i]) for i in range(spatial))
    for size in out:
        if not size > 0:
            raise OperatorError(f"Given input size: ({'x'.join(map(str, x.shape))}). Output size is too small")
    shape = (*x.shape[:lead], *out)
    b = current()
    if not b.emitting:
        return SymTensor(x.dtype, shape)
    rank = x.rank + spatial
    windows: list[int | AffineExpr] = [
        AffineExpr.dimension(lead + i) * stride[i] + AffineExpr.dimension(x.rank + i) * dilation[i] for i in range(spatial)
    ]
    element = linalg_element_type(x.dtype)
    combine = _COMBINE[kind][dtype_class(x.dtype)]
    start = fill_value(b, b.empty(x.dtype, shape), b.constant(neutral, element))
    # The second input has the windows' shape and is never read: it bounds the iteration, as in linalg's pooling operations.
    (result,) = b.generic(
        (x.ssa, b.empty(x.dtype, tuple(kernel))),
        (affine_map(rank, [*range(lead), *windows]), affine_map(rank, list(range(x.rank, rank)))),
        (start,),
        (affine_map(rank, list(range(x.rank))),),
        "p" * x.rank + "r" * spatial,
        lambda e, v: (e.one(combine, (v[2], v[0]), element),),
    )
    return SymTensor(x.dtype, shape, result)
