"""Printing IR before and after passes, with mlir-opt's options and headers, and what all dumps are printed like."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from xdsl.ir import Operation

from tsir.dialects.context import print_module
from tsir.errors import TsirError
from tsir.tools.pass_manager import Instrument, PassRun, describe, symbol_of


@dataclass(frozen=True)
class Style:
    """How IR is printed: with locations, in generic form, without the values of large constants."""

    debuginfo: bool = False
    generic: bool = False
    elide_larger: int | None = None

    def text(self, op: Operation, *, generic: bool = False) -> str:
        """The operation as text; `generic` in any case."""
        return print_module(op, debuginfo=self.debuginfo, generic=self.generic or generic, elide_larger=self.elide_larger)


@dataclass(eq=False)
class PrintIR(Instrument):
    """Prints to standard error, or into the files of a directory.

    `before` and `after` are names of passes, None for all of them. With `only_changed` or `only_failed` what comes after a pass is
    printed only if the pass changed something, or failed.
    """

    style: Style
    before: Collection[str] | None = ()
    after: Collection[str] | None = ()
    only_changed: bool = False
    only_failed: bool = False
    module_scope: bool = False
    directory: str | None = None
    _texts: list[str] = field(default_factory=list[str])

    def before_pass(self, run: PassRun) -> None:
        if self.before is None or run.pass_.name in self.before:
            self._print(run, "Before", self.style.text(run.root if self.module_scope else run.target))
        if self.only_changed:
            self._texts.append(self.style.text(run.target))

    def after_pass(self, run: PassRun) -> None:
        changed = not self.only_changed or self._texts.pop() != self.style.text(run.target)
        if changed and not self.only_failed and (self.after is None or run.pass_.name in self.after):
            self._print(run, "After", self.style.text(run.root if self.module_scope else run.target))

    def after_failure(self, run: PassRun, error: TsirError) -> None:
        del self._texts[:]
        if self.only_failed or self.after is None or run.pass_.name in self.after:
            # The generic form needs nothing of an operation but that it exists: what a failed pass left may be wrong.
            self._print(run, "After", self.style.text(run.root if self.module_scope else run.target, generic=True), True)

    def _print(self, run: PassRun, when: str, text: str, failed: bool = False) -> None:
        scope = f" ({describe(run.target)})" if self.module_scope else ""
        title = f"{run.title} Failed" if failed else run.title
        dump = f"// -----// IR Dump {when} {title} ({run.pass_.name}){scope} //----- //\n{text}\n"
        if self.directory is None:
            print(dump, file=sys.stderr)
            return
        folder = Path(self.directory, *_folders(run))
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{'_'.join(map(str, run.index))}_{run.pass_.name}.mlir").open("a", encoding="utf-8") as file:
            file.write(dump)


def _folders(run: PassRun) -> list[str]:
    """A folder for each operation around, from the module on: `builtin_module_no-symbol-name/func_func_f`."""
    found: list[str] = []
    op: Operation | None = run.target
    while op is not None:
        found.append(f"{op.name.replace('.', '_')}_{symbol_of(op) or 'no-symbol-name'}")
        op = op.parent_op()
    return found[::-1]
