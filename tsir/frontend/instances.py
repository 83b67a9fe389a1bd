"""torch's tensors and modules as the objects that a compiled program works on: arrays and `Instance` trees.

What a module's attributes mean to a frontend (which are compiled, of which IR type) is the frontend's own subject.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.nn.parameter import is_lazy

from tsir.errors import UnsupportedError
from tsir.frontend.torch_names import DTYPES


def tensor_to_array(tensor: torch.Tensor) -> np.ndarray[Any, Any]:
    """The tensor as an array over the same memory; bfloat16 with `ml_dtypes`' dtype.

    Raises UnsupportedError for a tensor that no array can stand for: on another device than the CPU, sparse, quantised,
    or of a dtype that tsir doesn't compute with, or one of a lazy module whose sizes aren't known yet. A conjugated or negated
    view is copied.
    """
    if is_lazy(tensor):
        raise UnsupportedError(
            "a parameter or buffer of a lazy module whose sizes come with the first input isn't a tensor yet",
            hint="call the module once before it is compiled",
        )
    if tensor.device.type != "cpu" or tensor.layout is not torch.strided or tensor.is_quantized:
        what = (
            "quantised" if tensor.is_quantized else tensor.layout if tensor.device.type == "cpu" else f"on {tensor.device}"
        )
        raise UnsupportedError(
            f"tensors that are {what} aren't supported", hint="tsir computes on the CPU with dense tensors"
        )
    if tensor.dtype not in DTYPES:
        raise UnsupportedError(f"tensors of dtype {tensor.dtype} aren't supported")
    plain = tensor.detach()
    if plain.is_conj() or plain.is_neg():
        plain = plain.resolve_conj().resolve_neg()
    if plain.dtype is torch.bfloat16:
        import ml_dtypes

        return plain.view(torch.uint16).numpy().view(ml_dtypes.bfloat16)
    return plain.numpy()


@dataclass
class TensorArrays:
    """The arrays of a program's tensors: the same array for the same tensor, so that what is shared stays shared."""

    sources: dict[int, torch.Tensor] = field(default_factory=dict[int, torch.Tensor])
    """The tensor behind each array, by `id(array)`: what `Program.sources` wants."""
    _arrays: dict[int, np.ndarray[Any, Any]] = field(default_factory=dict[int, Any])
    """By `id(tensor)`; `sources` keeps the tensors alive."""

    def array(self, tensor: torch.Tensor) -> np.ndarray[Any, Any]:
        """The array of a tensor, made when first asked for. Raises what `tensor_to_array` raises."""
        found = self._arrays.get(id(tensor))
        if found is None:
            found = self._arrays[id(tensor)] = tensor_to_array(tensor)
            self.sources[id(found)] = tensor
        return found

    def of_module(self, module: torch.nn.Module, name: str, tensor: torch.Tensor) -> np.ndarray[Any, Any]:
        """The array of a parameter or buffer. Raises UnsupportedError that says which it is."""
        try:
            return self.array(tensor)
        except UnsupportedError as error:
            raise UnsupportedError(f"{type(module).__name__}.{name}: {error.message}", hint=error.hint) from None


def own_tensors(module: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor | None, str]]:
    """The parameters and buffers that are attributes of this very module, as (name, tensor or None, role).

    The role is `parameter` or `buffer`, as `ts.attribute` has it.
    """
    for name, parameter in module._parameters.items():
        yield name, parameter, "parameter"
    for name, buffer in module._buffers.items():
        yield name, buffer, "buffer"
