"""The rules by which results get their types, as a table: each operator's by its body, each built-in's by its row.

They aren't rewrites of operations: `ts-infer-types` runs them to a fixpoint through control flow and writes what they say into types.
What an operator's body computes on types alone is its inference (`ops/evaluate.py`), so the table names its declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tsir.ops import python
from tsir.ops.registry import SCHEMAS, operator


@dataclass(frozen=True)
class InferenceRule:
    """How the results of one operation get their types."""

    op: str
    signature: str
    how: str
    location: str


def inference_rules() -> Iterator[InferenceRule]:
    """All of them: those of `ts.aten` in order of declaration, then those of `ts.py`."""
    for key in SCHEMAS.keys():  # noqa: SIM118 - a registry, no dict
        found, schema = operator(key), SCHEMAS.get(key)
        if found is None or schema is None:
            continue
        body = found.functional.body if found.functional is not None else found.body
        doc = (body.__doc__ or "").strip().partition("\n")[0]
        yield InferenceRule(f"ts.aten.{key}", str(schema), doc, _location(body))
    for name, row in python.FUNCTIONS.items():
        yield InferenceRule(f"ts.py.{name}", f"{name}({', '.join(row.parameters)})", f"gives {row.result}", "")


def _location(function: Callable[..., Any]) -> str:
    code = getattr(function, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else ""
