"""Branches and loops of which it is known what they do: a taken branch, a loop that isn't entered or is entered once.

They are no patterns, as a pattern doesn't look into regions. `ts-fold-constants` does the same with all that inference knows about
conditions and bounds; here a constant has to stand there.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import scf
from xdsl.ir import Block, Operation, SSAValue

from tsir.dialects.traversal import walk
from tsir.dialects.ts import effects
from tsir.ops import python
from tsir.passes.constants import constant_of
from tsir.passes.memory import Memory
from tsir.passes.rebuild import inline_block
from tsir.passes.rules.terms import NativeRule, native


def _moved(block: Block | None, op: Operation) -> Sequence[SSAValue]:
    return () if block is None else inline_block(op, block)


def _taken_branch(op: Operation, memory: Memory) -> Sequence[SSAValue] | None:
    assert isinstance(op, scf.IfOp)
    condition = constant_of(op.cond)
    if not isinstance(condition, bool):
        return None
    region = op.true_region if condition else op.false_region
    return _moved(region.block if region.blocks else None, op)


def _same_branches(op: Operation, memory: Memory) -> Sequence[SSAValue] | None:
    """The results that both branches take from outside, when the branches do nothing else."""
    assert isinstance(op, scf.IfOp)
    if (
        not op.results
        or not op.false_region.blocks
        or effects.writes(op, python.lookup)
        or effects.may_raise(op, python.lookup)
    ):
        return None
    first, second = op.true_region.block.last_op, op.false_region.block.last_op
    if first is None or second is None or tuple(first.operands) != tuple(second.operands):
        return None
    inside = {r for inner in walk(op) for r in inner.results}
    return None if any(v in inside for v in first.operands) else tuple(first.operands)


def _short_loop(op: Operation, memory: Memory) -> Sequence[SSAValue] | None:
    assert isinstance(op, scf.ForOp)
    bounds = [constant_of(v) for v in (op.lb, op.ub, op.step)]
    if any(type(b) is not int for b in bounds) or bounds[2] <= 0:
        return None
    trips = len(range(*bounds))
    if trips == 0:
        return tuple(op.iter_args)
    if trips > 1:
        return None
    for argument, value in zip(op.body.block.args, (op.lb, *op.iter_args), strict=True):
        argument.replace_all_uses_with(value)
    return _moved(op.body.block, op)


_HEAD = "func.func public @f(%x : tensor<2xf32>, %c : i1) -> tensor<2xf32> {\n"
_LOOP = """  %0 = arith.constant 0 : i64
  %1 = arith.constant 1 : i64
  %e = arith.constant {trips} : i64
  %r = scf.for %i = %0 to %e step %1 iter_args(%a = %x) -> (tensor<2xf32>) : i64 {{
    %b = ts.aten.neg(%a) : (tensor<2xf32>) -> tensor<2xf32>
    scf.yield %b : tensor<2xf32>
  }}
  func.return %r : tensor<2xf32>
}}"""

CONTROL: tuple[NativeRule, ...] = (
    native(
        "taken-branch",
        "scf.if",
        _taken_branch,
        why="the condition is a constant",
        example=_HEAD
        + """  %t = arith.constant false
  %r = scf.if %t -> (tensor<2xf32>) {
    scf.yield %x : tensor<2xf32>
  } else {
    %a = ts.aten.neg(%x) : (tensor<2xf32>) -> tensor<2xf32>
    scf.yield %a : tensor<2xf32>
  }
  func.return %r : tensor<2xf32>
}""",
    ),
    native(
        "same-branches",
        "scf.if",
        _same_branches,
        why="both branches give the same values, and do nothing else",
        example=_HEAD
        + """  %r = scf.if %c -> (tensor<2xf32>) {
    scf.yield %x : tensor<2xf32>
  } else {
    scf.yield %x : tensor<2xf32>
  }
  func.return %r : tensor<2xf32>
}""",
    ),
    native(
        "loop-of-no-trip",
        "scf.for",
        _short_loop,
        why="a loop that isn't entered gives what it starts with; one of one trip is its body",
        example=_HEAD + _LOOP.format(trips=0),
    ),
)
"""Dead branches and short loops."""
