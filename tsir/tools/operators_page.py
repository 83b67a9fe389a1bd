"""The table of operators, docs/operators.md: `python -m tsir.tools.operators_page > docs/operators.md`.

Made from the registry alone: what is declared, in which file, and what its definition is made of. Which samples of torch's
operator database agree is what `make conformance` prints.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

from tsir.ops.registry import OpDef, operators

_HEAD = """\
# Operators

Made by `python -m tsir.tools.operators_page`; `make conformance` compares them with torch over its operator database.

*Overloads* counts in-place and `out=` forms. *Made of*: `linalg` for what becomes linalg, tensor, arith and math operations; the
operations of `linalg_ext` that a definition may emit beside these; `host` for a NumPy function that is called as it is.
"""


def _unwrapped(body: Any) -> Any:
    while isinstance(body, functools.partial):
        body = body.func
    return inspect.unwrap(body)


def _file(function: Any) -> str:
    """The module of a definition as a path of the package."""
    return "tsir" + function.__code__.co_filename.replace("\\", "/").rpartition("/tsir")[2]


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


_memo: dict[Any, frozenset[str]] = {}


def _emitted(function: Callable[..., Any], seen: set[Any]) -> frozenset[str]:
    """The names of `linalg_ext` operations, and `host`, that a function reaches through the functions it names."""
    known = _memo.get(function)
    if known is not None:
        return known
    seen.add(function)
    found: set[str] = set()
    scope = getattr(function, "__globals__", {})
    cells = [cell.cell_contents for cell in getattr(function, "__closure__", None) or () if cell is not None]
    names = [name for code in _codes(function.__code__) for name in code.co_names]
    named = [scope.get(name) for name in names]
    for module in [v for v in named if isinstance(v, types.ModuleType) and v.__name__.startswith("tsir.ops.core")]:
        named += [getattr(module, name, None) for name in names]
    for value in [*named, *cells]:
        value = _unwrapped(value) if callable(value) else value
        if isinstance(value, type) and value.__module__ == "tsir.dialects.linalg_ext":
            name = str(getattr(value, "name", ""))
            if name and not name.endswith(".check"):
                found.add(f"`{name}`")
        elif isinstance(value, types.FunctionType) and value.__module__.startswith("tsir.ops"):
            if value.__name__ in ("call_host", "call_host_results"):
                found.add("host")
            elif value not in seen:
                found |= _emitted(value, seen)
    if len(seen) == 1:
        _memo[function] = frozenset(found)
    return frozenset(found)


def _made_of(ops: list[OpDef]) -> str:
    parts: set[str] = set()
    for op in ops:
        if op.kind == "host":
            parts.add("host")
        else:
            parts |= _emitted(_unwrapped(op.body), set()) | {"linalg"}
    return ", ".join(sorted(parts, key=lambda p: (p != "linalg", p)))


def page() -> str:
    """The page's text."""
    by_name: dict[str, list[OpDef]] = {}
    for op in operators():
        name = op.schema.name
        if op.kind == "inplace" and op.functional is not None and op.functional.key != op.key:
            name = op.functional.schema.name
        by_name.setdefault(name, []).append(op)
    rows = ["| Operator | Overloads | Made of | Defined in |", "|---|---|---|---|"]
    for name in sorted(by_name, key=lambda n: (n.startswith("_"), n)):
        ops = by_name[name]
        files = sorted({_file(_unwrapped(op.body)) for op in ops})
        rows.append(f"| `{name}` | {len(ops)} | {_made_of(ops)} | {', '.join(files)} |")
    total = len(operators())
    return f"{_HEAD}\n{len(by_name)} operators, {total} overloads.\n\n" + "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(page(), end="")
