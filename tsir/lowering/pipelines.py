"""Pipelines by name, and `specialize`: an entry point made ready for the code generator, for one call's argument types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp
from xdsl.ir import Attribute, Operation
from xdsl.passes import ModulePass

from tsir.dialects.ts.structure import UnpackOp
from tsir.dialects.ts.types import TensorType
from tsir.dialects.values import Instance
from tsir.errors import PassError
from tsir.lowering.explain import explanation
from tsir.lowering.outline import outline_deep_code
from tsir.lowering.ts_to_linalg import lower_function
from tsir.ops import autocast
from tsir.ops.layouts import strides_of
from tsir.passes.assumptions import drop_hints, name_sizes
from tsir.passes.autocast import insert_casts
from tsir.passes.canonicalize import canonicalize
from tsir.passes.cse import merge_common
from tsir.passes.dce import eliminate_dead_code
from tsir.passes.fold_constants import fold_constants
from tsir.passes.freeze import Attributes, freeze, tensor_type, weight_paths
from tsir.passes.functionalize import functionalize
from tsir.passes.index_views import index_by_number
from tsir.passes.inline import InlinePass, drop_unused
from tsir.passes.lay_out import lay_out, mark_strides
from tsir.passes.outside import mark_outside
from tsir.passes.registry import get_pass
from tsir.passes.resize import SharedTensor, resize_by_name
from tsir.passes.resize_objects import resize_objects
from tsir.passes.scalar_classes import drop_scalar_classes
from tsir.passes.signature import drop_object, set_argument_types
from tsir.passes.sized_outs import Resized, number_outs, resize_out, take_other_sizes
from tsir.passes.spread import Form, Leaf, spread_arguments
from tsir.passes.structure import callee_name, find_function, functions, reachable, walk

_SPECIALIZE = (
    "ts-inline", "ts-symbol-dce", "ts-resize-by-name", "ts-drop-scalar-classes", "ts-freeze", "ts-fold-constants",
    "ts-index-by-number", "ts-fold-constants", "ts-lay-out", "ts-cse", "ts-dce", "ts-drop-self", "ts-symbol-dce",
    "ts-functionalize", "ts-canonicalize", "ts-cse", "ts-dce",
)  # fmt: skip

_LINALG = (*_SPECIALIZE, "lower-ts-to-linalg", "ts-canonicalize", "ts-cse", "ts-dce", "ts-symbol-dce")

LINALG_TO_MLIR = (
    "ts-flatten", "check-assumptions", "lower-linalg-ext", "trim-windows", "spread-slices", "pin-corner-cases", "ts-cse", "ts-dce",
    "align-while", "place-weights", "finish-mlir",
)  # fmt: skip

PIPELINES: dict[str, tuple[str, ...]] = {
    "optimize": (
        "ts-inline",
        "ts-symbol-dce",
        "ts-resize-by-name",
        "ts-freeze",
        "ts-fold-constants",
        "ts-cse",
        "ts-canonicalize",
        "ts-dce",
    ),
    "specialize": _SPECIALIZE,
    "linalg": _LINALG,
    "mlir": (*(p for p in _LINALG if p != "ts-lay-out"), *LINALG_TO_MLIR),
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
        """What was lowered to linalg, and what runs by dispatch and why, by the user's lines."""
        return explanation(self.module)


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
    arguments: Sequence[Form | Attribute],
    instance: Instance | None = None,
    *,
    in_memory: bool = True,
    lower: bool = True,
) -> Specialized:
    """The function `@symbol` for arguments of these types (without `self`); the module isn't changed.

    `instance` is the object that the function's first argument will be, and that has its weights: attributes that nothing sets
    become constants and weights. An argument that is a weight already (`ts.weight`; they come last) takes no type. Containers are
    taken apart where that changes nothing (`ts.part`). Where the types leave sizes open and an operator has to know how they compare,
    the function is made for calls in which they compare as in the call at hand (`Leaf.sizes`), and says so in `ts.assume`.
    `in_memory` tells whether anybody sees how tensors lie in memory. Without
    `lower` the result is the `ts` IR before the lowering. Nothing is verified, printed or parsed on the way.
    """
    resized: dict[int, Resized | None] = {}
    while True:
        try:
            found = _specialized(module, symbol, arguments, instance, resized, in_memory, lower)
        except SharedTensor:
            last = next(reversed(resized), None)
            if last is None or resized[last] is None:
                return _with_resized_objects(module, symbol, arguments, instance, lower)
            resized[last] = None  # left to the operator itself
            continue
        if not isinstance(found, Resized):
            return found
        resized[found.number] = found


def _inlined_as_called(part: ModuleOp, symbol: str) -> FuncOp:
    """The function with what can be inlined in it, and with the casts of the autocast that is on around the call."""
    InlinePass(entry=symbol).apply(Context(), part)
    if (around := autocast.CURRENT[0]) is not None:
        called = {symbol, *(callee_name(op) for op in walk(part) if isinstance(op, CallOp))}
        if insert_casts(part, [f for f in functions(part) if f.sym_name.data in called], around):
            InlinePass(entry=symbol).apply(Context(), part)
    return find_function(part, symbol)


def _with_resized_objects(
    module: ModuleOp, symbol: str, arguments: Sequence[Form | Attribute], instance: Instance | None, lower: bool
) -> Specialized:
    """The function for tensors of any sizes: it changes those of tensors themselves, and runs operator by operator."""
    attributes = Attributes(module) if instance is not None else None
    function = _inlined_as_called(part := part_of(module, symbol), symbol)
    for known in functions(part):
        resize_objects(known)
        drop_scalar_classes(known)
    if symbol in {callee_name(op) for op in walk(part) if isinstance(op, CallOp)}:
        drop_unused(part, [symbol])
        return Specialized(part, symbol, [])
    weights = weight_paths(function)
    first = len(function.body.block.args) - len(arguments) - len(weights)
    spread_arguments(function, first, [Leaf(a) if isinstance(a, Attribute) else a for a in arguments])
    if instance is not None and first:
        weights += freeze(part, function, instance, attributes)
    eliminate_dead_code(function)
    if instance is not None and first:
        drop_object(function)
    mark_outside(function)
    if lower:
        lower_function(function, in_memory=False)
        outline_deep_code(part)
    drop_unused(part, [symbol])
    return Specialized(part, symbol, weights)


def _specialized(
    module: ModuleOp,
    symbol: str,
    arguments: Sequence[Form | Attribute],
    instance: Instance | None,
    resized: Mapping[int, Resized | None],
    in_memory: bool,
    lower: bool,
) -> Specialized | Resized:
    """The function with these tensors of `out=` resized, or another one that has to be."""
    attributes = Attributes(module) if instance is not None else None
    function = _inlined_as_called(part := part_of(module, symbol), symbol)
    has_outs = number_outs(function)
    for one in resized.values():
        if one is not None:
            resize_out(function, one)
    called = {callee_name(op) for op in walk(part) if isinstance(op, CallOp)}
    is_called = symbol in called
    for known in functions(part):
        if known is not function and known.sym_name.data not in called:
            continue  # what was inlined everywhere
        resize_by_name(known, attributes, instance, is_entry=known is function and not is_called)
        drop_scalar_classes(known)
    weights: list[str] = []
    first = 0
    if is_called:  # a function that is called recursively has the signature that its calls have
        drop_unused(part, [symbol])
    else:
        weights = weight_paths(function)
        first = len(function.body.block.args) - len(arguments) - len(weights)
        forms = [Leaf(a) if isinstance(a, Attribute) else a for a in arguments]
        known = spread_arguments(function, first, forms)
        set_argument_types(function, first, [k.type for k in known])
        mark_strides(function, first, [k.strides if in_memory else None for k in known])
        name_sizes(function, first, [k.sizes for k in known])
        if weights and instance is not None:
            after = first + len(known)
            taken = [tensor_type(instance.tensor(path)) for path in weights]
            declared = [a.type for a in function.body.block.args[after:]]
            types = [k if isinstance(d, TensorType) else d for k, d in zip(taken, declared, strict=True)]
            set_argument_types(function, after, types)
        if instance is not None and first:
            weights += freeze(part, function, instance, attributes)
        if weights and instance is not None:
            arrays = [instance.tensor(path) for path in weights]
            mark_strides(function, len(function.body.block.args) - len(weights), [strides_of(a) for a in arrays])
    fold_constants(function, refine_results=not is_called)
    if index_by_number(function):
        fold_constants(function, refine_results=not is_called)
    if has_outs and (other := take_other_sizes(function, resized)) is not None:
        return other
    if in_memory:
        lay_out(function, is_entry=not is_called)
    merge_common(function)
    eliminate_dead_code(function)
    if instance is not None and not is_called and first:
        drop_object(function)
    mark_outside(function)
    functionalize(function, is_entry=not is_called)
    canonicalize(function)
    merge_common(function)
    eliminate_dead_code(function)
    if lower:
        lower_function(function, in_memory=in_memory)
        if any(isinstance(op, UnpackOp) for op in walk(part)):
            canonicalize(function, ("containers",))  # lists of results that are taken apart again
        merge_common(function)
        eliminate_dead_code(function)
        outline_deep_code(part)
    drop_hints(function)
    drop_unused(part, [symbol])
    return Specialized(part, symbol, weights)
