"""Where the operations, operands, values and blocks of parsed IR stand in its text."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property

from xdsl.ir import Block, BlockArgument, Operation, OpResult, SSAValue

from tsir.errors import SourceLocation


@dataclass
class Positions:
    """A text, and the offsets in it at which things start; filled in by the parser."""

    text: str
    name: str
    operations: dict[Operation, int] = field(default_factory=dict[Operation, int])
    operands: dict[Operation, tuple[tuple[int, int], ...]] = field(
        default_factory=dict[Operation, tuple[tuple[int, int], ...]]
    )
    """Start and end of each operand of an operation, where the text names them all."""
    arguments: dict[SSAValue, tuple[int, int]] = field(default_factory=dict[SSAValue, tuple[int, int]])
    blocks: dict[Block, tuple[int, int]] = field(default_factory=dict[Block, tuple[int, int]])

    def of(self, thing: Operation | SSAValue | Block) -> SourceLocation | None:
        """The place of an operation, of a value's definition or of a block's label; None when it isn't in the text."""
        match thing:
            case BlockArgument():
                return self._span(self.arguments.get(thing)) or self.of(thing.block)
            case OpResult(op=defining):
                return self.of(defining)
            case Block():
                span, parent = self.blocks.get(thing), thing.parent_op()
                return self._span(span) or (None if parent is None else self.of(parent))
            case Operation():
                position = self.operations.get(thing)
                return None if position is None else self.location(position)
            case _:
                return None

    def operand(self, op: Operation, index: int) -> SourceLocation | None:
        """The place of an operand, or of its operation."""
        spans = self.operands.get(op, ())
        return self._span(spans[index]) if index < len(spans) else self.of(op)

    def _span(self, span: tuple[int, int] | None) -> SourceLocation | None:
        return None if span is None else self.location(*span)

    @cached_property
    def _line_starts(self) -> list[int]:
        starts, at = [0], self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    def location(self, start: int, end: int | None = None) -> SourceLocation:
        """An offset in the text as line and column, with the line itself."""
        start = min(max(start, 0), len(self.text))
        line = bisect_right(self._line_starts, start)
        first = self._line_starts[line - 1]
        last = self._line_starts[line] - 1 if line < len(self._line_starts) else len(self.text)
        column = start - first + 1
        end_column = max(column + 1, (start + 1 if end is None else min(end, last)) - first + 1)
        return SourceLocation(self.name, line, column, end_column, source_line=self.text[first:last])
