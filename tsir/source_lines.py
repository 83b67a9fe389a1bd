"""Lines of source files for messages and tracebacks: the functions around them, and those that travel with an archive.

An archive keeps the lines that its program's locations name. Where the file itself isn't there, they take its place in
`linecache`, which Python's tracebacks and tsir's messages read.
"""

from __future__ import annotations

import ast
import linecache
import os
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from tsir.source_files import line_of, lines_of, one_line

_LAST_LINE = 1_000_000
_LONGEST = 2_000
_MOST_LINES = 2_000_000
"""How many lines all files of an archive may have."""
UNKNOWN_FUNCTION = "<compiled>"

Lines = dict[str, dict[str, list[str]]]
"""For each file and line number: the line's text and the name of the function around it."""

_kept: dict[tuple[str, int], str] = {}
"""The functions around lines of files that aren't there."""


def function_at(file: str, line: int) -> str:
    """The name of the innermost function around this line of a source file; `<compiled>` when the file can't tell."""
    known = _kept.get((file, line))
    if known is not None:
        return known
    found = UNKNOWN_FUNCTION
    for first, last, name in _functions("".join(lines_of(file))):
        if first <= line <= last:
            found = name
    return found


@lru_cache(maxsize=32)
def _functions(text: str) -> tuple[tuple[int, int, str], ...]:
    """First line, last line and name of every function in a source text, outer ones before inner ones."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):  # not Python, or another version's: the name isn't to be had
        return ()
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
    functions.sort(key=lambda n: (n.lineno, -(n.end_lineno or n.lineno)))
    return tuple((n.lineno, n.end_lineno or n.lineno, getattr(n, "name", "<lambda>")) for n in functions)


def collect(places: Iterable[tuple[str, int]]) -> Lines:
    """The lines at these places, as far as they can be read."""
    found: Lines = {}
    for file, line in sorted(set(places)):
        text = line_of(file, line).rstrip("\n")
        if text and line <= _LAST_LINE:
            found.setdefault(file, {})[str(line)] = [text[:_LONGEST], function_at(file, line)]
    return found


def keep(lines: Any) -> None:
    """Makes lines of files that aren't there readable. Raises ValueError for anything but `Lines`."""
    if not isinstance(lines, dict):
        raise ValueError("the source lines are no table of files")
    table: dict[Any, Any] = lines
    files = {file: _checked(entries) for file, entries in table.items()}
    if sum(max(entries, default=0) for entries in files.values()) > _MOST_LINES:
        raise ValueError(f"the source files have more than {_MOST_LINES} lines")
    for file, entries in files.items():
        if file.startswith("<") or "\0" in file or file in linecache.cache or os.path.exists(file):
            continue  # names in <> are those of code of this process
        shown = [""] * max(entries, default=0)
        for number, (text, function) in entries.items():
            shown[number - 1] = "\t".join(map(one_line, text.split("\t")))
            _kept[file, number] = one_line(function)
        # Without a time of change, so that linecache doesn't look for the file.
        linecache.cache[file] = (0, None, [f"{text}\n" for text in shown], file)


def _checked(entries: Any) -> dict[int, tuple[str, str]]:
    if not isinstance(entries, dict):
        raise ValueError("the source lines of a file are no table")
    table: dict[Any, Any] = entries
    found: dict[int, tuple[str, str]] = {}
    for number, entry in table.items():
        known = isinstance(number, str) and number.isdecimal() and len(number) <= 7 and 1 <= int(number) <= _LAST_LINE
        if not known or not isinstance(entry, list) or len(entry) != 2 or not all(isinstance(t, str) for t in entry):
            raise ValueError(f"source line {number!r} is damaged")
        found[int(number)] = (entry[0], entry[1])
    return found
