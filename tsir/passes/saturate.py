"""`ts-saturate`: all that the rules make of a program at once, and the cheapest of it."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import SSAValue
from xdsl.passes import ModulePass

from tsir.dialects.context import TsContext
from tsir.passes.dce import eliminate_dead_code
from tsir.passes.freeze import argument_attributes
from tsir.passes.rules.costs import cost_model
from tsir.passes.rules.egraph import CostModel, EGraph, Growth
from tsir.passes.rules.engine import Statistics
from tsir.passes.rules.matching import RuleIndex
from tsir.passes.rules.replacing import facts_in
from tsir.passes.rules.tables import TABLES, chosen
from tsir.passes.structure import functions, walk_blocks


@dataclass(frozen=True)
class SaturatePass(ModulePass):
    """Collects what rules make in an e-graph, instead of rewriting in place, and takes the cheapest program of all that are equal.

        %0 = ts.aten.linear(%x, %a, %none) : 1024 to 8      ->   %0 = ts.aten.matmul(%b, %a)         (known before a call)
        %1 = ts.aten.linear(%0, %b, %none) : 8 to 1024           %1 = ts.aten.add.Tensor(%w, %0, %one)    (the same)
        %2 = ts.aten.linear(%x, %w, %none)                       %2 = ts.aten.linear(%x, %1, %none)
        %3 = ts.aten.add.Tensor(%2, %1, %one)

    The order in which rules come, and whether both directions of a law are among them, makes no difference. `cost` is a name of
    `rules/costs.py` or FILE.py:FUNCTION; what only weights are needed for is done before calls and costs nothing. It is
    done after `rounds` rounds or when the block has `operations` operations, if rules still find something then. The other options
    are those of `ts-canonicalize`; rewrites that aren't patterns are left to that pass.
    """

    name = "ts-saturate"

    tables: tuple[str, ...] = tuple(TABLES)
    files: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()
    cost: str = "work"
    rounds: int = 10
    operations: int = 20_000

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        statistics = ctx.statistics if isinstance(ctx, TsContext) and isinstance(ctx.statistics, Statistics) else None
        index = RuleIndex(chosen(self.tables, only=self.only, disable=self.disable, files=self.files))
        cost = cost_model(self.cost)
        for function in functions(op):
            saturate(function, index, cost, Growth(self.rounds, self.operations), statistics)


def saturate(
    function: FuncOp, index: RuleIndex, cost: CostModel, limits: Growth | None = None, statistics: Statistics | None = None
) -> list[Growth]:
    """Rewrites a function by the cheapest of what is equal; how each of its blocks grew, outer ones first."""
    limits = limits or Growth()
    done: list[Growth] = []
    for block in list(walk_blocks(function)):
        growth = Growth(limits.rounds, limits.operations)
        known: list[SSAValue] = []
        if block is function.body.block:
            attributes = argument_attributes(function)
            known = [v for v, a in zip(block.args, attributes, strict=True) if "ts.weight" in a.data]
        graph = EGraph(function, block, facts_in(function), known)
        graph.grow(index, growth, statistics)
        graph.choose(cost, growth)
        done.append(growth)
    eliminate_dead_code(function)
    return done


__all__ = ["SaturatePass", "saturate"]
