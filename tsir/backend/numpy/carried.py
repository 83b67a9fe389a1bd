"""Tensors that a loop carries along and writes a part of in each round, such as the outputs of a recurrent network.

As values each round makes a new tensor; here the loop has an array of its own and writes into it, provided that nothing reads
the old contents after the write.
"""

from __future__ import annotations

from xdsl.dialects import tensor
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from tsir.backend.numpy.emitter import FunctionEmitter, block_of, is_tensor, shape_text
from tsir.backend.numpy.tensors import Fill, Kind, Storage, Tensor, plain

VIEWS = frozenset(
    ("tensor.extract_slice", "tensor.collapse_shape", "tensor.expand_shape", "tensor.reshape", "tensor.cast",
     "linalg.transpose", "linalg.broadcast")
)  # fmt: skip
"""Operations whose result may be a view of their first operand."""


def is_filled_by(block: Block, argument: BlockArgument) -> bool:
    """Whether a loop's body writes into a tensor that it carries and hands the result to the next round."""
    terminator = block.last_op
    assert terminator is not None
    following = terminator.operands[argument.index - 1]
    op = following.owner
    if not isinstance(op, tensor.InsertSliceOp | tensor.InsertOp) or op.parent is not block or op.dest is not argument:
        return False
    return following.has_one_use()


def writable(e: FunctionEmitter, value: SSAValue) -> Tensor:
    """The value as a plain array that belongs to the current operation alone."""
    found = e.binding(value)
    if isinstance(found, Fill):
        shape, dtype = shape_text(found.shape), e.dtype(found.dtype)
        empty = f"{e.numpy('empty')}({shape}, {dtype})"
        name = e.assign(empty if found.scalar is None else e.np_full(shape, found.scalar, dtype), value.name_hint)
        return plain(name, found.shape, found.dtype, Storage(Kind.FRESH, e.block), contiguous=True)
    found = e.tensor(value)
    storage = found.storage
    alone = storage.kind is Kind.FRESH and storage.block is e.block and storage.alive == {value}
    if (
        alone
        and found.is_plain
        and block_of(value) is e.block
        and value in e.dying.get(e.op, ())
        and _is_used_once(e, value)
    ):
        return found
    name = e.assign(f"{e.laid_out(found).name}.copy()", value.name_hint)
    return plain(name, found.shape, found.dtype, Storage(Kind.FRESH, e.block))


def _is_used_once(e: FunctionEmitter, value: SSAValue) -> bool:
    """Whether the operation takes the value once: two tensors that a loop carries must not be one array."""
    return sum(v is value for v in e.op.operands) == 1


def is_only_read_before(e: FunctionEmitter, value: SSAValue, op: Operation) -> bool:
    """Whether everything that reads the value's memory has been written when `op` writes into it."""
    block = op.parent
    assert block is not None
    position = {each: i for i, each in enumerate(block.ops)}
    here = position[op]
    pending = [value]
    while pending:
        for use in pending.pop().uses:
            user = use.operation
            if user is op:
                continue
            if user.parent is not block or position[e.absorbed.get(user, user)] > here or user in e.absorbed:
                return False
            if user.name in VIEWS or (isinstance(user, GenericOp) and _may_be_view(user)):
                pending.extend(user.results)
            elif not (
                e.module.is_pure(type(user))
                and all(not is_tensor(r) or user.name.startswith("linalg.") for r in user.results)
            ):
                return False
    return True


def _may_be_view(op: GenericOp) -> bool:
    yielded = op.body.block.last_op
    assert yielded is not None
    return any(v in op.body.block.args for v in yielded.operands)
