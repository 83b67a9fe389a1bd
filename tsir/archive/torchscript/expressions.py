"""Values of serialised code as expressions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xdsl.ir import Attribute

from tsir.dialects.ts import types as ts

Parts = Sequence[tuple[str, Attribute]]
"""The elements of a tuple, with their types."""


def parts_of(text: str, kind: Attribute) -> Parts:
    elements = kind.elements.data if isinstance(kind, ts.TupleType | ts.NamedTupleType) else ()
    return [(f"({text})[{i}]", e) for i, e in enumerate(elements)]


def tuple_of(elements: Sequence[str]) -> str:
    """A tuple as an expression."""
    return f"({', '.join(elements)}{',' if len(elements) == 1 else ''})"


def number(value: float) -> str:
    """A float as serialised code has it."""
    if math.isnan(value):
        return "nan"
    return repr(value) if math.isfinite(value) else "inf" if value > 0 else "-inf"
