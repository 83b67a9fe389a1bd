"""Replacing a value by the same value under a more precise type.

An operation that takes any tensor, such as a `ts.aten` one, gets the precise value; where the operand's type is fixed by
something else (calls, returns, branches, containers) a `ts.cast` back to the old type stands between.
"""

from __future__ import annotations

from xdsl.ir import Block, Operation, SSAValue

from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.structure import CastOp, IsInstanceOp, RaiseOp, TruthOp, UnpackOp

FLEXIBLE: tuple[type[Operation], ...] = (AtenOp, PyOp, CastOp, IsInstanceOp, TruthOp, UnpackOp, RaiseOp)
"""Operations that take operands of any type that fits; the results' types don't depend on the operands' by a verifier."""


def refine_uses(old: SSAValue, new: SSAValue) -> None:
    """Replaces all uses of `old` by `new`, through a `ts.cast` after `new` where an operand's type must stay."""
    if old.type == new.type:
        old.replace_all_uses_with(new)
        return
    cast: SSAValue | None = None
    for use in tuple(old.uses):
        if isinstance(use.operation, FLEXIBLE):
            use.operation.operands[use.index] = new
        else:
            if cast is None:
                cast = cast_after(new, old)
            use.operation.operands[use.index] = cast


def cast_after(value: SSAValue, like: SSAValue) -> SSAValue:
    """A `ts.cast` of `value` to the type of `like`, right after `value` is defined."""
    cast = CastOp(value, like.type)
    cast.result.name_hint = like.name_hint
    owner = value.owner
    if isinstance(owner, Block):
        first = owner.first_op
        parent = owner.parent_op()
        cast.location = parent.location if parent is not None else cast.location
        if first is None:
            owner.add_op(cast)
        else:
            owner.insert_op_before(cast, first)
    else:
        cast.location = owner.location
        block = owner.parent_block()
        assert block is not None
        block.insert_op_after(cast, owner)
    return cast.result
