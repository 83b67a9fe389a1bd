"""`lower-ts-to-linalg`: tensor operations on values become linalg; Python arithmetic becomes arith."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, ModuleOp, StringAttr, UnitAttr
from xdsl.dialects.builtin import TensorType as BuiltinTensorType
from xdsl.dialects.func import FuncOp
from xdsl.dialects.tensor import CastOp as TensorCastOp
from xdsl.ir import Attribute, Block, Operation, OpResult, SSAValue
from xdsl.passes import ModulePass

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.ts import effects
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.structure import CastOp, IsInstanceOp, ListOp, ToReferenceOp, ToValueOp, TruthOp, UnpackOp
from tsir.dialects.ts.types import ListType, TensorType, dtype_of, element_type, linalg_element_type
from tsir.errors import TsirError
from tsir.lowering.scalars import lower_scalar, truth_of
from tsir.ops.builder import Builder
from tsir.ops.evaluate import emit
from tsir.ops.registry import operator
from tsir.ops.sizes import CannotLower, ShapeEnv, SymInt, size_key
from tsir.ops.tensor import SymScalar, SymTensor
from tsir.passes.assumptions import write_conditions
from tsir.passes.constants import UNKNOWN, constant_ops
from tsir.passes.facts import BODY_ERRORS, NOTHING_KNOWN, Facts, strip_casts
from tsir.passes.freeze import argument_attributes
from tsir.passes.memory import is_transient_list
from tsir.passes.structure import functions, walk


@dataclass(frozen=True)
class LowerTsToLinalgPass(ModulePass):
    """Replaces ATen operations on builtin tensors by what their definitions emit.

        %0 = ts.aten.relu(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>

    becomes a `linalg.generic` over `%x`. Run it after `ts-functionalize`. Sizes stay symbolic through one traversal of the
    function, so that equal `?` dimensions are known to be equal. Python arithmetic on ints, floats and bools becomes `arith`
    where the meaning is the same. An operation that can't be lowered takes and gives references again, runs by dispatch, and
    has the reason as `ts.reason`; a host operator that wasn't found to take its arguments has `ts.unchecked`. uint8 tensors
    become `i8`, with `ts.type` on the function's arguments and results. With `in-memory=false` what gives a copy or a view, as
    tensors lie in memory, is lowered even where a caller could tell the two apart.
    """

    name = "lower-ts-to-linalg"

    in_memory: bool = True

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for function in functions(op):
            lower_function(function, in_memory=self.in_memory)


def lower_function(function: FuncOp, *, in_memory: bool = True) -> None:
    """Lowers one function in place; `in_memory` tells whether a caller can tell a copy from what it is a copy of."""
    env = ShapeEnv(allow_guards=False)
    facts = Facts(function, env)
    facts.run()
    _Lowering(function, facts, in_memory).run()
    write_conditions(function, env.guards)


_BY_LAYOUT = frozenset(("contiguous", "ravel", "real", "imag", "view_as_real", "view_as_complex"))


def _seen_layouts(function: FuncOp) -> set[Operation]:
    """Operations whose results are seen, and are views in a way that linalg doesn't say: of the parts of complex numbers, and
    `contiguous` and `ravel`, which copy or don't as their operand lies."""
    found: set[Operation] = set()
    for op in walk(function):
        if not isinstance(op, AtenOp):
            continue
        if op.SCHEMA.key in _BY_LAYOUT and _is_seen(op):
            found.add(op)
    return found


def _element_of(value: SSAValue) -> SSAValue:
    """What a list that was unpacked has in this place: of the tensors that `split` gives this is known when it is lowered."""
    if not (isinstance(value, OpResult) and isinstance(value.op, UnpackOp) and isinstance(value.type, TensorType)):
        return value
    made = strip_casts(value.op.value)
    if not (isinstance(made, OpResult) and isinstance(made.op, ListOp)):
        return value
    if any(not isinstance(use.operation, UnpackOp | AtenOp) for use in made.uses):
        return value  # somebody may change it
    return made.op.elements[value.index] if len(made.op.elements) == len(value.op.results) else value


def _viewed(value: SSAValue) -> set[SSAValue]:
    """What the elements of an operator's list of views are views of."""
    op = value.owner
    if not isinstance(op, AtenOp) or not isinstance(value, OpResult) or effects.may_be_itself(op):
        return set()
    return set(effects.aliased_operands(op, value.index))


def _is_seen(op: AtenOp) -> bool:
    """Whether the result, or a view of it, is returned or kept in an object, so that somebody may see how it lies in memory."""
    work: list[SSAValue] = [op.results[0]]
    seen: set[SSAValue] = set()
    while work:
        value = work.pop()
        if value in seen:
            continue
        seen.add(value)
        for use in value.uses:
            user = use.operation
            if isinstance(user, ToReferenceOp | ToValueOp | CastOp):
                work.extend(user.results)
            elif isinstance(user, AtenOp):
                work += [r for r in user.results if value in effects.aliased_operands(user, r.index)]
            elif isinstance(user, ListOp) and is_transient_list(user):
                pass
            elif user.dialect_name() in ("ts", "scf", "func") and not isinstance(user, TruthOp | IsInstanceOp):
                return True
    return False


class _Lowering:
    def __init__(self, function: FuncOp, facts: Facts, in_memory: bool) -> None:
        self.function = function
        self.facts = facts
        self.tensors: dict[SSAValue, SymTensor] = {}
        """The lowered form of each tensor value that an operation gave: with the sizes that its emission computed."""
        self.scalars: dict[SSAValue, Any] = {}
        self.available: set[Any] = set()
        self.seen_layouts = _seen_layouts(function) if in_memory else set[Operation]()

    def run(self) -> None:
        block = self.function.body.block
        self._note_unsigned()
        self._fix_unsigned()
        builder = Builder(self.facts.env, block=block)
        # A size of an argument is at hand everywhere; regions nested in each other are worked off with an explicit stack.
        stack: list[tuple[Block, Builder, list[Operation], int]] = [(block, builder, list(block.ops), 0)]
        while stack:
            current, builder, ops, position = stack.pop()
            if position >= len(ops):
                continue
            op = ops[position]
            stack.append((current, builder, ops, position + 1))
            builder.before = op
            builder.location = op.location
            if op.regions and op.dialect_name() == "scf":
                for region in reversed(op.regions):
                    if region.blocks:
                        inner = builder.nested(region.block)
                        stack.append((region.block, inner, list(region.block.ops), 0))
            else:
                self._lower(op, builder)

    # uint8 --------------------------------------------------------------------------------------------------------------

    def _note_unsigned(self) -> None:
        """Gives uint8 arguments and results of the function their `ts.type` attributes."""
        function = self.function
        arguments = argument_attributes(function)
        results = list(function.res_attrs.data) if function.res_attrs is not None else []
        kinds = function.function_type
        for name, types, known in (("arg_attrs", kinds.inputs.data, arguments), ("res_attrs", kinds.outputs.data, results)):
            known = known or [DictionaryAttr({}) for _ in types]
            changed = False
            for i, kind in enumerate(types):
                if isinstance(kind, BuiltinTensorType) and dtype_of(kind.element_type) is dtypes.uint8:
                    known[i] = DictionaryAttr({**known[i].data, "ts.type": TensorType.from_builtin(kind)})
                    changed = True
            if changed:
                function.properties[name] = ArrayAttr(known)

    def _fix_unsigned(self) -> None:
        """Retypes uint8 tensor values to `i8`; the facts remember which they are."""
        from tsir.passes.structure import walk_blocks

        function = self.function
        for block in walk_blocks(function):
            for argument in block.args:
                argument._type = _signless(argument.type)
        for op in walk(function):
            for result in op.results:
                result._type = _signless(result.type)
        kinds = function.function_type
        function.properties["function_type"] = type(kinds).from_lists(
            [_signless(t) for t in kinds.inputs.data], [_signless(t) for t in kinds.outputs.data]
        )

    # Operations -----------------------------------------------------------------------------------------------------------

    def _lower(self, op: Operation, builder: Builder) -> None:
        match op:
            case AtenOp():
                self._lower_aten(op, builder)
            case PyOp() | TruthOp():
                self._lower_scalar(op, builder)
            case ToReferenceOp():
                if not self._is_written(op.result):
                    self.tensors[op.result] = self._tensor(op.value)
            case ToValueOp() if (
                isinstance(op.reference, OpResult)
                and isinstance(op.reference.op, ToReferenceOp)
                and not self._is_written(op.reference)
            ):
                self._replace(op.result, self._tensor(op.reference.op.value), builder)
                _erase(op)
            case CastOp() if isinstance(op.value.type, BuiltinTensorType) and isinstance(op.result.type, BuiltinTensorType):
                self._replace(op.result, self._tensor(op.value), builder)
                _erase(op)
            case _:
                pass

    def _is_written(self, reference: SSAValue) -> bool:
        group = self.facts.memory.group_of(reference)
        return group is not None and bool(group.tensor_writes)

    def _tensor(self, value: SSAValue) -> SymTensor:
        """The symbolic tensor of a builtin tensor value."""
        found = self.tensors.get(value)
        if found is None:
            fact = self.facts.of(value)
            assert isinstance(fact, SymTensor), f"no shape for {value.type}"
            kind = value.type
            assert isinstance(kind, BuiltinTensorType)
            shape = tuple(
                d if d >= 0 else (s if self._has_origin(s) else self._own_size(value, i))
                for i, (d, s) in enumerate(zip(kind.get_shape(), fact.shape, strict=True))
            )
            found = self.tensors[value] = SymTensor(fact.dtype, shape, value)
        return found

    def _has_origin(self, size: Any) -> bool:
        """Whether a size can be computed from the function's arguments, so that it is at hand everywhere."""
        if isinstance(size, int):
            return False  # the type says that it isn't static
        assert isinstance(size, SymInt)
        arguments = self.function.body.block.args
        stack = list(size.atoms())
        while stack:
            atom = stack.pop()
            if atom.operation is not None:
                stack += [a for v in atom.operands if isinstance(v, SymInt) for a in v.atoms()]
            elif not (isinstance(atom.origin, tuple) and atom.origin[0] in arguments):
                return False
        return True

    def _own_size(self, value: SSAValue, dim: int) -> SymInt:
        return self.facts.env.atom(f"{value.name_hint or 'value'}.size({dim})", lower=0, origin=(value, dim))

    def _lower_aten(self, op: AtenOp, builder: Builder) -> None:
        reason = self.facts.errors.get(op) or self.facts.reasons.get(op)
        definition = operator(op.SCHEMA.key)
        if reason and definition is not None and definition.host is not None:
            op.attributes["ts.unchecked"] = UnitAttr()
        if not any(isinstance(v.type, BuiltinTensorType) for v in (*op.operands, *op.results)) and not (
            definition is not None and _is_on_values(op)
        ):
            op.attributes["ts.reason"] = StringAttr(reason or "its tensors are written or of unknown type")
            return
        last = op.prev_op
        if op in self.seen_layouts:
            self._dispatch(op, last, "the caller sees whether it is a copy")
            return
        try:
            arguments = [self._argument(o) for o in op.operands]
            if definition is None:
                raise CannotLower(f"the operator {op.SCHEMA.key} isn't known")
            with self.facts.env.guarding():
                results = emit(definition, arguments, builder)
        except CannotLower as error:
            self._dispatch(op, last, error.message)
            return
        except BODY_ERRORS as error:
            self._dispatch(op, last, error.message if isinstance(error, TsirError) else str(error))
            return
        for old, new in zip(op.results, results, strict=True):
            self._replace(old, new, builder)
        _erase(op)

    def _argument(self, value: SSAValue) -> Any:
        if isinstance(value.type, BuiltinTensorType):
            return self._tensor(value)
        known = self.tensors.get(value)
        if known is not None:
            return known
        if value in self.scalars:
            return self.scalars[value]
        source = strip_casts(value)
        if isinstance(source, OpResult) and isinstance(source.op, ListOp):
            return [self._argument(_element_of(e)) for e in source.op.elements]
        if source is not value and source in self.tensors:
            return self.tensors[source]
        fact = self.facts.of(value)
        if isinstance(fact, SymInt) and self._has_origin(fact):
            return fact
        if isinstance(fact, SymInt):
            return SymScalar("int", value)
        found = self.facts.argument(value)
        if found is UNKNOWN or _has_tensor(found):
            raise CannotLower(f"{NOTHING_KNOWN} an argument of type {value.type}")
        return found

    def _dispatch(self, op: AtenOp, last: Operation | None, reason: str) -> None:
        """Leaves an operation to dispatch: on references, with the reason; what was emitted for it so far goes."""
        block = op.parent_block()
        assert block is not None
        emitted = last.next_op if last is not None else block.first_op
        while emitted is not None and emitted is not op:
            following = emitted.next_op
            if not emitted.results:
                block.erase_op(emitted)
            emitted = following
        op.attributes["ts.reason"] = StringAttr(reason)
        for i, operand in enumerate(op.operands):
            if isinstance(operand.type, BuiltinTensorType):
                dtype = self._tensor(operand).dtype
                new = ToReferenceOp(operand, _reference_type(operand.type, dtype))
                new.location = op.location
                block.insert_op_before(new, op)
                op.operands[i] = new.result
        for result in op.results:
            kind = result.type
            if isinstance(kind, BuiltinTensorType):
                fact = self.facts.of(result)
                assert isinstance(fact, SymTensor)
                result._type = _reference_type(cast("BuiltinTensorType[Attribute]", kind), fact.dtype)
                uses = list(result.uses)
                new = ToValueOp(result, kind)
                new.location = op.location
                new.result.name_hint = result.name_hint
                block.insert_op_after(new, op)
                for use in uses:
                    use.operation.operands[use.index] = new.result
                shape = tuple(
                    d if d >= 0 else (s if self._has_origin(s) else self._own_size(new.result, j))
                    for j, (d, s) in enumerate(zip(kind.get_shape(), fact.shape, strict=True))
                )
                self.tensors[new.result] = SymTensor(fact.dtype, shape, new.result)

    def _replace(self, old: SSAValue, new: Any, builder: Builder) -> None:
        """Replaces an operation's result by what was computed for it."""
        if isinstance(new, SymTensor):
            wanted = _signless(old.type)
            if isinstance(wanted, BuiltinTensorType):
                value = new.ssa
                if value.type != wanted:
                    value = builder.one(TensorCastOp, (value,), wanted)
                if value.name_hint is None:
                    value.name_hint = old.name_hint
                self.tensors.setdefault(value, SymTensor(new.dtype, new.shape, value))
                old.replace_all_uses_with(value)
            else:
                reference = self._make_reference(new, builder)
                old.replace_all_uses_with(reference)
        elif isinstance(new, list | tuple) and isinstance(old.type, ListType):
            elements = [self._element(e, builder) for e in cast("list[Any]", new)]
            for element in elements:
                # a view of a whole tensor is another object than the tensor
                if isinstance(element.owner, ToReferenceOp) and element.owner.value in _viewed(old):
                    element.owner.attributes["ts.view"] = UnitAttr()
            made = builder.insert(ListOp(elements, old.type))
            old.replace_all_uses_with(made.results[0])
        else:
            value = self._number(new, builder)
            if isinstance(new, SymInt):
                self.scalars[value] = new
            old.replace_all_uses_with(value)

    def _element(self, element: Any, builder: Builder) -> SSAValue:
        return self._make_reference(element, builder) if isinstance(element, SymTensor) else self._number(element, builder)

    def _make_reference(self, tensor: SymTensor, builder: Builder) -> SSAValue:
        kind = cast("BuiltinTensorType[Attribute]", tensor.ssa.type)
        made = builder.insert(ToReferenceOp(tensor.ssa, _reference_type(kind, tensor.dtype)))
        self.tensors[made.results[0]] = tensor
        return made.results[0]

    def _number(self, value: Any, builder: Builder) -> SSAValue:
        if isinstance(value, SymInt | SymScalar):
            return builder.number_value(value)[0]
        ops = constant_ops(value, builder.location)
        if ops is None:
            raise CannotLower(f"a result of type {type(value).__name__} can't be made")
        for op in ops:
            builder.insert(op)
        return ops[-1].results[0]

    def _lower_scalar(self, op: Operation, builder: Builder) -> None:
        result = op.results[0] if len(op.results) == 1 else None
        if result is None:
            return
        fact = self.facts.of(result)
        if isinstance(fact, SymInt) and self._has_origin(fact):
            value = builder.int_value(fact)
            self.scalars[value] = fact
            result.replace_all_uses_with(value)
            _erase(op)
            return
        if isinstance(op, TruthOp) and isinstance(op.value.type, BuiltinTensorType):
            value = self._truth_of_tensor(op, builder)
        else:
            value = lower_scalar(op, builder)
        if value is not None:
            result.replace_all_uses_with(value)
            _erase(op)

    def _truth_of_tensor(self, op: TruthOp, builder: Builder) -> SSAValue | None:
        tensor = self._tensor(op.value)
        item = operator("item")
        if item is None or any(size_key(s) != 1 for s in tensor.shape):
            return None
        (number,) = emit(item, [tensor], builder)
        return truth_of(builder.number_value(number)[0], builder)


def _is_on_values(op: AtenOp) -> bool:
    """Whether an operation takes and gives no tensor reference (beside those inside lists)."""
    if any(isinstance(v.type, TensorType) for v in (*op.operands, *op.results)):
        return False
    return not any(True for _ in effects.written_operands(op))


def _has_tensor(fact: Any) -> bool:
    if isinstance(fact, list | tuple):
        return any(map(_has_tensor, cast("Sequence[Any]", fact)))
    return isinstance(fact, SymTensor)


def _signless(kind: Attribute) -> Attribute:
    """The type with `i8` for `ui8`."""
    if isinstance(kind, BuiltinTensorType) and kind.element_type == element_type(dtypes.uint8):
        return BuiltinTensorType(linalg_element_type(dtypes.uint8), list(kind.get_shape()))
    return kind


def _reference_type(kind: BuiltinTensorType[Attribute], dtype: DType) -> TensorType:
    return TensorType(dtype, [None if d < 0 else d for d in kind.get_shape()])


def _erase(op: Operation) -> None:
    block = op.parent_block()
    assert block is not None
    block.erase_op(op)
