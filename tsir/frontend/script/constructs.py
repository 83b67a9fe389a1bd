"""Constructs of Python's syntax: what messages call them, what to write instead, and where they begin and end."""

from __future__ import annotations

import ast


def end_of(node: ast.AST) -> tuple[int, int]:
    """The position behind a node."""
    return (getattr(node, "end_lineno", 0) or 0, getattr(node, "end_col_offset", 0) or 0)


def start_of(node: ast.AST) -> tuple[int, int]:
    """The position of a node."""
    return (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))


_NODE_NAMES: dict[str, str] = {
    "Lambda": "a lambda", "FunctionDef": "a nested function", "AsyncFunctionDef": "an async function", "ClassDef": "a nested class",
    "Try": "try/except", "TryStar": "try/except*", "Set": "a set literal", "SetComp": "a set comprehension",
    "GeneratorExp": "a generator expression", "Await": "await", "Yield": "yield", "YieldFrom": "yield from",
    "NamedExpr": "an assignment expression (:=)", "Match": "match", "Import": "import inside a function",
    "ImportFrom": "import inside a function", "AsyncFor": "async for",
    "AsyncWith": "async with", "Starred": "a starred expression here", "Slice": "a slice here",
}  # fmt: skip


INSTEAD: dict[str, str] = {
    "AsyncFunctionDef": "write a plain def; torch.jit.fork() runs calls side by side",
    "Await": "torch.jit.wait() waits for what torch.jit.fork() started", "AsyncFor": "write a plain for",
    "AsyncWith": "write a plain with", "TryStar": "write `except`",
}  # fmt: skip
"""What to write in place of a construct."""


def describe_node(node: ast.AST) -> str:
    """A construct's name for a message."""
    name = type(node).__name__
    return _NODE_NAMES.get(name, name)


def literal_value(node: ast.expr) -> int | None:
    """The int that a subscript's tree is (`2`, `-1`), or None."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = literal_value(node.operand)
        return None if inner is None else -inner
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None
