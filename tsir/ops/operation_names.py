"""The names of the operations that are made on demand, for hints about misspelled ones."""

from __future__ import annotations


def family_names() -> list[str]:
    """All `ts.aten.<name>[.<overload>]` and `ts.py.<name>`."""
    from tsir.ops.python import FUNCTIONS
    from tsir.ops.registry import SCHEMAS

    overloads = SCHEMAS.keys()
    return [*(f"ts.aten.{key}" for key in overloads), *(f"ts.py.{name}" for name in FUNCTIONS)]
