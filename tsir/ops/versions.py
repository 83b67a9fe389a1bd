"""Versions of operations, which archives write down: what an operation's form is, and since which tsir it has been there.

An operation is what IR calls it, such as `ts.aten.add.Tensor` or `ts.py.len`. Its version grows when a program that uses it has to be
rewritten; `archive/upgrades.py` has the rewrite.
"""

from __future__ import annotations

FIRST_RELEASE = "0.1.0"
DIALECT_VERSION = 1
"""The version of the operations that are no operators: control flow, containers, classes."""

VERSIONS: dict[str, int] = {"ts.aten._python_number": 2}
"""The versions of operations that have changed; all others have version 1."""
SINCE: dict[str, str] = {}
"""The tsir that brought an operation, or its present version; all others came with the first release."""


def version_of(operation: str) -> int:
    """The present version of an operation's form."""
    return VERSIONS.get(operation, 1)


def since(operation: str) -> str:
    """The first tsir that reads programs with this operation."""
    return SINCE.get(operation, FIRST_RELEASE)
