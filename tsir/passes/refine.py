"""Replacing a value by the same value under a more precise type.

An operation that takes any type that agrees, as those of `ts` do, gets the precise value; where the operand's type is fixed
by something else (calls, returns, branches, loops) a `ts.cast` back to the old type stands between.
"""

from __future__ import annotations

from xdsl.ir import Block, SSAValue

from tsir.dialects.ts.structure import CastOp

STRICT_DIALECTS = frozenset({"func", "scf"})
"""Dialects whose operations want operands of exactly one type; those of `ts` take any type that agrees."""


def refine_uses(old: SSAValue, new: SSAValue) -> None:
    """Replaces all uses of `old` by `new`, through a `ts.cast` after `new` where an operand's type must stay."""
    if old.type == new.type:
        old.replace_all_uses_with(new)
        return
    cast: SSAValue | None = None
    for use in tuple(old.uses):
        if use.operation.dialect_name() not in STRICT_DIALECTS:
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
