"""Entering the frames of functions that are inlined into each other, and going back into one that waits.

How the keys of their variables are made is in `frames.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from xdsl.ir import Attribute

from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.frames import FRAME, OF_FRAME, framed, framed_path, unframed, unframed_path
from tsir.frontend.script.source import FunctionSource
from tsir.frontend.script.values import (
    Scope,
)


@contextmanager
def in_frame(
    e: Emitter,
    source: FunctionSource,
    scope: Scope,
    return_type: Attribute | None,
    rebinds: frozenset[str] = frozenset(),
    *,
    keep: bool = False,
) -> Generator[None]:
    """What is emitted inside belongs to a function that is inlined here, with variables of its own.

    The caller's variables stay in `variables` under keys that name their frame, so that branches and loops inside carry
    what a closure changes of them. The function's own are kept afterwards in the same way where closures that it returns
    may read them, and with `keep`.
    """
    state = _frame_state(e)
    outer = e.scope.frame
    e.caller = e.location
    e.variables = {framed(k, outer): b for k, b in e.variables.items()}
    e.paths = {framed_path(p, outer): k for p, k in e.paths.items()}
    e.source, e.scope, e.return_type, e.rebinds = source, scope, return_type, rebinds
    e.call_arguments = []
    e.local_names, e.loops, e.loop_runs, e.want, e.depth = scope.names, [], False, None, 0
    e.node, e.is_entry, e.on_yield, e.spliced = source.node, False, None, frozenset()
    e.clear_flags()
    try:
        yield
    finally:
        keeps = bool(source.captured) or keep
        kept = {k: b for k, b in e.variables.items() if FRAME in k or (keeps and not k.startswith("$"))}
        e.variables = {unframed(framed(k, scope.frame), outer): b for k, b in kept.items()}
        e.paths = {unframed_path(p, outer): k for p, k in e.paths.items() if FRAME in p}
        _return_to(e, state)


def _frame_state(e: Emitter) -> tuple[Any, ...]:
    """What belongs to the function that is being emitted, but for its variables."""
    return tuple(getattr(e, name) for name in OF_FRAME)


def _return_to(e: Emitter, state: tuple[Any, ...]) -> None:
    for name, value in zip(OF_FRAME, state, strict=True):
        setattr(e, name, value)


def suspend(e: Emitter) -> Callable[[], AbstractContextManager[None]]:
    """What enters the function that is being emitted now again, from one that is inlined in it."""
    state = _frame_state(e)
    frame, loops = e.scope.frame, len(e.loops)

    @contextmanager
    def resumed() -> Generator[None]:
        inner_state, inner = _frame_state(e), e.scope.frame
        _move(e, inner, frame)
        _return_to(e, state)
        try:
            yield
        finally:
            del e.loops[loops:]
            _move(e, frame, inner)
            _return_to(e, inner_state)

    return resumed


def _move(e: Emitter, source: int, target: int) -> None:
    """Makes another frame the innermost."""
    e.variables = {unframed(framed(k, source), target): b for k, b in e.variables.items()}
    e.paths = {unframed_path(framed_path(p, source), target): k for p, k in e.paths.items()}
