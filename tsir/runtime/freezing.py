"""Freezing compiled modules: `tsir.freeze`, what of a module stays, and the module that it gives.

What becomes of the program is in `passes/fold_attributes.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from tsir.dialects.program import EntryPoint, OtherForms, Program
from tsir.dialects.sharing import bounds
from tsir.dialects.values import Instance
from tsir.errors import OperatorError
from tsir.runtime.compiled import ScriptModule
from tsir.runtime.copying import program_of

if TYPE_CHECKING:
    from tsir.passes.fold_attributes import Preserved

Array = np.ndarray[Any, Any]

_CALLED = ("forward", "__call__")


def frozen(module: ScriptModule, preserved_attrs: Sequence[str]) -> ScriptModule:
    """A module whose attributes are constants, but for those that its methods change and those that are preserved.

    It has `forward` and the preserved methods. Constants are the values of now, in memory of their own; what stays is shared with
    `module`. A module without any of these methods is copied as it is, as torch does. Raises OperatorError for names that the
    module doesn't have.
    """
    from tsir.passes.fold_attributes import fold_attributes

    program = module.program if module._root is None else program_of(module)
    program.check_weights()
    own, preserved = _preserved(module, program, preserved_attrs)
    entries = {name: e for name, e in program.entry_points.items() if name in own}
    if not entries:
        return ScriptModule(program_of(module, _copied_objects(module.instance)))
    folded = fold_attributes(program.module, [s for e in entries.values() for s in _symbols(e)], module.instance, preserved)
    copies = _Copies()
    for name in folded.constants:
        folded.root.attributes[name] = copies.of(folded.root.attributes[name])
    made = Program(
        lambda: folded.module, {n: _finished(e) for n, e in entries.items()}, folded.root, dict(program.sources),
        exceptions=program.exceptions, classes=program.classes, python_functions=program.python_functions,
    )  # fmt: skip
    return ScriptModule(made)


def _preserved(module: ScriptModule, program: Program, names: Iterable[str]) -> tuple[set[str], Preserved]:
    """The methods of the module itself that stay, and what else does."""
    from tsir.passes.fold_attributes import Preserved
    from tsir.runtime.compilation import method_names

    own = {n for n in _CALLED if n in program.entry_points}
    preserved = Preserved()
    for name in names:
        path, _, last = name.rpartition(".")
        owner: Any = module.instance
        for part in path.split(".") if path else ():
            owner = owner.attributes.get(part) if isinstance(owner, Instance) else None
        if isinstance(owner, Instance) and last in owner.attributes:
            preserved.attributes.append((owner, last))
        elif owner is module.instance and last in program.entry_points:
            own.add(last)
        elif isinstance(owner, Instance) and last in method_names(program, owner):
            preserved.methods.append((owner, last))
        else:
            raise OperatorError(
                f"Unknown name: {name}", hint="preserved_attrs names attributes and compiled methods, such as 'fc.weight'"
            )
    return own, preserved


def _symbols(entry: EntryPoint) -> list[str]:
    """The functions of an entry point: its own, and those for calls of other forms."""
    variants = [] if entry.others is None else [v.entry.symbol for v in entry.others.variants]
    return [entry.symbol, *variants]


def _finished(entry: EntryPoint) -> EntryPoint:
    """An entry point that takes the forms of calls that it has by now: others would be compiled for the module as it was."""
    if entry.others is None:
        return entry
    others = entry.others
    return replace(
        entry, others=OtherForms(others.keywords, others.varargs, others.present, others.bare, list(others.variants))
    )


def _copied_objects(instance: Instance) -> Instance:
    """An object with others in it that are copies; tensors and containers are shared."""
    copies: dict[int, Instance] = {}
    made = Instance(instance.class_name)
    todo = [(instance, made)]
    copies[id(instance)] = made
    while todo:
        old, new = todo.pop()
        for name, value in old.attributes.items():
            if isinstance(value, Instance):
                if id(value) not in copies:
                    copies[id(value)] = Instance(value.class_name)
                    todo.append((value, copies[id(value)]))
                value = copies[id(value)]
            new.attributes[name] = value
    return made


class _Copies:
    """Copies of values, in which arrays lie in copies of the memory that they lie in."""

    def __init__(self) -> None:
        self._memory: dict[int, tuple[Array, Array]] = {}
        self._values: dict[int, tuple[Any, Any]] = {}

    def of(self, value: Any) -> Any:
        """The copy of a value."""
        if not isinstance(value, np.ndarray | list | tuple | dict):
            return value
        known = self._values.get(id(cast(Any, value)))
        if known is None:
            known = self._values[id(cast(Any, value))] = value, self._copied(value)
        return known[1]

    def _copied(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return self._array(cast(Array, value))
        if isinstance(value, dict):
            return {k: self.of(v) for k, v in cast("dict[Any, Any]", value).items()}
        items = [self.of(v) for v in cast("list[Any]", value)]
        if isinstance(value, list):
            return items
        return value._make(items) if hasattr(value, "_make") else tuple(items)

    def _array(self, array: Array) -> Array:
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = cast(Array, owner.base)
        if id(owner) not in self._memory:
            self._memory[id(owner)] = owner, _bytes_of(owner)
        memory = self._memory[id(owner)][1]
        offset = array.__array_interface__["data"][0] - bounds(owner)[0] if array.size else 0
        return np.ndarray(array.shape, array.dtype, memory, offset, array.strides)


def _bytes_of(owner: Array) -> Array:
    """A copy of the memory between an array's first byte and its last one."""
    low, high = bounds(owner)
    interface = {"shape": (high - low,), "typestr": "|u1", "data": (low, True), "version": 3}
    return np.asarray(type("_Memory", (), {"__array_interface__": interface})()).copy()
