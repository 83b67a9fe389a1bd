"""Pipelines by name, and `specialize`: an entry point made ready for the code generator, for one call's argument types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Attribute, Operation
from xdsl.passes import ModulePass

from tsir.dialects.locations import location_of
from tsir.dialects.ts.families import AtenOp
from tsir.dialects.ts.structure import CastOp
from tsir.dialects.values import Instance
from tsir.errors import PassError
from tsir.lowering.ts_to_linalg import lower_function
from tsir.passes.canonicalize import canonicalize
from tsir.passes.cse import merge_common
from tsir.passes.dce import eliminate_dead_code
from tsir.passes.fold_constants import fold_constants
from tsir.passes.freeze import Attributes, freeze
from tsir.passes.functionalize import functionalize
from tsir.passes.inline import InlinePass, drop_unused
from tsir.passes.refine import STRICT_DIALECTS
from tsir.passes.registry import get_pass
from tsir.passes.structure import callee_name, find_function, reachable, walk

PIPELINES: dict[str, tuple[str, ...]] = {
    "optimize": ("ts-inline", "ts-freeze", "ts-fold-constants", "ts-cse", "ts-canonicalize", "ts-dce"),
    "specialize": (
        "ts-inline", "ts-freeze", "ts-fold-constants", "ts-cse", "ts-dce", "ts-functionalize", "ts-canonicalize", "ts-cse",
        "ts-dce",
    ),
    "linalg": (
        "ts-inline", "ts-freeze", "ts-fold-constants", "ts-cse", "ts-dce", "ts-functionalize", "ts-canonicalize", "ts-cse",
        "ts-dce", "lower-ts-to-linalg", "ts-canonicalize", "ts-cse", "ts-dce",
    ),
}  # fmt: skip
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
                reason = operation.attributes.get("ts.reason")
                why = f": {reason.data}" if isinstance(reason, StringAttr) else ""
                lines.append(f"{where}: aten::{operation.SCHEMA.key} runs by dispatch{why}")
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
    module: ModuleOp,
    symbol: str,
    argument_types: Sequence[Attribute],
    instance: Instance | None = None,
    *,
    lower: bool = True,
) -> Specialized:
    """The function `@symbol` for these argument types (without `self`); the module isn't changed.

    `instance` is the object that the function's first argument will be: attributes that nothing sets become constants and
    weights. Without `lower` the result is the `ts` IR before the lowering. Nothing is verified, printed or parsed on the way.
    """
    attributes = Attributes(module) if instance is not None else None
    part = part_of(module, symbol)
    InlinePass(entry=symbol).apply(Context(), part)
    function = find_function(part, symbol)
    is_called = any(isinstance(op, CallOp) and callee_name(op) == symbol for op in walk(part))
    weights: list[str] = []
    if is_called:  # a function that is called recursively has the signature that its calls have
        drop_unused(part, [symbol])
    else:
        first = len(function.body.block.args) - len(argument_types)
        set_argument_types(function, first, argument_types)
        if instance is not None:
            weights = freeze(part, function, instance, attributes)
    fold_constants(function, refine_results=not is_called)
    merge_common(function)
    eliminate_dead_code(function)
    if instance is not None and not is_called:
        drop_object(function)
    functionalize(function, is_entry=not is_called)
    canonicalize(function)
    merge_common(function)
    eliminate_dead_code(function)
    if lower:
        lower_function(function)
        canonicalize(function, ())  # lists of results that are taken apart again
        merge_common(function)
        eliminate_dead_code(function)
    drop_unused(part, [symbol])
    return Specialized(part, symbol, weights)


def drop_object(function: FuncOp) -> None:
    """Removes the function's first argument, the object, when everything that was read of it became constants and weights."""
    block = function.body.block
    if block.args[0].first_use is None:
        block.erase_arg(block.args[0])
        if function.arg_attrs is not None:
            function.properties["arg_attrs"] = ArrayAttr(function.arg_attrs.data[1:])
        function.properties["function_type"] = type(function.function_type).from_lists(
            [a.type for a in block.args], function.function_type.outputs.data
        )


def set_argument_types(function: FuncOp, first: int, types: Sequence[Attribute]) -> None:
    """Gives a function's arguments from `first` on more precise types, with casts back where an operation wants the old ones."""
    block = function.body.block
    for argument, kind in zip(block.args[first : first + len(types)], types, strict=True):
        if argument.type != kind:
            old = argument.type
            argument._type = kind
            strict = [u for u in argument.uses if u.operation.dialect_name() in STRICT_DIALECTS]
            if strict:
                cast = CastOp(argument, old)
                cast.location = function.location
                assert block.first_op is not None
                block.insert_op_before(cast, block.first_op)
                for use in strict:
                    use.operation.operands[use.index] = cast.result
    function.properties["function_type"] = type(function.function_type).from_lists(
        [a.type for a in block.args], function.function_type.outputs.data
    )
