"""Between torch's objects and tsir's values. The only place of the runtime that touches torch, and only when it is loaded.

Tensors and arrays share memory in both directions. torch is never imported here: when `sys.modules` has none, no argument can
be a torch object and no result has to become one.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tsir.dialects import dtypes
from tsir.dialects.dtypes import DType
from tsir.dialects.values import Device, Future, Layout, MemoryFormat
from tsir.errors import OperatorError, OperatorTypeError
from tsir.ops.host_random import DEFAULT, Generator

if TYPE_CHECKING:
    import torch


class TorchAdapter:
    """Conversions that need torch. One object, made when torch is first seen; see `adapter`."""

    def __init__(self, torch: Any) -> None:
        self.torch = torch
        self.Tensor = torch.Tensor
        self.Future = torch._C.Future
        self.from_numpy = torch.from_numpy
        self.is_inference = torch.is_inference
        self.default_dtype = torch.get_default_dtype
        self.autocast_enabled = torch.is_autocast_enabled
        self.autocast_dtype = torch.get_autocast_dtype
        self.dtypes: dict[Any, DType] = {getattr(torch, d.name): d for d in dtypes.ALL}
        self.torch_dtypes: dict[DType, Any] = {d: getattr(torch, d.name) for d in dtypes.named() if hasattr(torch, d.name)}
        self.named_dtypes = {t: d for d, t in self.torch_dtypes.items()}
        with warnings.catch_warnings():  # torch warns once per process about arrays that can't be written; not ours to show
            warnings.simplefilter("ignore")
            frozen = np.zeros(1)
            frozen.flags.writeable = False
            torch.from_numpy(frozen)

    def to_array(self, tensor: torch.Tensor) -> np.ndarray[Any, Any]:
        """The tensor as an array over the same memory.

        Raises OperatorTypeError for one that has no such array: another device, sparse, quantised.
        """
        if tensor.requires_grad:
            tensor = tensor.detach()
        if tensor.dtype is self.torch.bfloat16:
            import ml_dtypes

            return tensor.view(self.torch.uint16).numpy().view(ml_dtypes.bfloat16)
        if tensor.dtype not in self.dtypes:
            raise OperatorTypeError(
                f"tensors of dtype {tensor.dtype} aren't supported", hint="convert it to one of float32..."
            )
        if tensor.is_conj() or tensor.is_neg():
            tensor = tensor.resolve_conj().resolve_neg()
        try:
            array = tensor.numpy()
            return array if tensor.is_contiguous() else array[...]  # NumPy changes strides within the memory of the base
        except ValueError as error:
            raise OperatorError(f"only tensors with up to 64 dims are supported, not {tensor.dim()}") from error
        except (TypeError, RuntimeError) as error:
            raise OperatorTypeError(
                f"a tensor on device {tensor.device} with layout {tensor.layout} can't be used: {error}",
                hint="tsir computes on the CPU with dense tensors: call .cpu() or .to_dense() first",
            ) from error

    def to_tensor(self, array: np.ndarray[Any, Any]) -> torch.Tensor:
        """The array as a tensor over the same memory (a copy where torch can't: negative strides, foreign byte order)."""
        if array.dtype.name == "bfloat16":
            return self.to_tensor(array.view(np.uint16)).view(self.torch.bfloat16)
        if any(s < 0 for s in array.strides):
            array = array.copy()
        return self.from_numpy(array)

    def views(self, arrays: Sequence[np.ndarray[Any, Any]], storage: torch.UntypedStorage | None) -> list[torch.Tensor]:
        """Tensors of one storage over the memory of these arrays, whose bytes overlap: `storage`, where it has all of them."""
        bounds = [np.lib.array_utils.byte_bounds(a) for a in arrays]
        low, high = min(b[0] for b in bounds), max(b[1] for b in bounds)
        if storage is not None and storage.data_ptr() <= low and high <= storage.data_ptr() + storage.nbytes():
            of_all = storage
        else:
            memory = np.lib.stride_tricks.as_strided(_first_byte(arrays[bounds.index(min(bounds))]), (high - low,), (1,))
            of_all: torch.UntypedStorage = self.from_numpy(memory).untyped_storage()
        begin = of_all.data_ptr()
        made: list[torch.Tensor] = []
        for array in arrays:
            distance, steps = array.__array_interface__["data"][0] - begin, array.itemsize
            if distance % steps or any(s % steps for s in array.strides):
                made.append(self.to_tensor(array))
                continue
            of = self.torch.empty(0, dtype=self.torch_dtypes[dtypes.from_numpy(array.dtype.name)])
            made.append(of.set_(of_all, distance // steps, array.shape, [s // steps for s in array.strides]))
        return made

    def resize(self, tensor: Any, array: np.ndarray[Any, Any], now: np.ndarray[Any, Any]) -> None:
        """Gives a tensor, whose array is `array`, the sizes, strides and memory of another array, in place."""
        other = self.to_tensor(now)
        storage = tensor.untyped_storage()
        distance = other.data_ptr() - storage.data_ptr()
        with self.torch.no_grad():
            if 0 <= distance < storage.nbytes() and np.may_share_memory(array, now):
                tensor.as_strided_(other.size(), other.stride(), distance // other.element_size())
            else:
                tensor.set_(other)

    def value_in(self, value: Any) -> Any:
        """A torch dtype, device, layout, memory format or Size as tsir's value; None for anything else."""
        torch = self.torch
        if isinstance(value, torch.dtype):
            return self.named_dtypes.get(value)
        if isinstance(value, torch.device):
            return Device(value.type, value.index)
        if isinstance(value, torch.layout):
            return Layout(str(value).removeprefix("torch."))
        if isinstance(value, torch.memory_format):
            return MemoryFormat(str(value).removeprefix("torch."))
        if isinstance(value, torch.Generator) and value.device.type == "cpu":
            generator = Generator()
            generator.follow(TorchGenerator(torch, value))
            return generator
        return None

    def future_out(self, future: Future, convert: Callable[[Any], Any]) -> Any:
        """A future as torch's."""
        result = self.torch.futures.Future()
        if future.done():
            try:
                result.set_result(convert(future.wait()))
            except Exception as error:  # noqa: BLE001  (whatever the call has raised is the future's)
                result.set_exception(error)
        return result

    def pytree_node(self, cls: type) -> PytreeNode | None:
        """How torch takes objects of a class apart, or None for a class that isn't registered."""
        from torch.utils import _pytree

        known = _pytree.SUPPORTED_NODES.get(cls)
        if known is None:
            return None
        return PytreeNode(
            known.flatten_fn, known.unflatten_fn, _pytree.SUPPORTED_SERIALIZED_TYPES[cls].from_dumpable_context
        )

    def pytree_name(self, cls: type) -> str | None:
        """The name that a registered class has in files: its own, or the one that it was registered by."""
        from torch.utils import _pytree

        known = _pytree.SUPPORTED_SERIALIZED_TYPES.get(cls)
        named = None if known is None else known.serialized_type_name
        return named if isinstance(named, str) and named in _pytree.SERIALIZED_TYPE_TO_PYTHON_TYPE else _own_name(cls)

    def pytree_node_named(self, name: str) -> PytreeNode | None:
        """As `pytree_node`, for the registered class of this name."""
        from torch.utils import _pytree

        cls = _pytree.SERIALIZED_TYPE_TO_PYTHON_TYPE.get(name)
        cls = cls or next((c for c in _pytree.SUPPORTED_NODES if _own_name(c) == name), None)
        return None if cls is None else self.pytree_node(cls)

    def pytree_class(self, name: str) -> Any:
        """The registered class that has this name in files, or None."""
        from torch.utils import _pytree

        return _pytree.SERIALIZED_TYPE_TO_PYTHON_TYPE.get(name)

    def value_out(self, value: Any) -> Any:
        """The torch object of a `DType`, `Device`, `Layout` or `MemoryFormat`; None for anything else."""
        if isinstance(value, DType):
            return self.torch_dtypes[value]
        if isinstance(value, Device):
            return self.torch.device(str(value))
        if isinstance(value, Layout | MemoryFormat):
            return getattr(self.torch, value.name)
        if isinstance(value, Generator) and isinstance(value.outside, TorchGenerator):
            return value.outside.generator
        return None


def _first_byte(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The byte at which an array begins, as an array that keeps it alive."""
    return array[(slice(0, 1),) * array.ndim].reshape(-1).view(np.uint8)[:1]


class PytreeNode(NamedTuple):
    """What a class registered with torch's pytree says: see `torch.utils._pytree.register_pytree_node`."""

    flatten_fn: Callable[[Any], Any]
    unflatten_fn: Callable[[Any, Any], Any]
    from_dumpable: Callable[[Any], Any] | None


def _own_name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


class TorchGenerator:
    """A `torch.Generator` as one that `host_random.Generator` can follow."""

    def __init__(self, torch: Any, generator: Any) -> None:
        self._from_numpy = torch.from_numpy
        self.generator = generator

    def get_state(self) -> np.ndarray[Any, Any]:
        """Its state."""
        return self.generator.get_state().numpy()

    def set_state(self, state: np.ndarray[Any, Any]) -> None:
        """Sets its state."""
        self.generator.set_state(self._from_numpy(state))


_adapter: TorchAdapter | None = None


def adapter() -> TorchAdapter | None:
    """The adapter when torch is loaded in this process, else None."""
    global _adapter
    if _adapter is None and (torch := sys.modules.get("torch")) is not None and hasattr(torch, "from_numpy"):
        _adapter = TorchAdapter(torch)
        DEFAULT.follow(TorchGenerator(torch, torch.default_generator))
    return _adapter
