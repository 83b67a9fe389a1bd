"""The variables that a loop at run time carries: which they are, their types round by round, and what they are behind it.

`loops.py` emits the loops themselves and starts again where `TypesChanged` or `ContentsChanged` says that a first guess was wrong.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from xdsl.dialects import scf
from xdsl.ir import Attribute, SSAValue

from tsir.dialects.ts import types as ts
from tsir.frontend.script.convert import coerce, retype, uninitialized
from tsir.frontend.script.coroutines import AT
from tsir.frontend.script.emitter import DEFINED, EXIT, RESULT, RETURNED, STOP, Emitter
from tsir.frontend.script.frames import FRAME, frame_of, framed
from tsir.frontend.script.function_values import function_type, is_function, is_read_by_functions
from tsir.frontend.script.numpy_scalars import as_held
from tsir.frontend.script.numpy_scalars import kind_of as numpy_kind
from tsir.frontend.script.source import leaves_loop
from tsir.frontend.script.static_state import changed_contents
from tsir.frontend.script.type_relations import is_subtype, join_types
from tsir.frontend.script.unassigned import may_be_unassigned
from tsir.frontend.script.values import (
    FALSE,
    TRUE,
    Binding,
    Closure,
    Const,
    Facts,
    Run,
    Unusable,
    Value,
)


@dataclass
class Carried:
    """A variable that a loop carries; a hidden one has no value before the loop, so the body can't read it first."""

    type: Attribute
    hidden: bool = False
    numpy: str | None = None
    """The NumPy class that its numbers are of in all rounds."""


@dataclass
class AssignedNames:
    """The names that a loop assigns. `frames`: how many frames there were before it."""

    names: list[str]
    frames: int
    objects: set[str] = field(default_factory=set[str])
    """Variables of functions around that have been found to be assigned values that don't exist at run time."""


@dataclass
class BuiltLoop:
    """A loop that has been emitted once: the types of its variables behind the body, and its operation."""

    ends: dict[str, Attribute]
    operation: scf.WhileOp | scf.ForOp
    names: list[str]
    facts: Facts


class ContentsChanged(Exception):
    """The body changes lists or dicts that only existed while compiling: these are their keys."""

    def __init__(self, refs: list[str]) -> None:
        self.refs = refs


class TypesChanged(Exception):
    """The body ends with other types than it was emitted for."""

    def __init__(self, carried: dict[str, Carried]) -> None:
        self.carried = carried


def may_change(path: str, body: list[ast.stmt]) -> bool:
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


def initially_carried(
    e: Emitter, names: list[str], body: list[ast.stmt], end: tuple[int, int], *, endless: bool
) -> dict[str, Carried]:
    carried: dict[str, Carried] = {}
    for name in names:
        binding = e.variables.get(name)
        if binding is None or isinstance(binding.value, Unusable) or not e.is_live(name, end):
            continue
        if name == AT and isinstance(binding.value, Const):
            continue  # until a round is seen to change it
        kind = e.session.type_of(binding.value)
        if kind is not None:
            carried[name] = Carried(kind, numpy=numpy_kind(binding.value))
            if DEFINED + name in e.variables:  # it may be unassigned before the loop, and then is behind no rounds at all
                carried[DEFINED + name] = Carried(ts.BOOL)
    if leaves_loop(body):
        carried[STOP] = Carried(ts.BOOL)
        if any(isinstance(n, ast.Return) for s in body for n in ast.walk(s)):
            carried[RETURNED] = Carried(ts.BOOL)
    return carried


def reset(e: Emitter, before: dict[str, Binding], paths: dict[str, Attribute], carried: dict[str, Carried]) -> None:
    e.variables, e.paths, e.dead = dict(before), dict(paths), False
    e.set_flag(EXIT, FALSE)
    e.set_flag(STOP, FALSE)


def initial_values(e: Emitter, carried: dict[str, Carried]) -> list[SSAValue]:
    values: list[SSAValue] = []
    for name, c in carried.items():
        binding = e.variables.get(name)
        if name.startswith(DEFINED) and binding is None:
            values.append(e.bool_constant(name.removeprefix(DEFINED) in e.variables))
        elif binding is None or c.hidden:
            values.append(uninitialized(e, c.type))
        else:
            values.append(_as_carried(e, c, binding, f"'{name}'"))
    return values


def _as_carried(e: Emitter, c: Carried, binding: Binding, what: str) -> SSAValue:
    """A variable's value as the loop carries it: a NumPy scalar as one that knows its class, where it isn't of one in all rounds."""
    value = binding.value if c.numpy is not None else as_held(e, binding.value)
    return coerce(e, value, c.type, what)


def carry_tested(
    e: Emitter, carried: dict[str, Carried], tested: Sequence[str], start: Mapping[str, Binding], names: AssignedNames
) -> None:
    """What a while loop's condition, or a function that it calls, assigns is carried from there into the body.

    Raises TypesChanged where it isn't yet.
    """
    changed: dict[str, Carried] = {}
    assigned = [n for n, b in e.variables.items() if n in start and n[0] != "$" and b.origin is not start[n].origin]
    assigned += _new_outside(e, start, names)
    for name in dict.fromkeys([*tested, *assigned]):
        binding = e.variables.get(name)
        kind = None if binding is None else e.session.type_of(binding.value)
        c = carried.get(name)
        if kind is None:
            continue
        if c is not None and c.numpy is not None and _leaves_class(e, name, c.numpy):
            changed[name] = replace(c, numpy=None)
        if c is None or not is_subtype(e, kind, c.type):
            old = start.get(name)
            before = None if old is None else e.session.type_of(old.value)
            kinds = [k for k in (before, None if c is None else c.type) if k is not None]
            for k in kinds:
                kind = join_types(k, kind)
            if c is None or kind != c.type:
                changed[name] = Carried(kind, c.hidden if c is not None else name not in start)
        new_outside = FRAME in name and name not in start
        if (new_outside or DEFINED + name in e.variables) and DEFINED + name not in carried:
            changed[DEFINED + name] = Carried(ts.BOOL)
    if changed:
        raise TypesChanged(carried | changed)


def tested_value(e: Emitter, name: str, c: Carried, argument: SSAValue) -> SSAValue:
    """What a carried variable is behind the condition."""
    binding = e.variables.get(name)
    if name.startswith(DEFINED):
        known = name.removeprefix(DEFINED) in e.variables
        return argument if binding is None and not known else e.bool_value(e.flag(name) if binding is not None else True)
    if name.startswith("$") or binding is None or isinstance(binding.value, Unusable):
        return argument
    return _as_carried(e, c, binding, f"'{name}'")


def bind_arguments_of_body(
    e: Emitter, carried: dict[str, Carried], arguments: Sequence[SSAValue], *, but: Sequence[str] = ()
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
            e.merge(name, e.session.object_or_run(argument) if c.numpy is None else Run(argument, c.numpy))


_ASSIGNED_OBJECT = Unusable("is a Python object that a loop assigns, so it isn't known which one it is")


def poison_uncarried(e: Emitter, assigned: AssignedNames, carried: dict[str, Carried]) -> None:
    """What a loop assigns but can't carry must not be read as what it was before the loop."""
    for name in (*assigned.names, *assigned.objects):
        binding = e.variables.get(name)
        if name in carried or binding is None or isinstance(binding.value, Unusable):
            continue
        if e.session.type_of(binding.value) is None or name in assigned.objects:
            e.variables[name] = Binding(_ASSIGNED_OBJECT)


def settle(
    e: Emitter,
    carried: dict[str, Carried],
    assigned: AssignedNames,
    start: Mapping[str, Binding],
    end: tuple[int, int],
) -> list[SSAValue]:
    """At the end of a body: what it hands to the next round. Raises TypesChanged where a type is too narrow."""
    if not e.dead and (refs := changed_contents(e, start)):
        raise ContentsChanged(refs)
    changed: dict[str, Carried] = {}
    outer = [framed(flag, frame) for frame in sorted(e.spliced) for flag in (RETURNED, STOP, RESULT)]
    rebound = (e.rebound_key(n) for n in assigned.names if n in e.rebinds)
    watched = [RETURNED, STOP, RESULT, *assigned.names, *rebound, *outer]
    if not e.dead:
        watched += _new_outside(e, start, assigned)
    for name in [] if e.dead else _changed_outside(e, start, [*carried, *watched]):
        # A function that was inlined in the body, or goes on around it, has assigned a variable of its own or of an outer one.
        kinds = [e.session.type_of(b[name].value) for b in (start, e.variables)]
        if kinds[0] is not None and kinds[1] is not None:
            changed[name] = Carried(join_types(kinds[0], kinds[1]))
        elif not _stays(start[name].value, e.variables[name].value):
            assigned.objects.add(name)
            raise TypesChanged(carried)
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
                    found = Carried(join_types(before, found.type))
                changed[name] = found
                if before is None or DEFINED + name in start:
                    changed[DEFINED + name] = Carried(ts.BOOL)  # behind the variable, whose assignment forgets it
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
            changed[name] = Carried(joined, c.hidden)
    changed |= {
        name: replace(c, numpy=None)
        for name, c in carried.items()
        if c.numpy is not None and name not in changed and not e.dead and _leaves_class(e, name, c.numpy)
    }
    if changed:
        raise TypesChanged(carried | changed)
    values: list[SSAValue] = []
    for name, c in carried.items():
        binding = e.variables.get(name)
        if binding is None and name.startswith(DEFINED):
            binding = Binding(TRUE if name.removeprefix(DEFINED) in e.variables else FALSE)
        if binding is None or e.dead or isinstance(binding.value, Unusable):
            values.append(uninitialized(e, c.type))
        else:
            values.append(_as_carried(e, c, binding, f"'{name}' at the end of the loop"))
    return values


def _leaves_class(e: Emitter, name: str, kind: str) -> bool:
    """Whether a variable that was a NumPy scalar of a class isn't one at the end of a round."""
    binding = e.variables.get(name)
    return binding is not None and not isinstance(binding.value, Unusable) and numpy_kind(binding.value) != kind


def _changed_outside(e: Emitter, start: Mapping[str, Binding], known: Sequence[str]) -> list[str]:
    return [
        name
        for name, binding in e.variables.items()
        if name not in known
        and name in start
        and (name.startswith(DEFINED) or name[0] != "$")
        and binding.origin is not start[name].origin
    ]


def _new_outside(e: Emitter, start: Mapping[str, Binding], assigned: AssignedNames) -> list[str]:
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


def _newly_carried(e: Emitter, name: str, binding: Binding, end: tuple[int, int]) -> Carried | None:
    """A variable without value before the loop that is read behind it, or in a later round: only flags and the result."""
    flag = name.partition(FRAME)[0]
    if flag in (RETURNED, STOP):
        constant = isinstance(binding.value, Const) and not binding.value.value
        return None if constant else Carried(ts.BOOL)
    read_behind = e.is_live(name, end) and (
        FRAME in name or e.source.is_read_after(name, end) or is_read_by_functions(e, name)
    )
    if flag == RESULT or ((read_behind or may_be_unassigned(e, name)) and not isinstance(binding.value, Unusable)):
        kind = e.session.type_of(binding.value)
        return None if kind is None else Carried(kind, hidden=True, numpy=numpy_kind(binding.value))
    return None


def behind(
    e: Emitter,
    before: dict[str, Binding],
    paths: dict[str, Attribute],
    carried: dict[str, Carried],
    built: BuiltLoop,
    assigned: AssignedNames,
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
                    True,
                )
            )
        elif e.session.type_of(old.value) is None:
            e.variables[name] = Binding(_ASSIGNED_OBJECT)
        else:
            e.variables[name] = Binding(Unusable("isn't kept behind this loop"))
    results = dict(zip(built.names, built.operation.results, strict=True))
    for name, c in carried.items():
        value = results[name]
        if name.startswith("$"):
            e.set_flag(name, Run(value))
        else:
            e.merge(name, e.session.object_or_run(value) if c.numpy is None else Run(value, c.numpy))
    e.assume(built.facts)
