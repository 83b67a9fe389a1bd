"""In-place operators on memory that is local to a block become values: the first half of `ts-functionalize`.

    %0 = ts.aten.exp(%x) : ...                    %0 = ts.aten.exp(%x) : ...
    %1 = ts.aten.relu_(%0) : ...             ->   %v = ts.to_value %0 : !ts.tensor<2xf32> -> tensor<2xf32>
    %2 = ts.aten.add.Tensor(%0, %x, %c) : ...     %n = ts.aten.relu_(%v) : (tensor<2xf32>) -> tensor<2xf32>
                                                  %1 = ts.to_reference %n : tensor<2xf32> -> !ts.tensor<2xf32>
                                                  %2 = ts.aten.add.Tensor(%1, %x, %c) : ...

The memory is that of a fresh result of an ATen operator. Its writes go to the whole tensor, in the block where it was made; a
view of it isn't used after a later write; and nothing else can reach it (a list, a branch, the caller) before its last write.
Where one of that doesn't hold, the tensor stays a reference that is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, OpResult, SSAValue

from tsir.dialects.ts import effects
from tsir.dialects.ts.families import AtenOp
from tsir.dialects.ts.structure import IsInstanceOp, ToReferenceOp, ToValueOp, TruthOp
from tsir.dialects.ts.types import TensorType
from tsir.passes.memory import Memory
from tsir.passes.structure import walk


def writes_to_values(function: FuncOp) -> bool:
    """Replaces the in-place operators of a function where that can be proved right; whether there were any."""
    writers = [op for op in walk(function) if isinstance(op, AtenOp) and any(True for _ in effects.written_operands(op))]
    if not writers:
        return False
    memory = Memory(function)
    removed: set[Operation] = set()
    for op in tuple(walk(function)):
        if isinstance(op, AtenOp) and op.parent is not None:
            for result in op.results:
                storage = _storage(result)
                if storage is not None and _is_local(storage, memory, removed):
                    _rewrite(storage, removed)
    return bool(removed)


@dataclass
class _Storage:
    """The memory of one fresh tensor: who names it, who looks at parts of it, who writes it."""

    root: OpResult
    names: list[SSAValue] = field(default_factory=list[SSAValue])
    views: list[SSAValue] = field(default_factory=list[SSAValue])
    writes: list[AtenOp] = field(default_factory=list[AtenOp])


def _storage(root: OpResult) -> _Storage | None:
    """The storage of a fresh result that is written, or None."""
    op = root.op
    if not isinstance(op, AtenOp) or not isinstance(root.type, TensorType) or not root.type.is_ranked:
        return None
    if any(True for _ in effects.aliased_operands(op, root.index)):
        return None
    storage = _Storage(root, [root])
    work: list[tuple[SSAValue, bool]] = [(root, True)]
    seen: set[SSAValue] = {root}
    while work:
        value, is_name = work.pop()
        for use in value.uses:
            user = use.operation
            if not isinstance(user, AtenOp):
                continue
            written = value in effects.written_operands(user)
            if written and user not in storage.writes:
                storage.writes.append(user)
                if not is_name:
                    return None
            for i, result in enumerate(user.results):
                if result not in seen and any(o is value for o in effects.aliased_operands(user, i)):
                    seen.add(result)
                    named = written and is_name
                    (storage.names if named else storage.views).append(result)
                    work.append((result, named))
    return storage if storage.writes else None


def _is_local(storage: _Storage, memory: Memory, removed: set[Operation]) -> bool:
    block = storage.root.op.parent_block()
    assert block is not None
    for write in storage.writes:
        targets = list(effects.written_operands(write))
        if (
            write.parent_block() is not block
            or len(targets) != 1
            or effects.is_random(write)
            or "ts.error" in write.attributes
        ):
            return False
        if (
            len(write.results) != 1
            or not isinstance(write.results[0].type, TensorType)
            or write.results[0].type != storage.root.type
        ):
            return False
        for operand in write.operands:
            if operand in storage.names or not effects.is_reference(operand.type):
                continue
            if not isinstance(operand.type, TensorType) or not operand.type.is_ranked:
                return False
            group = memory.group(operand)
            if operand in storage.views or group is None or any(w not in removed for w in group.tensor_writes):
                return False
    positions = {op: i for i, op in enumerate(block.ops)}
    writes = sorted(positions[w] for w in storage.writes)
    for name in storage.names:
        for user, at in _positions(name, block, positions):
            if at is None or (not _only_reads(user) and at < writes[-1] and user not in storage.writes):
                return False
    for view in storage.views:
        owner = view.owner
        made = positions.get(_ancestor(owner, block)) if isinstance(owner, Operation) else None
        if made is None:
            return False
        for _, at in _positions(view, block, positions):
            if at is None or any(made < w <= at for w in writes):
                return False
            if not _only_reads(_) and at < writes[-1]:
                return False
    return True


def _positions(value: SSAValue, block: Block, positions: dict[Operation, int]) -> Iterator[tuple[Operation, int | None]]:
    for use in value.uses:
        yield use.operation, positions.get(_ancestor(use.operation, block))


def _ancestor(op: Operation, block: Block) -> Operation:
    """The operation of `block` that an operation is, or is nested in; itself when it is in neither."""
    at = op
    while at.parent_block() is not block:
        parent = at.parent_op()
        if parent is None:
            return op
        at = parent
    return at


def _only_reads(op: Operation) -> bool:
    """Whether an operation looks at a tensor now, and keeps no reference to it but in a result that is a view."""
    return isinstance(op, AtenOp | TruthOp | IsInstanceOp | ToValueOp)


def _rewrite(storage: _Storage, removed: set[Operation]) -> None:
    block = storage.root.op.parent_block()
    assert block is not None and isinstance(storage.root.type, TensorType)
    positions = {op: i for i, op in enumerate(block.ops)}
    kind = storage.root.type
    names = set(storage.names)
    uses = [(u.operation, u.index, positions[_ancestor(u.operation, block)]) for name in storage.names for u in name.uses]
    versions: list[tuple[int, SSAValue]] = [(-1, storage.root)]
    for write in sorted(storage.writes, key=positions.__getitem__):
        current = versions[-1][1]
        operands: list[SSAValue] = []
        for operand in write.operands:
            if operand in names:
                operands.append(value_of(current, write))
            elif isinstance(operand.type, TensorType):
                operands.append(value_of(operand, write))
            else:
                operands.append(operand)
        new = type(write)(operands, [kind.to_builtin()], write.attributes)
        reference = ToReferenceOp(new.results[0], kind)
        for op in (new, reference):
            op.location = write.location
        reference.result.name_hint = write.results[0].name_hint
        block.insert_ops_before([new, reference], write)
        versions.append((positions[write], reference.result))
    writes = set(storage.writes)
    for user, index, at in uses:
        if user not in writes:
            user.operands[index] = next(v for w, v in reversed(versions) if w < at)
    for write in storage.writes:
        removed.add(write)
        block.erase_op(write, safe_erase=False)


def value_of(reference: SSAValue, before: Operation) -> SSAValue:
    """The builtin value that a reference holds at an operation: what it was made from, or a new `ts.to_value`."""
    if isinstance(reference, OpResult) and isinstance(reference.op, ToReferenceOp):
        return reference.op.value
    assert isinstance(reference.type, TensorType)
    new = ToValueOp(reference, reference.type.to_builtin())
    new.location = before.location
    block = before.parent_block()
    assert block is not None
    block.insert_op_before(new, before)
    return new.result
