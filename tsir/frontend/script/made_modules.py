"""Modules that compiled code makes, or finds outside of the module being compiled, as long as they hold no tensors.

`nn.CrossEntropyLoss(ignore_index=0)` in a `forward` is made in Python while compiling, and its attributes are written into the
program: the program makes an object with them wherever Python would. Modules with parameters or buffers would be new ones, with new
random values, at each call; those are refused.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn
from xdsl.ir import SSAValue

from tsir.dialects.ts.structure import NewOp, SetAttrOp
from tsir.errors import FrontendError
from tsir.frontend.script.construction import mark_part, say_how_module_is_made
from tsir.frontend.script.convert import coerce
from tsir.frontend.script.emitter import Emitter
from tsir.frontend.script.evaluation import NotConstant, as_python
from tsir.frontend.script.outside import outside_module
from tsir.frontend.script.values import Const, Object, Value


def make_module(e: Emitter, cls: type[nn.Module], args: Sequence[Value], kwargs: Mapping[str, Value]) -> Object:
    """`cls(...)`. Raises FrontendError for arguments that aren't constants, and for a module that holds tensors."""
    try:
        given = [_as_python(e, a) for a in args]
        named = {k: _as_python(e, v) for k, v in kwargs.items()}
    except NotConstant:
        e.error(
            f"module {cls.__name__} is made inside compiled code, of values that aren't known while compiling",
            hint="call the function of torch.nn.functional, or make the module in __init__",
            code="TS505",
        )
    try:
        made = cls(*given, **named)
    except Exception as error:
        raise FrontendError(
            f"{cls.__name__}() raised {type(error).__name__}: {error}", location=e.place, code="TS505"
        ) from error
    if _has_tensors(made):
        e.error(
            f"module {cls.__name__} is made inside compiled code, with new parameters or buffers at each call",
            hint="make it in __init__ and keep it as an attribute",
            code="TS505",
        )
    found = module_object(e, made)
    say_how_module_is_made(found.ssa, cls, args, kwargs)
    e.session.made_modules[found.ssa] = made
    return found


def _as_python(e: Emitter, value: Value) -> Any:
    """A constant, or a module that the program has made, in Python."""
    made = e.session.made_modules.get(value.ssa) if isinstance(value, Object) else None
    return as_python(value) if made is None else made


def module_from_outside(e: Emitter, module: nn.Module, name: str) -> Object:
    """A module that is a global variable or an item of a constant."""
    has_tensors = _has_tensors(module)
    lives = has_tensors or (e.outside is not None and any(_reads_training(m) for m in module.modules()))
    if lives and not e.dynamic and (found := outside_module(e, module, name)) is not None:
        return found
    if has_tensors:
        e.error(
            f"module '{name}' isn't an attribute of the module that is compiled",
            hint="make it an attribute (self.x = ...) of the module that uses it",
            code="TS505",
        )
    made = module_object(e, module)
    if (arguments := _arguments_of(module)) is not None:
        say_how_module_is_made(made.ssa, type(module), (), {n: Const(v) for n, v in arguments.items()})
    return made


def _arguments_of(module: nn.Module) -> dict[str, Any] | None:
    """What makes another module of torch's like this one, which holds nothing but flags and numbers; None for other modules."""
    cls = type(module)
    if not cls.__module__.startswith("torch.nn.") or (not module.training and _reads_training(module)):
        return None
    parameters = inspect.signature(cls).parameters.values()
    given = {p.name: getattr(module, p.name, p.default) for p in parameters}
    given = {p.name: given[p.name] for p in parameters if given[p.name] != p.default}
    if not all(v is None or type(v) in (bool, int, float, str) for v in given.values()):
        return None
    alike = cls(**given)
    return given if {**vars(alike), "training": module.training} == vars(module) else None


def _has_tensors(module: nn.Module) -> bool:
    return any(True for _ in module.parameters()) or any(True for _ in module.buffers())


def _reads_training(module: nn.Module) -> bool:
    """Whether what a module does depends on a flag that may change after it is compiled."""
    return not type(module).__module__.startswith("torch.") or "training" in type(module).forward.__code__.co_names


def module_object(e: Emitter, module: nn.Module, whole: SSAValue | None = None) -> Object:
    """A new object of the program's with the attributes of a module and those of its submodules; it is part of `whole`."""
    info, _ = e.session.reader.read(module)
    new = e.emit(NewOp(info.type) if whole is None else mark_part(NewOp(info.type)))
    whole = new if whole is None else whole
    for name, attribute in info.attributes.items():
        if attribute.type is None or attribute.failure is not None:
            continue
        if name in module._modules:
            child = module._modules[name]
            part = e.session.from_python(None, name) if child is None else module_object(e, child, whole)
        else:
            part = e.session.from_python(getattr(module, name), name)
        held = coerce(e, part, attribute.type, f"attribute '{name}' of {type(module).__name__}")
        e.emit_void(mark_part(SetAttrOp(new, name, held)))
    return Object(new, info)


__all__ = ["make_module", "module_from_outside", "module_object"]
