"""Generators whose progress the program keeps: those that are used in several places, by `next()`, or beside another one.

The generator's function becomes one that goes on from the last `yield` to the next: its variables, and the number of the `yield` at
which it stands, are variables of a frame of their own, which branches and loops carry like those of any function around. The
statements keep their structure. `<at>` is the number of the `yield` to go on from, 0 where statements run as usual: what doesn't
contain that `yield` is skipped, and branches and loops that contain it are entered without their test.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from xdsl.ir import SSAValue

from tsir.dialects.ts import types as ts
from tsir.errors import UnsupportedError
from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.control import choose, emit_branch
from tsir.frontend.script.convert import coerce, list_of, materialise, tuple_elements
from tsir.frontend.script.emitter import DEFINED, SENT, Emitter, Unreachable
from tsir.frontend.script.expected import raise_if_expected
from tsir.frontend.script.frames import framed
from tsir.frontend.script.generators import as_generator, is_lazy
from tsir.frontend.script.inlining import emit_choice, inline
from tsir.frontend.script.recursive_generators import elements
from tsir.frontend.script.source import FunctionNode, FunctionSource, assigned_names, make_source, rebound_names
from tsir.frontend.script.statement_yields import ITEM, result_of, yields
from tsir.frontend.script.truth import as_bool
from tsir.frontend.script.values import (
    FALSE,
    NONE,
    TRUE,
    Choice,
    Closure,
    Condition,
    Const,
    Coroutine,
    Enumerate,
    Filter,
    GeneratorCall,
    Map,
    Object,
    Range,
    Run,
    Scope,
    StaticTuple,
    Value,
    Zip,
)

if TYPE_CHECKING:
    from tsir.frontend.script.call_arguments import Arguments

AT, STATE, VALUE, RESULT = "<at>", "<state>", "<value>", "<result>"
"""Variables of a generator's frame: where to go on from, where it stands, what it has given last, and what it has returned."""

ENDED = -1
"""The state of a generator that has ended, or that is running."""

Place = tuple[int, str]
"""A place in a generator where another one is made: the generator's frame, and the number of a loop or the name of a variable."""

_ITEMS, _INDEX = "<items>", "<index>"
"""Of an iterator over a list or the like: the list, and the position of the next element, `ENDED` behind the last one."""


def start(e: Emitter, g: GeneratorCall | Coroutine, key: Place | None = None) -> Coroutine:
    """A generator that hasn't begun yet, with a frame of its own; one that was made at the same place (`key`) before begins anew."""
    if isinstance(g, Coroutine):
        return g
    known = None if key is None else e.session.coroutines.get(key)
    if known is None or known.step is None or known.step.source is not _step_source(e, g.source):
        e.session.frames += 1
        frame = e.session.frames
        source = _step_source(e, g.source)
        names = frozenset([*rebound_names(source.node), *g.bound, SENT]) - rebound_names(g.source.node)
        known = Coroutine(Closure(source, Scope(frame, names, g.outer), {}), frame, g.name)
        e.session.kept_frames.add(frame)
        if key is not None:
            e.session.coroutines[key] = known
            e.session.owners[frame] = key[0]
    for name, value in g.bound.items():
        inner = as_generator(e, value) if is_lazy(value) or isinstance(value, GeneratorCall) else value
        _set(e, known, name, start(e, inner, (known.frame, name)) if isinstance(inner, GeneratorCall) else inner)
    _set(e, known, STATE, Const(0))
    return known


def start_over(e: Emitter, items: Value) -> Coroutine:
    """`iter(items)` of a list, a string, a tensor or the like."""
    e.session.frames += 1
    made = Coroutine(None, e.session.frames, "iter")
    e.session.kept_frames.add(made.frame)
    _set(e, made, _ITEMS, _sequence(e, items))
    _set(e, made, _INDEX, Const(0))
    return made


def iterator_of(e: Emitter, value: Value) -> Value:
    """`iter(value)`."""
    if isinstance(value, Choice | Coroutine):
        return value
    if isinstance(value, Object) and (found := e.session.iterator_of_object(e, value)) is not None:
        value = found
    if isinstance(value, GeneratorCall | Enumerate | Zip | Map | Filter) or is_lazy(value):
        return start(e, as_generator(e, value))
    return start_over(e, value)


def _sequence(e: Emitter, value: Value) -> Value:
    """What an iterator over a value takes its elements out of, by their positions."""
    if isinstance(value, Range):
        return StaticTuple(tuple(Run(coerce(e, v, ts.INT, "range()")) for v in (value.start, value.stop, value.step)))
    from tsir.frontend.script.comprehensions import collect

    elements = tuple_elements(e, value)
    if elements is not None:
        return Run(list_of(e, elements))
    ssa = materialise(e, value if e.session.type_of(value) is not None else collect(e, value))
    if isinstance(ssa.type, ts.ListType | ts.StrType | ts.BytesType | ts.TensorType):
        return Run(ssa)
    if isinstance(ssa.type, ts.DictType | ts.SetType | ts.FrozenSetType):
        return Run(e.py("list", [ssa]))
    raise_if_expected(e, "TypeError", [ssa.type], "'{0}' object is not iterable")
    e.error(f"a value of type {e.show(value)} can't be iterated over", value=value, code="TS307")


def _length(e: Emitter, items: Value) -> SSAValue:
    if isinstance(items, StaticTuple):
        return e.py("range_length", [materialise(e, v) for v in items.elements])
    bounds = tuple_elements(e, items)
    if bounds is not None:
        return e.py("range_length", [materialise(e, v) for v in bounds])
    ssa = materialise(e, items)
    return e.aten_value("size", [ssa, 0]) if isinstance(ssa.type, ts.TensorType) else e.py("len", [ssa])


def _element(e: Emitter, items: Value, index: SSAValue) -> Value:
    bounds = tuple_elements(e, items)
    if bounds is not None:
        start, _, step = (materialise(e, v) for v in bounds)
        return Run(e.py("add", [start, e.py("mul", [index, step])]))
    ssa = materialise(e, items)
    if isinstance(ssa.type, ts.TensorType):
        return e.aten("select", [ssa, 0, index])
    return e.session.object_or_run(e.py("getitem", [ssa, index]))


# The variables of a coroutine


def _key(e: Emitter, c: Coroutine, name: str) -> str:
    return name if e.scope.frame == c.frame else framed(name, c.frame)


def _set(e: Emitter, c: Coroutine, name: str, value: Value) -> None:
    """Assigns a variable of the generator, as `bind` does those of the function that is being emitted."""
    key = _key(e, c, name)
    e.bind_key(key, value)


def _get(e: Emitter, c: Coroutine, name: str) -> Value | None:
    binding = e.variables.get(_key(e, c, name))
    return None if binding is None else binding.value


# Using it


def advance(e: Emitter, value: Value) -> bool | SSAValue:
    """Goes on to the next element of an iterator; whether there is one."""
    if isinstance(value, Choice):
        found = emit_choice(e, value, lambda option: as_bool(e, advance(e, option)))
        return bool(found.value) if isinstance(found, Const) else materialise(e, found)
    if not isinstance(value, Coroutine):
        e.error(f"a value of type {e.show(value)} isn't an iterator", value=value, hint="write iter(...)", code="TS307")
    if value.step is None:
        return _advance_over(e, value)
    if _is_state(e, value, ENDED) is True:
        return False
    if SENT in value.step.source.loads and _is_state(e, value, 0) is not True:
        _set(e, value, SENT, NONE)
    return resume(e, value)


def resume(e: Emitter, value: Coroutine) -> bool | SSAValue:
    """Runs a generator to its next `yield`; whether it comes to one."""
    from tsir.frontend.script.signatures import Signature

    assert value.step is not None
    inline(e, value.step.source, Signature((), None), {}, value.step.scope, value.name)
    ended = _is_state(e, value, ENDED)
    return not ended if isinstance(ended, bool) else e.py("not", [ended])


def current(e: Emitter, value: Value) -> Value:
    """The element that `advance` has come to."""
    if isinstance(value, Choice):
        return emit_choice(e, value, lambda option: current(e, option))
    assert isinstance(value, Coroutine)
    found = _get(e, value, VALUE)
    if found is None:
        raise Unreachable
    return found


def _is_state(e: Emitter, value: Coroutine, number: int) -> bool | SSAValue:
    state = _get(e, value, STATE)
    assert state is not None
    if isinstance(state, Const):
        return state.value == number
    return e.py("eq", [materialise(e, state), e.int_constant(number)])


def _advance_over(e: Emitter, value: Coroutine) -> bool | SSAValue:
    items, index = _get(e, value, _ITEMS), _get(e, value, _INDEX)
    assert items is not None and index is not None
    if isinstance(index, Const) and index.value == ENDED:
        return False
    at = materialise(e, index)
    has = e.py("lt", [at, _length(e, items)])
    if not isinstance(index, Const):
        has = _both(e, at, has)

    def go_on() -> None:
        _set(e, value, VALUE, _element(e, items, at))
        _set(e, value, _INDEX, Run(e.py("add", [at, e.int_constant(1)])))

    def end() -> None:
        _set(e, value, _INDEX, Const(ENDED))

    assert isinstance(e.node, ast.AST)
    emit_branch(e, Condition(has), go_on, end, end_of(e.node), maybe=True)
    return has


def _both(e: Emitter, at: SSAValue, has: SSAValue) -> SSAValue:
    from xdsl.dialects import arith

    return e.emit(arith.AndIOp(e.py("ge", [at, e.int_constant(0)]), has))


def next_of(e: Emitter, value: Value, default: Value | None) -> Value:
    """`next(iterator)`, `next(iterator, default)`."""
    return _taken(e, value, advance(e, value), lambda: _stop(e, value) if default is None else default)


def _stop(e: Emitter, value: Value) -> Value:
    """Raises StopIteration, with what the generator has returned just now."""
    from tsir.dialects.ts.structure import RaiseOp

    def stop(*args: SSAValue) -> None:
        e.emit_void(RaiseOp("StopIteration", [*args]))
        e.dead = True

    result = returned(e, value)
    if isinstance(result, Const) and result.value is None:
        stop()
        raise Unreachable
    ssa = materialise(e, result)
    nothing = e.py("is", [ssa, materialise(e, NONE)])
    assert isinstance(value, Coroutine) and e.node is not None
    _set(e, value, RESULT, NONE)
    emit_branch(e, Condition(nothing), stop, lambda: stop(ssa), end_of(e.node))
    raise Unreachable


def _taken(e: Emitter, value: Value, has: bool | SSAValue, otherwise: Callable[[], Value]) -> Value:
    return choose(e, Condition(has), lambda: current(e, value), otherwise)


def call_generator_method(e: Emitter, value: Coroutine, name: str, args: Sequence[Value]) -> Value:
    """`generator.send(value)`, `generator.close()`, `iterator.__next__()`."""
    match name, args:
        case "__next__", []:
            return next_of(e, value, None)
        case "__iter__", []:
            return value
        case "send", [sent] if value.step is not None:
            if isinstance(sent, Const) and sent.value is None:
                return next_of(e, value, None)
            fresh = _is_state(e, value, 0)
            message = "can't send non-None value to a just-started generator"
            _refuse_when(e, fresh, "TypeError", message)
            _set(e, value, SENT, sent)
            ended = _is_state(e, value, ENDED)
            has = as_bool(e, resume(e, value)) if ended is False else None
            if has is None:
                has = choose(e, Condition(ended), lambda: FALSE, lambda: as_bool(e, resume(e, value)))
            truth = bool(has.value) if isinstance(has, Const) else materialise(e, has)
            return _taken(e, value, truth, lambda: _stop(e, value))
        case "close", [] if value.step is not None:
            _set(e, value, STATE, Const(ENDED))
            return NONE
        case _:
            e.unsupported(f"method {name} of a generator", hint="use next(), send() and close()", code="TS203")


def _refuse_when(e: Emitter, test: bool | SSAValue, error: str, message: str) -> None:
    from tsir.frontend.script.raising import raise_error

    assert e.node is not None
    emit_branch(e, Condition(test), lambda: raise_error(e, error, message), lambda: None, end_of(e.node))


# The function that goes on


def _step_source(e: Emitter, source: FunctionSource) -> FunctionSource:
    key = ("step", id(source.node))
    found = e.session.sources.get(key)
    if found is None:
        node = _Steps(source).function()
        found = e.session.sources[key] = make_source(source.function, node, source.file, source.line_offset)
        e.session.keep_alive.append(source)
    return found


def can_step(node: FunctionNode) -> bool:
    """Whether a generator can be kept between two elements: none of its `yield`s is inside of `try`, `with` or `match`."""
    return not any(isinstance(n, ast.Try | ast.With | ast.Match) and yields(n) for s in node.body for n in ast.walk(s))


class _Steps:
    """Makes the function that goes on of a generator's function. `yield`s are numbered from 1 in the order of the source."""

    def __init__(self, source: FunctionSource) -> None:
        self.source = source
        self.count = 0
        self.loops = 0
        self.place: ast.AST = source.node

    def function(self) -> FunctionNode:
        """The function, in the scope of the generator's variables."""
        node = self.source.node
        parameters = [a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)]
        body = self.block(node.body)
        own = [*assigned_names(body), *parameters]
        names = sorted({*own, STATE, VALUE, RESULT} - {AT, *rebound_names(node)})
        keeps = [s for s in node.body if isinstance(s, ast.Nonlocal)]
        begin = [
            ast.Nonlocal(names),
            *keeps,
            self.assign(AT, ast.Name(STATE, ast.Load())),
            self.assign(STATE, ast.Constant(ENDED)),
            *([self.assign(RESULT, ast.Constant(None))] if _returns_value(node) else []),
            ast.If(self.within(0, self.count), body, []),
        ]
        arguments = ast.arguments([], [], None, [], [], None, [])
        made = ast.FunctionDef(node.name, arguments, begin, [], None, None)
        made.type_params = []  # pyright: ignore[reportAttributeAccessIssue]  (a field from Python 3.12 on)
        for tree in ast.walk(made):
            if not hasattr(tree, "lineno"):
                ast.copy_location(tree, node)
        return ast.copy_location(made, node)

    def block(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        """A body, which is entered with `<at>` being 0 or the number of a `yield` in it."""
        made: list[ast.stmt] = []
        plain: list[ast.stmt] = []
        last = max((i for i, s in enumerate(statements) if yields(s)), default=-1)
        for i, statement in enumerate(statements):
            outer, self.place = self.place, statement
            if isinstance(statement, ast.FunctionDef) or not yields(statement):
                plain += self.returning(statement)
            else:
                made += self.guarded(plain)
                plain = []
                first = self.count + 1
                resumable = self.resumable(statement, is_last=i == last)
                if i < last and not isinstance(statement, ast.Expr):
                    resumable = [self.at(ast.If(self.either(first), resumable, []))]
                made += resumable
                if i == last and not isinstance(statement, ast.Expr):
                    made.append(self.assign(AT, ast.Constant(0)))
            self.place = outer
        return made + plain

    def guarded(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Statements that run unless a `yield` behind them is gone on from."""
        return [self.at(ast.If(self.within(0, 0), statements, []))] if statements else []

    def resumable(self, node: ast.stmt, *, is_last: bool) -> list[ast.stmt]:
        """A statement with a `yield` in it."""
        match node:
            case ast.Expr(value=ast.Yield() as given):
                self.count += 1
                value = ast.Constant(None) if given.value is None else given.value
                leave = [
                    self.assign(VALUE, value),
                    self.assign(STATE, ast.Constant(self.count)),
                    self.at(ast.Return(ast.Constant(None))),
                ]
                come_back: list[ast.stmt] = [self.assign(AT, ast.Constant(0))]
                if not is_last:
                    come_back = [self.at(ast.If(self.within(self.count, self.count), come_back, []))]
                return [self.at(ast.If(self.within(0, 0), leave, come_back))]
            case ast.If():
                first = self.count + 1
                body = self.block(node.body)
                test = self.either_resumed(first, node.test)
                return [self.at(ast.If(test, body, self.block(node.orelse)))]
            case ast.While():
                first = self.count + 1
                body = self.block(node.body)
                test = self.either_resumed(first, node.test)
                return [self.at(ast.While(test, body, self.block(node.orelse)))]
            case ast.For():
                return self.loop(node)
            case _:
                what = type(node).__name__.lower()
                raise UnsupportedError(
                    f"a generator that is used in several places, or by next(), with `yield` inside of `{what}`, isn't supported yet",
                    location=self.source.location(node),
                    hint="go over the generator in one `for` loop, or collect its elements in a list first",
                )

    def loop(self, node: ast.For) -> list[ast.stmt]:
        """A `for` loop as one with `while`."""
        self.loops += 1
        number, first = ast.Constant(self.loops), self.count + 1
        begin = self.guarded([self.at(ast.Expr(self.intrinsic("iterate", node.iter, number)))])
        take: list[ast.stmt] = [self.at(ast.Assign([node.target], self.intrinsic("item", number)))]
        body = self.guarded(take)
        body += self.block(node.body)
        test = self.either_resumed(first, self.intrinsic("more", number))
        made = [*begin, self.at(ast.While(test, body, self.block(node.orelse)))]
        if isinstance(node.target, ast.Name) and node.target.id.startswith(ITEM):
            made.append(self.assign(result_of(node), self.intrinsic("returned", number)))
        return made

    def returning(self, node: ast.stmt) -> list[ast.stmt]:
        """A statement without `yield`, whose `return` ends the generator."""
        if isinstance(node, ast.Return):
            value = ast.Constant(None) if node.value is None else node.value
            return [self.assign(RESULT, value), self.at(ast.Return(ast.Constant(None)))]
        return [_Returns(self).visit(copy.deepcopy(node))]

    # Trees

    def at(self, node: ast.stmt) -> ast.stmt:
        return ast.copy_location(node, self.place)

    def name(self, name: str) -> ast.expr:
        return ast.copy_location(ast.Name(name, ast.Load()), self.place)

    def assign(self, name: str, value: ast.expr) -> ast.stmt:
        return self.at(ast.Assign([ast.copy_location(ast.Name(name, ast.Store()), self.place)], value))

    def intrinsic(self, name: str, *args: ast.expr) -> ast.expr:
        call = ast.Call(ast.Name(f"<{name}>", ast.Load()), list(args), [])
        for tree in (call, call.func, *args):
            if not hasattr(tree, "lineno"):
                ast.copy_location(tree, self.place)
        return call

    def within(self, first: int, last: int) -> ast.expr:
        """Whether `<at>` is between two numbers."""
        return self.intrinsic("within", self.name(AT), ast.Constant(first), ast.Constant(last))

    def either(self, first: int) -> ast.expr:
        """Whether a statement with the `yield`s from `first` on has something to do."""
        parts = [self.within(0, 0), self.within(first, self.count)]
        return ast.copy_location(ast.BoolOp(ast.Or(), parts), self.place)

    def either_resumed(self, first: int, test: ast.expr) -> ast.expr:
        """Whether a body with the `yield`s from `first` on is entered: to go on in it, or by its test."""
        entered = ast.copy_location(ast.BoolOp(ast.And(), [self.within(0, 0), test]), test)
        if first > self.count:
            return entered
        return ast.copy_location(ast.BoolOp(ast.Or(), [self.within(first, self.count), entered]), test)


def _returns_value(node: FunctionNode) -> bool:
    """Whether a generator has a `return` with a value."""
    return any(isinstance(n, ast.Return) and n.value is not None for s in node.body for n in ast.walk(s))


class _Returns(ast.NodeTransformer):
    """Keeps the value of each `return` of a statement."""

    def __init__(self, steps: _Steps) -> None:
        self.steps = steps

    def visit_Return(self, node: ast.Return) -> list[ast.stmt]:
        """`return value`."""
        return self.steps.returning(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Another function's are its own."""
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """As for functions."""
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        """As for functions."""
        return node


# What the names in it that no program can write mean


def _within(a: Arguments) -> Value:
    value, first, last = a.values()
    assert isinstance(first, Const) and isinstance(last, Const)
    low, high = first.value, last.value
    assert isinstance(low, int) and isinstance(high, int)
    if isinstance(value, Const) and isinstance(value.value, int):
        return Const(low <= value.value <= high)
    e, ssa = a.e, materialise(a.e, value)
    if low == high:
        return Run(e.py("eq", [ssa, e.int_constant(low)]))
    return Run(_between(e, ssa, low, high))


def _between(e: Emitter, ssa: SSAValue, low: int, high: int) -> SSAValue:
    from xdsl.dialects import arith

    tests = e.py("ge", [ssa, e.int_constant(low)]), e.py("le", [ssa, e.int_constant(high)])
    return e.emit(arith.AndIOp(*tests))


def _place(e: Emitter, number: Value) -> Place:
    """The key of what a loop of a generator goes over."""
    outer = e.scope.outer
    assert outer is not None and isinstance(number, Const)
    return (outer.frame, str(number.value))


def _iterate(a: Arguments) -> Value:
    """What a loop goes over, as an iterator. It is one for all that is emitted of a generator: only its variables begin anew."""
    value, number = a.values()
    e, key = a.e, _place(a.e, number)
    if isinstance(value, Object) and (found := e.session.iterator_of_object(e, value)) is not None:
        value = found
    if isinstance(value, GeneratorCall | Enumerate | Zip | Map | Filter) or is_lazy(value):
        e.session.iterated[key] = start(e, as_generator(e, value), key)
    elif isinstance(value, Choice):
        e.session.iterated[key] = value
    else:
        e.session.iterated[key] = start_over_at(e, value, key)
    return NONE


def start_over_at(e: Emitter, items: Value, key: Place) -> Coroutine:
    """As `start_over`; the iterator that was made at the same place before begins anew."""
    known = e.session.coroutines.get(key)
    if known is None or known.step is not None:
        known = e.session.coroutines[key] = start_over(e, items)
        e.session.owners[known.frame] = key[0]
        return known
    _set(e, known, _ITEMS, _sequence(e, items))
    _set(e, known, _INDEX, Const(0))
    return known


def _begin(a: Arguments) -> Value:
    (value,) = a.values()
    return value if isinstance(value, GeneratorCall) else iterator_of(a.e, value)


def _advance(a: Arguments) -> Value:
    return as_bool(a.e, advance(a.e, a.values()[0]))


def _current(a: Arguments) -> Value:
    return current(a.e, a.values()[0])


def _more(a: Arguments) -> Value:
    return as_bool(a.e, advance(a.e, a.e.session.iterated[_place(a.e, a.values()[0])]))


def _item(a: Arguments) -> Value:
    return current(a.e, a.e.session.iterated[_place(a.e, a.values()[0])])


def returned(e: Emitter, value: Value) -> Value:
    """What a generator that has ended has returned."""
    if not isinstance(value, Coroutine) or value.step is None:
        return NONE
    key = _key(e, value, RESULT)
    e.variables.pop(DEFINED + key, None)
    return _get(e, value, RESULT) or NONE


def _returned(a: Arguments) -> Value:
    return returned(a.e, a.e.session.iterated[_place(a.e, a.values()[0])])


INTRINSICS = {
    "<within>": _within, "<iterate>": _iterate, "<more>": _more, "<item>": _item, "<returned>": _returned,
    "<begin>": _begin, "<advance>": _advance, "<current>": _current, "<elements>": elements,
}  # fmt: skip
"""The functions that `_Steps` writes calls of."""

__all__ = ["ENDED", "INTRINSICS", "TRUE", "advance", "current", "iterator_of", "next_of", "start", "start_over"]
