"""Which trace, if any, is being recorded here: how a compiled function that is called in a traced program gets to know of it.

Nothing of torch or xDSL is needed to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from tsir.dialects.program import EntryPoint, Program
from tsir.dialects.values import Instance


class Trace(Protocol):
    """What a compiled function needs of a recorder."""

    def compiled_call(
        self, program: Program, entry: EntryPoint, instance: Instance | None, values: Sequence[Any], run: Callable[[], Any]
    ) -> Any:
        """Records a call of a compiled program, which `run` carries out; gives its result.

        `values` are for the entry point's parameters, all of them and in order, in torch's terms.
        """
        ...

    def program_of_torch_jit(self, module: Any) -> Program | None:
        """The program of a module that torch.jit has compiled, over the module's own tensors; None where calls aren't recorded."""
        ...


_current: ContextVar[Trace | None] = ContextVar("tsir_trace", default=None)

current_trace = _current.get
"""The trace that is being recorded in this thread or task, or None."""

recordings: list[Trace] = []
"""The traces that are being recorded anywhere: while there is none, nobody needs to ask for the current one."""


@contextmanager
def recording(trace: Trace) -> Generator[None, None, None]:
    """While this is active, `current_trace` gives `trace`."""
    token = _current.set(trace)
    recordings.append(trace)
    try:
        yield
    finally:
        recordings.remove(trace)
        _current.reset(token)
