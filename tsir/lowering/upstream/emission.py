"""`upstream_text`: a lowered entry point as text in MLIR's own dialects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xdsl.context import Context

from tsir.dialects.context import print_module
from tsir.dialects.verify import verify_module
from tsir.lowering.upstream.extension_loops import LowerLinalgExtPass
from tsir.lowering.upstream.finish import FinishMlirPass, place_weights, with_resources
from tsir.lowering.upstream.flatten import FlattenPass
from tsir.lowering.upstream.trim_windows import TrimWindowsPass
from tsir.passes.cse import merge_common
from tsir.passes.dce import eliminate_dead_code
from tsir.passes.structure import functions

if TYPE_CHECKING:
    import numpy as np

    from tsir.lowering.pipelines import Specialized


def upstream_text(specialized: Specialized, arrays: Mapping[str, np.ndarray[Any, Any]], weights: str = "inline") -> str:
    """The text of a lowered entry point, whose module is changed; `arrays` are its weights by path.

    Raises PassError for operations that MLIR's dialects can't say, with their names and lines, and for an unknown form of weights.
    """
    module, context = specialized.module, Context()
    FlattenPass().apply(context, module)
    LowerLinalgExtPass().apply(context, module)
    TrimWindowsPass().apply(context, module)
    for function in functions(module):
        merge_common(function)
        eliminate_dead_code(function)
    resources = place_weights(module, specialized.symbol, arrays, weights)
    FinishMlirPass().apply(context, module)
    verify_module(module)
    return with_resources(print_module(module), resources)
