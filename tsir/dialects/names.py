"""The user's names as hints of SSA values, and back. xDSL drops `_` and digits at a hint's end: `x_1` is kept as `x.1`."""

from __future__ import annotations

import re

_NOT_OF_HINTS = re.compile(r"[^A-Za-z0-9_]")
_NUMBERED = re.compile(r"_(\d+)\Z")


def hint_of(name: str) -> str | None:
    """The hint for a value that the source calls by this name; None where there is none that IR text could hold."""
    if not (name.isascii() and name.isidentifier()):
        return None
    return _NUMBERED.sub(r".\1", name)


def hint_of_weight(path: str) -> str:
    """The hint for the tensor at a dotted path of attributes, whose names may be any texts: keys of a ModuleDict."""
    return "w_" + _NOT_OF_HINTS.sub("_", path)


def name_of(hint: str) -> str:
    """The name in the source that a hint was made of."""
    return hint.replace(".", "_")
