"""What freezing a module does to its program: attributes that nothing changes become constants, and what nothing needs goes.

`ts-freeze` makes constants for one call's compilation; here the program itself changes, as `torch.jit.freeze` changes it. Who
copies memory and makes the frozen module is `runtime/freezing.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation, SSAValue

from tsir.dialects.program import arrays_in
from tsir.dialects.sharing import bounds
from tsir.dialects.ts.compatibility import accepts
from tsir.dialects.ts.structure import AttributeOp, ClassOp, GetAttrOp, MethodOp, SetAttrOp
from tsir.dialects.ts.types import ClassType, TensorType
from tsir.dialects.values import Instance
from tsir.passes.constants import constant_ops
from tsir.passes.dce import eliminate_dead_code
from tsir.passes.fold_constants import fold_constants
from tsir.passes.inline import InlinePass
from tsir.passes.memory import Memory
from tsir.passes.refine import refine_uses
from tsir.passes.structure import find_function, reachable, symbol_name

CONSTANT = "constant{}"
"""What the attributes of the root are called that hold constants which IR can't: tensors and containers."""

_ROUNDS = 4
"""Each round finds attributes that were only set in branches which the round before has removed."""

Array = np.ndarray[Any, Any]
Place = tuple[int, str]
"""An attribute of one object: the object's `id`, and the name."""


@dataclass
class Preserved:
    """What of a module stays whatever its methods do."""

    attributes: list[tuple[Instance, str]] = field(default_factory=list[tuple[Instance, str]])
    methods: list[tuple[Instance, str]] = field(default_factory=list[tuple[Instance, str]])
    """Methods of submodules, by name; those of the root are given by their symbols."""


@dataclass(frozen=True)
class Folded:
    """The changed program, and its object."""

    module: ModuleOp
    root: Instance
    constants: list[str]
    """The attributes of the root that hold constants."""


def fold_attributes(module: ModuleOp, symbols: Sequence[str], root: Instance, preserved: Preserved) -> Folded:
    """The program of the methods `symbols` of the object `root`, with all calls inlined and without what they don't need.

        func.func @M.forward(%self : !ts.class<@M>, %x : !ts.tensor) -> !ts.tensor {
          %training = ts.getattr %self["training"] : !ts.class<@M> -> i1
          scf.if %training { ts.setattr %self["n"] = ... }
          %fc = ts.getattr %self["fc"] : !ts.class<@M> -> !ts.class<@Linear>
          %w = ts.getattr %fc["weight"] : !ts.class<@Linear> -> !ts.tensor

    becomes, for a module in evaluation mode,

        func.func @M.forward(%self : !ts.class<@M>, %x : !ts.tensor) -> !ts.tensor {
          %w = ts.getattr %self["constant0"] : !ts.class<@M> -> !ts.tensor

    What a method changes stays where it is, with all that shares its memory; so do `preserved` attributes, and objects that are used
    in other ways than by reading and setting their attributes. Neither `module` nor `root` is changed.
    """
    part = ModuleOp([op.clone() for op in reachable(module, [*symbols, *_methods_of(module, preserved)])])
    functions = [find_function(part, symbol) for symbol in symbols]
    for function in functions:
        InlinePass(entry=function.sym_name.data).apply(Context(), part)
        for _ in range(_ROUNDS):
            if not _fold_scalars(function, root, _Uses.of(functions, root, preserved)):
                break
            fold_constants(function, refine_results=False)
            eliminate_dead_code(function)
    uses = _Uses.of(functions, root, preserved)
    uses.keep_changed(functions)
    uses.keep_aliases()
    uses.keep_equally()
    constants = _Constants(uses)
    for function in functions:
        constants.move(function)
        eliminate_dead_code(function)
    return _Trimmed(part, uses, constants).folded(symbols, _methods_of(module, preserved))


def _methods_of(module: ModuleOp, preserved: Preserved) -> list[str]:
    wanted = {(instance.class_name, name) for instance, name in preserved.methods}
    return [
        member.callee.string_value()
        for op in module.body.block.ops
        if isinstance(op, ClassOp)
        for member in op.body.block.ops
        if isinstance(member, MethodOp) and (op.sym_name.data, member.method_name.data) in wanted
    ]


@dataclass
class _Uses:
    """What functions do with the attributes of an object and of those in it."""

    root: Instance
    objects: dict[int, Instance] = field(default_factory=dict[int, Instance])
    reads: list[tuple[FuncOp, GetAttrOp, Instance]] = field(default_factory=list[tuple[FuncOp, GetAttrOp, Instance]])
    kept: dict[Place, Any] = field(default_factory=dict[Place, Any])
    """The attributes that stay, with their values."""
    whole: set[int] = field(default_factory=set[int])
    """The objects of which everything stays."""

    @classmethod
    def of(cls, functions: Iterable[FuncOp], root: Instance, preserved: Preserved) -> _Uses:
        uses = cls(root)
        for instance, name in preserved.attributes:
            uses.keep(instance, name)
            uses.keep_whole(instance.attributes[name])
        for instance, _ in preserved.methods:
            uses.keep_whole(instance)
        for function in functions:
            uses._follow(function)
        return uses

    def keep(self, instance: Instance, name: str) -> None:
        """Says that an attribute stays."""
        self.objects[id(instance)] = instance
        self.kept[id(instance), name] = instance.attributes.get(name)

    def keep_whole(self, value: Any) -> None:
        """Says that of an object, and of those in it and in containers, everything stays."""
        todo = [value]
        while todo:
            found = todo.pop()
            if isinstance(found, Instance):
                if id(found) not in self.whole:
                    self.whole.add(id(found))
                    for name, inner in found.attributes.items():
                        self.keep(found, name)
                        todo.append(inner)
            elif isinstance(found, list | tuple):
                todo.extend(cast("list[Any]", found))
            elif isinstance(found, dict):
                todo.extend(cast("dict[Any, Any]", found).values())

    def _follow(self, function: FuncOp) -> None:
        """Notes what a function reads and sets, and the objects that it uses otherwise."""
        arguments = function.body.block.args
        if not arguments or not isinstance(arguments[0].type, ClassType):
            return
        todo: list[tuple[SSAValue, Instance]] = [(arguments[0], self.root)]
        while todo:
            value, instance = todo.pop()
            self.objects[id(instance)] = instance
            for use in reversed(list(value.uses)):
                op = use.operation
                if isinstance(op, GetAttrOp) and op.attr_name.data in instance.attributes:
                    self.reads.append((function, op, instance))
                    inner = instance.attributes[op.attr_name.data]
                    if (
                        isinstance(inner, Instance)
                        and isinstance(op.result.type, ClassType)
                        and "training" in inner.attributes
                    ):
                        todo.append((op.result, inner))
                    elif _has_objects(inner):
                        self.keep(instance, op.attr_name.data)
                        self.keep_whole(inner)
                elif isinstance(op, SetAttrOp) and use.index == 0:
                    self.keep(instance, op.attr_name.data)
                    self.keep_whole(instance.attributes.get(op.attr_name.data))
                else:
                    self.keep_whole(instance)

    def keep_changed(self, functions: Iterable[FuncOp]) -> None:
        """Says that attributes stay whose tensors or containers a function changes."""
        own: dict[FuncOp, list[tuple[GetAttrOp, Instance]]] = {f: [] for f in functions}
        for function, op, instance in self.reads:
            own[function].append((op, instance))
        for function, reads in own.items():
            names = [op.attr_name for op, _ in reads]
            for op, instance in reads:  # so that attributes of one name in several objects are told apart
                op.properties["attr_name"] = StringAttr(f"{op.attr_name.data} of {id(instance)}")
            memory = Memory(function)
            for (op, instance), name in zip(reads, names, strict=True):
                op.properties["attr_name"] = name
                group = memory.group(op.result)
                if group is not None and group.writes and not isinstance(op.result.type, ClassType):
                    self.keep(instance, name.data)

    def keep_aliases(self) -> None:
        """Says that attributes stay that share memory with some that do."""
        fixed = [a for value in self.kept.values() for a in arrays_in(value) if a.size]
        spans = [bounds(a) for a in fixed]
        lists = {id(v) for v in self.kept.values() if isinstance(v, list | dict)}
        for _, op, instance in self.reads:
            value = instance.attributes[op.attr_name.data]
            if id(value) in lists or any(_overlaps(a, spans) for a in arrays_in(value) if a.size):
                self.keep(instance, op.attr_name.data)

    def keep_equally(self) -> None:
        """Says that objects of one class, where they stay, have the same attributes: those that some of them has."""
        known = self._all_objects()
        while True:
            staying = [i for i in known if self.stays(i)]
            names: dict[str, set[str]] = {}
            for instance in staying:
                own = names.setdefault(instance.class_name, set())
                own |= {
                    n for n, v in instance.attributes.items() if (id(instance), n) in self.kept or self._is_kept_child(v)
                }
            added = [
                (i, n)
                for i in staying
                for n in names[i.class_name] & i.attributes.keys()
                if (id(i), n) not in self.kept and not self._is_kept_child(i.attributes[n])
            ]
            if not added:
                return
            for instance, name in added:
                self.keep(instance, name)

    def _all_objects(self) -> list[Instance]:
        found: dict[int, Instance] = {}
        todo: list[Any] = [self.root]
        while todo:
            value = todo.pop()
            if isinstance(value, Instance) and id(value) not in found:
                found[id(value)] = value
                todo.extend(value.attributes.values())
        return list(found.values())

    def _is_kept_child(self, value: Any) -> bool:
        return isinstance(value, Instance) and "training" in value.attributes and self.stays(value)

    def stays(self, instance: Instance) -> bool:
        """Whether something of an object, or of those in it, stays; the root does."""
        with_kept = {place for place, _ in self.kept}
        todo, seen = [instance], set[int]()
        while todo:
            found = todo.pop()
            if id(found) in with_kept or found is self.root:
                return True
            if id(found) not in seen:
                seen.add(id(found))
                todo += [v for v in found.attributes.values() if isinstance(v, Instance)]
        return False


def _overlaps(array: Array, spans: Iterable[tuple[int, int]]) -> bool:
    low, high = bounds(array)
    return any(low < end and start < high for start, end in spans)


def _has_objects(value: Any) -> bool:
    todo = [value]
    while todo:
        found = todo.pop()
        if isinstance(found, Instance):
            return True
        if isinstance(found, list | tuple):
            todo.extend(cast("list[Any]", found))
        elif isinstance(found, dict):
            todo.extend(cast("dict[Any, Any]", found).values())
    return False


def _fold_scalars(function: FuncOp, root: Instance, uses: _Uses) -> bool:
    """Makes numbers, strings and the like constants that no function sets; whether there were any."""
    changed = False
    for owner, op, instance in uses.reads:
        name = op.attr_name.data
        if owner is not function or (id(instance), name) in uses.kept:
            continue
        value = instance.attributes[name]
        if isinstance(value, np.ndarray) and not isinstance(op.result.type, TensorType):
            _narrow(op)
            changed = True
            continue
        ops = constant_ops(value, op.location)
        if ops is None or not accepts(op.result.type, ops[-1].results[0].type):  # as for a tuple that is declared a list
            continue
        block = op.parent_block()
        assert block is not None
        block.insert_ops_before(ops, op)
        refine_uses(op.result, ops[-1].results[0])
        block.erase_op(op)
        changed = True
    return changed


def _narrow(op: GetAttrOp) -> None:
    """Says of what is read that it is a tensor."""
    read = GetAttrOp(op.object, op.attr_name.data, TensorType())
    read.location = op.location
    read.result.name_hint = op.result.name_hint
    block = op.parent_block()
    assert block is not None
    block.insert_op_before(read, op)
    refine_uses(op.result, read.result)
    block.erase_op(op)


class _Constants:
    """The constants that become attributes of the root: one for each tensor or container."""

    def __init__(self, uses: _Uses) -> None:
        self._uses = uses
        self._taken = {name for place, name in uses.kept if place == id(uses.root)}
        self._names: dict[int, str] = {}
        self.made: dict[str, tuple[Any, Attribute]] = {}

    def move(self, function: FuncOp) -> None:
        """Lets a function read them at the root."""
        for owner, op, instance in self._uses.reads:
            name = op.attr_name.data
            value = instance.attributes[name]
            if owner is not function or op.parent is None or (id(instance), name) in self._uses.kept:
                continue
            if isinstance(value, Instance):
                continue
            read = GetAttrOp(function.body.block.args[0], self._name(value, op.result.type), op.result.type)
            read.location = op.location
            block = op.parent_block()
            assert block is not None
            block.insert_op_before(read, op)
            read.result.name_hint = op.result.name_hint
            op.result.replace_all_uses_with(read.result)
            block.erase_op(op)

    def _name(self, value: Any, kind: Attribute) -> str:
        known = self._names.get(id(value))
        if known is None:
            number = len(self.made)
            while (known := CONSTANT.format(number)) in self._taken or known in self.made:
                number += 1
            self._names[id(value)] = known
            self.made[known] = value, kind
        return known


class _Trimmed:
    """The program without what isn't needed, and the objects with the attributes that stay."""

    def __init__(self, module: ModuleOp, uses: _Uses, constants: _Constants) -> None:
        self._module = module
        self._uses = uses
        self._constants = constants
        self._copies: dict[int, Instance] = {}

    def folded(self, symbols: Sequence[str], methods: Sequence[str]) -> Folded:
        """The program with these functions and what they need."""
        root = self._copied(self._uses.root)
        for name, (value, _) in self._constants.made.items():
            root.attributes[name] = value
        whole = {i.class_name for i in self._uses.objects.values() if id(i) in self._uses.whole}
        stay = {
            (i.class_name, n)
            for i in self._copies.values()
            for n, v in i.attributes.items()
            if n != "training" or v is not None
        }
        for op in self._module.body.block.ops:
            if not isinstance(op, ClassOp):
                continue
            for member in [m for m in op.body.block.ops if isinstance(m, AttributeOp)]:
                if self._is_of_object(op) and (op.sym_name.data, member.attr_name.data) not in stay:
                    op.body.block.erase_op(member)
            if op.sym_name.data == root.class_name:
                for name, (_, kind) in self._constants.made.items():
                    op.body.block.add_op(AttributeOp(name, kind, "constant"))
            if self._is_of_object(op) and op.sym_name.data not in whole:
                for member in [m for m in op.body.block.ops if isinstance(m, MethodOp)]:
                    if member.callee.string_value() not in (*symbols, *methods):
                        op.body.block.erase_op(member)
        return Folded(self._needed(symbols, methods), root, list(self._constants.made))

    def _is_of_object(self, op: ClassOp) -> bool:
        return op.kind.data == "module" and op.sym_name.data in {i.class_name for i in self._copies.values()}

    def _needed(self, symbols: Sequence[str], methods: Sequence[str]) -> ModuleOp:
        needed = reachable(self._module, [*symbols, *methods])
        names = {symbol_name(op) for op in needed}
        classes = {i.class_name for i in self._copies.values()}
        made: list[Operation] = []
        for op in self._module.body.block.ops:
            if symbol_name(op) not in names and symbol_name(op) not in classes:
                continue
            copy = op.clone()
            if isinstance(copy, ClassOp):
                for member in [m for m in copy.body.block.ops if isinstance(m, MethodOp)]:
                    if member.callee.string_value() not in names:
                        copy.body.block.erase_op(member)
            made.append(copy)
        return ModuleOp(made)

    def _copied(self, instance: Instance) -> Instance:
        """An object with the attributes that stay. A module that isn't whole has no `training` any more."""
        known = self._copies.get(id(instance))
        if known is not None:
            return known
        made = self._copies[id(instance)] = Instance(instance.class_name)
        for name, value in instance.attributes.items():
            if isinstance(value, Instance) and "training" in value.attributes:
                if (id(instance), name) in self._uses.kept or self._uses.stays(value):
                    made.attributes[name] = self._copied(value)
            elif (id(instance), name) in self._uses.kept:
                made.attributes[name] = value
        if "training" in instance.attributes:
            made.attributes.setdefault("training", None)
        return made


__all__ = ["CONSTANT", "Folded", "Preserved", "fold_attributes"]
