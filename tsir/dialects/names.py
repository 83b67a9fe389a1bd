"""The user's names as hints of SSA values, and back. xDSL drops `_` and digits at a hint's end: `x_1` is kept as `x.1`."""

from __future__ import annotations

import re

_NUMBERED = re.compile(r"_(\d+)\Z")


def hint_of(name: str) -> str | None:
    """The hint for a value that the source calls by this name; None where there is none that IR text could hold."""
    if not (name.isascii() and name.isidentifier()):
        return None
    return _NUMBERED.sub(r".\1", name)


def name_of(hint: str) -> str:
    """The name in the source that a hint was made of."""
    return hint.replace(".", "_")
