"""Names of torch.jit that mean less here than there: tsir optimises every specialisation, and has no fuser to choose.

Each of these does what torch.jit's callers rely on, or raises a TsirError that says what to use.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from tsir.errors import OperatorError, TsirError
from tsir.runtime.compiled import ScriptModule
from tsir.runtime.methods import ScriptFunction


def freeze(mod: Any, preserved_attrs: Sequence[str] | None = None, optimize_numerics: bool = True) -> Any:
    """A copy of a compiled module whose parameters and attributes are constants with the values of now, as torch.jit's.

    It has `forward`, what the methods change, and the attributes and methods that `preserved_attrs` names, also of submodules:
    `fc.weight`. Raises OperatorError for a module in training mode, and for names that the module doesn't have.
    """
    if not isinstance(mod, ScriptModule):
        raise OperatorError(f"freeze takes a compiled module, not a {type(mod).__name__}", hint="tsir.script it first")
    if mod.instance.attributes.get("training"):
        raise OperatorError("a module in training mode can't be frozen", hint="call eval() on it first")
    from tsir.runtime.freezing import frozen

    return frozen(mod, preserved_attrs or ())


def optimize_for_inference(mod: Any, other_methods: Sequence[str] | None = None) -> Any:
    """`freeze` after `eval()`, for a module that isn't frozen: each specialisation is optimised when it is made."""
    if not isinstance(mod, ScriptModule):
        raise OperatorError(
            f"optimize_for_inference takes a compiled module, not a {type(mod).__name__}", hint="tsir.script it first"
        )
    return freeze(mod.eval(), other_methods) if hasattr(mod, "training") else mod


def run_frozen_optimizations(
    mod: Any, optimize_numerics: bool = True, preserved_methods: Sequence[str] | None = None
) -> None:
    """Does nothing but look whether the methods are there: each specialisation is optimised when it is made."""
    if not isinstance(mod, ScriptModule):
        raise OperatorError(
            f"run_frozen_optimizations takes a compiled module, not a {type(mod).__name__}", hint="tsir.script it first"
        )
    for name in preserved_methods or ():
        mod.compiled_method(name)


def set_fusion_strategy(strategy: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Does nothing, for there is no fuser; the first call gets static shapes, a dimension that varies becomes dynamic."""
    for kind, _ in strategy:
        if kind not in ("STATIC", "DYNAMIC"):
            raise OperatorError(f"a fusion strategy is STATIC or DYNAMIC, not {kind!r}")
    return [("STATIC", 1), ("DYNAMIC", 1)]


def enable_onednn_fusion(enabled: bool) -> None:
    """Does nothing: there is no oneDNN here."""


def onednn_fusion_enabled() -> bool:
    """False: there is no oneDNN here."""
    return False


@contextmanager
def optimized_execution(should_optimize: bool) -> Generator[None]:
    """Does nothing: what a specialisation is doesn't depend on it."""
    yield


@contextmanager
def fuser(name: str) -> Generator[None]:
    """Does nothing: there is no fuser to choose."""
    yield


@contextmanager
def strict_fusion() -> Generator[None]:
    """Does nothing: there is no fuser."""
    yield


def last_executed_optimized_graph() -> Any:
    """Raises TsirError."""
    raise TsirError("tsir keeps no last executed graph", hint="m.stages(x) shows a call at every stage")


def export_opnames(m: Any) -> list[str]:
    """The names of the ATen operators that a compiled module or function uses, sorted."""
    if not isinstance(m, ScriptModule | ScriptFunction):
        raise TsirError(f"export_opnames takes a compiled module or function, not a {type(m).__name__}")
    names = {op.name.removeprefix("ts.") for op in m.program.module.walk() if op.name.startswith("ts.aten.")}
    return sorted(n.replace("aten.", "aten::", 1) for n in names)
