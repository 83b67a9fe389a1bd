"""`ts-resize-by-name`: operators that change a tensor's sizes in place become new values for the tensor's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Attribute, Block, BlockArgument, Operation, OpResult, SSAValue
from xdsl.passes import ModulePass
from xdsl.traits import IsTerminator

from tsir.dialects.locations import location_of
from tsir.dialects.ts.families import AtenOp, PyOp, aten_op
from tsir.dialects.ts.structure import (
    CastOp,
    GetAttrOp,
    IsInstanceOp,
    ListOp,
    SetAttrOp,
    TruthOp,
    TryOp,
    TupleGetOp,
    TupleOp,
    UnpackOp,
)
from tsir.dialects.ts.types import NONE, OptionalType, TensorType
from tsir.dialects.values import Instance
from tsir.errors import UnsupportedError
from tsir.ops.aten.resizing import RESIZED
from tsir.ops.registry import operator
from tsir.passes.freeze import Attributes
from tsir.passes.memory import is_transient_list
from tsir.passes.names import first_name
from tsir.passes.rebuild import insert_before, replace_region_op, thread_value
from tsir.passes.refine import STRICT_DIALECTS
from tsir.passes.structure import ancestor_in, callee_name, functions, is_public, walk

_MAKERS = frozenset(("empty", "zeros", "ones", "full", "tensor", "new_empty", "new_zeros"))
"""Operators that make the tensors that programs give as `out=`."""


@dataclass(frozen=True)
class ResizeByNamePass(ModulePass):
    """Gives a tensor's name the resized tensor, a view, from an operator on that changes its sizes in place.

        %0 = ts.aten.clone(%x) : ...                        %0 = ts.aten.clone(%x) : ...
        %1 = ts.aten.unsqueeze_(%0, %d) : ...          ->   %1 = ts.aten.unsqueeze(%0, %d) : ...
        func.return %0                                      func.return %1

    Through branches and loops that resize a tensor its name is one more argument and result. When it is an argument of the
    function, the runtime is told (`_note_resized`); when it is an attribute, the attribute is set. Run it after `ts-inline`. Raises
    SharedTensor where something else knows the tensor before it is resized, a list or another object: that would have to
    see the new sizes, too, as it does behind `resize_objects`.
    """

    name = "ts-resize-by-name"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        called = {callee_name(c) for c in walk(op) if isinstance(c, CallOp)}
        attributes = Attributes(op)
        for function in functions(op):
            is_entry = is_public(function) and function.sym_name.data not in called
            resize_by_name(function, attributes, is_entry=is_entry)


class SharedTensor(UnsupportedError):
    """Something else knows a tensor of which an operator changes the sizes: no name of it can stand for the tensor."""


def resize_by_name(
    function: FuncOp, attributes: Attributes | None = None, instance: Instance | None = None, *, is_entry: bool = True
) -> None:
    """Replaces the operators of one function that change sizes in place. Only an entry's arguments may be resized, and attributes
    that the module is known to set (`attributes`), of tensors that the object (`instance`) has nowhere else."""
    roots: dict[SSAValue, list[AtenOp]] = {}
    resizing = [op for op in walk(function) if isinstance(op, AtenOp) and _is_resizing(op)]
    if resizing:
        _split_tuples(function)
    for op in resizing:
        roots.setdefault(first_name(target_of(op)), []).append(op)
    for root, ops in roots.items():
        if all(is_out(op) for op in ops):
            if not _is_made_for_out(root, ops, function):
                continue
        else:
            ops = [op for op in ops if not is_out(op)]
        if isinstance(root.owner, GetAttrOp):
            _check_attribute(root, root.owner, ops, function, attributes, instance)
        else:
            _check(root, ops, function, is_entry)
        _Renaming(root, ops, function).run()


def _split_tuples(function: FuncOp) -> None:
    """Lets branches that give a tuple also give its elements, which then are tensors with names of their own."""
    for op in [o for o in walk(function) if isinstance(o, scf.IfOp)]:
        ends = [region.block.last_op for region in op.regions if region.blocks]
        for i in range(len(op.results)):
            result = op.results[i]
            made = [end.operands[i].owner for end in ends if end is not None]
            tuples = [m for m in made if isinstance(m, TupleOp)]
            if len(tuples) == 2 and tuples[0].result.type == tuples[1].result.type == result.type:
                op = _split(op, i, tuples)


def _split(op: scf.IfOp, index: int, tuples: Sequence[TupleOp]) -> scf.IfOp:
    for end, made in zip((r.block.last_op for r in op.regions), tuples, strict=True):
        assert end is not None
        end.operands = [*end.operands, *made.elements]
    count = len(op.results)
    types = [*(r.type for r in op.results), *tuples[0].elements.types]
    new = replace_region_op(op, list(op.operands), types, [True] * count)
    whole = TupleOp(new.results[count:], new.results[index].type)
    whole.location = new.location
    block = new.parent_block()
    assert block is not None
    block.insert_op_after(whole, new)
    new.results[index].replace_all_uses_with(whole.result)
    assert isinstance(new, scf.IfOp)
    return new


def _is_resizing(op: AtenOp) -> bool:
    return op.SCHEMA.key in RESIZED or is_out(op)


def is_out(op: AtenOp) -> bool:
    """Whether an operator's result is written into a tensor that gets its sizes: `out=`."""
    definition = operator(op.SCHEMA.key)
    return definition is not None and definition.kind == "out"


def target_of(op: AtenOp) -> SSAValue:
    """The tensor whose sizes an operator changes."""
    return op.operands[len(op.SCHEMA.arguments) - 1 if is_out(op) else 0]


def _is_made_for_out(root: SSAValue, ops: Sequence[AtenOp], function: FuncOp) -> bool:
    """Whether a tensor may have other sizes behind `out=` as far as its maker says, and nothing else that knows it would see them."""
    if not isinstance(root, OpResult) or not isinstance(root.op, AtenOp) or root.op.SCHEMA.name not in _MAKERS:
        return False
    order = {op: i for i, op in enumerate(walk(function))}
    last = max(order[op] for op in ops)
    names = _names_of(root)
    if any(isinstance(a, scf.ForOp | scf.WhileOp | TryOp) for op in ops for a in _ancestors(op, block_of(root))):
        return False
    before = (use.operation for name in names for use in name.uses if order[use.operation] < last)
    return all(op in ops for op in before)


def _names_of(root: SSAValue) -> list[SSAValue]:
    """The root and all values that are the same tensor by way of in-place operators and casts."""
    found = [root]
    for value in found:
        for use in value.uses:
            users = [use.operation]
            if isinstance(use.operation, TupleOp):
                users += [u.operation for u in use.operation.result.uses]
            found += [r for op in users for r in op.results if r not in found and first_name(r) is root]
    return found


# Whether it can be done -----------------------------------------------------------------------------------------------


def _check(root: SSAValue, ops: list[AtenOp], function: FuncOp, is_entry: bool) -> None:
    if not _is_sole(root, set()) or (root in function.body.block.args and not is_entry):
        raise refused(ops[0])
    block = block_of(root)
    order = {op: i for i, op in enumerate(walk(function))}
    for op in ops:
        if any(isinstance(a, TryOp) for a in _ancestors(op, block)):
            raise refused(op)
        outermost = ancestor_in(op, block)
        first = order[op]
        if any(isinstance(a, scf.ForOp | scf.WhileOp) for a in _ancestors(op, block)):
            first = max((order[o] for o in walk(outermost)), default=first)  # another round may come
        for name in _names_of(root):
            for use in name.uses:
                if order[use.operation] < first and _keeps(use.operation, use.index) and use.operation is not outermost:
                    raise refused(op)


def _check_attribute(
    root: SSAValue,
    read: GetAttrOp,
    ops: list[AtenOp],
    function: FuncOp,
    attributes: Attributes | None,
    instance: Instance | None,
) -> None:
    """Raises UnsupportedError unless the attribute alone names the tensor from each of these operators on."""
    if attributes is None or not attributes.is_set(read) or _is_tied(instance, read.attr_name.data):
        raise refused(ops[0])
    order = {op: i for i, op in enumerate(walk(function))}
    reads = (op for op in order if isinstance(op, GetAttrOp) and op.attr_name == read.attr_name)
    own = _object_read(read, function, attributes, instance)

    def may_be_same(other: GetAttrOp) -> bool:
        if other is read or not attributes.may_be_same(other, read):
            return False
        holder = _object_read(other, function, attributes, instance)
        return own is None or holder is None or own is holder

    others = [r.result for r in reads if may_be_same(r)]
    block = block_of(root)
    for op in ops:
        if any(isinstance(a, scf.ForOp | scf.WhileOp | TryOp) for a in _ancestors(op, block)):
            raise refused(op)  # another round, or a handler, would have to see what became of the name
        for name in (n for value in (root, *others) for n in _names_of(value)):
            at = order[name.op] if isinstance(name, OpResult) else 0
            for use in name.uses:
                user = use.operation
                is_before = order[user] < order[op]
                if user in ops or at > order[op] or (is_before and not _keeps(user, use.index)):
                    continue
                if is_before or first_name(name) is not root:
                    raise refused(op)


def _object_read(read: GetAttrOp, function: FuncOp, attributes: Attributes, root: Instance | None) -> Instance | None:
    """The object that an operation reads an attribute of, where that is a part of the root that nothing sets."""
    path: list[str] = []
    at = read.object
    while isinstance(at.owner, GetAttrOp) and not attributes.is_set(at.owner):
        path.append(at.owner.attr_name.data)
        at = at.owner.object
    found: Any = root if function.body.block.args and at is function.body.block.args[0] else None
    for name in reversed(path):
        found = found.attributes.get(name) if isinstance(found, Instance) else None
    return found if isinstance(found, Instance) else None


def _is_tied(root: Instance | None, name: str) -> bool:
    """Whether an object has a tensor as an attribute of this name and in another place, too."""
    places: dict[int, set[tuple[int, str]]] = {}
    todo: list[tuple[Any, str, Any]] = [(None, "", root)]
    seen: set[int] = set()
    while todo:
        holder, at, value = todo.pop()
        if isinstance(value, np.ndarray):
            places.setdefault(id(value), set()).add((id(holder), at))
        elif isinstance(value, Instance | list | tuple | dict) and id(value) not in seen:  # pyright: ignore[reportUnknownArgumentType]
            seen.add(id(value))  # pyright: ignore[reportUnknownArgumentType]
            inner: Any = value.attributes if isinstance(value, Instance) else value
            named = inner.items() if isinstance(inner, dict) else ((str(i), v) for i, v in enumerate(inner))
            todo += [(value, str(n), v) for n, v in named]
    return any(len(found) > 1 and any(n == name for _, n in found) for found in places.values())


def _is_sole(value: SSAValue, seen: set[SSAValue]) -> bool:
    """Whether nothing but this value names the tensor: it is fresh, an argument, or carried by a loop or branch that alone has it."""
    if value in seen:
        return True
    seen.add(value)
    if isinstance(value, OpResult):
        match value.op:
            case AtenOp():
                return isinstance(value.type, TensorType)
            case scf.IfOp() as op:
                ends = [r.block.last_op for r in op.regions if r.blocks]
                return all(_hands_over(first_name(e.operands[value.index]), e, seen) for e in ends if e is not None)
            case scf.ForOp() as op:
                return _is_sole(op.body.block.args[value.index + 1], seen)
            case UnpackOp() | PyOp() as op:  # of an operator's list, such as `a, b = x.chunk(2)`
                made = op.operands[0]
                return isinstance(made, OpResult) and isinstance(made.op, AtenOp) and made.has_one_use()
            case _:
                return False
    assert isinstance(value, BlockArgument)
    match value.block.parent_op():
        case scf.ForOp() as op if value.index:
            end = op.body.block.last_op
            i = value.index - 1
            return end is not None and _hands_over(op.iter_args[i], op, seen) and _hands_over(end.operands[i], end, seen)
        case FuncOp():
            return True
        case _:
            return False


def _hands_over(value: SSAValue, to: Operation, seen: set[SSAValue]) -> bool:
    """Whether an operation is the last one that has to do with a value, or the value is None."""
    if value.type == NONE:
        return True
    block = to.parent_block()
    for use in value.uses:
        user = use.operation
        if user is to:
            continue
        at: Operation | None = user
        while at is not None and at.parent_block() is not block:
            at = at.parent_op()
        if at is None or not at.is_before_in_block(to):
            return False
    return not isinstance(value, BlockArgument) or not isinstance(value.block.parent_op(), FuncOp) or value in seen


def _keeps(op: Operation, index: int) -> bool:
    """Whether an operation makes another name for its operand."""
    if isinstance(op, AtenOp):
        return op.SCHEMA.arguments[index].type.is_list and op.SCHEMA.arguments[index].type.alias is not None
    if isinstance(op, ListOp):
        return not is_transient_list(op)
    if isinstance(op, TupleOp):
        return not all(isinstance(u.operation, TupleGetOp | UnpackOp) for u in op.result.uses)
    if isinstance(op, PyOp) and op.FUNCTION in ("is", "is_not"):
        return False
    return not isinstance(op, CastOp | TruthOp | IsInstanceOp)


def _ancestors(op: Operation, block: Block) -> list[Operation]:
    found: list[Operation] = []
    at = op
    while at.parent_block() is not block and (parent := at.parent_op()) is not None:
        found.append(parent)
        at = parent
    return found


def refused(op: AtenOp) -> SharedTensor:
    """The error for an operator that changes the sizes of a tensor which no name stands for alone."""
    places = location_of(op)
    name = op.SCHEMA.name
    return SharedTensor(
        f"{name}() changes the sizes of a tensor that something else knows too: a list, an object or another variable",
        location=places[0] if places else None,
        hint=f"assign the result of {name.removesuffix('_')}() to each of them instead",
    )


def block_of(value: SSAValue) -> Block:
    """The block that a value belongs to."""
    owner = value.owner
    block = owner if isinstance(owner, Block) else owner.parent_block()
    assert block is not None
    return block


# Renaming -------------------------------------------------------------------------------------------------------------


class _Renaming:
    """Renames one tensor: `current` is what its name stands for, from operation to operation."""

    def __init__(self, root: SSAValue, ops: list[AtenOp], function: FuncOp) -> None:
        self.root = root
        self.ops = set[Operation](ops)
        self.names = _names_of(root)
        self.block = block_of(root)
        self.within = {a for op in ops for a in _ancestors(op, self.block)}
        self.argument = root if root in function.body.block.args else None
        self.attribute = root.owner if isinstance(root.owner, GetAttrOp) else None
        self.kind = root.type if isinstance(root.type, OptionalType) else TensorType()
        """What the name is of in the branches and loops around: a tensor that may be missing stays one."""

    def run(self) -> None:
        ops = list(self.block.ops)
        start = ops.index(self.root.op) + 1 if isinstance(self.root, OpResult) else 0
        self._process(ops[start:], self.root)

    def _process(self, ops: list[Operation], current: SSAValue) -> SSAValue:
        for op in ops:
            for i, operand in enumerate(op.operands):
                if operand in self.names and operand is not current:
                    op.operands[i] = self._fit(current, operand, op)
            if op in self.ops:
                assert isinstance(op, AtenOp)
                current = self._resized(op, current)
            elif op in self.within:
                current = self._thread(op, current)
            elif op.regions:
                for region in op.regions:
                    for block in region.blocks:
                        self._process(list(block.ops), current)
        return current

    def _fit(self, current: SSAValue, operand: SSAValue, op: Operation) -> SSAValue:
        """The current tensor for an operand; with a cast where another type is expected."""
        strict = op.dialect_name() in STRICT_DIALECTS or op.has_trait(IsTerminator)
        strict = strict or isinstance(current.type, OptionalType)
        if operand.type == current.type or not strict:
            return current
        return insert_before(CastOp(current, operand.type), op).results[0]

    def _resized(self, op: AtenOp, current: SSAValue) -> SSAValue:
        if is_out(op):
            return op.results[0]
        definition = operator(RESIZED[op.SCHEMA.key])
        assert definition is not None
        kind = aten_op(definition.schema)
        count = len(definition.schema.arguments)
        new = insert_before(kind([self._of(TensorType(), current, op), *op.operands[1:count]], [TensorType()]), op).results[
            0
        ]
        new.name_hint = self.root.name_hint
        for result in op.results:
            result.replace_all_uses_with(new)
            if result in self.names:
                self.names.remove(result)
        self.names.append(new)
        if self.argument is not None:
            note = operator("_note_resized")
            assert note is not None
            insert_before(aten_op(note.schema)([self.argument, new], []), op)
        if self.attribute is not None:
            kept = self._of(TensorType(), new, op)
            insert_before(SetAttrOp(self.attribute.object, self.attribute.attr_name.data, kept), op)
        block = op.parent_block()
        assert block is not None
        block.erase_op(op)
        return new

    def _thread(self, op: Operation, current: SSAValue) -> SSAValue:
        """Gives a branch or loop that resizes the tensor its name as one more argument and result."""
        new = thread_value(op, self._of(self.kind, current, op), self.kind, self.root.name_hint, self._through)
        self.names.append(new)
        return new

    def _through(self, block: Block, current: SSAValue) -> None:
        if isinstance(current, BlockArgument) and current.block is block:
            self.names.append(current)
        value = self._process(list(block.ops), current)
        end = block.last_op
        assert end is not None
        end.operands = [*end.operands, self._of(self.kind, value, end)]

    @staticmethod
    def _of(kind: Attribute, value: SSAValue, before: Operation) -> SSAValue:
        return value if value.type == kind else insert_before(CastOp(value, kind), before).results[0]
