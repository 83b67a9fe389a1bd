"""Compiled functions with parameters that are functions or modules: compiled for each that they are called with.

`def apply(f: Callable, x)` can't be compiled before `f` is known. A call compiles what `functools.partial(apply, f=f)` is, once for
each function; functions that one line makes again with the same variables are the same.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from tsir.errors import FrontendError, TsirError
from tsir.runtime.methods import ScriptFunction

MOST_FUNCTIONS = 64
"""For so many different functions one function is compiled at most: more are a sign that a new one is made for each call."""


class FunctionOfCallables:
    """A function of functions, callable. `compile_with` compiles a partial of it; `identity` tells functions apart."""

    def __init__(
        self,
        function: Callable[..., Any],
        names: Sequence[str],
        compile_with: Callable[[Any], ScriptFunction],
        identity: Callable[[Any], Any],
    ) -> None:
        functools.update_wrapper(self, function)
        self._names = tuple(names)
        self._signature = inspect.signature(function)
        self._function = function
        self._compile = compile_with
        self._identity = identity
        self._compiled: dict[Any, tuple[ScriptFunction, dict[str, Any]]] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function compiled for the functions among the arguments.

        Raises TypeError for arguments that it doesn't take, FrontendError for what can't be compiled.
        """
        bound = self._signature.bind(*args, **kwargs)
        functions = {n: bound.arguments.pop(n) for n in self._names if n in bound.arguments}
        functions |= {n: self._signature.parameters[n].default for n in self._names if n not in functions}
        return self.compiled_for(**functions)(**bound.arguments)

    def compiled_for(self, **functions: Any) -> ScriptFunction:
        """The function compiled for these functions, given by the names of the parameters: it can be saved and printed."""
        key = tuple(self._identity(functions[n]) for n in self._names)
        found = self._compiled.get(key)
        if found is None:
            if len(self._compiled) >= MOST_FUNCTIONS:
                called = f"{self._function.__qualname__}() has been called"
                raise TsirError(
                    f"{called} with {MOST_FUNCTIONS} different functions, and is compiled for each",
                    hint="make the functions once, outside of the calls",
                )
            made = self._compile(functools.partial(self._function, **functions))
            found = self._compiled[key] = (made, functions)  # the functions are kept, since their `id` may tell them apart
        return found[0]

    @property
    def specializations(self) -> list[ScriptFunction]:
        """The functions that were compiled so far."""
        return [compiled for compiled, _ in self._compiled.values()]

    def __getattr__(self, name: str) -> Any:
        if name in ("code", "graph", "save", "schema", "inlined_graph", "program", "entry"):
            parameters = ", ".join(f"{n}=..." for n in self._names)
            raise FrontendError(
                f"{self._function.__qualname__}() is compiled for the functions that it is called with: there is no {name} before",
                hint=f"use compiled_for({parameters}).{name}, or script functools.partial({self._function.__name__}, {parameters})",
                code="TS105",
            )
        raise AttributeError(name)

    def __repr__(self) -> str:
        return f"<tsir {self._function.__name__} of the functions {', '.join(self._names)}>"
