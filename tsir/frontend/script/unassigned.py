"""Variables that some paths to where they are read don't assign: where the program may know better, the running program looks.

A read that certainly follows a branch which doesn't assign the variable is an error while compiling. A read in another branch, or
behind a loop, may be as right as it is in Python: the compile starts again, and keeps a flag for the variable, as `try` does
anyway; UnboundLocalError is raised where it is false.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tsir.frontend.script.blame import is_library
from tsir.frontend.script.constructs import end_of, start_of
from tsir.frontend.script.decided import Redecided
from tsir.frontend.script.values import Unusable

if TYPE_CHECKING:
    from tsir.frontend.script.emitter import Emitter


_MOST = 50
"""So many variables are looked at at most: each costs a new start of the compile."""


def _key(e: Emitter, name: str) -> tuple[Any, ...]:
    place = e.source.location(e.source.node)
    return (place.file, place.line, place.column, name)


def may_be_unassigned(e: Emitter, name: str) -> bool:
    """Whether a variable of the function that is being compiled is looked at for being assigned."""
    return _key(e, name) in e.session.decisions.unassigned


def look_when_running(e: Emitter, node: ast.Name, value: Unusable | None) -> None:
    """Lets the running program look whether a variable is assigned, unless it certainly isn't on some path. Raises Redecided."""
    decisions = e.session.decisions
    if value is not None and not value.is_unassigned:
        return
    key = _key(e, node.id)
    if key in decisions.unassigned or len(decisions.unassigned) >= _MOST or e.session.complete or is_library(e.source.file):
        return
    if not _may_know_better(e, node, value):
        return
    decisions.unassigned.add(key)
    raise Redecided


def _may_know_better(e: Emitter, node: ast.Name, value: Unusable | None) -> bool:
    if value is None:  # nothing has assigned it yet: a later statement of a loop around may have, in an earlier round
        return any(_is_assigned_within(e.source.node, node.id, *loop) for loop in e.loops)
    if value.end is None:
        return True
    for body in _bodies(e.source.node):
        for i, statement in enumerate(body):
            if end_of(statement) == value.end and isinstance(statement, ast.If):
                return not any(_always_reads(later, node) for later in body[i + 1 :])
    return True


def _is_assigned_within(tree: ast.AST, name: str, start: tuple[int, int], end: tuple[int, int]) -> bool:
    stores = (n for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id == name)
    return any(start <= start_of(n) < end for n in stores)


def _bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """The lists of statements in a tree."""
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            found: Any = getattr(node, field, None)
            if isinstance(found, list):
                yield found


_MAYBE = (
    ast.BoolOp,
    ast.IfExp,
    ast.Lambda,
    ast.FunctionDef,
    ast.ClassDef,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)
"""What may leave out a part of it, or run it another time."""


def _always_reads(statement: ast.stmt, node: ast.Name) -> bool:
    """Whether a statement always evaluates this name, which it has in it."""
    match statement:
        case ast.If() | ast.While():
            parts: list[ast.AST] = [statement.test]
        case ast.For():
            parts = [statement.iter]
        case ast.With():
            parts = [*statement.items, *statement.body]
        case ast.Try() | ast.Match() | ast.FunctionDef() | ast.ClassDef():
            return False
        case _:
            parts = [statement]
    return any(_always_evaluates(part, node) for part in parts)


def _always_evaluates(tree: ast.AST, node: ast.Name) -> bool:
    if tree is node:
        return True
    if isinstance(tree, ast.stmt) and isinstance(tree, ast.If | ast.While | ast.For | ast.With | ast.Try | ast.Match):
        return _always_reads(tree, node)
    return not isinstance(tree, _MAYBE) and any(_always_evaluates(child, node) for child in ast.iter_child_nodes(tree))
