"""`fork` in serialised code: a call that happens at once, whose exception comes when it is waited for."""

from __future__ import annotations

import ast
from collections.abc import Callable

from xdsl.dialects import scf
from xdsl.ir import Attribute, Block, Region, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.dialects.ts.structure import TryOp, YieldOp
from tsir.frontend.torch_archive.body import Body, FunctionValue, Value


def emit_fork(b: Body, node: ast.Call, _want: Attribute | None) -> Value:
    """`fork(f)`, where `f` is a function without parameters that is defined in this one."""
    callee = b.evaluate(b, node.args[0], None) if node.args else None
    if not isinstance(callee, FunctionValue) or callee.local is None or callee.local.args.args:
        b.unsupported("fork() of this")
    *statements, last = callee.local.body
    if not isinstance(last, ast.Return) or last.value is None:
        b.error("a forked function ends with a return")
    result, outer = last.value, dict(b.variables)

    def run() -> SSAValue:
        b.execute(b, statements)
        return b.value(b.evaluate(b, result, None))

    body = Block()
    with b.inside(body):
        value = run()
    kind = ts.FutureType(value.type)
    future = b.emit(py_op("future")([], [kind]))
    with b.inside(body):
        b.py("future_set_result", [future, value])
    b.variables = outer
    guard(b, body, lambda error: b.py("future_set_exception", [future, error]))
    return future


def guard(b: Body, body: Block, failed: Callable[[SSAValue], object]) -> None:
    """Inserts a `ts.try` around a block, and what `failed` emits for its exception where there is one."""
    with b.inside(body):
        b.emit_void(YieldOp([]))
    attempt = TryOp(Region(body), [])
    b.emit_void(attempt)
    test = b.py("is_not", [attempt.exception, None])
    branch = Block()
    with b.inside(branch):
        failed(attempt.exception)
        b.emit_void(scf.YieldOp())
    b.emit_void(scf.IfOp(test, [], Region(branch), Region()))
