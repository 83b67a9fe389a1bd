"""Reading and assigning items of a tensor by tensors, masks and numbers, between brackets: `x[mask]`, `x[:, rows] = 0`.

What gives a view of a tensor (`x[0]`, `x[1:]`) is spelled in `spelling.py`; what is assigned to a view is written as assigned to
`view[...]` before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdsl.ir import Operation, SSAValue

from tsir.dialects.ts import types
from tsir.dialects.ts.families import AtenOp
from tsir.lowering.to_python.atoms import receiver

if TYPE_CHECKING:
    from tsir.lowering.to_python.statements import Printer

_FILLED = 3
"""How many operands of `new_full` say more than the tensor that it is like: itself, the sizes, the number."""


def is_index(operation: Operation) -> bool:
    """Whether a list stands between brackets only."""
    if operation.name != "ts.list" or not operation.results[0].has_one_use():
        return False
    use = next(iter(operation.results[0].uses))
    return use.index == 1 and _has_brackets(use.operation)


def is_written_at_its_use(operation: Operation) -> bool:
    """Whether an operation only makes a part of what stands between brackets, or of what is assigned."""
    if is_index(operation) or is_filler(operation):
        return True
    if operation.name != "ts.list" or operation.operands or not operation.results[0].has_one_use():
        return False
    return is_filler(next(iter(operation.results[0].uses)).operation)


def is_filler(operation: Operation) -> bool:
    """Whether a tensor only stands for the number that is assigned to items of another one, and is made as it is for that."""
    result = operation.results[0] if len(operation.results) == 1 else None
    if not _is(operation, "new_full") or result is None or not result.has_one_use():
        return False
    use = next(iter(result.uses))
    if use.index != 2 or not _assigns(use.operation) or use.operation.operands[0] is not operation.operands[0]:
        return False
    sizes = operation.operands[1].owner
    is_scalar = isinstance(sizes, Operation) and sizes.name == "ts.list" and not sizes.operands
    return is_scalar and all(o.type == types.NONE for o in operation.operands[_FILLED:])


def item_text(p: Printer, operation: Operation) -> str | None:
    """`index`, `index_put_` and what assigns to a view, with brackets; None where only the call says it."""
    if _assigns_view(operation):
        return f"{receiver(p.text(operation.operands[0]))}[...] = {p.text(operation.operands[1])}"
    if not _has_brackets(operation):
        return None
    listed = operation.operands[1].owner
    assert isinstance(listed, Operation)
    parts = [":" if o.type == types.NONE else p.text(o) for o in listed.operands]
    item = f"{receiver(p.text(operation.operands[0]))}[{', '.join(parts)}]"
    if not _assigns(operation):
        return item
    value = operation.operands[2]
    filler = value.owner
    return f"{item} = {p.text(filler.operands[2] if isinstance(filler, Operation) and is_filler(filler) else value)}"


def _has_brackets(operation: Operation) -> bool:
    return (_is(operation, "index") or _assigns(operation)) and _is_written_out(operation.operands[1])


def _assigns_view(operation: Operation) -> bool:
    """Whether an operation is `x[...] = value` without tensors between the brackets."""
    if not operation.results or operation.results[0].first_use is not None:
        return False
    if _is(operation, "copy_"):
        return _is_constant(operation.operands[2], "true")  # how the frontends write it
    view = operation.operands[0]
    made = view.owner
    is_view = isinstance(made, Operation) and (_is(made, "select") or _is(made, "slice")) and view.has_one_use()
    return is_view and _is(operation, "fill_")


def _is_written_out(indices: SSAValue) -> bool:
    """Whether the tensors of an index are known one by one."""
    listed = indices.owner
    if not isinstance(listed, Operation) or listed.name != "ts.list":
        return False
    return any(o.type != types.NONE for o in listed.operands) and all(
        o.type == types.NONE or isinstance(o.type, types.TensorType) for o in listed.operands
    )


def _assigns(operation: Operation) -> bool:
    """Whether an operation is `x[...] = value`."""
    if not _is(operation, "index_put_") or operation.results[0].first_use is not None:
        return False
    return _is_constant(operation.operands[3], "false")


def _is_constant(value: SSAValue, text: str) -> bool:
    made = value.owner
    return isinstance(made, Operation) and str(made.properties.get("value")) == text


def _is(operation: Operation, name: str) -> bool:
    return isinstance(operation, AtenOp) and operation.SCHEMA.name == name


__all__ = ["is_written_at_its_use", "item_text"]
