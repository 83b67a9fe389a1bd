"""The operations that an archive's program uses, with their versions, so that a reader can say which ones it doesn't have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tsir.errors import ArchiveError
from tsir.ops.versions import since, version_of
from tsir.source_files import one_line
from tsir.version import __version__

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp

Used = dict[str, tuple[int, str]]
"""By name: the version of its form, and the tsir that has had it first."""


def used(module: ModuleOp) -> Used:
    """The operations of the ts dialect in a module, sorted by name."""
    names = {op.name for op in module.walk() if op.name.startswith("ts.")}
    return {name: (version_of(name), since(name)) for name in sorted(names)}


def read(json: Any, file: str) -> Used:
    """What a manifest says. Raises ArchiveError for what `used` doesn't give."""
    if not isinstance(json, dict):
        raise ArchiveError(f"{file} is damaged: no operations")
    entries: dict[str, Any] = json
    for entry in entries.values():
        if not isinstance(entry, list) or [type(e) for e in entry] != [int, str] or not 1 <= entry[0] < 1 << 31:
            raise ArchiveError(f"{file} is damaged: an operation has no version")
    return {name: (entry[0], entry[1]) for name, entry in entries.items()}


def check_known(operations: Mapping[str, tuple[int, str]], file: str) -> None:
    """Raises ArchiveError for an operation, or a version of one, that this tsir doesn't have: with the one that has it."""
    missing = {n: entry for n, entry in operations.items() if entry[0] > version_of(n) or not _is_known(n)}
    if not missing:
        return
    name, (version, first) = next(iter(missing.items()))
    shown = one_line(_spelled(name)[:100])
    what = f"version {version} of {shown}" if _is_known(name) else shown
    others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    newest = one_line(max((entry[1] for entry in missing.values()), key=_order)[:20])
    raise ArchiveError(
        f"{file} uses {what}{others}, which this tsir ({__version__}) doesn't have: tsir {one_line(first[:20])} has it",
        hint=f"install tsir {newest} or newer",
    )


def _spelled(name: str) -> str:
    return name.removeprefix("ts.").replace("aten.", "aten::", 1) if name.startswith("ts.aten.") else name


def _order(version: str) -> list[int]:
    return [int(part) if part.isascii() and part.isdecimal() and len(part) < 10 else 0 for part in version.split(".")]


def _is_known(name: str) -> bool:
    from tsir.ops.python import lookup
    from tsir.ops.registry import SCHEMAS

    family, _, key = name.removeprefix("ts.").partition(".")
    if family == "aten":
        return SCHEMAS.get(key) is not None
    if family == "py":
        return lookup(key) is not None
    from tsir.dialects.ts.structure import OPERATIONS

    return any(op.name == name for op in OPERATIONS)
