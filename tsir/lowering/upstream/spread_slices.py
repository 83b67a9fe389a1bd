"""`spread-slices`: slices with strides that are inserted into a filled tensor become a function of the position."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, linalg
from xdsl.dialects.builtin import DYNAMIC_INDEX, ModuleOp, TensorType
from xdsl.dialects.tensor import InsertSliceOp
from xdsl.ir import OpResult, SSAValue
from xdsl.ir.affine import AffineMap
from xdsl.passes import ModulePass

from tsir.lowering.upstream.loops import Loops
from tsir.passes.structure import walk


@dataclass(frozen=True)
class SpreadSlicesPass(ModulePass):
    """Writes the steps of a transposed convolution as a `linalg.generic`.

        %1 = tensor.insert_slice %x into %zeros[0] [%n] [2] : tensor<?xf32> into tensor<?xf32>

    where `%zeros` is filled with `%zero` becomes `i % 2 == 0 ? %x[i / 2] : %zero` for each `i`: IREE 3.13 computes other values of
    such a slice of several batches that a convolution reads (MLIR's own lowering doesn't).
    """

    name = "spread-slices"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for operation in list(walk(op)):
            if isinstance(operation, InsertSliceOp) and (value := _filled_with(operation)) is not None:
                _spread(operation, value)


def _filled_with(op: InsertSliceOp) -> SSAValue | None:
    """The scalar that the destination is filled with, where this is a slice with steps of a whole tensor from the start."""
    strides, offsets = op.static_strides.get_values(), op.static_offsets.get_values()
    kinds = op.source.type, op.dest.type
    if any(s < 1 for s in strides) or all(s == 1 for s in strides) or any(offsets) or DYNAMIC_INDEX in offsets:
        return None
    if not all(isinstance(k, TensorType) and k.get_num_dims() == len(strides) for k in kinds):
        return None  # a slice that drops dimensions
    fill = op.dest.op if isinstance(op.dest, OpResult) else None
    return fill.inputs[0] if isinstance(fill, linalg.ops.FillOp) and len(fill.inputs) == 1 else None


def _spread(op: InsertSliceOp, value: SSAValue) -> None:
    kind = op.dest.type
    assert isinstance(kind, TensorType)
    strides, loops, source = op.static_strides.get_values(), Loops(op), op.source
    sizes = [loops.size(source, i) for i in range(len(strides))]
    out = loops.empty(kind, loops.sizes(op.dest))

    def element() -> SSAValue:
        inside: SSAValue | None = None
        positions: list[SSAValue] = []
        for i, step in enumerate(strides):
            at = loops.loop_index(i)
            if step > 1:
                by = loops.index(int(step))
                exact = loops.compare("eq", loops.add(arith.RemUIOp(at, by)), loops.index(0))
                inside = exact if inside is None else loops.both(inside, exact)
                at = loops.add(arith.DivUIOp(at, by))
            within = loops.compare("ult", at, sizes[i])
            inside = within if inside is None else loops.both(inside, within)
            positions.append(loops.add(arith.MinUIOp(at, loops.minus(sizes[i], loops.index(1)))))
        assert inside is not None
        return loops.select(inside, loops.at(source, positions), value)

    made = loops.generic([], [out], [AffineMap.identity(len(strides))], "p" * len(strides), lambda _: [element()])
    op.result.replace_all_uses_with(made[0])
    op.detach()
    op.erase()
