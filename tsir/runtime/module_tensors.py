"""The tree of a compiled module, as `nn.Module` shows it: submodules, parameters, buffers, and its state as a dict.

The parameters of the methods are those of `torch.nn.Module`'s. What they give is over the module's own memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tsir.dialects.values import Instance
from tsir.errors import OperatorError
from tsir.runtime.torch_adapter import adapter

if TYPE_CHECKING:
    from tsir.runtime.compiled import ScriptModule


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` gives where torch isn't loaded: the names that the state lacks, and those that the module lacks."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class ModuleTensors:
    """The part of `nn.Module`'s interface that goes over submodules and tensors."""

    if TYPE_CHECKING:
        # What `ScriptModule` provides.
        instance: Instance
        program: Any

        def wrap(self, instance: Instance) -> Any: ...
        def _outside(self, value: Any) -> Any: ...
        def attributes_changed(self) -> None: ...
        @property
        def original_name(self) -> str: ...

    def named_children(self) -> Iterator[tuple[str, ScriptModule]]:
        """The submodules and objects of compiled classes directly in this one."""
        for name, value in self.instance.attributes.items():
            if isinstance(value, Instance) and "training" in value.attributes:
                yield name, self.wrap(value)

    def children(self) -> Iterator[ScriptModule]:
        """The submodules directly in this one."""
        return (child for _, child in self.named_children())

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """This module and all below, each once unless duplicates are asked for, with dotted names; those in `memo` are left out."""
        memo = set() if memo is None else memo
        todo: list[tuple[str, Any]] = [(prefix, self)]
        while todo:
            name, module = todo.pop()
            if module in memo:
                continue
            if remove_duplicate:
                memo.add(module)
            yield name, module
            children = ModuleTensors.named_children(module)
            below = [(f"{name}.{child}" if name else child, m) for child, m in children]
            todo.extend(reversed(below))

    def modules(self, remove_duplicate: bool = True) -> Iterator[Any]:
        """This module and all below, each once unless duplicates are asked for."""
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def _tensors(
        self, roles: tuple[str, ...], prefix: str, recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        from tsir.runtime.compilation import attribute_roles

        roles_of = attribute_roles(self.program)
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        seen: set[int] = set()
        for path, module in modules:
            own = roles_of.get(module.instance.class_name, {})
            for name, value in module.instance.attributes.items():
                if not isinstance(value, np.ndarray) or own.get(name) not in roles or id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield f"{path}.{name}" if path else name, module._outside(value)

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """The parameters of this module and, with `recurse`, of all below, with dotted names, each once."""
        return self._tensors(("parameter",), prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """The parameters of this module and, with `recurse`, of all below."""
        return (value for _, value in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """The buffers of this module and, with `recurse`, of all below, with dotted names, each once."""
        return self._tensors(("buffer",), prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        """The buffers of this module and, with `recurse`, of all below."""
        return (value for _, value in self.named_buffers(recurse=recurse))

    def state_dict(self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:
        """Parameters and buffers by dotted name, over the same memory; an OrderedDict as torch's, or `destination`.

        `keep_vars` says nothing here: no tensor has a history.
        """
        given: tuple[Any, ...] = (*args, *(destination, prefix, keep_vars)[len(args) :])
        found: dict[str, Any] = OrderedDict() if given[0] is None else given[0]
        found.update(self._tensors(("parameter", "buffer"), given[1].removesuffix("."), remove_duplicate=False))
        return found

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Copies the values into the parameters and buffers; with `assign` they take their places. Gives the names that were missing,
        and those that were too many, as torch does. Raises OperatorError (a RuntimeError) for such names (`strict`) or other shapes.
        """
        own = self.state_dict()
        missing, unexpected = [n for n in own if n not in state_dict], [n for n in state_dict if n not in own]
        problems = [
            f"{what} key(s) in state_dict: {', '.join(f'{chr(34)}{n}{chr(34)}' for n in names)}. "
            for what, names in (("Missing", missing), ("Unexpected", unexpected))
            if strict and names
        ]
        fitting: dict[str, Any] = {}
        for name, value in state_dict.items():
            if name in own and tuple(own[name].shape) != tuple(value.shape):
                problems.append(
                    f"size mismatch for {name}: copying a param with shape {value.shape} from checkpoint, "
                    f"the shape in current model is {own[name].shape}."
                )
            elif name in own:
                fitting[name] = value
        if not problems or not assign:
            for name, value in fitting.items():
                if assign:
                    _assign(self, name, value)
                else:
                    _copy_into(own[name], value)
            self.attributes_changed()
        if problems:
            what = "\n\t".join(problems)
            raise OperatorError(f"Error(s) in loading state_dict for {self.original_name}:\n\t{what}")
        torch = adapter()
        made = IncompatibleKeys if torch is None else torch.torch.nn.modules.module._IncompatibleKeys
        return made(missing, unexpected)


def _assign(module: Any, path: str, value: Any) -> None:
    *holders, name = path.split(".")
    for holder in holders:
        module = getattr(module, holder)
    setattr(module, name, np.asarray(value) if isinstance(value, np.generic) else value)


def _copy_into(target: Any, value: Any) -> None:
    torch = adapter()
    if torch is not None and isinstance(target, torch.Tensor):
        with torch.torch.no_grad():
            target.copy_(value if isinstance(value, torch.Tensor) else torch.to_tensor(value))
    else:
        np.copyto(target, np.asarray(value), casting="unsafe")
