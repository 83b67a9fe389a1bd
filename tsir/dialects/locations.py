"""Source locations on operations: reading them as a chain of calls, making them, stamping them on new operations.

A location is MLIR's: `loc("model.py":12:5)`, and after inlining `loc(callsite("nn.py":3:9 at "model.py":12:5))`. Nothing
here reads source files; `SourceLocation.excerpt` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    CallSiteLoc,
    FileLineColLoc,
    FusedLoc,
    IntAttr,
    LocationAttr,
    NameLoc,
    StringAttr,
    UnknownLoc,
)
from xdsl.ir import Attribute, Block, Operation

from tsir.errors import SourceLocation

UNKNOWN = UnknownLoc()


def location_of(op: Operation) -> list[SourceLocation]:
    """The places in the user's source that an operation comes from, innermost call first; empty when it isn't known.

    An operation without location of its own has that of the operation around it.
    """
    at: Operation | None = op
    while at is not None:
        if chain := source_locations(at.location):
            return chain
        at = at.parent_op()
    return []


def source_locations(location: Attribute) -> list[SourceLocation]:
    """A location attribute as a chain of source locations, innermost call first. Of fused locations the first counts."""
    chain: list[SourceLocation] = []
    pending: list[Attribute] = [location]
    while pending:
        match pending.pop():
            case FileLineColLoc(filename=file, line=line, column=column):
                chain.append(SourceLocation(file.data, line.data, column.data))
            case CallSiteLoc(callee=callee, caller=caller):
                pending += [caller, callee]
            case NameLoc(location=inner):
                pending.append(inner)
            case FusedLoc(locations=fused):
                known = [part for part in cast(ArrayAttr[Attribute], fused).data if not isinstance(part, UnknownLoc)]
                pending += known[:1]
            case _:
                pass
    return chain


def location_attribute(location: SourceLocation | None) -> LocationAttr:
    """`loc("file":line:column)`, or `loc(unknown)` for None."""
    if location is None:
        return UNKNOWN
    return FileLineColLoc(StringAttr(location.file), IntAttr(location.line), IntAttr(location.column))


def called_from(callee: LocationAttr, caller: LocationAttr) -> LocationAttr:
    """The location of an operation inlined into a caller; an unknown part is left out."""
    if isinstance(caller, UnknownLoc):
        return callee
    return caller if isinstance(callee, UnknownLoc) else CallSiteLoc(callee, caller)


def stamp(ops: Operation | Block | Iterable[Operation], location: Operation | SourceLocation | LocationAttr | None) -> None:
    """Gives operations, and all in their regions, this location (an operation's own one) where they have none."""
    if isinstance(location, Operation):
        location = location.location
    elif location is None or isinstance(location, SourceLocation):
        location = location_attribute(location)
    for op in [ops] if isinstance(ops, Operation) else ops.ops if isinstance(ops, Block) else ops:
        for inner in op.walk():
            if isinstance(inner.location, UnknownLoc):
                inner.location = location
