"""Which files are read for their lines: programs name files in their locations, and a program may come from anywhere.

Lines are shown of files of source text only, so that a location can't name a device, a pipe, or somebody's private file.
"""

from __future__ import annotations

import linecache
import os
import stat

SUFFIXES = (".py", ".pyw", ".pyi", ".pyx", ".mlir", ".ir", ".ipynb")
MAX_BYTES = 64 << 20
"""Longer files aren't read for a line."""


def line_of(file: str, line: int) -> str:
    """A line of a source file, "" when there is none that may be shown."""
    return linecache.getline(file, line) if is_source(file) else ""


def lines_of(file: str) -> list[str]:
    """All lines of a source file, none when they may not be shown."""
    return linecache.getlines(file) if is_source(file) else []


def is_source(file: str) -> bool:
    """Whether a file's lines may be shown: Python has read it, or it is a plain file with a suffix of source text."""
    if file in linecache.cache:
        return True
    if not file.endswith(SUFFIXES):
        return False
    try:
        found = os.stat(file)
    except (OSError, ValueError):
        return True  # it isn't there; Python looks for its name along sys.path
    return stat.S_ISREG(found.st_mode) and found.st_size <= MAX_BYTES


def one_line(text: str) -> str:
    """A text that others wrote as it may stand in a comment or a message: what isn't printable is escaped."""
    return text if text.isprintable() else "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
