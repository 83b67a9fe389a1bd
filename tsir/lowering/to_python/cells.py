"""Undoes the lists of one element that the frontend keeps variables in across a `try`: Python to Python.

In Python a handler reads the variable itself. A list goes where it always holds what its variable does: each assignment of the
variable is followed by that of the list's element.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from tsir.lowering.to_python.liveness import assigned, assignment, is_pure


def without_cells(function: ast.FunctionDef, temporary: Collection[str]) -> None:
    """Replaces such lists, and what is cast of their elements, in a function. `temporary` are variables that aren't the user's."""
    plain: set[ast.expr] = set()
    while (found := _found(function.body, temporary)) is not None:
        _Replaced(found, plain).visit(function)
    if plain:
        _Uncast(plain).visit(function)


@dataclass(frozen=True)
class _Cell:
    name: str
    variable: str
    made: ast.stmt


def _found(body: Sequence[ast.stmt], temporary: Collection[str]) -> _Cell | None:
    """The first list that may go."""
    for block in _blocks(body):
        for i, statement in enumerate(block):
            cell = _made(statement)
            if cell is not None and cell.name in temporary and _is_only_element(body, cell):
                last = max((j for j, s in enumerate(block) if _reads(s, cell.name)), default=i)
                if _is_in_step(block[i : last + 1], cell):
                    return cell
    return None


def _blocks(statements: Sequence[ast.stmt]) -> Iterator[Sequence[ast.stmt]]:
    yield statements
    for statement in statements:
        for node in ast.iter_child_nodes(statement):
            if isinstance(node, ast.ExceptHandler):
                yield from _blocks(node.body)
        if isinstance(statement, ast.If | ast.While | ast.For | ast.Try):
            yield from _blocks(statement.body)
            yield from _blocks(statement.orelse)


def _made(statement: ast.stmt) -> _Cell | None:
    match statement:
        case ast.AnnAssign(
            target=ast.Name(id=name),
            annotation=ast.Subscript(slice=ast.Name(id="Any")),
            value=ast.List(elts=[ast.Name(id=variable)]),
        ):
            return _Cell(name, variable, statement)
        case _:
            return None


def _element(node: ast.AST) -> str | None:
    """The list whose first element an expression is."""
    match node:
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=0)):
            return name
        case _:
            return None


def _stored(statement: ast.stmt) -> tuple[str, ast.expr] | None:
    """The list and the value, where a statement assigns the first element of one."""
    match statement:
        case ast.Assign(targets=[ast.Subscript() as target], value=value):
            name = _element(target)
            return None if name is None else (name, value)
        case _:
            return None


def _is_only_element(body: Sequence[ast.stmt], cell: _Cell) -> bool:
    """Whether a list is only made once, and used for its element."""
    nodes = [n for s in body for n in ast.walk(s)]
    times = sum(1 for n in nodes if isinstance(n, ast.Name) and n.id == cell.name)
    elements = sum(1 for n in nodes if _element(n) == cell.name)
    stores = [s for s in nodes if isinstance(s, ast.stmt) and (_stored(s) or ("",))[0] == cell.name]
    return times == elements + 1 and all(_is_variable(_stored(s), cell) for s in stores)


def _is_variable(stored: tuple[str, ast.expr] | None, cell: _Cell) -> bool:
    return stored is not None and isinstance(stored[1], ast.Name) and stored[1].id == cell.variable


def _reads(statement: ast.stmt, name: str) -> bool:
    return any(
        _element(n) == name and isinstance(n.ctx, ast.Load) for n in ast.walk(statement) if isinstance(n, ast.Subscript)
    )


def _is_in_step(statements: Sequence[ast.stmt], cell: _Cell) -> bool:
    """Whether each assignment of the variable is followed by that of the list's element."""
    for i, statement in enumerate(statements):
        if cell.variable not in assigned([statement]) or _is_followed(statements[i + 1 :], cell, statement):
            continue
        match statement:
            case ast.If() | ast.While():
                inside = [statement.body, statement.orelse]
            case ast.For() if cell.variable not in assigned([statement.target]):
                inside = [statement.body, statement.orelse]
            case ast.Try() if all(h.name != cell.variable for h in statement.handlers):
                inside = [statement.body, *(h.body for h in statement.handlers), statement.orelse]
            case _:
                return False
        if not all(_is_in_step(b, cell) for b in inside):
            return False
    return True


def _is_followed(statements: Sequence[ast.stmt], cell: _Cell, changing: ast.stmt) -> bool:
    """Whether the list's element is assigned behind a change of the variable before anything else could be seen."""
    if isinstance(changing, ast.If | ast.While | ast.For) or (isinstance(changing, ast.Try) and not _catches_all(changing)):
        return False
    for statement in statements:
        stored, given = _stored(statement), assignment(statement)
        if stored is not None and isinstance(stored[1], ast.Name):
            if stored[0] == cell.name:
                return True
        elif given is None or not is_pure(given[1]) or given[0] == cell.variable:
            return False
    return False


def _catches_all(statement: ast.Try) -> bool:
    """Whether no exception leaves a `try`, nor anything else does."""
    inside = [n for s in statement.body for n in ast.walk(s)]
    leaves = any(isinstance(n, ast.Return | ast.Break | ast.Continue) for n in inside)
    return not leaves and _caught(statement) and all(assignment(s) for h in statement.handlers for s in h.body)


def _caught(statement: ast.Try) -> bool:
    return any(isinstance(h.type, ast.Name) and h.type.id == "Exception" for h in statement.handlers)


class _Replaced(ast.NodeTransformer):
    """The variable instead of the list's element."""

    def __init__(self, cell: _Cell, plain: set[ast.expr]) -> None:
        self._cell = cell
        self._plain = plain

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | None:
        stored = _stored(node)
        return None if stored is not None and stored[0] == self._cell.name else self.generic_visit(node)  # type: ignore[return-value]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        return None if node is self._cell.made else self.generic_visit(node)  # type: ignore[return-value]

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if _element(node) != self._cell.name:
            return self.generic_visit(node)  # type: ignore[return-value]
        made = ast.Name(self._cell.variable, ast.Load())
        self._plain.add(made)
        return made


class _Uncast(ast.NodeTransformer):
    """What was cast because an element of such a list may be anything, without its cast."""

    def __init__(self, plain: set[ast.expr]) -> None:
        self._plain = plain

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id="cast"), args=[_, value]) if value in self._plain:
                return value
            case _:
                return node
