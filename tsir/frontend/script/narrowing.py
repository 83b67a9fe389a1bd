"""Values of type Any where a type is needed: what they are is looked at when the program runs.

`x.tolist()` of a tensor whose rank isn't known gives Any, as does what is annotated so. An annotated variable or parameter takes
such a value with a check, and an operator of torch is called by the overload that takes what the value turns out to be. What a
condition tells about a type (`isinstance`) is `conditions.py`'s subject.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from xdsl.ir import Attribute, Block, SSAValue

from tsir.dialects.schema import Schema
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.dialects.ts.structure import IsInstanceOp
from tsir.dialects.ts.type_names import show_type
from tsir.errors import TsirError
from tsir.frontend.overloads import find_overload
from tsir.frontend.schema_types import result_type
from tsir.frontend.script.convert import materialise
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.several_types import for_each_type
from tsir.frontend.script.type_relations import members
from tsir.frontend.script.values import Condition, Const, Run, Value

_TYPES: tuple[Attribute, ...] = (
    ts.TensorType(), ts.INT, ts.FLOAT, ts.BOOL, ts.COMPLEX, ts.StrType(), ts.DTypeType(), ts.ListType(ts.INT), ts.ListType(ts.FLOAT),
    ts.ListType(ts.TensorType()), ts.ListType(ts.BOOL), ts.ListType(ts.OptionalType(ts.TensorType())), ts.DeviceType(),
)  # fmt: skip
"""What an argument of an operator may turn out to be."""

_NUMBERS: tuple[Attribute, ...] = (ts.INT, ts.FLOAT, ts.BOOL, ts.COMPLEX)

_MOST = 6
"""How many arguments of one call may be of type Any: each may multiply the branches."""


def checked(e: Emitter, ssa: SSAValue, wanted: Attribute, what: str = "the value", error: str = "TypeError") -> SSAValue:
    """A value of type Any as one of another type; the program raises `error` where it is something else.

    An int or bool is a float where one is wanted, as an argument of a compiled function is.
    """
    from tsir.frontend.script.control import emit_branch, end_of
    from tsir.frontend.script.raising import raise_error

    number = wanted == ts.FLOAT
    kinds = [ts.FLOAT, ts.INT, ts.BOOL] if number else [wanted]
    test = e.emit(IsInstanceOp(ssa, kinds))
    message = f"{what} expects {show_type(wanted)}, which the value isn't"
    place = end_of(e.node or e.source.node)
    emit_branch(e, Condition(test), lambda: None, lambda: raise_error(e, error, message), place)
    return e.emit(py_op("float")([ssa], [ts.FLOAT])) if number else e.cast(ssa, wanted)


def number_as(e: Emitter, ssa: SSAValue, wanted: Attribute) -> SSAValue:
    """A number of which only that is known, such as an item of a tensor, as one of a declared kind.

    As torch.jit takes them, but not where something would be lost: the program raises TypeError for a float where an int is wanted.
    """
    from tsir.frontend.script.control import emit_branch, end_of
    from tsir.frontend.script.raising import raise_error

    order: list[Attribute] = [ts.BOOL, ts.INT, ts.FLOAT, ts.COMPLEX]
    kinds = order[: order.index(wanted) + 1]
    test = e.emit(IsInstanceOp(ssa, kinds))
    message = f"{show_type(wanted)} is expected here, and the number isn't one"
    emit_branch(
        e, Condition(test), lambda: None, lambda: raise_error(e, "TypeError", message), end_of(e.node or e.source.node)
    )
    return e.cast(ssa, wanted) if wanted == ts.BOOL else e.emit(py_op(show_type(wanted))([ssa], [wanted]))


_SHOWN = "the item isn't {} any more, as a condition before has found it to be"


def item_as(e: Emitter, item: Run, kind: Attribute, why: str = _SHOWN) -> Value:
    """An item of a container that is known to be of this type, as a condition has shown or the program says: another function may
    have changed the container, so it is checked."""
    from tsir.frontend.script.control import emit_branch, end_of
    from tsir.frontend.script.raising import raise_error

    message = why.replace("{}", show_type(kind))
    test = e.emit(IsInstanceOp(item.ssa, list(members(kind))))
    place = end_of(e.node or e.source.node)
    emit_branch(e, Condition(test), lambda: None, lambda: raise_error(e, "TypeError", message), place)
    return Const(None) if kind == ts.NONE else e.session.object_or_run(e.cast(item.ssa, kind))


def by_run_time_type(e: Emitter, call: Call, emit: Callable[[Arguments], Value]) -> Value | None:
    """A call of an operator with arguments of type Any: a branch for each type of the first of them that some overload takes.

    So are numbers of which only that is known, and an argument of several types, each of which some overload has to take. `emit`
    emits the call with other arguments. None when no argument is one of these, or no type of it would do.
    """
    places = _places(call.arguments) or _places(call.arguments, ts.NumberType) or _places(call.arguments, ts.UnionType)
    if not 0 < len(places) <= _MOST:
        return None
    place, value = places[0]
    if isinstance(value.type, ts.UnionType):
        if not all(_takes(e, call, place, kind) for kind in value.type.members.data):
            return None
        return for_each_type(e, Run(value), lambda known: emit(_replaced(call.arguments, place, materialise(e, known))))
    options = _options(e, call, place)
    if isinstance(value.type, ts.NumberType):
        options = [kind for kind in options if kind in _NUMBERS]
    if not options:
        return None

    def taking(kind: Attribute, ssa: SSAValue) -> Value:
        return emit(_replaced(call.arguments, place, e.cast(ssa, kind)))

    return by_type(e, value, options, taking, f"an argument of {call.name.strip('_')}()")


def by_type(
    e: Emitter, value: SSAValue, kinds: Sequence[Attribute], emit: Callable[[Attribute, SSAValue], Value], what: str
) -> Value:
    """What `emit` gives for a value of type Any by each of these types, in a branch for each; another type raises TypeError."""
    from tsir.frontend.script.control import choose

    kind = kinds[0]
    if len(kinds) == 1:
        return emit(kind, checked(e, value, kind, what))
    test = Condition(e.emit(IsInstanceOp(value, [kind])))
    return choose(e, test, lambda: emit(kind, value), lambda: by_type(e, value, kinds[1:], emit, what))


Arguments: TypeAlias = tuple[list[Any], dict[str, Any]]
"""Positional and keyword arguments of a call."""

Place: TypeAlias = tuple[int | str, int | None]
"""Where an argument stands: its position or keyword, and its position in the list that is given there."""


@dataclass(frozen=True)
class Call:
    """A call of torch's function or tensor method, or of an operator: `resolve` gives the operator and its arguments."""

    name: str
    arguments: Arguments
    resolve: Callable[[Arguments], tuple[str, Sequence[Any], Mapping[str, Any]]]


def _places(arguments: Arguments, kind: type[Attribute] = ts.AnyType) -> list[tuple[Place, SSAValue]]:
    """Where the arguments are of a type that says little."""
    found: list[tuple[Place, SSAValue]] = []
    args, kwargs = arguments
    for at, value in (*enumerate(args), *kwargs.items()):
        parts: list[tuple[int | None, Any]] = list(enumerate(value)) if isinstance(value, list | tuple) else [(None, value)]
        found += [((at, i), v) for i, v in parts if isinstance(v, SSAValue) and isinstance(v.type, kind)]
    return found


def _replaced(arguments: Arguments, place: Place, value: SSAValue) -> Arguments:
    args, kwargs = list(arguments[0]), dict(arguments[1])
    holder: Any = args if isinstance(place[0], int) else kwargs
    if place[1] is None:
        holder[place[0]] = value
    else:
        inner = list(holder[place[0]])
        inner[place[1]] = value
        holder[place[0]] = inner
    return args, kwargs


def _takes(e: Emitter, call: Call, place: Place, kind: Attribute) -> bool:
    """Whether some overload takes an argument of this type."""
    probe = Block(arg_types=[kind]).args[0]
    return _first(e, call, _replaced(call.arguments, place, probe), probe) is not None


def _options(e: Emitter, call: Call, place: Place) -> list[Attribute]:
    """The types of an argument that some overload takes; all kinds of numbers are one where they lead to the same overload."""

    def found(kind: Attribute) -> tuple[Schema, Attribute | None] | None:
        probe = Block(arg_types=[kind]).args[0]
        return _first(e, call, _replaced(call.arguments, place, probe), probe)

    taken = {kind: match for kind in _TYPES if (match := found(kind)) is not None}
    numbers = {id(schema) for kind, (schema, _) in taken.items() if kind in _NUMBERS}
    any_number = found(ts.NumberType()) if len(numbers) == 1 else None
    if any_number is not None and any_number[1] == ts.NumberType() and id(any_number[0]) in numbers:
        return [*(kind for kind in taken if kind not in _NUMBERS), ts.NumberType()]
    exact = [kind for kind, (_, declared) in taken.items() if declared in (kind, ts.ListType(kind))]
    return exact or list(taken)


def _first(e: Emitter, call: Call, arguments: Arguments, probe: SSAValue) -> tuple[Schema, Attribute | None] | None:
    """The overload for the arguments, and what it declares for `probe`, one of them: for the first types of those that are still
    Any, and of numbers where none takes any number, that some overload takes."""
    places = _places(arguments)
    if not places:
        try:
            name, args, kwargs = call.resolve(arguments)
            schema = find_overload(e.session.schemas, name, args, kwargs)
        except TsirError:
            schema, args, kwargs = None, (), {}
        if schema is not None:
            return (schema, _declared(schema, args, kwargs, probe))
        places = [p for p in _places(arguments, ts.NumberType) if p[1] is not probe]
        places = places or [p for p in _places(arguments, ts.UnionType) if p[1] is not probe]
    if not places:
        return None
    place, value = places[0]
    kinds = value.type.members.data if isinstance(value.type, ts.UnionType) else _TYPES
    tries = (_first(e, call, _replaced(arguments, place, Block(arg_types=[k]).args[0]), probe) for k in kinds)
    return next((match for match in tries if match is not None), None)


def _declared(schema: Schema, args: Sequence[Any], kwargs: Mapping[str, Any], probe: SSAValue) -> Attribute | None:
    """The type that a schema declares for an argument, or for the elements of the list that it is in."""
    for at, value in (*enumerate(args), *kwargs.items()):
        inner = isinstance(value, list | tuple)
        if value is probe or (inner and any(v is probe for v in value)):
            argument = next((a for i, a in enumerate(schema.arguments) if at in (i, a.name)), None)
            if argument is None:
                return None
            kind = result_type(argument.type)
            kind = kind.element if isinstance(kind, ts.OptionalType) else kind
            return kind.element if inner and isinstance(kind, ts.ListType) else kind
    return None
