"""`ts-canonicalize`: the tables of rewrite rules, applied until none matches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from tsir.dialects.context import TsContext
from tsir.passes.rules.engine import Rules, Statistics
from tsir.passes.rules.tables import DEFAULT_TABLES, SPECIALIZE_TABLES, TABLES, chosen
from tsir.passes.structure import functions


@dataclass(frozen=True)
class CanonicalizePass(ModulePass):
    """Applies rewrite rules.

        %0 = ts.aten.dropout(%x, %p, %false) : (!ts.tensor, f64, i1) -> !ts.tensor
        %1 = ts.tuple %0, %n : (!ts.tensor, i64) -> !ts.tuple<!ts.tensor, i64>         ->   func.return %x : !ts.tensor
        %2 = ts.tuple_get %1[0] : !ts.tuple<!ts.tensor, i64> -> !ts.tensor
        func.return %2 : !ts.tensor

    `tables` names the tables of rules that it takes (`ts-opt --list-rules` shows them), `files` Python files with rules of the user's
    that come first. With `only` just these rules are applied, of all the tables and files; `disable` leaves some out. Rules that undo
    each other end in an error that names them.
    """

    name = "ts-canonicalize"

    tables: tuple[str, ...] = DEFAULT_TABLES
    files: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        statistics = ctx.statistics if isinstance(ctx, TsContext) and isinstance(ctx.statistics, Statistics) else None
        rules = Rules(chosen(self.tables, only=self.only, disable=self.disable, files=self.files), statistics)
        for function in functions(op):
            rules.apply(function)


def canonicalize(function: FuncOp, tables: Iterable[str] = SPECIALIZE_TABLES) -> bool:
    """Applies tables of rules to one function; whether any rule fired."""
    key = tuple(tables)
    rules = _made.get(key)
    if rules is None:
        rules = _made[key] = Rules(rule for table in key for rule in TABLES[table])
    return rules.apply(function).total() > 0


_made: dict[tuple[str, ...], Rules] = {}
