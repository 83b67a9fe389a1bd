"""`torch._foreach_*`: operators over lists of tensors, as the operator for each tensor in turn.

The functions are written in the scripted language and compiled with the program; `FOREACH` says which operator each name is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from tsir.frontend.script.values import PyFunction, Value

if TYPE_CHECKING:
    from tsir.frontend.script.emitter import Emitter

# pyright: reportMissingParameterType=false
# The functions have no annotations: each call is compiled for the types that it has.


def _paired(tensors, other):
    if isinstance(other, (list, tuple)):
        if len(tensors) != len(other):
            raise RuntimeError(f"Tensor lists must have the same number of tensors, got {len(tensors)} and {len(other)}")
        return list(other)
    return [other for _ in tensors]


def _one(function, tensors):
    return tuple([function(t) for t in tensors])


def _one_in_place(function, tensors):
    for t in tensors:
        function(t)
    return tensors


def _two(function, tensors, other):
    return tuple([function(t, o) for t, o in zip(tensors, _paired(tensors, other), strict=False)])


def _two_in_place(function, tensors, other):
    for t, o in zip(tensors, _paired(tensors, other), strict=False):
        function(t, o)
    return tensors


def _scaled(function, tensors, other, alpha=1):
    if isinstance(other, (int, float, bool)):
        return tuple([function(t, other) for t in tensors])
    return tuple([function(t, o, alpha=alpha) for t, o in zip(tensors, _paired(tensors, other), strict=False)])


def _scaled_in_place(function, tensors, other, alpha=1):
    for t, o in zip(tensors, _paired(tensors, other), strict=False):
        function(t, o, alpha=alpha)
    return tensors


def _three(function, tensors, first, second, value=1):
    every = zip(tensors, _paired(tensors, first), _paired(tensors, second), _paired(tensors, value), strict=False)
    return tuple([function(t, a, b, value=v) for t, a, b, v in every])


def _three_in_place(function, tensors, first, second, value=1):
    every = zip(tensors, _paired(tensors, first), _paired(tensors, second), _paired(tensors, value), strict=False)
    for t, a, b, v in every:
        function(t, a, b, value=v)
    return tensors


def _mixed(function, tensors, others, weight):
    every = zip(tensors, _paired(tensors, others), _paired(tensors, weight), strict=False)
    return tuple([function(t, o, w) for t, o, w in every])


def _mixed_in_place(function, tensors, others, weight):
    for t, o, w in zip(tensors, _paired(tensors, others), _paired(tensors, weight), strict=False):
        function(t, o, w)
    return tensors


def _norms(function, tensors, ord=2, dtype=None):
    return tuple([function(t, ord, dtype=dtype) for t in tensors])


def _copies(function, tensors, sources, non_blocking=False):
    for t, s in zip(tensors, _paired(tensors, sources), strict=False):
        function(t, s)
    return tensors


_ONE = """abs acos asin atan ceil cos cosh erf erfc exp expm1 floor frac lgamma log log10 log1p log2 neg reciprocal round rsqrt sigmoid
sign sin sinh sqrt tan tanh trunc zero""".split()
_TWO = "clamp_max clamp_min div mul pow".split()
_FORMS: dict[str, tuple[Callable[..., Any], Any]] = {
    **{name: (_one, getattr(torch, name)) for name in _ONE if hasattr(torch, name)},
    **{f"{name}_": (_one_in_place, getattr(torch.Tensor, f"{name}_")) for name in _ONE},
    **{name: (_two, getattr(torch, name)) for name in _TWO},
    **{f"{name}_": (_two_in_place, getattr(torch.Tensor, f"{name}_")) for name in _TWO},
    **{name: (_scaled, getattr(torch, name)) for name in ("add", "sub")},
    **{f"{name}_": (_scaled_in_place, getattr(torch.Tensor, f"{name}_")) for name in ("add", "sub")},
    **{name: (_three, getattr(torch, name)) for name in ("addcmul", "addcdiv")},
    **{f"{name}_": (_three_in_place, getattr(torch.Tensor, f"{name}_")) for name in ("addcmul", "addcdiv")},
    "maximum": (_two, torch.clamp_min), "minimum": (_two, torch.clamp_max), "mm": (_two, torch.mm),
    "maximum_": (_two_in_place, torch.Tensor.clamp_min_), "minimum_": (_two_in_place, torch.Tensor.clamp_max_),
    "lerp": (_mixed, torch.lerp), "lerp_": (_mixed_in_place, torch.Tensor.lerp_), "norm": (_norms, torch.linalg.vector_norm),
    "clone": (_one, torch.clone), "max": (_one, torch.max), "copy_": (_copies, torch.Tensor.copy_),
}  # fmt: skip


def _call(form: Callable[..., Any], of: Any, e: Emitter, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
    return e.session.call_function(e, PyFunction(form), [e.session.from_python(of, "function"), *args], kwargs)


FOREACH: dict[Any, Callable[[Emitter, Sequence[Value], Mapping[str, Value]], Value]] = {
    getattr(torch, f"_foreach_{name}"): partial(_call, form, of)
    for name, (form, of) in _FORMS.items()
    if hasattr(torch, f"_foreach_{name}")
}
"""What emits a call of each of torch's functions."""
