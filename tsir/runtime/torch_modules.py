"""Compiled modules as `nn.Module`s, where torch is loaded: children of other modules, with parameters that those see.

What a compiled module is and how it runs is in `compiled.py`; nothing here is imported before torch is.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, MutableMapping
from typing import Any

from torch import nn

from tsir.dialects.values import Instance
from tsir.errors import TsirError
from tsir.frontend.script.source import is_left_out
from tsir.runtime.compiled import ScriptModule

_LIVE = frozenset({"_parameters", "_buffers", "_modules", "training"})
_MISSING = object()


class _Members(MutableMapping[str, Any]):
    """A module's parameters, buffers or submodules by name, as they are now: what `nn.Module` keeps in a dict."""

    def __init__(self, module: TorchScriptModule, role: str) -> None:
        self._module = module
        self._role = role

    def _names(self) -> list[str]:
        roles, held = self._module.roles(), self._module.instance.attributes
        return [n for n, role in roles.items() if role == self._role and n in held]

    def __getitem__(self, name: str) -> Any:
        if name not in self._names():
            raise KeyError(name)
        return vars(self._module).get("_replacing", {}).get(name) or getattr(self._module, name)

    def __setitem__(self, name: str, value: Any) -> None:
        setattr(self._module, name, value)

    def __delitem__(self, name: str) -> None:
        raise TsirError(f"'{name}' of a compiled module can't be removed")

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def copy(self) -> dict[str, Any]:
        """A dict with what is in it now."""
        return dict(self)


class TorchScriptModule(ScriptModule, nn.Module, compiled=True):  # pyright: ignore[reportIncompatibleMethodOverride, reportIncompatibleVariableOverride]
    """A compiled module that other `nn.Module`s can hold.

    Attributes that the program doesn't have may be set, as on any module; compiled code doesn't see them.
    """

    named_children = nn.Module.named_children  # pyright: ignore[reportAssignmentType]
    children = nn.Module.children  # pyright: ignore[reportAssignmentType]
    named_modules = nn.Module.named_modules  # pyright: ignore[reportAssignmentType]
    modules = nn.Module.modules  # pyright: ignore[reportAssignmentType]
    named_parameters = nn.Module.named_parameters  # pyright: ignore[reportAssignmentType]
    parameters = nn.Module.parameters  # pyright: ignore[reportAssignmentType]
    named_buffers = nn.Module.named_buffers  # pyright: ignore[reportAssignmentType]
    buffers = nn.Module.buffers  # pyright: ignore[reportAssignmentType]
    state_dict = nn.Module.state_dict  # pyright: ignore[reportAssignmentType]
    load_state_dict = nn.Module.load_state_dict  # pyright: ignore[reportAssignmentType]

    def __init__(self, program: Any, instance: Instance | None = None, root: ScriptModule | None = None) -> None:
        state = vars(self)
        state.update({n: v for n, v in vars(nn.Module()).items() if n not in _LIVE})
        ScriptModule.__init__(self, program, instance, root)
        origin = program.origins.get(id(self.instance))
        if origin is not None:
            state["_non_persistent_buffers_set"] = set(origin._non_persistent_buffers_set)

    def roles(self) -> dict[str, str]:
        """The role (`parameter`, `buffer`, `submodule`, ...) of each attribute."""
        root = self._root or self
        known = vars(root).get("_roles")
        if known is None:
            from tsir.runtime.compilation import attribute_roles

            known = vars(root)["_roles"] = attribute_roles(self.program)
        return known.get(self.instance.class_name, {})

    @property
    def forward(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride, reportIncompatibleVariableOverride]
        """The compiled `forward`. Raises AttributeError for a module without one."""
        return self.compiled_method("forward")

    @property
    def _parameters(self) -> _Members:  # pyright: ignore[reportIncompatibleVariableOverride]
        return _Members(self, "parameter")

    @property
    def _buffers(self) -> _Members:  # pyright: ignore[reportIncompatibleVariableOverride]
        return _Members(self, "buffer")

    @property
    def _modules(self) -> _Members:  # pyright: ignore[reportIncompatibleVariableOverride]
        return _Members(self, "submodule")

    def __getattr__(self, name: str) -> Any:
        try:
            return ScriptModule.__getattr__(self, name)
        except AttributeError:
            found = self._python_attribute(name)
            if found is _MISSING:
                raise
            return found

    def define(self, src: str) -> None:
        """Adds the methods that a source text defines, which sees the caller's names. The module keeps its values.

        Raises TsirError for a submodule and for a module that was traced or loaded, FrontendError for what can't be compiled.
        """
        from tsir.frontend.script import compile_module
        from tsir.runtime.declared_modules import add_methods, names_of_caller

        origin = self.program.origins.get(id(self.instance))
        if self._root is not None or origin is None:
            kind = "a submodule" if self._root is not None else "a module that was traced or loaded"
            raise TsirError(f"{kind} can't get new methods", hint="write them in its Python class, then compile it")
        scope = names_of_caller(2)
        self.program.origins[id(self.instance)] = copied = _python_copy(origin)
        add_methods(copied, src, scope)
        try:
            self.renew(compile_module(self))
        except BaseException:
            self.program.origins[id(self.instance)] = origin
            raise

    def replace_submodule(self, name: str, value: ScriptModule) -> None:
        """`module.name = value` for another compiled module: the whole program is compiled anew, with the values of now.

        Raises TsirError for a module that was traced or loaded.
        """
        from tsir.frontend.script import compile_module

        root = self._root or self
        if root.program.origins.get(id(root.instance)) is None:
            raise TsirError("a submodule of a module that was traced or loaded can't be replaced")
        vars(self)["_replacing"] = {name: value}
        try:
            root.renew(compile_module(root))
        finally:
            vars(self).pop("_replacing", None)

    def compile_anew(self) -> None:
        """Compiles the whole module again, with the values and the hooks of now."""
        from tsir.frontend.script import compile_module

        self.renew(compile_module(self))

    def _python_attribute(self, name: str) -> Any:
        """What the Python class has beside the program: ignored methods, and properties, run in Python on this object."""
        origin = self.program.origins.get(id(self.instance))
        if origin is None:
            return _MISSING
        if name in getattr(type(origin), "__jit_ignored_attributes__", ()) and name in {*vars(origin), *origin._modules}:
            return getattr(origin, name)
        own = vars(origin).get(name)
        if isinstance(own, types.MethodType) and is_left_out(own.__func__):
            return types.MethodType(own.__func__, self)
        found = inspect.getattr_static(type(origin), name, _MISSING)
        if isinstance(found, types.FunctionType) and is_left_out(found):
            return types.MethodType(found, self)
        if isinstance(found, property) and found.fget is not None:
            return found.fget(self)
        return _MISSING

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, nn.Module) and not isinstance(value, ScriptModule) and name in self.instance.attributes:
            from tsir.runtime.api import script

            value = script(value)
        if name in self.instance.attributes or isinstance(value, nn.Module | nn.Parameter):
            ScriptModule.__setattr__(self, name, value)
        else:
            object.__setattr__(self, name, value)


def _python_copy(module: nn.Module) -> nn.Module:
    """Another module in Python with the same parameters, buffers, submodules and attributes, which may get methods."""
    made = object.__new__(type(module))
    for name, value in vars(module).items():
        own = isinstance(value, types.MethodType) and value.__self__ is module
        vars(made)[name] = types.MethodType(value.__func__, made) if own else value
    return made
