"""Tensors that a loop carries along and writes a part of in each round, such as the outputs of a recurrent network.

As values each round makes a new tensor; here the loop has an array of its own and writes into it, provided that nothing reads
the old contents after the write.
"""

from __future__ import annotations

from xdsl.dialects import scf, tensor
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Block, BlockArgument, Operation, SSAValue

from tsir.backend.numpy.emitter import FunctionEmitter, block_of, is_tensor, shape_text
from tsir.backend.numpy.tensors import Fill, Kind, Storage, Tensor, plain
from tsir.passes.structure import ancestor_in

VIEWS = frozenset(
    ("tensor.extract_slice", "tensor.collapse_shape", "tensor.expand_shape", "tensor.reshape", "tensor.cast",
     "linalg.transpose", "linalg.broadcast")
)  # fmt: skip
"""Operations whose result may be a view of their first operand."""


def is_filled_by(block: Block, argument: BlockArgument) -> bool:
    """Whether a loop's body writes into a tensor that it carries, in branches and inner loops too, and hands it on."""
    terminator = block.last_op
    assert terminator is not None
    chain = _chain(block, argument)
    return chain is not None and chain[1] and terminator.operands[argument.index - 1] is chain[0]


def _chain(block: Block, value: SSAValue) -> tuple[SSAValue, bool] | None:
    """The tensor after all writes to it in a block, and whether there are any; None when it goes several ways."""
    wrote = False
    while True:
        following = [found for op in _users_in(block, value) if (found := _written(op, value)) is not None]
        if not following:
            return value, wrote
        if len(following) > 1:
            return None
        value, wrote = following[0], True


def _users_in(block: Block, value: SSAValue) -> dict[Operation, None]:
    """The operations of a block that use a value, or contain a use."""
    users: dict[Operation, None] = {}
    for use in value.uses:
        op = ancestor_in(use.operation, block)
        if op.parent_block() is block:
            users[op] = None
    return users


def _written(op: Operation, value: SSAValue) -> SSAValue | None:
    """The tensor after an operation that writes into it."""
    match op:
        case tensor.InsertSliceOp() | tensor.InsertOp() if op.dest is value:
            return op.results[0]
        case scf.ForOp():
            for argument, initial, result in zip(op.body.block.args[1:], op.iter_args, op.results, strict=True):
                if initial is value and is_filled_by(op.body.block, argument):
                    return result
        case scf.IfOp():
            ends = [_chain(region.block, value) for region in op.regions if region.blocks]
            if len(ends) == 2 and any(end is not None and end[1] for end in ends):
                for i, result in enumerate(op.results):
                    yielded = [region.block.last_op.operands[i] for region in op.regions if region.block.last_op]
                    if all(end is not None and y is end[0] for end, y in zip(ends, yielded, strict=True)):
                        return result
        case _:
            pass
    return None


def writable(e: FunctionEmitter, value: SSAValue) -> Tensor:
    """The value as a plain array that belongs to the current operation alone."""
    found = e.binding(value)
    if isinstance(found, Fill):
        shape, dtype = shape_text(found.shape), e.dtype(found.dtype)
        empty = f"{e.numpy('empty')}({shape}, {dtype})"
        name = e.assign(empty if found.scalar is None else e.np_full(shape, found.scalar, dtype), value.name_hint)
        return plain(name, found.shape, found.dtype, Storage(Kind.FRESH, e.block), contiguous=True)
    found = e.tensor(value)
    rewritten = value in e.rewritten and not found.storage.repeated
    if rewritten and found.is_plain and _is_used_once(e, value) and is_only_read_before(e, value, e.op):
        return found
    storage = found.storage
    alone = storage.kind is Kind.FRESH and storage.block is e.block and storage.alive == {value} and not storage.repeated
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
    if not _runs_once(op, block_of(value)):
        return False
    pending = [value]
    while pending:
        for use in pending.pop().uses:
            user = use.operation
            if user is op:
                continue
            when = _comes(e, user, op)
            if when == "never":
                continue
            if when == "later" or user in e.absorbed:
                return False
            if isinstance(user, tensor.InsertSliceOp | tensor.InsertOp):
                continue  # it has copied what it was to write into
            if user.name in VIEWS or (isinstance(user, GenericOp) and _may_be_view(user)):
                pending.extend(user.results)
            elif not (
                e.module.is_pure(type(user))
                and all(not is_tensor(r) or user.name.startswith("linalg.") for r in user.results)
            ):
                return False
    return True


def _runs_once(op: Operation, block: Block | None) -> bool:
    """Whether only branches stand between an operation and the block: it runs at most once for each time the block does."""
    at = op
    while at.parent_block() is not block:
        parent = at.parent_op()
        if not isinstance(parent, scf.IfOp):
            return False
        at = parent
    return True


def _comes(e: FunctionEmitter, user: Operation, op: Operation) -> str:
    """Whether `user` is done with (`earlier`) when `op` runs, may run after it (`later`), or is in the other branch (`never`)."""
    at = op
    while (block := at.parent_block()) is not None:
        own = ancestor_in(user, block)
        if own.parent_block() is block and own is not at:
            own = e.absorbed.get(own, own)
            return "earlier" if own.is_before_in_block(at) else "later"
        if own is at:
            return "never" if isinstance(at, scf.IfOp) and user is not at else "later"
        parent = block.parent_op()
        if not isinstance(parent, scf.IfOp):
            return "later"
        at = parent
    return "later"


def hand_on(e: FunctionEmitter, op: scf.IfOp) -> None:
    """Notes which results of a branch are an array of the loop around it that nothing else reads any more."""
    for i, result in enumerate(op.results):
        if not is_tensor(result):
            continue
        ends = [region.block.last_op for region in op.regions if region.blocks]
        values = [end.operands[i] for end in ends if end is not None]
        if len(values) == 2 and all(
            v in e.rewritten and list(end.operands).count(v) == 1 and is_only_read_before(e, v, end)
            for v, end in zip(values, ends, strict=True)
            if end is not None
        ):
            e.rewritten.add(result)


def _may_be_view(op: GenericOp) -> bool:
    yielded = op.body.block.last_op
    assert yielded is not None
    return any(v in op.body.block.args for v in yielded.operands)
