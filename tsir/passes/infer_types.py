"""`ts-infer-types`: dtypes and shapes of tensors, through control flow to a fixpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.dialects.func import CallOp, FuncOp, ReturnOp
from xdsl.ir import Attribute, Operation, OpResult, SSAValue
from xdsl.passes import ModulePass

from tsir.dialects.ts.compatibility import accepts, tensors_agree
from tsir.dialects.ts.families import AtenOp
from tsir.dialects.ts.structure import CastOp, YieldOp
from tsir.dialects.ts.types import AnyType, NamedTupleType, OptionalType, TensorType, TupleType, UnionType
from tsir.ops.tensor import SymTensor
from tsir.passes.assumptions import write_conditions
from tsir.passes.facts import Facts, strip_casts
from tsir.passes.refine import STRICT_DIALECTS
from tsir.passes.structure import callee_name, functions, walk, walk_blocks


@dataclass(frozen=True)
class InferTypesPass(ModulePass):
    """Refines the types of tensors by what their operators say.

        func.func @f(%x : !ts.tensor<2x3xf32>) -> !ts.tensor {
          %0 = ts.aten.t(%x) : (!ts.tensor<2x3xf32>) -> !ts.tensor
          func.return %0 : !ts.tensor

    becomes

        func.func @f(%x : !ts.tensor<2x3xf32>) -> !ts.tensor<3x2xf32> {
          %0 = ts.aten.t(%x) : (!ts.tensor<2x3xf32>) -> !ts.tensor<3x2xf32>
          func.return %0 : !ts.tensor<3x2xf32>

    Ints, lists and tuples are followed too, so that `x.view(x.size(0), -1)` has a shape. What a loop carries has the dtype and
    rank that it has in every round, and `?` for sizes that change. The result types of a function that is called in the
    module stay. An operation that is wrong for these types keeps its type and gets `ts.error` with the message: the error comes
    at run time, if the operation is reached.
    """

    name = "ts-infer-types"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        called = {callee_name(c) for c in walk(op) if isinstance(c, CallOp)}
        for function in functions(op):
            infer_types(function, refine_results=function.sym_name.data not in called)


def infer_types(function: FuncOp, *, refine_results: bool = True) -> Facts:
    """Refines the types in one function; gives the facts, which stay valid while only dead code is removed."""
    facts = Facts(function)
    facts.run()
    write_conditions(function, facts.env.guards)
    write_types(facts, refine_results=refine_results)
    return facts


def write_types(facts: Facts, *, refine_results: bool = True) -> None:
    """Writes facts into the types of values, and `ts.cast`s where branches, loops, calls and returns want another type."""
    function = facts.function
    calls = {op: op.operand_types for op in walk(function) if isinstance(op, CallOp)}
    for block in walk_blocks(function):
        if block.parent_op() is not function:
            for argument in block.args:
                _retype(argument, facts)
    for op in walk(function):
        if not isinstance(op, CallOp | CastOp):
            for result in op.results:
                _retype(result, facts)
        if isinstance(op, scf.ForOp | scf.WhileOp):
            arguments = op.body.block.args[1:] if isinstance(op, scf.ForOp) else op.after_region.block.args
            for result, argument in zip(op.results, arguments, strict=True):
                result._type = argument.type
        if isinstance(op, AtenOp):
            error = facts.errors.get(op)
            if error is not None:
                op.attributes["ts.error"] = StringAttr(error)
            else:
                op.attributes.pop("ts.error", None)
    for op in tuple(walk(function)):
        if op.dialect_name() in STRICT_DIALECTS or isinstance(op, YieldOp):
            wanted = calls[op] if isinstance(op, CallOp) else _wanted_types(op, function, refine_results)
            _fit_operands(op, wanted)
        else:
            _forward_casts(op)
    if refine_results:
        last = function.body.block.last_op
        assert last is not None
        function.properties["function_type"] = type(function.function_type).from_lists(
            [a.type for a in function.body.block.args], [o.type for o in last.operands]
        )


def _retype(value: SSAValue, facts: Facts) -> None:
    if value in facts.table:
        value._type = refined(value.type, facts.table[value])


def refined(kind: Attribute, fact: Any) -> Attribute:
    """The type with what the fact says of tensors; never less precise than before."""
    if isinstance(kind, TensorType) and isinstance(fact, SymTensor):
        return TensorType(fact.dtype, [s if isinstance(s, int) else None for s in fact.shape])
    if isinstance(kind, OptionalType) and isinstance(kind.element, TensorType) and isinstance(fact, SymTensor):
        return refined(kind.element, fact)
    if isinstance(kind, TupleType) and isinstance(fact, tuple):
        elements = cast("tuple[Any, ...]", fact)
        return TupleType([refined(k, f) for k, f in zip(kind.elements.data, elements, strict=True)])
    if isinstance(kind, NamedTupleType) and isinstance(fact, tuple):
        elements = cast("tuple[Any, ...]", fact)
        types = [refined(k, f) for k, f in zip(kind.elements.data, elements, strict=True)]
        return NamedTupleType(kind.class_name.data, [f.data for f in kind.fields.data], types)
    return kind


def _fit_operands(op: Operation, wanted: Sequence[Attribute | None]) -> None:
    for i, kind in enumerate(wanted):
        operand = op.operands[i]
        if kind is None or operand.type == kind:
            continue
        source = strip_casts(operand)
        if source.type == kind:
            op.operands[i] = source
            continue
        if isinstance(kind, TensorType) and isinstance(source.type, TensorType) and not tensors_agree(source.type, kind):
            source = _cast_before(op, source, TensorType())  # in a branch that isn't taken
        op.operands[i] = _cast_before(op, source, kind)


def _cast_before(op: Operation, value: SSAValue, kind: Attribute) -> SSAValue:
    new = CastOp(value, kind)
    new.location = op.location
    new.result.name_hint = value.name_hint
    block = op.parent_block()
    assert block is not None
    block.insert_op_before(new, op)
    return new.result


def _forward_casts(op: Operation) -> None:
    """Lets an operation that takes any type that agrees have the value before its casts, where that is more precise."""
    for i, operand in enumerate(op.operands):
        if isinstance(operand, OpResult) and isinstance(operand.op, CastOp):
            source = strip_casts(operand)
            if accepts(operand.type, source.type) and _precision(source.type) >= _precision(operand.type):
                op.operands[i] = source


def _precision(kind: Attribute) -> int:
    if isinstance(kind, OptionalType | UnionType | AnyType):
        return 0
    if isinstance(kind, TensorType):
        return 1 + (kind.dtype is not None) + sum(1 + (d is not None) for d in kind.dims or ()) + (kind.dims is not None)
    return 1


def _wanted_types(op: Operation, function: FuncOp, refine_results: bool) -> Sequence[Attribute | None]:
    """The types that something else fixes for an operation's operands; None for an operand of any type."""
    parent = op.parent_op()
    match op:
        case scf.ForOp():
            return [None, None, None, *(a.type for a in op.body.block.args[1:])]
        case scf.WhileOp():
            return [a.type for a in op.before_region.block.args]
        case scf.YieldOp():
            if isinstance(parent, scf.WhileOp):
                return [a.type for a in parent.before_region.block.args]
            return [r.type for r in parent.results] if parent is not None else []
        case scf.ConditionOp():
            return [None, *(r.type for r in parent.results)] if parent is not None else []
        case YieldOp():
            return parent.result_types[1:] if parent is not None else []
        case ReturnOp():
            return [] if refine_results else function.function_type.outputs.data
        case _:
            return []
