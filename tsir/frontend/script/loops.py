"""Loops: `scf.for`, `scf.while`, and unrolled ones.

The variables that a loop carries are those that its body assigns and that are bound before it. Their types are those before
the loop; when the body ends with others, the body is emitted again with the common type, until nothing changes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from xdsl.dialects import arith, scf
from xdsl.ir import Block, Region, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.frontend.script.carried import (
    AssignedNames,
    BuiltLoop,
    Carried,
    ContentsChanged,
    TypesChanged,
    behind,
    bind_arguments_of_body,
    carry_tested,
    initial_values,
    initially_carried,
    may_change,
    poison_uncarried,
    reset,
    settle,
    tested_value,
)
from tsir.frontend.script.conditions import condition
from tsir.frontend.script.constructs import end_of, start_of
from tsir.frontend.script.control import Step, body, emit_branch, emit_steps
from tsir.frontend.script.convert import Retyped
from tsir.frontend.script.coroutines import advance, can_step, current, returned, start
from tsir.frontend.script.emitter import DEFINED, EXIT, RETURNED, STOP, Emitter, Unreachable
from tsir.frontend.script.frames import FRAME, framed
from tsir.frontend.script.function_values import as_function, is_function
from tsir.frontend.script.generators import as_generator, is_lazy, splice
from tsir.frontend.script.iteration import Items, items_of
from tsir.frontend.script.resizing import may_be_resized
from tsir.frontend.script.source import assigned_names
from tsir.frontend.script.statement_yields import ITEM, result_of
from tsir.frontend.script.static_state import at_run_time
from tsir.frontend.script.values import (
    FALSE,
    NONE,
    TRUE,
    Binding,
    Choice,
    Condition,
    Const,
    Coroutine,
    Facts,
    GeneratorCall,
    Object,
    Run,
    Value,
    Zip,
)

MAX_ROUNDS = 8
"""How often a body is emitted before its variables' types are taken not to settle."""


def emit_while(e: Emitter, node: ast.While) -> None:
    """Emits a while statement."""
    static = _static_test(e, node.test)
    if static is False:
        body(e, node.orelse)
        return
    _loop(e, node, node.body, _while_builder(e, node), assigned_in_test(node.test), endless=static is True)


def assigned_in_test(test: ast.expr) -> list[str]:
    """The names that a condition assigns (`:=`)."""
    return [n.target.id for n in ast.walk(test) if isinstance(n, ast.NamedExpr)]


def _static_test(e: Emitter, test: ast.expr) -> bool | None:
    """The value of a loop's condition when it is a literal."""
    return bool(test.value) if isinstance(test, ast.Constant) else None


def emit_for(e: Emitter, node: ast.For) -> None:
    """Emits a for statement."""
    value = iterated(e, e.expression(node.iter))
    if isinstance(value, GeneratorCall) and _grows(e, node, value):
        value = start(e, value)
    if isinstance(value, GeneratorCall):
        _spliced(e, node, value)
        return
    if isinstance(value, Coroutine | Choice):
        _loop(e, node, node.body, _stepping_builder(e, node, value, node.body), _target_names(node))
        _keep_result(e, node, lambda: returned(e, value))
        return
    with e.at(node.iter):
        items = items_of(e, value)
    if items.static is not None:
        _unrolled(e, node, items, items.static)
    else:
        _loop(e, node, node.body, _counting_builder(e, node, items, node.body), _target_names(node))


def iterated(e: Emitter, value: Value) -> Value:
    """What a loop goes over: a generator, an iterator, or something with items."""
    if isinstance(value, Object) and (found := e.session.iterator_of_object(e, value)) is not None:
        value = found
    if isinstance(value, Zip) and value.strict is not None:
        ends_late = all(e.session.type_of(v) is not None or is_lazy(v) for v in value.iterables)
        return as_generator(e, value) if ends_late else value
    return as_generator(e, value) if is_lazy(value) else value


LARGEST_COPIES = 60
"""How many statements a generator with several `yield`s may make of a loop's body, which is emitted at each of them."""


def _grows(e: Emitter, node: ast.For, g: GeneratorCall) -> bool:
    """Whether the body of a loop is too large for a copy of it at each `yield`."""
    count = sum(isinstance(n, ast.Yield) for n in ast.walk(g.source.node))
    size = sum(isinstance(n, ast.stmt) for n in ast.walk(node))
    return count > 1 and count * size > LARGEST_COPIES and can_step(g.source.node)


def _spliced(e: Emitter, node: ast.For, g: GeneratorCall) -> None:
    """The body of a generator with that of the loop at each `yield`."""
    outer_stop = e.variables[STOP]
    assign = _assigner(e, node)

    def consume(value: Value) -> None:
        assign(value)
        emit_steps(e, node.body, end_of(node))

    e.loops.append((start_of(node), end_of(node)))
    result = splice(e, g, consume)
    e.loops.pop()
    if not e.dead:
        _keep_result(e, node, lambda: NONE if result is None else result)
    _leave(e, outer_stop, node)


def _keep_result(e: Emitter, node: ast.For, result: Callable[[], Value]) -> None:
    """Behind the loop that stands for a `yield from`: what the generator has returned."""
    if isinstance(node.target, ast.Name) and node.target.id.startswith(ITEM) and not e.dead:
        e.bind(result_of(node), result())


def go_over(
    e: Emitter, tree: ast.expr, value: GeneratorCall | Coroutine | Choice, target: ast.expr, emit: Callable[[], None]
) -> None:
    """As `gather` for what isn't counted."""
    own = {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
    outer = {name: e.variables.pop(name) for name in own if name in e.variables}
    statement = ast.copy_location(ast.Expr(tree), tree)
    node = ast.copy_location(ast.For(target, tree, [statement], [], None), tree)
    if isinstance(value, GeneratorCall):
        assign, outer_stop = _assigner(e, node), e.variables[STOP]

        def consume(item: Value) -> None:
            assign(item)
            emit()

        e.loops.append((start_of(tree), end_of(tree)))
        splice(e, value, consume)
        e.loops.pop()
        _leave(e, outer_stop, node)
    else:
        _loop(e, node, [statement], _stepping_builder(e, node, value, [emit]), [])
    for name in own:
        e.variables.pop(name, None)
        e.variables.pop(DEFINED + name, None)
    e.variables |= outer
    if e.dead:
        raise Unreachable


def gather(
    e: Emitter, tree: ast.expr, items: Items, target: ast.expr, parts: Sequence[ast.expr], emit: Callable[[], None]
) -> None:
    """Runs `emit` for each item, as a loop of a comprehension does: what `parts` and the functions that they call assign is carried,
    the targets are the comprehension's own."""
    statements: list[ast.stmt] = [ast.copy_location(ast.Expr(part), part) for part in parts]
    node = ast.copy_location(ast.For(target, tree, statements, [], None), tree)
    own = {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
    outer = {name: e.variables.pop(name) for name in own if name in e.variables}
    build = _counting_builder(e, node, items, [emit])
    _loop(e, node, statements, build, [])
    for name in own:
        e.variables.pop(name, None)
    e.variables |= outer


def _target_names(node: ast.For) -> list[str]:
    return [n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)]


def _assigner(e: Emitter, node: ast.For) -> Callable[[Value], None]:
    from tsir.frontend.script.assignment import assign

    return lambda value: assign(e, node.target, value)


def _unrolled(e: Emitter, node: ast.For, items: Items, static: Sequence[Callable[[], Value]]) -> None:
    """One copy of the body for each item, for items that differ in type or are modules."""
    outer_stop = e.variables[STOP]
    assign = _assigner(e, node)
    e.set_flag(STOP, FALSE)

    def iteration(i: int, item: Callable[[], Value]) -> Callable[[], None]:
        def run() -> None:
            assign(item())
            emit_steps(e, node.body, end_of(node))
            if not e.dead:
                e.variables[EXIT] = e.variables[STOP]

        def emit() -> None:
            exists = items.has(e, i)
            if exists is None:
                run()
            else:
                emit_branch(e, Condition(exists), run, lambda: None, end_of(node))

        return emit

    e.loops.append((start_of(node), end_of(node)))
    emit_steps(e, [iteration(i, item) for i, item in enumerate(static)], end_of(node))
    e.loops.pop()
    _leave(e, outer_stop, node)


def _leave(e: Emitter, outer_stop: Binding, node: ast.For | ast.While) -> None:
    """Behind a loop: `break` and `continue` are done with, `return` goes on; `else` runs unless the loop was left early."""
    if e.dead:
        return
    stopped = e.flag(STOP)
    _go_on(e, outer_stop)
    if node.orelse and stopped is not True:
        end = end_of(node.orelse[-1])
        emit_branch(e, Condition(stopped), lambda: None, lambda: body(e, node.orelse), end)


def _go_on(e: Emitter, outer_stop: Binding) -> None:
    returned = e.variables[RETURNED]
    if isinstance(returned.value, Const) and not returned.value.value:
        e.set_flag(EXIT, FALSE)
        e.variables[STOP] = outer_stop
    else:
        e.variables[EXIT] = e.variables[STOP] = returned


# Loops at run time

_Builder = Callable[[dict[str, Carried], AssignedNames], BuiltLoop]
"""Emits a loop that carries these variables; the names that it assigns are known, others may be added."""


def _loop(
    e: Emitter,
    node: ast.For | ast.While,
    statements: list[ast.stmt],
    build: _Builder,
    also_assigned: list[str],
    *,
    endless: bool = False,
) -> None:
    _carry_functions(e, node, statements)
    before = dict(e.variables)
    paths = {p: k for p, k in e.paths.items() if FRAME not in p and not may_change(p, statements)}
    outer_stop = e.variables[STOP]
    names = list(dict.fromkeys([*assigned_names(statements), *also_assigned]))
    assigned = AssignedNames(names, e.session.frames)
    e.loops.append((start_of(node), end_of(node)))
    carried = initially_carried(e, names, statements, end_of(node), endless=endless)
    state = (len(e.loops), e.loop_runs, e.depth, e.cells, e.handled, e.entering)
    for _round in range(MAX_ROUNDS):
        reset(e, before, paths, carried)
        block = Block()
        try:
            with e.inside(block):
                built = build(carried, assigned)
        except (TypesChanged, ContentsChanged, Retyped) as changed:
            depth, e.loop_runs, e.depth, e.cells, e.handled, e.entering = state
            del e.loops[depth:]
            block.erase(safe_erase=False)
            if isinstance(changed, ContentsChanged):
                reset(e, before, paths, carried)
                for ref in changed.refs:
                    before[ref] = Binding(Run(at_run_time(e, before[ref].value)))
            elif isinstance(changed, Retyped):
                if changed.loop is not carried:
                    e.loops.pop()
                    raise
                reset(e, before, paths, carried)
                for name, c in carried.items():
                    kind = e.session.type_of(before[name].value) if name in before and not name.startswith("$") else None
                    c.type = c.type if kind is None else kind
            else:
                carried = changed.carried
            continue
        break
    else:
        e.error("the types of the variables of this loop don't settle", node=node)
    e.loops.pop()
    e.entering = state[-1]
    for operation in list(block.ops):
        operation.detach()
        e.builder.insert(operation)
    behind(e, before, paths, carried, built, assigned, node)
    has_break = _has_break(statements)
    if endless and not has_break:
        if RETURNED in carried:
            e.set_flag(RETURNED, TRUE)
        else:
            e.dead = True
    _leave(e, outer_stop, node)


def _carry_functions(e: Emitter, node: ast.For | ast.While, statements: list[ast.stmt]) -> None:
    """Makes values of run time of the functions that a loop assigns to variables whose values before it count, in it or behind it."""
    for name in assigned_names(statements):
        binding = e.variables.get(name)
        if binding is None or not is_function(binding.value):
            continue
        first = next((s for s in statements if name in assigned_names([s])), None)
        nested = not isinstance(first, ast.Assign | ast.FunctionDef)
        end = end_of(node if first is None or nested else first)
        if e.source.is_read_after(name, end_of(node)) or e.source.is_read_between(name, start_of(node), end):
            e.variables[name] = Binding(as_function(e, binding.value))


def _has_break(body: list[ast.stmt]) -> bool:
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Break):
            return True
        if not isinstance(node, ast.For | ast.While | ast.FunctionDef | ast.Lambda | ast.ClassDef):
            pending.extend(ast.iter_child_nodes(node))
    return False


def _nothing_has_stopped(e: Emitter) -> None:
    """At the start of a round: neither this loop has been left nor one whose generator's loop this is."""
    for flag in (EXIT, STOP):
        e.set_flag(flag, FALSE)
    for frame in e.spliced:
        for flag in (EXIT, STOP, RETURNED):
            e.set_flag(framed(flag, frame), FALSE)


def _while_builder(e: Emitter, node: ast.While) -> _Builder:
    endless = _static_test(e, node.test) is True
    return _testing_builder(
        e, node, lambda stops, yes, no: _test(e, node.test, stops, yes, no), node.body, assigned_in_test(node.test), endless
    )


def _stepping_builder(e: Emitter, node: ast.For, value: Value, steps: Sequence[Step]) -> _Builder:
    """A loop over an iterator, which is asked for its next element before each round."""

    def test(may_stop: bool, facts: Facts, false_facts: Facts) -> SSAValue:
        return _unless_stopped(e, may_stop, lambda: e.bool_value(advance(e, value)))

    def take() -> None:
        _assigner(e, node)(current(e, value))

    return _testing_builder(e, node, test, [take, *steps], [], False)


def _testing_builder(
    e: Emitter,
    node: ast.While | ast.For,
    test: Callable[[bool, Facts, Facts], SSAValue],
    steps: Sequence[Step],
    tested: Sequence[str],
    endless: bool,
) -> _Builder:
    """A loop that goes on as long as what `test` emits holds. It assigns the names `tested`."""
    place = node.test if isinstance(node, ast.While) else node.iter

    def build(carried: dict[str, Carried], assigned: AssignedNames) -> BuiltLoop:
        kinds = [c.type for c in carried.values()]
        initial = initial_values(e, carried)
        e.entering = (*e.entering, *initial)
        head, inner = Block(arg_types=kinds), Block(arg_types=kinds)
        poison_uncarried(e, assigned, carried)
        outer_runs, e.loop_runs = e.loop_runs, endless
        facts: Facts = {}
        false_facts: Facts = {}
        always_raises = False
        with e.inside(head), e.at(place):
            bind_arguments_of_body(e, carried, head.args)
            at_start = dict(e.variables)
            try:
                going = test(STOP in carried, facts, false_facts)
                carry_tested(e, carried, tested, at_start, assigned)
                values = [tested_value(e, name, c, head.args[i]) for i, (name, c) in enumerate(carried.items())]
            except Unreachable:
                going, values, always_raises = e.bool_constant(False), head.args, True
            e.emit_void(scf.ConditionOp(going, *values))
        with e.inside(inner):
            bind_arguments_of_body(e, carried, inner.args, but=tested)
            _nothing_has_stopped(e)
            e.assume(facts)
            start = dict(e.variables)
            e.dead = always_raises
            emit_steps(e, steps, end_of(node))
            e.emit_void(scf.YieldOp(*settle(e, carried, assigned, start, end_of(node))))
        e.loop_runs = outer_runs
        operation = scf.WhileOp(initial, kinds, Region(head), Region(inner))
        e.emit_void(operation)
        return BuiltLoop({}, operation, list(carried), {} if STOP in carried else false_facts)

    return build


def _test(e: Emitter, node: ast.expr, may_stop: bool, facts: Facts, false_facts: Facts) -> SSAValue:
    """The condition of a while loop: not after a break, and else the user's."""

    def users() -> SSAValue:
        found = condition(e, node)
        facts.update(found.when_true)
        false_facts.update(found.when_false)
        return e.bool_value(found.value)

    if may_stop and isinstance(node, ast.Constant):
        return e.py("not", [e.bool_value(e.flag(STOP))])
    return _unless_stopped(e, may_stop, users)


def _unless_stopped(e: Emitter, may_stop: bool, users: Callable[[], SSAValue]) -> SSAValue:
    """False behind a `break`, else what `users` emits."""
    stop = e.flag(STOP) if may_stop else False
    if isinstance(stop, bool):
        return users()
    going = "$going"
    assert e.node is not None
    emit_branch(
        e,
        Condition(stop),
        lambda: e.set_flag(going, FALSE),
        lambda: e.set_flag(going, Run(users())),
        end_of(e.node),
        maybe=True,
    )
    return e.bool_value(e.flag(going))


def _counting_builder(e: Emitter, node: ast.For, items: Items, steps: Sequence[Step]) -> _Builder:
    """A loop with a counter: `scf.for`, or `scf.while` where the body may leave it early or change the size of what it goes over."""
    bounds = items.bounds(e)
    resized = False

    def build(carried: dict[str, Carried], assigned: AssignedNames) -> BuiltLoop:
        nonlocal resized
        kinds = [c.type for c in carried.values()]
        initial = initial_values(e, carried)
        e.entering = (*e.entering, *initial)
        inner = Block(arg_types=[ts.INT, *kinds])
        poison_uncarried(e, assigned, carried)
        outer_runs, e.loop_runs = e.loop_runs, items.never_empty
        with e.inside(inner):
            bind_arguments_of_body(e, carried, inner.args[1:])
            _nothing_has_stopped(e)
            start = dict(e.variables)

            def take() -> None:
                _assigner(e, node)(items.item(e, inner.args[0]))
                start.clear()
                start.update(e.variables)

            emit_steps(e, [take, *steps], end_of(node))
            values = settle(e, carried, assigned, start, end_of(node))
        e.loop_runs = outer_runs
        if not resized and any(may_be_resized(inner, c, e.entering) for c in items.containers):
            resized = True
            raise TypesChanged(carried)
        if STOP not in carried and not resized:
            with e.inside(inner):
                e.emit_void(scf.YieldOp(*values))
            operation = scf.ForOp(*bounds, initial, inner)
            e.emit_void(operation)
            return BuiltLoop({}, operation, list(carried), {})
        head = Block(arg_types=inner.arg_types)
        with e.inside(head):
            going = items.goes_on(e, head.args[0]) if resized else e.py("lt", [head.args[0], bounds[1]])
            if STOP in carried:
                stopped = head.args[list(carried).index(STOP) + 1]
                going = e.emit(arith.AndIOp(going, e.py("not", [stopped])))
            e.emit_void(scf.ConditionOp(going, *head.args))
        with e.inside(inner):
            following = e.emit(py_op("add")([inner.args[0], bounds[2]], [ts.INT]))
            e.emit_void(scf.YieldOp(following, *values))
        operation = scf.WhileOp([bounds[0], *initial], [ts.INT, *kinds], Region(head), Region(inner))
        e.emit_void(operation)
        return BuiltLoop({}, operation, ["", *carried], {})

    return build
