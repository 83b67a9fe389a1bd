"""Functions that are compiled where they are called: lambdas, local functions, and those that are given or give such values.

A call of a function of a module is a `func.call`, in `functions.py`. What can't be a function of its own in IR, because
variables of another function, callables or iterators go in or out, is emitted in the caller's block, in a frame of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xdsl.ir import Attribute, BlockArgument

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import ListOp
from tsir.errors import TsirError
from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.control import emit_steps
from tsir.frontend.script.convert import coerce
from tsir.frontend.script.emitter import RESULT, Emitter, Unreachable
from tsir.frontend.script.frames import framed
from tsir.frontend.script.inlined_frames import in_frame
from tsir.frontend.script.names import annotation_scope
from tsir.frontend.script.numbers import number_in
from tsir.frontend.script.source import (
    FunctionNode,
    FunctionSource,
    assigned_names,
    is_generator,
    lambda_as_function,
    make_source,
    rebound_names,
)
from tsir.frontend.script.static_state import NeedsInlining, fresh, new_dict
from tsir.frontend.script.values import (
    Binding,
    Builtin,
    Choice,
    Closure,
    Condition,
    Const,
    Coroutine,
    Enumerate,
    ExceptionClass,
    Filter,
    GeneratorCall,
    Manager,
    ManagerFunction,
    Map,
    Method,
    Object,
    Partial,
    PyFunction,
    PyObject,
    Range,
    Reversed,
    Run,
    Scope,
    Slice,
    Spread,
    StaticDict,
    StaticList,
    StaticObject,
    StaticTuple,
    Unusable,
    Value,
    Zip,
)

if TYPE_CHECKING:
    from tsir.frontend.script.signatures import ParameterInfo, Signature

MAX_INLINED = 60
"""How deep calls are inlined into each other: a recursion of closures has no end."""


IDENTITY = "$identity"
"""Among a closure's defaults, in programs that compare functions: an object that no other closure has."""


@dataclass(frozen=True)
class Given:
    """A default value that is a value of the compilation already."""

    value: Value


def make_closure(e: Emitter, node: ast.Lambda | FunctionNode) -> Closure:
    """The value of a lambda or of a nested `def`. Its defaults are evaluated now."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = list(zip(reversed(positional), reversed(arguments.defaults), strict=False))
    pairs += [(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None]
    defaults = {a.arg: e.expression(d) for a, d in pairs}
    if e.session.decisions.functions_are_told_apart:
        defaults[IDENTITY] = Run(e.emit(ListOp([], ts.ListType(ts.INT))))
    key = ("tree", id(node))
    source = e.session.sources.get(key)
    if source is None:
        tree = lambda_as_function(node) if isinstance(node, ast.Lambda) else node
        outer = e.source
        source = e.session.sources[key] = make_source(outer.function, tree, outer.file, outer.line_offset)
    return Closure(source, e.scope, defaults)


def is_static(value: Value) -> bool:
    """Whether a value is a function or type, which only exists while compiling."""
    return isinstance(value, Closure | Partial | Choice | PyFunction | PyObject | Builtin | Method)


def holds_run(value: Value) -> bool:
    """Whether something that has no type of its own at run time contains a value that does, or a closure."""
    match value:
        case Run() | Object() | Closure() | Choice() | GeneratorCall() | Coroutine() | StaticObject():
            return True
        case StaticDict() | StaticList() if value.ref is not None:
            return True
        case StaticTuple() | StaticList():
            return any(holds_run(v) for v in value.elements)
        case StaticDict():
            return any(holds_run(v) for v in value.items.values())
        case PyFunction():
            return value.receiver is not None and holds_run(value.receiver)
        case Method():
            return holds_run(value.receiver)
        case ManagerFunction():
            return holds_run(value.function)
        case Manager() | ExceptionClass():
            return True
        case Partial():
            return holds_run(value.function) or any(holds_run(v) for v in (*value.args, *value.kwargs.values()))
        case Enumerate() | Reversed():
            return holds_run(value.iterable)
        case Filter():
            return holds_run(value.function) or holds_run(value.iterable)
        case Slice():
            return any(holds_run(v) for v in (value.start, value.stop, value.step))
        case Spread():
            return holds_run(value.values)
        case Zip() | Map():
            inner = value.iterables if isinstance(value, Zip) else (value.function, *value.iterables)
            return any(holds_run(v) for v in inner)
        case Range():
            return any(holds_run(v) for v in (value.start, value.stop, value.step))
        case _:
            return False


def inline(
    e: Emitter, source: FunctionSource, signature: Signature, bound: Mapping[str, Value], outer: Scope | None, name: str
) -> Value:
    """Emits a function's body here, with its parameters bound to these values, and gives what it returns."""
    from tsir.frontend.script.functions import fall_off

    values = {p.name: as_declared(e, bound[p.name], p, name) for p in signature.parameters}
    values |= {extra: bound[extra] for extra in (signature.varargs, signature.keywords) if extra is not None}
    keywords = values.get(signature.keywords or "")
    if isinstance(keywords, StaticDict) and keywords.ref is None:
        values[signature.keywords or ""] = new_dict(e, keywords.items)
    if is_generator(source.node):
        from tsir.frontend.script.generators import make_generator

        return make_generator(e, source, signature, values, outer, name)
    with entered(e, source, values, signature.result, outer, name):
        emit_steps(e, [*source.node.body, lambda: fall_off(e, source.node)], end_of(source.node))
        result = e.variables.get(RESULT)
        dead = e.dead
    if dead or result is None:
        raise Unreachable
    if isinstance(result.value, Unusable):
        e.error(f"the result of {name}() {result.value.why}", hint=result.value.hint, code="TS202")
    return fresh(e, result.value)


def require_constant(e: Emitter, value: Value, what: str) -> None:
    """An argument that has to be known while compiling. Raises NeedsInlining where it may be known to the caller of the function that
    is being compiled, else FrontendError."""
    if e.session.type_of(value) is None or isinstance(value, Const):
        return
    if isinstance(value, Run) and isinstance(value.ssa, BlockArgument) and not e.is_root:
        raise NeedsInlining
    e.error(f"{what} has to be known while compiling", hint="write it as a constant in the call", code="TS402")


@contextmanager
def entered(
    e: Emitter,
    source: FunctionSource,
    values: Mapping[str, Value],
    result: Attribute | None,
    outer: Scope | None,
    name: str,
) -> Generator[None]:
    """What is emitted inside belongs to a call of a function that is inlined here, with these values of its parameters."""
    session = e.session
    if len(session.inlined) >= MAX_INLINED:
        e.error(
            f"calls of {name}() are nested too deeply to be inlined",
            hint="a recursive function has to be one of a module, with an annotation of its result",
            code="TS106",
        )
    rebinds = rebound_names(source.node)
    names = frozenset([*assigned_names(source.node.body), *values]) - rebinds
    place = e.place
    session.frames += 1
    scope = Scope(session.frames, names, outer)
    session.frame_sources[scope.frame] = source
    session.active_frames.add(scope.frame)
    session.inlined.append(name)
    session.running.append((source, None if outer is None else outer.frame))
    try:
        with in_frame(e, source, scope, result, rebinds):
            for key, value in values.items():
                e.variables[key] = Binding(e.kept(key, value))
            yield
    except TsirError as error:
        error.notes = (*error.notes, (f"in a call of {name}()", place))
        raise
    finally:
        session.active_frames.discard(scope.frame)
        session.inlined.pop()
        session.running.pop()


def as_declared(e: Emitter, value: Value, p: ParameterInfo, function: str) -> Value:
    """An argument as the type that its parameter is declared to be of."""
    if p.type is None or e.session.type_of(value) == p.type:
        return value
    value = number_in(e, value, p.type)
    return e.session.object_or_run(coerce(e, value, p.type, f"argument '{p.name}' of {function}()", p.declared))


def call_closure(e: Emitter, callee: Closure, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """Calls a lambda or a local function: inlined, or as a function of its own where it calls itself."""
    from tsir.frontend.script.argument_binding import bind_arguments
    from tsir.frontend.script.functions import call_compiled
    from tsir.frontend.script.signatures import ParameterInfo, as_hints, signature_of_tree

    node, session = callee.source.node, e.session
    defaults: dict[str, Any] = {k: Given(v) for k, v in callee.defaults.items()}
    signature = signature_of_tree(e.session, callee.source, annotation_scope(e), defaults)
    if e.session.dynamic:
        signature = as_hints(signature)
    bound = bind_arguments(e, e.session, signature, args, kwargs, node.name)
    is_running = (callee.source, callee.scope.frame) in session.running
    if (node.name not in callee.source.loads and not is_running) or is_generator(node):
        return inline(e, callee.source, signature, bound, callee.scope, node.name)
    captured = _lifted(e, callee)
    lost = rebound_names(node).union(*(rebound_names(v.source.node) for v in captured.values() if isinstance(v, Closure)))
    if lost & captured.keys():
        e.unsupported(
            f"nonlocal '{min(lost & captured.keys())}' in a local function that calls itself",
            node=node,
            hint="assign it first in a statement of its own, before the functions are called",
        )
    lifted = tuple(ParameterInfo(n, None) for n in captured)
    return call_compiled(
        e,
        PyFunction(callee.source.function),
        callee.source,
        replace(signature, parameters=signature.parameters + lifted),
        bound | captured,
        node.name,
    )


def _lifted(e: Emitter, callee: Closure) -> dict[str, Value]:
    """The variables around that become parameters of a local function that calls itself. Raises UnsupportedError where two of
    different functions have one name."""
    node, found = callee.source.node, dict[str, Value]()
    own = {*assigned_names(node.body), *(a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg))}
    for name, value in _captured(e, callee):
        known = found.setdefault(name, value)
        if name in own or not _is_same(known, value):
            e.unsupported(
                f"a local function that calls itself and others, which read different variables called '{name}',",
                node=e.node,
                hint=f"give '{name}' different names in these functions",
            )
    return found


def _is_same(a: Value, b: Value) -> bool:
    """Whether two values that a function reads are one."""
    if isinstance(a, Closure) and isinstance(b, Closure):
        if a.source is not b.source or a.scope.frame != b.scope.frame or a.defaults.keys() != b.defaults.keys():
            return False
        return all(_is_same(v, b.defaults[n]) for n, v in a.defaults.items())
    if isinstance(a, Const) and isinstance(b, Const):
        return a.same(b)
    if isinstance(a, Run | Object) and isinstance(b, Run | Object):
        return a.ssa is b.ssa
    return a is b


def _captured(e: Emitter, callee: Closure, seen: frozenset[str] = frozenset()) -> Iterator[tuple[str, Value]]:
    """The variables of the functions around that a local function reads, with their values now; also for those it calls."""
    parameters = {a.arg for a in ast.walk(callee.source.node.args) if isinstance(a, ast.arg)}
    own = {*assigned_names(callee.source.node.body), *parameters, *seen}
    for name in callee.source.loads:
        scope: Scope | None = None if name in own else callee.scope
        while scope is not None:
            key = name if scope.frame == e.scope.frame else framed(name, scope.frame)
            binding = e.variables.get(key)
            if binding is None or isinstance(binding.value, Unusable):
                scope = scope.outer
                continue
            value = binding.value
            if isinstance(value, Closure):
                yield from _captured(e, value, seen | {name})
                value = replace(value, scope=Scope(0, frozenset()))
            yield name, value
            break


def emit_choice(e: Emitter, value: Choice, use: Callable[[Value], Value]) -> Value:
    """Does the same with whichever of several values it is, in the branches of `scf.if`s."""
    from tsir.frontend.script.control import choose

    def among(options: Sequence[Value], at: int) -> Value:
        if len(options) == 1:
            return use(options[0])
        test = e.py("eq", [value.number, e.int_constant(at)])
        return choose(e, Condition(test), lambda: use(options[0]), lambda: among(options[1:], at + 1))

    return among(value.options, 0)


__all__ = ["Given", "call_closure", "emit_choice", "holds_run", "inline", "make_closure"]
