"""How types relate: what two have in common, and whether one stands where another is wanted. Values aren't looked at here."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.open_types import parts_of, unify

NUMBERS: tuple[Attribute, ...] = (ts.INT, ts.FLOAT, ts.BOOL, ts.COMPLEX, ts.NumberType())


Tuples = ts.TupleType | ts.NamedTupleType


def is_same(a: Attribute, b: Attribute) -> bool:
    """Whether two types are the same but for the order of the members of Unions in them."""
    return type(a) is type(b) and bool(parts_of(a)) and _meaning(a) == _meaning(b)


@functools.lru_cache(maxsize=4096)
def _meaning(kind: Attribute) -> object:
    parts = parts_of(kind)
    if isinstance(kind, ts.UnionType):
        return frozenset(map(_meaning, parts))
    if not parts or isinstance(kind, ts.NamedTupleType):
        return kind
    return (type(kind), kind.container if isinstance(kind, ts.DictType) else None, *map(_meaning, parts))


def join_types(a: Attribute, b: Attribute) -> Attribute:
    """The type of a value that is of one of two types: numbers of two kinds are a `!ts.number`, None makes an Optional."""
    if a == b or is_same(a, b):
        return a
    unify(a, b)
    if a in NUMBERS and b in NUMBERS:
        return ts.NumberType()
    if isinstance(a, ts.TupleType) and isinstance(b, ts.TupleType) and len(a.elements.data) == len(b.elements.data):
        return ts.TupleType([join_types(x, y) for x, y in zip(a.elements.data, b.elements.data, strict=True)])
    if isinstance(a, ts.TupleType) and isinstance(b, ts.TupleType) and len({*a.elements.data, *b.elements.data}) == 1:
        return ts.TupleOfType([*a.elements.data, *b.elements.data][0])
    if isinstance(a, ts.DictType) and isinstance(b, ts.DictType) and (a.key, a.value) == (b.key, b.value):
        return ts.DictType(a.key, a.value)
    for x, y in ((a, b), (b, a)):
        if isinstance(x, ts.TupleOfType) and isinstance(y, ts.TupleType) and set(y.elements.data) <= {x.element}:
            return x
        if (
            isinstance(x, ts.OptionalType)
            and not isinstance(y, ts.OptionalType | ts.UnionType | ts.AnyType)
            and y != ts.NONE
        ):
            return ts.optional_of(join_types(x.element, y))
    if isinstance(a, ts.OptionalType) and isinstance(b, ts.OptionalType):
        return ts.optional_of(join_types(a.element, b.element))
    return ts.union_of([a, b])


def join_all(kinds: Iterable[Attribute]) -> Attribute:
    """The type of a value that is of one of these types, of which there is at least one: `join_types` from the first on."""
    return functools.reduce(join_types, kinds)


def is_subtype(e: Emitter, given: Attribute, wanted: Attribute) -> bool:
    """Whether every value of type `given` is one of type `wanted`, so that a cast is all it takes."""
    if given == wanted or isinstance(wanted, ts.AnyType) or is_same(given, wanted):
        return True
    if e.session.decisions.opening and type(given) is type(wanted):
        unify(given, wanted)
    if isinstance(given, ts.OptionalType):
        return is_subtype(e, ts.NONE, wanted) and is_subtype(e, given.element, wanted)
    if isinstance(given, ts.UnionType):
        return all(is_subtype(e, m, wanted) for m in given.members.data)
    if isinstance(wanted, ts.OptionalType):
        return given == ts.NONE or is_subtype(e, given, wanted.element)
    if isinstance(wanted, ts.UnionType):
        # What numbers of a Union are computed to is a number: it is of the same Union where that says int or float.
        numbers = given == ts.NumberType() and ts.INT in wanted.members.data and ts.FLOAT in wanted.members.data
        return numbers or any(is_subtype(e, given, m) for m in wanted.members.data)
    if isinstance(wanted, ts.NumberType):
        return given in NUMBERS
    if isinstance(given, ts.DictType) and isinstance(wanted, ts.DictType):
        return not wanted.container.data and (given.key, given.value) == (wanted.key, wanted.value)
    if isinstance(given, ts.FutureType) and isinstance(wanted, ts.FutureType):
        return given.kind == wanted.kind and is_subtype(e, given.element, wanted.element)
    if isinstance(wanted, ts.TupleOfType) and isinstance(given, Tuples):
        return all(is_subtype(e, k, wanted.element) for k in given.elements.data)
    if isinstance(wanted, ts.TupleOfType) and isinstance(given, ts.TupleOfType):
        return is_subtype(e, given.element, wanted.element)
    if isinstance(given, Tuples) and isinstance(wanted, ts.TupleType):
        kinds = zip(given.elements.data, wanted.elements.data, strict=False)
        return len(given.elements.data) == len(wanted.elements.data) and all(is_subtype(e, g, w) for g, w in kinds)
    if isinstance(given, ts.ClassType) and isinstance(wanted, ts.ClassType):
        return e.session.is_subclass(given, wanted)
    return False


def members(kind: Attribute) -> tuple[Attribute, ...]:
    """The types that a value of this type may be of: an Optional's two, a Union's members, else the type itself."""
    if isinstance(kind, ts.OptionalType):
        return (*members(kind.element), ts.NONE)
    return kind.members.data if isinstance(kind, ts.UnionType) else (kind,)
