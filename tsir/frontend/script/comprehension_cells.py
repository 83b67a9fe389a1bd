"""Lambdas that a comprehension gives and that read its variables: all of them see the last value, as Python's do.

    [lambda x: x + i for i in range(n)]
    [lambda x: x + i_cell[0] for i_cell in [[]] for i in range(n) if (i_cell.clear(), i_cell.append(i))]

The tree is rewritten so that they read the variable from a list, which the comprehension makes once and writes at each step.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

CELL = "_cell"
"""How the names end of the lists in which lambdas of comprehensions find variables."""


def with_comprehension_cells(node: ast.FunctionDef) -> ast.FunctionDef:
    """The tree of a function in which lambdas read variables of comprehensions that give them from lists; changed in place."""
    for inner in ast.walk(node):
        if isinstance(inner, _COMPREHENSIONS) and (lambdas := list(_given(inner))):
            _rewrite(node, inner, lambdas)
    return node


def is_cell(name: str) -> bool:
    """Whether a comprehension's variable is such a list, which stays the same."""
    return name.rstrip("_").endswith(CELL)


def reads_freely(node: ast.FunctionDef, name: str) -> bool:
    """Whether a local function without parameters of that name reads a variable of the functions and comprehensions around it."""
    reader = _Reader(name, name)
    for statement in node.body:
        reader.visit(copy.deepcopy(statement))
    return reader.found


def _given(node: _Comprehension) -> Iterator[ast.Lambda]:
    """The lambdas that are a comprehension's elements, or in tuples, lists and dicts that are."""
    pending = [node.value if isinstance(node, ast.DictComp) else node.elt]
    while pending:
        match pending.pop():
            case ast.Lambda() as found:
                yield found
            case ast.IfExp(body=a, orelse=b):
                pending += [a, b]
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Dict(values=parts):
                pending += parts
            case _:
                pass


def _rewrite(owner: ast.FunctionDef, node: _Comprehension, lambdas: list[ast.Lambda]) -> None:
    for generator in list(node.generators):
        for variable in dict.fromkeys(n.id for n in ast.walk(generator.target) if isinstance(n, ast.Name)):
            cell = variable + CELL
            while any(isinstance(n, ast.Name) and n.id == cell for n in ast.walk(owner)):
                cell += "_"
            reader = _Reader(variable, cell)
            for made in lambdas:
                if variable not in _parameters(made):
                    made.body = reader.visit(made.body)
            if not reader.found:
                continue
            write = ast.parse(f"({cell}.clear(), {cell}.append({variable}))", mode="eval").body
            generator.ifs.insert(0, _placed(write, generator.target))
            list_of_one = ast.List([ast.List([], ast.Load())], ast.Load())
            once = ast.comprehension(ast.Name(cell, ast.Store()), list_of_one, [], 0)
            for part in (once.target, once.iter):
                _placed(part, generator.target)
            node.generators.insert(0, once)


def _placed(tree: ast.expr, place: ast.AST) -> ast.expr:
    for part in ast.walk(tree):
        if isinstance(part, ast.expr):
            ast.copy_location(part, place)
    return tree


def _parameters(node: ast.Lambda) -> set[str]:
    return {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}


class _Reader(ast.NodeTransformer):
    """Puts the item of the list in place of the variable, wherever the name means it."""

    def __init__(self, variable: str, cell: str) -> None:
        self.variable, self.cell = variable, cell
        self.found = False

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id != self.variable or not isinstance(node.ctx, ast.Load):
            return node
        self.found = True
        return _placed(ast.Subscript(ast.Name(self.cell, ast.Load()), ast.Constant(0), ast.Load()), node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        node.args = self.visit(node.args)
        if self.variable not in _parameters(node):
            node.body = self.visit(node.body)
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, _COMPREHENSIONS):
            targets = (n for g in node.generators for n in ast.walk(g.target))
            if any(isinstance(n, ast.Name) and n.id == self.variable for n in targets):
                node.generators[0].iter = self.visit(node.generators[0].iter)
                return node
        return super().generic_visit(node)
