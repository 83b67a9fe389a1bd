"""The public API of tsir, and nothing else.

    import tsir
    m = tsir.script(model)      # or tsir.trace(model, example)
    m.save("model.pt")
    tsir.load("model.pt")(x)    # torch isn't needed here

Names are loaded when first used, so that importing tsir costs milliseconds and needs neither torch nor xDSL. The markers of
torch.jit (`export`, `ignore`, `unused`, `annotate`, ...) are torch's own objects, so that code that uses either means the same.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tsir.errors import TracerWarning, TsirError
from tsir.errors import TsirError as Error
from tsir.version import __version__

if TYPE_CHECKING:
    from tsir.dialects.values import one_function as one_function
    from tsir.dialects.values import uninitialized as uninitialized
    from tsir.limits import Limits as Limits
    from tsir.runtime.api import manual_seed as manual_seed
    from tsir.runtime.api import save as save
    from tsir.runtime.api import script as script
    from tsir.runtime.api import trace as trace
    from tsir.runtime.api import trace_module as trace_module
    from tsir.runtime.compatibility import enable_onednn_fusion as enable_onednn_fusion
    from tsir.runtime.compatibility import export_opnames as export_opnames
    from tsir.runtime.compatibility import freeze as freeze
    from tsir.runtime.compatibility import fuser as fuser
    from tsir.runtime.compatibility import last_executed_optimized_graph as last_executed_optimized_graph
    from tsir.runtime.compatibility import onednn_fusion_enabled as onednn_fusion_enabled
    from tsir.runtime.compatibility import optimize_for_inference as optimize_for_inference
    from tsir.runtime.compatibility import optimized_execution as optimized_execution
    from tsir.runtime.compatibility import run_frozen_optimizations as run_frozen_optimizations
    from tsir.runtime.compatibility import set_fusion_strategy as set_fusion_strategy
    from tsir.runtime.compatibility import strict_fusion as strict_fusion
    from tsir.runtime.compilation_unit import CompilationUnit as CompilationUnit
    from tsir.runtime.compiled import ScriptModule as ScriptModule
    from tsir.runtime.declared_modules import script_method as script_method
    from tsir.runtime.exported import from_exported as from_exported
    from tsir.runtime.loading import load as load
    from tsir.runtime.methods import ScriptFunction as ScriptFunction

    RecursiveScriptModule = TopLevelTracedModule = ScriptModule

_OURS = {
    "script": "tsir.runtime.api",
    "trace": "tsir.runtime.api",
    "trace_module": "tsir.runtime.api",
    "from_exported": "tsir.runtime.exported",
    "save": "tsir.runtime.api",
    "load": "tsir.runtime.loading",
    "Limits": "tsir.limits",
    "manual_seed": "tsir.runtime.api",
    "one_function": "tsir.dialects.values",
    "uninitialized": "tsir.dialects.values",
    "ScriptFunction": "tsir.runtime.methods",
    **dict.fromkeys(("RecursiveScriptModule", "ScriptModule", "TopLevelTracedModule"), "tsir.runtime.compiled:ScriptModule"),
    "script_method": "tsir.runtime.declared_modules",
    "CompilationUnit": "tsir.runtime.compilation_unit",
    **dict.fromkeys(
        (
            "enable_onednn_fusion", "export_opnames", "freeze", "fuser", "last_executed_optimized_graph",
            "onednn_fusion_enabled", "optimize_for_inference", "optimized_execution", "run_frozen_optimizations",
            "set_fusion_strategy", "strict_fusion",
        ),
        "tsir.runtime.compatibility",
    ),
}  # fmt: skip
_TORCH_JIT = frozenset({
    "annotate", "Attribute", "export", "Final", "fork", "Future", "ignore", "interface", "is_scripting", "is_tracing", "ScriptWarning",
    "TracingCheckError",
    "isinstance", "script_if_tracing", "unused", "wait",
    "_Await", "_awaitable", "_awaitable_nowait", "_awaitable_wait", "_drop", "_fork", "_IgnoreContextManager", "_isinstance",
    "_overload", "_overload_method", "_script_if_tracing", "_unwrap_optional", "_wait",
})  # fmt: skip
"""torch.jit's own markers and functions, with those private ones that libraries use."""

__all__ = [
    "Error", "Limits", "ScriptFunction", "ScriptModule", "TracerWarning", "TsirError", "__version__", "from_exported", "load",
    "manual_seed", "save", "script", "trace", "trace_module",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _OURS and name not in _TORCH_JIT:
        raise AttributeError(f"module 'tsir' has no attribute {name!r}")
    module, _, attribute = _OURS.get(name, "torch.jit").partition(":")
    try:
        value = getattr(import_module(module), attribute or name)
    except ImportError as error:
        if not (error.name or "torch").startswith("torch"):
            raise
        from tsir.errors import DependencyError

        raise DependencyError(f"tsir.{name} needs torch: pip install tsir[torch]") from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_OURS, *_TORCH_JIT})
