"""What listing methods of modules give (`named_children()`, `items()`): names, values or pairs, known while compiling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tsir.frontend.script.values import Const, StaticTuple, Value


@dataclass(frozen=True)
class Listing:
    """What a listing method gives when it is called."""

    items: dict[str, Value]
    named: bool
    keys: bool = False

    @property
    def value(self) -> Value:
        """The tuple of names, values or pairs."""
        if self.keys:
            return StaticTuple(tuple(Const(k) for k in self.items))
        return StaticTuple(tuple(StaticTuple((Const(k), v)) if self.named else v for k, v in self.items.items()))


def listing_value(candidate: Any) -> Value | None:
    """The result of calling a listing method, or None for anything else."""
    return candidate.value if isinstance(candidate, Listing) else None
