"""`--check-semantics`: the program runs on random inputs before the passes and after each, and has to give the same.

Every second inputs have special values (NaN, inf, -0.0); sizes that aren't fixed vary. The first pass after which a result, an
argument, an attribute, what is raised or what is printed differs fails, with the inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from xdsl.dialects.builtin import ModuleOp

from tsir.dialects.context import print_module
from tsir.dialects.program import EntryPoint
from tsir.dialects.values import Instance
from tsir.errors import PassError, TsirError
from tsir.tools.execution import (
    CannotRun,
    Executable,
    Outcome,
    argument_types,
    describe_value,
    difference,
    runnable,
)
from tsir.tools.pass_manager import Instrument, PassRun
from tsir.tools.random_inputs import Draw

_SHAPES = ((2, 3), (3,), (2, 3, 4), (1, 3, 8, 8), (), (3, 3), (1, 10), (2, 5, 32))
"""What tensors of unknown rank are tried as, until the program takes them."""


@dataclass(eq=False)
class _Checked:
    """A function with inputs and what it gave for them at first."""

    entry: EntryPoint
    inputs: list[list[Any]]
    outcomes: list[Outcome]


@dataclass(eq=False)
class CheckSemantics(Instrument):
    """Compares runs of a module's public functions. `root` is the object of its methods."""

    root: Instance | None
    seed: int = 0
    count: int = 3
    _functions: list[_Checked] | None = None
    _left_out: list[str] = field(default_factory=list[str])
    _text: str = ""
    _passes: int = 0

    def before_pass(self, run: PassRun) -> None:
        if self._functions is None and run.pass_.name != "ts-set-types":
            self._start(run.root)

    def after_pass(self, run: PassRun) -> None:
        if self._functions is None:
            return
        self._passes += 1
        text = print_module(run.root)
        if text == self._text:
            return
        self._text = text
        for checked in self._functions:
            self._check(checked, run)

    def report(self) -> str:
        """What was compared. Raises TsirError when nothing could be."""
        functions = self._functions or []
        if not functions:
            why = "; ".join(self._left_out) or "no pass ran, or there is no public function"
            raise TsirError(f"--check-semantics compared nothing: {why}")
        lines: list[str] = []
        for checked in functions:
            raised = [o.raised for o in checked.outcomes if o.raised is not None]
            what = f"{len(checked.inputs)} inputs" + (f" ({len(raised)} of which raise {raised[0]})" if raised else "")
            lines.append(f"@{checked.entry.symbol} gives the same for {what} after each of {self._passes} passes")
        return "\n".join(f"// semantics: {line}" for line in [*lines, *self._left_out])

    def _start(self, module: ModuleOp) -> None:
        self._text = print_module(module)
        self._functions = []
        for entry in runnable(module, self.root):
            try:
                self._functions.append(self._prepared(module, entry))
            except TsirError as error:
                self._left_out.append(f"@{entry.symbol} isn't compared: {error.message}")

    def _prepared(self, module: ModuleOp, entry: EntryPoint) -> _Checked:
        types = argument_types(module, entry, self.root)
        executable = Executable(module, entry.symbol, self.root)
        checked = _Checked(entry, [], [])
        taken = None
        for i in range(self.count):
            best: tuple[list[Any], Outcome] | None = None
            for shape in _SHAPES if taken is None else (taken,):
                draw = Draw(np.random.default_rng([self.seed, i]), 3 + i // 2, shape, special=i % 2 == 1)
                arguments = [draw.value(kind) for kind in types]
                outcome = executable.run(arguments, self.seed)
                if best is None or outcome.raised is None:
                    best = arguments, outcome
                if outcome.raised is None:
                    taken = shape
                    break
            assert best is not None
            checked.inputs.append(best[0])
            checked.outcomes.append(best[1])
        return checked

    def _check(self, checked: _Checked, run: PassRun) -> None:
        symbol = checked.entry.symbol
        try:
            executable = Executable(run.root, symbol, self.root)
            found = [executable.run(arguments, self.seed) for arguments in checked.inputs]
        except CannotRun as error:
            self._left_out.append(f"@{symbol} isn't compared after {run.pass_.name}: {error.message}")
            return
        for i, (arguments, before, after) in enumerate(zip(checked.inputs, checked.outcomes, found, strict=True)):
            differs = difference(before, after)
            if differs is None:
                continue
            names = [p.name for p in checked.entry.parameters]
            shown = ", ".join(f"{n} = {describe_value(a)}" for n, a in zip(names, arguments, strict=False)) or "none"
            notes = [f"inputs {i} of seed {self.seed}: {shown}", f"before: {differs.before}", f"after: {differs.after}"]
            if differs.largest is not None:
                notes.append(f"largest difference: {differs.largest}")
            raise PassError(
                f"pass {run.pass_.name} changes {differs.what} of @{symbol}", notes=tuple((n, None) for n in notes)
            )
