"""Containers that stay empty: the program puts nothing into them anywhere, so that nothing says what they would hold.

No expression gives an element of one, so that the code behind such an expression needs no types. Where a program can't be compiled
else, such containers keep their open types (`open_types.py`) while it is: what is behind an expression of an open type isn't
compiled. In the finished program they are of the types that were assumed for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr
from xdsl.ir import Attribute, Operation, ParametrizedAttribute

from tsir.dialects.call_forms import Variant
from tsir.dialects.program import EntryPoint, Program
from tsir.dialects.ts.structure import CallPythonOp, CastOp
from tsir.frontend.script.convert import set_type
from tsir.frontend.script.open_types import OpenType, open_in, parts_of
from tsir.frontend.script.python_errors import raise_in_program
from tsir.frontend.script.values import Run, Value

if TYPE_CHECKING:
    from tsir.frontend.script.compiler import Session
    from tsir.frontend.script.emitter import Emitter

Made = TypeVar("Made")


def end_if_never(e: Emitter, value: Value) -> None:
    """Ends what is being emitted behind an expression that gives an element of a container which stays empty. Raises Unreachable."""
    if isinstance(value, Run) and isinstance(value.ssa.type, OpenType):
        raise_in_program(e, "AssertionError", "an empty container has no elements")


def stays_empty(session: Session, kind: Attribute) -> bool:
    """Whether a container of a type stays empty."""
    return session.decisions.staying_empty and any(isinstance(p, OpenType) for p in parts_of(kind))


def closed(session: Session, made: Made, assumed: Mapping[OpenType, Attribute]) -> Made | None:
    """A program or variant without open types. None where others than the program may put something into such a container: those
    who have an attribute or pass an argument, functions of Python's, and what knows it as a value of any type."""
    entries: list[EntryPoint] = []
    if isinstance(made, Program):
        entries = list(made.entry_points.values())
    elif isinstance(made, Variant):
        entries = [made.entry]
    kinds = session.attribute_types()
    if any(map(_is_open, kinds)) or any(f"!{OpenType.name}<" in p.type for entry in entries for p in entry.parameters):
        return None
    operations = [op for function in session.compiled_operations() for op in function.walk()]
    if any(map(_lets_others_fill, operations)):
        return None
    closer = _Closer(assumed)
    for operation in operations:
        closer.close(operation)
    session.forget_functions_for(_is_open)
    if isinstance(made, Program):
        made.entry_points = {name: closer.entry(entry) for name, entry in made.entry_points.items()}
    elif isinstance(made, Variant):
        return replace(made, entry=closer.entry(made.entry))
    return made


def _is_open(kind: Attribute) -> bool:
    return any(True for _ in open_in(kind))


def _lets_others_fill(operation: Operation) -> bool:
    if not isinstance(operation, CastOp | CallPythonOp) or not any(_is_open(o.type) for o in operation.operands):
        return False
    return isinstance(operation, CallPythonOp) or not _is_open(operation.results[0].type)


class _Closer:
    """Puts the types that were assumed in the places of open ones."""

    def __init__(self, assumed: Mapping[OpenType, Attribute]) -> None:
        self.known: dict[Attribute, Attribute] = {**assumed}
        self.texts = {str(kind): str(given) for kind, given in assumed.items()}

    def close(self, operation: Operation) -> None:
        """An operation's results, the arguments of its blocks, and what it says of types."""
        values = [*operation.results, *(a for region in operation.regions for block in region.blocks for a in block.args)]
        for value in values:
            if (kind := self.attribute(value.type)) is not value.type:
                set_type(value, kind)
        operation.properties = {name: self.attribute(a) for name, a in operation.properties.items()}
        operation.attributes = {name: self.attribute(a) for name, a in operation.attributes.items()}

    def attribute(self, attribute: Attribute) -> Attribute:
        """An attribute or type without open types; itself where it has none."""
        if attribute not in self.known:
            self.known[attribute] = self._made(attribute)
        return self.known[attribute]

    def _made(self, attribute: Attribute) -> Attribute:
        match attribute:
            case ParametrizedAttribute():
                parts = [self.attribute(p) for p in attribute.parameters]
                same = all(a is b for a, b in zip(parts, attribute.parameters, strict=True))
                return attribute if same else type(attribute).new(parts)
            case ArrayAttr():
                return ArrayAttr([self.attribute(a) for a in attribute.data])
            case DictionaryAttr():
                return DictionaryAttr({name: self.attribute(a) for name, a in attribute.data.items()})
            case _:
                return attribute

    def entry(self, entry: EntryPoint) -> EntryPoint:
        """An entry point whose result is of no open type."""
        result = entry.result_type
        for text, given in self.texts.items():
            result = result.replace(text, given)
        return replace(entry, result_type=result)


__all__ = ["closed", "end_if_never", "stays_empty"]
