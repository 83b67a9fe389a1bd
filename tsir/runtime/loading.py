"""`tsir.load`: the one place that tells apart which kind of file is given."""

from __future__ import annotations

import io
import os
from typing import IO, Any

from tsir.archive.kinds import is_exported_archive, is_torch_archive, refuse_other
from tsir.archive.opening import name_of, opened
from tsir.archive.reading import Reading, load_bytes
from tsir.backend.numpy.tracebacks import user_facing
from tsir.limits import Limits
from tsir.runtime.compiled import ScriptModule, as_function
from tsir.runtime.exported import program_of_file
from tsir.runtime.ir_text import parse_ir
from tsir.runtime.locations import Locations
from tsir.runtime.methods import ScriptFunction
from tsir.runtime.torch_archives import load_torch_archive


@user_facing
def load(
    f: str | os.PathLike[str] | IO[bytes] | bytes,
    map_location: Any = None,
    _extra_files: dict[str, Any] | None = None,
    _restore_shapes: bool = False,
    *,
    verify: bool | None = None,
    limits: Limits | None = None,
) -> ScriptFunction | ScriptModule:
    """Reads an archive, as `torch.jit.load` does; torch isn't needed. It may be torch.jit's own, too, of torch 1.4 or later,
    or torch.export's (`.pt2`).

    Raises ArchiveError for a file that is no intact archive.
    `map_location` may be the CPU, a dict from devices to the CPU and from dtypes to those that tensors get instead, or a function as
    torch.load takes it. `verify` says whether all weights are compared with their checksum at once (True) or never (False); without it
    long ones are before their first use. `limits` are those on what a file may ask for. See docs/archive.md.
    """
    locations = Locations.read(map_location)
    if isinstance(f, bytes | bytearray | memoryview):
        f = io.BytesIO(f)
    data, is_mapped = opened(f)
    name = name_of(f)
    again = f if isinstance(f, str | os.PathLike) else io.BytesIO(data)
    if is_exported_archive(data) or is_torch_archive(data):
        return _of_torch(data, again, _extra_files, locations, verify, limits)
    refuse_other(data, name)
    locations.place("cpu")
    program = load_bytes(data, is_mapped, name, parse_ir, _extra_files, Reading(verify, limits, locations.dtypes))
    return as_function(program) if program.root is None or program.is_function else ScriptModule(program)


def _of_torch(
    data: memoryview,
    source: str | os.PathLike[str] | IO[bytes],
    extra_files: dict[str, Any] | None,
    locations: Locations,
    verify: bool | None,
    limits: Limits | None,
) -> ScriptModule:
    """The module of a file that torch has written."""
    from tsir.frontend.torch_archive.container import Opening, default_opening

    opening = Opening(limits or default_opening().limits, verify, locations.place)
    if is_exported_archive(data):
        module = ScriptModule(program_of_file(source, opening=opening))
    else:
        module = load_torch_archive(source, extra_files, opening)
    locations.apply(module.program, name_of(source))
    return module
