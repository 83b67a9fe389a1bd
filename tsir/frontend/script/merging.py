"""What variables are behind a branch: the values of both sides made one, as an `scf.if` gives it,
or as a value that only exists while compiling.

How the sides are emitted is in `control.py`; what loops carry is in `carried.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xdsl.dialects import scf
from xdsl.ir import Attribute, Block, Region, SSAValue

from tsir.dialects.ts import types as ts
from tsir.frontend.constants import type_of_constant
from tsir.frontend.script.convert import coerce, uninitialized
from tsir.frontend.script.emitter import DEFINED, EXIT, RESULT, RETURNED, STOP, Emitter
from tsir.frontend.script.frames import FRAME, frame_of
from tsir.frontend.script.function_values import function_type, is_function
from tsir.frontend.script.none_defaults import expect
from tsir.frontend.script.numpy_scalars import as_held, kind_of
from tsir.frontend.script.run_time_slices import index_type, is_only_index, may_be_index
from tsir.frontend.script.static_state import parts_of, with_parts
from tsir.frontend.script.type_relations import is_subtype, join_all, join_types, members
from tsir.frontend.script.unassigned import may_be_unassigned
from tsir.frontend.script.values import (
    FALSE,
    ITERATORS,
    NUMPY_KINDS,
    TRUE,
    Binding,
    Builtin,
    Choice,
    Closure,
    Const,
    Coroutine,
    EnumValue,
    Object,
    PyFunction,
    PyObject,
    RaisedException,
    Run,
    StaticDict,
    StaticList,
    Unusable,
    Value,
)

STAYING = ".$staying"
"""What follows a variable's name in `paths`: the type that it has where nothing has exited, for the rest of the body."""


@dataclass
class Side:
    """One branch, emitted: its block, and the state at its end."""

    block: Block
    variables: dict[str, Binding]
    paths: dict[str, Attribute]
    dead: bool

    @property
    def exits(self) -> bool:
        """Whether it always leaves the body by return, break or continue."""
        value = self.variables[EXIT].value
        return not self.dead and isinstance(value, Const) and bool(value.value)

    @property
    def breaks(self) -> bool:
        """Whether it always leaves the loop around by break."""
        value = self.variables[STOP].value
        return self.exits and not self.returned and isinstance(value, Const) and bool(value.value)

    @property
    def returned(self) -> bool:
        """Whether it always returns from the function."""
        value = self.variables[RETURNED].value
        return isinstance(value, Const) and bool(value.value)


def join(
    e: Emitter,
    test: SSAValue,
    before: Mapping[str, Binding],
    paths: Mapping[str, Attribute],
    sides: Sequence[Side],
    end: tuple[int, int],
    *,
    maybe: bool = False,
) -> None:
    """Inserts the `scf.if` of two branches and sets the variables to what they are behind it.

    With `maybe` a variable that only one branch has may be read behind it: whether it is assigned is tested then.
    """
    live = [s for s in sides if not s.dead]
    _note_assigned(e, live, end, maybe=maybe)
    e.variables, e.paths, e.dead = dict(before), dict(paths), not live
    for flag in [n for n in before if n.startswith(DEFINED) and live and all(n not in s.variables for s in live)]:
        del e.variables[flag]  # each branch assigns the variable
    merged: dict[str, _Merged] = {}
    facts: dict[str, Attribute | Binding] = {}
    for name in dict.fromkeys(n for s in live for n in s.variables):
        bindings = [s.variables.get(name) for s in live]
        old = before.get(name)
        if old is not None and all(b is not None and b.origin is old.origin for b in bindings):
            kinds = {b.value.type for b in bindings if b is not None and isinstance(b.value, Run | Const | Object)}
            if len(kinds) == 1 and any(b is not old for b in bindings):
                facts[name] = kinds.pop()
            if (known := _caught(old.value, [b.value for b in bindings if b is not None])) is not None:
                facts[name] = Binding(known, old)
        else:
            merged[name] = merge(e, name, sides, end)
    shared = _shared_flags(merged, live)
    merged = {name: m for name, m in merged.items() if name not in shared}
    leaves = {name: list(_leaves(m)) for name, m in merged.items()}
    yielded = {(name, i): m for name, found in leaves.items() for i, m in enumerate(found)}
    for side in sides:
        behind = e.variables
        e.variables = dict(side.variables)  # what static objects hold, and functions read, is that of the branch's end
        try:
            with e.inside(side.block):
                e.emit_void(scf.YieldOp(*(_yielded(e, side, name, m) for (name, _), m in yielded.items())))
        finally:
            e.variables = behind
    blocks = [s.block for s in sides]
    if not yielded and len(blocks[1].ops) == 1:
        other = Region()
    else:
        other = Region(blocks[1])
    operation = scf.IfOp(test, [m.type for m in yielded.values() if m.type is not None], Region(blocks[0]), other)
    e.emit_void(operation)
    if not live:
        return
    results = iter(operation.results)
    flags: dict[str, Value] = {}
    for name, found in merged.items():
        if found.type is None and not found.parts:
            assert found.value is not None
            e.variables[name] = Binding(found.value)
            continue
        value = _rebuilt(e, found, results)
        if name.startswith(DEFINED):
            flags[name] = value  # set behind the variables, whose merging forgets them
        elif found.parts or found.options:
            e.variables[name] = Binding(value)
        else:
            (e.set_flag if name.startswith("$") else e.merge)(name, value)
    for name, value in flags.items():
        e.set_flag(name, value)
    for name, other in shared.items():
        e.set_flag(name, e.variables[other].value)
    e.paths = {p: k for p, k in live[0].paths.items() if all(s.paths.get(p) == k for s in live)}
    e.assume(dict(facts.items()))
    if isinstance(e.flag(EXIT), bool):
        return
    for name, binding in e.variables.items():
        same = name not in merged and isinstance(binding.value, Run | Object)
        declared = e.session.type_of(binding.value) if same else merged[name].type if name in merged else None
        staying = None if declared is None else _staying(e, name, live)
        if staying is not None and declared is not None and staying != declared and is_subtype(e, staying, declared):
            e.paths[name + STAYING] = staying
    e.paths |= _staying_paths(live)


def _shared_flags(merged: Mapping[str, _Merged], live: Sequence[Side]) -> dict[str, str]:
    """The flags that say in each branch what another one says, which comes first: one result is enough for both, and says of both
    whether it is set."""
    found: dict[str, str] = {}
    flags = [n for n in (EXIT, STOP, RETURNED) if n in merged and merged[n].type is not None]
    for i, name in enumerate(flags):
        for other in flags[:i]:
            if other not in found and all(_same(s.variables[name].value, s.variables[other].value) for s in live):
                found[name] = other
                break
    return found


def _caught(old: Value, values: Sequence[Value]) -> RaisedException | None:
    """What all branches that go on say of an exception, which is the one before them: of which class it is."""
    first = values[0] if values else None
    if not isinstance(first, RaisedException) or not isinstance(old, Run | RaisedException) or old.ssa is not first.ssa:
        return None
    same = all(isinstance(v, RaisedException) and (v.ssa, v.cls) == (first.ssa, first.cls) for v in values)
    return first if same else None


def _staying(e: Emitter, name: str, live: Sequence[Side]) -> Attribute | None:
    """The type of a variable where no side has exited; None where it isn't known or the variable isn't assigned."""
    found: Attribute | None = None
    for side in live:
        exiting, binding = side.variables[EXIT].value, side.variables.get(name)
        if side.exits:
            continue
        if binding is None or isinstance(binding.value, Unusable):
            return None
        known = None if isinstance(exiting, Const) else side.paths.get(name + STAYING)
        kind = e.session.type_of(binding.value) if known is None else known
        if kind is None:
            return None
        found = kind if found is None else join_types(found, kind)
    return found


def _staying_paths(live: Sequence[Side]) -> dict[str, Attribute]:
    """The types of attributes and items where no side has exited."""
    staying = [s for s in live if not s.exits]
    known = [{p: s.paths.get(p + STAYING, k) for p, k in s.paths.items() if not p.endswith(STAYING)} for s in staying]
    for side, found in zip(staying, known, strict=True):
        found |= {q: k for p, k in side.paths.items() if p.endswith(STAYING) and "." in (q := p.removesuffix(STAYING))}
    return {p + STAYING: k for p, k in known[0].items() if all(k == other.get(p) for other in known)} if known else {}


def _note_assigned(e: Emitter, live: Sequence[Side], end: tuple[int, int], *, maybe: bool) -> None:
    """Gives each branch the flags of the variables that may be unassigned behind them."""
    names = {n.removeprefix(DEFINED) for s in live for n in s.variables if n.startswith(DEFINED)}
    if maybe:
        every = {n for s in live for n in s.variables if not n.startswith("$") and e.is_live(n, end)}
        names |= {n for n in every if any(n not in s.variables for s in live)}
    if e.session.decisions.unassigned:
        every = {n for s in live for n in s.variables if n[0] != "$" and may_be_unassigned(e, n) and e.is_live(n, end)}
        names |= {n for n in every if any(n not in s.variables for s in live)}
    for side in live if e.loops else ():
        if side.breaks:  # what it has assigned may be read behind the loop
            own = [n for n in side.variables if n[0] != "$" and any(n not in s.variables for s in live)]
            names |= {n for n in own if e.is_live(n, end) and e.session.type_of(side.variables[n].value) is not None}
    if e.session.kept_frames or e.session.going_on:
        every = {n for s in live for n in s.variables if n[0] != "$" and e.session.may_assign_first(frame_of(n))}
        names |= {n for n in every if any(n not in s.variables for s in live)}
    for name in names:
        for side in live:
            binding = side.variables.get(name)
            known = binding is not None and not isinstance(binding.value, Unusable)
            side.variables.setdefault(DEFINED + name, Binding(TRUE if known else FALSE))


@dataclass
class _Merged:
    """A variable behind a branch: a value that needs no yield, or the type that is yielded."""

    value: Value | None = None
    type: Attribute | None = None
    tuple_like: str | None = None
    options: tuple[Value, ...] = ()
    """What the number that is yielded chooses from, for callables."""
    parts: tuple[_Merged, ...] = ()
    """The merged parts of static values of one structure, of which `value` is one."""
    path: tuple[int, ...] = ()
    """Where it is in a variable's static value."""


def _leaves(found: _Merged) -> Iterator[_Merged]:
    """What is yielded for a variable, in order."""
    if found.type is not None:
        yield found
    for part in found.parts:
        yield from _leaves(part)


def _rebuilt(e: Emitter, found: _Merged, results: Iterator[SSAValue]) -> Value:
    """The value behind a branch, of what the branch yields."""
    if found.parts:
        assert found.value is not None
        return with_parts(found.value, [_rebuilt(e, part, results) for part in found.parts])
    if found.type is None:
        assert found.value is not None
        return found.value
    ssa = next(results)
    if found.options:
        return Choice(ssa, found.options)
    return Run(ssa, found.tuple_like) if found.tuple_like else e.session.object_or_run(ssa)


def _merged_parts(e: Emitter, values: Sequence[Value], sides: Sequence[Side], path: tuple[int, ...]) -> _Merged | None:
    """Static values of one structure, part by part; None for others, or where a part can't be merged."""
    structures = [parts_of(v) for v in values]
    known = [s for s in structures if s is not None]
    if len(known) < len(values) or any(s[0] != known[0][0] for s in known):
        return None
    parts: list[_Merged] = []
    for i, column in enumerate(zip(*(s[1] for s in known), strict=True)):
        made = _merge_values(e, column, sides, (*path, i))
        if isinstance(made.value, Unusable):
            return None
        parts.append(made)
    return _Merged(values[0], parts=tuple(parts), path=path)


def _cares(side: Side, name: str) -> bool:
    """Whether the variable's value at the end of the branch can be read: not behind a raise or a return."""
    return not side.dead and (name.startswith("$") or FRAME in name or not side.returned)


def merge(e: Emitter, name: str, sides: Sequence[Side], end: tuple[int, int]) -> _Merged:
    """What a variable is behind a branch with these sides."""
    if not e.is_live(name, end):
        return _Merged(Unusable("isn't kept behind this branch"))
    caring = [s for s in sides if _cares(s, name)]
    if not caring:
        return _Merged(Unusable("isn't assigned on any path to here"))
    missing = [s for s in caring if name not in s.variables]
    if missing and any(DEFINED + name in s.variables for s in missing):
        caring, missing = [s for s in caring if name in s.variables], []
    is_result = name.partition(FRAME)[0] == RESULT
    if missing and not all(s.exits or _guarded(s) or is_result for s in missing):
        which = "true" if missing[0] is sides[0] else "false"
        line = e.place.line
        return _Merged(
            Unusable(
                f"isn't assigned when the condition in line {line} is {which}", "assign it before the branch too", True, end
            )
        )
    if not name.startswith("$value") and (name.startswith("$") is False) and missing and any(s.exits for s in missing):
        caring = [s for s in caring if name in s.variables]
    values = [s.variables[name].value for s in caring if name in s.variables]
    if not values:
        return _Merged(Unusable("isn't assigned on any path to here"))
    unusable = next((v for v in values if isinstance(v, Unusable)), None)
    if unusable is not None:
        return _Merged(unusable)
    return _merge_values(e, values, sides, ())


def _merge_values(e: Emitter, values: Sequence[Value], sides: Sequence[Side], path: tuple[int, ...]) -> _Merged:
    """One value of the values that a variable, or a part of one, has at the ends of the branches that count."""
    if all(_same(v, values[0]) for v in values) and (not _local(values[0], sides) or (path and len(values) > 1)):
        return _Merged(values[0], path=path)
    kinds = [e.session.type_of(v) for v in values]
    known = [k for k in kinds if k is not None]
    if any(isinstance(v, ITERATORS) for v in values):
        why = "is an iterator of a different kind in each branch"
        return _Merged(Unusable(why, "give it to a variable in each branch, or go over it inside the branches"))
    if len(known) < len(kinds):
        if (found := _merged_parts(e, values, sides, path)) is not None:
            return found
        if all(_is_callable(v) for v in values):
            return _Merged(type=ts.INT, options=tuple(o for v in values for o in _options(v)), path=path)
        if (function := _function_type(e, values)) is not None:
            return _Merged(type=function, path=path)
        if (kind := _displays_type(e, values)) is not None:
            return _Merged(type=kind, path=path)
        if any(is_only_index(v) for v in values) and all(may_be_index(e, v) for v in values):
            return _Merged(type=index_type(e.session), path=path)
        return _Merged(Unusable("is a different Python object in each branch", "call it inside the branches"))
    for value in values if e.session.none_arguments else ():
        others = [k for v, k in zip(values, known, strict=True) if v is not value and k != ts.NONE]
        if others:
            expect(e, value, join_all(others), or_tensor=True)
    alike = {v.tuple_like if isinstance(v, Run) else kind_of(v) for v in values}
    return _Merged(type=common_type(e, values), tuple_like=alike.pop() if len(alike) == 1 else None, path=path)


def _function_type(e: Emitter, values: Sequence[Value]) -> Attribute | None:
    """The type of what is one of several functions, or None; None for other values."""
    kind = function_type(e.session)
    kinds = [kind if is_function(v) else e.session.type_of(v) for v in values]
    if any(k not in (kind, ts.NONE, ts.optional_of(kind)) for k in kinds):
        return None
    return kind if all(k == kind for k in kinds) else ts.optional_of(kind)


def _displays_type(e: Emitter, values: Sequence[Value]) -> Attribute | None:
    """The type of what is a list or dict that only exists while compiling, or another value; None where that is a Union."""
    kinds = [k for v in values if (k := _display_type(e, v)) is not None]
    joined = join_all(kinds) if len(kinds) == len(values) else None
    return None if isinstance(joined, ts.UnionType) else joined


def _display_type(e: Emitter, value: Value) -> Attribute | None:
    """The type that a value has at run time, also of lists and dicts with items of one type each."""
    if is_only_index(value):
        return index_type(e.session)
    if (kind := e.session.type_of(value)) is not None or not isinstance(value, StaticList | StaticDict):
        return kind
    items = value.elements if isinstance(value, StaticList) else tuple(value.items.values())
    kinds = {_display_type(e, v) for v in items} or {ts.TensorType()}
    keys = {type_of_constant(k) for k in value.items} or {ts.StrType()} if isinstance(value, StaticDict) else {ts.INT}
    if len(kinds) != 1 or len(keys) != 1 or (kind := kinds.pop()) is None:
        return None
    return ts.ListType(kind) if isinstance(value, StaticList) else ts.DictType(keys.pop(), kind)


def common_type(e: Emitter, values: Sequence[Value]) -> Attribute:
    """The type of a variable that has one of these values. An empty list or dict takes the others' type if only assumed."""
    assumed = [
        v
        for v in values
        if (isinstance(v, Run) and v.ssa in e.session.assumed) or (isinstance(v, StaticList) and not v.elements)
    ]
    sure = [v for v in values if v not in assumed] or values
    kinds = [k for v in sure if (k := e.session.type_of(v)) is not None]
    if len({v.tuple_like if isinstance(v, Run) else None for v in sure}) > 1:
        kinds = [_python_type(v, k) for v, k in zip(sure, kinds, strict=True)]
    kind = join_all(kinds)
    for value in assumed:
        own = e.session.type_of(value)
        if own is not None and not any(isinstance(m, type(own) | ts.AnyType) for m in members(kind)):
            kind = join_types(kind, own)
    return kind


def _python_type(value: Value, kind: Attribute) -> Attribute:
    """A value's type; that of a tuple for what is a list here and a tuple in Python."""
    if isinstance(kind, ts.ListType) and isinstance(value, Run) and value.tuple_like == "tuple":
        return ts.TupleOfType(kind.element)
    return kind


def _is_callable(value: Value) -> bool:
    """Whether a value can be called and has nothing in it that was made in a branch."""
    match value:
        case Builtin() | PyObject():
            return True
        case PyFunction() | Closure():
            inner = value.receiver if isinstance(value, PyFunction) else next(iter(value.defaults.values()), None)
            return inner is None
        case Choice() | Coroutine():
            return True
        case _:
            return False


def _options(value: Value) -> tuple[Value, ...]:
    return value.options if isinstance(value, Choice) else (value,)


def _choice_number(e: Emitter, value: Value, options: Sequence[Value]) -> SSAValue:
    """The number of a callable among the options of a branch's result."""
    first = e.int_constant(options.index(_options(value)[0]))
    return e.py("add", [first, value.number]) if isinstance(value, Choice) else first


def _guarded(side: Side) -> bool:
    """Whether the branch is the empty one of a rest that runs only if nothing has exited: nobody reads its variables."""
    value = side.variables[EXIT].value
    return not isinstance(value, Const)


def _same(a: Value, b: Value) -> bool:
    if a is b:
        return True
    if isinstance(a, Const) and isinstance(b, Const):
        return a.same(b)
    if isinstance(a, EnumValue) and isinstance(b, EnumValue):
        return a.member is b.member
    if isinstance(a, PyObject) and isinstance(b, PyObject):
        return a.value is b.value
    if isinstance(a, PyFunction) and isinstance(b, PyFunction):
        return a.function is b.function and a.receiver is b.receiver
    return isinstance(a, Run) and isinstance(b, Run) and a.ssa is b.ssa


def _local(value: Value, sides: Sequence[Side]) -> bool:
    """Whether a value that only one branch cares about was made inside it, so that it must be yielded."""
    return not isinstance(value, Const | EnumValue | PyObject | Unusable | Coroutine)


def _yielded(e: Emitter, side: Side, name: str, found: _Merged) -> SSAValue:
    assert found.type is not None
    binding = side.variables.get(name)
    if binding is None or not _cares(side, name) or isinstance(binding.value, Unusable):
        return uninitialized(e, found.type)
    value = binding.value
    for at in found.path:
        structure = parts_of(value)
        assert structure is not None
        value = structure[1][at]
    if found.options:
        return _choice_number(e, value, found.options)
    return coerce(e, value if found.tuple_like in NUMPY_KINDS else as_held(e, value), found.type, f"'{name}'")
