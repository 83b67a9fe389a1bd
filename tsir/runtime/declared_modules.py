"""Classes of modules that derive from `tsir.ScriptModule`: their objects are compiled when they are made.

    class Net(tsir.ScriptModule):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 4)

        @tsir.script_method
        def forward(self, x):
            return self.linear(x)

`Net()` runs `__init__` as that of an `nn.Module`, compiles the methods marked with `script_method`, and gives the compiled
module. The other methods stay Python's and work on the compiled module.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import nn
from torch._jit_internal import FunctionModifiers
from torch.jit._script import ScriptMethodStub

from tsir.frontend.script.source import is_exported
from tsir.runtime.compiled import ScriptModule
from tsir.runtime.source_text import functions_of
from tsir.runtime.torch_modules import TorchScriptModule


def script_method(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a method of a class that derives from `ScriptModule` as one to compile."""
    fn._torchscript_modifier = FunctionModifiers.EXPORT  # pyright: ignore[reportFunctionMemberAccess]
    return fn


class _Declared(type):
    """The class of such classes: making an object compiles it."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        from tsir.runtime.api import script

        return script(super().__call__(*args, **kwargs))


class DeclaredModule(nn.Module, metaclass=_Declared):
    """What a class that derives from `ScriptModule` derives from in truth: a module as it is before it is compiled."""

    _declares_script_module = True

    def __init__(self, optimize: bool | None = None) -> None:
        super().__init__()
        vars(self)["_declared_types"] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute; a `torch.jit.Attribute` is its value, with the type that it gives."""
        if isinstance(value, torch.jit.Attribute):
            vars(self)["_declared_types"][name] = value.type
            value = value.value
        super().__setattr__(name, value)

    def define(self, src: str) -> None:
        """Adds the methods that a source text defines; they are compiled with the others."""
        add_methods(self, src, names_of_caller(2))


def declared_class(
    name: str, bases: tuple[type, ...], namespace: dict[str, Any], keywords: Mapping[str, Any]
) -> type[DeclaredModule]:
    """The class for a class statement with `ScriptModule` among its bases."""
    for key, value in list(namespace.items()):
        if isinstance(value, ScriptMethodStub):
            namespace[key] = script_method(value.original_method)
    return _Declared(name, (*bases, DeclaredModule), namespace, **keywords)


def class_for(origin: nn.Module | None) -> type[ScriptModule]:
    """The class of the compiled module that is made of a module in Python (None: of none)."""
    return _compiled_class(type(origin)) if isinstance(origin, DeclaredModule) else TorchScriptModule


@lru_cache(maxsize=1024)
def _compiled_class(cls: type) -> type[ScriptModule]:
    """A class with the methods of a declared one that stay Python's. Its objects say that they are of the declared class."""
    namespace: dict[str, Any] = {}
    for base in reversed(cls.__mro__[: cls.__mro__.index(DeclaredModule)]):
        for name, value in vars(base).items():
            namespace.pop(name, None)
            if name not in ("__init__", "__dict__", "__weakref__", "__classcell__") and not is_exported(value):
                namespace[name] = value
    namespace["__class__"] = property(lambda self: cls)
    namespace["__getattr__"] = _get_attribute
    if "forward" in namespace:
        namespace["__call__"] = lambda self, *args, **kwargs: self.forward(*args, **kwargs)
    return types.new_class(cls.__name__, (TorchScriptModule,), {"compiled": True}, lambda made: made.update(namespace))


def _get_attribute(self: Any, name: str) -> Any:
    """An attribute of the program, else one that `__init__` left and compiled code can't hold."""
    try:
        return TorchScriptModule.__getattr__(self, name)
    except AttributeError:
        origin = self.program.origins.get(id(self.instance))
        if origin is None or name not in vars(origin) or name.startswith("__"):
            raise
        return vars(origin)[name]


def add_methods(module: nn.Module, text: str, scope: Mapping[str, Any]) -> None:
    """Sets the functions that a source text defines as methods to compile on a module."""
    for name, function in functions_of(text, scope).items():
        vars(module)[name] = types.MethodType(script_method(function), module)


def names_of_caller(depth: int) -> dict[str, Any]:
    """The names that are visible `depth` calls further up."""
    frame = sys._getframe(depth)
    return {**frame.f_globals, **frame.f_locals}


__all__ = ["DeclaredModule", "class_for", "declared_class", "names_of_caller", "script_method"]
