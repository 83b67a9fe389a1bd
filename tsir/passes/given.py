"""Which tensor values become objects that somebody can tell apart: two of them that are equal aren't one.

A value of a builtin tensor type has no identity. What is returned, carried by a loop or referred to gets one, and so does what such
a value is a view of. Passes that replace a value by another one that is equal ask here whether both may be the same memory.
"""

from __future__ import annotations

from collections.abc import Iterable

from xdsl.dialects import scf
from xdsl.dialects.builtin import TensorType
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.dialects.linalg.ops import GenericOp
from xdsl.ir import Operation, OpResult, SSAValue
from xdsl.traits import IsTerminator

from tsir.dialects.ts import effects
from tsir.dialects.ts.families import AtenOp
from tsir.dialects.ts.structure import ToReferenceOp
from tsir.passes.structure import walk


def given_values(function: FuncOp) -> set[SSAValue]:
    """The tensor values whose memory becomes an object's: what is returned, carried or referred to, or viewed by such a value."""
    given: set[SSAValue] = set()
    work = [o for op in walk(function) if _gives(op) for o in op.operands if isinstance(o.type, TensorType)]
    while work:
        value = work.pop()
        if value in given:
            continue
        given.add(value)
        if isinstance(value, OpResult):
            work.extend(_viewed(value))
    return given


def is_given(value: SSAValue) -> bool:
    """Whether a tensor value is one of `given_values`."""
    seen, work = {value}, [value]
    while work:
        current = work.pop()
        for use in current.uses:
            op = use.operation
            if _gives(op):
                return True
            for result in op.results:
                if isinstance(result.type, TensorType) and result not in seen and current in _viewed(result):
                    seen.add(result)
                    work.append(result)
    return False


def _gives(op: Operation) -> bool:
    return isinstance(op, ToReferenceOp | scf.ForOp | scf.WhileOp | CallOp) or op.has_trait(IsTerminator)


def _viewed(value: OpResult) -> Iterable[SSAValue]:
    """What a tensor value may be a view of."""
    op = value.op
    if effects.is_laid_out(op):
        return op.operands[:1]
    if isinstance(op, AtenOp):
        return effects.aliased_operands(op, value.index)
    if op.dialect_name() in ("tensor", "ts") or isinstance(op, GenericOp):
        return (o for o in op.operands if isinstance(o.type, TensorType))
    return ()
