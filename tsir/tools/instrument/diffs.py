"""`--print-ir-diff`: what each pass changed, as a unified diff.

Values keep their names from pass to pass here, also those that are only numbers, so that a removed operation doesn't rename
everything after it.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import TextIO

from xdsl.ir import Operation, SSAValue
from xdsl.traits import IsolatedFromAbove

from tsir.dialects.context import TsPrinter
from tsir.dialects.deep_stack import call_with_deep_stack
from tsir.errors import TsirError
from tsir.tools.instrument.printing import Style
from tsir.tools.pass_manager import Instrument, PassRun, describe, symbol_of
from tsir.tools.terminal import has_color


@dataclass(eq=False)
class _Names:
    """The names that values got when they were first printed, and those taken in each function."""

    values: dict[SSAValue, str] = field(default_factory=dict[SSAValue, str])
    taken: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    def name(self, value: SSAValue, scope: str) -> str:
        found = self.values.get(value)
        if found is None:
            taken = self.taken.setdefault(scope, set())
            hint = value.name_hint
            number = 0
            found = hint or "0"
            while found in taken:
                number += 1
                found = f"{hint}_{number}" if hint else str(number)
            taken.add(found)
            self.values[value] = found
        return found


@dataclass(eq=False, repr=False)
class _Printer(TsPrinter):
    names: _Names = field(default_factory=_Names)
    scopes: list[str] = field(default_factory=lambda: [""])

    def print_op(self, op: Operation) -> None:
        isolated = op.has_trait(IsolatedFromAbove)
        if isolated:
            self.scopes.append(f"{self.scopes[-1]}/{symbol_of(op)}")
        super().print_op(op)
        if isolated:
            self.scopes.pop()

    def print_ssa_value(self, value: SSAValue) -> str:
        name = self.names.name(value, self.scopes[-1])
        self.print_string(f"%{name}")
        return name


@dataclass(eq=False)
class PrintDiff(Instrument):
    """Writes a diff for each pass that changed something."""

    style: Style
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    _names: _Names = field(default_factory=_Names)
    _before: str = ""

    def before_pass(self, run: PassRun) -> None:
        self._before = self._text(run.target)

    def after_pass(self, run: PassRun) -> None:
        self._show(run, "after")

    def after_failure(self, run: PassRun, error: TsirError) -> None:
        self._show(run, "after failed")

    def _show(self, run: PassRun, when: str) -> None:
        lines = list(unified(self._before.splitlines(), self._text(run.target).splitlines(), 3))
        if not lines:
            return
        where = f" ({describe(run.target)})" if len(run.path) > 1 else ""
        head = [f"--- before {run.title} ({run.pass_.name}){where}", f"+++ {when} {run.title} ({run.pass_.name}){where}"]
        coloured = has_color(self.stream)
        print("\n".join(_coloured(line) if coloured else line for line in [*head, *lines]) + "\n", file=self.stream)

    def _text(self, op: Operation) -> str:
        def show() -> str:
            stream = StringIO()
            _Printer(
                stream,
                print_generic_format=self.style.generic,
                print_debuginfo=self.style.debuginfo,
                elide_larger=self.style.elide_larger,
                names=self._names,
            ).print_op(op)
            return stream.getvalue()

        return call_with_deep_stack(show)


def unified(before: Sequence[str], after: Sequence[str], context: int) -> Iterator[str]:
    """The hunks of a unified diff, without the lines that name files. Time is linear in what is equal at both ends."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    if start == len(before) == len(after):
        return
    first, last = max(0, start - context), max(0, end - context)
    parts = before[first : len(before) - last], after[first : len(after) - last]
    matcher = difflib.SequenceMatcher(None, *parts)
    for group in matcher.get_grouped_opcodes(context):
        _, a, _, c, _ = group[0]
        _, _, b, _, d = group[-1]
        yield f"@@ -{first + a + 1},{b - a} +{first + c + 1},{d - c} @@"
        for tag, i, j, k, m in group:
            if tag == "equal":
                yield from (f" {line}" for line in parts[0][i:j])
            else:
                yield from (f"-{line}" for line in parts[0][i:j])
                yield from (f"+{line}" for line in parts[1][k:m])


_COLOURS = {"---": "1", "+++": "1", "@@ ": "36", "-": "31", "+": "32"}


def _coloured(line: str) -> str:
    colour = _COLOURS.get(line[:3]) or _COLOURS.get(line[:1])
    return f"\x1b[{colour}m{line}\x1b[0m" if colour else line
