"""What operations do to memory: which values may share it, who writes it, what may be removed or merged.

Tensors (`!ts.tensor`), containers and objects are references; builtin tensors, numbers and strings are values and have no part
in this. Values that may reach the same memory are in one *group*: a tensor and its views, a list and what is in it, what flows
through branches and loops. The annotations of ATen schemas say which results are views and which arguments are written.
Nothing here changes IR.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from xdsl.dialects import scf
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.dialects.func import CallOp, FuncOp, ReturnOp
from xdsl.ir import Attribute, Operation, OpResult, SSAValue
from xdsl.traits import IsTerminator

from tsir.dialects.ts import effects
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.effects import is_reference
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.structure import (
    LATE,
    CallMethodOp,
    CallPythonOp,
    CastOp,
    ConstantOp,
    ExceptionOp,
    GetAttrOp,
    IsInstanceOp,
    ListOp,
    NewOp,
    RaiseOp,
    ReraiseOp,
    SetAttrOp,
    ToValueOp,
    TruthOp,
    TryOp,
    TupleGetOp,
    UninitializedOp,
    UnpackOp,
    YieldOp,
)
from tsir.dialects.ts.types import BOOL, FLOAT, INT, NONE, ClassType, TensorType
from tsir.ops import python
from tsir.passes.structure import walk


@dataclass(eq=False)
class Group:
    """Values that may reach the same memory, and what is done to it."""

    members: list[SSAValue] = field(default_factory=list[SSAValue])
    tensor_writes: list[Operation] = field(default_factory=list[Operation])
    container_writes: list[Operation] = field(default_factory=list[Operation])
    external: bool = False
    """Whether the memory is known outside: arguments, attributes, what calls take or give."""
    escapes: bool = False
    """Whether a reference to the memory leaves the function: returned, stored outside, handed to a call."""

    @property
    def writes(self) -> list[Operation]:
        """All operations that write the memory."""
        return self.tensor_writes + self.container_writes


_LOOKS_FOR_ITEMS = frozenset((
    "eq", "ne", "contains", "not_contains", "list_index", "list_count", "list_remove", "tuple_index", "tuple_count"
))  # fmt: skip
"""Functions of Python's that compare items of containers: one that is the other is equal to it, without being compared."""

VALUE_DIALECTS = frozenset(("arith", "linalg", "linalg_ext", "math", "complex", "tensor"))
"""Dialects whose operations take and give no references; half of a lowered function is made of them."""


class Memory:
    """The groups of one function.

    With `arguments_may_overlap`, an argument that is written is in one group with the others, for a caller may give one tensor
    twice.
    """

    def __init__(self, function: FuncOp, *, arguments_may_overlap: bool = False) -> None:
        self._parent: dict[SSAValue, SSAValue] = {}
        self._groups: dict[SSAValue, Group] = {}
        self._cells: dict[str, SSAValue] = {}
        self.set_attributes: set[str] = set()
        self.has_calls = False
        notes: list[tuple[str, SSAValue, Operation]] = []
        for argument in function.body.block.args:
            self._note(notes, "external", (argument,), function)
        self._has_tries = False
        for op in walk(function):
            if op.name.partition(".")[0] not in VALUE_DIALECTS:
                self._has_tries |= isinstance(op, TryOp)
                self._visit(op, notes)
        self._join_shared(function)
        if arguments_may_overlap:
            self._join_arguments(function, notes)
        for what, value, op in notes:
            group = self._group(value)
            if what == "tensor":
                group.tensor_writes.append(op)
            elif what == "container":
                group.container_writes.append(op)
            elif what == "external":
                group.external = True
            else:
                group.escapes = True
        for value in self._parent:
            self._group(value).members.append(value)

    def group(self, value: SSAValue) -> Group | None:
        """The group of a value; None when its type holds no reference."""
        return self._group(value) if is_reference(value.type) else None

    def adopt(self, value: SSAValue, like: SSAValue) -> None:
        """Puts a new value into the group of another one that it takes the place of, or helps to compute."""
        if is_reference(value.type) and is_reference(like.type):
            self._parent[value] = self._find(like)

    def take_place(self, new: SSAValue, old: SSAValue) -> None:
        """`new` refers to the memory from now on that `old` referred to when this was made."""
        self._parent[new] = self._find(old)

    def group_of(self, value: SSAValue) -> Group | None:
        """The group that a value was in when this was made, when it had a reference's type, whatever its type is now."""
        return self._group(value) if value in self._parent else None

    def _group(self, value: SSAValue) -> Group:
        root = self._find(value)
        found = self._groups.get(root)
        if found is None:
            found = self._groups[root] = Group()
        return found

    def _find(self, value: SSAValue) -> SSAValue:
        parent = self._parent
        if value not in parent:
            parent[value] = value
            return value
        root = value
        while parent[root] is not root:
            root = parent[root]
        while parent[value] is not root:
            parent[value], value = root, parent[value]
        return root

    def _join(self, values: Iterable[SSAValue]) -> None:
        first: SSAValue | None = None
        for value in values:
            if is_reference(value.type):
                root = self._find(value)
                if first is None:
                    first = root
                elif root is not first:
                    self._parent[root] = first

    def _join_shared(self, function: FuncOp) -> None:
        """Weights that share memory may be what another weight or an argument is, or what any attribute refers to."""
        known = function.arg_attrs.data if function.arg_attrs is not None else ()
        arguments = function.body.block.args
        shared = [a for a, data in zip(arguments, known, strict=False) if "ts.shared" in data.data]
        if shared:
            given = [a for a, data in zip(arguments, known, strict=False) if "ts.weight" not in data.data]
            self._join((*shared, *self._cells.values(), *(a for a in given if not isinstance(a.type, ClassType))))

    def _join_arguments(self, function: FuncOp, notes: list[tuple[str, SSAValue, Operation]]) -> None:
        """When one argument is written, all others may be; weights aside. Where a container is, other containers may be."""
        known = function.arg_attrs.data if function.arg_attrs is not None else ()
        given = [
            a
            for i, a in enumerate(function.body.block.args)
            if is_reference(a.type)
            and not isinstance(a.type, ClassType)
            and not (i < len(known) and "ts.weight" in known[i].data)
        ]
        holders = [a for a in given if not isinstance(a.type, TensorType)]
        for written, arguments in (("container", holders), ("tensor", given)):
            roots = {self._find(a) for a in arguments}
            if len(roots) > 1 and any(what == written and self._find(value) in roots for what, value, _ in notes):
                self._join(arguments)

    def _note(
        self, notes: list[tuple[str, SSAValue, Operation]], what: str, values: Iterable[SSAValue], op: Operation
    ) -> None:
        for value in values:
            if is_reference(value.type):
                self._find(value)
                notes.append((what, value, op))

    def _visit(self, op: Operation, notes: list[tuple[str, SSAValue, Operation]]) -> None:
        match op:
            case AtenOp():
                for index, result in enumerate(op.results):
                    if is_reference(result.type):
                        self._join((result, *effects.aliased_operands(op, index)))
                if effects.is_laid_out(op):
                    self._join((op.results[0], op.operands[0]))
                self._note(notes, "tensor", effects.written_operands(op), op)
            case ListOp() if is_transient_list(op):
                pass
            case PyOp():
                known = python.lookup(op.FUNCTION)
                if known is None or known.mutates or any(is_reference(r.type) for r in op.results):
                    self._join((*op.operands, *op.results))
                if op.FUNCTION in ("is", "is_not", "id") or (
                    op.FUNCTION in _LOOKS_FOR_ITEMS and _holds_tensors(op.operands[0].type)
                ):
                    self._note(notes, "escape", op.operands, op)  # it tells equal objects apart
                if known is None or known.mutates:
                    self._note(notes, "container", op.operands[:1], op)
            case GetAttrOp() | SetAttrOp():
                value = op.result if isinstance(op, GetAttrOp) else op.value
                if is_reference(value.type):
                    cell = self._cells.setdefault(op.attr_name.data, value)
                    self._join((cell, value))
                    self._note(notes, "external", (value,), op)
                if isinstance(op, SetAttrOp):
                    self.set_attributes.add(op.attr_name.data)
                    self._note(notes, "escape", (value,), op)
            case CallOp() | CallMethodOp() | CallPythonOp():
                self.has_calls = True
                self._join((*op.operands, *op.results))
                for what in ("external", "escape", "tensor", "container"):
                    self._note(notes, what, (*op.operands, *op.results), op)
            case TryOp():
                last = op.body.block.last_op
                assert last is not None
                for result, value in zip(op.results_, last.operands, strict=True):
                    self._join((result, value))
            case ExceptionOp():
                self._join((*op.operands, op.result))
                self._note(notes, "escape", op.operands, op)
            case ReturnOp() | RaiseOp() | ReraiseOp():
                self._note(notes, "escape", op.operands, op)
            case scf.IfOp():
                for region in op.regions:
                    if region.blocks and isinstance(last := region.block.last_op, scf.YieldOp):
                        for result, value in zip(op.results, last.operands, strict=True):
                            self._join((result, value))
            case scf.ForOp():
                last = op.body.block.last_op
                assert last is not None
                for parts in zip(op.iter_args, op.body.block.args[1:], last.operands, op.results, strict=True):
                    self._join(parts)
            case scf.WhileOp():
                before, after = op.before_region.block, op.after_region.block
                condition, last = before.last_op, after.last_op
                assert condition is not None and last is not None
                for parts in zip(op.operands, before.args, last.operands, strict=True):
                    self._join(parts)
                for parts in zip(condition.operands[1:], after.args, op.results, strict=True):
                    self._join(parts)
            case ConstantOp() | IsInstanceOp() | TruthOp() | ToValueOp() | scf.YieldOp() | scf.ConditionOp() | YieldOp():
                for result in op.results:
                    if is_reference(result.type):
                        self._note(notes, "external", (result,), op)
            case _:
                if any(is_reference(r.type) for r in op.results):
                    self._join((*op.operands, *op.results))

    def may_be_removed(self, op: Operation) -> bool:
        """Whether an operation without regions has no effect beside its results, which nobody misses when they aren't used.

        Tensor operations count as such although they may raise: see `ts-dce`. Not so where an exception is caught.
        """
        if effects.computes_values(op):
            return True
        if self._has_tries and isinstance(op, AtenOp) and _is_in_try(op):
            return False
        if isinstance(op, _CHECKING):
            return not effects.may_raise(op, python.lookup)
        if isinstance(op, PyOp):
            return is_removable_python(op)
        if isinstance(op, GetAttrOp) and LATE in op.attributes:
            return False  # it may raise AttributeError
        return not effects.writes(op, python.lookup) and "ts.error" not in op.attributes

    def may_be_merged(self, op: Operation) -> bool:
        """Whether an operation gives the same again wherever it is repeated with the same operands, and one result will do."""
        if effects.computes_values(op):
            return True
        if op.regions or not op.results or isinstance(op, NewOp | UninitializedOp) or effects.is_laid_out(op):
            return False
        if isinstance(op, PyOp):
            known = python.lookup(op.FUNCTION)
            if known is None or known.mutates or known.effect:
                return False
        elif not (isinstance(op, _CHECKING) or self.may_be_removed(op)) or op.has_trait(IsTerminator):
            return False
        if isinstance(op, GetAttrOp) and (op.attr_name.data in self.set_attributes or self.has_calls):
            return False
        for value in op.operands:
            group = self.group(value)
            if group is not None and group.writes:
                return False
        for index, value in enumerate(op.results):
            group = self.group(value)
            if group is None or isinstance(op, GetAttrOp | CastOp | TupleGetOp):
                continue
            is_view = isinstance(op, AtenOp) and any(True for _ in effects.aliased_operands(op, index))
            if group.writes or (group.escapes and not is_view):
                return False
        return True


_CHECKING = (UnpackOp, TruthOp)
"""Operations that compute values, and raise for those that have none: of another length, or of several elements."""


def _is_in_try(op: Operation) -> bool:
    at = op.parent_op()
    while at is not None and not isinstance(at, TryOp):
        at = at.parent_op()
    return at is not None


def is_removable_python(op: PyOp) -> bool:
    """Whether a `ts.py` operation has no effect and raises nothing for operands of these types."""
    known = python.lookup(op.FUNCTION)
    if known is None:
        return False
    if op.FUNCTION == "mul":
        return all(o.type in (INT, FLOAT, BOOL) for o in op.operands)
    if op.FUNCTION == "getslice":  # only a step may be wrong
        return all(o.type in (INT, NONE) for o in op.operands[1:3]) and all(o.type == NONE for o in op.operands[3:])
    return known.pure


def _holds_tensors(kind: Attribute) -> bool:
    """Whether a type is that of a container with tensors in it, as far as types tell."""
    match kind:
        case ts.ListType() | ts.SetType() | ts.DequeType() | ts.TupleOfType():
            inner = [kind.element]
        case ts.DictType():
            inner = [kind.key, kind.value]
        case ts.TupleType() | ts.NamedTupleType():
            inner = [*kind.elements.data]
        case _:
            return False
    return any(
        isinstance(part, TensorType | ts.OptionalType | ts.UnionType | ts.AnyType) or _holds_tensors(part) for part in inner
    )


def is_transient_list(op: ListOp) -> bool:
    """Whether a list only serves as the argument of ATen operators, which neither keep nor change it."""
    for use in op.result.uses:
        user = use.operation
        if not isinstance(user, AtenOp) or user.SCHEMA.arguments[use.index].type.alias is not None:
            return False
    return True


def is_value(value: SSAValue) -> bool:
    """Whether a tensor value is a builtin tensor."""
    return isinstance(value.type, BuiltinTensorType)


def defining(value: SSAValue) -> Operation | None:
    """The operation whose result a value is, or None for a block argument."""
    return value.op if isinstance(value, OpResult) else None
