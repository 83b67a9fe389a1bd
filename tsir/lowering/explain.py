"""What became of the operators of a lowered program, line by line of the user's source: the text of `m.explain(x)`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.ir import Operation

from tsir.dialects.locations import location_of
from tsir.dialects.ts.families import AtenOp
from tsir.ops.registry import operator
from tsir.passes.structure import walk

_QUIET = frozenset(
    ("linalg.yield", "linalg.fill", "linalg.index", "linalg_ext.check", "linalg_ext.yield", "tensor.empty", "tensor.dim",
     "tensor.extract", "tensor.yield", "tensor.cast", "tensor.from_elements")
)  # fmt: skip
"""Operations that belong to others, and are no part of what a line does."""


def explanation(module: ModuleOp) -> str:
    """One line for each place of the user's source: the linalg operations that it became, and each operator that runs by dispatch.

    Then how many of both there are. An operator runs by dispatch where its NumPy function is all that there is of it (a host
    operator), and where too little is known when compiling; the line says why.
    """
    lowered: dict[str, Counter[str]] = {}
    lines: list[tuple[str, str]] = []
    for operation in _outer(module):
        where = _place(operation)
        if isinstance(operation, AtenOp):
            lines.append((where, f"aten::{operation.SCHEMA.key} runs by dispatch: {_reason(operation)}"))
        elif operation.name.partition(".")[0] in ("linalg", "linalg_ext", "tensor") and operation.name not in _QUIET:
            if where not in lowered:
                lowered[where] = Counter()
                lines.append((where, ""))
            lowered[where][operation.name] += 1
    text = [f"{where}: {said or 'lowered to ' + _counted(lowered[where])}" for where, said in lines]
    dispatched = len(lines) - len(lowered)
    text.append(f"{sum(c.total() for c in lowered.values())} operations in linalg")
    text.append(f"{dispatched} operators run by dispatch")
    return "\n".join(text)


def _outer(module: ModuleOp) -> Iterator[Operation]:
    """All operations but those in the bodies of linalg's, which are what one element needs."""
    for operation in walk(module):
        parent = operation.parent_op()
        if parent is None or parent.name.partition(".")[0] not in ("linalg", "linalg_ext", "tensor"):
            yield operation


def _place(operation: Operation) -> str:
    places = location_of(operation)
    return str(places[0]) if places else "unknown place"


def _reason(operation: AtenOp) -> str:
    reason = operation.attributes.get("ts.reason")
    if isinstance(reason, StringAttr):
        return reason.data
    definition = operator(operation.SCHEMA.key)
    if definition is not None and definition.host is not None:
        return f"{operation.SCHEMA.name} is a host operator"
    return "its tensors are written or of unknown type"


def _counted(names: Counter[str]) -> str:
    return ", ".join(name if count == 1 else f"{count} {name}" for name, count in names.items())
