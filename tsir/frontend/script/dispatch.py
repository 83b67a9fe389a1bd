"""Calls of functions that are values of run time: by the class of the object, in one function for all calls with such arguments.

What function values are is `function_values.py`'s subject.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xdsl.dialects import func
from xdsl.ir import Attribute, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import GetAttrOp, IsInstanceOp
from tsir.errors import FrontendError
from tsir.frontend.script.autocasting import OFF, Autocast, within
from tsir.frontend.script.convert import coerce, materialise
from tsir.frontend.script.emitter import Emitter, Unreachable
from tsir.frontend.script.frames import FRAME, unframed
from tsir.frontend.script.function_values import Function, Site, as_function
from tsir.frontend.script.python_errors import raise_in_program
from tsir.frontend.script.source import FunctionSource, make_source
from tsir.frontend.script.static_state import NeedsInlining
from tsir.frontend.script.values import (
    Body,
    Condition,
    Object,
    PyFunction,
    Spread,
    Value,
)

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.functions import Compiled


@dataclass(eq=False)
class Dispatcher:
    """The function that calls a function value with arguments of these types, those behind the first `count` by name."""

    types: tuple[Attribute, ...]
    names: tuple[str, ...]
    source: FunctionSource
    body: Body
    compiled: Compiled | None = None
    autocast: Autocast = OFF
    """The autocast around the calls."""
    known: int = 0
    """How many places there were where functions are made when it was compiled."""


def call_function_value(e: Emitter, callee: Object, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """Calls a function that is a value of run time."""
    from tsir.frontend.script.functions import known_result

    session = e.session
    sites = _sites(session)
    if not sites:
        e.unsupported(
            "a call of a function that is made further down", hint="define the functions above the place of the call"
        )
    late = [s for s in sites if s.late]
    for site in late:
        if site.emitter is not e:
            if not e.is_root:
                raise NeedsInlining
            continue
        gone = [k for k in site.late if unframed(k, e.scope.frame) not in e.variables]
        if gone:
            name = gone[0].partition(FRAME)[0]
            e.unsupported(
                f"a call of a function that reads '{name}' of a function that has returned, which assigned it later, too,",
                hint=f"let it keep the value of then: `lambda ..., {name}={name}: ...`",
            )
    args, kwargs = [as_function(e, a) for a in args], {k: as_function(e, v) for k, v in kwargs.items()}
    given = [*args, *kwargs.values()]
    static = any(isinstance(v, Spread) or session.type_of(v) is None for v in given)
    if static or any(s.emitter is e for s in late):
        here = [s for s in sites if not s.late or s.emitter is e]
        return _among(e, callee, here, lambda site: call_site(e, site, callee.ssa, args, kwargs))
    operands = [callee.ssa, *(materialise(e, v) for v in given)]
    dispatcher = _dispatcher(e, tuple(o.type for o in operands), tuple(kwargs))
    compiled = _compile(session, dispatcher)
    ssa = e.emit(func.CallOp(compiled.symbol, operands, [known_result(session, compiled)]))
    return session.object_or_run(ssa)


def _sites(session: Session) -> list[Site]:
    """The places where functions are made, and the classes that the program itself derives from `Function`, as printed ones do."""
    known = {site.info for site in session.function_sites.values()}
    for info in session.script_classes():
        own = info.lookup("__call__")
        if info not in known and issubclass(info.python_class, Function) and own is not None and own[1] is not Function:
            session.function_sites[info.name] = Site(info, None)
    return list(session.function_sites.values())


def _among(e: Emitter, callee: Object, sites: Sequence[Site], use: Callable[[Site], Value]) -> Value:
    """What `use` gives for the place where the function was made, whichever of these it is; TypeError for another one."""
    from tsir.frontend.script.control import choose

    def among(rest: Sequence[Site]) -> Value:
        if not rest:
            raise_in_program(e, "TypeError", "a function is called with arguments that it doesn't take")
        test = e.emit(IsInstanceOp(callee.ssa, [rest[0].info.type]))
        return choose(e, Condition(test), lambda: use(rest[0]), lambda: among(rest[1:]))

    return among(sites)


def site_of(e: Emitter, callee: Object) -> Site | None:
    """The place where a function value was made whose class is known; None for other objects."""
    if not issubclass(callee.info.python_class, Function):
        return None
    return next((s for s in e.session.function_sites.values() if s.info is callee.info and s.build is not None), None)


def call_site(e: Emitter, site: Site, ssa: SSAValue, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """The call of a function of one place."""
    from tsir.frontend.script.calls import call

    session = e.session
    this = e.cast(ssa, site.info.type)
    if site.build is None:
        return call(e, Object(this, site.info), args, kwargs)
    values = [session.object_or_run(e.emit(GetAttrOp(this, f"v{i}", kind))) for i, kind in enumerate(site.types)]
    opened = len(session.open_cells)
    callee = site.build(e, iter(values))
    cells = session.open_cells[opened:]
    del session.open_cells[opened:]
    result = call(e, callee, args, kwargs)
    for key, cell in cells:
        shared = materialise(e, cell)
        assert isinstance(shared.type, ts.ListType)
        now = coerce(e, e.variables[key].value, shared.type.element, "a variable that functions share")
        e.py("setitem", [shared, e.int_constant(0), now])
    return result


def _dispatcher(e: Emitter, types: tuple[Attribute, ...], names: tuple[str, ...]) -> Dispatcher:
    session = e.session
    key = (types, names, session.autocast)
    found = session.dispatchers.get(key)
    if found is not None:
        return found
    source = _source(e, len(types))

    def emit(inner: Emitter) -> None:
        _emit(inner, made)

    made = session.dispatchers[key] = Dispatcher(types, names, source, Body(emit), autocast=session.autocast)
    return made


def _source(e: Emitter, count: int) -> FunctionSource:
    """A function with so many parameters, at the place of the call."""
    arguments = ast.arguments([], [ast.arg(_name(i)) for i in range(count)], None, [], [], None, [])
    node = ast.FunctionDef("call_function", arguments, [ast.Pass()], [], None, None)
    node.type_params = []  # pyright: ignore[reportAttributeAccessIssue]  (a field from Python 3.12 on)
    for tree in ast.walk(node):
        ast.copy_location(tree, e.node or e.source.node)
    source = make_source(e.source.function, node, e.source.file, e.source.line_offset)
    e.session.keep_alive.append(source)
    return source


def _name(i: int) -> str:
    return "function" if i == 0 else f"a{i - 1}"


def _compile(session: Session, made: Dispatcher, result: Attribute | None = None, symbol: str | None = None) -> Compiled:
    from tsir.frontend.script.functions import compile_for
    from tsir.frontend.script.signatures import ParameterInfo, Signature

    parameters: dict[str, Attribute | Value] = {_name(i): k for i, k in enumerate(made.types)}
    signature = Signature(tuple(ParameterInfo(n, k) for n, k in parameters.items() if isinstance(k, Attribute)), result)
    known = len(_sites(session))
    callee = PyFunction(made.source.function)
    with within(session, made.autocast):
        compiled = compile_for(session, made.source, signature, parameters | {"$body": made.body}, callee, symbol)
    if made.compiled is None:
        made.compiled, made.known = compiled, known
    return compiled


def _emit(e: Emitter, made: Dispatcher) -> None:
    """The body: a call of the function of each place, where its arguments fit."""
    from tsir.frontend.script.functions import known_result
    from tsir.frontend.script.statements import emit_return

    session = e.session
    callee, *given = (e.variables[_name(i)].value for i in range(len(made.types)))
    assert isinstance(callee, Object)
    count = len(given) - len(made.names)
    args, kwargs = given[:count], dict(zip(made.names, given[count:], strict=True))
    errors: list[FrontendError] = []
    symbols: dict[int, Compiled] = {}
    sites = [s for s in _sites(session) if not s.late]
    for site in sites:
        try:
            symbols[id(site)] = _compile_site(e, site, made)
        except FrontendError as error:
            errors.append(error)
    usable = [s for s in sites if id(s) in symbols]
    if not usable:
        raise errors[0] if errors else FrontendError("no function is known that could be called here", location=e.place)

    def use(site: Site) -> Value:
        compiled = symbols[id(site)]
        kind = known_result(session, compiled)
        operands = [e.cast(callee.ssa, site.info.type), *(materialise(e, v) for v in (*args, *kwargs.values()))]
        result = e.emit(func.CallOp(compiled.symbol, operands, [kind]))
        if compiled.only_raises:
            raise Unreachable
        return session.object_or_run(result)

    emit_return(e, _among(e, callee, usable, use))


def _compile_site(e: Emitter, site: Site, made: Dispatcher) -> Compiled:
    """The function for functions of one place. Raises FrontendError where they don't take such arguments."""
    from tsir.frontend.script.functions import compile_for
    from tsir.frontend.script.signatures import ParameterInfo, Signature

    session = e.session
    kinds = (site.info.type, *made.types[1:])
    known = session.site_bodies.get((id(site), kinds, made.names))
    if known is None:

        def emit(inner: Emitter) -> None:
            from tsir.frontend.script.statements import emit_return

            this, *given = (inner.variables[_name(i)].value for i in range(len(kinds)))
            assert isinstance(this, Object)
            count = len(given) - len(made.names)
            kwargs = dict(zip(made.names, given[count:], strict=True))
            emit_return(inner, as_function(inner, call_site(inner, site, this.ssa, given[:count], kwargs)))

        known = session.site_bodies[id(site), kinds, made.names] = (_source(e, len(kinds)), Body(emit))
    source, body = known
    parameters: dict[str, Attribute | Value] = {_name(i): k for i, k in enumerate(kinds)}
    signature = Signature(tuple(ParameterInfo(n, k) for n, k in parameters.items() if isinstance(k, Attribute)), None)
    with session.attempt():
        compiled = compile_for(session, source, signature, parameters | {"$body": body}, PyFunction(source.function))
    if not made.names and not compiled.incomplete and made.autocast == OFF:
        site.info.methods.setdefault("__call__", compiled.symbol)
    return compiled


def complete_dispatchers(session: Session) -> None:
    """Compiles the functions that call function values again, where functions were made in other places since."""
    while True:
        pending = [d for d in session.dispatchers.values() if d.known < len(_sites(session)) and d.compiled]
        if not pending:
            return
        for made in pending:
            assert made.compiled is not None
            made.known = len(_sites(session))
            session.forget_function(made.compiled)
            _compile(session, made, made.compiled.result, made.compiled.symbol)
