"""Context managers that are generators: `@contextlib.contextmanager`, `closing`, `nullcontext`, and `ExitStack`.

The body of the `with` stands where the generator yields, so that its exceptions come there, as in Python, and what the generator does
with them is what `try` does. How the body was left otherwise (`return`, `break`) takes effect when the generator has ended. The
managers that an `ExitStack` is given become `with` statements around the rest of its body, callbacks `finally` clauses.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import torch

from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.control import emit_branch
from tsir.frontend.script.emitter import Emitter, Unreachable
from tsir.frontend.script.generators import emit_body
from tsir.frontend.script.inlined_frames import suspend
from tsir.frontend.script.values import (
    FALSE,
    NONE,
    TRUE,
    Condition,
    Const,
    GeneratorCall,
    Manager,
    ManagerFunction,
    Value,
)

WITHOUT_EFFECT: tuple[Any, ...] = (
    torch.no_grad, torch.enable_grad, torch.inference_mode, torch.set_grad_enabled, torch.autograd.profiler.record_function,
    torch.profiler.record_function, torch.autograd.profiler.profile, torch.jit.strict_fusion,
)  # fmt: skip
"""Context managers that change nothing of what tsir computes."""

MADE_BEFORE = (torch.no_grad, torch.enable_grad, torch.inference_mode, torch.autograd.profiler.record_function)
"""Those of them that do nothing when they are made, so that they may be made before the `with` statement."""

ENTERED = "<entered>"
"""The variable of a generator that says whether its `with` statement's body has begun."""


@contextlib.contextmanager
def _nothing() -> Generator[None]:
    yield


_HELPER = _nothing.__code__
"""The code of all functions that `contextmanager` makes."""


def is_manager_function(function: Any) -> bool:
    """Whether a function is one that `contextlib.contextmanager` has made."""
    return getattr(function, "__code__", None) is _HELPER


def manager_of(e: Emitter, made: Value) -> Manager:
    """What a call of such a function gives, of what the generator function gives."""
    if not isinstance(made, GeneratorCall):
        e.error("a function with @contextmanager has to be a generator", hint="write `yield` in it", code="TS307")
    return Manager(made)


def call_manager_function(e: Emitter, callee: ManagerFunction, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """Calls a local function that is decorated with `contextmanager`."""
    from tsir.frontend.script.calls import call

    return manager_of(e, call(e, callee.function, args, kwargs))


def emit_within(e: Emitter, manager: Manager, enter: Callable[[Value], None], inner: Callable[[], None]) -> None:
    """The generator of a manager with a `with` statement's body where it yields."""
    from tsir.frontend.script.raising import raise_error

    resumed, frame = suspend(e), e.scope.frame
    outer = e.session.going_on
    e.session.going_on = outer | {frame}

    def check(value: bool, message: str) -> None:
        """Raises RuntimeError where the body has begun, or hasn't."""
        entered = e.variables[ENTERED].value
        test = Condition(bool(entered.value)) if isinstance(entered, Const) else Condition(e.flag(ENTERED))
        fail = lambda: raise_error(e, "RuntimeError", message)  # noqa: E731
        nothing = lambda: None  # noqa: E731
        assert e.node is not None
        emit_branch(e, test, fail if value else nothing, nothing if value else fail, end_of(e.node))

    def on_yield(value: Value) -> Value:
        if e.loops:
            e.unsupported("`yield` of a context manager in a loop", hint="write it once, outside of loops")
        check(True, "generator didn't stop")
        e.bind(ENTERED, TRUE)
        with resumed():
            e.session.going_on = outer
            try:
                enter(value)
                inner()
            except Unreachable:
                e.dead = True
            e.session.going_on = outer | {frame}
        if e.dead:
            raise Unreachable
        return NONE

    try:
        emit_body(
            e,
            manager.generator,
            on_yield,
            frozenset(),
            begin=lambda: e.bind(ENTERED, FALSE),
            finish=lambda: check(False, "generator didn't yield"),
        )
    finally:
        e.session.going_on = outer


# ExitStack


def without_stack(e: Emitter, name: str, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The body of a `with ExitStack() as name`, with what is entered and called back as statements of their own."""
    for i, statement in enumerate(statements):
        call, target = _stack_call(statement, name)
        if call is None:
            used = next((n for n in ast.walk(statement) if isinstance(n, ast.Name) and n.id == name), None)
            if used is not None:
                e.unsupported(
                    f"'{name}', an ExitStack, in another place than a statement `{name}.enter_context(...)` of its with's body",
                    node=used,
                    hint="write with statements",
                )
            continue
        assert isinstance(call.func, ast.Attribute)
        rest = without_stack(e, name, statements[i + 1 :]) or [ast.copy_location(ast.Pass(), statement)]
        if call.func.attr == "enter_context" and len(call.args) == 1:
            item = ast.withitem(call.args[0], target)
            made: list[ast.stmt] = [ast.With([item], rest)]
        elif call.func.attr == "callback" and call.args:
            names = [
                f"<callback {statement.lineno}.{statement.col_offset}.{n}>"
                for n in range(len(call.args) + len(call.keywords))
            ]
            given = [*call.args, *(k.value for k in call.keywords)]
            keep: list[ast.stmt] = [ast.Assign([ast.Name(n, ast.Store())], v) for n, v in zip(names, given, strict=True)]
            loads: list[ast.expr] = [ast.Name(n, ast.Load()) for n in names]
            keywords = [ast.keyword(k.arg, v) for k, v in zip(call.keywords, loads[len(call.args) :], strict=True)]
            back = ast.Expr(ast.Call(loads[0], loads[1 : len(call.args)], keywords))
            made = [*keep, ast.Try(rest, [], [], [back])]
        else:
            e.unsupported(f"{ast.unparse(call.func)}()", node=call, hint="use enter_context() and callback()")
        for part in made:
            for tree in ast.walk(part):
                if not hasattr(tree, "lineno"):
                    ast.copy_location(tree, statement)
            part.end_lineno, part.end_col_offset = statements[-1].end_lineno, statements[-1].end_col_offset
        return [*statements[:i], *made]
    return list(statements)


def _stack_call(statement: ast.stmt, name: str) -> tuple[ast.Call | None, ast.expr | None]:
    """The call of a method of the stack that a statement is, and what it is assigned to."""
    value, target = None, None
    match statement:
        case ast.Expr():
            value = statement.value
        case ast.Assign(targets=[only]):
            value, target = statement.value, only
        case _:
            pass
    match value:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=of))) if of == name:
            return value, target
        case _:
            return None, None
