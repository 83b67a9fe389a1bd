"""`--verify-each`: IR is verified after each pass, so that the pass that broke it is named."""

from __future__ import annotations

from dataclasses import dataclass, field

from tsir.dialects.verify import Verifier
from tsir.errors import IRError, PassError
from tsir.tools.instrument.timing import Timing
from tsir.tools.pass_manager import Instrument, PassRun


@dataclass(eq=False)
class Verify(Instrument):
    """Verifies what a pass worked on. After a nested pass that is its operation, with the module's classes."""

    timing: Timing | None = None
    verifier: Verifier = field(default_factory=Verifier)
    """Knows the operations that were right after the pass before."""

    def after_pass(self, run: PassRun) -> None:
        if self.timing is None:
            self._verify(run)
        else:
            with self.timing.measure("(V) Verifier"):
                self._verify(run)

    def _verify(self, run: PassRun) -> None:
        try:
            self.verifier.verify(run.target, declared_in=run.root)
        except IRError as error:
            raise PassError(
                f"pass {run.pass_.name} gives IR that is wrong: {error.message}",
                location=error.location,
                hint=error.hint,
                notes=error.notes,
                code=error.code,
            ) from error
