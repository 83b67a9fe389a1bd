"""`ts-freeze`: what an entry point reads of its object becomes constants and arguments."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp, StringAttr, UnitAttr
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Attribute, Operation, SSAValue
from xdsl.passes import ModulePass

from tsir.dialects import dtypes
from tsir.dialects.names import hint_of_weight
from tsir.dialects.sharing import lists_of_several, shared_weights
from tsir.dialects.ts.effects import is_reference
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.structure import AttributeOp, CallPythonOp, ClassOp, GetAttrOp, ListOp, SetAttrOp, UnpackOp
from tsir.dialects.ts.types import ClassType, ListType, TensorType
from tsir.dialects.values import Instance
from tsir.errors import PassError
from tsir.ops import python
from tsir.ops.aten.resizing import RESIZED
from tsir.passes.constants import UNKNOWN, constant_ops, value_of_attribute
from tsir.passes.memory import Memory
from tsir.passes.names import first_name
from tsir.passes.refine import refine_uses
from tsir.passes.structure import callee_name, find_function, functions, is_public, walk

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class FreezePass(ModulePass):
    """Replaces reads of attributes that nothing in the module sets.

        func.func @M.forward(%self : !ts.class<@M>, %x : !ts.tensor) -> !ts.tensor {
          %p = ts.getattr %self["p"] : !ts.class<@M> -> f64                  // ts.attribute constant "p" : f64 {value = 0.5 : f64}
          %fc = ts.getattr %self["fc"] : !ts.class<@M> -> !ts.class<@Linear>
          %w = ts.getattr %fc["weight"] : !ts.class<@Linear> -> !ts.tensor<2x3xf32>

    becomes

        func.func @M.forward(%self : !ts.class<@M>, %x : !ts.tensor,
                             %fc.weight : !ts.tensor<2x3xf32> {ts.weight = "fc.weight"}) -> !ts.tensor {
          %p = arith.constant 0.5 : f64

    Run it after `ts-inline`. `entry` is the function to freeze (default: each public one that has an object as its first argument
    and isn't called in the module). A tensor that the function writes is marked `ts.mutable`, one whose memory the object has
    in another place, too, such as a view of it or a list with it, `ts.shared`. Where the object is known
    (`TsContext.objects`; from Python, `freeze` takes it), its values, dtypes and shapes count.
    """

    name = "ts-freeze"

    entry: str | None = None

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        objects: dict[str, Instance] = getattr(ctx, "objects", {})
        if self.entry is not None:
            freeze(op, find_function(op, self.entry), objects.get(self.entry))
            return
        called = {callee_name(c) for c in walk(op) if isinstance(c, CallOp)}
        for function in functions(op):
            if is_public(function) and function.sym_name.data not in called and _takes_object(function):
                freeze(op, function, objects.get(function.sym_name.data))


def _takes_object(function: FuncOp) -> bool:
    arguments = function.body.block.args
    return bool(arguments) and isinstance(arguments[0].type, ClassType)


@dataclass
class Attributes:
    """What a module says about the attributes of its classes: types, values, which are set, which lists are only read."""

    module: ModuleOp
    family: dict[str, str] = field(default_factory=dict[str, str])
    declared: dict[tuple[str, str], AttributeOp] = field(default_factory=dict[tuple[str, str], AttributeOp])
    written: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    _reads: dict[tuple[str, str], list[GetAttrOp]] = field(default_factory=dict[tuple[str, str], list[GetAttrOp]])

    def __post_init__(self) -> None:
        for op in self.module.body.block.ops:
            if isinstance(op, ClassOp):
                name = op.sym_name.data
                for base in op.bases.data if op.bases is not None else ():
                    self._merge(name, base.string_value())
                for member in op.body.block.ops:
                    if isinstance(member, AttributeOp):
                        self.declared[name, member.attr_name.data] = member
        for op in walk(self.module):
            if isinstance(op, CallPythonOp):
                for operand in op.operands:
                    self._may_set(operand.type)
            elif isinstance(op, SetAttrOp):
                self.written.add(self._key(op.object.type, op.attr_name.data))
            elif isinstance(op, AtenOp) and op.SCHEMA.key in RESIZED:
                if isinstance(read := first_name(op.operands[0]).owner, GetAttrOp):
                    self.written.add(self._key(read.object.type, read.attr_name.data))
            elif isinstance(op, GetAttrOp) and isinstance(op.result.type, ListType):
                self._reads.setdefault(self._key(op.object.type, op.attr_name.data), []).append(op)

    def _root(self, name: str) -> str:
        while name in self.family:
            name = self.family[name]
        return name

    def _merge(self, a: str, b: str) -> None:
        a, b = self._root(a), self._root(b)
        if a != b:
            self.family[a] = b

    def _key(self, cls: Attribute, attribute: str) -> tuple[str, str]:
        return (self._root(cls.symbol.string_value()) if isinstance(cls, ClassType) else "", attribute)

    def _may_set(self, given: Attribute) -> None:
        """Notes that Python code may set what an object that it is given has, and those in it: all but parameters and submodules."""
        todo, seen = [given], set[Attribute]()
        while todo:
            kind = todo.pop()
            if not isinstance(kind, ClassType) or kind in seen:
                continue
            seen.add(kind)
            for (cls, name), attribute in self.declared.items():
                if cls == kind.symbol.string_value():
                    todo.append(attribute.type)
                    if attribute.role.data in ("attribute", "buffer"):
                        self.written.add(self._key(kind, name))

    def is_set(self, op: GetAttrOp) -> bool:
        """Whether some `ts.setattr` of the module may set what this operation reads."""
        return self._key(op.object.type, op.attr_name.data) in self.written

    def may_be_same(self, a: GetAttrOp, b: GetAttrOp) -> bool:
        """Whether two operations may read the same attribute of the same object."""
        return self._key(a.object.type, a.attr_name.data) == self._key(b.object.type, b.attr_name.data)

    def is_only_read(self, op: GetAttrOp) -> bool:
        """Whether the list that this operation reads is nowhere changed, kept or handed on, only looked into."""
        return all(
            _only_looks(use.operation, use.index)
            for read in self._reads[self._key(op.object.type, op.attr_name.data)]
            for use in read.result.uses
        )

    def tensor_type(self, op: GetAttrOp) -> TensorType:
        """The type of a tensor attribute: what its class declares when that says more than the operation's result."""
        cls, kind = op.object.type, op.result.type
        assert isinstance(cls, ClassType) and isinstance(kind, TensorType)
        found = self.declared.get((cls.symbol.string_value(), op.attr_name.data))
        declared = None if found is None else found.type
        return declared if isinstance(declared, TensorType) and not kind.is_ranked else kind

    def declared_value(self, op: GetAttrOp) -> Any:
        """The value that the class declares for the attribute, or UNKNOWN."""
        cls = op.object.type
        assert isinstance(cls, ClassType)
        found = self.declared.get((cls.symbol.string_value(), op.attr_name.data))
        return UNKNOWN if found is None or found.value is None else value_of_attribute(found.value)


def _only_looks(user: Operation, operand: int) -> bool:
    if isinstance(user, AtenOp):
        return user.SCHEMA.arguments[operand].type.alias is None
    if isinstance(user, PyOp):
        known = python.lookup(user.FUNCTION)
        return known is not None and not known.mutates and not any(is_reference(r.type) for r in user.results)
    return isinstance(user, UnpackOp)


@dataclass
class _Freezer:
    attributes: Attributes
    function: FuncOp
    instance: Instance | None
    weights: dict[str, SSAValue] = field(default_factory=dict[str, SSAValue])
    arrays: dict[int, str] = field(default_factory=dict[int, str])

    def run(self) -> None:
        block = self.function.body.block
        objects: deque[tuple[SSAValue, str, Instance | None]] = deque([(block.args[0], "", self.instance)])
        canonical: dict[int, str] = {} if self.instance is None else {id(self.instance): ""}
        while objects:
            target, path, instance = objects.popleft()
            for op in _reads_of(target):
                if self.attributes.is_set(op):
                    continue
                name = op.attr_name.data
                inner = f"{path}.{name}" if path else name
                value = UNKNOWN if instance is None else instance.attributes.get(name, UNKNOWN)
                if isinstance(op.result.type, ClassType) and (value is UNKNOWN or isinstance(value, Instance)):
                    if isinstance(value, Instance):
                        inner = canonical.setdefault(id(value), inner)
                        objects.append((op.result, inner, value))
                    else:
                        objects.append((op.result, inner, None))
                    continue
                self._replace(op, inner, value, instance)
        self._remove_unused(block.args[0])

    @cached_property
    def _lists_of_several(self) -> set[int]:
        """The lists, by `id`, that the object has in several places: who changes one there is not known here."""
        return set() if self.instance is None else lists_of_several(self.instance)

    def _replace(self, op: GetAttrOp, path: str, value: Any, owner: Instance | None) -> None:
        if value is UNKNOWN and self.instance is None:
            if isinstance(op.result.type, TensorType):
                self._use(op, self._weight(path, self.attributes.tensor_type(op)))
                return
            value = self.attributes.declared_value(op)
        if _is_array(value):
            self._use(op, self._array_weight(path, value))
        elif isinstance(value, list):
            if self.attributes.is_only_read(op) and id(value) not in self._lists_of_several:
                self._constant_list(op, value, path.rpartition(".")[0], owner)
        elif value is not UNKNOWN:
            ops = constant_ops(value, op.location)
            if ops is not None:
                _insert_before(op, ops)
                self._use(op, ops[-1].results[0])

    def _constant_list(self, op: GetAttrOp, value: list[Any], owner_path: str, owner: Instance | None) -> None:
        """Makes a list that is only read of constants, and of tensors that are attributes of the same object too."""
        kind = op.result.type
        assert isinstance(kind, ListType) and owner is not None
        names = {id(v): name for name, v in owner.attributes.items() if _is_array(v)}
        ops: list[Operation] = []
        elements: list[SSAValue] = []
        for element in value:
            if _is_array(element):
                name = names.get(id(element))
                if name is None:
                    return
                elements.append(self._array_weight(f"{owner_path}.{name}" if owner_path else name, element))
                continue
            made = constant_ops(element, op.location)
            if made is None or made[-1].results[0].type != kind.element:
                return
            ops += made
            elements.append(made[-1].results[0])
        new = ListOp(elements, kind)
        new.location = op.location
        _insert_before(op, [*ops, new])
        self._use(op, new.result)

    def _use(self, op: GetAttrOp, value: SSAValue) -> None:
        refine_uses(op.result, value)
        op.detach()
        op.erase()

    def _array_weight(self, path: str, array: np.ndarray[Any, Any]) -> SSAValue:
        path = self.arrays.setdefault(id(array), path)
        return self._weight(path, tensor_type(array))

    def _weight(self, path: str, kind: TensorType) -> SSAValue:
        found = self.weights.get(path)
        if found is None:
            block = self.function.body.block
            found = self.weights[path] = block.insert_arg(kind, len(block.args), self.function.location)
            found.name_hint = SSAValue.extract_valid_name(hint_of_weight(path))
        return found

    def _remove_unused(self, root: SSAValue) -> None:
        stack = [root]
        order: list[GetAttrOp] = []
        while stack:
            for op in _reads_of(stack.pop()):
                order.append(op)
                stack.append(op.result)
        for op in reversed(order):
            if op.result.first_use is None:
                op.detach()
                op.erase()


def _is_array(value: Any) -> bool:
    return type(value).__module__ == "numpy" and hasattr(value, "ndim")


def _reads_of(value: SSAValue) -> Iterator[GetAttrOp]:
    seen = [use.operation for use in value.uses]
    seen.reverse()  # uses are listed last first
    for op in seen:
        if isinstance(op, GetAttrOp):
            yield op


def _insert_before(op: Operation, new: list[Operation]) -> None:
    block = op.parent_block()
    assert block is not None
    block.insert_ops_before(new, op)


def freeze(
    module: ModuleOp, function: FuncOp, instance: Instance | None = None, attributes: Attributes | None = None
) -> list[str]:
    """Freezes one function; gives the paths of the tensors that became arguments, in the arguments' order.

    `instance` is the object that the function's first argument will be. `attributes` is what is known of the whole program,
    when `module` holds only a part of it. Raises PassError when the function's first argument isn't an object.
    """
    if not _takes_object(function):
        raise PassError(f"@{function.sym_name.data} can't be frozen: its first argument is no object")
    freezer = _Freezer(attributes or Attributes(module), function, instance)
    old = list(argument_attributes(function))
    freezer.run()
    block = function.body.block
    shared: set[str] = set()
    if instance is not None and freezer.weights:
        weights = {path: instance.tensor(path) for path in freezer.weights}
        shared = shared_weights(instance, weights) | (weights.keys() & instance.given)
    marks: list[dict[str, Attribute]] = [
        {"ts.weight": StringAttr(path), **({"ts.shared": UnitAttr()} if path in shared else {})} for path in freezer.weights
    ]
    if marks:
        function.properties["arg_attrs"] = ArrayAttr([*old, *map(DictionaryAttr, marks)])
        memory = Memory(function)
        for mark, value in zip(marks, freezer.weights.values(), strict=True):
            group = memory.group(value)
            if group is not None and group.tensor_writes:
                mark["ts.mutable"] = UnitAttr()
        function.properties["arg_attrs"] = ArrayAttr([*old, *map(DictionaryAttr, marks)])
    function.properties["function_type"] = type(function.function_type).from_lists(
        [a.type for a in block.args], function.function_type.outputs.data
    )
    return list(freezer.weights)


def weight_paths(function: FuncOp) -> list[str]:
    """The paths of the weights among a function's arguments, in order."""
    found = [a.data.get("ts.weight") for a in argument_attributes(function)]
    return [path.data for path in found if isinstance(path, StringAttr)]


def tensor_type(array: np.ndarray[Any, Any]) -> TensorType:
    """The type of a tensor, with its dtype and shape."""
    return TensorType(dtypes.from_numpy(array.dtype.name), array.shape)


def argument_attributes(function: FuncOp) -> list[DictionaryAttr]:
    """The attributes of each argument of a function, empty dictionaries where there are none."""
    if function.arg_attrs is not None:
        return list(function.arg_attrs.data)
    return [DictionaryAttr({}) for _ in function.body.block.args]
