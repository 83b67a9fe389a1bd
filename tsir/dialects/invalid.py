"""What verifiers raise, and the error that a user sees of it: codes, places and notes of IR that isn't valid.

A verifier names operations, values and blocks. Where they stand in a text, or which place of a user's program they come
from, is looked up here, when an error is made. Checks themselves aren't here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from xdsl.dialects.builtin import UnknownLoc
from xdsl.ir import Block, BlockArgument, Operation, OpResult, SSAValue
from xdsl.utils.exceptions import VerifyException

from tsir.dialects.locations import location_of, source_locations
from tsir.dialects.positions import Positions
from tsir.errors import IRError, SourceLocation

Thing: TypeAlias = "Operation | SSAValue | Block"
"""What a note points at."""

INVALID_OPERATION = "TS705"
"""The code of what an operation's own verifier finds."""
DIFFERENT_TYPES = "TS706"
UNDEFINED_SYMBOL = "TS707"

_LONGEST = 240


@dataclass
class InvalidIR(VerifyException):
    """IR that a verifier rejects: what is wrong, the kind, which operand or other thing it is, and what else has to do with it."""

    message: str
    code: str = INVALID_OPERATION
    at: Thing | int | None = None
    """The thing to point at: an operand by its number, or None for the operation."""
    notes: tuple[tuple[str, Thing], ...] = field(default=())
    hint: str | None = None

    def __str__(self) -> str:
        return self.message


def ir_error(op: Operation, error: Exception, positions: Positions | None) -> IRError:
    """The user's error for what a verifier raised about an operation."""
    cause = error.__cause__ if isinstance(error.__cause__, VerifyException) else error
    if isinstance(cause, InvalidIR) and isinstance(cause.at, Operation):
        op = cause.at
    message = str(cause).strip().removeprefix("Operation does not verify: ") or type(cause).__name__
    if op.name not in message:
        message = f"{op.name}: {message}"
    details = cause if isinstance(cause, InvalidIR) else InvalidIR(message)
    notes: list[tuple[str, SourceLocation | None]] = []
    for text, thing in details.notes:
        where = place_of(thing, op, positions)
        if where is not None:
            notes.append((text, where))
        elif isinstance(thing, Operation | OpResult):
            notes.append((f"{text}: {summary(thing if isinstance(thing, Operation) else thing.op)}", None))
    chain = location_of(op)
    location = place_of(op if details.at is None else details.at, op, positions)
    if positions is not None and op in positions.operations:
        own = [] if isinstance(op.location, UnknownLoc) else chain
        notes += [("the operation comes from here", place) for place in own[:1]]
    else:
        notes += [("called from here", caller) for caller in chain[1:]]
        notes.append((f"see current operation: {summary(op)}", None))
    return IRError(message, location=location, notes=tuple(notes), hint=details.hint, code=details.code)


def place_of(thing: Thing | int, op: Operation, positions: Positions | None) -> SourceLocation | None:
    """Where a thing, or an operand of `op` by its number, stands in the text, or else in the user's program."""
    if positions is not None:
        found = positions.operand(op, thing) if isinstance(thing, int) else positions.of(thing)
        if found is not None:
            return found
    match thing:
        case BlockArgument() if chain := source_locations(thing.location):
            return chain[0]
        case OpResult(op=defining):
            chain = location_of(defining)
        case Operation():
            chain = location_of(thing)
        case int():
            chain = location_of(op)
        case _:
            chain = []
    return chain[0] if chain else None


def current_operation(error: BaseException) -> Operation | None:
    """The operation that code was working on when it raised, by its innermost function that has one; None where none has."""
    found: Operation | None = None
    trace = error.__traceback__
    while trace is not None:
        for name in ("op", "self", "root", "operation"):
            value = trace.tb_frame.f_locals.get(name)
            if isinstance(value, Operation):
                found = value
                break
        trace = trace.tb_next
    return found


def summary(op: Operation) -> str:
    """An operation in one line: its results, name, operands and types, regions left out."""
    results = ", ".join(map(value_name, op.results))
    operands = ", ".join(map(value_name, op.operands))
    kinds = ", ".join(map(_type_of, op.operands)), ", ".join(map(_type_of, op.results))
    inside = " ({...})" if op.regions else ""
    text = f'{results}{" = " if results else ""}"{op.name}"({operands}){inside} : ({kinds[0]}) -> ({kinds[1]})'
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _type_of(value: SSAValue) -> str:
    return str(value.type)


def value_name(value: SSAValue) -> str:
    """A value's name as IR text has it, `%?` where it has none."""
    return f"%{value.name_hint or '?'}"
