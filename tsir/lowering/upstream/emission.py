"""`upstream_text`: a lowered entry point as text in MLIR's own dialects."""

from __future__ import annotations

from tsir.dialects.context import make_context, print_module
from tsir.dialects.values import Instance
from tsir.dialects.verify import verify_module
from tsir.lowering.pipelines import LINALG_TO_MLIR, Specialized
from tsir.lowering.upstream.weights import PlaceWeightsPass
from tsir.passes.registry import get_pass


def upstream_text(specialized: Specialized, instance: Instance | None, weights: str = "inline") -> str:
    """The text of a lowered entry point, whose module is changed; `instance` has its weights.

    Raises PassError for operations that MLIR's dialects can't say, with their names and lines, and for an unknown form of weights.
    """
    context = make_context(lambda _key: None)
    if instance is not None:
        context.objects[specialized.symbol] = instance
    for name in LINALG_TO_MLIR:
        pass_ = PlaceWeightsPass(weights) if name == PlaceWeightsPass.name else get_pass(name)()
        pass_.apply(context, specialized.module)
    verify_module(specialized.module)
    return print_module(specialized.module, resources=context.resources)
