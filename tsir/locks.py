"""Locks that a forked process finds open: one that another thread holds at the fork would never be released there."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

_all: weakref.WeakSet[Any] = weakref.WeakSet()


def lock() -> threading.Lock:
    """A lock."""
    made = threading.Lock()
    _all.add(made)
    return made


def recursive_lock() -> Any:
    """A lock that the thread which has it may take again."""
    made = threading.RLock()
    _all.add(made)
    return made


def _open_all() -> None:
    for known in list(_all):
        known._at_fork_reinit()  # what threading's own locks do


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open_all)
