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
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from tsir.errors import ArchiveError
from tsir.limits import Limits, configured_limits
from tsir.source_files import one_line

MAX_RATIO = 200
"""How many times larger than in the file a compressed member may be."""
_MAPPED = 1 << 16
"""Members of at least so many bytes are mapped into memory."""
_LOCAL_HEADER = 30


def _anywhere(device: str) -> None:
    """Lets tensors come from any device."""


@dataclass(frozen=True)
class Opening:
    """How a file is read."""

    limits: Limits
    verify: bool | None = None
    """Whether all members are compared with their checksums at once. None: what is read is, what is mapped is before its first use
    (`Container.check`). False: only what is read."""
    place: Callable[[str], None] = _anywhere
    """Called with the device of each storage. Raises TsirError for one that isn't mapped to the CPU."""


def default_opening() -> Opening:
    """With the limits of the environment. Raises ArchiveError for a variable that can't be read."""
    try:
        return Opening(configured_limits())
    except ValueError as error:
        raise ArchiveError(f"TSIR_LIMITS: {error}") from None


class Container:
    """The members of a torch archive, by their names below its folder. Raises ArchiveError for what isn't intact."""

    def __init__(self, source: str | os.PathLike[str] | IO[bytes], name: str, opening: Opening | None = None) -> None:
        self.name = name
        self.opening = opening or default_opening()
        self.limits = self.opening.limits
        self._unchecked: list[tuple[str, memoryview, int]] = []
        self._map: mmap.mmap | None = None
        try:
            self._zip = zipfile.ZipFile(source)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
            raise ArchiveError(f"{name} is no intact archive: {error}") from error
        infos = self._zip.infolist()
        if len(infos) > self.limits.members:
            raise ArchiveError(f"{name} has {len(infos)} members; at most {self.limits.members} are read")
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
        if self.opening.verify:
            for member in self._members:
                self.read(member, None)

    def close(self) -> None:
        """Closes the file; what was mapped stays."""
        self._zip.close()

    def names(self) -> list[str]:
        """The names of all members."""
        return list(self._members)

    def __contains__(self, member: str) -> bool:
        return member in self._members

    def check(self) -> None:
        """Compares what is mapped of the members so far with their checksums. Raises ArchiveError for one that is damaged."""
        unchecked, self._unchecked = self._unchecked, []
        for member, content, crc in unchecked:
            self._compare(member, content, crc)

    def _compare(self, member: str, content: memoryview, crc: int) -> None:
        if zlib.crc32(content) != crc:
            raise ArchiveError(f"{self.name}: {member} is truncated or damaged: wrong checksum")

    def code(self, member: str) -> bytes:
        """The content of a source file or pickle, at most as long as the limits say."""
        return self.read(member, self.limits.module_bytes)

    def read(self, member: str, limit: int | None) -> bytes:
        """The content of a member, at most `limit` bytes, compared with its checksum."""
        content = self._content(member, limit)
        if isinstance(content, memoryview):
            self._compare(member, content, self._members[member].CRC)
        return bytes(content)

    def storage(self, member: str) -> Any:
        """The content of a member as a buffer that may be written to, without a limit."""
        content = self._content(member, None)
        if not isinstance(content, memoryview):
            return bytearray(content)
        if self.opening.verify is None:
            self._unchecked.append((member, content, self._members[member].CRC))
        return content

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
            raise ArchiveError(f"{self.name}: {member[:200]} can't be read: {one_line(str(error)[:200])}") from error

    def _mapped(self, member: str, info: zipfile.ZipInfo) -> memoryview:
        assert self._map is not None
        header = self._map[info.header_offset : info.header_offset + _LOCAL_HEADER]
        if len(header) < _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
            raise ArchiveError(f"{self.name}: {member} is not where the archive says")
        start = info.header_offset + _LOCAL_HEADER + sum(int.from_bytes(header[i : i + 2], "little") for i in (26, 28))
        content = memoryview(self._map)[start : start + info.file_size]
        if len(content) != info.file_size:
            raise ArchiveError(f"{self.name}: {member} is truncated or damaged: wrong checksum")
        return content
