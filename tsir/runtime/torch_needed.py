"""What is said where torch isn't installed and something can't be done without it: making compiled objects of torch's."""

from __future__ import annotations

import importlib.util
import sys

from tsir.errors import DependencyError


def need_torch(what: str) -> None:
    """Raises DependencyError, in one line, where torch can't be imported. `what` needs it."""
    if sys.modules.get("torch") is not None:
        return
    try:
        found = importlib.util.find_spec("torch") is not None
    except (ImportError, ValueError):  # an import hook of the user's refuses it, or `sys.modules` says that there is none
        found = False
    if not found:
        raise DependencyError(f"{what} needs torch: pip install tsir[torch]")


__all__ = ["need_torch"]
