"""Statements: one function for each kind of node, in one table. Branches and loops are in `control.py` and `loops.py`."""

from __future__ import annotations

import ast
import contextlib
import copy
import importlib
import inspect
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from tsir.dialects.ts.structure import RaiseOp
from tsir.errors import did_you_mean
from tsir.frontend.script.assignment import assign, emit_annotated, emit_assign, emit_augmented, emit_delete
from tsir.frontend.script.autocasting import emit_autocast
from tsir.frontend.script.calls import call
from tsir.frontend.script.conditions import condition
from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.control import body, emit_branch, emit_steps
from tsir.frontend.script.convert import as_python, coerce, materialise
from tsir.frontend.script.declared_dtypes import note_returned
from tsir.frontend.script.emitter import EXIT, RESULT, RETURNED, STOP, Emitter, StatementEmitter
from tsir.frontend.script.evaluated_arguments import evaluate_arguments
from tsir.frontend.script.exceptions import emit_managed, emit_raise, emit_suppressed, emit_try
from tsir.frontend.script.expected import raise_if_expected
from tsir.frontend.script.ignored_blocks import emit_ignored
from tsir.frontend.script.inlining import make_closure
from tsir.frontend.script.loops import emit_for, emit_while
from tsir.frontend.script.managers import WITHOUT_EFFECT, emit_within, without_stack
from tsir.frontend.script.matching import emit_match
from tsir.frontend.script.misfits import RESULT_OF_FUNCTION
from tsir.frontend.script.numbers import number_in
from tsir.frontend.script.source import MISSING, assigned_names, outer_name
from tsir.frontend.script.values import (
    NONE,
    TRUE,
    Binding,
    Choice,
    Condition,
    Const,
    Manager,
    Object,
    PyObject,
    Run,
    StaticTuple,
    Unusable,
    Value,
    is_declined,
)


def emit_return(e: Emitter, value: Value) -> None:
    """Returns a value from the function: sets the flags and the result."""
    if isinstance(value, Unusable):
        e.error(f"the value returned {value.why}", hint=value.hint, code="TS202")
    if e.is_entry:
        value = as_python(e, value)
    same = isinstance(value, Const | StaticTuple) and e.session.type_of(value) == e.return_type and not e.is_entry
    if e.return_type is not None and not same and not is_declined(value):
        note_returned(e, value)
        value = number_in(e, value, e.return_type)
        returns = e.source.node.returns
        declared = e.source.location(returns) if returns is not None else None
        result = coerce(e, value, e.return_type, RESULT_OF_FUNCTION, declared)
        value = value if isinstance(value, Run) and value.ssa is result else e.session.object_or_run(result)
    e.set_flag(RESULT, value)
    for flag in (RETURNED, STOP, EXIT):
        e.set_flag(flag, TRUE)


def _return(e: Emitter, node: ast.Return) -> None:
    if node.value is None:
        emit_return(e, NONE)
        return
    value = e.expression(node.value, e.return_type)
    with e.calling([(value, node.value)]):
        emit_return(e, value)


def _break(e: Emitter, node: ast.Break) -> None:
    e.set_flag(STOP, TRUE)
    e.set_flag(EXIT, TRUE)


def _continue(e: Emitter, node: ast.Continue) -> None:
    e.set_flag(EXIT, TRUE)


def _expression(e: Emitter, node: ast.Expr) -> None:
    if isinstance(node.value, ast.Constant):
        return
    e.expression(node.value)


def _pass(e: Emitter, node: ast.Pass) -> None:
    return


def _names_from_around(e: Emitter, node: ast.Nonlocal | ast.Global) -> None:
    """`nonlocal` and `global`: which names these are has been seen in the tree before."""


def _if(e: Emitter, node: ast.If) -> None:
    emit_steps(e, [node], end_of(node))


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
        if found is None and hasattr(module, "__path__"):
            found = _imported(e, f"{module.__name__}.{alias.name}")
        if found is None:
            raise_if_expected(e, "ImportError", (), f"cannot import name '{alias.name}' from '{module.__name__}'")
            hint = did_you_mean(alias.name, dir(module))
            e.error(f"'{module.__name__}' has no '{alias.name}' to import", node=alias, hint=hint, code="TS203")
        name = alias.asname or alias.name
        e.variables[name] = Binding(e.session.from_python(found, name))


def _imported(e: Emitter, name: str, package: str | None = None) -> Any:
    """A module that compiled code imports: it is imported now."""
    try:
        return importlib.import_module(name, package)
    except ImportError as error:
        raise_if_expected(e, type(error).__name__, (), str(error).replace("{", "{{").replace("}", "}}"))
        e.error(f"the import fails while compiling: {error}")


def _class(e: Emitter, node: ast.ClassDef) -> None:
    """A local class: Python makes it now, with the constants and classes of this function that its body reads.

    Methods that read other variables of the function are inlined where they are called, as closures are.
    """
    function = e.source.function
    names: dict[str, Any] = {}
    captures = False
    for name in _free_names(node):
        binding = e.variables.get(name)
        if binding is not None and isinstance(binding.value, PyObject | Const) and _is_assigned_once(e, name):
            names[name] = binding.value.value
        elif binding is not None or e.outer_key(name) is not None or (name in e.local_names and name != node.name):
            captures = True
        elif name not in function.__globals__ and (found := outer_name(function, name)) is not MISSING:
            names[name] = found
    scope = {**function.__globals__, **names}
    tree = ast.increment_lineno(copy.deepcopy(node), e.source.line_offset)
    try:
        exec(compile(ast.Module([tree], []), e.source.file, "exec"), scope)
    except Exception as error:  # noqa: BLE001  (it is the user's class: anything may come of it)
        e.error(f"class {node.name} can't be made while compiling: {type(error).__name__}: {error}", node=node, code="TS101")
    made = scope[node.name]
    if isinstance(made, type):
        e.session.local_classes.add(made)
    if captures:
        e.session.local_scopes.update(dict.fromkeys(_functions_of(made), e.scope))
    e.bind(node.name, PyObject(made, node.name))


def _free_names(node: ast.ClassDef) -> set[str]:
    """The names that a class's body and its methods read and don't assign themselves."""
    free: set[str] = set()
    pending: list[tuple[ast.AST, frozenset[str]]] = [
        (s, frozenset()) for s in [*node.bases, *node.decorator_list, *node.body]
    ]
    while pending:
        part, own = pending.pop()
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part.id not in own:
            free.add(part.id)
        elif isinstance(part, ast.FunctionDef):
            inner = own | {a.arg for a in ast.walk(part.args) if isinstance(a, ast.arg)} | {*assigned_names(part.body)}
            pending += [(c, inner) for c in part.body]
            pending += [(c, own) for c in ast.iter_child_nodes(part) if c not in part.body]
            continue
        pending += [(c, own) for c in ast.iter_child_nodes(part)]
    return free


def _is_assigned_once(e: Emitter, name: str) -> bool:
    """Whether a variable of the function keeps the value that it has now."""
    places = [
        n for n in ast.walk(e.source.node) if isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Load)
    ]
    return len(places) <= 1


def _functions_of(cls: type) -> list[Any]:
    """The functions that a class's own body defines."""
    members = [getattr(m, "__func__", m) for m in vars(cls).values()]
    members += [part for m in members if isinstance(m, property) for part in (m.fget, m.fset)]
    return [m for m in members if inspect.isfunction(m)]


def _function(e: Emitter, node: ast.FunctionDef) -> None:
    """A local function; decorators are called with it."""
    value: Value = make_closure(e, node)
    for decorator in reversed(node.decorator_list):
        value = call(e, e.expression(decorator), [value], {})
    e.bind(node.name, value)


def _is_copy_without_effect(callee: Value) -> bool:
    """Whether this makes another manager like one of those: what `@torch.no_grad()` calls for each call of the function."""
    made = callee.value if isinstance(callee, PyObject) else None
    return isinstance(made, types.MethodType) and made.__name__ == "clone" and type(made.__self__) in WITHOUT_EFFECT


def _with(e: Emitter, node: ast.With) -> None:
    _with_items(e, node.items, node)


def _rest(items: Sequence[ast.withitem], node: ast.With) -> ast.With:
    """The rest of a `with` statement's items as a statement of its own."""
    return ast.copy_location(ast.With(list(items), node.body), node)


def _with_items(e: Emitter, items: Sequence[ast.withitem], node: ast.With) -> None:
    """Enters one manager after the other, and emits the body inside all."""
    if not items:
        body(e, node.body)
        return
    item, end = items[0], end_of(node.body[-1])

    def inner() -> None:
        _with_items(e, items[1:], node)

    def enter(value: Value) -> None:
        if item.optional_vars is not None:
            assign(e, item.optional_vars, value)

    tree = item.context_expr
    if isinstance(tree, ast.Call):
        callee = e.expression(tree.func)
        managed = callee.value if isinstance(callee, PyObject) else None
        if managed in WITHOUT_EFFECT or _is_copy_without_effect(callee):
            evaluate_arguments(e, tree)
            enter(NONE)
            inner()
            return
        if managed is contextlib.ExitStack and isinstance(item.optional_vars, ast.Name):
            statements = without_stack(e, item.optional_vars.id, node.body if len(items) == 1 else [_rest(items[1:], node)])
            body(e, statements)
            return
        if managed is torch.jit._IgnoreContextManager:  # pyright: ignore[reportPrivateImportUsage]
            emit_ignored(e, node, tree)
            return
        if managed is contextlib.suppress:
            classes = StaticTuple(tuple(evaluate_arguments(e, tree)[0]))
            enter(NONE)
            emit_suppressed(e, classes, inner, tree, end)
            return
    manager = e.expression(tree)
    _emit_entered(e, manager, enter, inner, tree, end)


def _emit_entered(
    e: Emitter,
    manager: Value,
    enter: Callable[[Value], None],
    inner: Callable[[], None],
    tree: ast.expr,
    end: tuple[int, int],
) -> None:
    """The body of a `with` of a manager that is a value."""
    match manager:
        case Choice():

            def among(options: Sequence[Value], at: int) -> None:
                first = lambda: _emit_entered(e, options[0], enter, inner, tree, end)  # noqa: E731
                if len(options) == 1:
                    first()
                    return
                test = e.py("eq", [manager.number, e.int_constant(at)])
                emit_branch(e, Condition(test), first, lambda: among(options[1:], at + 1), end)

            among(manager.options, 0)
        case PyObject(value=torch.autocast()):
            enter(manager)
            emit_autocast(e, manager.value, inner)
        case PyObject(value=contextlib.nullcontext()):
            enter(e.session.from_python(manager.value.enter_result, "enter_result"))
            inner()
        case PyObject() if type(manager.value) in WITHOUT_EFFECT:
            enter(NONE)
            inner()
        case Manager():
            with e.at(tree):
                emit_within(e, manager, enter, inner)
        case Object():
            with e.at(tree):
                entered = call(e, e.session.get_attribute(e, manager, "__enter__"), [], {})
            enter(entered)
            emit_managed(e, manager, inner, end)
        case _:
            e.unsupported(
                f"`with` for a value of type {e.show(manager)}",
                node=tree,
                hint="a script class with __enter__ and __exit__, torch.no_grad() and the like can be used",
            )


STATEMENTS: Mapping[type[ast.stmt], StatementEmitter] = {
    ast.Return: _return, ast.Break: _break, ast.Continue: _continue, ast.Expr: _expression, ast.Pass: _pass, ast.If: _if,
    ast.Assign: emit_assign, ast.AnnAssign: emit_annotated, ast.AugAssign: emit_augmented, ast.Delete: emit_delete,
    ast.For: emit_for, ast.While: emit_while, ast.Raise: emit_raise, ast.Try: emit_try, ast.Assert: _assert, ast.With: _with,
    ast.Import: _import, ast.ImportFrom: _import_from, ast.FunctionDef: _function, ast.ClassDef: _class, ast.Match: emit_match,
    ast.Nonlocal: _names_from_around,
    ast.Global: _names_from_around,
}  # fmt: skip
"""What emits each kind of statement; the others aren't supported yet."""

__all__ = ["STATEMENTS", "Const", "Run", "emit_assertion", "emit_return"]
