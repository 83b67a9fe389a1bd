"""The table of passes by name. Nothing is imported before it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from tsir.errors import PassError

if TYPE_CHECKING:
    from xdsl.passes import ModulePass

PASSES: dict[str, str] = {
    "ts-inline": "tsir.passes.inline:InlinePass",
    "ts-resize-by-name": "tsir.passes.resize:ResizeByNamePass",
    "ts-drop-scalar-classes": "tsir.passes.scalar_classes:DropScalarClassesPass",
    "ts-freeze": "tsir.passes.freeze:FreezePass",
    "ts-infer-types": "tsir.passes.infer_types:InferTypesPass",
    "ts-fold-constants": "tsir.passes.fold_constants:FoldConstantsPass",
    "ts-index-by-number": "tsir.passes.index_views:IndexByNumberPass",
    "ts-canonicalize": "tsir.passes.canonicalize:CanonicalizePass",
    "ts-saturate": "tsir.passes.saturate:SaturatePass",
    "ts-dce": "tsir.passes.dce:DcePass",
    "ts-cse": "tsir.passes.cse:CsePass",
    "ts-set-types": "tsir.passes.signature:SetTypesPass",
    "ts-drop-self": "tsir.passes.signature:DropSelfPass",
    "ts-symbol-dce": "tsir.passes.signature:SymbolDcePass",
    "ts-lay-out": "tsir.passes.lay_out:LayOutPass",
    "ts-functionalize": "tsir.passes.functionalize:FunctionalizePass",
    "lower-ts-to-linalg": "tsir.lowering.ts_to_linalg:LowerTsToLinalgPass",
    "ts-flatten": "tsir.lowering.upstream.flatten:FlattenPass",
    "lower-linalg-ext": "tsir.lowering.upstream.extension_loops:LowerLinalgExtPass",
    "trim-windows": "tsir.lowering.upstream.trim_windows:TrimWindowsPass",
    "spread-slices": "tsir.lowering.upstream.spread_slices:SpreadSlicesPass",
    "check-assumptions": "tsir.lowering.upstream.check_assumptions:CheckAssumptionsPass",
    "pin-corner-cases": "tsir.lowering.upstream.corner_cases:PinCornerCasesPass",
    "align-while": "tsir.lowering.upstream.align_while:AlignWhilePass",
    "place-weights": "tsir.lowering.upstream.weights:PlaceWeightsPass",
    "finish-mlir": "tsir.lowering.upstream.finish:FinishMlirPass",
}
"""Where each pass is: `module:class`."""


def get_pass(name: str) -> type[ModulePass]:
    """The class of a pass. Raises `PassError` for an unknown name."""
    found = PASSES.get(name)
    if found is None:
        raise PassError(f"there is no pass {name!r}", hint=f"the passes are {', '.join(PASSES)}")
    module, _, attribute = found.partition(":")
    return cast("type[ModulePass]", getattr(import_module(module), attribute))
