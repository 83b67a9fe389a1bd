"""Modules that torch.jit has compiled, as programs: what `torch.jit.save` writes of them is read, and their tensors are shared.

What was traced or loaded has no source but the code of the archive, and what was scripted may have got other attributes since.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import torch

from tsir.dialects.program import Program, arrays_in
from tsir.dialects.values import Instance
from tsir.errors import UnsupportedError
from tsir.frontend.instances import TensorArrays


def is_torch_jit_module(value: Any) -> bool:
    """Whether a value is a module that torch.jit has scripted, traced or loaded."""
    return isinstance(value, torch.jit.ScriptModule)


def program_of_torch_jit(module: Any) -> Program:
    """The program of such a module, over the module's own tensors. Raises UnsupportedError where its objects restore themselves."""
    from tsir.frontend.torch_archive.loading import load

    buffer = io.BytesIO()
    torch.jit.save(module, buffer)
    buffer.seek(0)
    loaded = load(buffer)
    if loaded.unset:
        raise UnsupportedError(
            f"a module of torch.jit with objects of {loaded.unset[0].class_name}, which have __setstate__(), can't be compiled again",
            hint="give tsir the module that torch.jit.script was given",
        )
    arrays = TensorArrays()
    if isinstance(loaded.program.root, Instance):
        _share(loaded.program.root, module, arrays)
    for array in arrays_in(loaded.program.root):
        if id(array) in arrays.sources:
            loaded.program.add_source(array, arrays.sources[id(array)])
    return loaded.program


def _share(instance: Instance, module: Any, arrays: TensorArrays) -> None:
    """Puts the tensors of a module, and of those in it, in the places of the archive's copies."""
    for name, value in instance.attributes.items():
        if isinstance(value, Instance):
            _share(value, getattr(module, name), arrays)
        elif isinstance(value, np.ndarray) and hasattr(module, name):  # the code's constants are the program's alone
            instance.attributes[name] = arrays.array(getattr(module, name))
