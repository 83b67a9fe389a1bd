"""Binding of the arguments of calls from Python to an entry point's parameters, as torch.jit does it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tsir.dialects.program import EntryPoint, Parameter
from tsir.errors import OperatorTypeError
from tsir.runtime.torch_adapter import adapter


class Binder:
    """Binds the arguments of calls to an entry point's parameters."""

    def __init__(self, entry: EntryPoint) -> None:
        self.entry = entry
        self._known: dict[tuple[int, tuple[str, ...]], tuple[tuple[str, ...], dict[str, Any]]] = {}
        """For calls with so many positional arguments and these keywords: the other parameters, and defaults of some."""
        self._repeats = [(i, p.repeat) for i, p in enumerate(entry.parameters) if p.repeat]
        self._current = {p.name: p.current for p in entry.parameters if p.current is not None}

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The values for the parameters in order. Raises OperatorTypeError for misfits, as torch.jit does."""
        if self._current:
            kwargs = {name: current() for name, current in self._current.items() if name not in kwargs} | kwargs
        if not self._repeats:
            return self._bound(args, kwargs)
        values = list(self._bound(args, kwargs))
        for i, times in self._repeats:
            if isinstance(values[i], int | float):
                values[i] = [values[i]] * times
        return tuple(values)

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        form = (len(args), tuple(kwargs))
        known = self._known.get(form)
        if known is None:
            bound = bind(self.entry, args, kwargs)
            names = tuple(p.name for p in self.entry.parameters[len(args) :])
            defaults = {p.name: _default(p) for p in self.entry.parameters[len(args) :] if p.name not in kwargs}
            self._known[form] = (names, defaults)
            return tuple(bound)
        names, defaults = known
        return (*args, *map((defaults | kwargs if defaults else kwargs).__getitem__, names))


def bind(entry: EntryPoint, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The values for the parameters in order, defaults filled in. Raises OperatorTypeError as torch.jit does for misfits."""
    positional = [p for p in entry.parameters if not p.kwarg_only]
    if len(args) > len(positional):
        raise OperatorTypeError(
            f"{entry.name}() expected at most {len(positional)} argument(s) but received {len(args)} argument(s)"
        )
    left = dict(kwargs)
    bound: list[Any] = []
    for i, parameter in enumerate(entry.parameters):
        if not parameter.kwarg_only and i < len(args):
            if parameter.name in left:
                raise OperatorTypeError(f"{entry.name}() got multiple values for argument '{parameter.name}'")
            bound.append(args[i])
        elif parameter.name in left:
            bound.append(left.pop(parameter.name))
        elif parameter.has_default:
            bound.append(_default(parameter))
        else:
            raise OperatorTypeError(f"{entry.name}() is missing value for argument '{parameter.name}'")
    if left:
        raise OperatorTypeError(f"{entry.name}() got unknown keyword argument '{next(iter(left))}'")
    return bound


def _default(parameter: Parameter) -> Any:
    """A parameter's default as the caller would pass it: a tensor where torch is loaded."""
    torch = adapter()
    tensor = torch is not None and isinstance(parameter.default, np.ndarray)
    return torch.to_tensor(parameter.default) if tensor and torch is not None else parameter.default
