"""Private names: `__x` in a class's body is `_Class__x`, wherever it stands there, as Python's compiler has it."""

from __future__ import annotations

import ast
import itertools
from typing import TypeVar

_Tree = TypeVar("_Tree", bound=ast.AST)


def class_around(qualified: str) -> str | None:
    """The name of the innermost class whose body a function stands in, by its `__qualname__`."""
    parts = qualified.split(".")
    around = [part for part, behind in itertools.pairwise(parts) if part != "<locals>" and behind != "<locals>"]
    return around[-1] if around else None


def is_named(written: str, name: str) -> bool:
    """Whether a function is called so: by what is written, or by its private name in full."""
    private = written.startswith("__") and not written.endswith("__")
    return written == name or (private and name.startswith("_") and name.endswith(written))


def with_private_names(tree: _Tree, qualified: str) -> _Tree:
    """A function's tree with its private names as Python knows them. `qualified` is the function's `__qualname__`."""
    return _PrivateNames(class_around(qualified)).visit(tree)


class _PrivateNames(ast.NodeTransformer):
    """Writes the private names of a class in full; those of classes inside it are those classes'."""

    def __init__(self, around: str | None) -> None:
        self.around = around

    def name(self, name: str) -> str:
        owner = (self.around or "").lstrip("_")
        return f"_{owner}{name}" if owner and name.startswith("__") and not name.endswith("__") and "." not in name else name

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.name = self.name(node.name)
        for part in (*node.bases, *node.keywords, *node.decorator_list):
            self.visit(part)
        outer, self.around = self.around, node.name
        node.body = [self.visit(s) for s in node.body]
        self.around = outer
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if self.around is not None:
            for field in ("id", "attr", "arg", "name", "asname"):
                written = getattr(node, field, None)
                if isinstance(written, str):
                    setattr(node, field, self.name(written))
            if isinstance(node, ast.Global | ast.Nonlocal):
                node.names = [self.name(n) for n in node.names]
        return super().generic_visit(node)
