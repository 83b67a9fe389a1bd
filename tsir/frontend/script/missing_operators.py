"""Operators of torch's that tsir doesn't have, and functions that can't be compiled, where a program may come to them or not.

Libraries have branches for sparse tensors, for other devices, for training and the like. A program that never comes there runs as it
does with torch; where it does, it raises. What runs at each call is refused when it is compiled.
"""

from __future__ import annotations

import torch

from tsir.errors import TsirError, UnsupportedError
from tsir.frontend.refused_calls import MissingOperatorError
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.python_errors import raise_in_program


class NotCompilableError(UnsupportedError):
    """A call of a function that isn't written in Python."""

    code = "TS502"


def raise_if_conditional(e: Emitter, error: TsirError) -> None:
    """Has the program raise NotImplementedError in place of a missing operator's call, or of the call of a function that can't do
    without one, in a branch or loop. Raises Unreachable there.

    Does nothing for what always runs, and for operators that torch.jit doesn't have either; nor for functions that can't be compiled
    where annotations count, as they do for torch.jit, which refuses these.
    """
    match error:
        case MissingOperatorError():
            known = bool(torch._C._jit_get_schemas_for_operator(f"aten::{error.name}"))
        case NotCompilableError():
            known = e.dynamic
        case _:
            known = False
    if known and not e.is_unconditional:
        where = "" if error.location is None else f" ({error.location.file}:{error.location.line})"
        raise_in_program(e, "NotImplementedError", error.message + where)
