"""Sums over the last axes of an array as products: `x.dot(ones)`, and `vecdot(x, x)` for sums of squares.

A matrix times a vector of ones is several times faster than `add.reduce` along the last axis. Elements are added in another
order than `add.reduce` adds them; for rows of up to `MAX_TERMS` the rounding is no worse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from xdsl.dialects import arith
from xdsl.ir import SSAValue

from tsir.backend.numpy.elementwise import BodyCompiler, Part
from tsir.backend.numpy.emitter import FunctionEmitter
from tsir.backend.numpy.tensors import Size, Storage
from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType

MAX_TERMS = 1 << 13


def trailing_terms(order: Sequence[int], reduced: Sequence[int], sizes: Sequence[Size], dtype: DType) -> int | None:
    """How many elements a row has when the reduced loops are the last of `order` and a product can add them."""
    count = len(order) - len(reduced)
    last = [sizes[d] for d in order[count:]]
    if dtype not in (dtypes.float32, dtypes.float64) or not count or set(order[count:]) != set(reduced):
        return None
    known = [s for s in last if isinstance(s, int)]
    terms = math.prod(known)
    return terms if len(known) == len(last) and 0 < terms <= MAX_TERMS else None


def factor_of_square(value: SSAValue) -> SSAValue | None:
    """x when a value of a body is `x * x`."""
    op = value.owner
    return op.lhs if isinstance(op, arith.MulfOp) and op.lhs is op.rhs else None


def emit_row_sum(
    e: FunctionEmitter,
    compiler: BodyCompiler,
    part: Part,
    kept: Sequence[Size],
    terms: int,
    dtype: DType,
    hint: str | None,
    *,
    square: bool,
    escapes: bool,
) -> tuple[str, Storage] | None:
    """Writes the sums of an array's rows (or of their squares); None when the array's last axes can't be made one."""
    axes = part.rank - len(kept)
    text = part.text
    if axes == 1 and (square or len(kept) == 1 or not part.contiguous):
        rows: tuple[Size, ...] = tuple(kept)
    elif part.contiguous and not square and all(isinstance(s, int) for s in kept):
        rows = (math.prod(s for s in kept if isinstance(s, int)),)
        text = compiler.reshaped(part, (*rows, terms))
    elif part.contiguous:
        rows = tuple(kept)
        text = compiler.reshaped(part, (*rows, terms))
    else:
        return None
    planned = e.buffer(kept, dtype, escapes=escapes)
    out = ""
    if planned is not None:
        storage = planned[1]
        assert storage.buffer is not None
        out = f", {e.plan.view(storage.buffer, dtype, tuple(s for s in rows if isinstance(s, int)))}"
    if square:
        call = f"{e.numpy('vecdot')}({text}, {text}{out})"
    else:
        ones = e.expression(e.np_full(f"({terms},)", "1.0", e.dtype(dtype)), f"ones_{terms}_{dtype.mlir}")
        call = f"{text}.dot({ones}{out})"
    if planned is not None:
        e.line(call)
        return planned
    if rows != tuple(kept):
        call += f".reshape({', '.join(map(str, kept))})"
    return e.assign(call, hint), e.new_storage()
