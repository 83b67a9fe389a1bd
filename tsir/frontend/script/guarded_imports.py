"""Names that a module imports under `if TYPE_CHECKING:` only: annotations may use them, and Python never evaluates those."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from functools import lru_cache
from typing import Any


def guarded_name(module_name: str | None, name: str) -> Any:
    """What a name stands for by the module's guarded imports. Raises NameError when they don't have it or it can't be imported."""
    found = _guarded_imports(module_name or "").get(name)
    if found is None:
        raise NameError(f"name '{name}' is not defined", name=name)
    source, attribute = found
    try:
        module = importlib.import_module(source)
        if attribute is None:
            return module
        return getattr(module, attribute) if hasattr(module, attribute) else importlib.import_module(f"{source}.{attribute}")
    except ImportError as error:
        raise NameError(f"name '{name}' is imported for type checkers only, and that fails: {error}") from None


@lru_cache(maxsize=256)
def _guarded_imports(module_name: str) -> dict[str, tuple[str, str | None]]:
    """For each name: the module it comes from, and which of its attributes it is."""
    module = sys.modules.get(module_name)
    if module is None:
        return {}
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return {}
    package = getattr(module, "__package__", None) or ""
    found: dict[str, tuple[str, str | None]] = {}
    for block in tree.body:
        if isinstance(block, ast.If) and ast.unparse(block.test).rpartition(".")[2] == "TYPE_CHECKING":
            for statement in block.body:
                _collect(statement, package, found)
    return found


def _collect(statement: ast.stmt, package: str, found: dict[str, tuple[str, str | None]]) -> None:
    if isinstance(statement, ast.Import):
        for a in statement.names:
            found[a.asname or a.name.partition(".")[0]] = (a.name if a.asname else a.name.partition(".")[0], None)
    elif isinstance(statement, ast.ImportFrom):
        source = statement.module or ""
        if statement.level:
            parents = package.split(".")[: len(package.split(".")) - statement.level + 1]
            source = ".".join([*parents, *([source] if source else [])])
        for a in statement.names:
            found[a.asname or a.name] = (source, a.name)
