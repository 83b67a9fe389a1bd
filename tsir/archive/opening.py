"""A file as bytes in memory: short ones read, long ones mapped, so that opening costs the same whatever the size.

A mapping is private: who writes to a tensor gets pages of his own, everything else is shared with all processes that have the file
open. A file is never changed in place by `save`, which replaces it; who changes a mapped one himself changes the tensors.
"""

from __future__ import annotations

import mmap
import os
import stat
from typing import IO

from tsir.archive.format import MAPPED_BYTES
from tsir.errors import ArchiveError

Source = str | os.PathLike[str] | IO[bytes]


def name_of(source: Source) -> str:
    """What messages call a source."""
    return str(os.fspath(source)) if isinstance(source, str | os.PathLike) else "<file object>"


def opened(source: Source) -> tuple[memoryview, bool]:
    """The bytes of a file, or what a file object has from its position on, writeable; and whether they are mapped.

    Raises OSError as `open` does, ArchiveError for what is no plain file.
    """
    if not isinstance(source, str | os.PathLike):
        read = source.read()
        if not isinstance(read, bytes):
            raise ArchiveError("the file object gives no bytes", hint='open the file in mode "rb"')
        if not read and source.seekable() and source.tell():
            raise ArchiveError("the file object has nothing behind its position", hint="call seek(0) first")
        return memoryview(bytearray(read)), False
    with open(source, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise ArchiveError(f"{name_of(source)} is no plain file")
        if found.st_size < MAPPED_BYTES:
            return memoryview(bytearray(file.read())), False
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)), True
