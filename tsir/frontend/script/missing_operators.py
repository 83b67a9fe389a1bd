"""Operators of torch's that tsir doesn't have, where a program may come to them or not.

Libraries have branches for sparse tensors, for other devices and the like. A program that never comes there runs as it does with
torch; where it does, it raises. What runs at each call is refused when it is compiled.
"""

from __future__ import annotations

import torch

from tsir.errors import TsirError
from tsir.frontend.refused_calls import MissingOperatorError
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.python_errors import raise_in_program


def raise_if_conditional(e: Emitter, error: TsirError) -> None:
    """Has the program raise NotImplementedError in place of a missing operator's call, or of the call of a function that can't do
    without one, in a branch or loop. Raises Unreachable there.

    Does nothing for what always runs, and for what torch.jit doesn't have either.
    """
    if not isinstance(error, MissingOperatorError) or e.is_unconditional:
        return
    if torch._C._jit_get_schemas_for_operator(f"aten::{error.name}"):
        where = "" if error.location is None else f" ({error.location.file}:{error.location.line})"
        raise_in_program(e, "NotImplementedError", error.message + where)
