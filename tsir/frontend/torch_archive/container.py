"""The zip file of a torch archive: its members, checked before they are used.

torch puts all members into one folder of any name; below it are `data.pkl`, `data/<n>`, `constants.pkl`, `constants/<n>`, `code/`,
`extra/` and `version`. Large members that aren't compressed are mapped into memory, copied when written, so that a big model
opens quickly and several processes share its pages.
"""

from __future__ import annotations

import mmap
import os
import zipfile
import zlib
from typing import IO, Any

from tsir.errors import ArchiveError

MAX_MEMBERS = 1_000_000
"""Members that are looked at."""
MAX_CODE_BYTES = 64 << 20
"""Bytes of one source file or pickle; weights have no limit but the file's own size."""
MAX_RATIO = 200
"""How many times larger than in the file a compressed member may be."""
_MAPPED = 1 << 16
"""Members of at least so many bytes are mapped into memory."""
_LOCAL_HEADER = 30


class Container:
    """The members of a torch archive, by their names below its folder. Raises ArchiveError for what isn't intact."""

    def __init__(self, source: str | os.PathLike[str] | IO[bytes], name: str) -> None:
        self.name = name
        self._map: mmap.mmap | None = None
        try:
            self._zip = zipfile.ZipFile(source)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
            raise ArchiveError(f"{name} is no intact archive: {error}") from error
        infos = self._zip.infolist()
        if len(infos) > MAX_MEMBERS:
            raise ArchiveError(f"{name} has {len(infos)} members; at most {MAX_MEMBERS} are read")
        folder = next((i.filename.partition("/")[0] for i in infos if "/" in i.filename), "")
        self._members: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            outer, slash, member = info.filename.partition("/")
            if outer != folder or not slash:
                continue  # torch looks into the first member's folder alone
            if member in self._members:
                raise ArchiveError(f"{name} has two members of the name {member[:100]!r}")
            self._members[member] = info
        if isinstance(source, str | os.PathLike):
            with open(source, "rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)

    def close(self) -> None:
        """Closes the file; what was mapped stays."""
        self._zip.close()

    def names(self) -> list[str]:
        """The names of all members."""
        return list(self._members)

    def __contains__(self, member: str) -> bool:
        return member in self._members

    def read(self, member: str, limit: int | None = MAX_CODE_BYTES) -> bytes:
        """The content of a member, at most `limit` bytes."""
        return bytes(self._content(member, limit))

    def storage(self, member: str) -> Any:
        """The content of a member as a buffer that may be written to, without a limit."""
        content = self._content(member, None)
        return content if isinstance(content, memoryview) else bytearray(content)

    def _content(self, member: str, limit: int | None) -> bytes | memoryview:
        info = self._members.get(member)
        if info is None:
            raise ArchiveError(f"{self.name}: the archive has no {member[:200]}")
        if limit is not None and info.file_size > limit:
            raise ArchiveError(f"{self.name}: {member} has {info.file_size} bytes; at most {limit} are read")
        if info.file_size > MAX_RATIO * max(info.compress_size, 1024):
            raise ArchiveError(f"{self.name}: {member} would grow from {info.compress_size} to {info.file_size} bytes")
        stored = info.compress_type == zipfile.ZIP_STORED and info.compress_size == info.file_size and not info.flag_bits & 1
        if self._map is not None and stored and info.file_size >= _MAPPED:
            return self._mapped(member, info)
        try:
            return self._zip.read(info)
        except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError, NotImplementedError, zlib.error) as error:
            raise ArchiveError(f"{self.name}: {member} can't be read: {error}") from error

    def _mapped(self, member: str, info: zipfile.ZipInfo) -> memoryview:
        assert self._map is not None
        header = self._map[info.header_offset : info.header_offset + _LOCAL_HEADER]
        if len(header) < _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
            raise ArchiveError(f"{self.name}: {member} is not where the archive says")
        start = info.header_offset + _LOCAL_HEADER + sum(int.from_bytes(header[i : i + 2], "little") for i in (26, 28))
        content = memoryview(self._map)[start : start + info.file_size]
        if len(content) != info.file_size or zlib.crc32(content) != info.CRC:
            raise ArchiveError(f"{self.name}: {member} is truncated or damaged: wrong checksum")
        return content
