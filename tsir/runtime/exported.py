"""The functions behind `tsir.from_exported`: programs of torch.export as compiled modules."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tsir.backend.numpy.tracebacks import user_facing
from tsir.dialects.program import Program
from tsir.errors import ArchiveError, FrontendError, TsirError
from tsir.runtime.compiled import ScriptModule

if TYPE_CHECKING:
    from tsir.frontend.torch_archive.container import Opening


@user_facing
def from_exported(program: Any, *, model: str | None = None) -> ScriptModule:
    """A `torch.export.ExportedProgram`, or the path or file of one that `torch.export.save` wrote, as a compiled module.

    A program in memory shares its tensors with the module, as `program.module()` does; a file is read without torch, and `model`
    names one of several programs in it. The module takes and gives what the exported one did: nested containers and objects of
    registered classes. What the program demands of sizes and constants is checked by each call, which raises AssertionError as
    torch does; arguments of another structure raise ValueError. Raises UnsupportedError, which names it, for an operator or object
    that tsir doesn't have, ArchiveError for a file that isn't an intact one of torch.export.
    """
    from tsir.frontend.exported.programs import program_of

    if isinstance(program, str | os.PathLike) or hasattr(program, "read"):
        return ScriptModule(program_of_file(program, model))
    if not hasattr(program, "graph_signature") or not hasattr(program, "call_spec"):
        raise FrontendError(
            f"from_exported takes a torch.export.ExportedProgram or a .pt2 file, not a {type(program).__name__}",
            hint="tsir.from_exported(torch.export.export(model, args))",
        )
    from tsir.frontend.exported.from_memory import read_program

    return ScriptModule(program_of(read_program(program), calls_torch=True))


def program_of_file(source: Any, model: str | None = None, opening: Opening | None = None) -> Program:
    """The program of a file. What a file says may be of the right form and still make no program: that is an ArchiveError, too."""
    from xdsl.utils.exceptions import VerifyException

    from tsir.frontend.exported.files import read_file
    from tsir.frontend.exported.programs import program_of

    read = read_file(source, model, opening)
    try:
        program = program_of(read)
        program.weights_check = read.check
        return program
    except (VerifyException, ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError) as error:
        if isinstance(error, TsirError):
            raise
        raise ArchiveError(f"the exported program is damaged: {type(error).__name__}: {error}") from error
    except RecursionError:
        raise ArchiveError("the exported program nests too deeply") from None


__all__ = ["from_exported", "program_of_file"]
