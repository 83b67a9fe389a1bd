"""`CompilationUnit`: functions that are compiled from a text."""

from __future__ import annotations

import sys
from typing import Any

from tsir.errors import TsirError
from tsir.runtime.api import script
from tsir.runtime.methods import ScriptFunction
from tsir.runtime.source_text import functions_of


class CompilationUnit:
    """The functions that a source text defines, compiled, as attributes; what `torch.jit.CompilationUnit` is to torch.jit.

    The text may use the names of the place where it is given. Raises FrontendError for what can't be compiled.
    """

    def __init__(self, lang: str | None = None, _frames_up: int = 0) -> None:
        self._names: dict[str, Any] = {}
        self._functions: dict[str, ScriptFunction] = {}
        if lang is not None:
            self.define(lang, _frames_up=_frames_up + 1)

    def define(self, lang: str, rcb: Any = None, _frames_up: int = 0) -> None:
        """Adds the functions that a text defines; it may use those that are there already."""
        frame = sys._getframe(_frames_up + 1)
        found = functions_of(lang, {**frame.f_globals, **frame.f_locals, **self._names})
        for name in found:
            if name in self._functions:
                raise TsirError(f"'{name}' is defined already", hint="use another name, or another CompilationUnit")
        self._names |= found
        self._functions |= {name: script(function) for name, function in found.items()}

    def find_function(self, name: str) -> ScriptFunction | None:
        """The compiled function of that name, or None."""
        return self._functions.get(name)

    def get_functions(self) -> list[ScriptFunction]:
        """The compiled functions."""
        return list(self._functions.values())

    def __getattr__(self, name: str) -> ScriptFunction:
        if name in self.__dict__.get("_functions", {}):
            return self._functions[name]
        raise AttributeError(f"'CompilationUnit' has no attribute '{name}'")
