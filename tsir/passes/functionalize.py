"""`ts-functionalize`: references to tensors that nothing writes become values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, ModuleOp, UnitAttr
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.dialects.func import CallOp, FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, BlockArgument, Operation, OpResult, SSAValue
from xdsl.passes import ModulePass

from tsir.dialects.ts import effects
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.structure import CastOp, ListOp, ToReferenceOp, ToValueOp, TruthOp, UnpackOp
from tsir.dialects.ts.types import INT, NONE, ListType, TensorType
from tsir.passes.constants import constant_of
from tsir.passes.freeze import argument_attributes
from tsir.passes.inplace import writes_to_values
from tsir.passes.memory import Memory, is_transient_list
from tsir.passes.structure import callee_name, functions, is_public, walk


@dataclass(frozen=True)
class FunctionalizePass(ModulePass):
    """Turns `!ts.tensor` references of known dtype and rank into builtin `tensor` values where no write can be seen.

        func.func @f(%x : !ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32> {
          %0 = ts.aten.exp(%x) : (!ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32>
          %1 = ts.aten.relu_(%0) : (!ts.tensor<2x3xf32>) -> !ts.tensor<2x3xf32>
          func.return %0 : !ts.tensor<2x3xf32>

    becomes

        func.func @f(%x : tensor<2x3xf32>) -> tensor<2x3xf32> {
          %0 = ts.aten.exp(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
          %1 = ts.aten.relu_(%0) : (tensor<2x3xf32>) -> tensor<2x3xf32>
          func.return %1 : tensor<2x3xf32>

    On values an in-place operator gives the new value of what it writes, and a view is a value like any other. What can't be
    proved stays a reference: tensors in a group that is still written after in-place operations on local memory became values,
    and those of unknown dtype or rank. What only reads such a tensor takes the value that it has then, by `ts.to_value`; lists,
    attributes, calls and operations on references take values through `ts.to_reference`. Where a copy is needed for that, so
    that a later write isn't seen, is what `passes/copies.py` tells.

    Results that share memory with arguments in torch have `ts.alias`, the positions of these arguments, in their `res_attrs`. Those
    that are views, and so other objects than what they are views of, have `ts.view`, also where there is nothing to view.
    """

    name = "ts-functionalize"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        called = {callee_name(c) for c in walk(op) if isinstance(c, CallOp)}
        for function in functions(op):
            functionalize(function, is_entry=is_public(function) and function.sym_name.data not in called)


def functionalize(function: FuncOp, *, is_entry: bool = True) -> None:
    """Moves what can be moved in one function to values. Only an entry's arguments and results may change their types."""
    writes_to_values(function)
    if is_entry:
        mark_aliases(function)
    _Conversion(function, Memory(function, arguments_may_overlap=True), is_entry).run()


class _Conversion:
    def __init__(self, function: FuncOp, memory: Memory, is_entry: bool) -> None:
        self.function = function
        self.memory = memory
        self.is_entry = is_entry
        self.converted: set[SSAValue] = set()
        self.references: dict[tuple[SSAValue, Attribute], SSAValue] = {}

    def _may_convert(self, value: SSAValue) -> bool:
        if not (isinstance(value.type, TensorType) and value.type.is_ranked):
            return False
        group = self.memory.group(value)
        return group is None or not group.tensor_writes

    def run(self) -> None:
        entry = self.function.body.block
        if self.is_entry:
            for argument in entry.args:
                if self._may_convert(argument):
                    self._make_value(argument)
        for op in tuple(walk(self.function)):
            self._convert(op)
        self._fix_signature()

    def _make_value(self, value: SSAValue) -> None:
        kind = value.type
        assert isinstance(kind, TensorType)
        value._type = kind.to_builtin()
        self.converted.add(value)

    def _convert(self, op: Operation) -> None:
        match op:
            case AtenOp() if self._is_value_form(op):
                for result in op.results:
                    if isinstance(result.type, TensorType):
                        self._result(result)
            case scf.IfOp():
                for result in op.results:
                    if self._may_convert(result):
                        self._make_value(result)
            case scf.ForOp():
                for i, operand in enumerate(op.iter_args):
                    self._loop_value((op.body.block.args[i + 1], op.results[i]), op, i + 3, operand)
            case scf.WhileOp():
                for i, operand in enumerate(op.operands):
                    self._loop_value((op.before_region.block.args[i],), op, i, operand)
                for argument, result in zip(op.after_region.block.args, op.results, strict=True):
                    if self._may_convert(argument) and self._may_convert(result):
                        self._make_value(argument)
                        self._make_value(result)
            case scf.YieldOp() | scf.ConditionOp():
                self._fit_terminator(op)
            case ReturnOp():
                for i, operand in enumerate(op.operands):
                    if not self.is_entry:
                        if operand in self.converted:
                            op.operands[i] = self._reference(operand)
                    elif self._may_convert(operand):
                        op.operands[i] = self._value(operand, op)
            case CastOp() if self._converts_cast(op):
                pass
            case TruthOp() if op.value in self.converted:
                pass
            case ToValueOp() if op.reference in self.converted:
                op.result.replace_all_uses_with(op.reference)
                block = op.parent_block()
                assert block is not None
                block.erase_op(op)
            case ToValueOp() if (
                isinstance(op.reference, OpResult)
                and isinstance(op.reference.op, ToReferenceOp)
                and not self._is_written(op.reference)
            ):
                op.result.replace_all_uses_with(op.reference.op.value)
                block = op.parent_block()
                assert block is not None
                block.erase_op(op)
            case ToValueOp():
                self.converted.add(op.result)
            case ToReferenceOp():
                self.converted.add(op.value)
            case _:
                self._host(op)

    def _is_value_form(self, op: AtenOp) -> bool:
        """Whether an ATen operation is on values: tensors of known dtype and rank come in and go out, and it writes none.

        It may read references that others write, through `ts.to_value`, unless its results are views of them.
        """
        if "ts.error" in op.attributes or any(True for _ in effects.written_operands(op)):
            return False
        lists: list[int] = []
        for i, operand in enumerate(op.operands):
            if isinstance(operand.type, TensorType):
                if not operand.type.is_ranked:
                    return False
            elif not isinstance(operand.type, BuiltinTensorType) and _holds_tensor(operand) and not self._may_read(operand):
                return False
            elif isinstance(operand.type, ListType):
                lists.append(i)
        tensors = [r for r in op.results if isinstance(r.type, TensorType)]
        for result in op.results:
            is_view = any(True for _ in effects.aliased_operands(op, result.index))
            if isinstance(result.type, TensorType):
                if not result.type.is_ranked or (is_view and not self._may_convert(result)):
                    return False
            elif _holds_tensor(result) and self._is_written(result):
                return False
        for i, operand in enumerate(op.operands):
            if isinstance(operand.type, TensorType):
                op.operands[i] = self._value(operand, op)
        for i in lists:
            self._read_list(op, i)
        return bool(tensors) or any(isinstance(o.type, BuiltinTensorType) for o in op.operands)

    def _is_written(self, value: SSAValue) -> bool:
        group = self.memory.group_of(value)
        return group is not None and bool(group.tensor_writes)

    def _may_read(self, operand: SSAValue) -> bool:
        """Whether what is in a container can be read as values: nothing writes it, or it is a list of tensors in sight."""
        if isinstance(operand, OpResult) and isinstance(operand.op, ListOp) and is_transient_list(operand.op):
            kinds = [e.type for e in operand.op.elements]
            return all(not isinstance(k, TensorType) or k.is_ranked for k in kinds)
        return not self._is_written(operand)

    def _read_list(self, op: AtenOp, index: int) -> None:
        """Makes a list of tensors that are written anew where an operator takes it, of what they hold then."""
        made = op.operands[index].owner
        if not isinstance(made, ListOp) or not any(map(self._is_written, made.elements)):
            return
        elements: list[SSAValue] = []
        for element in made.elements:
            if isinstance(element.type, TensorType) and self._is_written(element):
                reference = ToReferenceOp(self._value(element, op), element.type)
                reference.location = op.location
                _insert_before(op, reference)
                elements.append(reference.result)
            else:
                elements.append(element)
        new = ListOp(elements, made.result.type)
        new.location = made.location
        _insert_before(op, new)
        op.operands[index] = new.result

    def _result(self, result: SSAValue) -> None:
        """Makes a result a value; where its memory is written later, all uses go through one reference."""
        if self._may_convert(result):
            self._make_value(result)
            return
        kind = result.type
        assert isinstance(result, OpResult) and isinstance(kind, TensorType)
        uses = list(result.uses)
        result._type = kind.to_builtin()
        reference = ToReferenceOp(result, kind)
        reference.location = result.op.location
        reference.result.name_hint = result.name_hint
        block = result.op.parent_block()
        assert block is not None
        block.insert_op_after(reference, result.op)
        self.memory.take_place(reference.result, result)
        for use in uses:
            use.operation.operands[use.index] = reference.result

    def _loop_value(self, values: tuple[SSAValue, ...], op: Operation, index: int, operand: SSAValue) -> None:
        if isinstance(values[0].type, BuiltinTensorType):
            op.operands[index] = self._fit(operand, values[0].type, op)
        elif all(map(self._may_convert, values)) and (operand in self.converted or self._may_convert(operand)):
            op.operands[index] = self._fit(operand, values[0].type, op)
            for value in values:
                self._make_value(value)
        elif operand in self.converted:
            op.operands[index] = self._reference(operand)

    def _fit_terminator(self, op: Operation) -> None:
        parent = op.parent_op()
        assert parent is not None
        if isinstance(op, scf.ConditionOp):
            targets: list[SSAValue | None] = [None, *parent.results]
        elif isinstance(parent, scf.WhileOp):
            targets = list(parent.before_region.block.args)
        else:
            targets = list(parent.results)
        for i, target in enumerate(targets):
            operand = op.operands[i]
            if target is None:
                continue
            if target in self.converted or isinstance(target.type, BuiltinTensorType):
                op.operands[i] = self._fit(operand, target.type, op)
            elif operand in self.converted:
                op.operands[i] = self._reference(operand)

    def _fit(self, operand: SSAValue, kind: Attribute, op: Operation) -> SSAValue:
        """A value for a place of this type: through a `ts.cast` where sizes are known on one side only."""
        wanted = kind.to_builtin() if isinstance(kind, TensorType) else kind
        value = self._value(operand, op)
        if value.type == wanted:
            return value
        new = CastOp(value, wanted)
        new.location = op.location
        _insert_before(op, new)
        self.converted.add(new.result)
        return new.result

    def _converts_cast(self, op: CastOp) -> bool:
        if op.value in self.converted and self._may_convert(op.result):
            self._make_value(op.result)
            return True
        return False

    def _value(self, operand: SSAValue, op: Operation) -> SSAValue:
        if operand in self.converted or isinstance(operand.type, BuiltinTensorType):
            return operand
        if isinstance(operand, OpResult) and isinstance(operand.op, ToReferenceOp) and not self._is_written(operand):
            return operand.op.value
        kind = operand.type
        assert isinstance(kind, TensorType)
        new = ToValueOp(operand, kind.to_builtin())
        new.location = op.location
        _insert_before(op, new)
        self.converted.add(new.result)
        return new.result

    def _reference(self, value: SSAValue) -> SSAValue:
        """The reference to a value, made once right after the value."""
        while isinstance(value, OpResult) and isinstance(value.op, AtenOp) and _is_operand(value.op):
            if not isinstance(value.op.operands[0].type, BuiltinTensorType):
                return value.op.operands[0]
            value = value.op.operands[0]
        kind = cast("BuiltinTensorType[Attribute]", value.type)
        found = self.references.get((value, kind))
        if found is None:
            new = ToReferenceOp(value, TensorType.from_builtin(kind))
            new.result.name_hint = value.name_hint
            if self._shares(value):
                new.attributes["ts.alias"] = UnitAttr()
            if _is_new_view(value):
                new.attributes["ts.view"] = UnitAttr()
            _insert_after(value, new, self.function)
            found = self.references[value, kind] = new.result
        return found

    def _shares(self, value: SSAValue) -> bool:
        """Whether torch's tensor shares memory with another one: then a copy would be wrong."""
        if isinstance(value, OpResult) and isinstance(value.op, AtenOp):
            return any(True for _ in effects.aliased_operands(value.op, value.index))
        group = self.memory.group_of(value)
        return isinstance(value, BlockArgument) or (group is not None and group.external)

    def _host(self, op: Operation) -> None:
        for i, operand in enumerate(op.operands):
            if operand in self.converted:
                op.operands[i] = self._reference(operand)
        for result in op.results:
            if self._may_convert(result) and any(_takes_values(use.operation) for use in result.uses):
                kind = result.type
                assert isinstance(kind, TensorType)
                new = ToValueOp(result, kind.to_builtin())
                new.location = op.location
                new.result.name_hint = result.name_hint
                uses = [u for u in result.uses if _takes_values(u.operation)]
                block = op.parent_block()
                assert block is not None
                block.insert_op_after(new, op)
                for use in uses:
                    use.operation.operands[use.index] = new.result
                self.converted.add(new.result)

    def _fix_signature(self) -> None:
        function = self.function
        last = function.body.block.last_op
        assert last is not None
        if self.is_entry:
            function.properties["function_type"] = type(function.function_type).from_lists(
                [a.type for a in function.body.block.args], [o.type for o in last.operands]
            )
            if function.arg_attrs is not None:
                function.properties["arg_attrs"] = ArrayAttr(self._argument_attributes())

    def _argument_attributes(self) -> list[DictionaryAttr]:
        """The arguments' attributes: what became a value isn't written (any more), so it isn't `ts.mutable`."""
        found = argument_attributes(self.function)
        for i, argument in enumerate(self.function.body.block.args):
            if argument in self.converted and "ts.mutable" in found[i].data:
                found[i] = DictionaryAttr({k: v for k, v in found[i].data.items() if k != "ts.mutable"})
        return found


def mark_aliases(function: FuncOp) -> None:
    """Notes on the function which results share memory with which arguments."""
    last = function.body.block.last_op
    if last is None:
        return
    memory = Memory(function)
    arguments = function.body.block.args
    marks: list[DictionaryAttr] = []
    old = function.res_attrs.data if function.res_attrs is not None else [DictionaryAttr({})] * len(last.operands)
    for known, operand in zip(old, last.operands, strict=True):
        group = memory.group(operand)
        data = dict(known.data)
        if group is not None and isinstance(operand.type, TensorType):
            shared = [i for i, a in enumerate(arguments) if a is operand or memory.group(a) is group]
            if shared:
                data["ts.alias"] = ArrayAttr([IntegerAttr(i, INT) for i in shared])
            if _is_new_view(operand):
                data["ts.view"] = UnitAttr()
        marks.append(DictionaryAttr(data))
    if any(m.data for m in marks):
        function.properties["res_attrs"] = ArrayAttr(marks)


def _is_new_view(value: SSAValue) -> bool:
    """Whether a tensor is a view that an operator has made, or such a view handed on: another object than what it is a view of."""
    while isinstance(value, OpResult):
        op = value.op
        if (isinstance(op, PyOp) and op.FUNCTION == "getitem") or isinstance(
            op, CastOp | ToReferenceOp | ToValueOp | UnpackOp
        ):
            value = op.operands[0]
        elif isinstance(op, AtenOp):
            sources = list(effects.aliased_operands(op, value.index))
            if not sources:
                return False
            if not (effects.may_be_itself(op) or op.SCHEMA.mutates):
                return True
            value = sources[0]
        else:
            return False
    return False


_CONVERSIONS = frozenset("to type_as float double half bfloat16 long int short bool type cpu".split())
"""Operators that give the tensor itself where nothing has to be converted."""


def _is_operand(op: AtenOp) -> bool:
    """Whether an operator gives its operand for certain, the same object."""
    kinds = [
        k.to_builtin() if isinstance(k, TensorType) and k.is_ranked else k for k in (op.operands[0].type, op.results[0].type)
    ]
    if op.SCHEMA.name not in _CONVERSIONS or kinds[0] != kinds[1]:
        return False
    for operand, argument in zip(op.operands, op.SCHEMA.arguments, strict=True):
        if argument.name == "copy" and constant_of(operand) is not False:
            return False
        if argument.type.base == "MemoryFormat" and operand.type != NONE:
            return False
    return True


def _holds_tensor(value: SSAValue) -> bool:
    return effects.is_reference(value.type) and not isinstance(value.type, TensorType)


def _takes_values(op: Operation) -> bool:
    return isinstance(op, AtenOp | scf.YieldOp | scf.ForOp | scf.WhileOp | scf.ConditionOp | ReturnOp)


def _insert_before(op: Operation, new: Operation) -> None:
    block = op.parent_block()
    assert block is not None
    block.insert_op_before(new, op)


def _insert_after(value: SSAValue, new: Operation, function: FuncOp) -> None:
    owner = value.owner
    if isinstance(owner, Block):
        parent = owner.parent_op() or function
        new.location = parent.location
        first = owner.first_op
        assert first is not None
        owner.insert_op_before(new, first)
    else:
        new.location = owner.location
        block = owner.parent_block()
        assert block is not None
        block.insert_op_after(new, owner)
