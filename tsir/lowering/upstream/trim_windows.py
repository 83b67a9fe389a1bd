"""`trim-windows`: a window reduction reads exactly what its map reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, TensorType
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.dialects.tensor import ExtractSliceOp
from xdsl.ir import Attribute
from xdsl.ir.affine import AffineDimExpr, AffineMap
from xdsl.passes import ModulePass

from tsir.lowering.upstream.loops import Loops
from tsir.passes.structure import walk


@dataclass(frozen=True)
class TrimWindowsPass(ModulePass):
    """Slices off what no window of a strided convolution or pooling reaches, as MLIR's verifier wants.

        %0 = linalg.generic {... (d0, d1) -> (d0 * 2 + d1) ...} ins(%x, %w : tensor<6xf32>, tensor<3xf32>) outs(... tensor<2xf32>)

    becomes one over `tensor.extract_slice %x[0] [5] [1]`. Sizes that aren't known are left alone: nothing verifies them.
    """

    name = "trim-windows"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for operation in list(walk(op)):
            if isinstance(operation, GenericOp):
                _trim(operation)


def _trim(op: GenericOp) -> None:
    maps = [m.data for m in op.indexing_maps.data]
    sizes = _loop_sizes(op, maps)
    for i, value in enumerate(op.inputs):
        kind = value.type
        if not isinstance(kind, TensorType):
            continue
        shape = list(kind.get_shape())
        reached = [_reach(maps[i], j, d, sizes) for j, d in enumerate(shape)]
        if reached == shape:
            continue
        loops = Loops(op)
        rank = len(shape)
        part = TensorType(kind.get_element_type(), reached)
        extents = [loops.size(value, j) if d < 0 else d for j, d in enumerate(reached)]
        op.operands[i] = loops.add(ExtractSliceOp(value, [0] * rank, extents, [1] * rank, part))


def _loop_sizes(op: GenericOp, maps: Sequence[AffineMap]) -> dict[int, int]:
    """The static number of iterations of each loop that is an operand's dimension by itself."""
    sizes: dict[int, int] = {}
    for value, m in zip((*op.inputs, *op.outputs), maps, strict=True):
        kind: Attribute = value.type
        if isinstance(kind, TensorType):
            for expr, d in zip(m.results, kind.get_shape(), strict=True):
                if isinstance(expr, AffineDimExpr) and d >= 0:
                    sizes[expr.position] = d
    return sizes


def _reach(m: AffineMap, result: int, size: int, sizes: dict[int, int]) -> int:
    """How much of a dimension of this size a map reaches; all of it where that can't be told."""
    expr = m.results[result]
    if isinstance(expr, AffineDimExpr) or size < 0:
        return size
    used = expr.used_dims()
    if not used or any(sizes.get(d, 0) < 1 for d in used):
        return size
    last = expr.eval([sizes.get(d, 1) - 1 for d in range(m.num_dims)], [])
    return min(size, last + 1) if last >= 0 else size
