"""What a program does when an exception passes, as the `__exit__` of an object that archives bring along: TorchScript has `with`.

An exception that is always raised again can be written so: `with` statements and `finally`. One that the program catches can't.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xdsl.dialects import arith, scf
from xdsl.ir import Block, Operation, SSAValue

from tsir.dialects.ts import structure as s
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.effects import is_pure
from tsir.dialects.ts.families import PyOp
from tsir.ops.python import lookup
from tsir.passes.constants import constant_of

_TESTS = frozenset(("is", "is_not"))


def is_about_exception(operation: Operation) -> bool:
    """Whether an operation gives `__exit__` its first or third argument: the exception's class, or its traceback."""
    if not isinstance(operation, PyOp):
        return False
    traced = operation.FUNCTION == "exception_attribute" and constant_of(operation.operands[1]) == "__traceback__"
    return traced or operation.FUNCTION == "exception_type"


@dataclass
class Cleanup:
    """The operations behind a `ts.try` that run when its exception passes, and the values from before that they need."""

    operations: list[Operation] = field(default_factory=list[Operation])
    known: dict[SSAValue, bool] = field(default_factory=dict[SSAValue, bool])
    """Which of the conditions ask for the exception, and their values when there is one."""
    names: dict[SSAValue, SSAValue] = field(default_factory=dict[SSAValue, SSAValue])
    """Results of branches that are taken, by what the branches yield."""
    captured: list[SSAValue] = field(default_factory=list[SSAValue])

    @property
    def has_effects(self) -> bool:
        """Whether anything can be told of what happens when the exception passes."""
        return any(not is_pure(o, lookup) for o in self.operations if not isinstance(o, s.ReraiseOp))


def cleanup_of(attempt: s.TryOp) -> Cleanup | None:
    """What happens when an exception passes a `ts.try`; None if it doesn't always, or if the program asks what exception it is."""
    found = Cleanup()
    error = attempt.exception
    for use in error.uses:
        operation = use.operation
        passed = is_about_exception(operation) or (isinstance(operation, PyOp) and operation.FUNCTION in _TESTS)
        if not passed and operation.name not in ("func.call", "ts.reraise", "ts.call_method"):
            return None
    following: list[Operation] = []
    operation = attempt.next_op
    while operation is not None:
        following.append(operation)
        operation = operation.next_op
    if not _follow(following, error, found):
        return None
    found.captured = _captured(found.operations, error)
    return found


def _follow(operations: Sequence[Operation], error: SSAValue, found: Cleanup) -> bool:
    """Notes operations up to the one that raises the exception again, through branches that ask for it; whether there is one."""
    for operation in operations:
        if isinstance(operation, scf.YieldOp):
            return False
        if isinstance(operation, s.ReraiseOp) and operation.exception is error:
            return True
        if isinstance(operation, PyOp) and operation.FUNCTION in ("is", "is_not") and operation.operands[0] is error:
            found.known[operation.results[0]] = operation.FUNCTION == "is_not"
        elif isinstance(operation, PyOp) and operation.FUNCTION == "not" and operation.operands[0] in found.known:
            found.known[operation.results[0]] = not found.known[operation.operands[0]]
        elif isinstance(operation, s.TruthOp) and operation.value.type == ts.NONE:
            found.known[operation.results[0]] = False
        elif isinstance(operation, scf.IfOp) and (
            operation.cond in found.known or constant_of(operation.cond) in (True, False)
        ):
            value = found.known.get(operation.cond, constant_of(operation.cond))
            region = operation.true_region if value else operation.false_region
            inner: list[Operation] = list(region.block.ops) if region.blocks else []
            if _follow(inner, error, found):
                return True
            last = inner[-1] if inner else None
            if isinstance(last, scf.YieldOp):
                found.names.update(zip(operation.results, last.operands, strict=True))
        elif isinstance(operation, s.TryOp) or any(isinstance(o, s.ReraiseOp) for o in operation.walk()):
            return False
        else:
            found.operations.append(operation)
    return False


def _captured(operations: Sequence[Operation], error: SSAValue) -> list[SSAValue]:
    """What operations read of values from before them, but for constants and the exception."""
    inside: set[SSAValue] = {error}
    blocks: set[Block] = set()
    found: list[SSAValue] = []
    for top in operations:
        for operation in top.walk():
            inside.update(operation.results)
            blocks.update(b for r in operation.regions for b in r.blocks)
    for block in blocks:
        inside.update(block.args)
    for top in operations:
        for operation in top.walk():
            for operand in operation.operands:
                is_constant = isinstance(operand.owner, arith.ConstantOp | s.ConstantOp)
                if operand not in inside and not is_constant and operand not in found:
                    found.append(operand)
    return found
