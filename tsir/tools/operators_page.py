"""The table of operators, docs/operators.md: `python -m tsir.tools.operators_page > docs/operators.md`.

Made from the registry: what is declared, in which file, and what its definition is made of; and from the results that
`make conformance` leaves: how many samples of torch's operator database agree, by dtype.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tsir.ops.registry import OpDef, operators

_HEAD = """\
# Operators

Made by `python -m tsir.tools.operators_page`; `make conformance` compares the operators with torch over its operator database,
and enters what it finds in `docs/conformance.json`.

*Overloads* counts in-place and `out=` forms. *Equal to torch in* names the dtypes in which all samples agree in values,
dtype, shape and aliasing; where only some do, it says how many. An operator without dtypes there isn't in the database under its
name: other tests compare it. Of the database's samples, all are counted in float32, in other dtypes
the first dozen or less of an entry. *Made of*: `linalg` for what becomes linalg, tensor, arith and math operations; the operations
of `linalg_ext` that a definition may emit beside these; `host` for a NumPy function that is called as it is.
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


Results = Mapping[str, Mapping[str, tuple[int, int]]]
"""For entries of torch's operator database, by dtype, how many samples are right, of how many."""
_SHORT = {
    "float32": "f32", "float64": "f64", "int64": "i64", "bool": "bool", "float16": "f16", "bfloat16": "bf16",
    "complex64": "c64", "uint8": "u8",
}  # fmt: skip


def operator_of(entry: str) -> str:
    """The operator that an entry of the database is about: `conv2d` for `nn.functional.conv2d`, `linalg_norm` for `linalg.norm[x]`."""
    name = entry.partition("[")[0].removeprefix("nn.functional.")
    if special := re.fullmatch(r"__r?(\w+?)__", name):
        name = {"div": "div", "getitem": "index", "mod": "remainder"}.get(special[1], special[1])
    return name.replace(".", "_")


def _by_operator(results: Results) -> dict[str, dict[str, tuple[int, int]]]:
    """The counts of all entries of an operator together."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for entry, by_dtype in results.items():
        counts = found.setdefault(operator_of(entry), {})
        for dtype, (right, samples) in by_dtype.items():
            before = counts.get(dtype, (0, 0))
            counts[dtype] = before[0] + right, before[1] + samples
    return found


def _equal_in(counts: Mapping[str, tuple[int, int]]) -> str:
    return " ".join(
        _SHORT[d] if counts[d][0] == counts[d][1] else f"{_SHORT[d]}&nbsp;({counts[d][0]}/{counts[d][1]})"
        for d in _SHORT
        if d in counts
    )


def _totals(results: Results) -> str:
    """The percentages by dtype, as a table."""
    rows = ["| dtype | entries with all samples equal | samples equal |", "|---|---|---|"]
    for dtype in _SHORT:
        counts = [by_dtype[dtype] for by_dtype in results.values() if dtype in by_dtype]
        if counts:
            whole = sum(right == samples for right, samples in counts)
            right, samples = sum(c[0] for c in counts), sum(c[1] for c in counts)
            rows.append(
                f"| {dtype} | {whole} of {len(counts)} ({100 * whole / len(counts):.1f} %) | "
                f"{right} of {samples} ({100 * right / samples:.1f} %) |"
            )
    return "\n".join(rows)


def page(results: Results) -> str:
    """The page's text, with what comparisons with torch gave."""
    by_name: dict[str, list[OpDef]] = {}
    for op in operators():
        name = op.schema.name
        if op.kind == "inplace" and op.functional is not None and op.functional.key != op.key:
            name = op.functional.schema.name
        by_name.setdefault(name, []).append(op)
    compared = _by_operator(results)
    rows = ["| Operator | Overloads | Equal to torch in | Made of | Defined in |", "|---|---|---|---|---|"]
    for name in sorted(by_name, key=lambda n: (n.startswith("_"), n)):
        ops = by_name[name]
        files = sorted({_file(_unwrapped(op.body)) for op in ops})
        rows.append(
            f"| `{name}` | {len(ops)} | {_equal_in(compared.get(name, {}))} | {_made_of(ops)} | {', '.join(files)} |"
        )
    total = len(operators())
    counted = f"{len(by_name)} operators, {total} overloads."
    return f"{_HEAD}\n{_totals(results)}\n\n{counted}\n\n" + "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(page(json.loads(Path(*(sys.argv[1:] or ["docs/conformance.json"])).read_text())), end="")
