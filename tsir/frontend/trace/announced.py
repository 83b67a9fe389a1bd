"""While a trace is recorded, `torch.jit.is_tracing()` says so, in the thread that records it.

Libraries ask it before they decide by a tensor's values, and take a way that holds for all inputs instead.
"""

from __future__ import annotations

import torch

from tsir.frontend import active
from tsir.frontend.trace.patches import SharedPatch


def _is_tracing() -> bool:
    return active.current_trace() is not None or _patch.original()


_patch = SharedPatch(torch._C, "_is_tracing", _is_tracing)
announced = _patch.active
"""While this is active, the traces of `active.recording` are traces to torch.jit, too."""
