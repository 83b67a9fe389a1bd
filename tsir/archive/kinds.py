"""Which kind of archive a file is, by the names in its directory."""

from __future__ import annotations

from tsir.archive.format import MANIFEST
from tsir.archive.zip_reading import directory_of
from tsir.errors import ArchiveError

_PACKAGE_NAME = b"/.data/extern_modules"
_TORCH_NAMES = (b"/data.pkl", b"/constants.pkl", b"/bytecode.pkl", b"/model.json", _PACKAGE_NAME)
_EXPORTED_NAMES = (b"/models/", b"serialized_exported_program.json")


def is_exported_archive(data: memoryview) -> bool:
    """Whether `torch.export.save` has written a file: a `.pt2` file."""
    try:
        names = directory_of(data)
    except ArchiveError:
        return False
    others = (b"/data.pkl", _PACKAGE_NAME, MANIFEST.encode())
    return any(n in names for n in _EXPORTED_NAMES) and not any(n in names for n in others)


def is_torch_archive(data: memoryview) -> bool:
    """Whether torch has written a file: by `torch.jit.save`, `torch.save`, `torch.package` or `torch.export.save`."""
    try:
        names = directory_of(data)
    except ArchiveError:
        return False
    return any(n in names for n in _TORCH_NAMES) and MANIFEST.encode() not in names


def refuse_other(data: memoryview, name: str) -> None:
    """Raises ArchiveError for files of torch's that are known and can't be read, saying what they are."""
    if bytes(data[4:8]) in (b"PTMF", b"ET12"):
        raise ArchiveError(
            f"{name} has bytecode for mobile devices alone, as a flatbuffer",
            hint="save the module by torch.jit.save, or by _save_for_lite_interpreter without _use_flatbuffer",
        )
