"""The errors that tsir raises on purpose.

Every error that a user can cause is a subclass of `TsirError`. It carries the place in the user's program (file, line,
column) where there is one, and `str(error)` shows that source line with a caret. Errors that stand for an exception that
torch or Python would raise also inherit from that exception, so that `except RuntimeError` keeps working.
This module imports nothing of tsir: every layer may use it.
"""

from __future__ import annotations

import linecache
from dataclasses import dataclass, field

_EXCERPT_WIDTH = 160
"""Of longer source lines only the part around the caret is shown."""


@dataclass(frozen=True)
class SourceLocation:
    """A place in a user's source file. `line` counts from 1, `column` from 1 as in MLIR's `loc`; 0 means unknown."""

    file: str
    line: int
    column: int = 0
    end_column: int = 0
    source_line: str | None = field(default=None, compare=False, repr=False)
    """The line itself, for text that isn't in a file."""

    def excerpt(self) -> str:
        """The source line with a caret under the column, or an empty string when the file can't be read."""
        text = linecache.getline(self.file, self.line).rstrip("\n") if self.source_line is None else self.source_line
        if not text.strip():
            return ""
        column = self.column
        if len(text) > _EXCERPT_WIDTH:
            start = max(0, min(column - 1 - _EXCERPT_WIDTH // 2, len(text) - _EXCERPT_WIDTH))
            text, column = text[start : start + _EXCERPT_WIDTH], column and column - start
        shown = f"  {self.line:>5} | {text}"
        if not column:
            return shown
        width = max(1, min(self.end_column - self.column, len(text) + 1 - column))
        return f"{shown}\n        | {' ' * (column - 1)}{'^' * width}"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f":{self.column}" if self.column else "")


class TsirError(Exception):
    """Base of all errors that tsir raises on purpose.

    `message` says what was expected and what was found, `hint` what to do about it, `notes` the chain that led there
    (innermost call first), each with its own location.
    """

    def __init__(
        self,
        message: str,
        *,
        location: SourceLocation | None = None,
        hint: str | None = None,
        notes: tuple[tuple[str, SourceLocation | None], ...] = (),
    ) -> None:
        self.message = message
        self.location = location
        self.hint = hint
        self.notes = notes
        super().__init__(message)

    def __str__(self) -> str:
        parts = [f"{self.location}: {self.message}" if self.location else self.message]
        if self.location and (excerpt := self.location.excerpt()):
            parts.append(excerpt)
        if self.hint:
            parts.append(f"hint: {self.hint}")
        for text, location in self.notes:
            parts.append(f"note: {location}: {text}" if location else f"note: {text}")
            if location and (excerpt := location.excerpt()):
                parts.append(excerpt)
        return "\n".join(parts)


class FrontendError(TsirError, RuntimeError):
    """A Python program can't be translated to `ts`: a type error, an unknown name, a wrong annotation.

    It is a `RuntimeError` too, because that is what torch.jit raises.
    """


class UnsupportedError(FrontendError):
    """A construct or operator that tsir doesn't support yet; the message names it."""


class IRError(TsirError):
    """IR text that doesn't parse, or IR that a verifier rejects."""


class PassError(TsirError):
    """An unknown pass or pass option, or a pass that can't do its work on this IR."""


class ArchiveError(TsirError):
    """A file that is no archive, is damaged, was tampered with, or was written by a newer version."""


class DependencyError(TsirError, ImportError):
    """Something that needs an optional package (such as torch) was asked for without it."""


class OperatorError(TsirError, RuntimeError):
    """An operator was given arguments of wrong shape, dtype or value; torch raises `RuntimeError` there."""


class OperatorIndexError(OperatorError, IndexError):
    """An index or dimension is out of range; torch raises `IndexError` there."""


class OperatorTypeError(OperatorError, TypeError):
    """An argument has a wrong type; torch raises `TypeError` there."""


class OperatorValueError(OperatorError, ValueError):
    """An argument has a wrong value; torch raises `ValueError` there."""


class OperatorZeroDivisionError(OperatorError, ZeroDivisionError):
    """Integer division by zero; torch raises `RuntimeError` with "ZeroDivisionError" in its text."""


class OperatorNotImplementedError(OperatorError, NotImplementedError):
    """The operator isn't implemented for this dtype; torch raises `NotImplementedError` there."""


class TracerWarning(UserWarning):
    """A tensor became a Python value during a trace, so the trace may not hold for other inputs."""
