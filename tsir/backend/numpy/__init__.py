"""The NumPy backend: linalg-level IR and `ts` host operations to Python + NumPy source, and its loading.

Importing this package or its `loading`, `kernels` and `scalars` needs no xDSL; `generate` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tsir.backend.numpy.loading import GeneratedSource, LoadedFunction, load

if TYPE_CHECKING:
    from xdsl.dialects.builtin import ModuleOp


def generate(module: ModuleOp, symbol: str) -> GeneratedSource:
    """The Python module that computes `@symbol` of an IR module; the IR isn't changed. Raises `TsirError` kin."""
    from tsir.backend.numpy.codegen import generate as generate_source

    return generate_source(module, symbol)


__all__ = ["GeneratedSource", "LoadedFunction", "generate", "load"]
