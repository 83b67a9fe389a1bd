"""Which kind of archive a file is, by the names in its directory."""

from __future__ import annotations

from tsir.archive.format import MANIFEST
from tsir.archive.zip_reading import directory_of
from tsir.errors import ArchiveError

_TORCH_NAMES = (b"/data.pkl", b"/constants.pkl", b"/bytecode.pkl", b"/model.json")


def is_torch_archive(data: memoryview) -> bool:
    """Whether torch has written a file: by `torch.jit.save`, `torch.save` or `torch.export.save`."""
    try:
        names = directory_of(data)
    except ArchiveError:
        return False
    return (
        any(n in names for n in (b"/data.pkl", b"/constants.pkl", b"/bytecode.pkl", b"/model.json"))
        and MANIFEST.encode() not in names
    )
