"""What `nn.Module` offers beside calls: looking things up by path, converting all tensors, and what a compiled module refuses.

Its tree and tensors are in `module_tensors.py`; the classes, and what needs to know how a program runs, are in `compiled.py`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tsir.dialects import dtypes
from tsir.dialects.values import Device
from tsir.errors import TsirError
from tsir.ops.host_tensors import numpy_dtype
from tsir.runtime.inspection import plain_class_name
from tsir.runtime.module_tensors import ModuleTensors
from tsir.runtime.torch_adapter import adapter

if TYPE_CHECKING:
    from typing_extensions import Self


_FIXED = "a compiled module is fixed: {0}() has no meaning here"


def _refused(name: str, hint: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise TsirError(_FIXED.format(name), hint=hint)

    method.__name__ = name
    method.__doc__ = f"Raises TsirError: {hint}."
    return method


class ModuleMethods(ModuleTensors):
    """The part of `nn.Module`'s interface that only needs the tree of modules and their tensors."""

    if TYPE_CHECKING:
        # What `ScriptModule` provides.
        def save(self, f: Any, _extra_files: Any = None) -> None: ...

    @property
    def original_name(self) -> str:
        """The name of the Python class that was compiled."""
        origin = self.program.origins.get(id(self.instance))
        if origin is not None:
            return type(origin).__name__
        return plain_class_name(self.instance.class_name, {cls for cls, _, _ in self.program.class_attributes()})

    def get_submodule(self, target: str) -> Any:
        """The module at a dotted path. Raises AttributeError when there is none."""
        found: Any = self
        for name in target.split(".") if target else []:
            if name not in found:
                raise AttributeError(f"{found.original_name} has no submodule '{name}'")
            found = getattr(found, name)
        return found

    def get_parameter(self, target: str) -> Any:
        """The parameter at a dotted path. Raises AttributeError when there is none."""
        return _tensor_at(dict(self.named_parameters()), target, "parameter")

    def get_buffer(self, target: str) -> Any:
        """The buffer at a dotted path. Raises AttributeError when there is none."""
        return _tensor_at(dict(self.named_buffers()), target, "buffer")

    def apply(self, fn: Callable[[Any], Any]) -> Self:
        """Calls `fn` with every module of the tree, children first. Returns self."""
        for _, child in self.named_children():
            child.apply(fn)
        fn(self)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Converts parameters and buffers of floating-point dtypes to a dtype; the only device is the CPU. Returns self."""
        dtype: Any = kwargs.get("dtype")
        devices: list[Any] = [kwargs["device"]] if kwargs.get("device") is not None else []
        for value in args:
            if type(value).__name__ == "Tensor":
                dtype = value.dtype
            elif _is_dtype(value):
                dtype = value
            elif not isinstance(value, bool) and value is not None:
                devices.append(value)
        for device in devices:
            if Device.parse(str(device)).type != "cpu":
                raise TsirError(f"tsir runs on the CPU, not on {device}")
        return self if dtype is None else self._convert(dtype)

    def _convert(self, dtype: Any) -> Self:
        converted: dict[int, Any] = {}
        paths = {*dict(self.named_parameters()), *dict(self.named_buffers())}
        for prefix, module in list(self.named_modules()):
            for name in list(module.instance.attributes):
                if (f"{prefix}.{name}" if prefix else name) not in paths:
                    continue
                key = id(module.instance.attributes[name])
                if key not in converted:
                    converted[key] = _converted(getattr(module, name), dtype)
                if converted[key] is not None:
                    setattr(module, name, converted[key])
        return self

    def float(self) -> Self:
        """`to(torch.float32)`."""
        return self._convert(_dtype("float32"))

    def double(self) -> Self:
        """`to(torch.float64)`."""
        return self._convert(_dtype("float64"))

    def half(self) -> Self:
        """`to(torch.float16)`."""
        return self._convert(_dtype("float16"))

    def bfloat16(self) -> Self:
        """`to(torch.bfloat16)`."""
        return self._convert(_dtype("bfloat16"))

    def cpu(self) -> Self:
        """Returns self: the tensors are there already."""
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Returns self; raises TsirError when gradients are asked for."""
        if requires_grad:
            raise TsirError("tsir computes no gradients", hint="train the model with torch; its parameters are shared")
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Does nothing: a compiled module has no gradients."""

    def extra_repr(self) -> str:
        """Nothing."""
        return ""

    def save_to_buffer(self, _extra_files: Any = None) -> bytes:
        """The archive as bytes."""
        file = io.BytesIO()
        self.save(file, _extra_files)
        return file.getvalue()

    cuda = _refused("cuda", "tsir runs on the CPU")
    add_module = register_module = _refused("add_module", "add it to the model, then compile it")
    register_parameter = _refused("register_parameter", "add it to the model, then compile it")
    register_buffer = _refused("register_buffer", "add it to the model, then compile it")
    register_forward_hook = _refused(
        "register_forward_hook", "register it on the model, then compile it: hooks are compiled"
    )
    register_forward_pre_hook = _refused("register_forward_pre_hook", "register it on the model, then compile it")
    register_full_backward_hook = _refused("register_full_backward_hook", "tsir computes no gradients")


def _tensor_at(tensors: dict[str, Any], target: str, what: str) -> Any:
    if target not in tensors:
        raise AttributeError(f"there is no {what} '{target}'")
    return tensors[target]


def _is_dtype(value: Any) -> bool:
    torch = adapter()
    return (torch is not None and isinstance(value, torch.torch.dtype)) or isinstance(value, np.dtype | type)


def _dtype(name: str) -> Any:
    torch = adapter()
    return numpy_dtype(dtypes.dtype(name)) if torch is None else getattr(torch.torch, name)


def _converted(value: Any, dtype: Any) -> Any:
    """A tensor or array in another dtype; None for one that isn't converted: integers stay."""
    torch = adapter()
    if torch is not None and isinstance(value, torch.Tensor):
        return value.detach().to(dtype) if value.is_floating_point() and value.dtype != dtype else None
    return value.astype(dtype) if value.dtype.kind in "fV" and value.dtype != dtype else None


_CONTAINERS = {"ModuleList": "list", "Sequential": "list", "ModuleDict": "dict"}


def container_kind(module: Any) -> str | None:
    """Whether a compiled module is a "list" or a "dict" of modules, as its Python class says; None for any other module.

    Of a module without Python class, because it was loaded, its class's name and its children's names say it.
    """
    origin = module.program.origins.get(id(module.instance))
    if origin is not None:
        kinds = [_CONTAINERS.get(c.__name__) for c in type(origin).__mro__ if c.__module__.startswith("torch.nn.")]
        return next((k for k in kinds if k is not None), None)
    known = _CONTAINERS.get(module.original_name)
    names = [name for name, _ in module.named_children()]
    numbered = bool(names) and names == [str(i) for i in range(len(names))]
    return known or ("list" if numbered else None)
