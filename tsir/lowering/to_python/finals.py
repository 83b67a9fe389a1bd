"""Makes `finally` of what a program does behind a `try` with and without an exception, which it raises then: Python to Python.

This comes last: what simplifies statements before knows no `finally`.
"""

from __future__ import annotations

import ast
from collections import Counter

from tsir.lowering.to_python.handlers import is_unset, kept_in
from tsir.lowering.to_python.liveness import reads


def with_finals(function: ast.FunctionDef) -> None:
    """Rewrites a function's blocks."""
    names = Counter(n.id for n in ast.walk(function) if isinstance(n, ast.Name))
    function.body = _block(function.body, names)


def _block(statements: list[ast.stmt], names: Counter[str]) -> list[ast.stmt]:
    done: list[ast.stmt] = []
    at = 0
    while at < len(statements):
        statement = statements[at]
        at += 1
        for field in ("body", "orelse"):
            if isinstance(statement, ast.If | ast.For | ast.While | ast.Try):
                setattr(statement, field, _block(getattr(statement, field), names))
        for handler in statement.handlers if isinstance(statement, ast.Try) else ():
            handler.body = _block(handler.body, names)
        if isinstance(statement, ast.Try) and len(statement.handlers) > 1 and _only_raises(statement.handlers[-1]):
            statement.handlers.pop()
        if isinstance(statement, ast.Try) and (name := kept_in(statement)) is not None and done and is_unset(done[-1], name):
            found = _final(statements[at:], name, names)
            if found is not None:
                done.pop()
                statement = _joined(statement, found[0])
                at += found[1]
        done.append(statement)
    return done


def _only_raises(handler: ast.ExceptHandler) -> bool:
    """Whether a clause does what happens without it."""
    match handler.body:
        case [ast.Raise(exc=ast.Name(id=raised), cause=None)]:
            return raised == handler.name
        case _:
            return False


def _joined(statement: ast.Try, final: list[ast.stmt]) -> ast.Try:
    match statement.body:
        case [ast.Try(finalbody=[]) as inner]:
            return ast.Try(inner.body, inner.handlers, inner.orelse, final)
        case _:
            return ast.Try(statement.body, [], [], final)


def _final(statements: list[ast.stmt], name: str, names: Counter[str]) -> tuple[list[ast.stmt], int] | None:
    """What is done with and without the exception that a variable keeps, before it is raised again, and how many statements that
    is with the last one; None where it is something else. The variable is only set twice, tested and raised."""
    if names[name] != 4:
        return None
    flag: str | None = None
    before = 0
    match statements:
        case [
            ast.Assign(
                targets=[ast.Name(id=flag)],
                value=ast.Compare(left=ast.Name(id=tested), ops=[ast.Is()], comparators=[ast.Constant(value=None)]),
            ),
            *rest,
        ] if tested == name and names[flag] == 2:
            statements, before = rest, 1
        case _:
            flag = None
    final: list[ast.stmt] = []
    for statement in statements:
        if _raises_again(statement, name, flag):
            return (final, before + len(final) + 1) if final else None
        if name in reads(statement) or any(isinstance(n, _LEAVES) for n in ast.walk(statement)):
            return None
        final.append(statement)
    return None


_LEAVES = (ast.Return, ast.Break, ast.Continue)


def _raises_again(statement: ast.stmt, name: str, flag: str | None) -> bool:
    match statement:
        case ast.If(test=test, body=[ast.Raise(exc=ast.Name(id=raised), cause=None)], orelse=[]) if raised == name:
            pass
        case _:
            return False
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=tested)):
            return tested == flag
        case ast.Compare(left=ast.Name(id=tested), ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return tested == name and flag is None
        case _:
            return False


__all__ = ["with_finals"]
