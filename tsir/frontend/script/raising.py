"""`raise` of one of Python's exceptions by the compiler: what a program does where Python would."""

from __future__ import annotations

from tsir.dialects.ts.structure import RaiseOp
from tsir.frontend.script.convert import (
    materialise,
)
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.values import (
    Const,
    Value,
)


def raise_error(e: Emitter, name: str, message: str | Value) -> None:
    """`raise name(message)`."""
    text = Const(message) if isinstance(message, str) else message
    e.emit_void(RaiseOp(name, [materialise(e, text)]))
    e.dead = True
