"""The backend of torch.compile: `torch.compile(model, backend="tsir")`. torch finds it by the entry point in `pyproject.toml`.

torch's own tracing (Dynamo) gives the graphs between graph breaks, its AOTAutograd the graphs of ATen's operators for a call and,
where gradients are wanted, for the backward pass; each is compiled as a program of its own. Operators that tsir doesn't have
are called in torch. Imported only where torch is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch._decomp import core_aten_decompositions
from torch._dynamo.backends.common import aot_autograd
from torch._functorch._aot_autograd.utils import make_boxed_func
from torch._functorch.partitioners import min_cut_rematerialization_partition
from torch.utils._python_dispatch import _disable_current_modes

from tsir.errors import TsirError
from tsir.frontend.exported.from_memory import read_graph
from tsir.frontend.exported.operators import is_known
from tsir.frontend.exported.programs import program_of
from tsir.runtime.compiled import ScriptModule
from tsir.runtime.shape_policies import read_policy

_MODES = ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")


def backend(
    graph: torch.fx.GraphModule,
    example_inputs: Sequence[Any],
    *,
    mode: str | None = None,
    options: Mapping[str, Any] | None = None,
    **others: Any,
) -> Callable[..., Any]:
    """Compiles a graph of torch.compile's. `mode` is one of torch's, which mean nothing here.

    `options`: `dynamic_shapes` is True or False as for `tsir.script`, for each graph's sizes; by default those vary that differ
    between calls. Raises TsirError for other options and modes, UnsupportedError for a graph that tsir can't take.
    """
    if mode is not None and mode not in _MODES:
        raise TsirError(f"unknown mode {mode!r} for torch.compile", hint=f"one of {', '.join(_MODES)}")
    given = {**(options or {}), **others}
    dynamic = given.pop("dynamic_shapes", None)
    if given:
        raise TsirError(
            f"the backend tsir has no option {next(iter(given))!r}", hint='options={"dynamic_shapes": True} is the only one'
        )
    compile_graph = _Compiler(dynamic)
    made = aot_autograd(
        fw_compiler=compile_graph,
        bw_compiler=compile_graph,
        inference_compiler=compile_graph,
        decompositions=_decompositions(),
        partition_fn=min_cut_rematerialization_partition,
    )
    return made(graph, list(example_inputs))


class _Compiler:
    """Compiles graphs of ATen's operators."""

    def __init__(self, dynamic: bool | None) -> None:
        self._dynamic = dynamic

    def __call__(self, graph: torch.fx.GraphModule, example_inputs: Sequence[Any]) -> Callable[..., Any]:
        with _disable_current_modes():
            module = ScriptModule(program_of(read_graph(graph), calls_torch=True, functional=True))
        if self._dynamic is not None:
            method = module.compiled_method("forward")
            method.fix_shapes(read_policy(self._dynamic, method.entry))

        def run(*args: Any) -> list[Any]:
            return list(module(*args))

        return make_boxed_func(run)


def _decompositions() -> dict[Any, Any]:
    """What torch writes in terms of other operators: those of its operators that tsir doesn't have."""
    return {op: f for op, f in core_aten_decompositions().items() if _is_unknown(op)}


def _is_unknown(op: Any) -> bool:
    return (
        isinstance(op, torch._ops.OpOverload)
        and op.namespace == "aten"
        and not is_known(f"aten.{op._schema.name.partition('::')[2]}.{op._overloadname}")
    )


__all__ = ["backend"]
