"""Functions that torch.jit has scripted, called in a traced program: they stay calls, with all their paths.

torch runs them outside Python, where no recorder sees them. Their Python source is compiled like the user's own, and the call
is recorded as one of a compiled function.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch

from tsir.dialects.program import Program
from tsir.frontend import active
from tsir.frontend.trace.patches import SharedPatch

_programs: dict[int, tuple[torch.jit.ScriptFunction[..., Any], Program]] = {}
"""What was compiled, by the identity of the scripted function, which is kept alive."""


def _call(function: Any, /, *args: Any, **kwargs: Any) -> Any:
    trace = active.current_trace()
    # torch keeps the Python function for torch.compile; a function of `torch.jit.CompilationUnit` has none.
    source = getattr(function, "_torchdynamo_inline", None)
    if trace is None or source is None:
        return _patch.original(function, *args, **kwargs)
    known = _programs.get(id(function))
    if known is None:
        from tsir.frontend.script import compile_function

        known = _programs[id(function)] = (function, compile_function(source))
    entry = next(iter(known[1].entry_points.values()))
    bound = inspect.signature(source).bind(*args, **kwargs)
    bound.apply_defaults()
    values = [bound.arguments[p.name] for p in entry.parameters]
    return trace.compiled_call(known[1], entry, None, values, lambda: _patch.original(function, *args, **kwargs))


_patch = SharedPatch(torch.jit.ScriptFunction, "__call__", _call)
torch_scripted = _patch.active
"""While this is active, calls of torch.jit's scripted functions are reported to the trace of the thread that makes them."""
