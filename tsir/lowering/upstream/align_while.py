"""`align-while`: loops carry the same values into both of their regions, in the same order."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from tsir.passes.structure import walk


@dataclass(frozen=True)
class AlignWhilePass(ModulePass):
    """Makes `scf.condition` pass on all arguments of its region, where it passes on some of them.

        scf.while (%a = %x, %go = %c) : (tensor<2xf32>, i1) -> tensor<2xf32> { scf.condition(%go) %a : tensor<2xf32> } do { ...

    becomes

        scf.while (%a = %x, %go = %c) : (tensor<2xf32>, i1) -> (tensor<2xf32>, i1) {
          scf.condition(%go) %a, %go : tensor<2xf32>, i1

    MLIR's bufferization wants what a loop carries in one place in both regions, and IREE's compiler wants as many.
    """

    name = "align-while"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for operation in list(walk(op)):
            if isinstance(operation, scf.WhileOp):
                _align(operation)


def _align(op: scf.WhileOp) -> None:
    before, after = op.before_region.block, op.after_region.block
    condition = before.last_op
    assert isinstance(condition, scf.ConditionOp)
    carried = list(before.args)
    passed = list(condition.args)
    if passed == carried or not all(any(p is c for c in carried) for p in passed):
        return
    places = [next(i for i, c in enumerate(carried) if c is p) for p in passed]
    condition.operands = [condition.condition, *carried]
    old = list(after.args)
    new = [after.insert_arg(c.type, len(after.args)) for c in carried]
    for argument, place in zip(old, places, strict=True):
        new[place].name_hint = argument.name_hint
        argument.replace_all_uses_with(new[place])
        after.erase_arg(argument)
    regions = [op.detach_region(r) for r in list(op.regions)]
    made = scf.WhileOp(list(op.arguments), [c.type for c in carried], *regions)
    made.location = op.location
    made.attributes.update(op.attributes)
    block = op.parent_block()
    assert block is not None
    block.insert_op_before(made, op)
    for result, place in zip(op.results, places, strict=True):
        made.results[place].name_hint = result.name_hint
        result.replace_all_uses_with(made.results[place])
    block.erase_op(op)
