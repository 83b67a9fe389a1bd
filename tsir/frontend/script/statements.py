"""Statements: one function for each kind of node, in one table. Branches and loops are in `control.py` and `loops.py`."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Mapping
from typing import Any

import torch

from tsir.dialects.ts.structure import RaiseOp
from tsir.frontend.script.assignment import assign, emit_annotated, emit_assign, emit_augmented, emit_delete
from tsir.frontend.script.calls import call, evaluate_arguments
from tsir.frontend.script.conditions import condition
from tsir.frontend.script.control import body, emit_branch, emit_steps
from tsir.frontend.script.convert import coerce, materialise
from tsir.frontend.script.emitter import EXIT, RESULT, RETURNED, STOP, Emitter, StatementEmitter, end_of
from tsir.frontend.script.inlining import make_closure
from tsir.frontend.script.loops import emit_for, emit_while
from tsir.frontend.script.values import NONE, TRUE, Binding, Const, Object, PyObject, Run, Unusable, Value


def emit_return(e: Emitter, value: Value) -> None:
    """Returns a value from the function: sets the flags and the result."""
    if isinstance(value, Unusable):
        e.error(f"the value returned {value.why}", hint=value.hint)
    if e.return_type is not None:
        value = e.session.object_or_run(coerce(e, value, e.return_type, "the function's result"))
    e.set_flag(RESULT, value)
    for flag in (RETURNED, STOP, EXIT):
        e.set_flag(flag, TRUE)


def _return(e: Emitter, node: ast.Return) -> None:
    emit_return(e, NONE if node.value is None else e.expression(node.value, e.return_type))


def _break(e: Emitter, node: ast.Break) -> None:
    e.set_flag(STOP, TRUE)
    e.set_flag(EXIT, TRUE)


def _continue(e: Emitter, node: ast.Continue) -> None:
    e.set_flag(EXIT, TRUE)


def _expression(e: Emitter, node: ast.Expr) -> None:
    if isinstance(node.value, ast.Constant):
        return
    e.expression(node.value)


def _pass(e: Emitter, node: ast.Pass | ast.Nonlocal) -> None:
    return


def _if(e: Emitter, node: ast.If) -> None:
    emit_steps(e, [node], end_of(node))


def _raise(e: Emitter, node: ast.Raise) -> None:
    if node.exc is None:
        e.unsupported("raise without an exception")
    tree = node.exc
    arguments: list[Value] = []
    if isinstance(tree, ast.Call):
        callee = e.expression(tree.func)
        arguments = evaluate_arguments(e, tree)[0]
    else:
        callee = e.expression(tree)
    if not isinstance(callee, PyObject) or not (isinstance(callee.value, type) and issubclass(callee.value, BaseException)):
        e.error("only an exception class or a call of one can be raised", node=tree)
    e.emit_void(RaiseOp(callee.value.__name__, [materialise(e, a) for a in arguments]))
    e.dead = True


def emit_assertion(e: Emitter, test: ast.expr, message: ast.expr | None) -> None:
    """`assert test, message`: raises AssertionError unless the test holds, whose facts hold from here on."""
    found = e.not_condition(condition(e, test))

    def fail() -> None:
        arguments = [] if message is None else [materialise(e, e.expression(message))]
        e.emit_void(RaiseOp("AssertionError", arguments))
        e.dead = True

    emit_branch(e, found, fail, lambda: None, end_of(test))


def _assert(e: Emitter, node: ast.Assert) -> None:
    emit_assertion(e, node.test, node.msg)


def _import(e: Emitter, node: ast.Import) -> None:
    for alias in node.names:
        module = _imported(e, alias.name)
        name = alias.asname or alias.name.partition(".")[0]
        found = module if alias.asname else sys.modules[name]
        e.variables[name] = Binding(PyObject(found, name))


def _import_from(e: Emitter, node: ast.ImportFrom) -> None:
    package = e.source.function.__globals__.get("__package__") or ""
    module = _imported(e, "." * node.level + (node.module or ""), package)
    for alias in node.names:
        found = getattr(module, alias.name, None)
        if found is None:
            found = _imported(e, f"{module.__name__}.{alias.name}")
        name = alias.asname or alias.name
        e.variables[name] = Binding(e.session.from_python(found, name))


def _imported(e: Emitter, name: str, package: str | None = None) -> Any:
    """A module that compiled code imports: it is imported now."""
    try:
        return importlib.import_module(name, package)
    except ImportError as error:
        e.error(f"the import fails while compiling: {error}")


def _function(e: Emitter, node: ast.FunctionDef) -> None:
    """A local function; decorators are called with it."""
    value: Value = make_closure(e, node)
    for decorator in reversed(node.decorator_list):
        value = call(e, e.expression(decorator), [value], {})
    e.bind(node.name, value)


_WITHOUT_EFFECT: tuple[Any, ...] = (
    torch.no_grad, torch.enable_grad, torch.inference_mode, torch.set_grad_enabled, torch.autograd.profiler.record_function,
    torch.profiler.record_function, torch.autograd.profiler.profile, torch.jit.strict_fusion,
)  # fmt: skip
"""Context managers that change nothing of what tsir computes."""


def _with(e: Emitter, node: ast.With) -> None:
    exits: list[Value] = []
    for item in node.items:
        manager = _manager(e, item.context_expr)
        if manager is None:
            if item.optional_vars is not None:
                assign(e, item.optional_vars, NONE)
            continue
        entered = call(e, e.session.get_attribute(e, manager, "__enter__"), [], {})
        exits.append(manager)
        if item.optional_vars is not None:
            assign(e, item.optional_vars, entered)
    body(e, node.body)
    if not e.dead:
        for manager in reversed(exits):
            assert isinstance(manager, Object)
            call(e, e.session.get_attribute(e, manager, "__exit__"), [NONE, NONE, NONE], {})


def _manager(e: Emitter, tree: ast.expr) -> Object | None:
    """The object of a compiled class that is entered; None for torch's context managers that don't matter here."""
    if isinstance(tree, ast.Call):
        callee = e.expression(tree.func)
        if isinstance(callee, PyObject) and callee.value in _WITHOUT_EFFECT:
            evaluate_arguments(e, tree)
            return None
    value = e.expression(tree)
    if isinstance(value, Object):
        return value
    e.unsupported(f"with {ast.unparse(tree)}", node=tree)


STATEMENTS: Mapping[type[ast.stmt], StatementEmitter] = {
    ast.Return: _return, ast.Break: _break, ast.Continue: _continue, ast.Expr: _expression, ast.Pass: _pass, ast.If: _if,
    ast.Assign: emit_assign, ast.AnnAssign: emit_annotated, ast.AugAssign: emit_augmented, ast.Delete: emit_delete,
    ast.For: emit_for, ast.While: emit_while, ast.Raise: _raise, ast.Assert: _assert, ast.With: _with,
    ast.Import: _import, ast.ImportFrom: _import_from, ast.FunctionDef: _function, ast.Nonlocal: _pass,
}  # fmt: skip
"""What emits each kind of statement; the others aren't supported yet."""

__all__ = ["STATEMENTS", "Const", "Run", "emit_assertion", "emit_return"]
