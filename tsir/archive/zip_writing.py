"""Writes a zip file front to back: stored members, nothing in it that depends on when, where or by whom it is written.

Sizes and checksums are known before a member is written, so the target needn't seek. What starts at a multiple of `ALIGNMENT` in
the file may be mapped into memory as it lies there.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import IO, TypeAlias

Content: TypeAlias = Sequence[bytes | memoryview]
"""A member's bytes, in parts."""

ALIGNMENT = 64
_ALIGNING = 0xD935
"""The extra field by which Android's and others' tools align members: the alignment, then zeros."""
_VERSION, _VERSION64 = 20, 45
_UTF8 = 1 << 11
_DATE = (1980 - 1980) << 9 | 1 << 5 | 1
_MADE_BY = 3 << 8
"""Unix, for the permissions."""
_PERMISSIONS = 0o100644 << 16
_LIMIT = 0xFFFFFFFF


def write_zip(target: IO[bytes], members: Mapping[str, Content]) -> None:
    """Writes the members in order."""
    position = 0
    directory: list[bytes] = []
    for name, content in members.items():
        size, crc = sum(map(len, content)), 0
        for part in content:
            crc = zlib.crc32(part, crc)
        encoded = name.encode()
        long = struct.pack("<2H2Q", 1, 16, size, size) if size >= _LIMIT else b""
        short = _LIMIT if long else size
        needs = _VERSION64 if long or position >= _LIMIT else _VERSION
        extra = long + _aligning(position + 30 + len(encoded) + len(long))
        common = struct.pack("<5H3L2H", needs, _UTF8, 0, 0, _DATE, crc, short, short, len(encoded), len(extra))
        header = b"PK\x03\x04" + common + encoded + extra
        far = position >= _LIMIT
        central = struct.pack("<2H", 1, 16 * bool(long) + 8 * far) if long or far else b""
        central += struct.pack("<2Q", size, size) if long else b""
        central += struct.pack("<Q", position) if far else b""
        directory.append(
            b"PK\x01\x02"
            + struct.pack("<H", _MADE_BY | needs)
            + struct.pack("<5H3L2H", needs, _UTF8, 0, 0, _DATE, crc, short, short, len(encoded), len(central))
            + struct.pack("<3H2L", 0, 0, 0, _PERMISSIONS, _LIMIT if far else position)
            + encoded
            + central
        )
        target.write(header)
        for part in content:
            target.write(part)
        position += len(header) + size
    whole = b"".join(directory)
    target.write(whole + _end(len(directory), len(whole), position))


def _aligning(start: int) -> bytes:
    """The extra field with which what follows it starts at a multiple of the alignment, when it would start here."""
    padding = -(start + 6) % ALIGNMENT
    return struct.pack("<3H", _ALIGNING, 2 + padding, ALIGNMENT) + bytes(padding)


def _end(count: int, size: int, start: int) -> bytes:
    end = b""
    if count >= 0xFFFF or start >= _LIMIT or size >= _LIMIT:
        end = b"PK\x06\x06" + struct.pack("<Q2H2L4Q", 44, _MADE_BY | _VERSION64, _VERSION64, 0, 0, count, count, size, start)
        end += b"PK\x06\x07" + struct.pack("<LQL", 0, start + size, 1)
    few = min(count, 0xFFFF)
    return end + b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, few, few, min(size, _LIMIT), min(start, _LIMIT), 0)
