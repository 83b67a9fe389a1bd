"""Which values name one tensor: by way of in-place operators, casts and tuples in sight. What memory they share is `memory.py`'s."""

from __future__ import annotations

from xdsl.ir import Operation, OpResult, SSAValue

from tsir.dialects.ts.families import AtenOp
from tsir.dialects.ts.structure import CastOp, TupleGetOp, TupleOp, UnpackOp


def first_name(value: SSAValue) -> SSAValue:
    """The value that first had this tensor: an in-place operator gives its operand, a cast changes the type alone."""
    while isinstance(value, OpResult):
        op = value.op
        if isinstance(op, CastOp):
            value = op.value
        elif isinstance(op, AtenOp) and value.index < len(op.SCHEMA.returns) and op.SCHEMA.returns[value.index].is_write:
            alias = op.SCHEMA.returns[value.index].alias
            value = next(o for o, a in zip(op.operands, op.SCHEMA.arguments, strict=False) if a.type.alias == alias)
        elif (element := _element(op, value.index)) is not None:
            value = element
        else:
            return value
    return value


def _element(op: Operation, index: int) -> SSAValue | None:
    """The element of a tuple in sight that an operation takes out of it."""
    if isinstance(op, TupleGetOp | UnpackOp):
        made = op.operands[0]
        if isinstance(made, OpResult) and isinstance(made.op, TupleOp):
            return made.op.elements[index if isinstance(op, UnpackOp) else op.index.value.data]
    return None
