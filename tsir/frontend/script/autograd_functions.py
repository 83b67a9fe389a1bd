"""`torch.autograd.Function`s of the user's: `.apply(...)` is what `forward` gives, for compiled code computes no gradients.

What `forward` keeps in its context is attributes of an object of a class of the function's own. `backward` isn't compiled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch

from tsir.frontend.script.values import PyFunction, PyObject, Value

if TYPE_CHECKING:
    from tsir.frontend.script.emitter import Emitter


class Context:
    """What `forward` and `setup_context` may do with their context. Compiled like the user's own classes."""

    def save_for_backward(self, *tensors: Any) -> None:
        """Nothing: there is no backward."""

    def save_for_forward(self, *tensors: Any) -> None:
        """Nothing: there is no forward mode."""

    def mark_dirty(self, *tensors: Any) -> None:
        """Nothing: no gradients depend on it."""

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Nothing: no gradients depend on it."""

    def set_materialize_grads(self, value: bool) -> None:
        """Nothing: no gradients are made."""


def applied(function: Any, receiver: Value | None) -> type[torch.autograd.Function] | None:
    """The class whose `apply` a call is of, or None."""
    if function is not torch.autograd.Function.apply.__func__ or not isinstance(receiver, PyObject):  # type: ignore[attr-defined]
        return None
    cls = receiver.value
    return cls if isinstance(cls, type) and issubclass(cls, torch.autograd.Function) else None


def call_applied(
    e: Emitter, cls: type[torch.autograd.Function], args: Sequence[Value], kwargs: Mapping[str, Value]
) -> Value:
    """`cls.apply(*args, **kwargs)`."""
    from tsir.frontend.script.calls import call

    forward = PyFunction(cls.forward)
    if cls.setup_context is not torch.autograd.Function.setup_context:
        return e.session.call_function(e, forward, args, kwargs)
    context = call(e, PyObject(_context_of(cls, len(args)), cls.__name__), [], {})
    return e.session.call_function(e, forward, [context, *args], kwargs)


@lru_cache(maxsize=256)
def _context_of(cls: type[torch.autograd.Function], inputs: int) -> type:
    """The class of the contexts of a function that is called with so many inputs."""
    return type(f"{cls.__name__}Context", (Context,), {"__module__": cls.__module__, "needs_input_grad": (False,) * inputs})
