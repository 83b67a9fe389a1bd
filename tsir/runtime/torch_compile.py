"""The backend of torch.compile: `torch.compile(model, backend="tsir")`. torch finds it by the entry point in `pyproject.toml`.

torch's own tracing (Dynamo) gives the graphs between graph breaks, its AOTAutograd the graphs of ATen's operators for a call and,
where gradients are wanted, for the backward pass; each is compiled as a program of its own. Operators that tsir doesn't have
are called in torch. Imported only where torch is.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch._decomp import core_aten_decompositions
from torch._dynamo.backends.common import aot_autograd
from torch._functorch._aot_autograd.utils import make_boxed_func
from torch._functorch.partitioners import min_cut_rematerialization_partition
from torch._guards import TracingContext
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
        inference_compiler=_Compiler(dynamic, fixes=True),
        decompositions=_decompositions(),
        partition_fn=min_cut_rematerialization_partition,
    )
    return made(graph, list(example_inputs))


class _Compiler:
    """Compiles graphs of ATen's operators.

    With `fixes` the parameters and buffers that a graph takes, and that it doesn't change, are what its first calls give: what is
    computed of them alone is computed once. Other calls of the same graph, as for another module of the same class, have programs of
    their own; from the `_MOST_MODULES`-th on they give all tensors as arguments.
    """

    def __init__(self, dynamic: bool | None, *, fixes: bool = False) -> None:
        self._dynamic = dynamic
        self._fixes = fixes

    def __call__(self, graph: torch.fx.GraphModule, example_inputs: Sequence[Any]) -> Callable[..., Any]:
        fixed = _fixed_inputs() if self._fixes else ()
        whole = None if fixed else self._compiled(graph, {})
        if whole is not None:
            return make_boxed_func(lambda *args: list(whole(*args)))
        return make_boxed_func(_Calls(lambda tensors: self._compiled(graph, tensors), fixed, len(example_inputs)))

    def _compiled(self, graph: torch.fx.GraphModule, fixed: Mapping[int, torch.Tensor]) -> Callable[..., Any]:
        with _disable_current_modes():
            module = ScriptModule(program_of(read_graph(graph, fixed), calls_torch=True, functional=True))
        method = module.compiled_method("forward")
        if self._dynamic is not None:
            method.fix_shapes(read_policy(self._dynamic, method.entry))
        return method


_MOST_MODULES = 16


class _Calls:
    """Calls of a graph some of whose inputs are the tensors of a module."""

    def __init__(
        self, compile_for: Callable[[Mapping[int, torch.Tensor]], Callable[..., Any]], fixed: Sequence[int], count: int
    ) -> None:
        self._compile_for = compile_for
        self._of_module = operator.itemgetter(*fixed)
        self._fixed = fixed
        self._others = [i for i in range(count) if i not in fixed]
        self._known: dict[tuple[int, ...], Callable[..., Any]] = {}
        self._whole: Callable[..., Any] | None = None

    def __call__(self, *args: Any) -> list[Any]:
        given = self._of_module(args)
        key = tuple(map(id, given)) if len(self._fixed) > 1 else (id(given),)
        method = self._known.get(key)
        if method is None:
            if len(self._known) >= _MOST_MODULES:
                self._whole = self._whole or self._compile_for({})
                return list(self._whole(*args))
            method = self._known[key] = self._compile_for({i: args[i] for i in self._fixed})
        return list(method(*[args[i] for i in self._others]))


def _fixed_inputs() -> tuple[int, ...]:
    """The inputs of the graph that is being compiled which are a module's own tensors that the graph doesn't change."""
    context = TracingContext.try_get()
    known = None if context is None else context.fw_metadata
    if known is None:
        return ()
    return tuple(i for i in known.static_input_indices if i not in set(known.mutated_inp_runtime_indices))


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
