"""Loops: `scf.for`, `scf.while`, and unrolled ones.

The variables that a loop carries are those that its body assigns and that are bound before it. Their types are those before
the loop; when the body ends with others, the body is emitted again with the common type, until nothing changes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from xdsl.dialects import arith, scf
from xdsl.ir import Attribute, Block, Region, SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.frontend.script.conditions import condition
from tsir.frontend.script.control import Step, body, emit_branch, emit_steps
from tsir.frontend.script.convert import Retyped, coerce, is_subtype, join_types, retype, uninitialized
from tsir.frontend.script.coroutines import AT, advance, can_step, current, returned, start
from tsir.frontend.script.emitter import (
    DEFINED,
    EXIT,
    FRAME,
    RESULT,
    RETURNED,
    STOP,
    Emitter,
    Unreachable,
    end_of,
    frame_of,
    framed,
    start_of,
)
from tsir.frontend.script.function_values import as_function, function_type, is_function, is_read_by_functions
from tsir.frontend.script.generators import as_generator, is_lazy, splice
from tsir.frontend.script.iteration import Items, items_of
from tsir.frontend.script.numpy_scalars import kind_of as numpy_kind
from tsir.frontend.script.resizing import may_be_resized
from tsir.frontend.script.source import assigned_names, leaves_loop
from tsir.frontend.script.statement_yields import ITEM, result_of
from tsir.frontend.script.static_state import at_run_time, changed_contents
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
    Facts,
    GeneratorCall,
    Object,
    Run,
    Unusable,
    Value,
    Zip,
)

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

_Builder = Callable[[dict[str, _Carried], "_Assigned"], "_Built"]
"""Emits a loop that carries these variables; the names that it assigns are known, others may be added."""


@dataclass
class _Assigned:
    """The names that a loop assigns. `frames`: how many frames there were before it."""

    names: list[str]
    frames: int
    objects: set[str] = field(default_factory=set[str])
    """Variables of functions around that have been found to be assigned values that don't exist at run time."""


@dataclass
class _Built:
    """A loop that has been emitted once: the types of its variables behind the body, and its operation."""

    ends: dict[str, Attribute]
    operation: scf.WhileOp | scf.ForOp
    names: list[str]
    facts: Facts


class _ContentsChanged(Exception):
    """The body changes lists or dicts that only existed while compiling: these are their keys."""

    def __init__(self, refs: list[str]) -> None:
        self.refs = refs


class _TypesChanged(Exception):
    """The body ends with other types than it was emitted for."""

    def __init__(self, carried: dict[str, _Carried]) -> None:
        self.carried = carried


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
    paths = {p: k for p, k in e.paths.items() if FRAME not in p and not _may_change(p, statements)}
    outer_stop = e.variables[STOP]
    names = list(dict.fromkeys([*assigned_names(statements), *also_assigned]))
    assigned = _Assigned(names, e.session.frames)
    e.loops.append((start_of(node), end_of(node)))
    carried = _initially_carried(e, names, statements, end_of(node), endless=endless)
    state = (len(e.loops), e.loop_runs, e.depth, e.cells, e.handled, e.entering)
    for _round in range(MAX_ROUNDS):
        _reset(e, before, paths, carried)
        block = Block()
        try:
            with e.inside(block):
                built = build(carried, assigned)
        except (_TypesChanged, _ContentsChanged, Retyped) as changed:
            depth, e.loop_runs, e.depth, e.cells, e.handled, e.entering = state
            del e.loops[depth:]
            block.erase(safe_erase=False)
            if isinstance(changed, _ContentsChanged):
                _reset(e, before, paths, carried)
                for ref in changed.refs:
                    before[ref] = Binding(Run(at_run_time(e, before[ref].value)))
            elif isinstance(changed, Retyped):
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
    _behind(e, before, paths, carried, built, assigned, node)
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


def _may_change(path: str, body: list[ast.stmt]) -> bool:
    """Whether something in the body may assign an attribute of this path."""
    parts = path.split(".")
    if ".[" in path:
        return True  # what changes items is called more than written
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
        if name == AT and isinstance(binding.value, Const):
            continue  # until a round is seen to change it
        kind = e.session.type_of(binding.value)
        if kind is not None:
            carried[name] = _Carried(kind)
            if DEFINED + name in e.variables:  # it may be unassigned before the loop, and then is behind no rounds at all
                carried[DEFINED + name] = _Carried(ts.BOOL)
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


def _carry_tested(
    e: Emitter, carried: dict[str, _Carried], tested: Sequence[str], start: Mapping[str, Binding], names: _Assigned
) -> None:
    """What a while loop's condition, or a function that it calls, assigns is carried from there into the body.

    Raises _TypesChanged where it isn't yet.
    """
    changed: dict[str, _Carried] = {}
    assigned = [n for n, b in e.variables.items() if n in start and n[0] != "$" and b.origin is not start[n].origin]
    assigned += _new_outside(e, start, names)
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
        new_outside = FRAME in name and name not in start
        if (new_outside or DEFINED + name in e.variables) and DEFINED + name not in carried:
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
            kind = None if initial is None else numpy_kind(initial.value)
            e.merge(name, e.session.object_or_run(argument) if kind is None else Run(argument, kind))


_ASSIGNED_OBJECT = Unusable("is a Python object that a loop assigns, so it isn't known which one it is")


def _poison_uncarried(e: Emitter, assigned: _Assigned, carried: dict[str, _Carried]) -> None:
    """What a loop assigns but can't carry must not be read as what it was before the loop."""
    for name in (*assigned.names, *assigned.objects):
        binding = e.variables.get(name)
        if name in carried or binding is None or isinstance(binding.value, Unusable):
            continue
        if e.session.type_of(binding.value) is None or name in assigned.objects:
            e.variables[name] = Binding(_ASSIGNED_OBJECT)


def _nothing_has_stopped(e: Emitter) -> None:
    """At the start of a round: neither this loop has been left nor one whose generator's loop this is."""
    for flag in (EXIT, STOP):
        e.set_flag(flag, FALSE)
    for frame in e.spliced:
        for flag in (EXIT, STOP, RETURNED):
            e.set_flag(framed(flag, frame), FALSE)


def _settle(
    e: Emitter,
    carried: dict[str, _Carried],
    assigned: _Assigned,
    start: Mapping[str, Binding],
    end: tuple[int, int],
) -> list[SSAValue]:
    """At the end of a body: what it hands to the next round. Raises _TypesChanged where a type is too narrow."""
    if not e.dead and (refs := changed_contents(e, start)):
        raise _ContentsChanged(refs)
    changed: dict[str, _Carried] = {}
    outer = [framed(flag, frame) for frame in sorted(e.spliced) for flag in (RETURNED, STOP, RESULT)]
    rebound = (e.rebound_key(n) for n in assigned.names if n in e.rebinds)
    watched = [RETURNED, STOP, RESULT, *assigned.names, *rebound, *outer]
    if not e.dead:
        watched += _new_outside(e, start, assigned)
    for name in [] if e.dead else _changed_outside(e, start, [*carried, *watched]):
        # A function that was inlined in the body, or goes on around it, has assigned a variable of its own or of an outer one.
        kinds = [e.session.type_of(b[name].value) for b in (start, e.variables)]
        if kinds[0] is not None and kinds[1] is not None:
            changed[name] = _Carried(join_types(kinds[0], kinds[1]))
        elif not _stays(start[name].value, e.variables[name].value):
            assigned.objects.add(name)
            raise _TypesChanged(carried)
    for name in dict.fromkeys([*carried, *watched]):
        c = carried.get(name)
        binding = e.variables.get(name)
        if binding is None or e.dead:
            continue
        if c is None:
            found = _newly_carried(e, name, binding, end)
            if found is not None and not name.startswith("$"):
                first = start.get(name) if FRAME in name or name == AT else None
                before = None if first is None else e.session.type_of(first.value)
                if first is not None and (first.origin is binding.origin or (name == AT and _is_same(first, binding))):
                    continue
                if before is not None:  # of a function around, by its `nonlocal` name
                    found = _Carried(join_types(before, found.type))
                changed[name] = found
                if before is None or DEFINED + name in start:
                    changed[DEFINED + name] = _Carried(ts.BOOL)  # behind the variable, whose assignment forgets it
            elif found is not None:
                changed[name] = found
            continue
        kind = function_type(e.session) if is_function(binding.value) else e.session.type_of(binding.value)
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
            _check_kind(e, name, start, binding)
            values.append(coerce(e, binding.value, c.type, f"'{name}' at the end of the loop"))
    return values


def _check_kind(e: Emitter, name: str, start: Mapping[str, Binding], binding: Binding) -> None:
    """Refuses a variable that becomes a NumPy scalar, or one of another class, in a loop."""
    first = start.get(name)
    kinds = [numpy_kind(b.value) for b in (first, binding) if b is not None]
    if len(set(kinds)) > 1 and not name.startswith("$"):
        shown = " and ".join("a Python number" if k is None else f"a np.{k}" for k in kinds)
        hint = f"make it one before the loop (`{name} = np.{kinds[-1] or kinds[0]}(...)`), or write float(...) in it"
        e.unsupported(f"the variable '{name}', which is {shown} by turns in a loop,", hint=hint)


def _changed_outside(e: Emitter, start: Mapping[str, Binding], known: Sequence[str]) -> list[str]:
    return [
        name
        for name, binding in e.variables.items()
        if name not in known
        and name in start
        and (name.startswith(DEFINED) or name[0] != "$")
        and binding.origin is not start[name].origin
    ]


def _new_outside(e: Emitter, start: Mapping[str, Binding], assigned: _Assigned) -> list[str]:
    """The variables of functions around, which were there before the loop, that this round has assigned first; and those of
    generators that are made in it, but are the same in each round."""

    def was_there(frame: int) -> bool:
        owner = e.session.owners.get(frame)
        return frame <= assigned.frames or (owner is not None and was_there(owner))

    return [
        name
        for name, binding in e.variables.items()
        if name not in start
        and name[0] != "$"
        and (frame := frame_of(name)) is not None
        and e.session.may_assign_first(frame)
        and was_there(frame)
        and e.session.type_of(binding.value) is not None
    ]


def _is_same(a: Binding, b: Binding) -> bool:
    """Whether both are the same constant."""
    return isinstance(a.value, Const) and isinstance(b.value, Const) and a.value.same(b.value)


def _stays(before: Value, now: Value) -> bool:
    """Whether a value that doesn't exist at run time is the same as the one before, or can't be read either way."""
    if isinstance(before, Unusable) or isinstance(now, Unusable):
        return True
    return isinstance(before, Closure) and isinstance(now, Closure) and before.is_same(now)


def _newly_carried(e: Emitter, name: str, binding: Binding, end: tuple[int, int]) -> _Carried | None:
    """A variable without value before the loop that is read behind it: only flags and the result."""
    flag = name.partition(FRAME)[0]
    if flag in (RETURNED, STOP):
        constant = isinstance(binding.value, Const) and not binding.value.value
        return None if constant else _Carried(ts.BOOL)
    if flag == RESULT or (
        e.is_live(name, end)
        and (FRAME in name or e.source.is_read_after(name, end) or is_read_by_functions(e, name))
        and not isinstance(binding.value, Unusable)
    ):
        kind = e.session.type_of(binding.value)
        return None if kind is None else _Carried(kind, hidden=True)
    return None


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

    def build(carried: dict[str, _Carried], assigned: _Assigned) -> _Built:
        kinds = [c.type for c in carried.values()]
        initial = _initial(e, carried)
        e.entering = (*e.entering, *initial)
        head, inner = Block(arg_types=kinds), Block(arg_types=kinds)
        _poison_uncarried(e, assigned, carried)
        outer_runs, e.loop_runs = e.loop_runs, endless
        facts: Facts = {}
        false_facts: Facts = {}
        always_raises = False
        with e.inside(head), e.at(place):
            _bind_arguments(e, carried, head.args)
            at_start = dict(e.variables)
            try:
                going = test(STOP in carried, facts, false_facts)
                _carry_tested(e, carried, tested, at_start, assigned)
                values = [_tested_value(e, name, c, head.args[i]) for i, (name, c) in enumerate(carried.items())]
            except Unreachable:
                going, values, always_raises = e.bool_constant(False), head.args, True
            e.emit_void(scf.ConditionOp(going, *values))
        with e.inside(inner):
            _bind_arguments(e, carried, inner.args, but=tested)
            _nothing_has_stopped(e)
            e.assume(facts)
            start = dict(e.variables)
            e.dead = always_raises
            emit_steps(e, steps, end_of(node))
            e.emit_void(scf.YieldOp(*_settle(e, carried, assigned, start, end_of(node))))
        e.loop_runs = outer_runs
        operation = scf.WhileOp(initial, kinds, Region(head), Region(inner))
        e.emit_void(operation)
        return _Built({}, operation, list(carried), {} if STOP in carried else false_facts)

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

    def build(carried: dict[str, _Carried], assigned: _Assigned) -> _Built:
        nonlocal resized
        kinds = [c.type for c in carried.values()]
        initial = _initial(e, carried)
        e.entering = (*e.entering, *initial)
        inner = Block(arg_types=[ts.INT, *kinds])
        _poison_uncarried(e, assigned, carried)
        outer_runs, e.loop_runs = e.loop_runs, items.never_empty
        with e.inside(inner):
            _bind_arguments(e, carried, inner.args[1:])
            _nothing_has_stopped(e)
            start = dict(e.variables)

            def take() -> None:
                _assigner(e, node)(items.item(e, inner.args[0]))
                start.clear()
                start.update(e.variables)

            emit_steps(e, [take, *steps], end_of(node))
            values = _settle(e, carried, assigned, start, end_of(node))
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
    assigned: _Assigned,
    node: ast.For | ast.While,
) -> None:
    """Sets the variables to what they are behind a loop."""
    e.variables, e.paths, e.dead = dict(before), dict(paths), False
    e.variables |= {name: Binding(_ASSIGNED_OBJECT) for name in assigned.objects if name not in carried}
    for name in assigned.names:
        if name in carried or name == AT or name in e.rebinds:
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
            e.variables[name] = Binding(_ASSIGNED_OBJECT)
        else:
            e.variables[name] = Binding(Unusable("isn't kept behind this loop"))
    results = dict(zip(built.names, built.operation.results, strict=True))
    for name in carried:
        value = results[name]
        if name.startswith("$"):
            e.set_flag(name, Run(value))
        else:
            first = before.get(name)
            kind = None if first is None else numpy_kind(first.value)
            e.merge(name, e.session.object_or_run(value) if kind is None else Run(value, kind))
    e.assume(built.facts)
