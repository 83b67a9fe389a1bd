"""What a file from a stranger may ask for: bounds on archives and on IR text, and how a user changes them.

`Limits()` are the defaults with the changes of the environment variable `TSIR_LIMITS`, such as `module_bytes=1G,nesting=2000`.
docs/archive.md lists them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace

VARIABLE = "TSIR_LIMITS"
_UNITS = {"K": 10, "M": 20, "G": 30, "T": 40}


@dataclass(frozen=True)
class Limits:
    """Bounds on what is read. Files beyond one are refused with a message that names it."""

    members: int = 10_000
    """The most members of an archive."""
    manifest_bytes: int = 16 << 20
    """The longest manifest."""
    module_bytes: int = 64 << 20
    """The longest IR text in an archive."""
    header_bytes: int = 16 << 20
    """The longest header of the file of weights."""
    depth: int = 100
    """How deep lists, dicts and tuples nest in a value."""
    values: int = 10_000_000
    """How many values an archive's lists, dicts and tuples have, with what several of them share counted each time."""
    rank: int = 64
    """The most dimensions of a tensor."""
    expanded_bytes: int = 256 << 20
    """How much larger a tensor may be than the memory that it is a view of, as expanded tensors are."""
    nesting: int = 1000
    """How deep brackets nest in IR text."""
    digits: int = 3500
    """The most digits of a number in IR text; Python prints integers of up to 4300 decimal digits, 3571 hexadecimal ones."""
    integer_bits: int = (1 << 24) - 1
    """The widest integer type in IR text, as in MLIR."""
    shape_characters: int = 10_000
    """The longest shape in IR text."""
    alias_characters: int = 1 << 22
    """How much text an alias may stand for that is made of aliases."""
    constant_bytes: int = 1 << 30
    """The most data of one constant in IR text."""


def configured_limits() -> Limits:
    """The limits, with the changes of the environment. Raises ValueError for a variable that can't be read."""
    text = os.environ.get(VARIABLE, "")
    return changed(Limits(), text) if text else Limits()


def changed(limits: Limits, text: str) -> Limits:
    """Limits with changes such as `module_bytes=1G,nesting=2000`. Raises ValueError for unknown names and for no numbers."""
    known = [f.name for f in fields(Limits)]
    values: dict[str, int] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, _, value = part.partition("=")
        if name not in known:
            raise ValueError(f"there is no limit {name!r}: there is {', '.join(known)}")
        digits, unit = (value[:-1], _UNITS[value[-1]]) if value[-1:] in _UNITS else (value, 0)
        if not (digits.isascii() and digits.isdecimal() and len(digits) < 19):
            raise ValueError(f"the limit {name} is no number: {value!r}")
        values[name] = int(digits) << unit
    return replace(limits, **values)
