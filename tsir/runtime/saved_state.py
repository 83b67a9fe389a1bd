"""Modules that say themselves what is saved of them: compiled `__getstate__` and `__setstate__`, as torch.jit calls them.

What `__setstate__` makes of the state is done when a module is saved or copied, on a copy of it: the archive has attributes alone,
and reading one runs nothing.
"""

from __future__ import annotations

from typing import Any, cast

from tsir.dialects.program import Program
from tsir.dialects.values import Instance
from tsir.runtime.compiled import ScriptModule
from tsir.runtime.copying import program_of

_METHODS = ("__getstate__", "__setstate__")


def with_saved_state(program: Program) -> Program:
    """The program with what is saved of its objects; itself where none of them has these methods."""
    if program.root is None or not (classes := _classes(program)):
        return program
    copies: dict[int, Any] = {}
    root = cast(Instance, _copied(program.root, copies))
    saved = program_of(ScriptModule(program), root)
    whole = ScriptModule(saved)
    modules = [whole.wrap(made) for _, made in copies.values() if isinstance(made, Instance) and made.class_name in classes]
    states = [module.compiled_method("__getstate__")() for module in modules]
    for module, state in zip(reversed(modules), reversed(states), strict=True):  # submodules first
        module.compiled_method("__setstate__")(state)
    return saved


def _classes(program: Program) -> set[str]:
    """The classes that have both methods."""
    from tsir.passes.structure import methods

    named: dict[str, int] = {}
    for cls, name in methods(program.module):
        if name in _METHODS:
            named[cls] = named.get(cls, 0) + 1
    return {cls for cls, count in named.items() if count == len(_METHODS)}


def _copied(value: Any, copies: dict[int, Any]) -> Any:
    """A value with a copy of each object in it; arrays are shared."""
    if not isinstance(value, Instance | list | dict | tuple):
        return value
    if (known := copies.get(id(cast(object, value)))) is not None:
        return known[1]
    if isinstance(value, Instance):
        made = Instance(value.class_name)
        copies[id(value)] = (value, made)
        made.attributes.update({n: _copied(v, copies) for n, v in value.attributes.items()})
        return made
    if isinstance(value, tuple):
        items = [_copied(v, copies) for v in cast("tuple[Any, ...]", value)]
        return value._make(items) if hasattr(value, "_make") else tuple(items)  # type: ignore[attr-defined]
    if isinstance(value, dict):
        copies[id(value)] = (value, copy := value.copy())
        copy.update({k: _copied(v, copies) for k, v in cast("dict[Any, Any]", value).items()})
        return copy
    copies[id(value)] = (value, items := cast("list[Any]", []))
    items.extend(_copied(v, copies) for v in cast("list[Any]", value))
    return items
