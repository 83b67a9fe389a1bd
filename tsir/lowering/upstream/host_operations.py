"""What MLIR's own dialects can't say: `refuse_host_operations` names each such operation, and where it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation

from tsir.dialects.locations import location_of
from tsir.dialects.ts.families import AtenOp, PyOp
from tsir.errors import PassError, SourceLocation
from tsir.passes.structure import walk

OWN_DIALECTS = ("ts", "linalg_ext")
MAX_NOTES = 20
_CARRIERS = frozenset(
    ("ts.to_reference", "ts.to_value", "ts.list", "ts.tuple", "ts.constant", "ts.uninitialized", "ts.cast", "ts.unpack", "func.return",
     "scf.yield", "scf.condition")
)  # fmt: skip


def refuse_host_operations(module: ModuleOp, dialects: Sequence[str] = OWN_DIALECTS) -> None:
    """Raises PassError when an operation or a type of these dialects is left: the name and line of each. Classes go."""
    for top in list(module.body.block.ops):
        if top.name == "ts.class":
            module.body.block.erase_op(top)
    found: list[tuple[str, SourceLocation | None]] = []
    for op in walk(module):
        wrong = _what_is_own(op, dialects)
        if wrong is not None:
            places = location_of(op)
            found.append((wrong, places[0] if places else None))
    if not found:
        return
    # What only carries a value to or from the others isn't the reason.
    found = [f for f in found if f[0].partition(" ")[0] not in _CARRIERS] or found
    named = sorted({text.partition(" ")[0] for text, _ in found})
    more = len(found) - MAX_NOTES
    raise PassError(
        f"MLIR's own dialects can't say {len(found)} of the operations: {', '.join(named)}",
        location=found[0][1],
        hint="they run on the host, by NumPy; explain() tells why",
        notes=(*found[:MAX_NOTES], *([(f"and {more} more", None)] if more > 0 else [])),
    )


def _what_is_own(op: Operation, dialects: Sequence[str]) -> str | None:
    reason = op.attributes.get("ts.reason")
    why = f": {reason.data}" if isinstance(reason, StringAttr) else ""
    if isinstance(op, AtenOp):
        return f"aten::{op.SCHEMA.key} runs by dispatch{why}"
    if isinstance(op, PyOp):
        return f"{op.name} is a Python operation{why}"
    if op.name == "linalg_ext.scalar" and "linalg_ext" in dialects:
        function: Any = op.properties["function"]
        return f'{op.name} "{function.data}" has no lowering'
    if op.dialect_name() in dialects:
        return f"{op.name} has no form in MLIR's dialects{why}"
    own = [t for v in (*op.operands, *op.results) if (t := _own_type(v.type))]
    if isinstance(op, FuncOp):
        own = [t for k in op.function_type.inputs.data if (t := _own_type(k))]
    return f"{op.name} has an operand or result of type {own[0]}" if own else None


def _own_type(kind: Attribute) -> str | None:
    return str(kind) if kind.name.partition(".")[0] in OWN_DIALECTS or kind.name == "none" else None
