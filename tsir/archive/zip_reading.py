"""Reads the directory of a zip file that lies in memory: which members there are and where their bytes are.

Only what archives need: stored members (no compression), one disk, zip64. Whatever the headers say, no byte outside the file is
read, no two members share bytes, and the work is bounded by the directory's own size.
"""

from __future__ import annotations

import stat
import struct
from dataclasses import dataclass
from itertools import pairwise

from tsir.errors import ArchiveError
from tsir.source_files import one_line

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_LONGEST_COMMENT = 1 << 16
_ENCRYPTED = 1
_UTF8 = 1 << 11
_ZIP64 = 0xFFFFFFFF


@dataclass(frozen=True)
class Member:
    """A member: where its bytes are, how many, and their CRC-32."""

    name: str
    start: int
    size: int
    crc: int


def members_of(data: memoryview, file: str, most: int) -> dict[str, Member]:
    """The members by name. Raises ArchiveError, naming the file and the part, for anything but an intact file of at most `most`."""
    try:
        return _members(data, file, most)
    except (struct.error, UnicodeDecodeError) as error:
        raise ArchiveError(f"{file} is no intact archive: {error}") from None


def _members(data: memoryview, file: str, most: int) -> dict[str, Member]:
    count, size, start = _directory(data, file)
    if count > most:
        raise ArchiveError(f"{file} has {count} members; at most {most} are read")
    found: dict[str, Member] = {}
    position, end = start, start + size
    spans = [(start, len(data))]
    for _ in range(count):
        if position + _CENTRAL.size > end:
            raise ArchiveError(f"{file} is no intact archive: its directory ends too early")
        fields = _CENTRAL.unpack_from(data, position)
        if fields[0] != b"PK\x01\x02":
            raise ArchiveError(f"{file} is no intact archive: its directory is damaged")
        flags, method, crc, stored, length = fields[3], fields[4], fields[7], fields[8], fields[9]
        name_end = position + _CENTRAL.size + fields[10]
        extra = bytes(data[name_end : name_end + fields[11]])
        name = _name(bytes(data[position + _CENTRAL.size : name_end]), flags, file)
        shown = f"{file}: {one_line(name[:100])}"
        length, stored, offset = _long(extra, [length, stored, fields[16]], shown)
        position = name_end + fields[11] + fields[12]
        if name in found:
            raise ArchiveError(f"{file} has two members of one name, {one_line(name[:100])}")
        if stat.S_ISLNK(fields[15] >> 16) and fields[1] >> 8 == 3:
            raise ArchiveError(f"{shown} is a symbolic link: archives have none")
        if flags & _ENCRYPTED:
            raise ArchiveError(f"{shown} is encrypted: archives are not")
        if method != 0 or stored != length:
            raise ArchiveError(f"{shown} is compressed: tsir archives are not")
        begin = _content(data, offset, start, name, flags, (length, crc), shown)
        if begin + length > start:
            raise ArchiveError(f"{file} is no intact archive: {one_line(name[:100])} lies outside the file")
        spans.append((offset, begin + length))
        found[name] = Member(name, begin, length, crc)
    if position != end:
        raise ArchiveError(f"{file} is no intact archive: its directory has more than its {count} members")
    spans.sort()
    if any(second[0] < first[1] for first, second in pairwise(spans)):
        raise ArchiveError(f"{file} is no intact archive: members overlap")
    return found


def directory_of(data: memoryview) -> bytes:
    """The bytes of the directory, at most 16 MiB of them. Raises ArchiveError for what is no zip file."""
    try:
        _, size, start = _directory(data, "the file")
    except struct.error as error:
        raise ArchiveError(f"no intact archive: {error}") from None
    return bytes(data[start : start + min(size, 16 << 20)])


def _directory(data: memoryview, file: str) -> tuple[int, int, int]:
    """How many members the directory has, its size, and where it starts."""
    tail = bytes(data[max(0, len(data) - _END.size - _LONGEST_COMMENT) :])
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise ArchiveError(f"{file} is no intact archive: it doesn't end with a zip file's directory")
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail) or disk != first_disk or here != count:
        raise ArchiveError(f"{file} is no intact archive: it was cut, joined or continued")
    end = len(data) - len(tail) + at
    at64 = end - _END64_LOCATOR.size
    if at64 >= 0 and bytes(data[at64 : at64 + 4]) == b"PK\x06\x07":
        where = _END64_LOCATOR.unpack_from(data, at64)[2]
        if where + _END64.size > at64 or bytes(data[where : where + 4]) != b"PK\x06\x06":
            raise ArchiveError(f"{file} is no intact archive: its zip64 directory is damaged")
        *_, here, count, size, start = _END64.unpack_from(data, where)
        end = where
    if start + size != end:
        raise ArchiveError(f"{file} is no intact archive: its directory isn't at its end")
    if here != count:
        raise ArchiveError(f"{file} is no intact archive: it is a part of several")
    return count, size, start


def _name(raw: bytes, flags: int, file: str) -> str:
    """A member's name, which is a plain relative path."""
    name = raw.decode("utf-8" if flags & _UTF8 else "cp437")
    if not is_plain(name):
        raise ArchiveError(f"{file} has a member whose name is no plain relative path: {one_line(name[:100])!r}")
    return name


def is_plain(name: str) -> bool:
    """Whether a name is a relative path that stays inside, on any system."""
    return not (
        not name
        or name.startswith("/")
        or "\\" in name
        or "\0" in name
        or ":" in name.partition("/")[0]
        or ".." in name.split("/")
    )


def _long(extra: bytes, values: list[int], shown: str) -> list[int]:
    """The length, stored length and offset, of which those that don't fit are in the zip64 field."""
    if _ZIP64 not in values:
        return values
    position = 0
    while position + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, position)
        if kind == 1:
            field = extra[position + 4 : position + 4 + size]
            wanted = values.count(_ZIP64)
            if len(field) < 8 * wanted:
                break
            longs = iter(struct.unpack_from(f"<{wanted}Q", field))
            return [next(longs) if v == _ZIP64 else v for v in values]
        position += 4 + size
    raise ArchiveError(f"{shown} has no intact zip64 field")


def _content(data: memoryview, offset: int, end: int, name: str, flags: int, said: tuple[int, int], shown: str) -> int:
    """Where a member's bytes start. Its own header has to say what the directory says."""
    if offset + _LOCAL.size > end:
        raise ArchiveError(f"{shown} lies outside the file")
    fields = _LOCAL.unpack_from(data, offset)
    start = offset + _LOCAL.size + fields[9]
    own = bytes(data[offset + _LOCAL.size : start])
    if fields[0] != b"PK\x03\x04" or fields[3] != 0 or own != name.encode("utf-8" if flags & _UTF8 else "cp437"):
        raise ArchiveError(f"{shown} has another header than the directory says")
    length, crc = said
    later = fields[2] & 8  # the sizes come behind the bytes
    if not later and (fields[6] != crc or fields[8] not in (length, _ZIP64) or fields[7] not in (length, _ZIP64)):
        raise ArchiveError(f"{shown} has another size or checksum than the directory says")
    return start + fields[10]
