"""Reproducers: IR and the pipeline that fails on it in one file, in mlir-opt's form. `ts-opt --run-reproducer FILE` runs it again.

{-#
  external_resources: {
    mlir_reproducer: { pipeline: "builtin.module(ts-cse)", disable_threading: true, verify_each: false }
  }
#-}
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp

from tsir.dialects.context import print_module
from tsir.errors import PassError, TsirError
from tsir.tools.pass_manager import Instrument, Nest, PassRun, describe, read_pipeline

GROUP = "mlir_reproducer"


def reproducer_text(module: ModuleOp, pipeline: Nest, *, verify_each: bool) -> str:
    """The text of a reproducer."""
    shown = str(pipeline).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return (
        f"{print_module(module, debuginfo=True)}\n{{-#\n  external_resources: {{\n    {GROUP}: {{\n"
        f'      pipeline: "{shown}",\n      disable_threading: true,\n      verify_each: {str(verify_each).lower()}\n'
        "    }\n  }\n#-}\n"
    )


@dataclass(eq=False)
class Reproducer(Instrument):
    """Keeps a reproducer on disk while a pipeline runs, so that it is also there when the process dies.

    It is `FILE.running` until the pipeline fails, when it becomes FILE, or ends. With `local` it has the one pass that failed,
    and the IR that this pass was given.
    """

    file: str
    pipeline: Nest
    module: ModuleOp
    verify_each: bool
    local: bool = False
    _running: Path = field(init=False)

    def __post_init__(self) -> None:
        self._running = Path(f"{self.file}.running")
        if not self.local:
            self._write(self.pipeline)

    def _write(self, pipeline: Nest) -> None:
        self._running.write_text(reproducer_text(self.module, pipeline, verify_each=self.verify_each), encoding="utf-8")

    def before_pass(self, run: PassRun) -> None:
        if self.local:
            pipeline = Nest(run.path[-1], (run.pass_,))
            for anchor in reversed(run.path[:-1]):
                pipeline = Nest(anchor, (pipeline,))
            self._write(pipeline)

    def after_failure(self, run: PassRun, error: TsirError) -> None:
        os.replace(self._running, self.file)
        said = f"pipeline failed while executing {run.title} ({run.pass_.name}) on {describe(run.target)}"
        error.notes = (*error.notes, (f"{said}: reproducer generated at {self.file}", None))

    def __enter__(self) -> Reproducer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # What isn't TsirError is the end of the process (KeyboardInterrupt, MemoryError): the file stays.
        if kind is None or issubclass(kind, TsirError):
            self._running.unlink(missing_ok=True)


def stored_pipeline(resources: dict[str, dict[str, str]], name: str) -> tuple[Nest, bool]:
    """The pipeline of a reproducer and whether it verifies after each pass. Raises PassError for a text that has none."""
    found = resources.get(GROUP, {})
    if "pipeline" not in found:
        raise PassError(
            f"{name} is no reproducer: it has no pipeline", hint=f"it stands in external_resources: {{{GROUP}: ..."
        )
    return read_pipeline(found["pipeline"]), found.get("verify_each") == "true"
