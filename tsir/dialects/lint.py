"""Warnings about IR that is valid and most likely not what was meant: what nothing reaches, and what nothing uses."""

from __future__ import annotations

from collections.abc import Iterator

from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, SymbolRefAttr
from xdsl.dialects.func import FuncOp
from xdsl.ir import Attribute, Operation

from tsir.dialects.dominance import immediate_dominators
from tsir.dialects.invalid import place_of
from tsir.dialects.positions import Positions
from tsir.dialects.traversal import walk
from tsir.errors import IRWarning

UNREACHABLE = "TS901"
UNUSED = "TS902"


def warnings_of(module: Operation, positions: Positions | None = None) -> Iterator[IRWarning]:
    """The warnings about a verified module, in the order of its text."""
    private: list[FuncOp] = []
    named: set[str] = set()
    for op in walk(module):
        for attribute in (*op.properties.values(), *op.attributes.values()):
            named.update(_symbols(attribute))
        if (
            isinstance(op, FuncOp)
            and op.sym_visibility is not None
            and op.sym_visibility.data == "private"
            and op.body.blocks
        ):
            private.append(op)
        for region in op.regions:
            if len(region.blocks) > 1:
                reached = immediate_dominators(region)
                for block in region.blocks:
                    if block not in reached:
                        where = place_of(block, op, positions)
                        yield IRWarning("no branch leads to this block", location=where, code=UNREACHABLE)
    for function in private:
        name = function.sym_name.data
        if name not in named:
            message = f"private function @{name} isn't used in this module"
            yield IRWarning(message, location=place_of(function, function, positions), code=UNUSED)


def _symbols(attribute: Attribute) -> Iterator[str]:
    pending = [attribute]
    while pending:
        match pending.pop():
            case SymbolRefAttr(root_reference=root):
                yield root.data
            case ArrayAttr(data=elements):
                pending += elements
            case DictionaryAttr(data=table):
                pending += table.values()
            case _:
                pass
