"""Pipelines by name, and `specialize`: an entry point made ready for the code generator, for one call's argument types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation
from xdsl.passes import ModulePass

from tsir.dialects.locations import location_of
from tsir.dialects.ts.families import AtenOp
from tsir.dialects.values import Instance
from tsir.errors import PassError
from tsir.passes.cse import merge_common
from tsir.passes.dce import eliminate_dead_code
from tsir.passes.freeze import freeze
from tsir.passes.inline import InlinePass, drop_unused
from tsir.passes.registry import get_pass
from tsir.passes.structure import find_function, reachable, walk

PIPELINES: dict[str, tuple[str, ...]] = {
    "optimize": ("ts-inline", "ts-freeze", "ts-cse", "ts-dce"),
}
"""The named pipelines: the names of their passes in order."""


def pipeline(name: str) -> list[type[ModulePass]]:
    """The passes of a named pipeline. Raises PassError for an unknown name."""
    found = PIPELINES.get(name)
    if found is None:
        raise PassError(f"there is no pipeline {name!r}", hint=f"the pipelines are {', '.join(PIPELINES)}")
    return [get_pass(p) for p in found]


@dataclass
class Specialized:
    """An entry point for one call's types: `symbol` in `module`; `weights` are the paths of the tensors it takes."""

    module: ModuleOp
    symbol: str
    weights: list[str]

    def explain(self) -> str:
        """One line for each operator that runs by dispatch, with the user's line; then how many there are."""
        lines: list[str] = []
        for operation in walk(self.module):
            if isinstance(operation, AtenOp):
                places = location_of(operation)
                where = str(places[0]) if places else "unknown place"
                lines.append(f"{where}: aten::{operation.SCHEMA.key} runs by dispatch")
        lines.append(f"{len(lines)} operators run by dispatch")
        return "\n".join(lines)


def part_of(module: ModuleOp, symbol: str) -> ModuleOp:
    """A new module with copies of the function and of everything that it needs."""
    needed = reachable(module, [symbol])
    return ModuleOp([operation.clone() for operation in _in_order(module, needed)])


def _in_order(module: ModuleOp, needed: Sequence[Operation]) -> list[Operation]:
    chosen = {id(operation) for operation in needed}
    return [operation for operation in module.body.block.ops if id(operation) in chosen]


def inlined(module: ModuleOp, symbol: str) -> FuncOp:
    """The function with all calls inlined, in a module of its own."""
    part = part_of(module, symbol)
    InlinePass(entry=symbol).apply(Context(), part)
    return find_function(part, symbol)


def specialize(
    module: ModuleOp, symbol: str, argument_types: Sequence[Attribute], instance: Instance | None = None
) -> Specialized:
    """The function `@symbol` for these argument types (without `self`); the module isn't changed.

    `instance` is the object that the function's first argument will be: attributes that nothing sets become constants and
    weights.
    """
    part = part_of(module, symbol)
    InlinePass(entry=symbol).apply(Context(), part)
    function = find_function(part, symbol)
    weights = freeze(part, function, instance) if instance is not None else []
    merge_common(function)
    eliminate_dead_code(function)
    drop_unused(part, [symbol])
    return Specialized(part, symbol, weights)
