"""`--mlir-timing`: where the time goes, as the tree or list that mlir-opt prints."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from xdsl.ir import Operation

from tsir.errors import TsirError
from tsir.tools.pass_manager import Instrument, PassRun

_RULE = f"==={'-' * 73}==="


@dataclass(eq=False)
class _Timer:
    name: str
    seconds: float = 0.0
    inner: dict[object, _Timer] = field(default_factory=dict[object, "_Timer"])


class Timing(Instrument):
    """Measures the wall time of passes, pipelines, and of what `measure` is around."""

    def __init__(self) -> None:
        self._root = _Timer("root")
        self._started = time.perf_counter()
        self._running: list[tuple[_Timer, float]] = [(self._root, self._started)]

    def _start(self, key: object, name: str) -> None:
        timer = self._running[-1][0].inner.setdefault(key, _Timer(name))
        self._running.append((timer, time.perf_counter()))

    def _stop(self) -> None:
        timer, started = self._running.pop()
        timer.seconds += time.perf_counter() - started

    @contextmanager
    def measure(self, name: str) -> Generator[None, None, None]:
        """Measures what runs inside."""
        self._start(name, name)
        try:
            yield
        finally:
            self._stop()

    def before_pipeline(self, path: tuple[str, ...], target: Operation) -> None:
        if len(path) > 1:
            self._start(path, f"'{path[-1]}' Pipeline")

    def after_pipeline(self, path: tuple[str, ...], target: Operation) -> None:
        if len(path) > 1:
            self._stop()

    def before_pass(self, run: PassRun) -> None:
        self._start(run.index, run.title)

    def after_pass(self, run: PassRun) -> None:
        self._stop()

    def after_failure(self, run: PassRun, error: TsirError) -> None:
        if self._running[-1][0].name == run.title:
            self._stop()

    def report(self, display: str) -> str:
        """The report, `display` is `tree` or `list`."""
        total = time.perf_counter() - self._started
        lines = [_RULE, f"{'... Execution time report ...':^79}".rstrip(), _RULE]
        lines += [f"  Total Execution Time: {total:.4f} seconds", "", "  ----Wall Time----  ----Name----"]
        rest = max(0.0, total - sum(t.seconds for t in self._root.inner.values()))
        rows = list(_tree(self._root)) if display == "tree" else [("root", total), *_merged(self._root)]
        for name, seconds in [*rows, ("Rest", rest), ("Total", total)]:
            lines.append(f"  {seconds:8.4f} ({100 * seconds / total if total else 0:5.1f}%)  {name}")
        return "\n".join(lines) + "\n"


def _tree(root: _Timer) -> Iterator[tuple[str, float]]:
    pending = [(timer, 0) for timer in reversed(root.inner.values())]
    while pending:
        timer, depth = pending.pop()
        yield "  " * depth + timer.name, timer.seconds
        pending += [(inner, depth + 1) for inner in reversed(timer.inner.values())]


def _merged(root: _Timer) -> list[tuple[str, float]]:
    """The times by name, the largest first; pipelines are the sums of their passes."""
    found: dict[str, float] = {}
    for name, seconds in _tree(root):
        name = name.strip()
        if not name.endswith("' Pipeline"):
            found[name] = found.get(name, 0.0) + seconds
    return sorted(found.items(), key=lambda item: -item[1])
