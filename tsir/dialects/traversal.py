"""Walking over IR without recursion, so that deeply nested programs are no problem."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.ir import Operation


def walk(op: Operation) -> Iterator[Operation]:
    """The operation and all in its regions, each before what is inside it, in the order of the text.

    The operation that was given last may be changed or erased, the ones around it and after it may not.
    """
    pending: list[Iterator[Operation]] = [iter((op,))]
    while pending:
        current = next(pending[-1], None)
        if current is None:
            pending.pop()
            continue
        inner = [child for region in current.regions for block in region.blocks for child in block.ops]
        yield current
        if inner:
            pending.append(iter(inner))
