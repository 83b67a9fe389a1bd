"""The refusal of keyword arguments that what is called doesn't have, the same for functions, built-ins and generated methods."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tsir.errors import SourceLocation, did_you_mean
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.values import Value


def refuse_unknown_keywords(
    e: Emitter,
    called: str,
    given: Mapping[str, Value],
    known: Collection[str],
    notes: tuple[tuple[str, SourceLocation | None], ...] = (),
) -> None:
    """Raises FrontendError at the first of these keyword arguments that isn't among the names which `called` has."""
    for name, value in given.items():
        if name not in known:
            e.error(
                f"{called}() has no argument '{name}'",
                node=e.keyword_node(name),
                value=value,
                hint=did_you_mean(name, known),
                code="TS402",
                notes=notes,
            )
