"""What the tensors and numbers of a running program stand for, while it is being traced.

A tensor is an input, the result of something recorded, an attribute of one of the program's modules, or else a constant. Recording
itself is in `recorder.py`.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch.utils.weak import WeakTensorKeyDictionary
from xdsl.dialects.builtin import LocationAttr
from xdsl.ir import SSAValue

from tsir.dialects.dtypes import DType
from tsir.dialects.locations import location_attribute
from tsir.dialects.schema import SchemaRegistry
from tsir.dialects.ts import types as ts
from tsir.dialects.ts.families import py_op
from tsir.dialects.ts.structure import GetAttrOp
from tsir.errors import SourceLocation, TracerWarning, UnsupportedError
from tsir.frontend.constants import emit_constant, insert
from tsir.frontend.overloads import emit_one
from tsir.frontend.torch_names import is_torch_constant, torch_constant
from tsir.frontend.trace.modules import ModuleTable, TracedModule
from tsir.frontend.trace.numbers import TracedFloat, TracedInt
from tsir.frontend.trace.places import current_place, user_place
from tsir.frontend.trace.scopes import Scope, Scopes, name_hint


class TracedValues:
    """The SSA values of tensors and numbers, seen from the function that is being recorded."""

    def __init__(self, registry: SchemaRegistry, modules: ModuleTable) -> None:
        self.registry = registry
        self.modules = modules
        self.scopes = Scopes()
        self.recording = False
        self._values = WeakTensorKeyDictionary()
        self._objects: dict[Scope, tuple[TracedModule, SSAValue | None]] = {}
        self._attributes: dict[tuple[Scope, tuple[str, ...]], SSAValue] = {}
        self._constants = WeakTensorKeyDictionary()
        """The values of tensors that weren't computed and are no attribute."""
        self._inputs: dict[Scope, WeakTensorKeyDictionary] = {}
        """What the tensors that were passed to a module stand for in its function."""
        self._fresh = WeakTensorKeyDictionary()
        """Tensors that the traced code made of Python values (`torch.tensor`), and copies of what they were then."""
        self._fixed = WeakTensorKeyDictionary()
        """Tensors that were recorded, but from constants alone: a Python value of them is the same in each run."""
        self._warned: set[tuple[str, SourceLocation | None]] = set()

    # Scopes.

    @property
    def scope(self) -> Scope:
        """The function that is being recorded."""
        current = self.scopes.current
        assert current is not None
        return current

    def open(self, symbol: str, traced: TracedModule, location: LocationAttr, *, private: bool) -> Scope:
        """Begins the function of a call of a module; its first argument is the module, unless it is a traced function's."""
        scope = self.scopes.open(symbol, location, private=private)
        has_self = traced.module is not None
        self._objects[scope] = (traced, scope.add_argument(traced.type, "self") if has_self else None)
        traced.functions.append(scope)
        return scope

    def location(self, scope: Scope | None = None) -> LocationAttr:
        """The place of what is being recorded, as seen from a function (the current one)."""
        return location_attribute(current_place((scope or self.scope).entry))

    # Values.

    def bind(self, tensor: torch.Tensor, value: SSAValue) -> None:
        """From now on the tensor stands for this value."""
        self._values[tensor] = value

    def bind_input(self, tensor: torch.Tensor, value: SSAValue) -> None:
        """In the current function, and in those it calls, the tensor stands for this value; elsewhere for what it stood for."""
        self._inputs.setdefault(self.scope, WeakTensorKeyDictionary())[tensor] = value

    def replace(self, tensor: torch.Tensor, value: SSAValue) -> None:
        """From now on the tensor stands for this value, also where it was passed in."""
        for inputs in self._inputs.values():
            inputs.pop(tensor, None)
        self.bind(tensor, value)

    def is_computed(self, tensor: torch.Tensor) -> bool:
        """Whether the tensor is an input or the result of something recorded."""
        return self._known(tensor) is not None

    def depends(self, value: Any) -> bool:
        """Whether a tensor or number may be another for other inputs."""
        if not isinstance(value, torch.Tensor):
            return isinstance(value, TracedInt | TracedFloat)
        return self.is_computed(value) and value not in self._fixed

    def is_visible(self, tensor: torch.Tensor) -> bool:
        """Whether the tensor's value belongs to a function that is still being recorded."""
        value = self._known(tensor)
        return value is not None and self.scopes.is_open(value)

    def _known(self, tensor: torch.Tensor) -> SSAValue | None:
        scope: Scope | None = self.scopes.current
        while scope is not None:
            inputs = self._inputs.get(scope)
            if inputs is not None and (value := inputs.get(tensor)) is not None:
                return value
            scope = scope.parent
        return self._values.get(tensor)

    def number(self, value: float, ssa: SSAValue) -> Any:
        """A Python number that stands for an SSA value; a bool, which can't, is plain."""
        if isinstance(value, bool):
            return value
        return TracedInt(value, ssa, self) if isinstance(value, int) else TracedFloat(value, ssa, self)

    def leaf(self, value: Any) -> SSAValue:
        """The SSA value, in the current function, of a tensor or traced number."""
        if isinstance(value, TracedInt | TracedFloat):
            return self.scopes.resolve(value.ssa)
        found = self._known(value)
        return self._attribute(value) if found is None else self.scopes.resolve(found)

    def object(self, traced: TracedModule) -> SSAValue:
        """The SSA value, in the current function, of a module."""
        if traced.module is None:
            return self.scopes.resolve(self._root_object())
        found = self._below(traced.module)
        assert found is not None
        return found

    def _below(self, wanted: torch.Tensor | torch.nn.Module) -> SSAValue | None:
        """A tensor or module that is an attribute of the current module or, passed as an argument, of one that calls it."""
        scope: Scope | None = self.scopes.current
        while scope is not None:
            traced, _ = self._objects[scope]
            path = traced.path(wanted)
            if path is not None:
                return self.scopes.resolve(self._read(scope, path))
            scope = scope.parent
        return None

    def _read(self, scope: Scope, path: tuple[str, ...]) -> SSAValue:
        known = self._attributes.get((scope, path))
        if known is not None:
            return known
        traced, value = self._objects[scope]
        if not path:
            return value if value is not None else self._root_object()
        holder = traced
        for name in path[:-1]:
            assert holder.module is not None
            below = self.modules.find(holder.module._modules[name])  # type: ignore[arg-type]
            assert below is not None
            holder = below
        kind = holder.members[path[-1]].type
        read = GetAttrOp(self._read(scope, path[:-1]), path[-1], kind)
        result = insert(scope.builder, read, self.location(scope)).result
        result.name_hint = name_hint(path[-1])
        self._attributes[scope, path] = result
        return result

    def _root_object(self) -> SSAValue:
        """The object that holds the constants of a traced function; the function takes it when there is a constant."""
        scope = self.scope
        while scope.parent is not None:
            scope = scope.parent
        traced, value = self._objects[scope]
        if value is None:
            value = scope.block.insert_arg(traced.type, 0, scope.function.location)
            value.name_hint = "self"
            self._objects[scope] = (traced, value)
        return value

    def _attribute(self, tensor: torch.Tensor) -> SSAValue:
        """A tensor that wasn't computed by what was recorded: an attribute of a module, or a constant."""
        found = self._below(tensor)
        if found is not None:
            return found
        if (known := self._constants.get(tensor)) is not None:
            return self.scopes.resolve(known)
        scope = self.scope
        traced, holder = self._objects[scope]
        try:
            snapshot: torch.Tensor | None = self._fresh.get(tensor)
            name = traced.add_constant(tensor if snapshot is None else snapshot, self.modules.arrays)
        except UnsupportedError as error:
            raise UnsupportedError(error.message, hint=error.hint, location=user_place()) from None
        source = self._root_object() if holder is None else holder
        location = self.location()
        found = insert(scope.builder, GetAttrOp(source, name, ts.TensorType()), location).result
        found.name_hint = name
        if tensor in self._fresh:
            # Each run makes this tensor anew, and may write to it.
            found = emit_one(scope.builder, self.registry, "clone", [found], {}, location)
        self._constants[tensor] = found
        return found

    def operand(self, value: Any) -> Any:
        """An argument of a call as `overloads.py` takes it."""
        if isinstance(value, torch.Tensor | TracedInt | TracedFloat):
            return self.leaf(value)
        if isinstance(value, torch.Size | list | tuple):
            return [self.operand(v) for v in value]
        if is_torch_constant(value):
            return torch_constant(value)
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, torch.Generator):
            raise UnsupportedError("random numbers of a torch.Generator aren't supported", location=user_place())
        if isinstance(value, range):
            return list(value)
        if value is None or isinstance(value, bool | int | float | complex | str | DType):
            return value
        raise UnsupportedError(f"an argument of type {type(value).__name__} can't be recorded", location=user_place())

    # What the numbers ask for.

    def number_operation(self, function: str, operands: tuple[Any, ...], result: float) -> int | float:
        """Records `ts.py.<function>` on numbers."""
        location = self.location()
        values = [
            self.leaf(o)
            if isinstance(o, TracedInt | TracedFloat)
            else emit_constant(self.scope.builder, int(o) if isinstance(o, bool) else o, location)
            for o in operands
        ]
        kind = ts.FLOAT if isinstance(result, float) else ts.INT
        value = insert(self.scope.builder, py_op(function)(values, [kind]), location).results[0]
        return self.number(result, value)

    def leaks(self, what: str) -> None:
        """Warns, once for each line, that what was recorded may not hold for other inputs."""
        if not self.recording:
            return
        place = user_place()
        if (what, place) in self._warned:
            return
        self._warned.add((what, place))
        where = f"{place}: " if place else ""
        excerpt = f"\n{place.excerpt()}" if place else ""
        message = f"{where}{what} might make the trace wrong for other inputs: the value is kept as a constant{excerpt}"
        if place is None:
            warnings.warn(message, TracerWarning, stacklevel=3)
        else:
            warnings.warn_explicit(message, TracerWarning, place.file, place.line)
