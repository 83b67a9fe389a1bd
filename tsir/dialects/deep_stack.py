"""Calling recursive code on deeply nested input.

The passes don't recurse over IR, but the script frontend does over a program's expressions, statements and calls, the code
generator over nested control flow, and xDSL's parser, printer and verifier do; Python's default recursion limit lets them go
some hundred levels deep only.
"""

from __future__ import annotations

import contextvars
import functools
import os
import sys
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from tsir.locks import lock

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_STACK_BYTES = 512 << 20
_RECURSION_LIMIT = 120_000
_NAME = "tsir deep stack"
_one_at_a_time = lock()
_before: list[tuple[int, int]] = []
"""The process's limit of recursion and size of stacks, while they are others."""


def _reset() -> None:
    """In a forked process, which has none of the other threads, the limits of before hold again."""
    for limit, size in _before:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    _before.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset)


def is_deep() -> bool:
    """Whether this code runs in a thread with a large stack, so that a RecursionError here is final."""
    return threading.current_thread().name == _NAME


def call_with_deep_stack(function: Callable[[], Result]) -> Result:
    """Calls a function, again in a thread with a large stack when it meets Python's recursion limit.

    The function must leave nothing behind that disturbs the second call. Raises RecursionError when even that stack is too
    small.
    """
    try:
        return function()
    except RecursionError:
        if is_deep():
            raise
    return in_deep_stack(function)


def with_deep_stack(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """The function, called by `call_with_deep_stack`."""

    @functools.wraps(function)
    def called(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        return call_with_deep_stack(lambda: function(*args, **kwargs))

    return called


def in_deep_stack(function: Callable[[], Result]) -> Result:
    """Calls a function in a thread with a large stack, unless this is one. What the function raises is raised here."""
    if is_deep():
        return function()
    context = contextvars.copy_context()
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(context.run(function))
        except BaseException as error:  # noqa: BLE001  raised again by the caller's thread
            errors.append(error)

    with _one_at_a_time:
        limit, size = sys.getrecursionlimit(), threading.stack_size(_STACK_BYTES)
        sys.setrecursionlimit(max(limit, _RECURSION_LIMIT))
        _before.append((limit, size))
        try:
            thread = threading.Thread(target=run, name=_NAME)
            thread.start()
            thread.join()
        finally:
            _before.clear()
            sys.setrecursionlimit(limit)
            threading.stack_size(size)
    if errors:
        raise errors[0]
    return results[0]
