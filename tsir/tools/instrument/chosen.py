"""Which instruments a command line asks for, in the order in which they come around a pass."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tsir.errors import PassError, did_you_mean
from tsir.tools import rule_options
from tsir.tools.instrument.printing import PrintIR, Style
from tsir.tools.instrument.statistics import Statistics
from tsir.tools.instrument.timing import Timing
from tsir.tools.known_passes import is_pass, pass_names
from tsir.tools.pass_manager import Instrument

if TYPE_CHECKING:
    from tsir.passes.rules.engine import Statistics as RuleStatistics


@dataclass(eq=False)
class Chosen:
    """The instruments, and what they have to say in the end."""

    instruments: list[Instrument]
    timing: Timing | None = None
    rules: RuleStatistics | None = None
    """What passes that apply rules count in."""
    reports: list[Callable[[], str]] = field(default_factory=list[Callable[[], str]])

    def measure(self, name: str) -> AbstractContextManager[None]:
        """Measures what runs inside, when time is measured."""
        return nullcontext() if self.timing is None else self.timing.measure(name)

    def report(self) -> None:
        """Writes the reports to standard error."""
        for make in self.reports:
            print(make(), file=sys.stderr)


def choose(options: argparse.Namespace) -> Chosen:
    """The instruments for a command line of `ts-opt`. Raises PassError for names of passes that there aren't.

    What comes first here is outermost: printing sees what verifying thinks of a pass, and nothing else is measured as its time.
    """
    style = Style(options.debuginfo, options.generic, options.elide_larger)
    chosen = Chosen([])
    if (printing := _printing(options, style)) is not None:
        chosen.instruments.append(printing)
    if options.print_ir_diff:
        from tsir.tools.instrument.diffs import PrintDiff

        chosen.instruments.append(PrintDiff(style))
    chosen.timing = Timing() if options.mlir_timing else None
    if options.verify_each:
        from tsir.tools.instrument.verifying import Verify

        chosen.instruments.append(Verify(chosen.timing))
    if options.mlir_pass_statistics:
        statistics = Statistics()
        chosen.instruments.append(statistics)
        chosen.reports.append(lambda: statistics.report(options.mlir_pass_statistics_display))
    if (rules := rule_options.statistics_for(options)) is not None:
        chosen.rules = rules
        if options.rewrite_stats:
            chosen.reports.append(lambda: rule_options.report(rules))
    if (timing := chosen.timing) is not None:
        chosen.instruments.append(timing)
        chosen.reports.append(lambda: timing.report(options.mlir_timing_display))
    return chosen


def _printing(options: argparse.Namespace, style: Style) -> PrintIR | None:
    before, after = _names(options.mlir_print_ir_before), _names(options.mlir_print_ir_after)
    changed, failed = options.mlir_print_ir_after_change, options.mlir_print_ir_after_failure
    printing = PrintIR(
        style,
        before=None if options.mlir_print_ir_before_all else before,
        after=None if options.mlir_print_ir_after_all or ((changed or failed) and not after) else after,
        only_changed=changed,
        only_failed=failed,
        module_scope=options.mlir_print_ir_module_scope,
        directory=options.mlir_print_ir_tree_dir,
    )
    return None if printing.before == printing.after == () else printing


def _names(texts: list[str]) -> tuple[str, ...]:
    found = tuple(name.strip() for text in texts for name in text.split(",") if name.strip())
    for name in found:
        if not is_pass(name):
            known = [n for names in pass_names().values() for n in names]
            raise PassError(f"there is no pass {name!r}", hint=did_you_mean(name, known))
    return found
