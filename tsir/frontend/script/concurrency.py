"""Forked calls: `torch.jit.fork`, `wait` and what a `Future` can do, and torch.jit's private `_awaitable`.

A forked call happens at once. What a program can tell from a later one is when an exception comes: it is kept in the future
and raised by `wait()`, as in torch.jit. The call stands in a `ts.try`, whose exception becomes the future's.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import torch
from xdsl.ir import SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.convert import materialise, set_type
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.values import NONE, Run, Value

Arguments = Any

FUTURE_CLASSES: tuple[type, ...] = (torch.jit.Future, torch.futures.Future)
"""What a program may call to make a future that it sets by itself."""


def fork(e: Emitter, run: Callable[[], Value], node: ast.AST, kind: str = "") -> Value:
    """The future of what `run` emits, of a kind of `FutureType`."""
    from tsir.frontend.script.exceptions import emit_guarded

    future = e.emit(py_op("future")([], [ts.FutureType(ts.AnyType(), kind)]))

    def call() -> None:
        value = run()
        if e.session.type_of(value) is None:
            e.error(f"a forked call can't give {e.show(value)}, which isn't a value at run time", node=node)
        result = materialise(e, value)
        set_type(future, ts.FutureType(result.type, kind))
        e.py("future_set_result", [future, result])

    def failed(error: SSAValue) -> None:
        e.py("future_set_exception", [future, error])

    emit_guarded(e, call, failed, lambda: None, end_of(node))
    return Run(future)


def emit_fork(a: Arguments, kind: str = "") -> Value:
    """`torch.jit.fork(function, *args, **kwargs)`."""
    from tsir.frontend.script.calls import call

    callee, *args = a.values()
    keywords = a.keywords()
    return fork(a.e, lambda: call(a.e, callee, args, keywords), a.node, kind)


def emit_await(a: Arguments) -> Value:
    """`torch.jit._awaitable(function, *args, **kwargs)`."""
    return emit_fork(a, "await")


def emit_wait(a: Arguments) -> Value:
    """`torch.jit.wait(future)`."""
    a.exactly(1)
    return wait(a.e, a.values()[0])


def wait(e: Emitter, future: Value) -> Value:
    """The value of a future."""
    kind = e.session.type_of(future)
    if not isinstance(kind, ts.FutureType):
        e.error(f"wait() expects a Future, found {e.show(future)}", hint="torch.jit.fork(function, ...) gives one")
    return e.session.object_or_run(e.py("future_wait", [materialise(e, future)]))


def emit_no_wait(a: Arguments) -> Value:
    """`torch.jit._awaitable_nowait(value)`: a value as one that has been waited for."""
    a.exactly(1)
    value = a.values()[0]
    return fork(a.e, lambda: value, a.node, "await")


def result_of_await(e: Emitter, value: Value) -> Value | None:
    """The result of one of torch.jit's `_Await`, which has its attributes and methods; None for other values."""
    kind = e.session.type_of(value)
    return wait(e, value) if isinstance(kind, ts.FutureType) and kind.waits_by_itself else None


def chain(e: Emitter, future: Value, callback: Value) -> Value:
    """`future.then(callback)`."""
    from tsir.frontend.script.calls import call

    return fork(e, lambda: call(e, callback, [future], {}), e.node or e.source.node)


def make_future(e: Emitter) -> Value:
    """`torch.futures.Future()`, which the program sets by itself; its type is what it is wanted as."""
    kind = e.want if isinstance(e.want, ts.FutureType) else ts.FutureType(ts.AnyType())
    return Run(e.emit(py_op("future")([], [kind])))


def notify(e: Emitter, future: Value, callback: Value) -> Value:
    """`future.add_done_callback(callback)`."""
    chain(e, future, callback)
    return NONE
