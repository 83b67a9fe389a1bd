"""What operators meant in older archives: numbered, declarative rewrites of their calls.

`version` in an archive is torch's number for the file format and the operators' meanings together. An upgrader says up to which
version an operator had another meaning, and how a call of it is written today.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

NEWEST = 10
"""The newest version that is known."""

Call = tuple[list[Any], dict[str, Any], str]


@dataclass(frozen=True)
class Upgrader:
    """What calls of an operator in archives before version `until` mean: `apply(body, args, kwargs)` gives today's call, or None
    for a call whose meaning hasn't changed."""

    operator: str
    until: int
    apply: Callable[[Any, list[Any], dict[str, Any]], Call | None]


UPGRADERS: tuple[Upgrader, ...] = ()


class Upgrades:
    """The upgraders for an archive of one version."""

    def __init__(self, version: int) -> None:
        self.version = version
        self._by_name: Mapping[str, list[Upgrader]] = {}
        for u in sorted((u for u in UPGRADERS if version < u.until), key=lambda u: u.until):
            self._by_name.setdefault(u.operator, []).append(u)  # type: ignore[attr-defined]

    def apply(self, b: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Call:
        """Today's call for one of this archive."""
        for upgrader in self._by_name.get(name, ()):
            made = upgrader.apply(b, args, kwargs)
            if made is not None:
                return made
        return args, kwargs, name
