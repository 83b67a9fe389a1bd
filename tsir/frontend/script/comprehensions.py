"""List and dict comprehensions, and lists made of any iterable."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from xdsl.ir import Attribute, Block, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.structure import DictOp, ListOp
from tsir.errors import FrontendError
from tsir.frontend.script.conditions import condition
from tsir.frontend.script.constructs import end_of, start_of
from tsir.frontend.script.control import emit_branch
from tsir.frontend.script.convert import coerce, held, list_of, materialise, set_type
from tsir.frontend.script.emitter import EXIT, STOP, Emitter
from tsir.frontend.script.generators import as_generator, generator_expression, is_lazy, splice
from tsir.frontend.script.inlining import call_closure, make_closure
from tsir.frontend.script.iteration import Items, filtered, items_of
from tsir.frontend.script.keys import as_key
from tsir.frontend.script.loops import gather, go_over, iterated
from tsir.frontend.script.names import value_of_name
from tsir.frontend.script.read_only_sets import constant_set
from tsir.frontend.script.source import function_source
from tsir.frontend.script.statement_yields import yields
from tsir.frontend.script.static_state import constant_key, new_dict, new_list
from tsir.frontend.script.type_relations import join_types
from tsir.frontend.script.values import (
    FALSE,
    NONE,
    Binding,
    Choice,
    Closure,
    Condition,
    Const,
    Coroutine,
    EnumValue,
    GeneratorCall,
    Object,
    Partial,
    PyFunction,
    PyObject,
    Range,
    Run,
    StaticList,
    StaticObject,
    StaticTuple,
    Value,
)

Leaf = Callable[[], None]


def emit_list_comprehension(e: Emitter, node: ast.ListComp, want: Attribute | None) -> Value:
    """`[element for target in iterable if condition]`."""
    wanted = want.element if isinstance(want, ts.ListType) else None
    if e.dynamic and wanted is None and (found := _static_elements(e, node.elt, node.generators)) is not None:
        kinds = {e.session.type_of(v) for v in found}
        if any(isinstance(v, StaticObject) for v in found):
            return new_list(e, found)
        if found and (None in kinds or len(kinds) > 1 or all(isinstance(v, Const) for v in found)):
            return new_list(e, found)
        return Run(list_of(e, found)) if found else new_list(e, [])
    if e.dynamic and wanted is None and (found := _objects_of_range(e, node)) is not None:
        return new_list(e, found)
    functions = _functions(e, node)
    if functions is not None:
        return StaticList(tuple(functions))
    static = None if id(node.generators[0].iter) in e.session.evaluated else _static(e, node)
    if static is not None:
        return Run(list_of(e, static, wanted))
    result = _GrowingList(e, wanted)
    _generators(e, node, node.generators, lambda: result.append(e.expression(node.elt, wanted)))
    return result.value()


def emit_generator(e: Emitter, node: ast.GeneratorExp, want: Attribute | None) -> Value:
    """A generator expression. Where it is given to what uses all its elements, they are made at once: as a tuple where they are known
    one by one, else as a list."""
    if id(node) not in e.session.consumed and not e.dynamic:
        return generator_expression(e, node)
    plain = ast.copy_location(ast.ListComp(node.elt, node.generators), node)
    if e.dynamic and (found := _static_elements(e, node.elt, node.generators)) is not None:
        return StaticTuple(tuple(found))
    static = _static(e, plain)
    return emit_list_comprehension(e, plain, want) if static is None else StaticTuple(tuple(static))


def emit_set_comprehension(e: Emitter, node: ast.SetComp, want: Attribute | None) -> Value:
    """`{element for target in iterable if condition}`."""
    if e.dynamic and (found := _static_elements(e, node.elt, node.generators)) is not None:
        known = constant_set(e, node, StaticTuple(tuple(found)))
        if known is not None:
            return known
    plain = ast.copy_location(ast.ListComp(node.elt, node.generators), node)
    wanted = ts.ListType(want.element) if isinstance(want, ts.SetType) else None
    from tsir.frontend.script.conversions import distinct

    return Run(e.py("set", [materialise(e, distinct(e, emit_list_comprehension(e, plain, wanted)))]))


def emit_dict_comprehension(e: Emitter, node: ast.DictComp, want: Attribute | None) -> Value:
    """`{key: value for target in iterable if condition}`."""
    if e.dynamic and not isinstance(want, ts.DictType):
        items: dict[Any, Value] = {}

        def item() -> None:
            key = e.expression(node.key)
            if not isinstance(key, Const | PyObject | EnumValue):
                raise NotStatic
            items[constant_key(e, key)] = e.expression(node.value)

        if speculate(e, lambda: (_static_generators(e, node.generators, item), NONE)[1]) is not None:
            return new_dict(e, items)
    kinds = (want.key, want.value) if isinstance(want, ts.DictType) else (None, None)
    result = e.emit(DictOp([], ts.DictType(ts.AnyType(), ts.AnyType())))
    found: list[SSAValue] = []

    def leaf() -> None:
        parts: list[SSAValue] = []
        values: list[Value] = []
        for tree, kind in zip((node.key, node.value), kinds, strict=True):
            value = held(e, e.expression(tree, kind))
            values.append(value)
            parts.append(materialise(e, value) if kind is None else coerce(e, value, kind, "an item"))
        found.extend(parts)
        set_type(result, ts.DictType(parts[0].type, parts[1].type))
        parts[0] = materialise(e, as_key(e, values[0], result)) if isinstance(values[0], Object) else parts[0]
        e.py("setitem", [result, *parts])

    _generators(e, node, node.generators, leaf)
    if not found and want is not None:
        set_type(result, want)
    elif not found:
        set_type(result, e.session.opened(e, ts.DictType(ts.StrType(), ts.TensorType())))
        e.session.assume(result)
    return Run(result)


LARGEST_LIST = 64
"""How many functions a comprehension may make."""


def _functions(e: Emitter, node: ast.ListComp) -> list[Value] | None:
    """The functions that a comprehension over a constant range makes by calls; None for another one.

    Lambdas that stand in it read its variables as they are at its end: those are left to be refused.
    """
    if len(node.generators) != 1 or node.generators[0].ifs or not isinstance(node.elt, ast.Call):
        return None
    first = node.generators[0]
    if not isinstance(first.iter, ast.Call) or not isinstance(first.target, ast.Name) or yields(node):
        return None
    if any(isinstance(n, ast.Lambda | ast.ListComp | ast.NamedExpr) for n in ast.walk(node.elt)):
        return None
    callee = node.elt.func
    if not isinstance(callee, ast.Name) or not isinstance(first.iter.func, ast.Name) or first.iter.func.id != "range":
        return None
    called = value_of_name(e, callee) if callee.id in e.variables or callee.id not in e.local_names else None
    if not isinstance(called, PyFunction | Closure) or not _may_give_functions(called):
        return None

    def emit() -> Value:
        numbers = _constant_range(e.expression(first.iter))
        if not 0 < len(numbers) <= LARGEST_LIST:
            raise NotStatic
        for n in numbers:
            (made,) = _each(e, first.target, [lambda n=n: Const(n)], lambda: e.expression(node.elt))
            if not isinstance(made, Closure | Partial):
                raise NotStatic
            found.append(made)
        return NONE

    found: list[Value] = []
    return None if speculate(e, emit) is None else found


def _constant_range(value: Value) -> range:
    """A range whose bounds are constants; an empty one for anything else."""
    parts = (value.start, value.stop, value.step) if isinstance(value, Range) else ()
    known = [p.value for p in parts if isinstance(p, Const) and isinstance(p.value, int)]
    return range(*known) if len(known) == 3 and known[2] != 0 else range(0)


def _may_give_functions(callee: PyFunction | Closure) -> bool:
    """Whether another function stands in a function, which it may give."""
    try:
        source = callee.source if isinstance(callee, Closure) else function_source(callee.function)
    except FrontendError:
        return False
    return any(isinstance(n, ast.FunctionDef | ast.Lambda) and n is not source.node for n in ast.walk(source.node))


class NotStatic(Exception):
    """What is being emitted isn't known while compiling."""


def speculate(e: Emitter, emit: Callable[[], Value]) -> Value | None:
    """What `emit` gives, with what it emits; nothing of it stays, and the result is None, when it raises NotStatic."""
    variables, paths = dict(e.variables), dict(e.paths)
    block = Block()
    try:
        with e.inside(block):
            value = emit()
    except NotStatic:
        e.variables, e.paths, e.dead = variables, paths, False
        block.erase(safe_erase=False)
        return None
    for operation in list(block.ops):
        operation.detach()
        e.builder.insert(operation)
    return value


def _static_generators(e: Emitter, generators: Sequence[ast.comprehension], leaf: Leaf) -> None:
    """Runs `leaf` for what generators go over that are known one by one. Raises NotStatic for others."""
    from tsir.frontend.script.assignment import assign

    if not generators:
        leaf()
        return
    first = generators[0]
    value = iterated(e, e.expression(first.iter))
    if isinstance(value, GeneratorCall | Coroutine | Choice):
        raise NotStatic
    items = items_of(e, value)
    if items.static is None or items.exists is not None or first.is_async:
        raise NotStatic
    outer = dict(e.variables)
    for item in items.static:
        assign(e, first.target, item())
        tests = [condition(e, test).value for test in first.ifs]
        if any(not isinstance(t, bool) for t in tests):
            raise NotStatic
        if all(tests):
            _static_generators(e, generators[1:], leaf)
    _restore(e, first.target, outer)


def _static_elements(e: Emitter, element: ast.expr, generators: Sequence[ast.comprehension]) -> list[Value] | None:
    """The elements of a comprehension whose iterables and conditions are known while compiling; None for another one."""
    found: list[Value] = []

    def emit() -> Value:
        _static_generators(e, generators, lambda: found.append(e.expression(element)))
        return NONE

    return None if speculate(e, emit) is None else found


_MOST_OBJECTS = 256
"""So many objects that only exist while compiling a comprehension over a range makes at most."""


def _objects_of_range(e: Emitter, node: ast.ListComp) -> list[Value] | None:
    """The elements of a comprehension over a range of constants that are objects which only exist while compiling; None for others."""
    first = node.generators[0]
    if len(node.generators) > 1 or first.ifs or not isinstance(node.elt, ast.Call) or not isinstance(first.iter, ast.Call):
        return None
    found: list[Value] = []

    def element() -> Value:
        found.append(e.expression(node.elt))
        if not isinstance(found[-1], StaticObject):
            raise NotStatic
        return found[-1]

    def emit() -> Value:
        counted = e.expression(first.iter)
        bounds = [counted.start, counted.stop, counted.step] if isinstance(counted, Range) else []
        numbers = [b.value for b in bounds if isinstance(b, Const) and isinstance(b.value, int)]
        if len(numbers) != 3 or numbers[2] == 0 or len(range(*numbers)) > _MOST_OBJECTS:
            raise NotStatic
        _each(e, first.target, [lambda i=i: Const(i) for i in range(*numbers)], element)
        return NONE

    return None if speculate(e, emit) is None else found


def _static(e: Emitter, node: ast.ListComp) -> list[Value] | None:
    """The elements, when what is iterated over is known one by one and nothing is left out at run time."""
    if len(node.generators) != 1 or node.generators[0].ifs:
        return None
    source = node.generators[0].iter
    if not isinstance(source, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.Tuple):
        return None
    value = iterated(e, e.expression(source))
    if isinstance(value, GeneratorCall | Coroutine | Choice):
        e.session.evaluated[id(source)] = value
        return None
    with e.at(source):
        items = items_of(e, value)
    if items.static is None or items.exists is not None:
        # It was emitted once; the loop takes the value from here.
        e.session.evaluated[id(source)] = value
        return None
    return _each(e, node.generators[0].target, items.static, lambda: e.expression(node.elt))


def _each(e: Emitter, target: ast.expr, items: Sequence[Callable[[], Value]], emit: Callable[[], Value]) -> list[Value]:
    from tsir.frontend.script.assignment import assign

    outer = dict(e.variables)
    results: list[Value] = []
    for item in items:
        assign(e, target, item())
        results.append(emit())
    _restore(e, target, outer)
    return results


def _restore(e: Emitter, target: ast.expr, outer: dict[str, Binding]) -> None:
    """The targets of a comprehension are its own variables."""
    for name in [n.id for n in ast.walk(target) if isinstance(n, ast.Name)]:
        old = outer.get(name)
        if old is None:
            e.variables.pop(name, None)
        else:
            e.variables[name] = old


def _generators(e: Emitter, tree: ast.expr, generators: Sequence[ast.comprehension], leaf: Leaf) -> None:
    """Runs `leaf` for what the generators of a comprehension, whose tree is given, go over."""
    if not generators:
        leaf()
        return
    first, rest = generators[0], generators[1:]
    if first.is_async:
        e.unsupported("an async comprehension", node=first.iter)
    from tsir.frontend.script.assignment import assign

    value = e.session.evaluated.pop(id(first.iter), None) or e.expression(first.iter)
    value = iterated(e, value)

    def inner() -> None:
        if not first.ifs:
            _generators(e, tree, rest, leaf)
            return
        both = ast.copy_location(ast.BoolOp(ast.And(), list(first.ifs)), first.ifs[0])
        test = condition(e, first.ifs[0] if len(first.ifs) == 1 else both)
        emit_branch(e, test, lambda: _generators(e, tree, rest, leaf), lambda: None, end_of(tree), maybe=True)

    if isinstance(value, GeneratorCall | Coroutine | Choice):
        go_over(e, tree, value, first.target, inner)
        return
    with e.at(first.iter):
        items = items_of(e, value)
    if items.static is not None:
        outer = dict(e.variables)
        e.loops.append((start_of(tree), end_of(tree)))
        for i, item in enumerate(items.static):
            exists = items.has(e, i)

            def run(item: Callable[[], Value] = item) -> None:
                assign(e, first.target, item())
                inner()

            if exists is None:
                run()
            else:
                emit_branch(e, Condition(exists), run, lambda: None, end_of(tree), maybe=True)
        e.loops.pop()
        _restore(e, first.target, outer)
    else:
        gather(e, tree, items, first.target, [tree], inner)


def _gathered(e: Emitter, items: Items | GeneratorCall | Coroutine | Choice) -> Value:
    """A new list of items that are counted, or of a generator's elements."""
    result = _GrowingList(e)
    nothing = ast.copy_location(ast.Constant(None), e.node or e.source.node)
    target = ast.copy_location(ast.Name("$gathered", ast.Store()), nothing)

    def append() -> None:
        result.append(e.variables["$gathered"].value)

    if isinstance(items, Items):
        gather(e, nothing, items, target, [], append)
    else:
        go_over(e, nothing, items, target, append)
    return result.value()


def known_elements(e: Emitter, value: Value) -> list[Value] | None:
    """All elements of a generator, when they are known one by one; None for another value."""
    if not is_lazy(value):
        return None
    made = as_generator(e, value)
    if not isinstance(made, GeneratorCall) or not _may_be_known(made):
        return None
    block: Block | None = None
    found: list[Value] = []

    def append(item: Value) -> None:
        if e.block is not block:
            raise NotStatic
        found.append(item)

    def run() -> Value:
        nonlocal block
        block, stop = e.block, e.variables[STOP]
        splice(e, made, append)
        e.variables[STOP] = stop
        e.set_flag(EXIT, FALSE)
        if e.dead:
            raise NotStatic
        return NONE

    return None if speculate(e, run) is None else found


def _may_be_known(g: GeneratorCall) -> bool:
    """Whether it is worth trying: it yields outside of loops, or goes over something that isn't a value of run time."""
    loops = (ast.For, ast.While)
    outside = any(not isinstance(s, loops) and yields(s) for s in g.source.node.body)
    return outside or any(not isinstance(v, Run | Range | Const) for v in g.bound.values())


class _GrowingList:
    """A new list whose element type is what all that is put in has in common."""

    def __init__(self, e: Emitter, wanted: Attribute | None = None) -> None:
        self.e, self.wanted = e, wanted
        self.kind: Attribute | None = wanted
        self.ssa = e.emit(ListOp([], ts.ListType(wanted or ts.TensorType())))

    def append(self, value: Value) -> None:
        """Puts a value in, at run time as often as what is being emitted runs."""
        e, value = self.e, held(self.e, value)
        if self.wanted is None:
            found = materialise(e, value)
            self.kind = found.type if self.kind is None else join_types(self.kind, found.type)
            value = Run(found)
            set_type(self.ssa, ts.ListType(self.kind))
        assert self.kind is not None
        e.py("list_append", [self.ssa, coerce(e, value, self.kind, "an element")])

    def value(self) -> Value:
        """The list."""
        if self.kind is None:
            set_type(self.ssa, self.e.session.opened(self.e, ts.ListType(ts.TensorType())))
            self.e.session.assume(self.ssa)
        return Run(self.ssa)


def _search(e: Emitter, node: ast.GeneratorExp, found: ast.stmt, behind: ast.stmt) -> Value:
    """Goes through a generator expression's elements: `found` runs for each, until it returns; `behind` after all."""
    body: ast.stmt = found
    for generator in reversed(node.generators):
        for test in reversed(generator.ifs):
            body = ast.If(test, [body], [])
        body = ast.For(generator.target, generator.iter, [body], [], None)
    nothing = ast.arguments([], [], None, [], [], None, [])
    names = sorted({n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)})
    first = [ast.Nonlocal(names)] if names else []
    function = ast.FunctionDef("<genexpr>", nothing, [*first, body, behind], [], None, None)
    function.type_params = []  # pyright: ignore[reportAttributeAccessIssue]  (a field from Python 3.12 on)
    for tree in ast.walk(function):
        if not hasattr(tree, "lineno"):
            ast.copy_location(tree, node)
    return call_closure(e, make_closure(e, function), [], {})


def test_of_generator(e: Emitter, node: ast.GeneratorExp, *, wanted: bool) -> Value:
    """`any(...)` (wanted is true) or `all(...)` of a generator expression."""
    test = node.elt if wanted else ast.copy_location(ast.UnaryOp(ast.Not(), node.elt), node.elt)
    found = ast.If(test, [ast.Return(ast.Constant(wanted))], [])
    return _search(e, node, found, ast.Return(ast.Constant(not wanted)))


def first_of_generator(e: Emitter, node: ast.GeneratorExp, default: ast.expr | None) -> Value:
    """`next(...)` of a generator expression."""
    behind = ast.Raise(ast.Name("StopIteration", ast.Load()), None) if default is None else ast.Return(default)
    return _search(e, node, ast.Return(node.elt), behind)


def collect(e: Emitter, value: Value) -> Value:
    """`list(value)`: a new list of what an iterable gives."""
    from tsir.frontend.script.values import Enumerate, Filter, Map, Reversed, StaticDict, Zip

    if isinstance(value, Object) and (found := e.session.iterator_of_object(e, value)) is not None:
        value = found
    if is_lazy(value):
        known = known_elements(e, value)
        if known is None:
            return _gathered(e, as_generator(e, value))
        return Run(list_of(e, known)) if known else e.session.empty_list(e, None)
    if isinstance(value, Choice):
        return _gathered(e, value)
    if isinstance(value, Filter):
        return filtered(e, value)
    if isinstance(value, Map):
        items = items_of(e, value)
        if items.static is not None:
            return Run(list_of(e, [thunk() for thunk in items.static]))
        return _gathered(e, items)
    if isinstance(value, Enumerate | Range | Reversed | Zip):
        static = None if isinstance(value, Range) else items_of(e, value).static
        if static is not None:
            return Run(list_of(e, [thunk() for thunk in static]))
        if isinstance(value, Range):
            return Run(e.py("range_list", [materialise(e, v) for v in (value.start, value.stop, value.step)]))
        return Run(materialise(e, value))
    if isinstance(value, Const) and isinstance(value.value, str):
        return Run(e.py("list", [materialise(e, value)]))
    if isinstance(value, StaticDict):
        return Run(list_of(e, [Const(k) for k in value.items]))
    items = items_of(e, value)
    if items.static is not None:
        return Run(list_of(e, [thunk() for thunk in items.static]))
    if isinstance(value, Object):
        return _gathered(e, items)
    ssa = materialise(e, value)
    if isinstance(ssa.type, ts.TensorType):
        return Run(e.aten_value("unbind", [ssa, 0]))
    return Run(e.py("list", [ssa]))
