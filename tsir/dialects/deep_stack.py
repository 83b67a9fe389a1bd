"""Calling recursive code of libraries on deeply nested input.

tsir's own code doesn't recurse over IR, but xDSL's parser, printer and verifier do, and Python's default recursion limit lets
them go some hundred levels deep only.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

_STACK_BYTES = 512 << 20
_RECURSION_LIMIT = 120_000
_one_at_a_time = threading.Lock()


def call_with_deep_stack(function: Callable[[], Result]) -> Result:
    """Calls a function, again in a thread with a large stack when it meets Python's recursion limit.

    The function must leave nothing behind that disturbs the second call. Raises RecursionError when even that stack is too
    small.
    """
    try:
        return function()
    except RecursionError:
        return in_deep_stack(function)


def in_deep_stack(function: Callable[[], Result]) -> Result:
    """Calls a function in a thread with a large stack. What the function raises is raised here."""
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001  raised again by the caller's thread
            errors.append(error)

    with _one_at_a_time:
        limit, size = sys.getrecursionlimit(), threading.stack_size(_STACK_BYTES)
        sys.setrecursionlimit(max(limit, _RECURSION_LIMIT))
        try:
            thread = threading.Thread(target=run, name="tsir deep stack")
            thread.start()
            thread.join()
        finally:
            sys.setrecursionlimit(limit)
            threading.stack_size(size)
    if errors:
        raise errors[0]
    return results[0]
