"""`--mlir-pass-statistics`: how many operations each pass found, made and removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from xdsl.ir import Operation

from tsir.dialects.traversal import walk
from tsir.tools.pass_manager import Instrument, PassRun

_RULE = f"==={'-' * 73}==="
_WHAT = {
    "num-ops": "Number of operations that the pass was given",
    "num-made": "Number of operations made",
    "num-removed": "Number of operations removed",
}


@dataclass(eq=False)
class Statistics(Instrument):
    """Counts operations before and after each pass. One that a pass rewrites by another is both made and removed."""

    _rows: dict[tuple[tuple[str, ...], tuple[int, ...], str], Counter[str]] = field(default_factory=dict)
    _before: set[Operation] = field(default_factory=set)

    def before_pass(self, run: PassRun) -> None:
        self._before = set(walk(run.target))

    def after_pass(self, run: PassRun) -> None:
        after = set(walk(run.target))
        counts = self._rows.setdefault((run.path, run.index, run.title), Counter())
        counts["num-ops"] += len(self._before)
        counts["num-made"] += len(after - self._before)
        counts["num-removed"] += len(self._before - after)

    def report(self, display: str) -> str:
        """The report: `pipeline` is by pipeline and pass in their order, `list` by the pass's name."""
        rows = list(self._list() if display == "list" else self._pipelines())
        return "\n".join([_RULE, f"{'... Pass statistics report ...':^79}".rstrip(), _RULE, *rows]) + "\n"

    def _pipelines(self) -> Iterator[str]:
        shown: tuple[str, ...] = ()
        for (path, _, title), counts in self._rows.items():
            if path != shown and len(path) > 1:
                yield f"{'  ' * (len(path) - 2)}'{path[-1]}' Pipeline"
            shown = path
            yield from _lines(title, counts, "  " * (len(path) - 1))

    def _list(self) -> Iterator[str]:
        merged: dict[str, Counter[str]] = {}
        for (_, _, title), counts in self._rows.items():
            merged.setdefault(title, Counter()).update(counts)
        for title in sorted(merged):
            yield from _lines(title, merged[title], "")


def _lines(title: str, counts: Counter[str], indent: str) -> Iterator[str]:
    yield indent + title
    width = max(len(str(counts[name])) for name in _WHAT)
    for name, what in _WHAT.items():
        yield f"{indent}  (S) {counts[name]:>{width}} {name:<11} - {what}"
