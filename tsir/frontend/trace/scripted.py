"""Functions and modules that torch.jit has compiled, called in a traced program: they stay calls, with all their paths.

torch runs them outside Python, where no recorder sees them. A function's Python source is compiled like the user's own, a module's
program is read from what torch.jit saves of it; the call is recorded as one of a compiled function.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator
from contextlib import contextmanager
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


def _call_module(module: Any, /, *args: Any, **kwargs: Any) -> Any:
    trace = active.current_trace()
    program = None if trace is None else trace.program_of_torch_jit(module)
    if trace is None or program is None:
        return _module_patch.original(module, *args, **kwargs)
    entry = program.entry_points.get("__call__") or program.entry_points["forward"]
    given = dict(zip((p.name for p in entry.parameters), args, strict=False)) | kwargs
    values = [given.get(p.name, p.default) for p in entry.parameters]
    return trace.compiled_call(program, entry, program.root, values, lambda: _module_patch.original(module, *args, **kwargs))


_patch = SharedPatch(torch.jit.ScriptFunction, "__call__", _call)
_module_patch = SharedPatch(torch.jit.ScriptModule, "__call__", _call_module)


@contextmanager
def torch_scripted() -> Generator[None, None, None]:
    """While this is active, calls of what torch.jit has compiled are reported to the trace of the thread that makes them."""
    with _patch.active(), _module_patch.active():
        yield
