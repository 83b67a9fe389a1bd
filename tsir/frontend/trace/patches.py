"""Functions of torch that are replaced while traces are recorded, in any thread, and put back after the last of them.

What the replacements do is in the modules that define them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from tsir.locks import lock


class SharedPatch:
    """`owner.name` replaced by a function, as long as anybody needs it."""

    def __init__(self, owner: Any, name: str, replacement: Callable[..., Any]) -> None:
        self.original: Callable[..., Any] = getattr(owner, name)
        """What is replaced, for the replacement to call."""
        self._owner, self._name, self._replacement = owner, name, replacement
        self._lock = lock()
        self._users = 0

    @contextmanager
    def active(self) -> Generator[None, None, None]:
        """While this is active, the replacement stands; another thread may need it longer."""
        with self._lock:
            if self._users == 0:
                self.original = getattr(self._owner, self._name)
                setattr(self._owner, self._name, self._replacement)
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    setattr(self._owner, self._name, self.original)
