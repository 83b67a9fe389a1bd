"""Generator functions with each `yield` as a statement of its own, which is how they are emitted.

`x = yield v` becomes `yield v` and `x = <sent>`, `yield from items` a loop. A `yield` inside of another expression is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any, TypeVar

from tsir.errors import UnsupportedError
from tsir.frontend.script.emitter import SENT
from tsir.frontend.script.source import FunctionNode, FunctionSource

ITEM = "<item"
"""What the names of the variables of loops begin with that stand for `yield from`."""

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def yields(tree: ast.AST) -> bool:
    """Whether a tree yields, but for the functions defined in it."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if node is tree or not isinstance(node, _SCOPES):
            pending.extend(ast.iter_child_nodes(node))
    return False


def with_plain_yields(source: FunctionSource) -> FunctionNode:
    """The function's tree with plain yields. Raises UnsupportedError for a `yield` inside of an expression."""
    reader = _Reader(source)
    node = source.node
    made = ast.FunctionDef(node.name, node.args, reader.block(node.body), [], node.returns, None)
    made.type_params = []  # pyright: ignore[reportAttributeAccessIssue]  (a field from Python 3.12 on)
    return ast.copy_location(made, node)


class _Reader:
    def __init__(self, source: FunctionSource) -> None:
        self.source = source
        self.count = 0

    def block(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        """Statements of a body."""
        return [made for s in statements for made in (self.statement(s) if _yields_here(s) else [s])]

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        """A statement that yields."""
        match node:
            case ast.Expr(value=ast.Yield() | ast.YieldFrom() as given):
                return self.given(given)[0]
            case (
                ast.Assign(value=ast.Yield() | ast.YieldFrom() as given)
                | ast.AugAssign(value=ast.Yield() | ast.YieldFrom() as given)
                | ast.AnnAssign(value=ast.Yield() | ast.YieldFrom() as given)
                | ast.Return(value=ast.Yield() | ast.YieldFrom() as given)
            ):
                first, value = self.given(given)
                return [*first, _with(node, value=value)]
            case ast.If() | ast.While():
                self.no_yield(node.test)
                return [_with(node, body=self.block(node.body), orelse=self.block(node.orelse))]
            case ast.For():
                self.no_yield(node.iter)
                return [_with(node, body=self.block(node.body), orelse=self.block(node.orelse))]
            case ast.With():
                return [_with(node, body=self.block(node.body))]
            case ast.Try():
                handlers = [_with(h, body=self.block(h.body)) for h in node.handlers]
                parts = {n: self.block(getattr(node, n)) for n in ("body", "orelse", "finalbody")}
                return [_with(node, handlers=handlers, **parts)]
            case ast.Match():
                return [_with(node, cases=[_with(c, body=self.block(c.body)) for c in node.cases])]
            case _:
                self.no_yield(node)
                return [node]

    def given(self, node: ast.Yield | ast.YieldFrom) -> tuple[list[ast.stmt], ast.expr]:
        """The statements of a `yield`, and the expression with its value."""
        if node.value is not None:
            self.no_yield(node.value)
        if isinstance(node, ast.Yield):
            return [_at(node, ast.Expr(node))], _at(node, ast.Name(SENT, ast.Load()))
        self.count += 1
        item = f"{ITEM} {self.count}>"
        value = _at(node, ast.Expr(_at(node, ast.Yield(_at(node, ast.Name(item, ast.Load()))))))
        loop = _at(node, ast.For(_at(node, ast.Name(item, ast.Store())), node.value, [value], [], None))
        return [loop], _at(node, ast.Name(result_of(loop), ast.Load()))

    def no_yield(self, tree: ast.AST) -> None:
        """Raises UnsupportedError where a tree that is no statement of this module's yields."""
        found = next((n for n in ast.walk(tree) if isinstance(n, ast.Yield | ast.YieldFrom)), None)
        if found is not None and yields(tree):
            raise UnsupportedError(
                "`yield` inside of another expression isn't supported yet",
                location=self.source.location(found),
                hint="assign it to a variable first: `value = yield ...`",
            )


def result_of(loop: ast.For) -> str:
    """The variable with what the generator returns that a `yield from` goes over."""
    assert isinstance(loop.target, ast.Name)
    return f"<result of {loop.target.id}>"


def _yields_here(node: ast.stmt) -> bool:
    return not isinstance(node, _SCOPES) and yields(node)


_Node = TypeVar("_Node", bound=ast.AST)


def _with(node: _Node, **parts: Any) -> _Node:
    """A copy of a tree's root with other parts."""
    fields = {name: getattr(node, name, None) for name in node._fields}
    return ast.copy_location(type(node)(**(fields | parts)), node)


def _at(place: ast.AST, node: _Node) -> _Node:
    return ast.copy_location(node, place)
