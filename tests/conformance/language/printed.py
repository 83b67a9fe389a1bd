"""Compiles what `.code` prints again: the text is written to a file, imported, and scripted in place of the original."""

import contextlib
import copy
import functools
import importlib.util
import io
import itertools
import logging
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import tsir
from tsir.lowering.to_python.names import identifier
from tsir.runtime.compilation import method_names

_numbers = itertools.count()


def imported(folder: Path, code: str) -> Any:
    """The Python module whose text is `code`."""
    name = f"printed_{next(_numbers)}"
    file = folder / f"{name}.py"
    file.write_text(code)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class FormByForm:
    """The printed code of a program that is called in several forms, printed and compiled anew when a call has another form."""

    def __init__(self, folder: Path, compiled: Any, original: Any) -> None:
        self._compiled = compiled
        self._again = functools.partial(_again, folder, compiled, original, tsir.script)
        self._calls: list[tuple[Any, Any]] = []
        self._count = -1

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given, own = copy.deepcopy((args, kwargs)), copy.deepcopy((args, kwargs))
        logging.disable(logging.CRITICAL)
        try:
            with (
                contextlib.suppress(Exception),
                contextlib.redirect_stdout(io.StringIO()),
            ):  # the printed program does it, too
                self._compiled(*own[0], **own[1])
        finally:
            logging.disable(logging.NOTSET)
        if self._count != self._variants():
            self._count = self._variants()
            self._now = self._again()
            for known_args, known_kwargs in copy.deepcopy(self._calls):
                self._now(*known_args, **known_kwargs)
            self._calls.append(given)
        return self._now(*args, **kwargs)

    def _variants(self) -> int:
        return sum(len(e.others.variants) for e in self._compiled.program.entry_points.values() if e.others is not None)

    def __getattr__(self, name: str) -> Any:
        if name == "_now":
            self._now = self._again()
            return self._now
        return getattr(self._now, name)


def again(folder: Path, compiled: Any, original: Any) -> Any:
    """What the printed code of a compiled function or module is, compiled: a module's methods with the same module."""
    entries = compiled.program.entry_points.values() if isinstance(compiled, tsir.ScriptFunction | tsir.ScriptModule) else ()
    if any(e.others is not None for e in entries):
        return FormByForm(folder, compiled, original)
    return _again(folder, compiled, original, tsir.script)


def _again(folder: Path, compiled: Any, original: Any, script: Callable[[Any], Any]) -> Any:
    if isinstance(compiled, tsir.ScriptFunction):
        function = getattr(imported(folder, compiled.code), identifier(compiled.__name__))
        if compiled.owner is not None:
            function = types.MethodType(function, rebuilt(folder, compiled.owner))
        given = {p.name: p.current() for p in compiled.entry.parameters if p.current is not None}
        return script(functools.partial(function, **given) if given else function)
    if not isinstance(compiled, tsir.ScriptModule) or not isinstance(original, torch.nn.Module):
        return compiled
    kept = dict(vars(original))
    try:
        for name in compiled.program.entry_points:
            if name != "__call__" and not isinstance(vars(type(original)).get(name), property):
                method = getattr(imported(folder, compiled.compiled_method(name).code), name)
                object.__setattr__(original, name, types.MethodType(method, original))
        return script(original)
    finally:
        vars(original).clear()
        vars(original).update(kept)


def rebuilt(folder: Path, compiled: tsir.ScriptModule) -> torch.nn.Module:
    """A module of Python's with the tree, attributes and printed methods of a compiled one, whatever that was made of."""
    seen: dict[int, torch.nn.Module] = {}
    return _rebuilt(folder, compiled, seen)


def _rebuilt(folder: Path, compiled: Any, seen: dict[int, torch.nn.Module]) -> torch.nn.Module:
    key = id(compiled.instance)
    if key in seen:
        return seen[key]
    attributes, methods, annotations = compiled.instance.attributes, {}, {}
    names = [n for n in method_names(compiled.program, compiled.instance) if n.isidentifier() and n != "__call__"]
    for name in names:
        methods[name] = getattr(imported(folder, compiled.compiled_method(name).code), name)
        if name != "forward":
            torch.jit.export(methods[name])
    base = {"ModuleList": torch.nn.ModuleList, "Sequential": torch.nn.Sequential}.get(
        compiled.original_name, torch.nn.Module
    )
    made = seen[key] = type(compiled.original_name, (base,), {**methods, "__annotations__": annotations})()
    made.train(compiled.training)
    roles = compiled.roles()
    for name in attributes:
        value = (
            _rebuilt(folder, compiled_child, seen)
            if isinstance(compiled_child := getattr(compiled, name), tsir.ScriptModule)
            else compiled_child
        )
        if roles.get(name) == "buffer":
            made.register_buffer(name, value)
        elif roles.get(name) == "parameter":
            made.register_parameter(name, None if value is None else torch.nn.Parameter(value))
        elif name.isidentifier() or isinstance(value, torch.nn.Module):
            setattr(made, name, value)
    return made
