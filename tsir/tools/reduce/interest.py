"""What makes IR interesting: a command or a pipeline that fails on it."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from xdsl.dialects.builtin import ModuleOp

from tsir.dialects.context import print_module
from tsir.dialects.values import Instance
from tsir.errors import TsirError
from tsir.tools.contexts import tool_context
from tsir.tools.instrument.verifying import Verify
from tsir.tools.pass_manager import Instrument, Nest, run_pipeline

Test: TypeAlias = "Callable[[ModuleOp], bool]"
"""Whether a module, which it leaves as it is, is still interesting."""


class CommandTest:
    """A shell command that gets the IR as a file: `{}` in it, or its last argument. Any exit status but 0 is interesting."""

    def __init__(self, command: str, status: int | None = None, timeout: float = 60.0) -> None:
        """`status` is the one that is interesting. A run of more than `timeout` seconds isn't."""
        self._command = command if "{}" in command else f"{command} {{}}"
        self._status = status
        self._timeout = timeout
        self._folder = tempfile.TemporaryDirectory(prefix="ts-reduce-")
        self._file = Path(self._folder.name, "reduced.mlir")

    def __call__(self, module: ModuleOp) -> bool:
        self._file.write_text(print_module(module), encoding="utf-8")
        command = self._command.replace("{}", shlex.quote(str(self._file)))
        try:
            done = subprocess.run(
                command, shell=True, timeout=self._timeout, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            return False
        if done.returncode in (126, 127):
            raise TsirError(f"the test can't be run: {command}", hint=f"the shell's status is {done.returncode}")
        return done.returncode != 0 if self._status is None else done.returncode == self._status

    def __enter__(self) -> CommandTest:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


class PipelineTest:
    """A pipeline that fails, or gives IR that is wrong, in this process. `text` has to be in the error's message.

    `checks` makes instruments for a run, such as one that compares results.
    """

    def __init__(
        self,
        pipeline: Nest,
        text: str = "",
        objects: dict[str, Instance] | None = None,
        checks: Callable[[], list[Instrument]] = list,
    ) -> None:
        self._pipeline = pipeline
        self._text = text
        self._objects = objects or {}
        self._checks = checks
        self.error: TsirError | None = None
        """The failure of the last run that was interesting."""

    def __call__(self, module: ModuleOp) -> bool:
        context = tool_context(allow_unregistered=True)
        context.objects.update(self._objects)
        copy = module.clone()
        try:
            run_pipeline(self._pipeline, context, copy, [*self._checks(), Verify()])
        except TsirError as error:
            if self._text in str(error):
                self.error = error
                return True
        return False
