"""What leaves a block agrees with where it goes: branches with the arguments of blocks, yields and returns with what takes them.

xDSL's operations don't check this for `cf.br`, `cf.cond_br`, `scf.if` and `scf.while`.
"""

from __future__ import annotations

from collections.abc import Sequence

from xdsl.dialects import cf, func, scf
from xdsl.dialects.builtin import UnregisteredOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.traits import IsTerminator, NoTerminator

from tsir.dialects.invalid import DIFFERENT_TYPES, InvalidIR
from tsir.dialects.symbols import expect_types

BAD_BLOCK = "TS710"
_VISIBILITIES = ("public", "private", "nested")


def verify_blocks(op: Operation) -> None:
    """The blocks of an operation's regions: they end in a terminator, and nothing branches to an entry. Raises InvalidIR."""
    needed = not isinstance(op, UnregisteredOp) and not op.has_trait(NoTerminator)
    for region in op.regions:
        blocks = region.blocks
        if not needed and len(blocks) < 2:
            continue
        several = len(blocks) > 1
        for block in blocks:
            last = block.last_op
            if last is None:
                raise InvalidIR("expected a terminator at the end of the block, found an empty block", BAD_BLOCK, block)
            if not isinstance(last, UnregisteredOp) and not last.has_trait(IsTerminator):
                where = "a region of several blocks" if several else f"the region of {op.name}"
                raise InvalidIR(
                    f"{last.name}: expected a terminator at the end of the block, found {last.name}, which is not a terminator",
                    BAD_BLOCK,
                    last,
                    ((f"the block is in {where}", op),),
                )


def verify_leaving(op: Operation) -> None:
    """Whether an operation that leaves its block stands at the end, and passes what is expected. Raises InvalidIR."""
    block = op.parent
    if block is None:
        return
    if block.last_op is not op and not isinstance(op, UnregisteredOp):
        if op.successors or op.has_trait(IsTerminator):
            assert block.last_op is not None
            raise InvalidIR(
                f"{op.name}: is a terminator, so it has to be the last operation of its block",
                BAD_BLOCK,
                notes=(("the block goes on to here", block.last_op),),
            )
        return
    for i, successor in enumerate(op.successors):
        region = block.parent
        if successor.parent is not region:
            raise InvalidIR(f"{op.name}: successor {i} is a block of another region", BAD_BLOCK)
        if region is not None and successor is region.blocks.first:
            raise InvalidIR(
                f"{op.name}: successor {i} is the entry block of its region, which nothing may branch to", BAD_BLOCK
            )
    match op:
        case cf.BranchOp():
            _branch(op, op.successor, op.arguments, 0)
        case cf.ConditionalBranchOp():
            _branch(op, op.then_block, op.then_arguments, 1)
            _branch(op, op.else_block, op.else_arguments, 1 + len(op.then_arguments))
        case cf.SwitchOp():
            _branch(op, op.default_block, op.default_operands, 1)
        case func.ReturnOp():
            function = op.parent_op()
            if isinstance(function, func.FuncOp):
                notes = (("the function is declared here", function),)
                outputs = function.function_type.outputs.data
                expect_types(op, f"results of @{function.sym_name.data}", outputs, op.operands, notes)
        case scf.YieldOp():
            _yield(op)
        case scf.ConditionOp():
            loop = op.parent_op()
            if isinstance(loop, scf.WhileOp):
                notes = (("the loop is here", loop),)
                expect_types(op, "values for the loop's results", loop.result_types, op.operands[1:], notes, first=1)
        case _:
            pass


def _branch(op: Operation, block: Block, values: Sequence[SSAValue], first: int) -> None:
    if len(block.args) != len(values):
        raise InvalidIR(
            f"{op.name}: expected {len(block.args)} values for the arguments of the block, found {len(values)}",
            DIFFERENT_TYPES,
            notes=(("the block is here", block),),
        )
    for i, (argument, value) in enumerate(zip(block.args, values, strict=True)):
        if argument.type != value.type:
            raise InvalidIR(
                f"{op.name}: expected a value of type {argument.type} for argument {i} of the block, found {value.type}",
                DIFFERENT_TYPES,
                first + i,
                (("the argument is declared here", argument), ("the value is defined here", value)),
            )


def _yield(op: scf.YieldOp) -> None:
    around = op.parent_op()
    match around:
        case scf.IfOp() | scf.ExecuteRegionOp() | scf.IndexSwitchOp() | scf.ForOp():
            expected = around.result_types
        case scf.WhileOp():
            expected = around.operand_types
        case _:
            return
    expect_types(op, f"values yielded to {around.name}", expected, op.operands, (("the operation is here", around),))


def verify_regions(op: Operation) -> None:
    """Whether the entry blocks of an operation's regions take what it gives them. Raises InvalidIR."""
    match op:
        case func.FuncOp():
            if op.sym_visibility is not None and op.sym_visibility.data not in _VISIBILITIES:
                raise InvalidIR(
                    f"{op.name}: expected visibility to be one of {', '.join(_VISIBILITIES)}, found {op.sym_visibility.data!r}"
                )
            _entry(op, op.body.first_block, op.function_type.inputs.data, f"@{op.sym_name.data}")
        case scf.WhileOp():
            _entry(op, op.before_region.first_block, op.operand_types, "the condition's region")
            _entry(op, op.after_region.first_block, op.result_types, "the body")
        case scf.ForOp():
            _entry(op, op.body.first_block, [op.lb.type, *(v.type for v in op.iter_args)], "the body")
        case scf.IfOp() if op.results and not op.false_region.blocks:
            raise InvalidIR(f"{op.name}: expected an else region, for the operation has results", DIFFERENT_TYPES)
        case _:
            pass


def _entry(op: Operation, block: Block | None, expected: Sequence[object], what: str) -> None:
    if block is None:
        return
    found = list(block.arg_types)
    if list(expected) != found:
        wanted, given = (", ".join(map(str, kinds)) for kinds in (expected, found))
        raise InvalidIR(
            f"{op.name}: expected {what} to take ({wanted}), found ({given})",
            DIFFERENT_TYPES,
            notes=(("its entry block is here", block),),
        )
