"""While a trace is recorded, `torch.jit.is_tracing()` says so, in the thread that records it.

Libraries ask it before they decide by a tensor's values, and take a way that holds for all inputs instead.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch

from tsir.frontend import active

_installed = threading.Lock()
_users = 0
_module: Any = torch._C
_original: Any = None


@contextmanager
def announced() -> Generator[None, None, None]:
    """While this is active, the traces of `active.recording` are traces to torch.jit, too."""
    global _users, _original
    with _installed:
        if _users == 0:
            _original = _module._is_tracing
            _module._is_tracing = _is_tracing
        _users += 1
    try:
        yield
    finally:
        with _installed:
            _users -= 1
            if _users == 0:
                _module._is_tracing = _original


def _is_tracing() -> bool:
    return active.current_trace() is not None or _original()
