"""Variables that local functions which call themselves assign with `nonlocal`: rewritten in the tree to items of a list.

Such functions are compiled as functions of their own, to which the variables around are passed; a list of one item is what an
assignment in them is seen through, as Python's cells are. Local functions that don't call themselves are compiled where they are
called and assign the variables themselves (`inlining`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass
class _Names:
    """What a local function does with names: those it reads, those it declares `nonlocal`, and those that are its own."""

    loads: set[str] = field(default_factory=set[str])
    rebinds: set[str] = field(default_factory=set[str])
    own: set[str] = field(default_factory=set[str])


def with_cells(node: ast.FunctionDef) -> ast.FunctionDef:
    """The tree of a function in which variables that recursive local functions assign are items of lists; changed in place."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef):
            _rewrite(inner)
    return node


def _rewrite(owner: ast.FunctionDef) -> None:
    local = {n.name: n for n in _scope(owner.body) if isinstance(n, ast.FunctionDef)}
    names = {name: _names(node) for name, node in local.items()}
    if not any(n.rebinds for n in names.values()):
        return
    reached = {name: _reached(name, names) for name in names}
    recursive = {name for name in names if name in reached[name]}
    involved = recursive.union(*(reached[name] for name in recursive)) if recursive else set[str]()
    own = _bound(owner)
    kept = {v for name in involved for v in names[name].rebinds if v in own}
    for variable in sorted(kept):
        _keep(owner, variable)


def _reached(name: str, names: dict[str, _Names]) -> set[str]:
    """The local functions that a local function calls, directly or not."""
    found, pending = set[str](), [name]
    while pending:
        for called in names[pending.pop()].loads & names.keys():
            if called not in found:
                found.add(called)
                pending.append(called)
    return found


def _names(node: _Function) -> _Names:
    found = _Names(own=_bound(node))
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    for inner in _scope(body):
        if isinstance(inner, ast.Nonlocal):
            found.rebinds.update(inner.names)
        elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            found.loads.add(inner.id)
        elif isinstance(inner, _Function):
            deeper = _names(inner)
            found.loads |= deeper.loads - deeper.own
            found.rebinds |= deeper.rebinds - found.own
    found.own -= found.rebinds
    return found


def _bound(node: _Function) -> set[str]:
    """The names that are a function's own: its parameters, and what it assigns."""
    found = {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    declared = set[str]()
    for inner in _scope(body):
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
            found.add(inner.id)
        elif isinstance(inner, ast.FunctionDef | ast.ClassDef):
            found.add(inner.name)
        elif isinstance(inner, ast.Nonlocal | ast.Global):
            declared.update(inner.names)
    return found - declared


def _scope(nodes: list[ast.stmt] | list[ast.expr]) -> Iterator[ast.AST]:
    """The nodes of a function's own scope, with the local functions but not what is in them."""
    pending: list[ast.AST] = list(nodes)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            pending.extend(ast.iter_child_nodes(node))
        else:
            pending.extend(d for d in getattr(node, "decorator_list", []))
            if not isinstance(node, ast.ClassDef):
                pending.extend(d for d in [*node.args.defaults, *node.args.kw_defaults] if d is not None)


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def _keep(owner: ast.FunctionDef, variable: str) -> None:
    """Keeps a variable in a list from the statement on that assigns it first, which is one of the function's body itself."""
    cell = f"{variable}_cell"
    while any(isinstance(n, ast.Name) and n.id == cell for n in ast.walk(owner)):
        cell += "_"
    parameters = {a.arg for a in ast.walk(owner.args) if isinstance(a, ast.arg)}
    first = -1
    if variable not in parameters:
        stores = (i for i, s in enumerate(owner.body) if not isinstance(s, _FUNCTIONS) and _stores(s, variable))
        first = next(stores, -1)
        if first < 0 or not isinstance(owner.body[first], ast.Assign | ast.AnnAssign):
            return
    place = owner.body[first] if first >= 0 else owner.body[0]
    rewriter = _InCell(variable, cell)
    for i, statement in enumerate(owner.body):
        if i > first or isinstance(statement, ast.FunctionDef):
            owner.body[i] = rewriter.visit(statement)
    items: list[ast.expr] = [ast.Name(variable, ast.Load())]
    made = ast.Assign([ast.Name(cell, ast.Store())], ast.List(items, ast.Load()))
    owner.body.insert(first + 1, ast.fix_missing_locations(ast.copy_location(made, place)))


def _stores(statement: ast.stmt, variable: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == variable and not isinstance(n.ctx, ast.Load) for n in _scope([statement]))


class _InCell(ast.NodeTransformer):
    """Puts the item of the list in place of the variable, in every function in which the name means it."""

    def __init__(self, variable: str, cell: str) -> None:
        self.variable, self.cell = variable, cell

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id != self.variable:
            return node
        made = ast.Subscript(ast.Name(self.cell, ast.Load()), ast.Constant(0), node.ctx)
        return ast.fix_missing_locations(ast.copy_location(made, node))

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.stmt:
        names = [n for n in node.names if n != self.variable]
        return ast.copy_location(ast.Nonlocal(names) if names else ast.Pass(), node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node if self.variable in _bound(node) else self.generic_visit(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node if self.variable in _bound(node) else self.generic_visit(node)
