"""What a Python function says of a tensor by its class alone: `is_tensor(x)`, whichever way it goes about it.

The function is called while compiling with a tensor that stands for the program's, and that refuses to say anything about itself:
all that torch is asked of it is an error here. What comes out despite that holds for each tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from tsir.frontend.constants import is_constant
from tsir.frontend.torch_names import is_torch_constant


class _AskedError(Exception):
    """The function has asked the tensor for something."""


class _Refusing(TorchFunctionMode):
    """While it holds, nothing can be done with tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.asked = True
        raise _AskedError


class NothingSaid(Exception):
    """The function's result depends on more than the classes of the tensors."""


def probe(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What a function without effects gives for all tensors in place of those among its arguments. Raises NothingSaid where that
    depends on the tensors, or isn't a constant."""
    try:
        with _Refusing() as mode:
            found = function(*args, **kwargs)
    except Exception:  # noqa: BLE001  (what it raises without the tensor's contents, it raises in the program, too)
        raise NothingSaid from None
    if mode.asked or not _is_plain(found):
        raise NothingSaid
    return found


STAND_IN = torch.empty(0)
"""The tensor that stands for each of the program's."""


def _is_plain(value: Any) -> bool:
    """Whether a result is a constant that no part of a tensor is in."""
    if type(value) is tuple:
        return all(map(_is_plain, value))
    return value is None or isinstance(value, type) or is_constant(value) or is_torch_constant(value)
