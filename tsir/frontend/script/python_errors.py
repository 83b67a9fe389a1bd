"""Exceptions of Python's that a program raises where what is emitted can't go on: for sure, or where a value is None.

How exceptions that the program raises itself are emitted is in `raising.py`.
"""

from __future__ import annotations

from typing import NoReturn

from xdsl.ir import SSAValue

from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.frontend.constants import emit_constant
from tsir.frontend.script.constructs import end_of
from tsir.frontend.script.emitter import Emitter, Unreachable
from tsir.frontend.script.values import Condition, Value


def not_none(e: Emitter, ssa: SSAValue, error: str, message: str) -> SSAValue:
    """The value of an Optional type as one that isn't None: where it is, the exception is raised that Python raises."""
    from tsir.frontend.script.control import emit_branch
    from tsir.frontend.script.raising import raise_error

    assert isinstance(ssa.type, ts.OptionalType)
    none = emit_constant(e.builder, None, e.location)
    test = e.emit(py_op("is")([ssa, none], [ts.BOOL]))
    emit_branch(
        e, Condition(test), lambda: raise_error(e, error, message), lambda: None, end_of(e.node or e.source.node)
    )  # fmt: skip
    return e.cast(ssa, ssa.type.element)


def raise_in_program(e: Emitter, error: str, message: str | Value) -> NoReturn:
    """What is being emitted always raises this exception of Python's."""
    from tsir.frontend.script.raising import raise_error

    raise_error(e, error, message)
    e.dead = False  # what catches this knows whether the program goes on, as behind an operand that isn't evaluated
    raise Unreachable


def raise_unassigned(e: Emitter, name: str, *, free: bool = False) -> NoReturn:
    """What is being emitted reads a variable that has no value: Python's UnboundLocalError, or NameError for a free variable."""
    if free:
        raise_in_program(e, "NameError", unassigned_free_variable(name))
    message = f"cannot access local variable '{name}' where it is not associated with a value"
    raise_in_program(e, "UnboundLocalError", message)


def unassigned_free_variable(name: str) -> str:
    """What Python says about a variable of a function around that has no value."""
    return f"cannot access free variable '{name}' where it is not associated with a value in enclosing scope"
