"""Loops: `scf.for`, `scf.while`, and unrolled ones.

The variables that a loop carries are those that its body assigns and that are bound before it. Their types are those before
the loop; when the body ends with others, the body is emitted again with the common type, until nothing changes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects import arith, scf
from xdsl.ir import Attribute, Block, Region, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.frontend.script.conditions import condition
from tsir.frontend.script.control import Step, body, emit_branch, emit_side, emit_steps
from tsir.frontend.script.convert import Retyped, coerce, is_subtype, join_types, retype, uninitialized
from tsir.frontend.script.emitter import DEFINED, EXIT, FRAME, RESULT, RETURNED, STOP, Emitter, end_of, start_of
from tsir.frontend.script.iteration import Items, items_of
from tsir.frontend.script.resizing import may_be_resized
from tsir.frontend.script.source import assigned_names, leaves_loop
from tsir.frontend.script.values import FALSE, TRUE, Binding, Condition, Const, Facts, Run, Unusable, Value

MAX_ROUNDS = 8
"""How often a body is emitted before its variables' types are taken not to settle."""


@dataclass
class _Carried:
    """A variable that a loop carries; a hidden one has no value before the loop, so the body can't read it first."""

    type: Attribute
    hidden: bool = False


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
    items = items_of(e, e.expression(node.iter))
    _assigner(e, node)
    if items.static is not None:
        _unrolled(e, node, items, items.static)
    else:
        names = [*assigned_names(node.body), *_target_names(node)]
        _loop(e, node, node.body, _counting_builder(e, node, items, names, node.body), _target_names(node))


def gather(
    e: Emitter, tree: ast.expr, items: Items, target: ast.expr, parts: Sequence[ast.expr], emit: Callable[[], None]
) -> None:
    """Runs `emit` for each item, as a loop of a comprehension does: what `parts` and the functions that they call assign is carried,
    the targets are the comprehension's own."""
    statements: list[ast.stmt] = [ast.copy_location(ast.Expr(part), part) for part in parts]
    node = ast.copy_location(ast.For(target, tree, statements, [], None), tree)
    own = {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
    outer = {name: e.variables.pop(name) for name in own if name in e.variables}
    build = _counting_builder(e, node, items, assigned_names(statements), [emit])
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

_Builder = Callable[[dict[str, SSAValue], dict[str, _Carried]], "_Built"]


@dataclass
class _Built:
    """A loop that has been emitted once: the types of its variables behind the body, and its operation."""

    ends: dict[str, Attribute]
    operation: scf.WhileOp | scf.ForOp
    names: list[str]
    facts: Facts


class _TypesChanged(Exception):
    """The body ends with other types than it was emitted for."""

    def __init__(self, carried: dict[str, _Carried]) -> None:
        self.carried = carried


def _loop(
    e: Emitter,
    node: ast.For | ast.While,
    statements: list[ast.stmt],
    build: Callable[[dict[str, _Carried]], _Built],
    also_assigned: list[str],
    *,
    endless: bool = False,
) -> None:
    before, paths = dict(e.variables), {p: k for p, k in e.paths.items() if not _may_change(p, statements)}
    outer_stop = e.variables[STOP]
    names = list(dict.fromkeys([*assigned_names(statements), *also_assigned]))
    e.loops.append((start_of(node), end_of(node)))
    carried = _initially_carried(e, names, statements, end_of(node), endless=endless)
    state = (len(e.loops), e.loop_runs, e.depth, e.cells, e.handled, e.entering)
    for _round in range(MAX_ROUNDS):
        _reset(e, before, paths, carried)
        block = Block()
        try:
            with e.inside(block):
                built = build(carried)
        except (_TypesChanged, Retyped) as changed:
            depth, e.loop_runs, e.depth, e.cells, e.handled, e.entering = state
            del e.loops[depth:]
            block.erase(safe_erase=False)
            if isinstance(changed, Retyped):
                if changed.loop is not carried:
                    e.loops.pop()
                    raise
                _reset(e, before, paths, carried)
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
    _behind(e, before, paths, carried, built, names, node)
    has_break = _has_break(statements)
    if endless and not has_break:
        if any(isinstance(n, ast.Return) for s in statements for n in ast.walk(s)):
            e.set_flag(RETURNED, TRUE)
        else:
            e.dead = True
    _leave(e, outer_stop, node)


def _may_change(path: str, body: list[ast.stmt]) -> bool:
    """Whether something in the body may assign an attribute of this path."""
    parts = path.split(".")
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del) and node.attr in parts:
                return True
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == parts[0]:
                return True
    return False


def _has_break(body: list[ast.stmt]) -> bool:
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Break):
            return True
        if not isinstance(node, ast.For | ast.While | ast.FunctionDef | ast.Lambda | ast.ClassDef):
            pending.extend(ast.iter_child_nodes(node))
    return False


def _initially_carried(
    e: Emitter, names: list[str], body: list[ast.stmt], end: tuple[int, int], *, endless: bool
) -> dict[str, _Carried]:
    carried: dict[str, _Carried] = {}
    for name in names:
        binding = e.variables.get(name)
        if binding is None or isinstance(binding.value, Unusable) or not e.is_live(name, end):
            continue
        kind = e.session.type_of(binding.value)
        if kind is not None:
            carried[name] = _Carried(kind)
    if leaves_loop(body):
        carried[STOP] = _Carried(ts.BOOL)
        if any(isinstance(n, ast.Return) for s in body for n in ast.walk(s)):
            carried[RETURNED] = _Carried(ts.BOOL)
    return carried


def _reset(e: Emitter, before: dict[str, Binding], paths: dict[str, Attribute], carried: dict[str, _Carried]) -> None:
    e.variables, e.paths, e.dead = dict(before), dict(paths), False
    e.set_flag(EXIT, FALSE)
    e.set_flag(STOP, FALSE)


def _initial(e: Emitter, carried: dict[str, _Carried]) -> list[SSAValue]:
    values: list[SSAValue] = []
    for name, c in carried.items():
        binding = e.variables.get(name)
        if name.startswith(DEFINED) and binding is None:
            values.append(e.bool_constant(name.removeprefix(DEFINED) in e.variables))
        elif binding is None or c.hidden:
            values.append(uninitialized(e, c.type))
        else:
            values.append(coerce(e, binding.value, c.type, f"'{name}'"))
    return values


def _carry_tested(e: Emitter, carried: dict[str, _Carried], tested: Sequence[str], start: Mapping[str, Binding]) -> None:
    """What a while loop's condition, or a function that it calls, assigns is carried from there into the body.

    Raises _TypesChanged where it isn't yet.
    """
    changed: dict[str, _Carried] = {}
    assigned = [n for n, b in e.variables.items() if n in start and n[0] != "$" and b.origin is not start[n].origin]
    for name in dict.fromkeys([*tested, *assigned]):
        binding = e.variables.get(name)
        kind = None if binding is None else e.session.type_of(binding.value)
        c = carried.get(name)
        if kind is None:
            continue
        if c is None or not is_subtype(e, kind, c.type):
            old = start.get(name)
            before = None if old is None else e.session.type_of(old.value)
            kinds = [k for k in (before, None if c is None else c.type) if k is not None]
            for k in kinds:
                kind = join_types(k, kind)
            if c is None or kind != c.type:
                changed[name] = _Carried(kind, c.hidden if c is not None else name not in start)
        if DEFINED + name in e.variables and DEFINED + name not in carried:
            changed[DEFINED + name] = _Carried(ts.BOOL)
    if changed:
        raise _TypesChanged(carried | changed)


def _tested_value(e: Emitter, name: str, c: _Carried, argument: SSAValue) -> SSAValue:
    """What a carried variable is behind the condition."""
    binding = e.variables.get(name)
    if name.startswith(DEFINED):
        known = name.removeprefix(DEFINED) in e.variables
        return argument if binding is None and not known else e.bool_value(e.flag(name) if binding is not None else True)
    if name.startswith("$") or binding is None or isinstance(binding.value, Unusable):
        return argument
    return coerce(e, binding.value, c.type, name)


def _bind_arguments(
    e: Emitter, carried: dict[str, _Carried], arguments: Sequence[SSAValue], *, but: Sequence[str] = ()
) -> None:
    """Binds the variables of a loop to its arguments; hidden ones have no value yet, but for those that the test assigns."""
    for (name, c), argument in zip(carried.items(), arguments, strict=True):
        initial = e.variables.get(name)
        if initial is not None and isinstance(initial.value, Run) and initial.value.ssa in e.session.assumed:
            e.session.assumed.add(argument)
            e.session.assumed_in_loops[argument] = (carried, initial.value.ssa)
        if c.hidden and name not in but and DEFINED + name not in carried:
            e.variables.pop(name, None)
        elif name.startswith("$"):
            e.set_flag(name, Run(argument))
        else:
            e.bind(name, e.session.object_or_run(argument))


def _poison_uncarried(e: Emitter, names: Sequence[str], carried: dict[str, _Carried]) -> None:
    """What a loop assigns but can't carry must not be read as what it was before the loop."""
    for name in names:
        binding = e.variables.get(name)
        if name in carried or binding is None or isinstance(binding.value, Unusable):
            continue
        if e.session.type_of(binding.value) is None:
            e.variables[name] = Binding(
                Unusable("is a Python object that a loop assigns, so it isn't known which one it is")
            )


def _settle(
    e: Emitter,
    carried: dict[str, _Carried],
    assigned: Sequence[str],
    start: Mapping[str, Binding],
    end: tuple[int, int],
) -> list[SSAValue]:
    """At the end of a body: what it hands to the next round. Raises _TypesChanged where a type is too narrow."""
    changed: dict[str, _Carried] = {}
    watched = [RETURNED, STOP, RESULT, *assigned, *(e.rebound_key(n) for n in assigned if n in e.rebinds)]
    for name in [] if e.dead else _changed_outside(e, start, [*carried, *watched]):
        # A function that was inlined in the body has assigned a variable of this or an outer function.
        kinds = [e.session.type_of(b[name].value) for b in (start, e.variables)]
        if kinds[0] is not None and kinds[1] is not None:
            changed[name] = _Carried(join_types(kinds[0], kinds[1]))
    for name in dict.fromkeys([*carried, *watched]):
        c = carried.get(name)
        binding = e.variables.get(name)
        if binding is None or e.dead:
            continue
        if c is None:
            found = _newly_carried(e, name, binding, end)
            if found is not None:
                changed[name] = found
                if not name.startswith("$"):
                    changed[DEFINED + name] = _Carried(ts.BOOL)
            continue
        kind = e.session.type_of(binding.value)
        if kind is None or is_subtype(e, kind, c.type):
            continue
        first = start.get(name)
        if first is not None and isinstance(first.value, Run) and first.value.ssa in e.session.assumed:
            retype(e, first.value.ssa, kind)  # starts again when it may be
        joined = join_types(c.type, kind)
        if joined != c.type:  # else it is converted, as a tuple is element by element
            changed[name] = _Carried(joined, c.hidden)
    if changed:
        raise _TypesChanged(carried | changed)
    values: list[SSAValue] = []
    for name, c in carried.items():
        binding = e.variables.get(name)
        if binding is None and name.startswith(DEFINED):
            binding = Binding(TRUE if name.removeprefix(DEFINED) in e.variables else FALSE)
        if binding is None or e.dead or isinstance(binding.value, Unusable):
            values.append(uninitialized(e, c.type))
        else:
            values.append(coerce(e, binding.value, c.type, f"'{name}' at the end of the loop"))
    return values


def _changed_outside(e: Emitter, start: Mapping[str, Binding], known: Sequence[str]) -> list[str]:
    return [
        name
        for name, binding in e.variables.items()
        if name not in known
        and name in start
        and (name.startswith(DEFINED) or name[0] != "$")
        and binding.origin is not start[name].origin
    ]


def _newly_carried(e: Emitter, name: str, binding: Binding, end: tuple[int, int]) -> _Carried | None:
    """A variable without value before the loop that is read behind it: only flags and the result."""
    if name in (RETURNED, STOP):
        constant = isinstance(binding.value, Const) and not binding.value.value
        return None if constant else _Carried(ts.BOOL)
    if name == RESULT or (
        e.is_live(name, end)
        and (FRAME in name or e.source.is_read_after(name, end))
        and not isinstance(binding.value, Unusable)
    ):
        kind = e.session.type_of(binding.value)
        return None if kind is None else _Carried(kind, hidden=True)
    return None


def _while_builder(e: Emitter, node: ast.While) -> Callable[[dict[str, _Carried]], _Built]:
    endless = _static_test(e, node.test) is True

    def build(carried: dict[str, _Carried]) -> _Built:
        kinds = [c.type for c in carried.values()]
        initial = _initial(e, carried)
        e.entering = (*e.entering, *initial)
        head, inner = Block(arg_types=kinds), Block(arg_types=kinds)
        tested = assigned_in_test(node.test)
        names = [*assigned_names(node.body), *tested]
        _poison_uncarried(e, names, carried)
        outer_runs, e.loop_runs = e.loop_runs, endless
        facts: Facts = {}
        false_facts: Facts = {}
        with e.inside(head), e.at(node.test):
            _bind_arguments(e, carried, head.args)
            at_start = dict(e.variables)
            test = _test(e, node.test, STOP in carried, facts, false_facts)
            _carry_tested(e, carried, tested, at_start)
            values = [_tested_value(e, name, c, head.args[i]) for i, (name, c) in enumerate(carried.items())]
            e.emit_void(scf.ConditionOp(test, *values))
        with e.inside(inner):
            _bind_arguments(e, carried, inner.args, but=tested)
            e.set_flag(EXIT, FALSE)
            e.set_flag(STOP, FALSE)
            e.assume(facts)
            start = dict(e.variables)
            emit_steps(e, node.body, end_of(node))
            e.emit_void(scf.YieldOp(*_settle(e, carried, names, start, end_of(node))))
        e.loop_runs = outer_runs
        operation = scf.WhileOp(initial, kinds, Region(head), Region(inner))
        e.emit_void(operation)
        return _Built({}, operation, list(carried), {} if STOP in carried else false_facts)

    return build


def _test(e: Emitter, node: ast.expr, may_stop: bool, facts: Facts, false_facts: Facts) -> SSAValue:
    """The condition of a while loop: not after a break, and else the user's."""
    stop = e.flag(STOP) if may_stop else False

    def users() -> SSAValue:
        found = condition(e, node)
        facts.update(found.when_true)
        false_facts.update(found.when_false)
        return e.bool_value(found.value)

    if isinstance(stop, bool):
        return users()
    if isinstance(node, ast.Constant):
        return e.emit(py_op("not")([stop], [ts.BOOL]))
    variables, paths = e.variables, e.paths
    stopped = emit_side(e, variables, paths, {}, lambda: e.emit_void(scf.YieldOp(e.bool_constant(False))))
    going = emit_side(e, variables, paths, {}, lambda: e.emit_void(scf.YieldOp(users())))
    e.variables, e.paths = going.variables, going.paths
    operation = scf.IfOp(stop, [ts.BOOL], Region(stopped.block), Region(going.block))
    e.emit_void(operation)
    return operation.results[0]


def _counting_builder(
    e: Emitter, node: ast.For, items: Items, names: Sequence[str], steps: Sequence[Step]
) -> Callable[[dict[str, _Carried]], _Built]:
    """A loop with a counter: `scf.for`, or `scf.while` where the body may leave it early or change the size of what it goes over."""
    bounds = items.bounds(e)
    resized = False

    def build(carried: dict[str, _Carried]) -> _Built:
        nonlocal resized
        kinds = [c.type for c in carried.values()]
        initial = _initial(e, carried)
        e.entering = (*e.entering, *initial)
        inner = Block(arg_types=[ts.INT, *kinds])
        _poison_uncarried(e, names, carried)
        outer_runs, e.loop_runs = e.loop_runs, items.never_empty
        with e.inside(inner):
            _bind_arguments(e, carried, inner.args[1:])
            if STOP in carried:
                e.set_flag(STOP, FALSE)
            _assigner(e, node)(items.item(e, inner.args[0]))
            e.set_flag(EXIT, FALSE)
            start = dict(e.variables)
            emit_steps(e, steps, end_of(node))
            values = _settle(e, carried, names, start, end_of(node))
        e.loop_runs = outer_runs
        if not resized and any(may_be_resized(inner, c, e.entering) for c in items.containers):
            resized = True
            raise _TypesChanged(carried)
        if STOP not in carried and not resized:
            with e.inside(inner):
                e.emit_void(scf.YieldOp(*values))
            operation = scf.ForOp(*bounds, initial, inner)
            e.emit_void(operation)
            return _Built({}, operation, list(carried), {})
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
        return _Built({}, operation, ["", *carried], {})

    return build


def _behind(
    e: Emitter,
    before: dict[str, Binding],
    paths: dict[str, Attribute],
    carried: dict[str, _Carried],
    built: _Built,
    names: Sequence[str],
    node: ast.For | ast.While,
) -> None:
    """Sets the variables to what they are behind a loop."""
    e.variables, e.paths, e.dead = dict(before), dict(paths), False
    for name in names:
        if name in carried:
            continue
        old = e.variables.get(name)
        if old is None:
            e.variables[name] = Binding(
                Unusable(
                    f"is only assigned inside the loop in line {e.source.location(node).line}",
                    "assign it before the loop too",
                )
            )
        elif e.session.type_of(old.value) is None:
            e.variables[name] = Binding(
                Unusable("is a Python object that a loop assigns, so it isn't known which one it is")
            )
        else:
            e.variables[name] = Binding(Unusable("isn't kept behind this loop"))
    results = dict(zip(built.names, built.operation.results, strict=True))
    for name in carried:
        value = results[name]
        if name.startswith("$"):
            e.set_flag(name, Run(value))
        else:
            e.bind(name, e.session.object_or_run(value))
    e.assume(built.facts)
