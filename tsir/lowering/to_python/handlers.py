"""Makes `except` clauses of exceptions that are kept in a variable and looked at behind their `try`: Python to Python."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from tsir.lowering.to_python.liveness import Liveness, reads

_LEAVES = ast.Return | ast.Raise | ast.Break | ast.Continue


def with_handlers(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """A function's body with `except` and `else` where it tests a caught exception next, and nowhere else."""
    return _block(body, Liveness(body))


def _block(statements: Sequence[ast.stmt], liveness: Liveness) -> list[ast.stmt]:
    done: list[ast.stmt] = []
    for i, statement in enumerate(statements):
        if isinstance(statement, ast.Try):
            name = kept_in(statement)
            ways = None if name is None else _ways(name, statements[i + 1 :])
            if name is not None and ways is not None and done and is_unset(done[-1], name):
                otherwise, handled, rest = ways
                last = statements[-1] if not rest else statements[len(statements) - len(rest) - 1]
                if name not in reads(ast.Module(list(otherwise), [])) and not liveness.is_read_behind(last, name):
                    done.pop()
                    made = ast.Try(_block(statement.body, liveness), _clauses(name, handled), list(otherwise), [])
                    for handler in made.handlers:
                        handler.body = _block(handler.body, liveness)
                    if all(isinstance(h.body[-1], _LEAVES) for h in made.handlers):
                        made.orelse, rest = [], [*made.orelse, *rest]
                    made.orelse = _block(made.orelse, liveness)
                    return [*done, made, *_block(rest, liveness)]
        if isinstance(statement, ast.If | ast.While | ast.For | ast.Try):
            statement.body = _block(statement.body, liveness)
            statement.orelse = _block(statement.orelse, liveness)
        if isinstance(statement, ast.Try):
            for handler in statement.handlers:
                handler.body = _block(handler.body, liveness)
            statement.handlers = [clause for h in statement.handlers for clause in _split(h)]
        done.append(statement)
    return done


def kept_in(statement: ast.Try) -> str | None:
    """The variable that a `try` keeps any exception in."""
    match statement:
        case ast.Try(
            handlers=[
                ast.ExceptHandler(
                    type=ast.Name(id="Exception"),
                    name=str() as caught,
                    body=[ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=source))],
                )
            ],
            orelse=[],
            finalbody=[],
        ) if caught == source:
            return name
        case _:
            return None


def is_unset(statement: ast.stmt, name: str) -> bool:
    """Whether a statement says that no exception is kept in a variable."""
    match statement:
        case ast.AnnAssign(target=ast.Name(id=target), value=ast.Constant(value=None)):
            return target == name
        case _:
            return False


def _ways(
    name: str, statements: Sequence[ast.stmt]
) -> tuple[Sequence[ast.stmt], Sequence[ast.stmt], Sequence[ast.stmt]] | None:
    """What is done without an exception, with one, and then."""
    match statements:
        case [
            ast.If(
                test=ast.Compare(
                    left=ast.Name(id=tested), ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]
                )
            ) as choice,
            *rest,
        ] if tested == name:
            pass
        case _:
            return None
    first, second = choice.body, choice.orelse
    if not second and isinstance(first[-1], _LEAVES):
        second, rest = rest, []
    return (first, second, rest) if isinstance(op, ast.Is) else (second, first, rest)


def _clauses(name: str, statements: Sequence[ast.stmt]) -> list[ast.ExceptHandler]:
    """The clauses that do with an exception what statements do, which test its class."""
    found: list[ast.ExceptHandler] = []
    while True:
        match statements:
            case [ast.Raise(exc=ast.Name(id=raised), cause=None)] if raised == name and found:
                return found
            case [
                ast.If(
                    test=ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=tested), kind]), body=body, orelse=others
                ),
                *rest,
            ] if tested == name and (not rest or (not others and isinstance(body[-1], _LEAVES))):
                found.append(_clause(kind, name, body))
                statements = others or rest
            case [
                ast.If(
                    test=ast.UnaryOp(
                        op=ast.Not(), operand=ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=tested), kind])
                    ),
                    body=[ast.Raise(exc=ast.Name(id=raised), cause=None)],
                    orelse=others,
                ),
                *rest,
            ] if tested == name == raised and not (others and rest):
                return [*found, _clause(kind, name, others or rest)]
            case _:
                return [*found, _clause(ast.Name("Exception", ast.Load()), name, statements)]


def _split(handler: ast.ExceptHandler) -> list[ast.ExceptHandler]:
    """The clauses for each class that one for all exceptions tells apart."""
    match handler:
        case ast.ExceptHandler(type=ast.Name(id="Exception"), name=str() as name, body=[ast.If(), *_]):
            return _clauses(name, handler.body)
        case _:
            return [handler]


def _clause(kind: ast.expr, name: str, body: Sequence[ast.stmt]) -> ast.ExceptHandler:
    used = name in reads(ast.Module(list(body), []))
    return ast.ExceptHandler(kind, name if used else None, list(body) or [ast.Pass()])
