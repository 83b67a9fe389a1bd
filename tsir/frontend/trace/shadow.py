"""torch's Python functions, made to run their body under a `TorchFunctionMode` instead of calling it again.

`F.relu` and its kin first ask `has_torch_function` and, under a mode, hand the whole call to it. A shadow of such a function has
the same code, but globals in which `has_torch_function` and its variants answer False, and in which the module's other functions
are shadows too. So its body runs, and the builtin operators that it calls are what the mode sees. torch itself isn't changed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any

from torch._jit_internal import boolean_dispatched

_QUESTIONS = ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")


def _no(*_: Any) -> bool:
    return False


class Shadows:
    """The shadows of one trace."""

    def __init__(self) -> None:
        self._globals: dict[int, dict[str, Any]] = {}
        self._functions: dict[FunctionType, Callable[..., Any]] = {}

    def of(self, function: Callable[..., Any]) -> Callable[..., Any] | None:
        """The shadow of a Python function; None for anything else, whose source can't be run."""
        function = inspect.unwrap(function) if not isinstance(function, FunctionType) else function
        return self._of(function) if isinstance(function, FunctionType) else None

    def _of(self, function: FunctionType) -> Callable[..., Any]:
        found = self._functions.get(function)
        if found is None:
            dispatched = boolean_dispatched.get(function)
            found = self._functions[function] = self._copy(function) if dispatched is None else self._choice(dispatched)
        return found

    def _choice(self, dispatched: dict[str, Any]) -> Callable[..., Any]:
        """One of two functions, by the value of a bool argument, as `boolean_dispatch` in torch makes them."""
        name, index, default = dispatched["arg_name"], dispatched["index"], dispatched["default"]
        if_true, if_false = self._of(dispatched["if_true"]), self._of(dispatched["if_false"])

        def choose(*args: Any, **kwargs: Any) -> Any:
            flag = kwargs[name] if name in kwargs else args[index] if index < len(args) else default
            return (if_true if flag else if_false)(*args, **kwargs)

        return choose

    def _copy(self, function: FunctionType) -> Callable[..., Any]:
        copy = FunctionType(
            function.__code__,
            self._globals_of(function.__globals__),
            function.__name__,
            function.__defaults__,
            function.__closure__,
        )
        copy.__kwdefaults__ = function.__kwdefaults__
        return copy

    def _globals_of(self, original: dict[str, Any]) -> dict[str, Any]:
        found = self._globals.get(id(original))
        if found is None:
            found = self._globals[id(original)] = dict(original)
            for name, value in original.items():
                if name in _QUESTIONS:
                    found[name] = _no
                elif isinstance(value, FunctionType) and self._belongs(value, original):
                    found[name] = self._of(value)
        return found

    def _belongs(self, function: FunctionType, namespace: dict[str, Any]) -> bool:
        if function in boolean_dispatched:
            return True
        return function.__globals__ is namespace and any(q in namespace for q in _QUESTIONS)
