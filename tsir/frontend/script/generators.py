"""Generators: a call of one is a `GeneratorCall`, whose body is emitted where its elements are used.

`for` goes over a generator by emitting the generator's body, with the loop's own body in place of each `yield`: what Python does by
switching between both, in the same order. `break` and `return` of the loop leave the generator, too; its `finally` clauses run.
A generator that is used in several places or step by step is a `Coroutine`: see `coroutines.py`. What `enumerate`, `zip`, `map` and
`filter` give is a generator, too, where it is made of one or used like one; those functions are in `lazy.py`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from xdsl.ir import SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.dialects.ts.structure import ReraiseOp
from tsir.errors import TsirError, UnsupportedError
from tsir.frontend.script.constructs import end_of, start_of
from tsir.frontend.script.control import emit_branch, emit_steps
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import EXIT, RESULT, RETURNED, SENT, STOP, Emitter, Unreachable
from tsir.frontend.script.frames import frame_of
from tsir.frontend.script.inlined_frames import in_frame, suspend
from tsir.frontend.script.inlining import MAX_INLINED, call_closure, make_closure
from tsir.frontend.script.recursive_generators import calls_itself, recursive_source
from tsir.frontend.script.source import FunctionNode, FunctionSource, assigned_names, make_source, rebound_names
from tsir.frontend.script.statement_yields import with_plain_yields, yields
from tsir.frontend.script.values import (
    FALSE,
    NONE,
    TRUE,
    Binding,
    Choice,
    Closure,
    Condition,
    Const,
    Coroutine,
    Enumerate,
    Filter,
    GeneratorCall,
    Map,
    Partial,
    PyFunction,
    RaisedException,
    Reversed,
    Scope,
    StaticDict,
    StaticList,
    StaticObject,
    StaticTuple,
    Value,
    Zip,
)

if TYPE_CHECKING:
    from tsir.frontend.script.signatures import Signature


def make_generator(
    e: Emitter, source: FunctionSource, signature: Signature, bound: Mapping[str, Value], outer: Scope | None, name: str
) -> GeneratorCall:
    """The value of a call of a generator function."""
    if calls_itself(source.node):
        return GeneratorCall(recursive_source(e, source, signature), dict(bound), outer, name)
    key = ("yields", id(source.node))
    plain = e.session.sources.get(key)
    if plain is None:
        with e.at(None):
            tree = with_plain_yields(source)
        plain = e.session.sources[key] = make_source(source.function, tree, source.file, source.line_offset)
        e.session.keep_alive.append(source)
    return GeneratorCall(plain, dict(bound), outer, name)


def generator_of(e: Emitter, function: Callable[..., object], *args: Value) -> GeneratorCall:
    """A call of a generator function of the compiler's own."""
    from tsir.frontend.script.calls import call

    made = call(e, PyFunction(function), args, {})
    assert isinstance(made, GeneratorCall)
    return made


def is_lazy(value: Value) -> bool:
    """Whether the elements of a value are made one by one when they are used."""
    match value:
        case GeneratorCall() | Coroutine():
            return True
        case Enumerate() | Reversed():
            return is_lazy(value.iterable)
        case Zip():
            return any(is_lazy(v) for v in value.iterables)
        case Map():
            return any(is_lazy(v) for v in value.iterables)
        case Filter():
            return is_lazy(value.iterable)
        case _:
            return False


def as_generator(e: Emitter, value: Value) -> GeneratorCall | Coroutine:
    """What a function such as `enumerate` gives, as a generator."""
    from tsir.frontend.script import lazy
    from tsir.frontend.script.coroutines import start

    match value:
        case GeneratorCall() | Coroutine():
            return value
        case Enumerate():
            return generator_of(e, lazy.enumerated, value.iterable, value.start)
        case Map() if len(value.iterables) == 1:
            return generator_of(e, lazy.mapped, value.function, value.iterables[0])
        case Map():
            return generator_of(e, lazy.mapped_rows, value.function, Zip(value.iterables))
        case Filter() if isinstance(value.function, Const):
            return generator_of(e, lazy.filtered_truth, value.iterable)
        case Filter():
            return generator_of(e, lazy.filtered, value.function, value.iterable)
        case Zip():
            first = next((i for i, v in enumerate(value.iterables) if is_lazy(v)), 0)
            rest = [start(e, as_generator(e, v)) if is_lazy(v) else v for v in value.iterables[first + 1 :]]
            before, behind = StaticTuple(value.iterables[:first]), StaticTuple(tuple(rest))
            if not value.iterables:
                return generator_of(e, lazy.nothing)
            strict = isinstance(value.strict, Const) and bool(value.strict.value)
            function = lazy.zipped_strictly if strict else lazy.zipped
            return generator_of(e, function, before, value.iterables[first], behind)
        case _:
            return generator_of(e, lazy.each, value)


def emit_body(
    e: Emitter,
    g: GeneratorCall,
    on_yield: Callable[[Value], Value],
    spliced: frozenset[int],
    begin: Callable[[], None] = lambda: None,
    finish: Callable[[], None] = lambda: None,
) -> Value | None:
    """Emits a generator's body here and gives what it returns; None where it doesn't end by itself. `begin` and `finish` are emitted
    in the generator's frame."""
    session, node = e.session, g.source.node
    if len(session.inlined) >= MAX_INLINED or session.inlined.count(g.name) > 3:
        e.unsupported(
            f"generator {g.name}(), which goes over itself,",
            hint="write it as a function that gives a list",
            code="TS106",
        )
    rebinds = rebound_names(node)
    names = frozenset([*assigned_names(node.body), *g.bound]) - rebinds
    place = e.place
    session.frames += 1
    session.inlined.append(g.name)
    try:
        with in_frame(e, g.source, Scope(session.frames, names, g.outer), None, rebinds):
            e.on_yield, e.spliced = on_yield, spliced
            e.variables[SENT] = Binding(NONE)
            for key, value in g.bound.items():
                e.bind(key, value)
            begin()
            emit_steps(e, node.body, end_of(node))
            result = e.variables.get(RESULT)
            if not e.dead:
                finish()
    except TsirError as error:
        error.notes = (*error.notes, (f"in generator {g.name}()", place))
        raise
    finally:
        session.inlined.pop()
    return NONE if result is None else result.value


def splice(e: Emitter, g: GeneratorCall, consume: Callable[[Value], None]) -> Value | None:
    """Runs a generator with `consume` in place of each `yield`, as the body of a loop: it may set the flags of this function. Gives
    what the generator returns.

    Behind it STOP says whether the loop was left.
    """
    e.set_flag(STOP, FALSE)
    pending = _pending(e, g)
    if pending is not None:
        consume = _keeping_errors(e, consume, pending)
    resumed, frame = suspend(e), e.scope.frame
    outer = e.session.going_on
    e.session.going_on = outer | {frame}

    def on_yield(value: Value) -> Value:
        with resumed():
            e.session.going_on = outer
            e.loop_runs = False
            e.set_flag(EXIT, FALSE)
            e.set_flag(STOP, FALSE)
            try:
                consume(value)
            except Unreachable:
                e.dead = True
            e.variables[EXIT] = e.variables[STOP]
            stopped = e.variables[STOP]
            e.session.going_on = outer | {frame}
        if not e.dead and not (isinstance(stopped.value, Const) and not stopped.value.value):
            for flag in (RETURNED, STOP, EXIT):
                e.variables[flag] = stopped
        return NONE

    first = e.session.frames
    try:
        result = emit_body(e, g, on_yield, e.spliced | {frame})
    finally:
        e.session.going_on = outer
        _forget_frames(e, first)
    if pending is not None and not e.dead:
        _raise_kept(e, pending)
    return result


def _pending(e: Emitter, g: GeneratorCall) -> str | None:
    """The variable for an exception of the loop's body, where handlers of the generator stand around a `yield`: Python ends the
    generator before the exception goes on, and they don't see it. Raises UnsupportedError for handlers that see that end."""
    around = [n for s in g.source.node.body for n in ast.walk(s) if isinstance(n, ast.Try | ast.With)]
    around = [n for n in around if any(yields(s) for s in n.body) and (isinstance(n, ast.With) or n.handlers)]
    for handler in (h for n in around if isinstance(n, ast.Try) for h in n.handlers):
        names = (
            [n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)]
            if handler.type is not None
            else ["BaseException"]
        )
        if {"BaseException", "GeneratorExit"} & set(names):
            raise UnsupportedError(
                "an `except` around `yield` that catches GeneratorExit isn't supported yet",
                location=g.source.location(handler),
                hint="write `except Exception:`, or `finally:` for what is to run in any case",
            )
    line, column = start_of(e.node or e.source.node)
    return f"<error {line}.{column}>" if around else None


def _keeping_errors(e: Emitter, consume: Callable[[Value], None], name: str) -> Callable[[Value], None]:
    """The body of a loop whose exception leaves the loop and is kept in a variable."""
    from tsir.frontend.script.exceptions import emit_guarded

    e.bind(name, NONE)

    def keep(error: SSAValue) -> None:
        e.bind(name, RaisedException(error))
        e.set_flag(STOP, TRUE)
        e.set_flag(EXIT, TRUE)

    return lambda value: emit_guarded(e, lambda: consume(value), keep, lambda: None, end_of(e.node or e.source.node))


def _raise_kept(e: Emitter, name: str) -> None:
    kept = e.variables[name].value
    if isinstance(kept, Const):
        return
    error = materialise(e, kept)
    none = e.emit(py_op("is")([error, materialise(e, NONE)], [ts.BOOL]))

    def reraise() -> None:
        e.emit_void(ReraiseOp(e.cast(error, ts.AnyType())))
        e.dead = True

    emit_branch(e, Condition(none), lambda: None, reraise, end_of(e.node or e.source.node))


def _forget_frames(e: Emitter, first: int) -> None:
    """Forgets the variables of the frames behind `first`, which are those of a generator that has ended and of what it has called,
    unless a function or generator of theirs is still to be had."""
    gone = {k for k in e.variables if (frame := frame_of(k)) is not None and frame > first}
    kept = (b.value for k, b in e.variables.items() if k not in gone)
    if not any(isinstance(v, _KEEPING) for v in kept):
        e.variables = {k: b for k, b in e.variables.items() if k not in gone}


_KEEPING = (
    Closure,
    Coroutine,
    GeneratorCall,
    Partial,
    Choice,
    StaticTuple,
    StaticList,
    StaticDict,
    StaticObject,
    PyFunction,
    RaisedException,
    Map,
    Filter,
)
"""Values that functions or generators with variables of their own may be in."""


def generator_expression(e: Emitter, node: ast.GeneratorExp) -> GeneratorCall:
    """`(element for target in iterable if condition)`: the first iterable is evaluated now, the rest where it is used."""
    body: ast.stmt = ast.Expr(ast.Yield(node.elt))
    for i, part in reversed(list(enumerate(node.generators))):
        for test in reversed(part.ifs):
            body = ast.If(test, [body], [])
        if part.is_async:
            e.unsupported("an async comprehension", node=part.iter)
        body = ast.For(part.target, ast.Name(_FIRST, ast.Load()) if i == 0 else part.iter, [body], [], None)
    names = sorted({n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)})
    statements: list[ast.stmt] = [*([ast.Nonlocal(names)] if names else []), body]
    function = ast.FunctionDef("<genexpr>", _parameters(_FIRST), statements, [], None, None)
    function.type_params = []  # pyright: ignore[reportAttributeAccessIssue]  (a field from Python 3.12 on)
    for tree in ast.walk(function):
        if not hasattr(tree, "lineno"):
            ast.copy_location(tree, node)
    made = call_closure(e, _closure_of(e, node, function), [e.expression(node.generators[0].iter)], {})
    assert isinstance(made, GeneratorCall)
    return made


_FIRST = "<iterable>"


def _parameters(*names: str) -> ast.arguments:
    return ast.arguments([], [ast.arg(n) for n in names], None, [], [], None, [])


def _closure_of(e: Emitter, node: ast.GeneratorExp, function: FunctionNode) -> Closure:
    """The function of a generator expression, which is made once for each tree."""
    known = e.session.generator_trees.setdefault(id(node), function)
    e.session.keep_alive.append(node)
    return make_closure(e, known)
