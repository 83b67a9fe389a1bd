"""Tensors that are given as `out=` and have other sizes than the result: they get them before, as by `resize_`.

Which those are is known when types are. The specialisation starts again then, with a `resize_` in front of the operator, which
`ts-resize-by-name` carries out. Where sizes aren't known, the operator itself resizes what it is given, or raises.
"""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass

from xdsl.dialects import arith
from xdsl.dialects.builtin import IntegerAttr, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.attributes import NoneValueAttr
from tsir.dialects.ts.families import AtenOp, aten_op
from tsir.dialects.ts.structure import ConstantOp, ListOp
from tsir.ops.registry import OpDef, operator
from tsir.passes.names import first_name
from tsir.passes.rebuild import insert_before
from tsir.passes.resize import is_out, target_of
from tsir.passes.structure import walk

NUMBER = "ts.out"
"""The attribute with an operator's number, by which it is found again."""


@dataclass(frozen=True)
class Resized:
    """The operator with this number is given a tensor that gets these sizes, or those of the result where they aren't all known."""

    number: int
    before: tuple[int | None, ...]
    sizes: tuple[int | None, ...]


def number_outs(function: FuncOp) -> bool:
    """Numbers the operators with `out=`; tells whether there are any."""
    found = [op for op in walk(function) if isinstance(op, AtenOp) and is_out(op)]
    for i, op in enumerate(found):
        op.attributes[NUMBER] = IntegerAttr(i, 64)
    return bool(found)


def take_other_sizes(function: FuncOp, known: Container[int]) -> Resized | None:
    """The first operator whose `out=` has other sizes than its result, but for those with known numbers; where there is none, the
    numbers are taken away."""
    numbered = [op for op in walk(function) if NUMBER in op.attributes]
    for op in numbered:
        assert isinstance(op, AtenOp)
        number = op.attributes[NUMBER]
        given, made = target_of(op).type, op.results[0].type if op.results else None
        if _is_view(first_name(target_of(op))) or _is_read(op):
            continue  # what it is a view of would have to see what is written; what the operator reads, too, it refuses itself
        if isinstance(given, ts.TensorType) and isinstance(made, ts.TensorType) and isinstance(number, IntegerAttr):
            before, sizes = given.dims, made.dims
            if number.value.data in known or before is None or sizes is None or (before == sizes and None not in sizes):
                continue
            if None not in sizes or _functional(op) is not None:
                return Resized(number.value.data, before, sizes)
    for op in numbered:
        del op.attributes[NUMBER]
    return None


def _is_view(value: SSAValue) -> bool:
    definition = operator(value.owner.SCHEMA.key) if isinstance(value.owner, AtenOp) else None
    return definition is not None and definition.kind == "view"


def _is_read(op: AtenOp) -> bool:
    """Whether the tensor that is written is one of those that the operator reads."""
    target, read = first_name(target_of(op)), op.operands[:-1]
    elements = [e for o in read if isinstance(o.owner, ListOp) for e in o.owner.elements]
    return any(first_name(v) is target for v in (*read, *elements))


def _functional(op: AtenOp) -> OpDef | None:
    """The operator without `out=`, where that takes the other arguments."""
    definition = operator(op.SCHEMA.key)
    found = None if definition is None or definition.random else definition.functional
    return found if found is not None and len(found.schema.arguments) == len(op.operands) - 1 else None


def resize_out(function: FuncOp, found: Resized) -> None:
    """Puts a `resize_` before the operator; with torch's warning where the tensor has elements, unless the operator makes tensors."""
    op = next(o for o in walk(function) if o.attributes.get(NUMBER) == IntegerAttr(found.number, 64))
    assert isinstance(op, AtenOp)
    before = [d for d in found.before if d is not None]
    reads = any(isinstance(o.type, ts.TensorType | ts.ListType) and o.type != ts.ListType(ts.INT) for o in op.operands[:-1])
    if reads and math.prod(before) and len(before) == len(found.before):
        message = (
            f"An output with one or more elements was resized since it had shape {list(found.before)}, which does not match the "
            f"required output shape {list(found.sizes)}. This behavior is deprecated, and in a future PyTorch release outputs will "
            "not be resized unless they have zero elements. You can explicitly reuse an out tensor t by resizing it, inplace, to "
            "zero elements with t.resize_(0)."
        )
        warn = operator("warn")
        assert warn is not None
        text = insert_before(ConstantOp(StringAttr(message), ts.StrType()), op)
        level = insert_before(arith.ConstantOp(IntegerAttr(2, 64)), op)
        insert_before(aten_op(warn.schema)([text.results[0], level.results[0]], []), op)
    sizes = [d for d in found.sizes if d is not None]
    if len(sizes) < len(found.sizes):
        functional, resize = _functional(op), operator("resize_as_")
        assert functional is not None
        made = aten_op(functional.schema)(op.operands[: len(op.operands) - 1], [ts.TensorType()])
        rest = [insert_before(made, op).results[0]]
    else:
        resize = operator("resize_")
        numbers = [insert_before(arith.ConstantOp(IntegerAttr(n, 64)), op).results[0] for n in sizes]
        rest = [insert_before(ListOp(numbers, ts.ListType(ts.INT)), op).results[0]]
    assert resize is not None
    none = insert_before(ConstantOp(NoneValueAttr(), ts.NONE), op)
    insert_before(aten_op(resize.schema)([target_of(op), *rest, none.results[0]], [ts.TensorType()]), op)
