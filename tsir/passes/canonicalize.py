"""`ts-canonicalize`: the tables of rewrite rules, applied until none matches."""

from __future__ import annotations

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.passes import ModulePass

from tsir.errors import PassError
from tsir.passes.rules.engine import Rules
from tsir.passes.rules.structural import NATIVES
from tsir.passes.rules.tensors import RULES
from tsir.passes.structure import functions


@dataclass(frozen=True)
class CanonicalizePass(ModulePass):
    """Applies rewrite rules.

        %0 = ts.aten.dropout(%x, %p, %false) : (!ts.tensor, f64, i1) -> !ts.tensor
        %1 = ts.tuple %0, %n : (!ts.tensor, i64) -> !ts.tuple<!ts.tensor, i64>         ->   func.return %x : !ts.tensor
        %2 = ts.tuple_get %1[0] : !ts.tuple<!ts.tensor, i64> -> !ts.tensor
        func.return %2 : !ts.tensor

    `tables` restricts it to some tables of rules (`identities`, `views`, `folding`); the rewrites of containers and casts are
    always done. Rules that undo each other end in an error that names them.
    """

    name = "ts-canonicalize"

    tables: tuple[str, ...] = ("identities", "views", "folding")

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for table in self.tables:
            if table not in RULES:
                raise PassError(f"there is no table of rules {table!r}", hint=f"the tables are {', '.join(RULES)}")
        for function in functions(op):
            canonicalize(function, self.tables)


def canonicalize(function: FuncOp, tables: tuple[str, ...] = ("identities", "views", "folding")) -> bool:
    """Applies tables of rules to one function; whether any rule fired."""
    rules = Rules((r for table in tables for r in RULES[table]), NATIVES)
    return rules.apply(function).total() > 0
