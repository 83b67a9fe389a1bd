"""Which variables of a printed function are read later, statement by statement, and which assignments nobody needs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

Names = frozenset[str]
_NONE: Names = frozenset()


def reads(node: ast.AST) -> set[str]:
    """The variables that a statement or an expression reads, whatever is inside it."""
    found = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return found | {n.target.id for n in ast.walk(node) if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}


def assigned(statements: Iterable[ast.AST]) -> set[str]:
    """The variables that statements assign, whatever is inside them."""
    nodes = [n for s in statements for n in ast.walk(s)]
    named = {n.name for n in nodes if isinstance(n, ast.ExceptHandler) and n.name is not None}
    return named | {n.id for n in nodes if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}


def is_pure(node: ast.expr) -> bool:
    """Whether nothing is seen of an expression's evaluation: it reads variables, and combines numbers and strings."""
    match node:
        case ast.Name() | ast.Constant():
            return True
        case ast.UnaryOp():
            return is_pure(node.operand)
        case ast.BoolOp():
            return all(is_pure(v) for v in node.values)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return not isinstance(op, ast.In | ast.NotIn) and is_pure(left) and is_pure(right)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult()):
            return is_pure(node.left) and is_pure(node.right)
        case ast.Call(func=ast.Attribute(attr="uninitialized") | ast.Name(id="isinstance")):
            return True
        case _:
            return False


def assignment(statement: ast.AST) -> tuple[str, ast.expr] | None:
    """The variable and the value, for the plain assignment of one variable."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return name, value
        case _:
            return None


@dataclass(frozen=True)
class _Around:
    """What is read where a statement may go to other than the next one."""

    behind_break: Names = _NONE
    behind_continue: Names = _NONE
    behind_error: Names = _NONE


class Liveness:
    """The variables that are read behind each statement of a function's body."""

    def __init__(self, body: Sequence[ast.stmt]) -> None:
        self._behind: dict[ast.stmt, Names] = {}
        self._block(body, _NONE, _Around())

    def is_read_behind(self, statement: ast.stmt, name: str) -> bool:
        """Whether a variable may be read after a statement before it is assigned again; true of statements that are new."""
        behind = self._behind.get(statement)
        return behind is None or name in behind

    def _block(self, statements: Sequence[ast.stmt], live: Names, around: _Around) -> Names:
        for statement in reversed(statements):
            self._behind[statement] = live
            live = self._statement(statement, live, around) | around.behind_error
        return live

    def _statement(self, statement: ast.stmt, live: Names, around: _Around) -> Names:
        match statement:
            case ast.If():
                body, orelse = self._block(statement.body, live, around), self._block(statement.orelse, live, around)
                return body | orelse | reads(statement.test)
            case ast.While() | ast.For():
                return self._loop(statement, live, around)
            case ast.Try():
                return self._try(statement, live, around)
            case ast.Return() | ast.Raise():
                return frozenset(reads(statement))
            case ast.Break():
                return around.behind_break
            case ast.Continue():
                return around.behind_continue
            case _:
                return live - assigned([statement]) | reads(statement)

    def _loop(self, loop: ast.While | ast.For, live: Names, around: _Around) -> Names:
        head = frozenset(reads(loop.test)) if isinstance(loop, ast.While) else _NONE
        target = assigned([loop.target]) if isinstance(loop, ast.For) else set[str]()
        behind = self._block(loop.orelse, live, around)
        test = head
        while True:
            inside = replace(around, behind_break=live, behind_continue=head | behind)
            found = test | self._block(loop.body, head | behind, inside) - target
            if found == head:
                break
            head = head | found
        return head | behind | (reads(loop.iter) if isinstance(loop, ast.For) else _NONE)

    def _try(self, statement: ast.Try, live: Names, around: _Around) -> Names:
        behind = self._block(statement.orelse, live, around)
        caught = _NONE
        for handler in statement.handlers:
            caught |= self._block(handler.body, live, around) - {handler.name or ""}
        inside = replace(around, behind_error=around.behind_error | caught)
        return self._block(statement.body, behind, inside) | caught


def without_dead_stores(body: Sequence[ast.stmt], temporary: Iterable[str]) -> list[ast.stmt]:
    """A function's body without assignments that nobody reads; what is computed for a temporary variable only is not kept."""
    return _DeadStores(Liveness(body), frozenset(temporary)).block(body) or [ast.Pass()]


class _DeadStores:
    def __init__(self, liveness: Liveness, temporary: Names) -> None:
        self._liveness = liveness
        self._temporary = temporary

    def block(self, statements: Sequence[ast.stmt]) -> list[ast.stmt]:
        return [kept for s in statements for kept in self._statement(s)]

    def _statement(self, statement: ast.stmt) -> list[ast.stmt]:
        if isinstance(statement, ast.If | ast.While | ast.For | ast.Try):
            statement.body = self.block(statement.body)
            statement.orelse = self.block(statement.orelse)
        if isinstance(statement, ast.Try):
            for handler in statement.handlers:
                handler.body = self.block(handler.body) or [ast.Pass()]
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Name()):
                return []
            case ast.If(body=[], orelse=[]):
                return [] if is_pure(statement.test) else [ast.Expr(statement.test)]
            case ast.If(body=[]):
                return [ast.If(ast.UnaryOp(ast.Not(), statement.test), statement.orelse, [])]
            case ast.While() | ast.For() | ast.Try():
                statement.body = statement.body or [ast.Pass()]
            case _:
                pass
        found = assignment(statement)
        if found is None:
            return [statement]
        name, value = found
        if isinstance(value, ast.Name) and value.id == name:
            return []
        if self._liveness.is_read_behind(statement, name):
            return [statement]
        if is_pure(value):
            return []
        return [ast.Expr(value)] if name in self._temporary else [statement]
