"""A built-in function called with values that have been evaluated. What each of them does is in the table of `builtins.py`."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from tsir.frontend.script.builtins import BUILTINS
from tsir.frontend.script.call_arguments import Arguments
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.values import (
    Binding,
    Builtin,
    Value,
)


def call_builtin(e: Emitter, callee: Builtin, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    """Calls a built-in function with values that have been evaluated: `map(len, items)`."""
    names = [f"$argument{i}" for i in range(len(args) + len(kwargs))]
    for name, value in zip(names, [*args, *kwargs.values()], strict=True):
        e.variables[name] = Binding(value)
    trees: list[ast.expr] = [ast.Name(n, ast.Load()) for n in names]
    keywords = [ast.keyword(k, t) for k, t in zip(kwargs, trees[len(args) :], strict=True)]
    node = ast.Call(ast.Name(callee.name, ast.Load()), trees[: len(args)], keywords)
    for tree in ast.walk(node):
        ast.copy_location(tree, e.node or e.source.node)
    try:
        return BUILTINS[callee.name](Arguments(e, node, None))
    finally:
        for name in names:
            e.variables.pop(name, None)
