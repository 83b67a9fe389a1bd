"""Containers that are made empty and get values of several types, without an annotation: `log = []`, `log.append(1)`,
`log.append("a")`. What the first value decided is too little then, so the compile is tried again with Unions in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xdsl.ir import Attribute

from tsir.dialects.program import Program
from tsir.dialects.ts import types as ts
from tsir.errors import FrontendError
from tsir.frontend.script.open_types import open_in
from tsir.frontend.script.prelude_slices import OBJECTS_OF_INDICES
from tsir.frontend.script.type_relations import join_types, members

if TYPE_CHECKING:
    from tsir.frontend.script.decided import Decisions

_MOST = 16
"""So often a type is widened, and so often another one is tried for the same error, at the price of a compile each."""


def compile_mixed(
    decisions: Decisions, error: FrontendError, compile_with: Callable[[Decisions], Program]
) -> Program | None:
    """Compiles with wider types of what was made empty, for an error about a value that doesn't fit there; None where none helps.

    Of the places that were decided to hold what the error expected one after the other is tried; one helps where the error is
    gone, whatever comes behind it.
    """
    for _ in range(_MOST):
        if error.misfit is None:
            return None
        wanted, given = error.misfit
        for key in [k for k, d in decisions.found.items() if d.type == wanted][:_MOST]:
            widened = _widened(decisions, key, wanted, given)
            if widened is None:
                continue
            try:
                return compile_with(widened)
            except FrontendError as other:
                if other.misfit is None or (_place(other) == _place(error) and other.misfit == error.misfit):
                    continue
                decisions, error = widened, other
                break
        else:
            return None
    return None


def _place(error: FrontendError) -> tuple[Any, ...]:
    place = error.location
    return () if place is None else (place.file, place.line, place.column)


def _widened(decisions: Decisions, key: Any, wanted: Attribute, given: Attribute) -> Decisions | None:
    """The decisions with a Union for one of the places; None where that says nothing new, or names a class."""
    joined = join_types(wanted, given)
    classes = _classes_of_indices(joined)
    if joined == wanted or any(True for _ in open_in(joined)) or (_names_class(joined) and not classes):
        return None
    found = {**decisions.found, key: replace(decisions.found[key], type=joined, classes=classes)}
    return replace(decisions, found=found, failure=None, mixed=True)


def _classes_of_indices(kind: Attribute) -> tuple[tuple[str, type], ...]:
    """The classes that a type of what slices may be names, if it names no others."""
    parts = members(kind.element) if isinstance(kind, ts.ListType) else members(kind)
    named = {m.symbol.string_value() for m in parts if isinstance(m, ts.ClassType)}
    classes = {cls.__name__: cls for cls in OBJECTS_OF_INDICES.values()}
    return tuple(classes.items()) if named == set(classes) else ()


def _names_class(kind: Attribute) -> bool:
    return isinstance(kind, ts.ClassType) or any(
        _names_class(m) for m in getattr(getattr(kind, "members", None), "data", ())
    )


__all__ = ["compile_mixed"]
