"""A traced call of an operator that casts under `torch.autocast`, as the casts and a call without autocast, which are recorded.

What operators cast to is in `ops/autocast.py`. Those that torch writes in terms of others are run as the scripted functions for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from tsir.frontend.script import autocast_functions
from tsir.frontend.torch_names import torch_dtype
from tsir.ops.autocast import CASTS, DTYPES, IN_FLOAT32, THEN_LOWER, THROUGH_OTHERS, Cast, einsum_steps

_NAMES = {"__matmul__": "matmul", "__rmatmul__": "matmul"}
"""The operators of Tensor's special methods."""


def casts(name: str, kwargs: Mapping[str, Any]) -> bool:
    """Whether autocast is on and changes a call of this operator."""
    name = _NAMES.get(name, name)
    listed = name in CASTS or name in THROUGH_OTHERS
    return listed and torch.is_autocast_enabled("cpu") and kwargs.get("out") is None


def run(name: str, func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The call with its casts."""
    name = _NAMES.get(name, name)
    lower = torch.get_autocast_dtype("cpu")
    assert lower in map(torch_dtype, DTYPES)
    if name in autocast_functions.FUNCTIONS:
        return autocast_functions.FUNCTIONS[name](*args, **kwargs)
    if name == "einsum":
        return _einsum(func, args, lower)
    with torch.autocast("cpu", enabled=False):
        if name in THEN_LOWER:
            found = func(*_each(args, autocast_functions.cast_tensor, torch.float32), **kwargs)
            return autocast_functions.cast_tensor(found, lower)
        if name in IN_FLOAT32:
            return func(*_each(args, autocast_functions.rounded, lower), **kwargs)
        if name == "lstm":
            found = func(*_each(args, autocast_functions.rounded, lower), **kwargs)
            (output, h, c), packed = found, isinstance(args[1], torch.Tensor)
            return autocast_functions.lstm_results(output, h, c, args[2], args[3], args[4], args[7], packed, lower)
        match CASTS[name]:
            case Cast.LOWER:
                dtype = lower
            case Cast.FULL:
                dtype = torch.float32
            case Cast.WIDEST:
                dtype = autocast_functions.widest(_tensors((args, kwargs)), lower)
        given = _each(args, autocast_functions.cast_tensor, dtype)
        return func(*given, **{k: _each(v, autocast_functions.cast_tensor, dtype) for k, v in kwargs.items()})


def _each(value: Any, function: Callable[..., Any], dtype: torch.dtype) -> Any:
    """A value with the tensors in it as a function gives them."""
    if isinstance(value, torch.Tensor):
        return function(value, dtype)
    if type(value) in (list, tuple):
        return type(value)(_each(v, function, dtype) for v in value)
    return value


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [t for v in value for t in _tensors(v)]
    return [value] if isinstance(value, torch.Tensor) else []


def _einsum(func: Callable[..., Any], args: Sequence[Any], lower: torch.dtype) -> Any:
    equation, operands = args[0], list(args[1] if len(args) == 2 and isinstance(args[1], list | tuple) else args[1:])
    with torch.autocast("cpu", enabled=False):
        steps = einsum_steps(equation, len(operands))
        if steps is None:
            return func(equation, operands)
        value = operands[0]
        for other, (step, product) in zip(operands[1:], steps, strict=True):
            if product:
                pair = [autocast_functions.cast_tensor(t, lower) for t in (value, other)]
            else:
                pair = [autocast_functions.promoted(value, other), autocast_functions.promoted(other, value)]
            value = func(step, pair)
        return value
