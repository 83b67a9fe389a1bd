"""A loop over a tensor's first dimension that carries tensors along: what recurrent networks are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xdsl.dialects import arith, scf
from xdsl.ir import Block, Region, SSAValue

from tsir.ops.builder import INDEX, Builder, current, run_with, tensor_type
from tsir.ops.core.slices import extract_slice, insert_slice
from tsir.ops.tensor import SymTensor

Step = Callable[[SymTensor, list[SymTensor]], tuple[SymTensor, list[SymTensor]]]


def over_time(
    x: SymTensor, states: Sequence[SymTensor], step: Step, *, backwards: bool = False
) -> tuple[SymTensor, list[SymTensor]]:
    """`output, states = step(x[t], states)` for each t: the outputs stacked [T, ...], and the last states.

    The states' types don't change from step to step. `backwards` runs from the last t to the first; the outputs keep x's order.
    """
    b = current()
    time, row_shape = x.shape[0], x.shape[1:]
    example = Builder(b.env)
    output, _ = run_with(example, step, (SymTensor(x.dtype, row_shape), [SymTensor(s.dtype, s.shape) for s in states]))
    shape = (time, *output.shape)
    if not b.emitting:
        return SymTensor(output.dtype, shape), [SymTensor(s.dtype, s.shape) for s in states]
    initial = [s.ssa for s in states]
    collected = b.empty(output.dtype, shape)
    carried_types = [*(v.type for v in initial), collected.type]
    block = Block(arg_types=[INDEX, *carried_types])
    inner = b.nested(block)
    t: SSAValue = block.args[0]
    if backwards:
        last = inner.one(arith.SubiOp, (inner.size(time), inner.index(1)), INDEX)
        t = inner.one(arith.SubiOp, (last, t), INDEX)

    def body() -> tuple[SymTensor, list[SymTensor]]:
        sizes = (1, *row_shape)
        offsets = [t, *[0] * len(row_shape)]
        part = SymTensor(x.dtype, row_shape, extract_slice(inner, x.ssa, x.dtype, offsets, sizes, [1] * x.rank, row_shape))
        carried = [SymTensor(s.dtype, s.shape, block.args[1 + i]) for i, s in enumerate(states)]
        return step(part, carried)

    result, following = run_with(inner, body, ())

    sizes = (1, *result.shape)
    written = insert_slice(inner, result.ssa, block.args[-1], [t, *[0] * result.rank], sizes)
    yielded = [inner.cast(f, s.shape).ssa for f, s in zip(following, states, strict=True)]
    block.add_op(scf.YieldOp(*yielded, written))
    loop = b.insert(scf.ForOp(b.index(0), b.size(time), b.index(1), [*initial, collected], Region(block)))
    last_states = [SymTensor(s.dtype, s.shape, loop.results[i]) for i, s in enumerate(states)]
    assert loop.results[-1].type == tensor_type(output.dtype, shape)
    return SymTensor(output.dtype, shape, loop.results[-1]), last_states
