"""TorchScript archives as compiled modules: what `tsir.load` does with a file that `torch.jit.save` has written."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Any

from tsir.errors import ArchiveError
from tsir.runtime.compiled import ScriptModule

if TYPE_CHECKING:
    from tsir.frontend.torch_archive.container import Opening


def load_torch_archive(
    source: str | os.PathLike[str] | IO[bytes], extra_files: dict[str, Any] | None = None, opening: Opening | None = None
) -> ScriptModule:
    """Reads a TorchScript archive; torch isn't needed. Raises what `frontend.torch_archive.load` raises."""
    from tsir.frontend.torch_archive.loading import load

    loaded = load(source, extra_files, opening)
    module = ScriptModule(loaded.program)
    for unset in loaded.unset:
        owner = module if unset.instance is loaded.program.root else ScriptModule(loaded.program, unset.instance, module)
        try:
            owner.compiled_method("__setstate__")(unset.state)
        except (AttributeError, TypeError, ValueError) as error:
            raise ArchiveError(f"{unset.class_name}.__setstate__() of the archive fails: {error}") from error
    return module
