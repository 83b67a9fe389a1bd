"""In-place operators on memory that is made in the function become values: the first half of `ts-functionalize`.

    %0 = ts.aten.zeros_like(%x, ...) : ...              %0 = ts.aten.zeros_like(%x, ...) : ...
    scf.for %i = %a to %b step %c {                ->   %v = ts.to_value %0
      %1 = ts.aten.select.int(%0, %d, %i) : ...         %n = scf.for %i = %a to %b step %c iter_args(%w = %v) {
      %2 = ts.aten.copy_(%1, %y, %f) : ...                %1 = ts.aten.select.int(%w, %d, %i) : ...
    }                                                     %2 = ts.aten.copy_(%1, %y, %f) : ...
    func.return %0                                        %3 = ts.aten.select_scatter(%w, %2, %d, %i) : ...
                                                          scf.yield %3
                                                        }
                                                        %r = ts.to_reference %n
                                                        func.return %r

The memory is that of a fresh result of an ATen operator. Its value is threaded through branches and loops that write it; a view
is taken again from the value of the moment wherever it is read, and a write to a view is undone into the whole. Nothing but
these reads and writes may reach the memory until its last write (no list, no caller, no loop that carries it). Where that doesn't
hold, or where torch would raise because a write overlaps what it reads, the tensor stays a reference that is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from xdsl.dialects import scf
from xdsl.dialects.func import FuncOp
from xdsl.ir import Block, Operation, OpResult, SSAValue

from tsir.dialects.ts import effects
from tsir.dialects.ts.families import AtenOp
from tsir.dialects.ts.structure import IsInstanceOp, ListOp, ToReferenceOp, ToValueOp, TruthOp
from tsir.dialects.ts.types import TensorType
from tsir.ops.registry import MAY_COPY, operator
from tsir.passes.carried import forward_names
from tsir.passes.dce import eliminate_dead_code
from tsir.passes.memory import is_transient_list
from tsir.passes.rebuild import insert_before, thread_value
from tsir.passes.structure import Order, ancestor_in, walk
from tsir.passes.view_steps import again, apart, can_undo, undone, value_type

_NO_OVERLAP = frozenset(
    "index_put_ _index_put_impl_ index_add_ index_copy_ index_reduce_ scatter_ scatter_add_ scatter_reduce_ put_".split()
)
"""In-place operators that may not read the tensor that they write."""


def writes_to_values(function: FuncOp) -> bool:
    """Replaces the in-place operators of a function where that can be proved right; whether there were any."""
    if not any(isinstance(op, AtenOp) and any(True for _ in effects.written_operands(op)) for op in walk(function)):
        return False
    forward_names(function)
    eliminate_dead_code(function)  # what loops don't carry any more
    changed = False
    for op in tuple(walk(function)):
        if isinstance(op, AtenOp) and op.parent is not None:
            for result in op.results:
                storage = _storage(result)
                if storage is not None and storage.is_local():
                    _Rewriting(storage).run()
                    changed = True
    return changed


@dataclass
class _Storage:
    """The memory of one fresh tensor: which values are views of it, who reads, writes and keeps it."""

    root: OpResult
    views: dict[SSAValue, tuple[AtenOp, ...]]
    """Each value that is the tensor or a view of it, with the operations that it was made by, from the root on."""
    writes: dict[AtenOp, SSAValue] = field(default_factory=dict[AtenOp, SSAValue])
    reads: dict[Operation, list[SSAValue]] = field(default_factory=dict[Operation, list[SSAValue]])
    lists: dict[ListOp, list[SSAValue]] = field(default_factory=dict[ListOp, list[SSAValue]])
    """Lists that are only arguments of operators, which read what is in them."""
    kept: list[tuple[Operation, SSAValue]] = field(default_factory=list[tuple[Operation, SSAValue]])
    """What keeps a reference: containers, branches, loops, results."""
    positions: dict[Operation, int] = field(default_factory=dict[Operation, int])
    """The operations of the root's block in order."""
    last: int = -1
    """Where in the root's block the last write is."""

    @property
    def block(self) -> Block:
        """The block that makes the tensor."""
        block = self.root.op.parent_block()
        assert block is not None
        return block

    def place(self, op: Operation) -> int:
        """The position in the root's block of an operation, or of the one that it is nested in."""
        return self.positions[ancestor_in(op, self.block)]

    def is_local(self) -> bool:
        """Whether all that happens to the memory until its last write is in sight and can be told in values."""
        self.positions = {op: i for i, op in enumerate(self.block.ops)}
        self.last = max(map(self.place, self.writes))
        if any(self.place(op) <= self.last for op, _ in self.kept):
            return False
        if not all(self._is_plain_write(op, target) and self._is_threadable(op) for op, target in self.writes.items()):
            return False
        for value, steps in self.views.items():
            if any(s.SCHEMA.name in MAY_COPY for s in steps) and not self._is_steady(value, steps):
                return False
        return True

    def _is_plain_write(self, op: AtenOp, target: SSAValue) -> bool:
        definition = operator(op.SCHEMA.key)
        if definition is None or definition.kind == "host" or effects.is_random(op) or "ts.error" in op.attributes:
            return False
        if len(list(effects.written_operands(op))) != 1 or len(op.results) > 1:
            return False
        if op.results and (op.results[0].first_use is not None or op.results[0].type != target.type):
            return False
        kind = target.type
        if not op.SCHEMA.name.endswith("_") and isinstance(kind, TensorType) and (kind.dims is None or None in kind.dims):
            return False  # `out=` may change the shape
        steps = self.views[target]
        if not all(map(can_undo, steps)) or any(s.SCHEMA.name in MAY_COPY for s in steps):
            return False
        for operand in op.operands:
            if operand in self.views and operand is not target:
                if not apart(self.views[operand], steps) or op.SCHEMA.name in _NO_OVERLAP:
                    return False
            elif operand is target:
                if list(op.operands).count(target) > 1 and op.SCHEMA.name in _NO_OVERLAP:
                    return False
            elif isinstance(operand, OpResult) and operand.op in self.lists:
                return False
        return True

    def _is_threadable(self, op: Operation) -> bool:
        """Whether only branches and loops stand between a write and the root's block: what a `ts.try` has written, stays."""
        at = op.parent_op()
        while at is not None and op.parent_block() is not self.block:
            if not isinstance(at, scf.IfOp | scf.ForOp | scf.WhileOp):
                return False
            if at.parent_block() is self.block:
                return True
            at = at.parent_op()
        return True

    def _is_steady(self, value: SSAValue, steps: tuple[AtenOp, ...]) -> bool:
        """Whether nothing is written between the making and any use of what may be a view or a copy."""
        first = next(s for s in steps if s.SCHEMA.name in MAY_COPY)
        order = Order()
        return not any(order.comes_between(w, first, use.operation) for use in value.uses for w in self.writes)


def _storage(root: OpResult) -> _Storage | None:
    """The storage of a fresh result that is written, or None."""
    op = root.op
    if not isinstance(op, AtenOp) or not isinstance(root.type, TensorType) or not root.type.is_ranked:
        return None
    if any(True for _ in effects.aliased_operands(op, root.index)):
        return None
    storage = _Storage(root, {root: ()})
    work: list[SSAValue] = [root]
    while work:
        value = work.pop()
        for use in tuple(value.uses):
            user = use.operation
            match user:
                case AtenOp():
                    if value in effects.written_operands(user):
                        storage.writes[user] = value
                        continue
                    view = _view_of(user, value)
                    if view is not None:
                        storage.views[view] = (*storage.views[value], user)
                        work.append(view)
                    elif any(value in effects.aliased_operands(user, i) for i in range(len(user.results))):
                        storage.kept.append((user, value))
                    else:
                        storage.reads.setdefault(user, []).append(value)
                case ListOp() if is_transient_list(user):
                    storage.lists.setdefault(user, []).append(value)
                case TruthOp() | IsInstanceOp() | ToValueOp():
                    storage.reads.setdefault(user, []).append(value)
                case _:
                    storage.kept.append((user, value))
    return storage if storage.writes else None


def _view_of(op: AtenOp, value: SSAValue) -> SSAValue | None:
    """The one result of an operation that is a view of its first operand."""
    if len(op.results) != 1 or op.operands[0] is not value or "ts.error" in op.attributes:
        return None
    result = op.results[0]
    if not isinstance(result.type, TensorType) or not result.type.is_ranked:
        return None
    return result if value in effects.aliased_operands(op, 0) else None


class _Rewriting:
    def __init__(self, storage: _Storage) -> None:
        self.storage = storage
        self.block = storage.block
        self.kind = value_type(storage.root.type)
        self.inner = self._ancestors([*storage.reads, *storage.writes, *(u for li in storage.lists for u in _users(li))])
        self.writing = self._ancestors(storage.writes)

    def _ancestors(self, ops: object) -> set[Operation]:
        """The operations with regions between the root's block and these."""
        found: set[Operation] = set()
        for op in ops:  # type: ignore[attr-defined]
            at: Operation | None = op.parent_op()
            while at is not None and at not in found and _is_within(at, self.block):
                found.add(at)
                at = at.parent_op()
        return found

    def run(self) -> None:
        storage = self.storage
        ops = list(self.block.ops)
        at = storage.positions[storage.root.op]
        anchor = ops[storage.last + 1]
        late = self._late_uses()
        first = ToValueOp(storage.root, self.kind)
        first.location = storage.root.op.location
        self.block.insert_op_after(first, storage.root.op)
        current = self._process(ops[at + 1 : storage.last + 1], first.result)
        references: dict[SSAValue, SSAValue] = {}
        for op, index, value in late:
            op.operands[index] = self._late_reference(value, current, anchor, references)
        for op in storage.writes:
            _erase(op)
        for view in reversed(list(storage.views)):
            if isinstance(view, OpResult) and view is not storage.root and view.first_use is None:
                _erase(view.op)

    def _late_uses(self) -> list[tuple[Operation, int, SSAValue]]:
        """The uses, after the last write, of what was there before it."""
        storage = self.storage
        found: list[tuple[Operation, int, SSAValue]] = []
        for value in storage.views:
            assert isinstance(value, OpResult)
            if storage.place(value.op) <= storage.last:
                found += [(u.operation, u.index, value) for u in value.uses if storage.place(u.operation) > storage.last]
        return found

    def _late_reference(
        self, value: SSAValue, current: SSAValue, anchor: Operation, known: dict[SSAValue, SSAValue]
    ) -> SSAValue:
        """The reference, after the last write, to what `value` names: one for all uses, so that it stays one tensor."""
        found = known.get(value)
        if found is None:
            steps = self.storage.views[value]
            if steps:
                source = steps[-1].operands[0]
                made = again(steps[-1], self._late_reference(source, current, anchor, known), value.type, anchor)
            else:
                made = self._reference(self._laid_out(current, anchor), value, anchor)
            made.name_hint = value.name_hint
            found = known[value] = made
        return found

    def _laid_out(self, current: SSAValue, before: Operation) -> SSAValue:
        """The tensor's value in the order of dimensions that it was given."""
        made = self.storage.root.op
        if not isinstance(made, AtenOp) or not effects.is_laid_out(made):
            return current
        return insert_before(type(made)([current, *made.operands[1:]], [current.type], made.attributes), before).results[0]

    def _reference(self, value: SSAValue, like: SSAValue, before: Operation) -> SSAValue:
        new = ToReferenceOp(value, like.type)
        insert_before(new, before)
        return new.result

    def _process(self, ops: list[Operation], current: SSAValue) -> SSAValue:
        """Rewrites the operations of one block; the tensor's value after them."""
        storage = self.storage
        for op in ops:
            if isinstance(op, AtenOp) and op in storage.writes:
                current = self._write(op, current)
            elif op in storage.reads:
                self._read(op, current)
            elif op in self.writing:
                # A branch or loop that writes the tensor has its value as one more argument and result.
                current = thread_value(op, current, self.kind, storage.root.name_hint, self._through)
            elif op in self.inner:
                for region in op.regions:
                    for block in region.blocks:
                        self._process(list(block.ops), current)
            if isinstance(op, AtenOp):
                self._read_lists(op, current)
        return current

    def _values(self, view: SSAValue, current: SSAValue, before: Operation) -> list[SSAValue]:
        """The tensor's value and, step by step, the value of a view of it."""
        values = [current]
        for step in self.storage.views[view]:
            values.append(again(step, values[-1], value_type(step.results[0].type), before))
        return values

    def _read(self, op: Operation, current: SSAValue) -> None:
        for i, operand in enumerate(op.operands):
            if operand in self.storage.views:
                value = self._values(operand, current, op)[-1]
                if isinstance(op, ToValueOp):
                    op.result.replace_all_uses_with(value)
                    _erase(op)
                    return
                op.operands[i] = value if isinstance(op, TruthOp) else self._reference(value, operand, op)

    def _read_lists(self, op: AtenOp, current: SSAValue) -> None:
        for i, operand in enumerate(op.operands):
            made = operand.op if isinstance(operand, OpResult) else None
            if isinstance(made, ListOp) and made in self.storage.lists:
                elements = [
                    self._reference(self._values(e, current, op)[-1], e, op) if e in self.storage.views else e
                    for e in made.elements
                ]
                new = ListOp(elements, made.result.type)
                new.location = made.location
                block = op.parent_block()
                assert block is not None
                block.insert_op_before(new, op)
                op.operands[i] = new.result

    def _write(self, op: AtenOp, current: SSAValue) -> SSAValue:
        target = self.storage.writes[op]
        steps = self.storage.views[target]
        values = self._values(target, current, op)
        operands: list[SSAValue] = []
        for operand in op.operands:
            if operand is target:
                operands.append(values[-1])
            elif operand in self.storage.views:
                operands.append(self._values(operand, current, op)[-1])
            else:
                operands.append(operand)
        new = insert_before(type(op)(operands, [value_type(target.type)], op.attributes), op)
        value: SSAValue = new.results[0]
        for step, whole in zip(reversed(steps), reversed(values[:-1]), strict=True):
            value = undone(step, whole, value, op)
        value.name_hint = self.storage.root.name_hint
        return value

    def _through(self, block: Block, current: SSAValue) -> None:
        ops = list(block.ops)
        value = self._process(ops[:-1], current)
        ops[-1].operands = [*ops[-1].operands, value]


def _users(made: ListOp) -> list[Operation]:
    return [use.operation for use in made.result.uses]


def _is_within(op: Operation, block: Block) -> bool:
    """Whether an operation is in a block or nested in one of its operations."""
    at: Operation | None = op
    while at is not None:
        if at.parent_block() is block:
            return True
        at = at.parent_op()
    return False


def _erase(op: Operation) -> None:
    block = op.parent_block()
    assert block is not None
    block.erase_op(op, safe_erase=False)
