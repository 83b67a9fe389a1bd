"""Sets of constants that nothing can change: they are constants themselves, so that what depends on them is known while compiling."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.evaluation import NotConstant, as_python
from tsir.frontend.script.values import PyObject, Value

_READING = frozenset((
    "len", "sorted", "list", "tuple", "set", "frozenset", "min", "max", "sum", "any", "all", "bool", "enumerate", "str",
))  # fmt: skip
"""Built-in functions that only read what they are given."""

_READING_METHODS = frozenset((
    "difference", "intersection", "isdisjoint", "issubset", "issuperset", "symmetric_difference", "union", "copy", "join",
))  # fmt: skip


def constant_set(e: Emitter, node: ast.AST | None, values: Value) -> Value | None:
    """The set of these values, made by an expression, where they are constants and nothing can change it; None for another one."""
    if node is None or not _is_only_read(e.source.node, node):
        return None
    try:
        known = as_python(values)
    except NotConstant:
        return None
    return PyObject(set(known), "a set") if isinstance(known, Iterable) else None


def _is_only_read(function: ast.AST, node: ast.AST) -> bool:
    """Whether a function only reads what an expression in it gives, at once or under the one name that it assigns it to."""
    parents = {id(child): parent for parent in ast.walk(function) for child in ast.iter_child_nodes(parent)}
    parent = parents.get(id(node))
    if not isinstance(parent, ast.Assign) or len(parent.targets) > 1 or not isinstance(parent.targets[0], ast.Name):
        return _reads(parent, node, parents)
    name = parent.targets[0].id
    uses = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name and n is not parent.targets[0]]
    return all(isinstance(n.ctx, ast.Load) and _reads(parents.get(id(n)), n, parents) for n in uses) and not any(
        isinstance(n, ast.Global | ast.Nonlocal) and name in n.names for n in ast.walk(function)
    )


def _reads(parent: Any, node: ast.AST, parents: dict[int, Any]) -> bool:
    match parent:
        case ast.For(iter=iterated) | ast.comprehension(iter=iterated):
            return iterated is node
        case ast.Compare() | ast.BinOp() | ast.If() | ast.While() | ast.UnaryOp(op=ast.Not()):
            return True
        case ast.IfExp(test=test):
            return test is node
        case ast.Call(func=ast.Name(id=name)):
            return name in _READING
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in _READING_METHODS and node in parent.args
        case ast.Attribute(attr=name):
            call = parents.get(id(parent))
            return name in _READING_METHODS and isinstance(call, ast.Call) and call.func is parent
        case _:
            return False


__all__ = ["constant_set"]
