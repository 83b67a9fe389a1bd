"""Functions as values of run time: what a list that a loop fills with lambdas holds, an attribute that is given a function.

Such a value is an object of a class that the program has for each place where functions are made; its attributes are what the
function has of its own: defaults, bound arguments, variables of functions that have returned. All these classes are derived from
one, `Function`, which is the static type. A call asks for the class and does what that function does: in a function of the
program for all calls with arguments of these types, which is completed when everything else has been compiled (`dispatch.py`).

A variable that a function which is still running assigns later, too, isn't kept in the object: it is read where the call stands, as
it is then, which is what Python does.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import NewOp, SetAttrOp
from tsir.dialects.values import FUNCTION
from tsir.frontend.script.classes import AttributeInfo, ClassInfo
from tsir.frontend.script.comprehension_cells import is_cell, reads_freely
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.frames import framed, unframed
from tsir.frontend.script.source import FunctionSource, rebound_names
from tsir.frontend.script.values import (
    Binding,
    Builtin,
    Choice,
    Closure,
    Const,
    EnumValue,
    Method,
    Object,
    Partial,
    PyFunction,
    PyObject,
    Run,
    Scope,
    StaticDict,
    StaticList,
    StaticTuple,
    Unusable,
    Value,
)

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session

Build = Callable[[Emitter, Iterator[Value]], Value]
"""Makes a callable again of the values that an object has."""


class Function:
    """The Python class behind the type of all function values, which printed programs name."""

    __tsir_function__ = None
    """The function of Python's that one stands for, if there is one (`FUNCTION`)."""


@dataclass(eq=False)
class Site:
    """The functions that are made in one place of the program, but for the values that each has of its own."""

    info: ClassInfo
    build: Build | None
    """None for a class with a method `__call__`."""
    late: tuple[str, ...] = ()
    """The keys of the variables that a call reads as they are then, in `emitter`."""
    emitter: Emitter | None = None
    types: list[Attribute] = field(default_factory=list[Attribute])

    @property
    def is_of_python(self) -> bool:
        """Whether these are one function of Python's."""
        return FUNCTION in vars(self.info.python_class)


def is_function(value: Value) -> bool:
    """Whether a value is a callable that only exists while compiling."""
    match value:
        case Closure() | Partial() | PyFunction() | Builtin() | Method():
            return True
        case PyObject():
            return callable(value.value)
        case Choice():
            return all(is_function(v) for v in value.options)
        case _:
            return False


def function_type(session: Session) -> ts.ClassType:
    """The type of function values."""
    return session.info_of_class(Function).type


def is_function_type(session: Session, kind: Attribute | None) -> bool:
    """Whether a type is that of function values."""
    return isinstance(kind, ts.ClassType) and session.class_of(kind) is Function


def is_function_object(value: Value) -> bool:
    """Whether a value is a function at run time."""
    return isinstance(value, Object) and issubclass(value.info.python_class, Function)


def as_function(e: Emitter, value: Value, *, objects: bool = False) -> Value:
    """A callable as a value of run time, with `objects` also objects and modules that can be called; anything else as it is."""
    if objects and isinstance(value, Object) and not is_function_object(value) and can_be_called(value):
        return function_object(e, value)
    if not is_function(value):
        return value
    if isinstance(value, Choice):
        from tsir.frontend.script.inlining import emit_choice

        return emit_choice(e, value, lambda option: as_function(e, option))
    return function_object(e, value)


def is_read_by_functions(e: Emitter, name: str) -> bool:
    """Whether a function that is a value of run time reads a variable of the function that is being emitted whenever it is called."""
    key = e.cell_key(name)
    return any(key in site.late for site in e.session.function_sites.values())


def can_be_called(value: Object) -> bool:
    """Whether an object can be called: a function, a module, or one of a class with `__call__`."""
    if is_function_object(value):
        return True
    found = value.info.lookup("__call__")
    return value.info.kind == "module" or (found is not None and hasattr(found[0], "__code__"))


def function_object(e: Emitter, value: Value) -> Object:
    """An object that stands for a callable."""
    session = e.session
    taking = _Taking(e)
    key, build = taking.take(value)
    leaves = [materialise(e, v) for v in taking.leaves]
    whole = (key, tuple(v.type for v in leaves), id(e) if taking.late else None)
    site = session.function_sites.get(whole)
    if site is None:
        site = Site(
            _new_class(session, value), build, tuple(taking.late), e if taking.late else None, [v.type for v in leaves]
        )
        site.info.attributes = {f"v{i}": AttributeInfo(v.type) for i, v in enumerate(leaves)}
        session.function_sites[whole] = site
    new = e.emit(NewOp(site.info.type))
    for i, leaf in enumerate(leaves):
        e.emit_void(SetAttrOp(new, f"v{i}", leaf))
    made = e.cast(new, function_type(session))
    if session.decisions.functions_are_told_apart:
        if _has_partial(key):
            e.unsupported("comparing what functools.partial() gives", hint="use a lambda or a local function")
        made = e.py("one_function", [made])
    return Object(made, session.info_of_class(Function))


def _new_class(session: Session, value: Value) -> ClassInfo:
    """The class of the functions that are made in one place of the program."""
    base = session.info_of_class(Function)
    function = python_function(value)
    members = {} if function is None else {FUNCTION: staticmethod(function)}
    info = session.info_of_class(type(f"Function_{len(session.function_sites) + 1}", (Function,), members))
    info.defined, info.bases = True, (base.name,)
    session.keep_alive.append(value)
    return info


def python_function(value: Value) -> Any:
    """The function of Python's that a value is; None for one that the program makes."""
    match value:
        case PyFunction() if value.receiver is None:
            return value.function
        case PyObject() if callable(value.value):
            return value.value
        case Builtin():
            return getattr(builtins, value.name, None)
        case _:
            return None


def info_of_function_class(session: Session, cls: type) -> ClassInfo | None:
    """The class that a session has for a function of Python's that a printed class stands for; None for other classes."""
    function = vars(cls).get(FUNCTION)
    if not issubclass(cls, Function) or function is None or cls.__module__ == __name__:
        return None
    site = site_of_python(session, function.__func__, function.__func__.__name__)
    return None if site is None else site.info


def is_of_python(value: Value) -> bool:
    """Whether a value is a function of Python's, or one of several of them."""
    if isinstance(value, Choice):
        return all(is_of_python(option) for option in value.options)
    function = python_function(value)
    return function is not None and not isinstance(function, type)


def _plain_key(value: Builtin | PyObject | PyFunction) -> Any:
    """What tells a function that has nothing of its own at run time from others."""
    match value:
        case Builtin():
            return ("builtin", value.name)
        case PyObject():
            return ("object", id(value.value))
        case PyFunction():
            return ("function", value.function)


def site_of_python(session: Session, function: Any, name: str) -> Site | None:
    """The place of a function of Python's, as a value of run time; None for a callable that isn't a plain function."""
    value = session.from_python(function, name)
    if not isinstance(value, Builtin | PyObject | PyFunction) or python_function(value) is not function:
        return None
    if isinstance(function, type):
        return None
    whole = (_plain_key(value), (), None)
    site = session.function_sites.get(whole)
    if site is None:
        site = session.function_sites[whole] = Site(_new_class(session, value), lambda _, __: value)
    return site


def _has_partial(key: Any) -> bool:
    return isinstance(key, tuple) and (key[:1] == ("partial",) or any(_has_partial(part) for part in key))


@dataclass
class _Taking:
    """Takes a callable apart: what tells it from others, and the values that it has at run time."""

    e: Emitter
    leaves: list[Value] = field(default_factory=list[Value])
    late: dict[str, None] = field(default_factory=dict[str, None])
    open: list[int] = field(default_factory=list[int])
    """The trees of the closures that are being taken apart."""

    def take(self, value: Value) -> tuple[Any, Build]:
        """What tells the callable from others, and how it is made again."""
        e = self.e
        value = e.latest(value)
        match value:
            case Const() if isinstance(value.value, bool | None):
                return ("constant", type(value.value), value.value), lambda _, __: value
            case EnumValue():
                return ("member", value.member), lambda _, __: value
            case Builtin() | PyObject():
                return _plain_key(value), lambda _, __: value
            case PyFunction() if value.receiver is None:
                return _plain_key(value), lambda _, __: value
            case PyFunction():
                assert value.receiver is not None
                key, build = self.take(value.receiver)
                function, owner, overridden = value.function, value.owner, value.overridden

                def with_receiver(e: Emitter, values: Iterator[Value]) -> Value:
                    return PyFunction(function, build(e, values), owner, overridden)

                return ("method", function, key), with_receiver
            case Method():
                key, build = self.take(value.receiver)
                name = value.name
                return ("built-in method", name, key), lambda e, values: Method(build(e, values), name)
            case Partial():
                return self._partial(value)
            case Closure():
                return self._closure(value)
            case StaticTuple() if value.named is None:
                keys, builds = self._several(value.elements)
                return ("tuple", keys), lambda e, values: StaticTuple(tuple(b(e, values) for b in builds))
            case Choice():
                return self.take(as_function(e, value))
            case _ if e.session.type_of(value) is not None:
                self.leaves.append(value)
                return "value", lambda _, values: next(values)
            case _:
                e.error(
                    f"a function that has a {e.show(value)} of its own can't be kept in a container or an attribute",
                    hint="pass it as an argument where the function is called",
                    code="TS501",
                )

    def _several(self, values: tuple[Value, ...]) -> tuple[tuple[Any, ...], list[Build]]:
        pairs = [self.take(v) for v in values]
        return tuple(k for k, _ in pairs), [b for _, b in pairs]

    def _partial(self, value: Partial) -> tuple[Any, Build]:
        function, of_function = self.take(value.function)
        args, of_args = self._several(value.args)
        kwargs, of_kwargs = self._several(tuple(value.kwargs.values()))
        names = tuple(value.kwargs)

        def build(e: Emitter, values: Iterator[Value]) -> Value:
            made = of_function(e, values)
            given = tuple(b(e, values) for b in of_args)
            return Partial(made, given, dict(zip(names, [b(e, values) for b in of_kwargs], strict=True)))

        return ("partial", function, args, names, kwargs), build

    def _closure(self, value: Closure) -> tuple[Any, Build]:
        """A lambda or local function, with the variables around it that nothing assigns any more."""
        node = value.source.node
        if id(node) in self.open:  # it calls itself, or another one that calls it
            at = self.open.index(id(node)) - len(self.open)
            return ("recursive", at), lambda e, _: e.session.functions_being_made[at]
        self.open.append(id(node))
        names = tuple(value.defaults)
        defaults, of_defaults = self._several(tuple(value.defaults.values()))
        kept: dict[str, tuple[Any, Build]] = {}
        cells: list[str] = []
        late = False
        for name, key, found, frame in _variables_of(self.e, value):
            if is_kept_by_functions(self.e, name, frame):
                kept[name] = self._cell(key, found)
                cells.append(name)
            elif _is_late(self.e, value, name, frame, found):
                self.late[key] = None
                late = True
            else:
                kept[name] = self.take(found)
        self.open.pop()
        captured = frozenset(kept)
        outer = value.scope if late else None
        source = value.source

        def build(e: Emitter, values: Iterator[Value]) -> Value:
            session = e.session
            session.frames += 1
            scope = Scope(session.frames, captured, outer)
            made = Closure(source, scope, {})
            session.functions_being_made.append(made)
            given = dict(zip(names, [b(e, values) for b in of_defaults], strict=True))
            for name, (_, of_variable) in kept.items():
                found = of_variable(e, values)
                if name in cells:
                    session.open_cells.append((framed(name, scope.frame), found))
                    found = session.object_or_run(e.py("getitem", [materialise(e, found), e.int_constant(0)]))
                e.variables[framed(name, scope.frame)] = Binding(found)
            session.functions_being_made.pop()
            made.defaults.update(given)
            return made

        keys = tuple((n, k) for n, (k, _) in kept.items())
        return ("closure", id(node), names, defaults, keys, tuple(self.late)), build

    def _cell(self, key: str, found: Value) -> tuple[Any, Build]:
        """A variable of a function that has returned, which functions made there assign: a list of one element that they share."""
        e = self.e
        cell = CELL + key
        known = e.variables.get(cell)
        if known is None:
            from tsir.frontend.script.convert import list_of

            known = e.variables[cell] = Binding(Run(list_of(e, [found])))
        e.variables[unframed(key, e.scope.frame)] = Binding(
            Unusable("is kept by a function in a container or an attribute", "call that function only by this value")
        )
        return self.take(known.value)


CELL = "$cell "
"""Before the key of a variable: the list with the value that functions share."""


def is_kept_by_functions(e: Emitter, name: str, frame: int) -> bool:
    """Whether a variable is one of a function that has returned, and assigned by functions that were made in it."""
    running = frame in e.session.active_frames or frame == 0
    return not running and name in _rebound_by(e.session.frame_sources.get(frame, e.base_source).node)


def shares_variables(e: Emitter, value: Value) -> bool:
    """Whether there are local functions in a tuple, list or dict that assign variables of the function which makes them."""
    match value:
        case StaticTuple() | StaticList():
            return any(shares_variables(e, v) for v in value.elements)
        case StaticDict():
            return any(shares_variables(e, v) for v in value.items.values())
        case Closure():
            return bool(_rebound_by(e.session.frame_sources.get(value.scope.frame, e.base_source).node))
        case _:
            return False


def _variables_of(e: Emitter, value: Closure) -> Iterator[tuple[str, str, Value, int]]:
    """The variables of the functions around that a local function, or one in it, uses: name, key, value and frame."""
    node = value.source.node
    own = {
        a.arg
        for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        if a
    }
    rebound = rebound_names(node)
    stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} - rebound
    for name in dict.fromkeys([*value.source.loads, *rebound]):
        if name in own or (name in stored and name in _own_stores(value.source)):
            continue
        scope: Scope | None = value.scope
        while scope is not None:
            key = name if scope.frame == e.scope.frame else framed(name, scope.frame)
            binding = e.variables.get(key)
            if binding is not None and (
                not isinstance(binding.value, Unusable) or CELL + framed(name, scope.frame) in e.variables
            ):
                yield name, framed(name, scope.frame), binding.value, scope.frame
                break
            if name in scope.names:
                if scope.frame in e.session.active_frames:
                    yield name, framed(name, scope.frame), Unusable("isn't assigned yet"), scope.frame
                break
            scope = scope.outer


def _own_stores(source: FunctionSource) -> set[str]:
    from tsir.frontend.script.source import assigned_names

    return set(assigned_names(source.node.body)) - rebound_names(source.node)


def _is_late(e: Emitter, value: Closure, name: str, frame: int, found: Value) -> bool:
    """Whether the variable may have another value when the function is called than now, or another type."""
    source = e.session.frame_sources.get(frame, e.base_source)
    node = value.source.node
    running = frame in e.session.active_frames or frame == 0
    if not running:
        return False
    if name in _rebound_by(source.node) or (isinstance(found, Run) and found.ssa in e.session.assumed):
        return True
    if _is_of_comprehension(source, node, name):
        if is_cell(name) or not reads_freely(node, name):
            return False
        e.unsupported(
            f"a function that reads '{name}' of the comprehension that it is made in, of which it would see the last value,",
            hint=f"give it the value of now: `lambda ..., {name}={name}: ...`",
        )
    return _assigned_later(source, name, (node.lineno, node.col_offset))


@lru_cache(maxsize=4096)
def _rebound_by(node: ast.FunctionDef) -> frozenset[str]:
    """The names that functions inside of a function declare `nonlocal`."""
    return frozenset(n for inner in ast.walk(node) if isinstance(inner, ast.Nonlocal) for n in inner.names)


_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def _is_of_comprehension(source: FunctionSource, node: ast.FunctionDef, name: str) -> bool:
    """Whether a name is that of a comprehension around a lambda."""
    for tree in ast.walk(source.node):
        if isinstance(tree, _COMPREHENSIONS) and _contains(tree, node):
            targets = (n for g in tree.generators for n in ast.walk(g.target))
            if any(isinstance(n, ast.Name) and n.id == name for n in targets):
                return True
    return False


def _contains(tree: ast.expr | ast.stmt, node: ast.FunctionDef) -> bool:
    start, end = (tree.lineno, tree.col_offset), (tree.end_lineno or tree.lineno, tree.end_col_offset or 0)
    return start <= (node.lineno, node.col_offset) < end


def _assigned_later(source: FunctionSource, name: str, at: tuple[int, int]) -> bool:
    """Whether a function assigns a name behind a place in it, or in a loop around that place."""
    stores = [
        (n.lineno, n.col_offset)
        for n in ast.walk(source.node)
        if (isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store | ast.Del))
        or (isinstance(n, ast.FunctionDef | ast.ClassDef) and n is not source.node and n.name == name)
    ]
    if any(place > at for place in stores):
        return True
    for loop in ast.walk(source.node):
        if isinstance(loop, ast.For | ast.While):
            start, end = (loop.lineno, loop.col_offset), (loop.end_lineno or loop.lineno, loop.end_col_offset or 0)
            if start <= at < end and any(start <= place < end for place in stores):
                return True
    return False
