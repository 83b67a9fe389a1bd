"""Local functions decorated with `functools.lru_cache` or `functools.cache`: rewritten in the tree to look into a dict of their own.

Without it, the recursions that are written so would take exponential time. How many results are kept isn't bounded, which can't be
seen in the results. Functions of modules are compiled without their cache (`source.unwrap`).
"""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Callable
from typing import Any


def with_caches(node: ast.FunctionDef, meaning: Callable[[str], Any]) -> ast.FunctionDef:
    """The tree of a function whose cached local functions keep their results; changed in place. `meaning`: of names outside."""
    for owner in ast.walk(node):
        body: Any = getattr(owner, "body", None)
        if isinstance(body, list):
            body[:] = [made for statement in body for made in _rewritten(statement, meaning)]
    return node


def _rewritten(statement: Any, meaning: Callable[[str], Any]) -> list[ast.stmt]:
    if not isinstance(statement, ast.FunctionDef) or not any(_is_cache(d, meaning) for d in statement.decorator_list):
        return [statement]
    arguments = statement.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    if arguments.vararg or arguments.kwarg or not names:
        return [statement]
    cache = f"{statement.name}_cache"
    loads: list[ast.expr] = [ast.Name(n, ast.Load()) for n in names]
    key = loads[0] if len(loads) == 1 else ast.Tuple(loads, ast.Load())
    known = ast.Subscript(ast.Name(cache, ast.Load()), key, ast.Load())
    test = ast.Compare(copy.deepcopy(key), [ast.In()], [ast.Name(cache, ast.Load())])
    look: ast.stmt = ast.If(test, [ast.Return(known)], [])
    statement.decorator_list = [d for d in statement.decorator_list if not _is_cache(d, meaning)]
    statement.body = [look, *(s for b in statement.body for s in _kept(b, cache, key))]
    made: list[ast.stmt] = [ast.Assign([ast.Name(cache, ast.Store())], ast.Dict([], [])), statement]
    for part in (made[0], look):
        ast.fix_missing_locations(ast.copy_location(part, statement))
        for inner in ast.walk(part):
            if isinstance(inner, ast.expr | ast.stmt):
                ast.copy_location(inner, statement)
    return made


def _is_cache(decorator: ast.expr, meaning: Callable[[str], Any]) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    match called:
        case ast.Name():
            return meaning(called.id) in (functools.lru_cache, functools.cache)
        case ast.Attribute(value=ast.Name(id=module), attr="lru_cache" | "cache"):
            return meaning(module) is functools
        case _:
            return False


def _kept(statement: ast.stmt, cache: str, key: ast.expr) -> list[ast.stmt]:
    """A statement whose returns put their value into the dict first."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement]
    if isinstance(statement, ast.Return):
        result = f"{cache}_result"
        value = statement.value or ast.Constant(None)
        item = ast.Subscript(ast.Name(cache, ast.Load()), copy.deepcopy(key), ast.Store())
        made: list[ast.stmt] = [
            ast.Assign([ast.Name(result, ast.Store())], value),
            ast.Assign([item], ast.Name(result, ast.Load())),
            ast.Return(ast.Name(result, ast.Load())),
        ]
        return [ast.fix_missing_locations(ast.copy_location(m, statement)) for m in made]
    for name in ("body", "orelse", "finalbody"):
        inner = getattr(statement, name, None)
        if isinstance(inner, list):
            inner[:] = [m for s in inner for m in _kept(s, cache, key)]
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        part.body = [m for s in part.body for m in _kept(s, cache, key)]
    return [statement]
