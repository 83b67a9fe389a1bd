"""What a callable that `script` is given stands for: a function, and the arguments that it has already.

`functools.partial`, bound methods and objects with `__call__` are taken apart down to a function with Python source. Functions
of torch's and Python's own written in C get a function around them where they have one signature.
"""

from __future__ import annotations

import collections.abc
import functools
import inspect
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from tsir.errors import FrontendError
from tsir.frontend.script.source import is_class_of_compiled, is_compiled_function, is_compiled_module, is_dynamic, unwrap


@dataclass(frozen=True)
class Target:
    """A function and what it is bound to. `module` is the one whose method it is; `args` come first of all that it is given."""

    function: Any
    module: nn.Module | None = None
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def is_bound(self) -> bool:
        """Whether it has arguments already."""
        return bool(self.args or self.kwargs)


def target_of(obj: Any) -> Target:
    """What is compiled for a callable. Raises FrontendError for one that has no Python source."""
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    while True:
        if isinstance(obj, functools.partial):
            args, kwargs, obj = (*obj.args, *args), {**obj.keywords, **kwargs}, obj.func
        elif isinstance(obj, nn.Module):
            name = "forward" if not is_compiled_module(obj) else None
            if name is None:
                raise FrontendError(
                    "a compiled module with arguments that are bound already can't be compiled again",
                    hint="bind them to the module that it was made of",
                )
            return Target(unwrap(getattr(obj, name)), obj, args, kwargs)
        elif isinstance(obj, types.MethodType) and isinstance(obj.__self__, nn.Module):
            return Target(unwrap(obj), obj.__self__, args, kwargs)
        elif isinstance(obj, types.MethodType) and inspect.isroutine(obj.__func__):
            return Target(unwrap(obj.__func__), None, (obj.__self__, *args), kwargs)
        elif _is_callable_object(obj):
            return Target(unwrap(type(obj).__call__), None, (obj, *args), kwargs)
        else:
            return Target(_with_source(unwrap(obj)), None, args, kwargs)


def _is_callable_object(obj: Any) -> bool:
    """Whether calling an object runs a method `__call__` written in Python, and it is no function that was wrapped or compiled."""
    if inspect.isroutine(obj) or isinstance(obj, type) or is_compiled_function(obj):
        return False
    if type(obj).__module__.partition(".")[0] == "torch":
        return False
    wraps = hasattr(obj, "_torchdynamo_inline") or inspect.isfunction(getattr(obj, "__wrapped__", None))
    return not wraps and any(inspect.isfunction(vars(c).get("__call__")) for c in type(obj).__mro__)


def _with_source(function: Any) -> Any:
    """The function itself. Raises FrontendError for one that is written in C, which says what to write instead."""
    if hasattr(function, "__code__") or not callable(function) or hasattr(function, "_torchdynamo_inline"):
        return function
    if not (inspect.isroutine(function) or isinstance(function, torch._ops.OpOverload | torch._ops.OpOverloadPacket)):
        return function
    shown = _called(function)
    raise FrontendError(
        f"{shown} isn't written in Python, so there is no source to compile",
        hint=f"write a function around it, with the types of its arguments: `def f(x): return {shown}(x)`",
        code="TS102",
    )


def _called(function: Any) -> str:
    """A function as programs name it: `torch.relu`."""
    name = str(getattr(function, "__name__", function))
    if isinstance(function, torch._ops.OpOverload | torch._ops.OpOverloadPacket):
        return f"torch.ops.{function}"
    if getattr(torch, name, None) is function:
        return f"torch.{name}"
    if getattr(torch.nn.functional, name, None) is function:
        return f"torch.nn.functional.{name}"
    module = getattr(function, "__module__", None)
    return name if module in (None, "builtins") else f"{module.lstrip('_')}.{name}"


def callable_parameters(function: Any) -> list[str]:
    """The parameters of a function that are annotated as functions or modules, or as containers of these."""
    if not isinstance(function, types.FunctionType) or is_dynamic(function):
        return []
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError, SyntaxError, AttributeError):
        return []  # the compile says which annotation can't be read
    return [name for name in inspect.signature(function).parameters if name in hints and _is_callable(hints[name])]


def _is_callable(annotation: Any) -> bool:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [a for a in typing.get_args(annotation) if a is not type(None)]
        return bool(members) and all(_is_callable(a) for a in members)
    if typing.get_origin(annotation) in _CONTAINERS:
        return any(_is_callable(a) for a in typing.get_args(annotation))
    if is_class_of_compiled(annotation):
        return True
    if isinstance(annotation, type) and issubclass(annotation, nn.Module):
        return not hasattr(annotation, "__torch_script_interface__")
    return annotation is typing.Callable or collections.abc.Callable in (annotation, typing.get_origin(annotation))


_CONTAINERS = (
    list, dict, tuple, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection, collections.abc.Mapping,
)  # fmt: skip


def identity_of(value: Any) -> Any:
    """What tells a callable from others for which something else has to be compiled: functions that one line makes again and again
    with the same variables are the same."""
    if isinstance(value, functools.partial):
        bound = [*value.args, *(v for _, v in sorted(value.keywords.items()))]
        return (
            "partial",
            identity_of(value.func),
            tuple(sorted(value.keywords)),
            tuple(_identity_of_bound(v) for v in bound),
        )
    if isinstance(value, types.MethodType):
        return ("method", identity_of(value.__func__), id(value.__self__))
    if isinstance(value, types.FunctionType):
        cells = tuple(_identity_of_bound(c.cell_contents) for c in value.__closure__ or ())
        defaults = tuple(_identity_of_bound(v) for v in value.__defaults__ or ())
        return ("function", value.__code__, id(value.__globals__), cells, defaults)
    if type(value) in (list, tuple):
        return (type(value).__name__, tuple(_identity_of_bound(v) for v in value))
    if type(value) is dict:
        return ("dict", tuple((k, _identity_of_bound(v)) for k, v in value.items()))
    return ("object", id(value))


def _identity_of_bound(value: Any) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return (type(value), value)
    return identity_of(value) if callable(value) or type(value) in (list, tuple, dict) else id(value)
