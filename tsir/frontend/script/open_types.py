"""Types that aren't known yet while compiling: `!ts.open<n>` is the element type of an empty list, set or dict, until another type
meets it. Then the compile starts again with what was found (`tsir.frontend.script.decided`), so that no finished program has one."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import IntAttr
from xdsl.ir import Attribute, ParametrizedAttribute, TypeAttribute
from xdsl.irdl import irdl_attr_definition

from tsir.dialects.ts import types as ts


@irdl_attr_definition
class OpenType(ParametrizedAttribute, TypeAttribute):
    """A type of which only the number is known."""

    name = "ts.open"

    number: IntAttr

    def __init__(self, number: int) -> None:
        super().__init__(IntAttr(number))


class Unified(Exception):
    """Types have to be the same of which one was open: the pairs of an open type and what it is."""

    def __init__(self, pairs: list[tuple[OpenType, Attribute]]) -> None:
        self.pairs = pairs


def parts_of(kind: Attribute) -> list[Attribute]:
    """The types that a type is made of."""
    match kind:
        case (
            ts.ListType()
            | ts.SetType()
            | ts.FrozenSetType()
            | ts.DequeType()
            | ts.OptionalType()
            | ts.TupleOfType()
            | ts.FutureType()
        ):
            return [kind.element]
        case ts.DictType():
            return [kind.key, kind.value]
        case ts.TupleType() | ts.NamedTupleType():
            return list(kind.elements.data)
        case ts.UnionType():
            return list(kind.members.data)
        case _:
            return []


def open_in(kind: Attribute) -> Iterator[OpenType]:
    """The open types in a type."""
    if isinstance(kind, OpenType):
        yield kind
    for part in parts_of(kind):
        yield from open_in(part)


def unify(a: Attribute, b: Attribute) -> None:
    """Lets two types be the same as far as one of them is open. Raises Unified for what that says.

    That something open is taken as Any says nothing of it; that one of its elements is Any does.
    """
    pairs = [] if isinstance(a, ts.AnyType) or isinstance(b, ts.AnyType) else list(_pairs(a, b))
    if pairs:
        raise Unified(pairs)


def _pairs(a: Attribute, b: Attribute) -> Iterator[tuple[OpenType, Attribute]]:
    if a == b:
        return
    if isinstance(a, OpenType) or isinstance(b, OpenType):
        first, second = (a, b) if isinstance(a, OpenType) else (b, a)
        assert isinstance(first, OpenType)
        if isinstance(second, ts.OptionalType):
            second = second.element
        if second != ts.NONE and first not in open_in(second):
            yield first, second
        return
    if isinstance(a, ts.OptionalType) != isinstance(b, ts.OptionalType):
        yield from _pairs(*(k.element if isinstance(k, ts.OptionalType) else k for k in (a, b)))
        return
    if type(a) is not type(b) or isinstance(a, ts.UnionType):
        return
    if not isinstance(a, ts.TupleType) or len(parts_of(a)) == len(parts_of(b)):
        for x, y in zip(parts_of(a), parts_of(b), strict=True):
            yield from _pairs(x, y)
