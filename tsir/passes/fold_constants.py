"""`ts-fold-constants`: what is known when compiling is computed when compiling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects import scf
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from tsir.dialects.ts import effects
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.dialects.ts.structure import CastOp, IsInstanceOp, TruthOp, TupleGetOp, UnpackOp
from tsir.ops import python
from tsir.ops.sizes import SymInt
from tsir.ops.tensor import SymTensor
from tsir.passes.constants import UNKNOWN, constant_ops
from tsir.passes.dicts import read_known_dicts
from tsir.passes.facts import NEVER, Facts
from tsir.passes.infer_types import infer_types
from tsir.passes.rebuild import inline_block
from tsir.passes.refine import refine_uses
from tsir.passes.structure import callee_name, functions, walk
from tsir.passes.unroll import join_lists, make_lists_whole, read_known_lists, unroll_short_loops

_ROUNDS = 8
"""Each round of inference and folding removes a branch or loop; what is left after this many rounds stays."""


@dataclass(frozen=True)
class FoldConstantsPass(ModulePass):
    """Computes Python arithmetic on constants and what tensors' types tell, and takes branches whose condition is known.

        %n = ts.aten.size.int(%x, %c0) : (!ts.tensor<2x3xf32>, i64) -> i64
        %1 = ts.py.gt(%n, %c1) : (i64, i64) -> i1                              ->  %0 = ts.aten.relu(%x) : ...
        %2 = scf.if %1 -> (!ts.tensor) { %0 = ts.aten.relu(%x) : ... } else {...}

    An operation that raises for these constants stays. Loops that are never entered are removed, short ones over lists unrolled,
    and lists that are filled by `append` in straight-line code are made in one piece, as are dicts; what is read of them is found.
    The types of tensors are refined on the way, as `ts-infer-types` does.
    """

    name = "ts-fold-constants"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        called = {callee_name(c) for c in walk(op) if isinstance(c, CallOp)}
        for function in functions(op):
            fold_constants(function, refine_results=function.sym_name.data not in called)


def fold_constants(function: FuncOp, *, refine_results: bool = True) -> Facts:
    """Infers types and folds in turn until neither finds anything; gives the facts of the last round."""
    facts = infer_types(function, refine_results=refine_results)
    for _ in range(_ROUNDS):
        changed = _flatten(function, facts)
        changed |= unroll_short_loops(function, facts)
        _replace_constants(function, facts)
        changed |= make_lists_whole(function)
        changed |= read_known_dicts(function)
        changed |= read_known_lists(function, facts.memory)
        changed |= join_lists(function, facts.memory)
        if not changed:
            break
        facts = infer_types(function, refine_results=refine_results)
    return facts


def _replace_constants(function: FuncOp, facts: Facts) -> None:
    for op in tuple(walk(function)):
        if isinstance(op, AtenOp | PyOp | TruthOp | IsInstanceOp | TupleGetOp | UnpackOp | CastOp):
            if op.parent is not None and not _has_effect(op):
                for result in op.results:
                    _materialise(result, facts.table.get(result, UNKNOWN), op)
                if all(r.first_use is None for r in op.results) and _is_known(op, facts):
                    block = op.parent_block()
                    assert block is not None
                    block.erase_op(op)
        elif isinstance(op, scf.IfOp | scf.ForOp | scf.WhileOp):
            for result in op.results:
                _materialise(result, facts.table.get(result, UNKNOWN), op, after=True)


def _has_effect(op: Operation) -> bool:
    if isinstance(op, AtenOp):
        return op.SCHEMA.mutates or not op.SCHEMA.returns or effects.is_random(op)
    if isinstance(op, PyOp):
        known = python.lookup(op.FUNCTION)
        return known is None or known.mutates or known.effect
    return False


def _is_known(op: Operation, facts: Facts) -> bool:
    """Whether all results were computed, so that the operation raises nothing."""
    return all(_is_foldable(facts.table.get(r, UNKNOWN)) for r in op.results)


def _is_foldable(fact: Any) -> bool:
    if isinstance(fact, tuple):
        return all(map(_is_foldable, cast(tuple[Any, ...], fact)))
    return fact is not UNKNOWN and fact is not NEVER and not isinstance(fact, SymTensor | SymInt | list)


def _materialise(result: SSAValue, fact: Any, op: Operation, *, after: bool = False) -> None:
    if result.first_use is None or not _is_foldable(fact):
        return
    ops = constant_ops(fact, op.location)
    if ops is None:
        return
    block = op.parent_block()
    assert block is not None
    if after:
        block.insert_ops_after(ops, op)
    else:
        block.insert_ops_before(ops, op)
    value = ops[-1].results[0]
    value.name_hint = result.name_hint
    refine_uses(result, value)


def _flatten(function: FuncOp, facts: Facts) -> bool:
    """Replaces branches by the one that is taken and removes loops that aren't entered; whether there were any."""
    changed = False
    for op in tuple(walk(function)):
        if op.parent is None:
            continue
        if isinstance(op, scf.IfOp):
            condition = facts.table.get(op.cond, UNKNOWN)
            if isinstance(condition, bool):
                region = op.true_region if condition else op.false_region
                _inline_block(op, region.block if region.blocks else None)
                changed = True
        elif isinstance(op, scf.ForOp):
            bounds = [facts.table.get(v, UNKNOWN) for v in (op.lb, op.ub, op.step)]
            if all(type(b) is int for b in bounds) and bounds[2] > 0:
                trips = len(range(*bounds))
                if trips == 0:
                    for result, value in zip(op.results, op.iter_args, strict=True):
                        result.replace_all_uses_with(value)
                    _erase(op)
                    changed = True
                elif trips == 1:
                    for argument, value in zip(op.body.block.args, (op.lb, *op.iter_args), strict=True):
                        argument.replace_all_uses_with(value)
                    _inline_block(op, op.body.block)
                    changed = True
    return changed


def _inline_block(op: Operation, block: Block | None) -> None:
    """Puts a block's operations in the place of `op`; what the block yields are the results."""
    if block is not None:
        for result, value in zip(op.results, inline_block(op, block), strict=True):
            refine_uses(result, value)
    _erase(op)


def _erase(op: Operation) -> None:
    block = op.parent_block()
    assert block is not None
    block.erase_op(op, safe_erase=False)
